//===- RemovedTerms.cpp - What is taken out of a step ---------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RemovedTerms.h"

#include "Charts.h"

#include "fisher/IR/JaxMarks.h"
#include "fisher/IR/Marks.h"

#include "mlir/IR/BuiltinTypes.h"

#include <cmath>

using namespace mlir;
using namespace mlir::fisher;
using namespace mlir::fisher::recognition;

/// What numbers may differ by, relatively, that are the same but for rounding.
static constexpr double tolerance = 1e-5;

namespace {
/// Finds the terms.
class Finder {
public:
  Finder(Recognition &recognition, Expansions &expansions, FindingKind kind)
      : recognition(recognition), graph(recognition.getGraph()),
        algebra(graph.getAlgebra()), forms(algebra), expansions(expansions),
        kind(kind) {}

  RemovedTerms find();

private:
  void addLossParts(const Finding &finding);
  Expr getDivergence(const Finding &finding);
  bool isMixed(const Finding &finding, Expr loss, Expr divergence);
  void addDecay(const Finding &finding);
  void addGradientParts(unsigned argument, Expr gradient, const Update *update,
                        Expr part);
  Expr getGradientPart(const Finding &finding, unsigned argument,
                       Expr gradient);
  /// The terms that depend on these arguments, besides scalars, and on no other
  /// tensor.
  Expr getTermsOf(Expr expr, ArrayRef<unsigned> arguments);
  bool dependsOnlyOn(Expr expr, ArrayRef<unsigned> arguments, bool &isAny);
  Expr getElement(const Node *node) {
    return expansions.get(node, /*asElement=*/true);
  }
  void addPart(std::map<unsigned, Expr> &parts, unsigned result, Expr part,
               unsigned parameter) {
    Expr &sum = parts[result];
    sum = sum ? algebra.add(sum, part) : part;
    terms.parameterOf[result] = parameter;
  }

  Recognition &recognition;
  Graph &graph;
  Algebra &algebra;
  LinearForms forms;
  Expansions &expansions;
  FindingKind kind;
  RemovedTerms terms;
};
} // namespace

//===----------------------------------------------------------------------===//
// Expressions
//===----------------------------------------------------------------------===//

Expr Expansions::expand(Expr expr) {
  while (true) {
    Expr next = algebra.expand(expr);
    if (next == expr)
      return expr;
    expr = next;
  }
}

Expr Expansions::get(const Node *node, bool asElement) {
  if (!asElement)
    return expand(graph.getExpr(node));
  auto [entry, isNew] = elements.try_emplace(node);
  if (isNew)
    entry->second = expand(graph.getElement(node));
  return entry->second;
}

const Term *mlir::fisher::recognition::findTerm(Expr expr, const Term &like) {
  for (const Term &term : expr->terms)
    if (term.factors == like.factors)
      return &term;
  return nullptr;
}

bool Expansions::isClose(Expr a, Expr b) {
  // Terms are in order.
  return a == b ||
         llvm::equal(a->terms, b->terms, [](const Term &a, const Term &b) {
           return a.factors == b.factors &&
                  std::abs(a.coefficient - b.coefficient) <=
                      tolerance * std::abs(a.coefficient);
         });
}

Expr Expansions::snap(Expr part, Expr whole) {
  Expr result = algebra.getNumber(0);
  for (const Term &term : part->terms) {
    const Term *found = findTerm(whole, term);
    bool isSame = found && std::abs(found->coefficient - term.coefficient) <=
                               tolerance * std::abs(term.coefficient);
    result = algebra.add(result, algebra.getTerm(isSame ? *found : term));
  }
  return result;
}

Expr Expansions::select(Expr part, Expr whole) {
  Expr result = algebra.getNumber(0);
  for (const Term &term : part->terms)
    if (const Term *found = findTerm(whole, term))
      result = algebra.add(result, algebra.getTerm(*found));
  return result;
}

bool Finder::dependsOnlyOn(Expr expr, ArrayRef<unsigned> arguments,
                           bool &isAny) {
  return llvm::all_of(expr->terms, [&](const Term &term) {
    return llvm::all_of(term.factors, [&](const Factor &factor) {
      if (isPlainScalar(algebra.getTerm({1.0, {factor}})))
        return true;
      if (factor.atom->kind == Atom::Kind::leaf) {
        std::optional<unsigned> argument = graph.getArgument(factor.atom);
        isAny |= argument && llvm::is_contained(arguments, *argument);
        return argument && llvm::is_contained(arguments, *argument);
      }
      return llvm::all_of(factor.atom->operands, [&](Expr operand) {
        return dependsOnlyOn(operand, arguments, isAny);
      });
    });
  });
}

Expr Finder::getTermsOf(Expr expr, ArrayRef<unsigned> arguments) {
  Expr result = algebra.getNumber(0);
  for (const Term &term : expr->terms) {
    bool isAny = false;
    Expr one = algebra.getTerm(term);
    if (dependsOnlyOn(one, arguments, isAny) && isAny)
      result = algebra.add(result, one);
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Gradients and new values
//===----------------------------------------------------------------------===//

/// The gradient of what the finding adds to the loss.
Expr Finder::getGradientPart(const Finding &finding, unsigned argument,
                             Expr gradient) {
  Expr old = graph.getArgumentExpr(argument);
  Expr pull = forms.getCoefficient(gradient, old);
  if (const Coefficient *strength = finding.getCoefficient("strength")) {
    // In the gradient it is rounded otherwise than in the loss.
    if (expansions.isClose(strength->expr, pull))
      return algebra.multiply(pull, old);
    return algebra.multiply(strength->expr, old);
  }
  if (argument != finding.arguments.front())
    return getTermsOf(gradient, argument);
  Expr sigma = finding.getCoefficient("prior_sigma")->expr;
  Expr mean = finding.getCoefficient("prior_mean")->expr;
  Expr scale = algebra.multiply(finding.getCoefficient("weight")->expr,
                                algebra.power(sigma, -2));
  if (expansions.isClose(scale, pull))
    scale = pull;
  return algebra.multiply(scale, algebra.subtract(old, mean));
}

void Finder::addGradientParts(unsigned argument, Expr gradient,
                              const Update *update, Expr part) {
  if (part->terms.empty())
    return;
  Expr whole = expansions.expand(gradient);
  terms.anchors.push_back({gradient, part, argument});
  if (whole != gradient)
    terms.anchors.push_back({whole, part, argument});
  // Results that have a multiple of the gradient without it being a value.
  ArrayRef<const Node *> results = graph.getResults();
  for (unsigned number = 0; number != results.size(); ++number) {
    Expr ratio = nullptr;
    if (update && update->result == number) {
      ratio = recognition.getShare(*update, number);
      if (!ratio && update->optimizer == FindingKind::sgd)
        ratio = algebra.scale(update->learningRate, -1);
    } else if (results[number]->rank != 0) {
      Expr all = getElement(results[number]);
      ratio = forms.getRatio(expansions.select(part, all), part);
      // The gradient as a whole is in it.
      if (ratio && (!isPlainScalar(ratio) ||
                    !expansions.isClose(algebra.multiply(ratio, whole),
                                        expansions.select(whole, all))))
        ratio = nullptr;
    }
    if (ratio)
      addPart(terms.resultParts, number, algebra.multiply(ratio, part),
              argument);
  }
}

void Finder::addDecay(const Finding &finding) {
  unsigned argument = finding.arguments.front();
  Expr strength = finding.getCoefficient("strength")->expr;
  for (const Update &update : recognition.getUpdates())
    if (update.parameter == argument)
      addPart(terms.resultParts, update.result,
              algebra.scale(algebra.multiply(
                                algebra.multiply(update.learningRate, strength),
                                graph.getArgumentExpr(argument)),
                            -1),
              argument);
}

//===----------------------------------------------------------------------===//
// Losses
//===----------------------------------------------------------------------===//

/// β Σ [log(s₀/s) + (s² + (m - m₀)²) / (2 s₀²) - 1/2]
Expr Finder::getDivergence(const Finding &finding) {
  unsigned mean = finding.arguments[0], spread = finding.arguments[1];
  double sigma = *finding.getCoefficient("prior_sigma")->expr->getNumber();
  double center = *finding.getCoefficient("prior_mean")->expr->getNumber();
  StringRef name;
  for (NamedAttribute fact : finding.facts)
    if (fact.getName() == "chart")
      name = cast<StringAttr>(fact.getValue());
  SmallVector<Chart> charts = getCharts(algebra, graph.getArgumentExpr(spread));
  const Chart &chart = *llvm::find_if(
      charts, [&](const Chart &chart) { return chart.name == name; });
  Expr shifted =
      algebra.subtract(graph.getArgumentExpr(mean), algebra.getNumber(center));
  Expr half = algebra.scale(
      algebra.add(chart.variance, algebra.expand(algebra.power(shifted, 2))),
      0.5 / (sigma * sigma));
  Expr each = algebra.subtract(half, chart.logSigma);
  Expr sum = graph.sumOver(mean, expansions.expand(each));
  auto type =
      cast<RankedTensorType>(graph.getFunction().getArgument(mean).getType());
  if (type.hasStaticShape())
    sum = algebra.add(sum, algebra.getNumber(type.getNumElements() *
                                             (std::log(sigma) - 0.5)));
  return expansions.expand(
      algebra.multiply(finding.getCoefficient("weight")->expr, sum));
}

/// Nothing tells whether terms of the spread's gradient are the divergence's
/// if the loss has others that depend on the spread.
bool Finder::isMixed(const Finding &finding, Expr loss, Expr divergence) {
  unsigned spread = finding.arguments[1];
  if (llvm::none_of(
          recognition.getUpdates(),
          [&](const Update &update) { return update.parameter == spread; }) &&
      !findResult(graph.getFunction(), marks::gradientOf,
                  getArgumentNames(graph.getFunction())[spread]))
    return false;
  Expr all = getTermsOf(loss, finding.arguments);
  Expr others = algebra.subtract(all, expansions.select(divergence, all));
  return getTermsOf(others, finding.arguments[0]) != others;
}

void Finder::addLossParts(const Finding &finding) {
  unsigned argument = finding.arguments.front();
  Expr squares = graph.sumOver(
      argument, algebra.power(graph.getArgumentExpr(argument), 2));
  for (auto [number, node] : llvm::enumerate(graph.getResults())) {
    if (node->rank != 0)
      continue;
    Expr loss = expansions.get(node, /*asElement=*/false);
    Expr half = forms.getCoefficient(loss, squares);
    if (half->terms.empty())
      continue;
    Expr part = algebra.multiply(half, squares);
    if (kind == FindingKind::kl_to_prior) {
      part = getDivergence(finding);
      if (isMixed(finding, loss, part))
        terms.mixed = argument;
    }
    addPart(terms.lossParts, number, part, argument);
  }
}

RemovedTerms Finder::find() {
  StepMarks marks = getMarks(graph.getFunction());
  for (const Finding &finding : recognition.getFindings()) {
    if (finding.kind != kind)
      continue;
    if (kind == FindingKind::weight_decay) {
      addDecay(finding);
      continue;
    }
    if (kind != FindingKind::l2_gradient)
      addLossParts(finding);
    for (unsigned argument : finding.arguments) {
      for (const Update &update : recognition.getUpdates())
        if (update.parameter == argument)
          addGradientParts(argument, update.gradient, &update,
                           getGradientPart(finding, argument,
                                           expansions.expand(update.gradient)));
      // Gradients that are returned.
      for (auto [number, list] : llvm::enumerate(marks.results))
        if (marks.findArgument(StepMarks::getText(list, marks::gradientOf)) ==
            argument) {
          terms.resultParts.erase(number);
          addPart(terms.resultParts, number,
                  getGradientPart(finding, argument,
                                  getElement(graph.getResults()[number])),
                  argument);
        }
    }
  }
  // Constants may be left out of a loss.
  for (auto &[number, part] : terms.lossParts) {
    Expr loss = expansions.get(graph.getResults()[number], /*asElement=*/false);
    Expr there = algebra.getNumber(0);
    for (const Term &term : part->terms)
      if (findTerm(loss, term))
        there = algebra.add(there, algebra.getTerm(term));
    part = there;
  }
  return std::move(terms);
}

RemovedTerms mlir::fisher::recognition::findRemovedTerms(
    Recognition &recognition, Expansions &expansions, FindingKind kind) {
  return Finder(recognition, expansions, kind).find();
}
