//===- Destinations.h - Where results of functions go -----------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_TRANSFORMS_DESTINATIONS_H
#define FISHER_TRANSFORMS_DESTINATIONS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace mlir::fisher {

/// Where `fisher-assign-destinations` lets a result of a function go.
struct Destination {
  enum class Kind : uint8_t {
    /// It stays a result, whose buffer the caller frees.
    Result,
    /// Into an argument that it is the next value of.
    Updated,
    /// Into an argument that is added after those that are there.
    Added,
  };
  Kind kind;
  /// The number of the argument; of no meaning for a result that stays one.
  unsigned argument = 0;
};

/// The destinations of the results of `function`, in order. A result that is
/// marked to update an argument of another type is reported as an error.
/// `dynamicResults` gives results whose shape is not static an argument as
/// well.
FailureOr<SmallVector<Destination>> findDestinations(func::FuncOp function,
                                                     bool dynamicResults);

} // namespace mlir::fisher

#endif // FISHER_TRANSFORMS_DESTINATIONS_H
