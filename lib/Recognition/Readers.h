//===- Readers.h - Readers of dialects ------------------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_RECOGNITION_READERS_H
#define FISHER_LIB_RECOGNITION_READERS_H

#include "fisher/Recognition/Graph.h"

namespace mlir::fisher::recognition {

/// The nodes of an operation's results; nothing if the reader does not know the
/// operation.
using Nodes = std::optional<llvm::SmallVector<const Node *>>;

/// Operations that do the same to each element, by their names, in any dialect.
Nodes readElementwise(Operation *op, Graph &graph, Scope &scope);

/// linalg on tensors, and what of tensor moves elements.
Nodes readLinalg(Operation *op, Graph &graph, Scope &scope);

/// What a reduction's body combines with its accumulator, and how; null if the
/// body does something else.
std::pair<Value, StringRef> getCombined(Value yielded,
                                        BlockArgument accumulator);

/// StableHLO in generic form.
Nodes readStableHLO(Operation *op, Graph &graph, Scope &scope);

} // namespace mlir::fisher::recognition

#endif // FISHER_LIB_RECOGNITION_READERS_H
