//===- Calls.h - Bodies of functions in place of their calls --------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_RECOGNITION_CALLS_H
#define FISHER_RECOGNITION_CALLS_H

#include "mlir/IR/Operation.h"

namespace mlir::fisher::recognition {

/// Puts the body of a function that has one block in place of a call of it.
/// Upstream's inliner refuses operations of dialects that are not there.
/// Returns whether the operation was such a call.
bool inlineCall(Operation *op);

} // namespace mlir::fisher::recognition

#endif // FISHER_RECOGNITION_CALLS_H
