//===- AlgebraReductions.cpp - Sums and maxima over indices ---------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Terms.h"

#include "llvm/ADT/STLExtras.h"

#include <cmath>

using namespace mlir::fisher::recognition;

/// What an inner sum runs over while it becomes part of an outer one.
static constexpr Index firstInner = Index(1) << 32;

static bool dependsOn(const Atom *atom, Index index) {
  return llvm::is_contained(atom->indices, index);
}

Expr Algebra::sumOfTerm(const Term &term, llvm::ArrayRef<Index> bounds,
                        llvm::ArrayRef<int64_t> extents) {
  auto isInside = [&](const Atom *atom) {
    return llvm::any_of(bounds,
                        [&](Index bound) { return dependsOn(atom, bound); });
  };
  // exp(x - m) is exp(x) exp(-m): a sum of exponentials is the same whatever
  // was taken off first.
  for (const Factor &factor : term.factors) {
    if (!factor.atom->isApply("exp") || factor.power != 1)
      continue;
    std::vector<Term> kept, taken;
    for (const Term &part : getOperand(factor.atom)->terms)
      (llvm::any_of(part.factors,
                    [&](const Factor &f) { return isInside(f.atom); })
           ? kept
           : taken)
          .push_back(part);
    if (kept.empty() || taken.empty())
      continue;
    Term rest{term.coefficient, {}};
    llvm::copy_if(term.factors, std::back_inserter(rest.factors),
                  [&](const Factor &f) { return f.atom != factor.atom; });
    Expr body = multiply(getTerm(rest), exp(intern(std::move(kept))));
    return multiply(exp(intern(std::move(taken))), sum(body, bounds, extents));
  }
  // What does not depend on the indices is multiplied afterwards.
  Term outside{term.coefficient, {}}, inside{1.0, {}};
  for (const Factor &factor : term.factors)
    (isInside(factor.atom) ? inside : outside).factors.push_back(factor);
  llvm::SmallVector<Index> left;
  llvm::SmallVector<int64_t> leftExtents;
  Expr result = getTerm(outside);
  for (auto [bound, extent] : llvm::zip_equal(bounds, extents)) {
    if (llvm::any_of(inside.factors, [bound = bound](const Factor &factor) {
          return dependsOn(factor.atom, bound);
        })) {
      left.push_back(bound);
      leftExtents.push_back(extent);
    } else if (extent >= 0) {
      result = scale(result, extent);
    } else {
      result = multiply(result, apply("extent", {}));
    }
  }
  if (left.empty())
    return result;
  // So is, of several sums, what does not depend on the inner one.
  for (auto [place, bound] : llvm::enumerate(left)) {
    Term outer{1.0, {}}, inner{1.0, {}};
    for (const Factor &factor : inside.factors)
      (dependsOn(factor.atom, bound) ? inner : outer).factors.push_back(factor);
    if (outer.factors.empty())
      continue;
    Expr part = sumOfTerm(inner, bound, leftExtents[place]);
    left.erase(left.begin() + place);
    leftExtents.erase(leftExtents.begin() + place);
    part = multiply(getTerm(outer), part);
    return multiply(result, sum(part, left, leftExtents));
  }
  // A sum of sums is one sum.
  if (inside.factors.size() == 1 && inside.factors.front().power == 1 &&
      inside.factors.front().atom->isSum()) {
    const Atom *inner = inside.factors.front().atom;
    Expr body = substitute(inner->operands.front(), [&](Index index) {
      return index < firstBound ? inner->places[index]
                                : index - firstBound + firstInner;
    });
    for (auto [place, extent] : llvm::enumerate(inner->extents)) {
      left.push_back(firstInner + place);
      leftExtents.push_back(extent);
    }
    return multiply(result, sum(body, left, leftExtents));
  }
  return multiply(result, get(makeAtom(Atom::Kind::reduce, "add",
                                       getTerm(inside), left, leftExtents)));
}

Expr Algebra::sum(Expr body, llvm::ArrayRef<Index> bounds,
                  llvm::ArrayRef<int64_t> extents) {
  if (bounds.empty())
    return body;
  if (body->terms.size() > maxProducts)
    body = group(body, 1);
  std::vector<Term> terms;
  for (const Term &term : body->terms)
    llvm::append_range(terms, sumOfTerm(term, bounds, extents)->terms);
  return intern(std::move(terms));
}

Expr Algebra::reduce(llvm::StringRef function, Expr body,
                     llvm::ArrayRef<Index> bounds,
                     llvm::ArrayRef<int64_t> extents) {
  if (function == "add")
    return sum(body, bounds, extents);
  bool isIdempotent = function == "max" || function == "min";
  if (isIdempotent && llvm::none_of(bounds, [&](Index bound) {
        return llvm::is_contained(body->indices, bound);
      }))
    return body;
  return get(makeAtom(Atom::Kind::reduce, function, body, bounds, extents));
}
