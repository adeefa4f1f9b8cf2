//===- Descents.cpp - Finds plain gradient descent ------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Matcher.h"

using namespace mlir;
using namespace mlir::fisher;
using namespace mlir::fisher::recognition;

/// Whether an expression depends on a leaf, but for what is reduced.
static bool readsElement(Expr expr, const Atom *leaf) {
  return llvm::any_of(expr->terms, [&](const Term &term) {
    return llvm::any_of(term.factors, [&](const Factor &factor) {
      if (factor.atom->kind == Atom::Kind::leaf)
        return factor.atom->leaf == leaf->leaf;
      return factor.atom->kind != Atom::Kind::reduce &&
             llvm::any_of(factor.atom->operands, [&](Expr operand) {
               return readsElement(operand, leaf);
             });
    });
  });
}

void Matcher::findDescents() {
  // For each result that is left, the argument that it most likely updates.
  SmallVector<Pair *> open;
  for (Pair &pair : pairs)
    if (pair.role == Role::open && llvm::none_of(open, [&](Pair *other) {
          return other->result == pair.result ||
                 other->argument == pair.argument;
        }))
      open.push_back(&pair);
  // A gradient depends on parameters, but not on what an optimizer that is not
  // known keeps for itself.
  SmallVector<Pair *> descents;
  llvm::copy_if(open, std::back_inserter(descents),
                [&](Pair *pair) { return matchDescent(*pair, /*add=*/false); });
  auto dependsOnState = [&](Pair *pair) {
    return llvm::any_of(open, [&](Pair *other) {
      return !llvm::is_contained(descents, other) &&
             readsElement(pair->rest,
                          other->old->terms.front().factors.front().atom);
    });
  };
  for (size_t size = 0; size != descents.size();) {
    size = descents.size();
    llvm::erase_if(descents, dependsOnState);
  }
  llvm::sort(descents,
             [](Pair *a, Pair *b) { return a->argument < b->argument; });
  for (Pair *pair : descents)
    matchDescent(*pair, /*add=*/true);
}

/// Whether a gradient pulls to something else than zero, λ (p - x).
bool Matcher::hasCenter(Expr gradient, Expr strength) {
  return llvm::any_of(gradient->terms, [&](const Term &term) {
    const Atom *atom =
        term.factors.empty() ? nullptr : term.factors.back().atom;
    for (const Factor &factor : term.factors)
      if (!factor.atom->indices.empty())
        atom = factor.atom;
    if (!atom || atom->kind != Atom::Kind::leaf)
      return false;
    Expr leaf = algebra.getTerm({1.0, {{atom, 1.0}}});
    Expr multiple = forms.getCoefficient(algebra.getTerm(term), leaf);
    return !multiple->terms.empty() &&
           forms.areEqual(algebra.scale(multiple, -1), strength);
  });
}

bool Matcher::matchDescent(Pair &pair, bool add) {
  if (pair.rest->terms.empty() || pair.rest->getNumber() || !isKept(pair.keep))
    return false;
  // 1 - η λ
  Expr decay = algebra.subtract(pair.keep, algebra.getNumber(1));
  std::optional<Step> step =
      getStepOfTerms(graph.getResults()[pair.result], pair, nullptr);
  if (!step || !step->isNegative)
    return false;
  Expr change = algebra.subtract(pair.next, pair.old);
  Expr gradient = forms.divide(algebra.scale(change, -1), step->size);
  if (!gradient)
    return false;
  Expr pull = forms.getCoefficient(gradient, pair.old);
  // p - η (p - x) is an average, and so is what another parameter is taken off.
  if (forms.areEqual(pull, algebra.getNumber(1)) && hasCenter(gradient, pull))
    return false;
  for (const Pair &other : pairs)
    if (other.result != pair.result && other.argument != pair.argument &&
        isKept(other.keep) && forms.getRatio(pair.rest, other.next))
      return false;
  if (!add)
    return true;
  Finding finding;
  finding.coefficients = {
      makeCoefficient("learning_rate", step->size, pair.argument)};
  addUpdate(pair, FindingKind::sgd, step->size, gradient, std::move(finding));
  if (!pull->terms.empty())
    pulls[pair.argument].error = getDecayError(pair, decay, step->size);
  return true;
}
