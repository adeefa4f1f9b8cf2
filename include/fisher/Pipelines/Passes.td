//===- Passes.td - Passes of the pipelines -------------------*- tablegen -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_PIPELINES_PASSES_TD
#define FISHER_PIPELINES_PASSES_TD

include "mlir/Pass/PassBase.td"

def FisherLegalizeFloats : Pass<"fisher-legalize-floats", "ModuleOp"> {
  let summary = "Lower floating-point operations for which LLVM is inaccurate";
  let description = [{
    Works on scalars and vectors, after loops were made and before the
    conversion to LLVM.

    - `math.log1p`, `math.expm1` and the other functions that LLVM has no
      accurate intrinsic for become calls of the C math library: upstream's
      conversion to LLVM writes log1p(x) as log(1 + x), which loses all digits
      of a small x. What LLVM has an intrinsic for (`math.sqrt`, `math.exp`,
      `math.fma`, ...) stays.
    - Conversions between bf16 and f32 become integer arithmetic that rounds to
      nearest even, so that they need no runtime library and treat subnormal
      numbers alike on every CPU.

    Example:

    ```mlir
    %0 = math.log1p %x : f32
    %1 = math.sqrt %0 : f32
    ```

    becomes

    ```mlir
    %0 = func.call @log1pf(%x) : (f32) -> f32
    %1 = math.sqrt %0 : f32
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::func::FuncDialect",
                           "::mlir::math::MathDialect",
                           "::mlir::vector::VectorDialect"];
}

#endif // FISHER_PIPELINES_PASSES_TD
