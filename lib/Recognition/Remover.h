//===- Remover.h - Takes terms out of a step ------------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_RECOGNITION_REMOVER_H
#define FISHER_LIB_RECOGNITION_REMOVER_H

#include "Rebuilder.h"

namespace mlir::fisher::recognition {

/// Takes the findings of one kind out of a function.
class Remover {
public:
  Remover(Recognition &recognition, FindingKind kind)
      : graph(recognition.getGraph()), algebra(graph.getAlgebra()),
        forms(algebra), expansions(graph), rebuilder(graph, expansions),
        terms(findRemovedTerms(recognition, expansions, kind)) {}

  /// False if a part cannot be taken out; the function may be half changed
  /// then.
  bool remove();

  /// The operation at which the walk stopped, and for which parameter.
  Operation *getStop() const { return stop; }
  unsigned getParameter() const { return parameter; }
  /// A call that must become what it calls first.
  Operation *getCall() const { return call; }
  /// Whether nothing tells the terms from others of the loss.
  bool isMixed() const { return terms.mixed.has_value(); }

private:
  /// What takes the place of a value, where null is zero; nothing if the part
  /// cannot be taken out.
  using Rest = std::optional<Value>;

  void markBlock(Block &block);
  bool isMarked(Value value) { return marked.contains(graph.findNode(value)); }
  const RemovedTerms::Anchor *findAnchor(Value value);
  Rest removeFromResult(OpOperand &operand);
  /// What is left of a value, whatever it is made of.
  Rest clean(Value value);
  Rest cleanAnew(Value value);
  /// A value without a part of what it is.
  Rest take(Value value, Expr part, bool asElement);
  Rest takeAnew(Value value, Expr part, bool asElement);
  /// What a value is made of, or its copy if it is of a loop; nothing if that
  /// cannot be changed.
  SmallVector<Child> getChangeable(Value value);
  /// A value of the same block that is there before, is the expression, and has
  /// the same type.
  Value findValue(Value like, Expr expr, bool asElement);
  Rest rebuild(Value value, ArrayRef<Child> children, ArrayRef<Value> rests,
               bool asElement);
  Rest fail(Value value);

  Graph &graph;
  Algebra &algebra;
  LinearForms forms;
  Expansions expansions;
  Rebuilder rebuilder;
  RemovedTerms terms;
  /// What is made of a gradient that has a part to be taken out.
  llvm::DenseSet<const Node *> marked;
  llvm::DenseMap<Value, Rest> cleaned;
  std::map<std::tuple<void *, Expr, bool>, Rest> taken;
  unsigned parameter = 0;
  Operation *stop = nullptr, *call = nullptr;
};

} // namespace mlir::fisher::recognition

#endif // FISHER_LIB_RECOGNITION_REMOVER_H
