//===- SplitPart.h - Parts of what a value is made of ---------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_RECOGNITION_SPLITPART_H
#define FISHER_LIB_RECOGNITION_SPLITPART_H

#include "Rebuilder.h"

namespace mlir::fisher::recognition {

/// What each child must lose so that a node loses the part; nothing if that is
/// not found.
std::optional<SmallVector<Expr>> splitPart(Graph &graph, Expansions &expansions,
                                           const Node *node,
                                           ArrayRef<Child> children, Expr part,
                                           bool asElement);

} // namespace mlir::fisher::recognition

#endif // FISHER_LIB_RECOGNITION_SPLITPART_H
