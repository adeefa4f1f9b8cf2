//===- main.cpp - A program that uses the installed package ---------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Math/Scalar.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;

int main() {
  MLIRContext context;
  context.loadDialect<arith::ArithDialect, math::MathDialect>();
  OwningOpRef<ModuleOp> module = ModuleOp::create(UnknownLoc::get(&context));
  auto builder =
      ImplicitLocOpBuilder::atBlockEnd(module->getLoc(), module->getBody());
  Value one = arith::ConstantOp::create(builder, builder.getF64FloatAttr(1));
  fisher::Scalar x(builder, one);
  abs(x - 2.0);
  module->print(llvm::outs());
}
