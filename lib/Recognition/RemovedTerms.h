//===- RemovedTerms.h - What is taken out of a step -----------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_RECOGNITION_REMOVEDTERMS_H
#define FISHER_LIB_RECOGNITION_REMOVEDTERMS_H

#include "LinearForm.h"

#include "fisher/Recognition/Recognition.h"

namespace mlir::fisher::recognition {

/// Expressions with the sums that are factors multiplied out.
class Expansions {
public:
  explicit Expansions(Graph &graph)
      : graph(graph), algebra(graph.getAlgebra()) {}

  Expr expand(Expr expr);
  /// What a node is: as `Graph::getElement` has it, or as `Graph::getExpr`.
  Expr get(const Node *node, bool asElement);
  /// The same, if what the node's operation makes it of were something else.
  Expr getWith(const Node *node,
               llvm::ArrayRef<std::pair<const Node *, Expr>> replacements,
               bool asElement) {
    return expand(graph.getExprWith(node, replacements, asElement));
  }
  /// Whether two are the same but for rounding.
  bool isClose(Expr a, Expr b);
  /// The part with the coefficients that the whole has, where they are the same
  /// but for rounding.
  Expr snap(Expr part, Expr whole);
  /// The terms of the whole that have the factors of a term of the part.
  Expr select(Expr part, Expr whole);

private:
  Graph &graph;
  Algebra &algebra;
  llvm::DenseMap<const Node *, Expr> elements;
};

/// The term of a sum with the same factors; null if there is none.
const Term *findTerm(Expr expr, const Term &like);

/// What findings of one kind add to the step.
struct RemovedTerms {
  /// A value, up to a scalar, and what is to be taken out of it.
  struct Anchor {
    Expr whole, part;
    unsigned parameter;
  };

  /// Gradients.
  std::vector<Anchor> anchors;
  /// By the number of the result: parts of losses, and of elements of others.
  std::map<unsigned, Expr> lossParts, resultParts;
  /// The parameter whose term is in a result.
  std::map<unsigned, unsigned> parameterOf;
  /// A parameter with terms in a loss of which nothing tells whose they are.
  std::optional<unsigned> mixed;
};

RemovedTerms findRemovedTerms(Recognition &recognition, Expansions &expansions,
                              FindingKind kind);

} // namespace mlir::fisher::recognition

#endif // FISHER_LIB_RECOGNITION_REMOVEDTERMS_H
