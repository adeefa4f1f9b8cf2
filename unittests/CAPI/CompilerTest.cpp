//===- CompilerTest.cpp - Passes and families from C ----------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Session.h"
#include "fisher-c/Family.h"

#include "mlir-c/Pass.h"

#include <gtest/gtest.h>
#include <mutex>

static std::string run(Session &session, MlirModule module,
                       const char *pipeline) {
  static std::once_flag once;
  std::call_once(once, fisherRegisterAllPasses);
  MlirPassManager manager = mlirPassManagerCreate(session.context);
  std::string text;
  MlirLogicalResult result = mlirOpPassManagerAddPipeline(
      mlirPassManagerGetAsOpPassManager(manager),
      mlirStringRefCreateFromCString(pipeline), Session::append, &text);
  if (mlirLogicalResultIsSuccess(result))
    result = mlirPassManagerRunOnOp(manager, mlirModuleGetOperation(module));
  if (mlirLogicalResultIsSuccess(result))
    mlirOperationPrint(mlirModuleGetOperation(module), Session::append, &text);
  mlirPassManagerDestroy(manager);
  return text;
}

TEST(CompilerTest, insertsAPolicy) {
  Session session;
  MlirModule module = session.parse(R"(
    func.func @main(%r: tensor<4xf32> {fisher.name = "r"}, %l: tensor<f32>)
        -> (tensor<f32> {fisher.role = "loss"}) {
      return %l : tensor<f32>
    }
    fisher.policy @p {
      fisher.regularize "r" as #fisher.poisson<rate>
          toward #fisher.prior<[1.0]> weight 0.5 mode loss_only
    })");
  ASSERT_FALSE(mlirModuleIsNull(module)) << session.reported;
  std::string text = run(session, module, "fisher-insert");
  EXPECT_NE(text.find("fisher.penalty"), std::string::npos) << text;
  EXPECT_EQ(text.find("fisher.policy"), std::string::npos) << text;
  mlirModuleDestroy(module);
}

TEST(CompilerTest, reportsWhatIsWrong) {
  Session session;
  MlirModule module = session.parse("fisher.policy @p {}");
  ASSERT_FALSE(mlirModuleIsNull(module));
  EXPECT_EQ(run(session, module, "fisher-insert"), "");
  EXPECT_NE(session.reported.find("has no function 'main'"), std::string::npos)
      << session.reported;
  mlirModuleDestroy(module);
}

TEST(CompilerTest, tellsOfFamilies) {
  Session session;
  auto parse = [&](const char *text) {
    return mlirAttributeParseGet(session.context,
                                 mlirStringRefCreateFromCString(text));
  };
  auto equals = [](MlirStringRef name, const char *text) {
    return mlirStringRefEqual(name, mlirStringRefCreateFromCString(text));
  };
  EXPECT_FALSE(fisherAttributeIsAFamily(parse("#fisher.frozen")));
  MlirAttribute family = parse("#fisher.von_mises<log_kappa>");
  ASSERT_TRUE(fisherAttributeIsAFamily(family));
  ASSERT_EQ(fisherFamilyGetNumComponents(family), 2);
  EXPECT_TRUE(equals(fisherFamilyGetComponentName(family, 0), "direction"));
  EXPECT_TRUE(equals(fisherFamilyGetComponentName(family, 1), "concentration"));
  ASSERT_EQ(fisherFamilyGetNumStandardCoordinates(family), 2);
  EXPECT_TRUE(equals(fisherFamilyGetStandardName(family, 1), "concentration"));
  EXPECT_EQ(fisherFamilyGetEventRank(family), 0);
  EXPECT_EQ(fisherFamilyGetEventRank(parse("#fisher.categorical<logits>")), 1);
}
