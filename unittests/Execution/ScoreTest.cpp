//===- ScoreTest.cpp - Quality of predictions -----------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Execution/ClassificationScore.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace mlir;
using namespace mlir::fisher;

static double get(const ClassificationScore &score, StringRef name) {
  for (const auto &[key, number] : score.get())
    if (key == name)
      return number;
  ADD_FAILURE() << "no " << name.str();
  return 0;
}

TEST(ScoreTest, CountsAndAverages) {
  ClassificationScore score;
  // Probabilities 3/4 and 1/4 by logits of any offset.
  score.add({1000 + std::log(3), 1000}, 0);
  score.add({0, std::log(3)}, 0);
  EXPECT_DOUBLE_EQ(get(score, "accuracy"), 0.5);
  EXPECT_NEAR(get(score, "nll"), -(std::log(0.75) + std::log(0.25)) / 2, 1e-12);
  // Both are in one bin: half right with a confidence of 3/4.
  EXPECT_NEAR(get(score, "calibration_error"), 0.25, 1e-12);
}

TEST(ScoreTest, BinsByConfidence) {
  ClassificationScore score;
  score.add({0, 100}, 1);
  score.add({std::log(3), 0}, 1);
  EXPECT_NEAR(get(score, "calibration_error"), (0 + 0.75) / 2, 1e-12);
}

TEST(ScoreTest, UnknownLabelsAreImpossible) {
  ClassificationScore score;
  score.add({0, 1}, 2);
  EXPECT_EQ(get(score, "accuracy"), 0);
  EXPECT_EQ(get(score, "nll"), HUGE_VAL);
}

TEST(ScoreTest, NotANumberSpoilsTheScore) {
  ClassificationScore score;
  score.add({std::nan(""), 1}, 1);
  EXPECT_TRUE(std::isnan(get(score, "nll")));
  EXPECT_TRUE(std::isnan(get(score, "calibration_error")));
}
