//===- Matcher.cpp - Finds optimizers and regularizers --------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Matcher.h"

#include "fisher/IR/Marks.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/STLExtras.h"

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

/// The relative distance of neighbouring numbers of a type.
static double getEpsilon(Type type) {
  auto element = dyn_cast<FloatType>(getElementTypeOrSelf(type));
  if (!element)
    return std::ldexp(1.0, -40);
  // Coefficients have 40 bits.
  return std::ldexp(1.0, 1 - int(std::min(element.getFPMantissaWidth(), 40u)));
}

double Matcher::getPrecision(unsigned argument) {
  return getEpsilon(function.getArgument(argument).getType());
}

/// The shortest decimal number within `error` of a number.
static double roundToDecimal(double number, double error) {
  for (int digits = 1; digits <= 15; ++digits) {
    char text[32];
    std::snprintf(text, sizeof(text), "%.*g", digits, number);
    double rounded = std::strtod(text, nullptr);
    if (std::abs(rounded - number) <= error)
      return rounded;
  }
  return number;
}

Coefficient Matcher::makeCoefficient(StringRef name, Expr expr,
                                     unsigned argument, double error) {
  std::optional<double> number = expr->getNumber();
  if (number)
    number = roundToDecimal(
        *number, std::max(error, std::abs(*number) * getPrecision(argument)));
  return {name, expr, number};
}

static bool isNumberBetween(Expr expr, double low, double high) {
  std::optional<double> number = expr->getNumber();
  return number && *number > low && *number < high;
}

/// Whether a scalar is a number in (0, 1), or not known.
static bool mayBeFraction(Expr expr) {
  return !expr->terms.empty() &&
         (!expr->getNumber() || isNumberBetween(expr, 0, 1));
}

/// Whether a scalar is positive as far as it is known: its numbers are.
static bool mayBePositive(Expr expr) {
  return !expr->terms.empty() && expr->terms.front().coefficient > 0;
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
  SmallVector<bool> isUpdated(numArguments), isTaken(results.size());
  auto addPair = [&](unsigned argument, unsigned result) {
    Pair pair;
    pair.argument = argument;
    pair.result = result;
    pair.old = graph.getArgumentExpr(argument);
    pair.next = graph.getExpr(results[result]);
    pair.keep = forms.getCoefficient(pair.next, pair.old);
    pair.rest = algebra.subtract(pair.next,
                                 algebra.multiply(pair.keep, pair.old));
    pairs.push_back(pair);
    isUpdated[argument] = isTaken[result] = true;
  };
  // What the step says itself.
  for (unsigned result = 0; result != results.size(); ++result) {
    const NamedAttrList &list = marks.results[result];
    std::optional<unsigned> argument =
        marks.findArgument(StepMarks::getText(list, marks::updates));
    if (argument && isTensor(*argument) && !isUpdated[*argument])
      addPair(*argument, result);
    isTaken[result] |= list.get(marks::updates) ||
                       list.get(marks::gradientOf) || list.get(marks::role);
  }
  // Otherwise a new value has the type of the old one and a multiple of it, the
  // largest that there is, in it.
  struct Candidate {
    double keep;
    unsigned argument, result;
  };
  std::vector<Candidate> candidates;
  for (unsigned result = 0; result != results.size(); ++result) {
    if (isTaken[result])
      continue;
    Expr next = graph.getExpr(results[result]);
    for (unsigned argument = 0; argument != numArguments; ++argument) {
      if (isUpdated[argument] || !isTensor(argument) ||
          function.getArgument(argument).getType() !=
              function.getResultTypes()[result])
        continue;
      Expr keep =
          forms.getCoefficient(next, graph.getArgumentExpr(argument));
      if (keep->terms.empty() || !mayBePositive(keep))
        continue;
      const Term &first = keep->terms.front();
      candidates.push_back(
          {first.factors.empty() ? std::min(first.coefficient, 2.0) : 0.0,
           argument, result});
    }
  }
  auto isOpen = [&](const Candidate &candidate) {
    return !isUpdated[candidate.argument] && !isTaken[candidate.result];
  };
  while (true) {
    llvm::erase_if(candidates, std::not_fn(isOpen));
    if (candidates.empty())
      break;
    // A result that could be the new value of one argument only comes first.
    auto isOnly = [&](const Candidate &candidate) {
      return llvm::count_if(candidates, [&](const Candidate &other) {
               return other.result == candidate.result;
             }) == 1;
    };
    auto best = llvm::max_element(
        candidates, [&](const Candidate &a, const Candidate &b) {
          return std::pair(isOnly(a), a.keep) < std::pair(isOnly(b), b.keep);
        });
    addPair(best->argument, best->result);
  }
  llvm::sort(pairs, [](const Pair &a, const Pair &b) {
    return a.argument < b.argument;
  });
  // Gradients that the step returns.
  for (unsigned result = 0; result != results.size(); ++result)
    if (std::optional<unsigned> argument = marks.findArgument(
            StepMarks::getText(marks.results[result], marks::gradientOf)))
      gradients[*argument] = graph.getExpr(results[result]);
}

//===----------------------------------------------------------------------===//
// Moving averages
//===----------------------------------------------------------------------===//

/// Whether next = keep * old + (1 - keep) * averaged.
bool Matcher::matchAverage(Pair &pair, Expr averaged) {
  if (!mayBeFraction(pair.keep) || pair.rest->terms.empty())
    return false;
  Expr share = forms.getRatio(pair.rest, averaged);
  if (!share || !isPlainScalar(share))
    return false;
  Expr sum = algebra.add(pair.keep, share);
  std::optional<double> number = sum->getNumber();
  return number &&
         std::abs(*number - 1) <= 2 * getPrecision(pair.argument);
}

void Matcher::findAverages() {
  for (Pair &pair : pairs)
    for (const Pair &other : pairs) {
      if (other.argument == pair.argument)
        continue;
      // Of the new value, or of the old one. A pair of averages of each other
      // is none.
      bool isOfNext = matchAverage(pair, other.next);
      if (!isOfNext && !matchAverage(pair, other.old))
        continue;
      if (!forms.getCofactor(other.next, pair.old)->terms.empty())
        continue;
      pair.isAverage = true;
      Finding finding(FindingKind::moving_average);
      finding.arguments = {other.argument};
      finding.states = {{"average_in", pair.argument}};
      finding.coefficients = {
          makeCoefficient("decay", pair.keep, pair.argument)};
      finding.facts = {Builder(function.getContext())
                           .getNamedAttr("of", StringAttr::get(
                                                   function.getContext(),
                                                   "parameter"))};
      finding.values = {getResultValue(pair)};
      recognition.findings.push_back(std::move(finding));
      break;
    }
}

/// Averages of gradients that no optimizer uses.
void Matcher::findGradientAverages() {
  for (Pair &pair : pairs) {
    if (pair.isAverage || pair.isState || pair.isUpdate)
      continue;
    for (auto [argument, gradient] : gradients) {
      if (argument == pair.argument || !matchAverage(pair, gradient))
        continue;
      pair.isAverage = true;
      Finding finding(FindingKind::moving_average);
      finding.arguments = {argument};
      finding.states = {{"average_in", pair.argument}};
      finding.coefficients = {
          makeCoefficient("decay", pair.keep, pair.argument)};
      finding.facts = {
          NamedAttribute(StringAttr::get(function.getContext(), "of"),
                         StringAttr::get(function.getContext(), "gradient"))};
      finding.values = {getResultValue(pair)};
      recognition.findings.push_back(std::move(finding));
      break;
    }
  }
}

//===----------------------------------------------------------------------===//
// Steps as they are written
//===----------------------------------------------------------------------===//

static const Node *skipReads(const Node *node) {
  while (node->kind == Node::Kind::read)
    node = node->operands.front();
  return node;
}

void Matcher::collectTerms(
    const Node *node, bool isNegative,
    SmallVectorImpl<std::pair<const Node *, bool>> &terms) {
  node = skipReads(node);
  if (node->kind == Node::Kind::add) {
    collectTerms(node->operands[0], isNegative, terms);
    collectTerms(node->operands[1], isNegative, terms);
    return;
  }
  if (node->kind == Node::Kind::multiply)
    for (unsigned side : {0, 1}) {
      std::optional<double> number =
          graph.getExpr(node->operands[side])->getNumber();
      if (number == 1.0 || number == -1.0)
        return collectTerms(node->operands[1 - side],
                            isNegative != (*number < 0), terms);
    }
  terms.push_back({node, isNegative});
}

/// The outermost scalar of a product.
std::optional<Matcher::Step> Matcher::getStep(const Node *node) {
  node = skipReads(node);
  if (node->kind != Node::Kind::multiply)
    return std::nullopt;
  for (unsigned side : {0, 1}) {
    Expr scalar = graph.getExpr(node->operands[side]);
    const Node *other = node->operands[1 - side];
    if (!isPlainScalar(scalar) || isPlainScalar(graph.getExpr(other)))
      continue;
    std::optional<double> number = scalar->getNumber();
    if (number == 1.0 || number == -1.0) {
      std::optional<Step> step = getStep(other);
      if (step)
        step->isNegative ^= *number < 0;
      return step;
    }
    bool isNegative = !mayBePositive(scalar);
    return Step{isNegative ? algebra.scale(scalar, -1) : scalar, isNegative};
  }
  for (const Node *operand : node->operands)
    if (std::optional<Step> step = getStep(operand))
      return step;
  return std::nullopt;
}

/// The scale that all terms share, but for multiples of the parameter itself and
/// of a state.
std::optional<Matcher::Step>
Matcher::getStepOfTerms(const Node *node, const Pair &pair,
                        const Pair *state) {
  SmallVector<std::pair<const Node *, bool>> terms;
  collectTerms(node, /*isNegative=*/false, terms);
  std::optional<Step> shared;
  for (auto [term, isNegative] : terms) {
    // What a term is in the loops of an operation may have other indices, so
    // multiples are told by their atoms.
    Expr expr = graph.getExpr(term);
    bool isMultiple = llvm::all_of(expr->terms, [&](const Term &product) {
      return llvm::all_of(product.factors, [&](const Factor &factor) {
        std::optional<unsigned> argument = graph.getArgument(factor.atom);
        return factor.atom->indices.empty() ||
               (factor.power == 1 && argument &&
                (*argument == pair.argument ||
                 (state && *argument == state->argument)));
      });
    });
    if (isMultiple)
      continue;
    std::optional<Step> step = getStep(term);
    // A sum in a product, -(η g + η λ p), has its scales inside.
    if (!step) {
      const Node *inner = skipReads(term);
      if (inner->kind == Node::Kind::multiply)
        return std::nullopt;
      return std::nullopt;
    }
    step->isNegative ^= isNegative;
    if (shared && (shared->size != step->size ||
                   shared->isNegative != step->isNegative))
      return std::nullopt;
    shared = step;
  }
  return shared;
}

//===----------------------------------------------------------------------===//
// Optimizers with state
//===----------------------------------------------------------------------===//

Value Matcher::getResultValue(const Pair &pair) {
  return function.getFunctionBody().front().getTerminator()->getOperand(
      pair.result);
}

void Matcher::addUpdate(Pair &pair, FindingKind kind, Expr learningRate,
                        Expr gradient, Finding finding) {
  pair.isUpdate = true;
  finding.kind = kind;
  finding.arguments = {pair.argument};
  finding.values = {getResultValue(pair)};
  recognition.updates.push_back(
      {pair.argument, pair.result, kind, learningRate, gradient});
  gradients[pair.argument] = gradient;
  Expr strength = forms.getCoefficient(gradient, pair.old);
  if (!strength->terms.empty())
    pulls[pair.argument].strength = strength;
  recognition.findings.push_back(std::move(finding));
}

/// `decay`: what is added to the parameter past the optimizer, a multiple of it.
void Matcher::addDecay(Pair &pair, Expr decay, Expr learningRate) {
  if (decay->terms.empty())
    return;
  Expr strength = forms.divide(algebra.scale(decay, -1), learningRate);
  if (!strength || !mayBePositive(strength))
    return;
  Finding finding(FindingKind::weight_decay);
  finding.arguments = {pair.argument};
  // 1 - η λ may be one constant, which is rounded as one.
  double error = 0;
  if (std::optional<double> rate = learningRate->getNumber();
      rate && std::abs(decay->getNumber().value_or(0)) > 0)
    if (!findValueWith({algebra.scale(decay, -1)}, /*isExact=*/true) &&
        !findValueWith({algebra.multiply(algebra.scale(decay, -1), pair.old)},
                       /*isExact=*/true))
      error = getPrecision(pair.argument) / *rate;
  finding.coefficients = {
      makeCoefficient("strength", strength, pair.argument, error)};
  Value term =
      findValueWith({algebra.multiply(algebra.scale(decay, -1), pair.old)},
                    /*isExact=*/true);
  finding.values = {term ? term : getResultValue(pair)};
  recognition.findings.push_back(std::move(finding));
}

void Matcher::findOptimizers() {
  for (Pair &pair : pairs) {
    if (pair.isAverage || !isNumberBetween(algebra.add(pair.keep,
                                                       algebra.getNumber(0)),
                                           -1e300, 1e300))
      if (pair.isAverage || pair.keep->terms.empty())
        continue;
    bool isFound = false;
    for (Pair &state : pairs) {
      if (&state == &pair || state.isAverage || isFound)
        continue;
      isFound = matchMoment(pair, state);
    }
    if (!isFound)
      matchRootMeanSquare(pair);
  }
}

/// p' = (1 - decay) p + scale * m', where m' = beta m + ... is a state's new
/// value and `scale` is no sum.
bool Matcher::matchMoment(Pair &pair, Pair &state) {
  Expr cofactor = forms.getCofactor(pair.rest, state.old);
  if (cofactor->terms.empty() || state.keep->terms.empty() ||
      !mayBeFraction(state.keep))
    return false;
  Expr scale = forms.divide(cofactor, state.keep);
  if (!scale)
    return false;
  Expr difference = algebra.subtract(pair.next, pair.old);
  Expr left = forms.subtract(difference, algebra.multiply(scale, state.next));
  if (!forms.getCofactor(left, state.old)->terms.empty())
    return false;
  if (isPlainScalar(scale))
    return matchMomentum(pair, state, state.keep, scale, state.rest, left);
  Expr decay = forms.getCoefficient(left, pair.old);
  if (!forms.areEqual(left, algebra.multiply(decay, pair.old)))
    return false;
  return matchAdam(pair, state, state.keep, scale, decay, state.rest);
}

/// `moment`: what is added to beta m, the gradient or a multiple of it; `left`:
/// what is added to the parameter besides scale * m'.
bool Matcher::matchMomentum(Pair &pair, Pair &state, Expr beta, Expr scale,
                            Expr moment, Expr left) {
  Expr pull = forms.getCoefficient(moment, pair.old);
  Expr force = algebra.subtract(moment, algebra.multiply(pull, pair.old));
  if (force->terms.empty())
    return false;
  // The step's own part of the gradient: Nesterov's look ahead.
  Expr decay = forms.getCoefficient(left, pair.old);
  Expr ahead = algebra.subtract(left, algebra.multiply(decay, pair.old));
  bool isNesterov = !ahead->terms.empty();
  if (isNesterov) {
    Expr ratio = forms.getRatio(ahead, force);
    if (!ratio || !forms.areEqual(algebra.multiply(ratio, beta), scale))
      return false;
    decay = forms.subtract(decay, algebra.multiply(ratio, pull));
    scale = ratio;
  }
  std::optional<Step> step =
      getStepOfTerms(graph.getResults()[state.result], pair, &state);
  Finding finding;
  Expr learningRate, gradient;
  if (scale->getNumber() == 1.0) {
    // The state holds steps, μ m - η g.
    if (!step || !step->isNegative)
      return false;
    learningRate = step->size;
    gradient = forms.divide(algebra.scale(moment, -1), learningRate);
  } else {
    learningRate = algebra.scale(scale, -1);
    gradient = moment;
    // (1 - dampening) g, if that is how it is written.
    if (step && !step->isNegative) {
      std::optional<double> sum =
          algebra.add(step->size, beta)->getNumber();
      if (sum && std::abs(*sum - 1) <= 2 * getPrecision(pair.argument)) {
        gradient = forms.divide(moment, step->size);
        finding.coefficients.push_back(
            makeCoefficient("dampening", beta, pair.argument));
      }
    }
  }
  if (!gradient || !mayBePositive(learningRate))
    return false;
  state.isState = true;
  finding.states = {{"momentum_in", state.argument}};
  finding.coefficients.insert(
      finding.coefficients.begin(),
      {makeCoefficient("learning_rate", learningRate, pair.argument),
       makeCoefficient("momentum", beta, pair.argument)});
  addUpdate(pair, isNesterov ? FindingKind::nesterov : FindingKind::momentum,
            learningRate, gradient, std::move(finding));
  addDecay(pair, decay, learningRate);
  return true;
}

/// What `moment` is of the squares of `gradient`, where the state's new value is
/// an average of them.
std::optional<double> Matcher::matchSquares(Pair &state, Expr gradient,
                                            std::optional<double> &decay) {
  decay = state.keep->getNumber();
  if (state.rest->terms.empty() || !mayBeFraction(state.keep))
    return std::nullopt;
  Expr ratio = forms.getRatio(state.rest, algebra.power(gradient, 2));
  return ratio ? ratio->getNumber() : std::nullopt;
}

std::optional<Matcher::Denominator>
Matcher::matchDenominator(Factor factor, Pair &state) {
  if (factor.power != -1 && factor.power != -0.5)
    return std::nullopt;
  Expr sum = factor.atom->kind == Atom::Kind::group
                 ? factor.atom->operands.front()
                 : algebra.getTerm({1.0, {{factor.atom, 1.0}}});
  double epsilon = 0;
  Expr root = sum;
  for (const Term &term : sum->terms)
    if (term.factors.empty()) {
      epsilon = term.coefficient;
      root = algebra.subtract(sum, algebra.getTerm(term));
    }
  bool isInside = factor.power == -0.5;
  Expr square = root;
  if (!isInside) {
    if (root->terms.size() != 1)
      return std::nullopt;
    square = algebra.expand(algebra.power(root, 2));
  }
  Expr scale = forms.getRatio(square, state.next);
  if (!scale || !isPlainScalar(scale) || scale->terms.size() != 1 ||
      scale->terms.front().coefficient <= 0 || epsilon < 0)
    return std::nullopt;
  return Denominator{factor, scale, epsilon, isInside};
}

Expr Matcher::takeBiasCorrection(Expr scale, std::optional<double> beta,
                                 double power, bool &isFound) {
  if (scale->terms.size() != 1)
    return scale;
  Expr result = algebra.getNumber(scale->terms.front().coefficient);
  for (const Factor &factor : scale->terms.front().factors) {
    Expr part = algebra.getTerm({1.0, {factor}});
    // 1 - exp(t log(beta)), up to a number.
    if (factor.atom->kind == Atom::Kind::group && factor.power == power &&
        !isFound) {
      Expr sum = factor.atom->operands.front();
      if (sum->terms.size() == 2 && sum->terms[0].factors.empty()) {
        double one = sum->terms[0].coefficient;
        const Term &other = sum->terms[1];
        bool isPower =
            other.factors.size() == 1 && other.coefficient * one < 0 &&
            other.factors.front().atom->isApply("exp") &&
            llvm::any_of(other.factors.front().atom->operands.front()->terms,
                         [&](const Term &term) {
                           return !beta ||
                                  std::abs(term.coefficient -
                                           std::log(*beta)) <=
                                      1e-4 * std::abs(std::log(*beta));
                         });
        if (isPower) {
          isFound = true;
          part = algebra.getNumber(std::pow(one, power));
        }
      }
    }
    result = algebra.multiply(result, part);
  }
  return result;
}

/// p' = (1 - decay) p + scale * m', where `scale` has the root of a second
/// moment, and `moment` is what m' adds to beta m.
bool Matcher::matchAdam(Pair &pair, Pair &state, Expr beta, Expr scale,
                        Expr decay, Expr moment) {
  // The first moment is an average of gradients.
  Expr share = algebra.subtract(algebra.getNumber(1), beta);
  Expr gradient = forms.divide(moment, share);
  if (!gradient)
    return false;
  for (Pair &second : pairs) {
    if (&second == &pair || &second == &state || second.isAverage)
      continue;
    std::optional<double> beta2;
    Expr squares = algebra.power(gradient, 2);
    Expr ratio = second.rest->terms.empty()
                     ? nullptr
                     : forms.getRatio(second.rest, squares);
    if (!ratio || !mayBeFraction(second.keep))
      continue;
    std::optional<double> sum = algebra.add(ratio, second.keep)->getNumber();
    if (!sum || std::abs(*sum - 1) > 4 * getPrecision(pair.argument))
      continue;
    beta2 = second.keep->getNumber();
    // All terms of the scale have the denominator.
    std::optional<Denominator> denominator;
    for (const Factor &factor : scale->terms.front().factors)
      if (!factor.atom->indices.empty())
        if ((denominator = matchDenominator(factor, second)))
          break;
    if (!denominator)
      continue;
    Expr rate = forms.getCofactor(
        scale, algebra.getTerm({1.0, {denominator->factor}}));
    if (!isPlainScalar(rate))
      continue;
    // √(s v + ...) with s = σ / (1 - beta2^t): divide both sides by √σ.
    bool isCorrected = false, isRateCorrected = false, isBoth = false;
    Expr sigma = takeBiasCorrection(denominator->scale, beta2, -1, isCorrected);
    if (!isCorrected)
      rate = takeBiasCorrection(rate, beta2, 0.5, isRateCorrected);
    rate = takeBiasCorrection(rate, beta->getNumber(), -1, isBoth);
    std::optional<double> number = sigma->getNumber();
    if (!number || *number <= 0)
      continue;
    double root = std::sqrt(*number);
    double epsilon =
        denominator->epsilon / (denominator->isInside ? *number : root);
    Expr learningRate = algebra.scale(rate, -1 / root);
    if (!mayBePositive(learningRate))
      continue;
    state.isState = second.isState = true;
    Finding finding;
    finding.states = {{"first_moment_in", state.argument},
                      {"second_moment_in", second.argument}};
    finding.coefficients = {
        makeCoefficient("learning_rate", learningRate, pair.argument),
        makeCoefficient("beta1", beta, pair.argument),
        makeCoefficient("beta2", second.keep, pair.argument),
        makeCoefficient("epsilon", algebra.getNumber(epsilon), pair.argument)};
    Builder builder(function.getContext());
    finding.facts = {
        builder.getNamedAttr(
            "bias_correction",
            builder.getBoolAttr(isBoth && (isCorrected || isRateCorrected))),
        builder.getNamedAttr("epsilon_inside_root",
                             builder.getBoolAttr(denominator->isInside))};
    addUpdate(pair, FindingKind::adam, learningRate, gradient,
              std::move(finding));
    addDecay(pair, decay, learningRate);
    return true;
  }
  return false;
}

/// p' = (1 - decay) p - η g / (√v' + ε).
bool Matcher::matchRootMeanSquare(Pair &pair) {
  if (pair.rest->terms.empty())
    return false;
  for (Pair &second : pairs) {
    if (&second == &pair || second.isAverage || second.rest->terms.empty() ||
        !mayBeFraction(second.keep))
      continue;
    for (const Factor &factor : pair.rest->terms.front().factors) {
      if (factor.atom->indices.empty())
        continue;
      std::optional<Denominator> denominator =
          matchDenominator(factor, second);
      if (!denominator)
        continue;
      Expr part = algebra.getTerm({1.0, {factor}});
      Expr force = forms.getCofactor(pair.rest, part);
      if (!forms.areEqual(algebra.multiply(force, part), pair.rest))
        continue;
      // The second moment tells how large the gradient is.
      Expr share = algebra.subtract(algebra.getNumber(1), second.keep);
      Expr ratio = forms.getRatio(second.rest, algebra.power(force, 2));
      std::optional<double> scale = denominator->scale->getNumber();
      if (!ratio || !scale)
        continue;
      Expr square = forms.divide(share, ratio);
      std::optional<Step> step =
          getStepOfTerms(graph.getResults()[pair.result], pair, nullptr);
      if (!square || square->terms.size() != 1 || !mayBePositive(square) ||
          !step || !step->isNegative)
        continue;
      Expr size = algebra.power(square, 0.5);
      Expr learningRate = algebra.scale(size, 1 / std::sqrt(*scale));
      Expr gradient = algebra.multiply(algebra.scale(force, -1),
                                       algebra.power(size, -1));
      second.isState = true;
      Finding finding;
      finding.states = {{"second_moment_in", second.argument}};
      finding.coefficients = {
          makeCoefficient("learning_rate", learningRate, pair.argument),
          makeCoefficient("decay", second.keep, pair.argument),
          makeCoefficient(
              "epsilon",
              algebra.getNumber(denominator->epsilon /
                                (denominator->isInside ? *scale
                                                       : std::sqrt(*scale))),
              pair.argument)};
      Builder builder(function.getContext());
      finding.facts = {
          builder.getNamedAttr("epsilon_inside_root",
                               builder.getBoolAttr(denominator->isInside))};
      addUpdate(pair, FindingKind::rmsprop, learningRate, gradient,
                std::move(finding));
      addDecay(pair, algebra.subtract(pair.keep, algebra.getNumber(1)),
               learningRate);
      return true;
    }
  }
  return false;
}

//===----------------------------------------------------------------------===//
// Plain gradient descent
//===----------------------------------------------------------------------===//

void Matcher::findDescents() {
  for (Pair &pair : pairs)
    if (!pair.isAverage && !pair.isState && !pair.isUpdate)
      matchDescent(pair);
}

bool Matcher::matchDescent(Pair &pair) {
  if (pair.rest->terms.empty() || pair.rest->getNumber() ||
      pair.keep->terms.empty())
    return false;
  // 1 - η λ
  Expr decay = algebra.subtract(pair.keep, algebra.getNumber(1));
  if (std::optional<double> number = decay->getNumber()) {
    if (*number > 0 || *number <= -0.5)
      return false;
  } else if (pair.keep->terms.front().factors.size() != 0 ||
             pair.keep->terms.front().coefficient != 1) {
    return false;
  }
  // No other state is in the gradient.
  for (const Pair &other : pairs)
    if (&other != &pair && !other.isAverage &&
        !forms.getCofactor(pair.rest, other.old)->terms.empty())
      return false;
  std::optional<Step> step =
      getStepOfTerms(graph.getResults()[pair.result], pair, nullptr);
  if (!step || !step->isNegative)
    return false;
  Expr change = algebra.subtract(pair.next, pair.old);
  Expr gradient = forms.divide(algebra.scale(change, -1), step->size);
  if (!gradient)
    return false;
  Expr pull = forms.getCoefficient(gradient, pair.old);
  // A step toward something is no decay: (1 - η) p + η x.
  if (!pull->terms.empty()) {
    if (!mayBePositive(pull))
      return false;
    for (const Term &term : gradient->terms)
      if (term.factors.size() == 1 &&
          term.factors.front().atom->kind == Atom::Kind::leaf &&
          algebra.getNumber(-term.coefficient) == pull)
        return false;
  }
  Finding finding;
  finding.coefficients = {
      makeCoefficient("learning_rate", step->size, pair.argument)};
  addUpdate(pair, FindingKind::sgd, step->size, gradient, std::move(finding));
  return true;
}

//===----------------------------------------------------------------------===//
// Terms of the loss
//===----------------------------------------------------------------------===//

Expr Matcher::getSum(Expr elements, unsigned argument) {
  auto type =
      cast<RankedTensorType>(function.getArgument(argument).getType());
  SmallVector<Index> bounds;
  SmallVector<int64_t> extents;
  for (auto [dimension, size] : llvm::enumerate(type.getShape()))
    if (size != 1) {
      bounds.push_back(dimension);
      extents.push_back(size);
    }
  return algebra.reduce("add", elements, bounds, extents);
}

Expr Matcher::getSquares(unsigned argument) {
  return getSum(algebra.power(graph.getArgumentExpr(argument), 2), argument);
}

Value Matcher::findValueWith(ArrayRef<Expr> parts, bool isExact) {
  Value best;
  size_t fewest = 0;
  for (const Node *node : graph.getValues()) {
    Expr expr = graph.getExpr(node);
    if (best && expr->terms.size() >= fewest)
      continue;
    if (isExact ? expr != parts.front()
                : !llvm::all_of(parts, [&](Expr part) {
                    return !forms.getCofactor(expr, part)->terms.empty();
                  }))
      continue;
    best = graph.getOrigin(node);
    fewest = expr->terms.size();
  }
  return best;
}

/// A sum's only term without its number.
static std::pair<Expr, double> getPart(Algebra &algebra, Expr sum) {
  if (sum->terms.size() != 1)
    return {nullptr, 0};
  Term term = sum->terms.front();
  double number = term.coefficient;
  term.coefficient = 1;
  return {algebra.getTerm(term), number};
}

namespace {
/// How the spread of a normal distribution is stored.
struct Chart {
  StringRef name;
  /// As a function of what is stored.
  Expr variance, logSigma;
};
} // namespace

static SmallVector<Chart> getCharts(Algebra &algebra, Expr stored) {
  Expr softplus = algebra.apply("softplus", stored);
  auto half = [&](Expr expr) { return algebra.scale(expr, 0.5); };
  auto log = [&](Expr expr) { return algebra.apply("log", expr); };
  auto exp = [&](Expr expr) { return algebra.apply("exp", expr); };
  return {
      {"sigma", algebra.power(stored, 2), log(stored)},
      {"log_sigma", exp(algebra.scale(stored, 2)), stored},
      {"softplus", algebra.power(softplus, 2), log(softplus)},
      {"variance", stored, half(log(stored))},
      {"log_variance", exp(stored), half(stored)},
      {"precision", algebra.power(stored, -1), algebra.scale(log(stored), -0.5)},
  };
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
          getPart(algebra, getSum(chart.logSigma, spread));
      auto [squares, squareNumber] =
          getPart(algebra, getSum(chart.variance, spread));
      if (!logs || !squares)
        continue;
      Expr weight = algebra.scale(forms.getCoefficient(loss, logs),
                                  -1 / logNumber);
      Expr half = algebra.scale(forms.getCoefficient(loss, squares),
                                1 / squareNumber);
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
          Expr pull = forms.getCoefficient(found->second,
                                           graph.getArgumentExpr(mean));
          if (!forms.areEqual(pull, algebra.scale(half, 2)))
            continue;
        }
        Value value = findValueWith({logs, squares, part});
        size_t terms = 0;
        for (const Node *node : graph.getValues())
          if (graph.getOrigin(node) == value)
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
          algebra, getSum(graph.getArgumentExpr(best->argument),
                          best->argument));
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
      finding.facts = {builder.getNamedAttr("chart",
                                            builder.getStringAttr(chart.name))};
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
    // (p - x)² is a distance to something else.
    const Atom *sum = squares->terms.front().factors.front().atom;
    bool hasOther = llvm::any_of(loss->terms, [&](const Term &term) {
      return llvm::any_of(term.factors, [&](const Factor &factor) {
        if (!factor.atom->isSum() || factor.atom->extents != sum->extents)
          return false;
        ArrayRef<Factor> body =
            factor.atom->operands.front()->terms.front().factors;
        return llvm::any_of(body, [&](const Factor &inner) {
          return inner.power == 1 && graph.getArgument(inner.atom) == argument;
        });
      });
    });
    if (hasOther)
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
          return pair.result == result;
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
    // λ (p - x) is a pull to something else.
    bool hasOther = llvm::any_of(gradient->terms, [&](const Term &term) {
      return term.factors.size() == 1 &&
             term.factors.front().atom->kind == Atom::Kind::leaf &&
             algebra.getNumber(-term.coefficient) == pull.strength;
    });
    if (hasOther)
      continue;
    Finding finding(FindingKind::l2_gradient);
    finding.arguments = {argument};
    finding.coefficients = {
        makeCoefficient("strength", pull.strength, argument)};
    Value term = findValueWith({algebra.multiply(pull.strength, old)},
                               /*isExact=*/true);
    for (const Pair &pair : pairs)
      if (!term && pair.argument == argument)
        term = getResultValue(pair);
    if (term)
      finding.values = {term};
    recognition.findings.push_back(std::move(finding));
  }
}

//===----------------------------------------------------------------------===//
// Dropout
//===----------------------------------------------------------------------===//

void Matcher::findDropout() {
  // Masks: a comparison of noise and a constant between 0 and 1.
  struct Mask {
    const Node *node;
    const Atom *atom;
    const Atom *noise;
    double keep;
    /// Whether 1 - atom is the factor.
    bool isOpposite;
  };
  SmallVector<Mask> masks;
  llvm::DenseSet<const Atom *> seen;
  for (const Node *node : graph.getValues()) {
    for (const Term &term : graph.getExpr(node)->terms)
      for (const Factor &factor : term.factors) {
        const Atom *atom = factor.atom;
        if ((!atom->isApply("lt") && !atom->isApply("le")) ||
            !seen.insert(atom).second)
          continue;
        for (unsigned side : {0, 1}) {
          Expr noise = atom->operands[side];
          std::optional<double> threshold =
              atom->operands[1 - side]->getNumber();
          if (!threshold || *threshold <= 0 || *threshold >= 1 ||
              noise->terms.size() != 1 ||
              noise->terms.front().coefficient != 1 ||
              noise->terms.front().factors.size() != 1)
            continue;
          masks.push_back({node, atom,
                           noise->terms.front().factors.front().atom,
                           side == 0 ? *threshold : 1 - *threshold, false});
        }
      }
  }
  for (Mask &mask : masks) {
    std::optional<unsigned> argument = graph.getArgument(mask.noise);
    if (!argument && !graph.isRandom(mask.noise))
      continue;
    // Noise is used for nothing else.
    if (argument) {
      StringRef distribution =
          StepMarks::getText(marks.arguments[*argument], marks::distribution);
      if (!distribution.empty() && distribution != "uniform")
        continue;
      bool isUsed = false;
      for (const Node *node : graph.getValues())
        for (const Term &term : graph.getExpr(node)->terms)
          for (const Factor &factor : term.factors)
            isUsed |= factor.atom != mask.atom && factor.atom != mask.noise &&
                      factor.atom->kind == Atom::Kind::apply &&
                      llvm::is_contained(
                          factor.atom->operands,
                          algebra.getTerm({1.0, {{mask.noise, 1.0}}}));
      for (const Node *node : graph.getValues())
        for (const Term &term : graph.getExpr(node)->terms)
          if (term.factors.size() > 1 || term.coefficient != 1)
            isUsed |= llvm::any_of(term.factors, [&](const Factor &factor) {
              return factor.atom == mask.noise;
            });
      if (isUsed)
        continue;
    }
    // What it multiplies, with or without 1 / keep. A mask that keeps where the
    // comparison is false is 1 - atom.
    Expr truth = algebra.getTerm({1.0, {{mask.atom, 1.0}}});
    llvm::DenseSet<Expr> known;
    for (const Node *node : graph.getValues())
      known.insert(graph.getExpr(node));
    Value product;
    bool isScaled = false;
    double keep = 0;
    for (bool isOpposite : {false, true}) {
      double share = isOpposite ? 1 - mask.keep : mask.keep;
      Expr factor = isOpposite
                        ? algebra.subtract(algebra.getNumber(1), truth)
                        : truth;
      for (const Node *node : graph.getValues()) {
        Expr expr = graph.getExpr(node);
        if (expr->terms.empty() || isPlainScalar(expr))
          continue;
        Expr rest = forms.getCofactor(expr, truth);
        if (isOpposite)
          rest = algebra.scale(rest, -1);
        if (rest->terms.empty() || rest->getNumber() ||
            !forms.areEqual(algebra.multiply(factor, rest), expr))
          continue;
        bool isPlain = known.contains(rest);
        bool isDivided = known.contains(algebra.scale(rest, share));
        for (Expr other : known)
          if (!isDivided && !isPlain)
            isDivided = forms.areEqual(algebra.scale(rest, share), other);
        if (!isPlain && !isDivided)
          continue;
        if (!product)
          product = graph.getOrigin(node);
        keep = share;
        isScaled |= isDivided;
      }
      if (product)
        break;
    }
    if (!product)
      continue;
    Finding finding(FindingKind::dropout);
    if (argument)
      finding.arguments = {*argument};
    double precision = getEpsilon(product.getType());
    finding.coefficients = {{"keep", algebra.getNumber(keep),
                             roundToDecimal(keep, precision)}};
    Builder builder(function.getContext());
    finding.facts = {
        builder.getNamedAttr("is_scaled", builder.getBoolAttr(isScaled))};
    finding.values = {graph.getOrigin(mask.node), product};
    recognition.findings.push_back(std::move(finding));
  }
}

//===----------------------------------------------------------------------===//
// Entropy
//===----------------------------------------------------------------------===//

/// β Σ p log p with p = exp(x) / Σ exp(x).
void Matcher::findEntropy() {
  // Sums of exponentials over one index.
  llvm::SetVector<const Atom *> sums;
  for (const Node *node : graph.getValues())
    for (const Term &term : graph.getExpr(node)->terms)
      for (const Factor &factor : term.factors)
        if (factor.atom->isSum() && factor.atom->extents.size() == 1) {
          const Term &body =
              factor.atom->operands.front()->terms.front();
          if (body.factors.size() == 1 &&
              body.factors.front().atom->isApply("exp"))
            sums.insert(factor.atom);
        }
  for (unsigned result = 0; result != graph.getResults().size(); ++result) {
    auto type = dyn_cast<RankedTensorType>(function.getResultTypes()[result]);
    if (!type || type.getRank() != 0 ||
        !isa<FloatType>(type.getElementType()))
      continue;
    Expr loss = graph.getExpr(graph.getResults()[result]);
    for (const Atom *sum : sums) {
      // The distributions are numbered by what the sum still depends on. How
      // many there are the loss tells: look for the sum of p x over all.
      if (sum->indices.empty())
        continue;
      for (const Term &term : loss->terms)
        for (const Factor &factor : term.factors) {
          if (!factor.atom->isSum() ||
              factor.atom->extents.size() != sum->indices.size())
            continue;
          // Σ_r (Σ_j e x) / (Σ_j e), in the indices of its own body.
          const Atom *outer = factor.atom;
          const Term &body = outer->operands.front()->terms.front();
          for (const Factor &inverse : body.factors) {
            if (inverse.power != -1 || !inverse.atom->isSum() ||
                inverse.atom->operands != sum->operands)
              continue;
            const Atom *own = inverse.atom;
            constexpr Index chosen = Index(1) << 20;
            Expr exponential = algebra.substitute(
                own->operands.front(), [&](Index index) {
                  return index < firstBound ? own->places[index] : chosen;
                });
            Expr total = algebra.getTerm({1.0, {{own, 1.0}}});
            Expr exponent = algebra.apply("log", exponential);
            Expr p = algebra.multiply(exponential, algebra.power(total, -1));
            Expr plogp = algebra.multiply(
                p, algebra.subtract(exponent, algebra.apply("log", total)));
            SmallVector<Index> bounds;
            for (size_t i = 0; i != outer->extents.size(); ++i)
              bounds.push_back(firstBound + i);
            Expr inner =
                algebra.reduce("add", plogp, {chosen}, own->extents);
            Expr entropy =
                algebra.reduce("add", inner, bounds, outer->extents);
            Expr weight = nullptr;
            bool isThere = llvm::all_of(entropy->terms, [&](const Term &part) {
              Term plain = part;
              plain.coefficient = 1;
              Expr found = algebra.scale(
                  forms.getCoefficient(loss, algebra.getTerm(plain)),
                  1 / part.coefficient);
              if (!weight)
                weight = found;
              return forms.areEqual(found, weight) && !found->terms.empty();
            });
            if (!isThere || !weight || !mayBePositive(weight))
              continue;
            bool isKnown = llvm::any_of(
                recognition.findings, [&](const Finding &finding) {
                  return finding.kind == FindingKind::entropy_bonus;
                });
            if (isKnown)
              continue;
            Finding finding(FindingKind::entropy_bonus);
            finding.coefficients = {
                {"weight", weight,
                 weight->getNumber()
                     ? std::optional<double>(roundToDecimal(
                           *weight->getNumber(), std::abs(*weight->getNumber()) *
                                                     getEpsilon(type)))
                     : std::nullopt}};
            Term plain = entropy->terms.back();
            plain.coefficient = 1;
            if (Value value = findValueWith(algebra.getTerm(plain)))
              finding.values = {value};
            recognition.findings.push_back(std::move(finding));
          }
        }
    }
  }
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
