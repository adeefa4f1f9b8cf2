//===- AlgebraFunctions.cpp - Functions of expressions --------------------===//
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

/// No element is as large. What is clamped here, the lowest f32, is not
/// clamped.
static constexpr double farthest = 1e38;

Expr Algebra::exp(Expr a) {
  // exp(a + k log(x) + c) is exp(a) x^k e^c.
  Expr result = getNumber(1);
  std::vector<Term> rest;
  for (const Term &term : a->terms) {
    // Nothing becomes zero or infinite, as a mask of -1e9 would.
    if (term.factors.empty() && std::abs(term.coefficient) < 500)
      result = scale(result, std::exp(term.coefficient));
    else if (term.factors.size() == 1 && term.factors.front().power == 1 &&
             term.factors.front().atom->isApply("log"))
      result = multiply(result, power(getOperand(term.factors.front().atom),
                                      term.coefficient));
    else
      rest.push_back(term);
  }
  if (rest.empty())
    return result;
  Expr exponent = intern(std::move(rest));
  return multiply(result, makeApply("exp", {exponent}));
}

Expr Algebra::log(Expr a) {
  if (a->terms.empty())
    return makeApply("log", {a});
  if (a->terms.size() == 1) {
    const Term &term = a->terms.front();
    if (term.coefficient < 0)
      return makeApply("log", {a});
    Expr result = getNumber(std::log(term.coefficient));
    for (const Factor &factor : term.factors) {
      Expr part = factor.atom->isApply("exp")
                      ? getOperand(factor.atom)
                      : makeApply("log", {get(factor.atom)});
      result = add(result, scale(part, factor.power));
    }
    return result;
  }
  // log(1 + c exp(x)) is softplus(x + log(c)).
  if (a->terms.size() == 2 && a->terms[0].factors.empty() &&
      a->terms[0].coefficient == 1 && a->terms[1].coefficient > 0 &&
      a->terms[1].factors.size() == 1 &&
      a->terms[1].factors.front().atom->isApply("exp"))
    return apply("softplus", add(getOperand(a->terms[1].factors.front().atom),
                                 getNumber(std::log(a->terms[1].coefficient))));
  // Numbers and scalars of a group are outside of it.
  return log(group(a, 1));
}

Expr Algebra::extremum(llvm::StringRef function,
                       llvm::ArrayRef<Expr> operands) {
  // Elements are finite, and not near the ends of f32.
  double sign = function == "max" ? 1 : -1;
  llvm::SmallVector<Expr> rest;
  for (Expr operand : operands)
    if (sign * operand->getNumber().value_or(0) > -farthest &&
        !llvm::is_contained(rest, operand))
      rest.push_back(operand);
  if (rest.size() == 1)
    return rest.front();
  llvm::sort(rest, [](Expr a, Expr b) {
    return std::pair(getSkeleton(a), a->id) < std::pair(getSkeleton(b), b->id);
  });
  return makeApply(function, rest);
}

Expr Algebra::compare(llvm::StringRef function, Expr a, Expr b) {
  if (a == b)
    return getNumber(function == "lt" ? 0 : 1);
  std::optional<double> x = a->getNumber(), y = b->getNumber();
  if (x && y)
    return getNumber(function == "lt"   ? *x < *y
                     : function == "le" ? *x <= *y
                                        : *x == *y);
  // Elements are finite, and not near the ends of f32.
  if ((x && std::abs(*x) >= farthest) || (y && std::abs(*y) >= farthest))
    return getNumber(function != "eq" && (x ? *x < 0 : *y > 0));
  // No counter of steps has come to the end of its type.
  if (function != "eq" && y && *y >= 2147483647.0)
    return getNumber(1);
  if (function == "eq" &&
      std::pair(getSkeleton(b), b->id) < std::pair(getSkeleton(a), a->id))
    std::swap(a, b);
  return makeApply(function, {a, b});
}

Expr Algebra::select(Expr condition, Expr a, Expr b) {
  if (a == b)
    return a;
  if (std::optional<double> number = condition->getNumber())
    return *number != 0 ? a : b;
  // Above a threshold, softplus may be written as its limit.
  if (condition->terms.size() == 1 &&
      condition->terms.front().factors.size() == 1) {
    const Term &term = condition->terms.front();
    const Atom *atom = term.factors.front().atom;
    if (term.coefficient == 1 && (atom->isApply("lt") || atom->isApply("le")) &&
        atom->operands[0]->getNumber().value_or(0) >= 15 &&
        getOperand(atom, 1) == a && b == apply("softplus", a))
      return b;
  }
  // condition * a + (1 - condition) * b
  return add(b, multiply(condition, subtract(a, b)));
}

Expr Algebra::apply(llvm::StringRef function, llvm::ArrayRef<Expr> operands) {
  if (function == "exp")
    return exp(operands[0]);
  if (function == "log")
    return log(operands[0]);
  if (function == "max" || function == "min")
    return extremum(function, operands);
  if (function == "lt" || function == "le" || function == "eq")
    return compare(function, operands[0], operands[1]);
  if (function == "select")
    return select(operands[0], operands[1], operands[2]);
  if (function == "pow") {
    if (std::optional<double> exponent = operands[1]->getNumber())
      return power(operands[0], *exponent);
    if (operands[0]->getNumber().value_or(0) > 0)
      return exp(multiply(operands[1], log(operands[0])));
  }
  if (function == "abs") {
    Expr a = operands[0];
    if (std::optional<double> number = a->getNumber())
      return getNumber(std::abs(*number));
    const Term *leading = getLeading(a);
    if (leading->coefficient < 0)
      a = scale(a, -1);
    if (a->terms.size() == 1) {
      double number = a->terms.front().coefficient;
      a = scale(a, 1 / number);
      llvm::ArrayRef<Factor> factors = a->terms.front().factors;
      if (llvm::all_of(factors, [](const Factor &factor) {
            return isPositive(factor.atom);
          }))
        return scale(a, number);
      return scale(makeApply(function, {a}), number);
    }
    return makeApply(function, {a});
  }
  return makeApply(function, operands);
}
