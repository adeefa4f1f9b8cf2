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

    The formula of a family with event dimensions becomes the body of an
    `scf.forall` over the distributions. With `vector-bits`, those of one event
    dimension with a small static size go through it side by side, each in one
    lane of vectors: with 512 bits, `tensor<?x10xf32>` is taken in blocks of 16
    rows, a block being a `tensor<10xvector<16xf32>>`.

    One distribution needs no loop. With `map-distributions` it has one, of one
    iteration, and all these loops are mapped to the blocks of a device, so that
    canonicalization leaves them and each becomes one kernel:
    `scf.forall (%i) in (1) ... {mapping = [#gpu.block<linear_dim_0>]}`.
  }];
  let options = [
    Option<"vectorBits", "vector-bits", "int64_t", /*default=*/"0",
           "Width of the vectors whose lanes take a distribution each, where "
           "these have few elements (0: one distribution after the other)">,
    Option<"mapDistributions", "map-distributions", "bool", /*default=*/"false",
           "Map the loops over distributions with event dimensions to blocks, "
           "also where there is one">,
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::cf::ControlFlowDialect",
                           "::mlir::gpu::GPUDialect",
                           "::mlir::linalg::LinalgDialect",
                           "::mlir::math::MathDialect",
                           "::mlir::scf::SCFDialect",
                           "::mlir::tensor::TensorDialect",
                           "::mlir::vector::VectorDialect"];
}

def ConvertFisherToStableHLO : Pass<"convert-fisher-to-stablehlo", "::mlir::ModuleOp"> {
  let summary = "Lower beliefs and their operations to StableHLO";
  let description = [{
    For modules of JAX and others that XLA runs. A belief becomes its
    components, and each operation the family's formula on all distributions at
    once, in operations of StableHLO in generic form: MLIR has no dialect of
    that name, so they are unregistered here, as those that are in the module
    already are, and `--allow-unregistered-dialect` is needed. So is what
    `fisher-insert` adds beside operations on beliefs: arithmetic on tensors,
    broadcasts and sums. What is left are functions, their calls and returns,
    and StableHLO; functions that carry beliefs are converted as by
    `convert-fisher-to-linalg`.

    The arithmetic is the same as on every other target, and no special
    function of StableHLO is used but the square root. Sums are in f64, and
    loops within a formula (matrices) become `stablehlo.while` unless they are
    short. Types must be static, as XLA's are, and a number that is an argument
    of a function must be a tensor of rank zero.

    For example,

    ```mlir
    !b = !fisher.belief<#fisher.poisson<log_rate>, tensor<8xf32>>
    func.func @example(%x: tensor<8xf32>, %y: tensor<8xf32>) -> tensor<8xf32> {
      %a = fisher.belief %x : !b
      %b = fisher.belief %y : !b
      %d = fisher.squared_distance %a, %b : !b -> tensor<8xf32>
      return %d : tensor<8xf32>
    }
    ```

    becomes a function of operations such as
    `"stablehlo.multiply"(%10, %10) : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>`.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::linalg::LinalgDialect",
                           "::mlir::math::MathDialect",
                           "::mlir::scf::SCFDialect",
                           "::mlir::tensor::TensorDialect"];
}

#endif // FISHER_CONVERSION_PASSES_TD
