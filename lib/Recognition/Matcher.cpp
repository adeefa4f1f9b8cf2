//===- Matcher.cpp - Finds optimizers and regularizers --------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Matcher.h"

#include "fisher/IR/Marks.h"
#include "fisher/Math/DecimalText.h"

#include "mlir/IR/BuiltinTypes.h"

#include <cmath>

using namespace mlir;
using namespace mlir::fisher;
using namespace mlir::fisher::recognition;

Matcher::Matcher(Recognition &recognition)
    : recognition(recognition), graph(recognition.graph),
      algebra(graph.getAlgebra()), function(graph.getFunction()),
      marks(getMarks(function)), forms(algebra) {}

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

double mlir::fisher::recognition::getEpsilon(Type type) {
  auto element =
      type ? dyn_cast<FloatType>(getElementTypeOrSelf(type)) : FloatType();
  if (!element)
    return std::ldexp(1.0, -40);
  // Coefficients have 40 bits.
  return std::ldexp(1.0, 1 - int(std::min(element.getFPMantissaWidth(), 40u)));
}

double Matcher::getPrecision(unsigned argument) {
  return getEpsilon(function.getArgument(argument).getType());
}

/// Whether a number is one of a type's.
static bool isElement(double number, Type type) {
  auto element = cast<FloatType>(getElementTypeOrSelf(type));
  bool isRounded = false;
  APFloat(number).convert(element.getFloatSemantics(),
                          APFloat::rmNearestTiesToEven, &isRounded);
  return !isRounded;
}

double mlir::fisher::recognition::roundToDecimal(double number, double error) {
  for (int digits = 1; digits <= 15; ++digits) {
    double rounded = fromDecimal(toDecimal(number, digits));
    if (std::abs(rounded - number) <= error)
      return rounded;
  }
  return number;
}

Coefficient Matcher::makeCoefficient(StringRef name, Expr expr,
                                     unsigned argument, double error) {
  std::optional<double> number = expr->getNumber();
  if (number) {
    // A constant may have more digits than the tensor that it multiplies.
    double precision = getPrecision(argument);
    if (!isElement(*number, function.getArgument(argument).getType()))
      precision = std::min(precision, std::ldexp(1.0, -23));
    number =
        roundToDecimal(*number, std::max(error, std::abs(*number) * precision));
  }
  return {name, expr, number};
}

bool mlir::fisher::recognition::isNumberBetween(Expr expr, double low,
                                                double high) {
  std::optional<double> number = expr->getNumber();
  return number && *number > low && *number < high;
}

bool mlir::fisher::recognition::mayBeFraction(Expr expr) {
  return !expr->terms.empty() &&
         (!expr->getNumber() || isNumberBetween(expr, 0, 1));
}

bool mlir::fisher::recognition::mayBePositive(Expr expr) {
  return !expr->terms.empty() && expr->terms.front().coefficient > 0;
}

bool mlir::fisher::recognition::isKept(Expr keep) {
  if (keep->getNumber())
    return isNumberBetween(keep, 0.9, 1.1);
  const Term *first = keep->terms.empty() ? nullptr : &keep->terms.front();
  return first && first->factors.empty() && first->coefficient > 0.9 &&
         first->coefficient < 1.1;
}

//===----------------------------------------------------------------------===//
// Which result updates which argument
//===----------------------------------------------------------------------===//

bool Matcher::isTensor(unsigned argument) {
  auto type =
      dyn_cast<RankedTensorType>(function.getArgument(argument).getType());
  return type && isa<FloatType>(type.getElementType());
}

void Matcher::pairResults() {
  unsigned numArguments = function.getNumArguments();
  ArrayRef<const Node *> results = graph.getResults();
  auto addPair = [&](unsigned argument, unsigned result) {
    Pair pair;
    pair.argument = argument;
    pair.result = result;
    pair.old = graph.getArgumentExpr(argument);
    pair.next = graph.getElement(results[result]);
    pair.keep = forms.getCoefficient(pair.next, pair.old);
    pair.rest =
        algebra.subtract(pair.next, algebra.multiply(pair.keep, pair.old));
    pairs.push_back(pair);
  };
  // What the step says itself.
  SmallVector<bool> isUpdated(numArguments), isMarked(results.size());
  for (unsigned result = 0; result != results.size(); ++result) {
    const NamedAttrList &list = marks.results[result];
    std::optional<unsigned> argument =
        marks.findArgument(StepMarks::getText(list, marks::updates));
    if (argument && isTensor(*argument)) {
      addPair(*argument, result);
      isUpdated[*argument] = true;
    }
    isMarked[result] = list.get(marks::updates) ||
                       list.get(marks::gradientOf) || list.get(marks::role);
  }
  // Otherwise a new value has the type of the old one and a multiple of it.
  for (unsigned result = 0; result != results.size(); ++result)
    for (unsigned argument = 0; argument != numArguments; ++argument) {
      if (isMarked[result] || isUpdated[argument] || !isTensor(argument) ||
          function.getArgument(argument).getType() !=
              function.getResultTypes()[result])
        continue;
      Expr keep = forms.getCoefficient(graph.getElement(results[result]),
                                       graph.getArgumentExpr(argument));
      if (mayBePositive(keep))
        addPair(argument, result);
    }
  // Of several arguments that a result may update, the one of which most is
  // kept comes first, and where that is not known the one at the same place.
  auto getOrder = [](const Pair &pair) {
    return std::tuple(-pair.keep->getNumber().value_or(0.5),
                      std::abs(int(pair.argument) - int(pair.result)),
                      pair.argument);
  };
  llvm::sort(pairs, [&](const Pair &a, const Pair &b) {
    return getOrder(a) < getOrder(b);
  });
  // Gradients that the step returns.
  for (unsigned result = 0; result != results.size(); ++result)
    if (std::optional<unsigned> argument = marks.findArgument(
            StepMarks::getText(marks.results[result], marks::gradientOf)))
      gradients[*argument] = graph.getElement(results[result]);
}

/// What a result and an argument are is known.
void Matcher::close(Pair &pair, Role role) {
  for (Pair &other : pairs)
    if (other.argument == pair.argument || other.result == pair.result)
      other.role = Role::none;
  pair.role = role;
  recognition.newValues[pair.argument] = pair.result;
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

Value Matcher::getResultValue(const Pair &pair) {
  return function.getFunctionBody().front().getTerminator()->getOperand(
      pair.result);
}

Expr Matcher::getSquares(unsigned argument) {
  return graph.sumOver(argument,
                       algebra.power(graph.getArgumentExpr(argument), 2));
}

Value Matcher::findValueWith(ArrayRef<Expr> parts) {
  Value best;
  size_t fewest = 0;
  for (const Node *node : graph.getValues()) {
    if (node->rank != 0)
      continue;
    Expr expr = graph.getExpr(node);
    if (best && expr->terms.size() >= fewest)
      continue;
    if (!llvm::all_of(parts, [&](Expr part) {
          return !forms.getCofactor(expr, part)->terms.empty();
        }))
      continue;
    best = graph.getOrigin(node);
    fewest = expr->terms.size();
  }
  return best;
}

Value Matcher::findValue(Expr expr) {
  for (const Node *node : graph.getValues()) {
    Expr other = graph.getElement(node);
    if (other->terms.size() == expr->terms.size() &&
        forms.areEqual(other, expr))
      return graph.getOrigin(node);
  }
  return nullptr;
}

Value Matcher::findMultiple(Expr strength, const Pair &pair) {
  if (Value value = findValue(algebra.multiply(strength, pair.old)))
    return value;
  for (const Node *node : graph.getValues()) {
    Expr expr = graph.getElement(node);
    Expr scale = forms.getCoefficient(expr, pair.old);
    if (expr != pair.old && expr->terms.size() == scale->terms.size() &&
        !scale->terms.empty())
      return graph.getOrigin(node);
  }
  return getResultValue(pair);
}

//===----------------------------------------------------------------------===//
// All together
//===----------------------------------------------------------------------===//

/// Adam with decoupled weight decay of some parameters is AdamW of all.
void Matcher::nameOptimizers() {
  llvm::DenseSet<unsigned> decayed;
  for (const Finding &finding : recognition.findings)
    if (finding.kind == FindingKind::weight_decay)
      decayed.insert(finding.arguments.front());
  bool isDecoupled =
      llvm::any_of(recognition.findings, [&](const Finding &finding) {
        return finding.kind == FindingKind::adam &&
               decayed.contains(finding.arguments.front());
      });
  if (!isDecoupled)
    return;
  for (Finding &finding : recognition.findings)
    if (finding.kind == FindingKind::adam)
      finding.kind = FindingKind::adamw;
  for (Update &update : recognition.updates)
    if (update.optimizer == FindingKind::adam)
      update.optimizer = FindingKind::adamw;
}
