//===- Rebuilder.h - Makes operations of less -----------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_RECOGNITION_REBUILDER_H
#define FISHER_LIB_RECOGNITION_REBUILDER_H

#include "RemovedTerms.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "llvm/ADT/MapVector.h"

namespace mlir::fisher::recognition {

/// What an operation, or an argument of a body, is made of.
struct Child {
  Value value;
  const Node *node;
};

/// Makes values of a function anew, of what is left of what they are made of.
/// The values that were there stay until the end.
class Rebuilder {
public:
  Rebuilder(Graph &graph, Expansions &expansions)
      : graph(graph), expansions(expansions) {}

  /// What an operation makes a value of; nothing if that is not known.
  SmallVector<Child> getChildren(Value value);
  /// The result of a loop as one of a copy that may be changed, with children
  /// in its body; null if there can be none.
  Value getCopied(OpResult result);
  /// The value, made of what is left of its children, where null is zero; null
  /// if that cannot be.
  Value rebuild(Value value, ArrayRef<Child> children, ArrayRef<Value> rests,
                bool asElement);
  /// A constant of the type of a value, before it; null if that cannot be.
  Value makeConstant(Value like, double number);
  /// Returns these values, and erases what nothing needs any more.
  void finish(ArrayRef<Value> results);

private:
  /// Whether each element of a result is made by one iteration; nothing if it
  /// is not known what a result is.
  std::optional<bool> isParallel(OpResult result);
  linalg::GenericOp getClone(linalg::LinalgOp op);
  Value rebuildArgument(BlockArgument argument, Value rest);
  Value rebuildLoop(OpResult result, ArrayRef<Child> children,
                    ArrayRef<Value> rests);

  Graph &graph;
  Expansions &expansions;
  /// The loops that are changed in the place of others.
  llvm::MapVector<Operation *, linalg::GenericOp> clones;
  /// The results that are made of less there.
  llvm::DenseSet<Value> changed;
  llvm::DenseSet<Operation *> created;
};

} // namespace mlir::fisher::recognition

#endif // FISHER_LIB_RECOGNITION_REBUILDER_H
