//===- Contractions.h - Products of two tensors with a sum ------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_TRANSFORMS_CONTRACTIONS_H
#define FISHER_TRANSFORMS_CONTRACTIONS_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace mlir::fisher {

/// The loops of a contraction out += lhs * rhs, by the operands that each
/// indexes.
struct ContractionDims {
  SmallVector<unsigned> batch; // all three
  SmallVector<unsigned> m;     // lhs and out
  SmallVector<unsigned> n;     // rhs and out
  SmallVector<unsigned> k;     // lhs and rhs: what is summed over
};

/// Tells what the loops of `op` are if it is a contraction of floats: a matrix
/// product of any rank and layout, or a convolution, by name or as
/// linalg.generic. Operands may be of a narrower type than the sum.
std::optional<ContractionDims> matchContraction(linalg::LinalgOp op);

/// The buffer that `value`, such as a contraction's result, is all of, perhaps
/// in another shape.
Value getWhole(Value value);

} // namespace mlir::fisher

#endif // FISHER_TRANSFORMS_CONTRACTIONS_H
