//===- Reduction.h - What a loop sums ---------------------------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_PIPELINES_REDUCTION_H
#define FISHER_LIB_PIPELINES_REDUCTION_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace mlir::fisher {

/// A result that one value for several iterations is combined in.
struct Reduction {
  vector::CombiningKind kind;
  OpOperand *init;
  /// What the body combines.
  Value term;
  TypedAttr neutral;
  /// What is accumulated in.
  Type type;
  /// The combiner's.
  arith::FastMathFlagsAttr fastMath;
};

/// A result whose value so far the body combines with a term, and yields. Sums
/// of floating-point numbers are accumulated in f64.
FailureOr<Reduction> matchReduction(linalg::GenericOp loop, OpOperand &init);

} // namespace mlir::fisher

#endif // FISHER_LIB_PIPELINES_REDUCTION_H
