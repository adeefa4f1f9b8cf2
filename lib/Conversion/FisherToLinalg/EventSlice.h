//===- EventSlice.h - One distribution's part of a tensor -------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_CONVERSION_FISHERTOLINALG_EVENTSLICE_H
#define FISHER_LIB_CONVERSION_FISHERTOLINALG_EVENTSLICE_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"

namespace mlir::fisher {

/// The part of a tensor with batch and event dimensions, or with batch
/// dimensions alone, that belongs to one distribution.
struct EventSlice {
  EventSlice(OpBuilder &builder, Location loc, Value tensor,
             ValueRange distribution);

  SmallVector<OpFoldResult> offsets, sizes, strides;
  RankedTensorType type;
};

/// An empty tensor of type `type` with the dynamic sizes of `like`.
Value createEmpty(OpBuilder &builder, Location loc, RankedTensorType type,
                  Value like);

} // namespace mlir::fisher

#endif // FISHER_LIB_CONVERSION_FISHERTOLINALG_EVENTSLICE_H
