//===- LoopCollapse.h - Loops with fewer dimensions -------------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_PIPELINES_LOOPCOLLAPSE_H
#define FISHER_LIB_PIPELINES_LOOPCOLLAPSE_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace mlir {
class RewriterBase;
} // namespace mlir

namespace mlir::fisher {

/// The operation as a `linalg.generic`, in its place.
FailureOr<linalg::GenericOp> asGeneric(linalg::LinalgOp op,
                                       RewriterBase &rewriter);

/// The loop with one dimension for neighbouring ones that every operand has
/// side by side, or lacks.
linalg::GenericOp collapse(linalg::GenericOp loop, RewriterBase &rewriter);

} // namespace mlir::fisher

#endif // FISHER_LIB_PIPELINES_LOOPCOLLAPSE_H
