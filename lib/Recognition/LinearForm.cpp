//===- LinearForm.cpp - Expressions as sums of multiples ------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LinearForm.h"

#include "llvm/ADT/STLExtras.h"

#include <cmath>

using namespace mlir::fisher::recognition;

/// What constants of f32 may differ by, relatively, where they should cancel.
static constexpr double tolerance = 1e-6;

static bool isPlainScalar(const Atom *atom) {
  return atom->indices.empty() && atom->kind != Atom::Kind::reduce &&
         llvm::all_of(atom->operands,
                      [](Expr operand) { return isPlainScalar(operand); });
}

bool mlir::fisher::recognition::isPlainScalar(Expr a) {
  return llvm::all_of(a->terms, [](const Term &term) {
    return llvm::all_of(term.factors, [](const Factor &factor) {
      return ::isPlainScalar(factor.atom);
    });
  });
}

/// The term without `part`, if that is in it.
static std::optional<Term> remove(const Term &term, const Term &part) {
  Term rest{term.coefficient / part.coefficient, {}};
  size_t found = 0;
  for (const Factor &factor : term.factors) {
    if (llvm::is_contained(part.factors, factor))
      ++found;
    else
      rest.factors.push_back(factor);
  }
  if (found != part.factors.size())
    return std::nullopt;
  return rest;
}

Expr LinearForms::getCofactor(Expr a, Expr part) {
  Expr result = algebra.getNumber(0);
  if (part->terms.size() != 1)
    return result;
  for (const Term &term : a->terms)
    if (std::optional<Term> rest = remove(term, part->terms.front()))
      result = algebra.add(result, algebra.getTerm(*rest));
  return result;
}

Expr LinearForms::getCoefficient(Expr a, Expr part) {
  Expr result = algebra.getNumber(0);
  for (const Term &term : getCofactor(a, part)->terms) {
    Expr rest = algebra.getTerm(term);
    if (isPlainScalar(rest))
      result = algebra.add(result, rest);
  }
  return result;
}

Expr LinearForms::subtract(Expr a, Expr b) {
  Expr difference = algebra.subtract(a, b);
  Expr result = difference;
  for (const Term &left : difference->terms)
    for (const Term &term : a->terms)
      if (term.factors == left.factors &&
          std::abs(left.coefficient) <= tolerance * std::abs(term.coefficient))
        result = algebra.subtract(result, algebra.getTerm(left));
  return result;
}

Expr LinearForms::divide(Expr a, Expr b) {
  if (std::optional<double> number = b->getNumber())
    return *number != 0 ? algebra.scale(a, 1 / *number) : nullptr;
  if (b->terms.size() == 1)
    return algebra.multiply(a, algebra.power(b, -1));
  // What multiplies one term of b must multiply all.
  Expr first = algebra.getTerm(b->terms.front());
  Expr quotient = nullptr;
  if (!b->terms.front().factors.empty()) {
    quotient = getCofactor(a, first);
  } else {
    // Terms of a that have no atom of b are products with its number.
    quotient = algebra.getNumber(0);
    for (const Term &term : a->terms)
      if (llvm::none_of(term.factors, [&](const Factor &factor) {
            return llvm::any_of(b->terms, [&](const Term &other) {
              return llvm::is_contained(other.factors, factor);
            });
          }))
        quotient = algebra.add(quotient, algebra.getTerm(term));
    quotient = algebra.scale(quotient, 1 / b->terms.front().coefficient);
  }
  return areEqual(algebra.multiply(quotient, b), a) ? quotient : nullptr;
}

Expr LinearForms::getRatio(Expr a, Expr b) {
  if (a->terms.empty() || b->terms.empty())
    return nullptr;
  // Of some term of b, what is no scalar.
  const Term &term = b->terms.front();
  Term part{1.0, {}}, scalars{term.coefficient, {}};
  for (const Factor &factor : term.factors)
    (factor.atom->indices.empty() ? scalars : part).factors.push_back(factor);
  auto getAll = [&](Expr of) {
    Expr sum = algebra.getNumber(0);
    for (const Term &other : of->terms) {
      std::optional<Term> rest = remove(other, part);
      if (rest && llvm::all_of(rest->factors, [](const Factor &factor) {
            return factor.atom->indices.empty();
          }))
        sum = algebra.add(sum, algebra.getTerm(*rest));
    }
    return sum;
  };
  Expr ratio = divide(getAll(a), getAll(b));
  if (!ratio || ratio->terms.empty() ||
      !areEqual(a, algebra.multiply(ratio, b)))
    return nullptr;
  return ratio;
}
