//===- Spreads.cpp - Beliefs that a step samples --------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Recognition/Spreads.h"

#include "Charts.h"
#include "LinearForm.h"

using namespace mlir;
using namespace mlir::fisher;
using namespace mlir::fisher::recognition;

SmallVector<Chart> mlir::fisher::recognition::getCharts(Algebra &algebra,
                                                        Expr stored) {
  Expr softplus = algebra.apply("softplus", stored);
  auto half = [&](Expr expr) { return algebra.scale(expr, 0.5); };
  auto log = [&](Expr expr) { return algebra.apply("log", expr); };
  auto exp = [&](Expr expr) { return algebra.apply("exp", expr); };
  auto power = [&](Expr expr, double exponent) {
    return algebra.power(expr, exponent);
  };
  return {
      {"sigma", stored, power(stored, 2), log(stored)},
      {"log_sigma", exp(stored), exp(algebra.scale(stored, 2)), stored},
      {"softplus", softplus, power(softplus, 2), log(softplus)},
      {"variance", power(stored, 0.5), stored, half(log(stored))},
      {"log_variance", exp(half(stored)), exp(stored), half(stored)},
      {"precision", power(stored, -0.5), power(stored, -1),
       algebra.scale(log(stored), -0.5)},
  };
}

/// Whether an expression is random, or elements of an argument that the step
/// does not change.
static bool isNoise(Recognition &recognition, Expr expr) {
  Graph &graph = recognition.getGraph();
  if (graph.isRandom(expr))
    return true;
  if (expr->terms.size() != 1 || expr->terms.front().factors.size() != 1)
    return false;
  const Factor &factor = expr->terms.front().factors.front();
  std::optional<unsigned> argument = graph.getArgument(factor.atom);
  return factor.power == 1 && argument && !recognition.getNewValue(*argument);
}

/// The places at which a sum reads the mean, if that is a term of it.
static const Atom *findMean(Graph &graph, Expr sum, unsigned mean) {
  for (const Term &term : sum->terms)
    if (term.coefficient == 1 && term.factors.size() == 1 &&
        term.factors.front().power == 1 &&
        graph.getArgument(term.factors.front().atom) == mean)
      return term.factors.front().atom;
  return nullptr;
}

std::optional<Spread>
mlir::fisher::recognition::findSpread(Recognition &recognition, unsigned mean) {
  Graph &graph = recognition.getGraph();
  Algebra &algebra = graph.getAlgebra();
  LinearForms forms(algebra);
  for (const Node *node : graph.getValues()) {
    Expr sum = graph.getElement(node);
    const Atom *center =
        sum->terms.size() == 2 ? findMean(graph, sum, mean) : nullptr;
    if (!center)
      continue;
    for (const Update &update : recognition.getUpdates()) {
      if (update.parameter == mean ||
          graph.getFunction().getArgument(update.parameter).getType() !=
              graph.getFunction().getArgument(mean).getType())
        continue;
      Expr stored = algebra.substitute(
          graph.getArgumentExpr(update.parameter),
          [&](Index index) { return center->places[index]; });
      for (const Chart &chart : getCharts(algebra, stored)) {
        Expr noise = forms.getCofactor(sum, chart.sigma);
        // One for each element: what is added to an input times a weight is no
        // mean.
        if (!noise->terms.empty() &&
            ArrayRef(noise->indices) == ArrayRef(center->indices) &&
            isNoise(recognition, noise))
          return Spread{update.parameter, chart.name};
      }
    }
  }
  return std::nullopt;
}
