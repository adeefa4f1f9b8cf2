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
      Expr keep = forms.getCoefficient(graph.getExpr(results[result]),
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
      gradients[*argument] = graph.getExpr(results[result]);
}

/// What a result and an argument are is known.
void Matcher::close(Pair &pair, Role role) {
  for (Pair &other : pairs)
    if (other.argument == pair.argument || other.result == pair.result)
      other.role = Role::none;
  pair.role = role;
}

/// Whether almost all of the old value is kept: 1, or 1 - η λ.
static bool isKept(Expr keep) {
  if (keep->getNumber())
    return isNumberBetween(keep, 0.9, 1.1);
  return !keep->terms.empty() && keep->terms.front().factors.empty() &&
         keep->terms.front().coefficient == 1;
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

void Matcher::addAverage(Pair &pair, unsigned argument, StringRef of) {
  close(pair, Role::average);
  Finding finding(FindingKind::moving_average);
  finding.arguments = {argument};
  finding.states = {{"average_in", pair.argument}};
  finding.coefficients = {makeCoefficient("decay", pair.keep, pair.argument)};
  Builder builder(function.getContext());
  finding.facts = {
      builder.getNamedAttr("of", builder.getStringAttr(of))};
  finding.values = {getResultValue(pair)};
  recognition.findings.push_back(std::move(finding));
}

/// Of a parameter's new value, or of its old one.
void Matcher::findAverages() {
  for (Pair &pair : pairs) {
    if (pair.role != Role::open)
      continue;
    for (const Pair &other : pairs) {
      bool isParameter =
          other.role == Role::update ||
          (other.role == Role::open && isKept(other.keep));
      if (!isParameter || other.argument == pair.argument ||
          other.result == pair.result ||
          // Two that are averages of each other are none.
          !forms.getCofactor(other.next, pair.old)->terms.empty())
        continue;
      if (!matchAverage(pair, other.next) && !matchAverage(pair, other.old))
        continue;
      addAverage(pair, other.argument, "parameter");
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
        return isPlainScalar(algebra.getTerm({1.0, {factor}})) ||
               (factor.power == 1 && argument &&
                (*argument == pair.argument ||
                 (state && *argument == state->argument)));
      });
    });
    if (isMultiple)
      continue;
    std::optional<Step> step = getStep(term);
    if (!step)
      return std::nullopt;
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

/// `error`: how far coefficients in the gradient may be off, relatively.
void Matcher::addUpdate(Pair &pair, FindingKind kind, Expr learningRate,
                        Expr gradient, Finding finding, double error) {
  close(pair, Role::update);
  finding.kind = kind;
  finding.arguments = {pair.argument};
  finding.values = {getResultValue(pair)};
  recognition.updates.push_back(
      {pair.argument, pair.result, kind, learningRate, gradient});
  gradients[pair.argument] = gradient;
  Expr strength = forms.getCoefficient(gradient, pair.old);
  if (!strength->terms.empty()) {
    pulls[pair.argument].strength = strength;
    pulls[pair.argument].error =
        error * std::abs(strength->getNumber().value_or(0));
  }
  recognition.findings.push_back(std::move(finding));
}

/// How far off -decay / η may be, where 1 + decay may be one constant, which is
/// rounded as one.
double Matcher::getDecayError(const Pair &pair, Expr decay,
                              Expr learningRate) {
  std::optional<double> rate = learningRate->getNumber();
  Expr loss = algebra.scale(decay, -1);
  if (!rate || findValue(loss) || findValue(algebra.multiply(loss, pair.old)))
    return 0;
  return getPrecision(pair.argument) / *rate;
}

/// How far off what is divided by 1 - share may be, relatively: the share is
/// rounded, and so is 1 - share.
double Matcher::getComplementError(const Pair &pair, Expr share) {
  std::optional<double> number = share->getNumber();
  return number ? getPrecision(pair.argument) / (1 - *number) : 0;
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
  double error = getDecayError(pair, decay, learningRate);
  finding.coefficients = {
      makeCoefficient("strength", strength, pair.argument, error)};
  finding.values = {findMultiple(algebra.scale(decay, -1), pair)};
  recognition.findings.push_back(std::move(finding));
}

void Matcher::findOptimizers() {
  auto isParameter = [](const Pair &pair) {
    return pair.role == Role::open && isKept(pair.keep);
  };
  for (Pair &pair : pairs)
    for (Pair &state : pairs)
      if (isParameter(pair) && isStateOf(state, pair))
        matchMoment(pair, state);
  for (Pair &pair : pairs)
    if (isParameter(pair))
      matchRootMeanSquare(pair);
}

/// Whether a pair may be an average that the optimizer of another one keeps.
bool Matcher::isStateOf(const Pair &state, const Pair &pair) {
  return state.role == Role::open && state.argument != pair.argument &&
         state.result != pair.result && mayBeFraction(state.keep) &&
         !state.rest->terms.empty();
}

/// p' = (1 - decay) p + scale * m', where m' = beta m + ... is a state's new
/// value and `scale` is no sum.
bool Matcher::matchMoment(Pair &pair, Pair &state) {
  Expr cofactor = forms.getCofactor(pair.rest, state.old);
  if (cofactor->terms.empty())
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
  if (forms.areEqual(scale, algebra.getNumber(1))) {
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
  close(state, Role::state);
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
    // 1 - exp(t log(beta)), or 1 - pow(beta, t), up to a number.
    if (factor.atom->kind == Atom::Kind::group && factor.power == power &&
        !isFound) {
      Expr sum = factor.atom->operands.front();
      if (sum->terms.size() == 2 && sum->terms[0].factors.empty()) {
        double one = sum->terms[0].coefficient;
        const Term &other = sum->terms[1];
        const Atom *decaying = other.factors.back().atom;
        bool isPower = false;
        if (beta && decaying->isApply("exp"))
          isPower = llvm::any_of(
              decaying->operands.front()->terms, [&](const Term &term) {
                return std::abs(term.coefficient / std::log(*beta) - 1) <=
                       1e-4;
              });
        else if (!beta && decaying->isApply("pow"))
          isPower = true;
        if (isPower && other.factors.size() == 1 &&
            other.coefficient * one < 0) {
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
    if (!isStateOf(second, pair) || !isStateOf(second, state))
      continue;
    Expr ratio =
        forms.getRatio(second.rest, algebra.power(gradient, 2));
    if (!ratio)
      continue;
    std::optional<double> sum = algebra.add(ratio, second.keep)->getNumber();
    if (!sum || std::abs(*sum - 1) > 4 * getPrecision(pair.argument))
      continue;
    std::optional<double> beta2 = second.keep->getNumber();
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
    close(state, Role::state);
    close(second, Role::state);
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
              std::move(finding), getComplementError(pair, beta));
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
    if (!isStateOf(second, pair))
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
      double error = getComplementError(pair, second.keep);
      Expr gradient = algebra.multiply(algebra.scale(force, -1),
                                       algebra.power(size, -1));
      close(second, Role::state);
      Finding finding;
      finding.states = {{"second_moment_in", second.argument}};
      finding.coefficients = {
          makeCoefficient("learning_rate", learningRate, pair.argument,
                          error * learningRate->getNumber().value_or(0)),
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
                std::move(finding), error);
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

/// Whether an expression depends on a leaf at the same element.
static bool readsElement(Expr expr, const Atom *leaf) {
  return llvm::any_of(expr->terms, [&](const Term &term) {
    return llvm::any_of(term.factors, [&](const Factor &factor) {
      if (factor.atom == leaf)
        return true;
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
  llvm::sort(descents, [](Pair *a, Pair *b) {
    return a->argument < b->argument;
  });
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
  if (pair.rest->terms.empty() || pair.rest->getNumber() ||
      !isKept(pair.keep))
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

Value Matcher::findValueWith(ArrayRef<Expr> parts) {
  Value best;
  size_t fewest = 0;
  for (const Node *node : graph.getValues()) {
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
    Expr other = graph.getExpr(node);
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
    Expr expr = graph.getExpr(node);
    Expr scale = forms.getCoefficient(expr, pair.old);
    if (expr != pair.old && expr->terms.size() == scale->terms.size() &&
        !scale->terms.empty())
      return graph.getOrigin(node);
  }
  return getResultValue(pair);
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
      // The square of an error that the parameter is a part of, (p - x)², has no
    // p² of its own.
    bool isWritten = llvm::any_of(graph.getValues(), [&](const Node *node) {
      Expr expr = graph.getExpr(node);
      if (expr->terms.size() != 1 ||
          expr->terms.front().factors.size() != 1)
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
        Expr divided = algebra.scale(rest, share);
        bool isDivided = llvm::any_of(known, [&](Expr other) {
          return forms.areEqual(divided, other);
        });
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
