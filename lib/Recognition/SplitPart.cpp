//===- SplitPart.cpp - Parts of what a value is made of -------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SplitPart.h"

#include "llvm/ADT/SmallVectorExtras.h"

using namespace mlir;
using namespace mlir::fisher::recognition;

namespace {
/// Looks for terms of the children that make the part.
class Splitter {
public:
  Splitter(Graph &graph, Expansions &expansions, const Node *node, Expr part,
           bool asElement)
      : algebra(graph.getAlgebra()), expansions(expansions), node(node),
        part(part), whole(expansions.get(node, asElement)),
        asElement(asElement) {}

  std::optional<SmallVector<Expr>> split(ArrayRef<Child> of);

private:
  /// A term of a child, and what the node has of it.
  struct Candidate {
    unsigned child;
    Expr term, effect;
  };

  void findCandidates();
  bool trySubsets();
  bool tryShares(bool takesWhole);
  /// Whether these losses are what the node loses the part by.
  bool check(ArrayRef<Expr> tried);
  SmallVector<Expr> getNothing() {
    return SmallVector<Expr>(children.size(), algebra.getNumber(0));
  }
  bool isNumber(unsigned child) {
    return expansions.get(children[child], asElement)->getNumber().has_value();
  }

  Algebra &algebra;
  Expansions &expansions;
  const Node *node;
  Expr part, whole;
  bool asElement;
  /// Children that are the same lose the same.
  SmallVector<const Node *> children;
  SmallVector<Candidate> candidates;
  SmallVector<Expr> losses;
};
} // namespace

void Splitter::findCandidates() {
  for (auto [number, child] : llvm::enumerate(children)) {
    Expr all = expansions.get(child, asElement);
    for (const Term &term : all->terms) {
      Expr one = algebra.getTerm(term);
      Expr less = expansions.getWith(
          node, {{child, algebra.subtract(all, one)}}, asElement);
      Expr effect = algebra.subtract(whole, less);
      if (!effect->terms.empty() &&
          llvm::all_of(effect->terms,
                       [&](const Term &term) { return findTerm(part, term); }))
        candidates.push_back({unsigned(number), one, effect});
    }
  }
}

bool Splitter::check(ArrayRef<Expr> tried) {
  SmallVector<std::pair<const Node *, Expr>> less;
  for (auto [child, loss] : llvm::zip_equal(children, tried))
    less.push_back(
        {child, algebra.subtract(expansions.get(child, asElement), loss)});
  if (!expansions.isClose(
          part,
          algebra.subtract(whole, expansions.getWith(node, less, asElement))))
    return false;
  losses.assign(tried.begin(), tried.end());
  return true;
}

/// All candidates, or if they are few, some of them: the parameter itself may
/// be there, too.
bool Splitter::trySubsets() {
  constexpr size_t few = 10;
  auto isIn = [](uint64_t subset, size_t number) {
    return number >= 64 || (subset >> number & 1);
  };
  auto trySubset = [&](uint64_t subset) {
    Expr sum = algebra.getNumber(0);
    for (auto [number, candidate] : llvm::enumerate(candidates))
      if (isIn(subset, number))
        sum = algebra.add(sum, candidate.effect);
    if (!expansions.isClose(part, sum))
      return false;
    SmallVector<Expr> tried = getNothing();
    for (auto [number, candidate] : llvm::enumerate(candidates))
      if (isIn(subset, number))
        tried[candidate.child] =
            algebra.add(tried[candidate.child], candidate.term);
    return check(tried);
  };
  if (trySubset(~uint64_t(0)))
    return true;
  if (candidates.size() > few)
    return false;
  for (uint64_t subset = 1; subset != uint64_t(1) << candidates.size();
       ++subset)
    if (trySubset(subset))
      return true;
  return false;
}

/// A share of the terms of one child, which may be a constant. `takesWhole`:
/// and all of terms that are no more than what is missing.
bool Splitter::tryShares(bool takesWhole) {
  auto getShare = [&](Expr of, const Term &effect) {
    const Term *term = findTerm(of, effect);
    return term ? term->coefficient / effect.coefficient : 0.0;
  };
  Expr rest = part;
  SmallVector<Expr> taken = getNothing();
  SmallVector<Candidate> left;
  for (const Candidate &candidate : candidates) {
    if (takesWhole &&
        llvm::all_of(candidate.effect->terms, [&](const Term &effect) {
          return getShare(rest, effect) >= 1;
        })) {
      rest = algebra.subtract(rest, candidate.effect);
      taken[candidate.child] =
          algebra.add(taken[candidate.child], candidate.term);
    } else {
      left.push_back(candidate);
    }
  }
  SmallVector<unsigned> order;
  for (bool isConstant : {true, false})
    for (unsigned child = 0; child != children.size(); ++child)
      if (isNumber(child) == isConstant)
        order.push_back(child);
  return llvm::any_of(order, [&](unsigned child) {
    SmallVector<Expr> tried = taken;
    for (const Candidate &candidate : left)
      if (candidate.child == child && candidate.effect->terms.size() == 1)
        tried[child] = algebra.add(
            tried[child],
            algebra.scale(candidate.term,
                          getShare(rest, candidate.effect->terms.front())));
    return check(tried);
  });
}

std::optional<SmallVector<Expr>> Splitter::split(ArrayRef<Child> of) {
  for (const Child &child : of)
    if (!llvm::is_contained(children, child.node))
      children.push_back(child.node);
  findCandidates();
  if (candidates.empty() || (!trySubsets() && !tryShares(/*takesWhole=*/true) &&
                             !tryShares(/*takesWhole=*/false)))
    return std::nullopt;
  return llvm::map_to_vector(of, [&](const Child &child) {
    return losses[llvm::find(children, child.node) - children.begin()];
  });
}

std::optional<SmallVector<Expr>>
mlir::fisher::recognition::splitPart(Graph &graph, Expansions &expansions,
                                     const Node *node, ArrayRef<Child> children,
                                     Expr part, bool asElement) {
  return Splitter(graph, expansions, node, part, asElement).split(children);
}
