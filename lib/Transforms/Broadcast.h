//===- Broadcast.h - Tensors that several elements share ------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A tensor is broadcast to a type as numpy does it: dimensions are counted from
// the last, those that are missing or of size one are repeated. A size that is
// known only at run time is never taken for one.
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_TRANSFORMS_BROADCAST_H
#define FISHER_LIB_TRANSFORMS_BROADCAST_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"

namespace mlir::fisher {

/// Whether tensors of type `from` can be broadcast to `to` without repeating
/// any of the last `eventRank` dimensions. Every type can be to itself.
bool isBroadcastable(RankedTensorType from, RankedTensorType to,
                     unsigned eventRank);

/// Repeats the elements of a tensor that can be broadcast to `type`. Sizes that
/// are repeated and known only at run time are those of `like`, a tensor of
/// this type; the others stay the tensor's own.
Value buildBroadcast(OpBuilder &builder, Location loc, Value tensor,
                     RankedTensorType type, Value like);

/// The opposite: sums the elements of a tensor that the broadcast would make
/// from one of `type`, in f64 and in their order. The result is shaped like
/// `type`, with elements of f64.
Value buildSumToShape(OpBuilder &builder, Location loc, Value tensor,
                      RankedTensorType type);

/// A float tensor with elements of type `element`.
Value castElements(OpBuilder &builder, Location loc, Value tensor,
                   Type element);

} // namespace mlir::fisher

#endif // FISHER_LIB_TRANSFORMS_BROADCAST_H
