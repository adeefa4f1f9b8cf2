//===- VersionTest.cpp - Tests of files of other versions -----------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/IR/Version.h"
#include "fisher/IR/Fisher.h"

#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace mlir::fisher;

static constexpr StringLiteral text = R"mlir(
func.func @f(%a: !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>>) {
  %0:2 = fisher.components %a : !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>>
  return
}
)mlir";

namespace {
struct VersionTest : testing::Test {
  VersionTest() {
    DialectRegistry registry;
    registry.insert<FisherDialect, func::FuncDialect>();
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
    context.getDiagEngine().registerHandler(
        [this](Diagnostic &diagnostic) { message += diagnostic.str() + "\n"; });
    module = parseSourceString<ModuleOp>(text, &context);
  }

  /// The module as `version` would have written it, read again.
  OwningOpRef<ModuleOp> writeAndRead(std::optional<unsigned> version) {
    BytecodeWriterConfig config;
    if (version)
      config.setDialectVersion<FisherDialect>(
          std::make_unique<Version>(*version));
    std::string bytes;
    llvm::raw_string_ostream os(bytes);
    EXPECT_TRUE(succeeded(writeBytecodeToFile(*module, os, config)));
    return parseSourceString<ModuleOp>(bytes, &context);
  }

  MLIRContext context;
  std::string message;
  OwningOpRef<ModuleOp> module;
};
} // namespace

TEST_F(VersionTest, BytecodeOfThisVersionIsRead) {
  EXPECT_TRUE(writeAndRead(std::nullopt));
  EXPECT_TRUE(writeAndRead(Version::current));
  EXPECT_EQ(message, "");
}

TEST_F(VersionTest, BytecodeOfANewerVersionIsRefused) {
  EXPECT_FALSE(writeAndRead(Version::current + 1));
  EXPECT_NE(message.find("this was written by version 2 of the fisher dialect"),
            std::string::npos)
      << message;
  EXPECT_NE(message.find("newer release of Fisher"), std::string::npos);
}

TEST_F(VersionTest, BytecodeOfNoVersionIsRefused) {
  EXPECT_FALSE(writeAndRead(0));
  EXPECT_NE(message.find("count from 1"), std::string::npos) << message;
}

/// Counts in an attribute which upgrades were applied, in their order.
template <unsigned number>
static LogicalResult note(Operation *root) {
  SmallVector<int64_t> numbers;
  if (auto before = root->getAttrOfType<DenseI64ArrayAttr>("applied"))
    numbers.assign(before.asArrayRef().begin(), before.asArrayRef().end());
  numbers.push_back(number);
  root->setAttr("applied", DenseI64ArrayAttr::get(root->getContext(), numbers));
  return success(number != 4);
}

TEST_F(VersionTest, UpgradesStartAtTheVersionThatWrote) {
  constexpr VersionUpgrade upgrades[] = {
      {1, note<1>}, {2, note<2>}, {2, note<3>}};
  auto applied = [&](unsigned written) {
    (*module)->removeAttr("applied");
    EXPECT_TRUE(succeeded(applyUpgrades(*module, written, upgrades)));
    auto numbers = (*module)->getAttrOfType<DenseI64ArrayAttr>("applied");
    return numbers ? SmallVector<int64_t>(numbers.asArrayRef())
                   : SmallVector<int64_t>();
  };
  EXPECT_EQ(applied(1), (SmallVector<int64_t>{1, 2, 3}));
  EXPECT_EQ(applied(2), (SmallVector<int64_t>{2, 3}));
  EXPECT_EQ(applied(3), SmallVector<int64_t>());
}

TEST_F(VersionTest, AFailedUpgradeEndsThem) {
  constexpr VersionUpgrade upgrades[] = {{1, note<4>}, {1, note<5>}};
  EXPECT_TRUE(failed(applyUpgrades(*module, 1, upgrades)));
  EXPECT_EQ((*module)->getAttrOfType<DenseI64ArrayAttr>("applied").size(), 1);
}
