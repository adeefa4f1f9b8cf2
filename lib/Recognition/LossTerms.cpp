//===- LossTerms.cpp - Finds regularizers in the loss ---------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Charts.h"
#include "Matcher.h"

#include "fisher/IR/Marks.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"

#include <cmath>

using namespace mlir;
using namespace mlir::fisher;
using namespace mlir::fisher::recognition;

/// A sum's only term without its number.
static std::pair<Expr, double> getPart(Algebra &algebra, Expr sum) {
  if (sum->terms.size() != 1)
    return {nullptr, 0};
  Term term = sum->terms.front();
  double number = term.coefficient;
  term.coefficient = 1;
  return {algebra.getTerm(term), number};
}

/// β Σ [log(s₀/s) + (s² + (m - m₀)²) / (2 s₀²) - 1/2]
void Matcher::findKl(Expr loss) {
  unsigned numArguments = function.getNumArguments();
  for (unsigned spread = 0; spread != numArguments; ++spread) {
    if (!isTensor(spread) || takenMeans.contains(spread))
      continue;
    for (const Chart &chart :
         getCharts(algebra, graph.getArgumentExpr(spread))) {
      auto [logs, logNumber] =
          getPart(algebra, graph.sumOver(spread, chart.logSigma));
      auto [squares, squareNumber] =
          getPart(algebra, graph.sumOver(spread, chart.variance));
      if (!logs || !squares)
        continue;
      Expr weight =
          algebra.scale(forms.getCoefficient(loss, logs), -1 / logNumber);
      Expr half =
          algebra.scale(forms.getCoefficient(loss, squares), 1 / squareNumber);
      if (weight->terms.empty() || half->terms.empty() ||
          !mayBePositive(weight))
        continue;
      Expr ratio = forms.getRatio(half, weight);
      std::optional<double> number = ratio ? ratio->getNumber() : std::nullopt;
      if (!number || *number <= 0)
        continue;
      double priorSigma = std::sqrt(0.5 / *number);
      // The mean has the same weight; among several it is that of the same sum,
      // then the nearest argument.
      struct Mean {
        size_t terms;
        unsigned distance, argument;
        Value value;
      };
      std::optional<Mean> best;
      for (unsigned mean = 0; mean != numArguments; ++mean) {
        if (mean == spread || takenMeans.contains(mean) || !isTensor(mean) ||
            function.getArgument(mean).getType() !=
                function.getArgument(spread).getType())
          continue;
        Expr part = getSquares(mean);
        if (!forms.areEqual(forms.getCoefficient(loss, part), half))
          continue;
        // Where the gradient is known, the term is in it.
        if (auto found = gradients.find(mean); found != gradients.end()) {
          Expr pull =
              forms.getCoefficient(found->second, graph.getArgumentExpr(mean));
          if (!forms.areEqual(pull, algebra.scale(half, 2)))
            continue;
        }
        Value value = findValueWith({logs, squares, part});
        size_t terms = 0;
        for (const Node *node : graph.getValues())
          if (value && graph.getOrigin(node) == value)
            terms = graph.getExpr(node)->terms.size();
        Mean candidate{terms, mean > spread ? mean - spread : spread - mean,
                       mean, value};
        if (!best || std::pair(candidate.terms, candidate.distance) <
                         std::pair(best->terms, best->distance))
          best = candidate;
      }
      if (!best)
        continue;
      auto [line, lineNumber] = getPart(
          algebra,
          graph.sumOver(best->argument, graph.getArgumentExpr(best->argument)));
      Expr linear = forms.getCoefficient(loss, line);
      double priorMean = 0;
      if (!linear->terms.empty()) {
        Expr shift = forms.getRatio(linear, half);
        if (!shift || !shift->getNumber())
          continue;
        priorMean = -*shift->getNumber() / 2;
      }
      takenMeans.insert(best->argument);
      takenMeans.insert(spread);
      pulls[best->argument].explained += 2 * half->getNumber().value_or(0);
      if (chart.name == "sigma")
        pulls[spread].explained += 2 * half->getNumber().value_or(0);
      Finding finding(FindingKind::kl_to_prior);
      finding.arguments = {best->argument, spread};
      finding.coefficients = {
          makeCoefficient("weight", weight, spread),
          makeCoefficient("prior_mean", algebra.getNumber(priorMean), spread),
          makeCoefficient("prior_sigma", algebra.getNumber(priorSigma),
                          spread)};
      Builder builder(function.getContext());
      finding.facts = {
          builder.getNamedAttr("chart", builder.getStringAttr(chart.name))};
      finding.values = {best->value};
      recognition.findings.push_back(std::move(finding));
      break;
    }
  }
}

/// λ/2 Σp²
void Matcher::findL2(Expr loss) {
  for (unsigned argument = 0, e = function.getNumArguments(); argument != e;
       ++argument) {
    if (!isTensor(argument) || takenMeans.contains(argument))
      continue;
    Expr squares = getSquares(argument);
    Expr old = graph.getArgumentExpr(argument);
    if (squares->terms.size() != 1 ||
        !squares->terms.front().factors.front().atom->isSum())
      continue;
    Expr half = forms.getCoefficient(loss, squares);
    if (half->terms.empty() || !mayBePositive(half))
      continue;
    // The square of an error that the parameter is a part of, (p - x)², has no
    // p² of its own.
    bool isWritten = llvm::any_of(graph.getValues(), [&](const Node *node) {
      Expr expr =
          node->rank == 0 ? graph.getExpr(node) : graph.getElement(node);
      if (expr->terms.size() != 1 || expr->terms.front().factors.size() != 1)
        return false;
      const Factor &factor = expr->terms.front().factors.front();
      return factor == squares->terms.front().factors.front() ||
             (factor.power == 2 && graph.getArgument(factor.atom) == argument);
    });
    if (!isWritten)
      continue;
    Expr strength = algebra.scale(half, 2);
    if (auto found = gradients.find(argument); found != gradients.end()) {
      Expr pull = forms.getCoefficient(found->second, old);
      std::optional<double> all = pull->getNumber(),
                            part = strength->getNumber();
      // Where the gradient is known, the term is in it.
      if (all && part ? *all < *part * (1 - 1e-5)
                      : !forms.areEqual(pull, strength))
        continue;
      if (!part)
        pulls.erase(argument);
    }
    if (pulls.count(argument))
      pulls[argument].explained += strength->getNumber().value_or(0);
    Finding finding(FindingKind::l2_loss);
    finding.arguments = {argument};
    finding.coefficients = {makeCoefficient("strength", strength, argument)};
    finding.values = {findValueWith(squares)};
    recognition.findings.push_back(std::move(finding));
  }
}

void Matcher::findLossTerms() {
  SmallVector<unsigned> losses;
  ArrayRef<const Node *> results = graph.getResults();
  for (unsigned result = 0; result != results.size(); ++result) {
    if (StepMarks::getText(marks.results[result], marks::role) == "loss") {
      losses = {result};
      break;
    }
    auto type = dyn_cast<RankedTensorType>(function.getResultTypes()[result]);
    if (type && type.getRank() == 0 && isa<FloatType>(type.getElementType()) &&
        llvm::none_of(pairs, [&](const Pair &pair) {
          return pair.result == result && pair.role != Role::open &&
                 pair.role != Role::none;
        }))
      losses.push_back(result);
  }
  for (unsigned result : losses) {
    Expr loss = graph.getExpr(results[result]);
    findKl(loss);
    findL2(loss);
  }
}

/// What pulls a parameter to zero and is not of the loss.
void Matcher::findGradientTerms() {
  for (const auto &entry : gradients) {
    unsigned argument = entry.first;
    Expr gradient = entry.second;
    Expr old = graph.getArgumentExpr(argument);
    if (!pulls.count(argument)) {
      bool isUpdate = llvm::any_of(recognition.updates, [&](const Update &u) {
        return u.parameter == argument;
      });
      Expr strength = forms.getCoefficient(gradient, old);
      if (isUpdate || strength->terms.empty())
        continue;
      bool isInLoss =
          llvm::any_of(recognition.findings, [&](const Finding &finding) {
            return (finding.kind == FindingKind::l2_loss ||
                    finding.kind == FindingKind::kl_to_prior) &&
                   finding.arguments.front() == argument;
          });
      if (isInLoss)
        continue;
      pulls[argument].strength = strength;
    }
    Pull &pull = pulls[argument];
    if (!pull.strength)
      continue;
    if (std::optional<double> number = pull.strength->getNumber()) {
      double left = *number - pull.explained;
      if (std::abs(left) <= 1e-5 * std::abs(*number))
        continue;
      pull.strength = algebra.getNumber(left);
    }
    if (!mayBePositive(pull.strength))
      continue;
    if (hasCenter(gradient, pull.strength))
      continue;
    Finding finding(FindingKind::l2_gradient);
    finding.arguments = {argument};
    finding.coefficients = {
        makeCoefficient("strength", pull.strength, argument, pull.error)};
    for (const Pair &pair : pairs)
      if (pair.role == Role::update && pair.argument == argument)
        finding.values = {findMultiple(pull.strength, pair)};
    if (finding.values.empty())
      if (Value value = findValue(algebra.multiply(pull.strength, old)))
        finding.values = {value};
    recognition.findings.push_back(std::move(finding));
  }
}
