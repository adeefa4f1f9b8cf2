//===- RecognitionTest.cpp - Tests of what other passes ask ---------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Recognition/Recognition.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace mlir::fisher;
using namespace mlir::fisher::recognition;

static constexpr StringLiteral step = R"mlir(
func.func @step(%p: tensor<4xf32>, %m: tensor<4xf32>, %h: tensor<4xf32>,
                %rate: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %mu = arith.constant dense<0.5> : tensor<4xf32>
  %strength = arith.constant dense<0.25> : tensor<4xf32>
  %eta = arith.constant dense<0.125> : tensor<4xf32>
  %loss = arith.mulf %h, %h : tensor<4xf32>
  %l2 = arith.mulf %strength, %p : tensor<4xf32>
  %g = arith.addf %loss, %l2 : tensor<4xf32>
  %0 = arith.mulf %mu, %m : tensor<4xf32>
  %m1 = arith.addf %0, %g : tensor<4xf32>
  %1 = arith.mulf %eta, %m1 : tensor<4xf32>
  %p1 = arith.subf %p, %1 : tensor<4xf32>
  return %p1, %m1 : tensor<4xf32>, tensor<4xf32>
}
)mlir";

TEST(RecognitionTest, GradientAndLearningRateOfAStep) {
  DialectRegistry registry;
  registry.insert<FisherDialect, arith::ArithDialect, func::FuncDialect>();
  MLIRContext context(registry);
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(step, &context);
  ASSERT_TRUE(module);
  auto function = *module->getOps<FunctionOpInterface>().begin();
  Recognition recognition(function);

  ASSERT_EQ(recognition.getUpdates().size(), 1u);
  const Update &update = recognition.getUpdates().front();
  EXPECT_EQ(update.parameter, 0u);
  EXPECT_EQ(update.result, 0u);
  EXPECT_EQ(update.optimizer, FindingKind::momentum);
  EXPECT_EQ(update.learningRate->getNumber(), 0.125);
  // The gradient with all that is added to it is a value of the step.
  Value gradient = recognition.findValue(update.gradient);
  ASSERT_TRUE(gradient);
  auto add = gradient.getDefiningOp<arith::AddFOp>();
  ASSERT_TRUE(add);
  EXPECT_EQ(recognition.findValues(update.gradient),
            SmallVector<Value>{gradient});
  // The new value has -0.125 times it, and the state all of it.
  EXPECT_EQ(recognition.getNewValue(0), 0u);
  EXPECT_EQ(recognition.getNewValue(1), 1u);
  EXPECT_EQ(recognition.getNewValue(2), std::nullopt);
  EXPECT_EQ(recognition.getShare(update, 0)->getNumber(), -0.125);
  EXPECT_EQ(recognition.getShare(update, 1)->getNumber(), 1.0);

  // What makes a finding is known, so that it can be taken out.
  auto *l2 = llvm::find_if(recognition.getFindings(), [](const Finding &f) {
    return f.kind == FindingKind::l2_gradient;
  });
  ASSERT_NE(l2, recognition.getFindings().end());
  EXPECT_EQ(l2->getCoefficient("strength")->number, 0.25);
  ASSERT_EQ(l2->values.size(), 1u);
  EXPECT_EQ(l2->values.front(), add.getRhs());
  EXPECT_FALSE(l2->getCoefficient("learning_rate"));
}
