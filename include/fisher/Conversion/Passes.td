//===- Passes.td - Conversions to other dialects -----------*- tablegen -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_CONVERSION_PASSES_TD
#define FISHER_CONVERSION_PASSES_TD

include "mlir/Pass/PassBase.td"

def ConvertFisherToLinalg : Pass<"convert-fisher-to-linalg", "::mlir::ModuleOp"> {
  let summary = "Lower beliefs and their operations to linalg on tensors";
  let description = [{
    A belief becomes its components. Each operation becomes one
    `linalg.generic` over the distributions, whose body is the family's
    formula in arith and in those operations of math that are instructions
    everywhere (square root, absolute value, sign): no library of functions is
    needed, and every target computes the same numbers. Functions, calls,
    branches and structured control flow that carry beliefs are converted
    too (the marks of a belief go to its components, `b` becoming `b.mean` and
    so on), and so is elementwise arithmetic on tensors, with which
    `fisher-insert` adds to losses and gradients. Sizes that are known only at
    run time are compared by `cf.assert`, so that components that differ in
    size stop the program instead of being read beyond their end.

    For example, `fisher.squared_distance %a, %b : !b -> tensor<6xf64>` on
    `!fisher.belief<#fisher.gaussian<sigma>, tensor<6xf64>>` becomes a
    `linalg.generic` with four inputs and one output of type `tensor<6xf64>`.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::cf::ControlFlowDialect",
                           "::mlir::linalg::LinalgDialect",
                           "::mlir::math::MathDialect",
                           "::mlir::scf::SCFDialect",
                           "::mlir::tensor::TensorDialect",
                           "::mlir::vector::VectorDialect"];
}

#endif // FISHER_CONVERSION_PASSES_TD
