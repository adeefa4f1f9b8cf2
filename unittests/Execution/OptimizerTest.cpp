//===- OptimizerTest.cpp - Optimizers -------------------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Execution/Optimizer.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace mlir;
using namespace mlir::fisher;

static std::unique_ptr<Optimizer> create(StringRef name,
                                         const OptimizerOptions &options) {
  auto optimizer = Optimizer::create(name, options);
  EXPECT_TRUE(static_cast<bool>(optimizer));
  return std::move(*optimizer);
}

static Array makeNumber(double number) {
  Array array(ElementKind::Float64, {});
  array.set(0, number);
  return array;
}

TEST(OptimizerTest, SGDFollowsTheGradient) {
  OptimizerOptions options;
  options.learningRate = 0.5;
  Array value = makeNumber(1);
  create("sgd", options)->update(0, 1, value, makeNumber(3));
  EXPECT_EQ(value.get(0), -0.5);
}

TEST(OptimizerTest, MomentumRepeatsFormerSteps) {
  OptimizerOptions options;
  options.learningRate = 1;
  options.momentum = 0.5;
  auto optimizer = create("sgd", options);
  Array value = makeNumber(0), other = makeNumber(0);
  optimizer->update(0, 1, value, makeNumber(1));
  optimizer->update(3, 1, other, makeNumber(0));
  optimizer->update(0, 2, value, makeNumber(0));
  optimizer->update(3, 2, other, makeNumber(0));
  EXPECT_EQ(value.get(0), -1.5);
  EXPECT_EQ(other.get(0), 0);
}

TEST(OptimizerTest, AdamStepsByTheLearningRateAtFirst) {
  OptimizerOptions options;
  options.learningRate = 0.125;
  for (double gradient : {1e-3, -1e3}) {
    Array value = makeNumber(0);
    create("adam", options)->update(0, 1, value, makeNumber(gradient));
    EXPECT_NEAR(value.get(0), -std::copysign(0.125, gradient), 1e-5);
  }
}

TEST(OptimizerTest, AdamMatchesItsFormula) {
  OptimizerOptions options;
  options.learningRate = 0.01;
  auto optimizer = create("adam", options);
  Array value = makeNumber(2);
  double m = 0, v = 0, expected = 2;
  for (int step = 1; step <= 20; ++step) {
    double g = std::sin(step);
    optimizer->update(0, step, value, makeNumber(g));
    m = 0.9 * m + 0.1 * g;
    v = 0.999 * v + 0.001 * g * g;
    double mHat = m / (1 - std::pow(0.9, step));
    double vHat = v / (1 - std::pow(0.999, step));
    expected -= 0.01 * mHat / (std::sqrt(vHat) + 1e-8);
    EXPECT_NEAR(value.get(0), expected, 1e-13);
  }
}

TEST(OptimizerTest, RefusesOtherNames) {
  auto optimizer = Optimizer::create("lbfgs", {});
  ASSERT_FALSE(static_cast<bool>(optimizer));
  EXPECT_EQ(llvm::toString(optimizer.takeError()),
            "unknown optimizer 'lbfgs'; there are sgd and adam");
}
