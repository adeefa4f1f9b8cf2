//===- main.cpp - A program that uses the installed package ---------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/IR/Fisher.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"

int main() {
  mlir::MLIRContext context;
  context.loadDialect<mlir::fisher::FisherDialect>();
  auto module = mlir::parseSourceString<mlir::ModuleOp>(
      R"mlir(fisher.policy @default {
        fisher.regularize "mu", "rho" as #fisher.gaussian<softplus>
            toward #fisher.prior<[0.0, 1.0]> weight 0.5 mode coupled
      })mlir",
      &context);
  if (!module)
    return 1;
  module->print(llvm::outs());
}
