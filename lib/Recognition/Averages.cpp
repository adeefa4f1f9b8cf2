//===- Averages.cpp - Finds moving averages -------------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Matcher.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace mlir::fisher;
using namespace mlir::fisher::recognition;

/// Whether next = keep * old + (1 - keep) * averaged.
bool Matcher::matchAverage(Pair &pair, Expr averaged) {
  if (!mayBeFraction(pair.keep) || pair.rest->terms.empty())
    return false;
  Expr share = forms.getRatio(pair.rest, averaged);
  if (!share || !isPlainScalar(share))
    return false;
  Expr sum = algebra.add(pair.keep, share);
  std::optional<double> number = sum->getNumber();
  return number && std::abs(*number - 1) <= 2 * getPrecision(pair.argument);
}

void Matcher::addAverage(Pair &pair, unsigned argument, StringRef of) {
  close(pair, Role::average);
  Finding finding(FindingKind::moving_average);
  finding.arguments = {argument};
  finding.states = {{"average_in", pair.argument}};
  finding.coefficients = {makeCoefficient("decay", pair.keep, pair.argument)};
  Builder builder(function.getContext());
  finding.facts = {builder.getNamedAttr("of", builder.getStringAttr(of))};
  finding.values = {getResultValue(pair)};
  recognition.findings.push_back(std::move(finding));
}

/// Of a parameter's new value, or of its old one.
void Matcher::findAverages() {
  for (Pair &pair : pairs) {
    if (pair.role != Role::open)
      continue;
    for (const Pair &other : pairs) {
      bool isParameter = other.role == Role::update ||
                         (other.role == Role::open && isKept(other.keep));
      if (!isParameter || other.argument == pair.argument ||
          other.result == pair.result ||
          // Two that are averages of each other are none.
          !forms.getCofactor(other.next, pair.old)->terms.empty())
        continue;
      bool isOfNew = matchAverage(pair, other.next);
      if (!isOfNew && !matchAverage(pair, other.old))
        continue;
      addAverage(pair, other.argument, "parameter");
      if (isOfNew)
        recognition.findings.back().averagedResult = other.result;
      break;
    }
  }
}

/// Averages of gradients that no optimizer uses.
void Matcher::findGradientAverages() {
  for (Pair &pair : pairs) {
    if (pair.role != Role::open)
      continue;
    for (const auto &entry : gradients) {
      if (entry.first == pair.argument || !matchAverage(pair, entry.second))
        continue;
      addAverage(pair, entry.first, "gradient");
      break;
    }
  }
}
