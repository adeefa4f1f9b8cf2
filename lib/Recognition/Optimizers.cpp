//===- Optimizers.cpp - Finds optimizers with state -----------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Matcher.h"

#include "mlir/IR/Builders.h"

#include <cmath>

using namespace mlir;
using namespace mlir::fisher;
using namespace mlir::fisher::recognition;

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
          graph.getElement(node->operands[side])->getNumber();
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
    Expr scalar = graph.getElement(node->operands[side]);
    const Node *other = node->operands[1 - side];
    if (!isPlainScalar(scalar) || isPlainScalar(graph.getElement(other)))
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

/// The scale that all terms share, but for multiples of the parameter itself
/// and of a state.
std::optional<Matcher::Step>
Matcher::getStepOfTerms(const Node *node, const Pair &pair, const Pair *state) {
  SmallVector<std::pair<const Node *, bool>> terms;
  collectTerms(node, /*isNegative=*/false, terms);
  std::optional<Step> shared;
  for (auto [term, isNegative] : terms) {
    // What a term is in the loops of an operation may have other indices, so
    // multiples are told by their atoms.
    Expr expr = graph.getElement(term);
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
    if (shared &&
        (shared->size != step->size || shared->isNegative != step->isNegative))
      return std::nullopt;
    shared = step;
  }
  return shared;
}

//===----------------------------------------------------------------------===//
// Optimizers with state
//===----------------------------------------------------------------------===//

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
double Matcher::getDecayError(const Pair &pair, Expr decay, Expr learningRate) {
  std::optional<double> rate = learningRate->getNumber();
  Expr loss = algebra.scale(decay, -1);
  if (!rate)
    return 0;
  // Coefficients are rounded where the parameter is added to its decay.
  bool isWritten =
      findValue(loss) || findValue(algebra.multiply(loss, pair.old));
  return (isWritten ? getEpsilon(nullptr) : getPrecision(pair.argument)) /
         *rate;
}

/// How far off what is divided by 1 - share may be, relatively: the share is
/// rounded, and so is 1 - share.
double Matcher::getComplementError(const Pair &pair, Expr share) {
  std::optional<double> number = share->getNumber();
  return number ? getPrecision(pair.argument) / (1 - *number) : 0;
}

/// `decay`: what is added to the parameter past the optimizer, a multiple of
/// it.
void Matcher::addDecay(Pair &pair, Expr decay, Expr learningRate) {
  // What is left of 1 by rounding is no decay.
  std::optional<double> number = decay->getNumber();
  if (number && std::abs(*number) <= 4 * getEpsilon(nullptr))
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
  // What is divided by the root of a second moment is no gradient.
  for (Pair &second : pairs)
    if (isStateOf(second, pair) && isStateOf(second, state) &&
        llvm::any_of(force->terms.front().factors, [&](const Factor &factor) {
          return !factor.atom->indices.empty() &&
                 matchDenominator(factor, second);
        }))
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
      std::optional<double> sum = algebra.add(step->size, beta)->getNumber();
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

std::optional<Matcher::Denominator> Matcher::matchDenominator(Factor factor,
                                                              Pair &state) {
  if (factor.power != -1 && factor.power != -0.5)
    return std::nullopt;
  Expr sum = factor.atom->kind == Atom::Kind::group
                 ? algebra.getOperand(factor.atom)
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
                return std::abs(term.coefficient / std::log(*beta) - 1) <= 1e-4;
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
    Expr ratio = forms.getRatio(second.rest, algebra.power(gradient, 2));
    if (!ratio)
      continue;
    std::optional<double> sum = algebra.add(ratio, second.keep)->getNumber();
    if (!sum || std::abs(*sum - 1) > 4 * getPrecision(pair.argument))
      continue;
    std::optional<double> beta2 = second.keep->getNumber();
    // All terms of the scale have the denominator.
    std::optional<Denominator> denominator;
    for (const Factor &factor : scale->terms.front().factors)
      if (!denominator && !factor.atom->indices.empty())
        denominator = matchDenominator(factor, second);
    if (!denominator)
      continue;
    Expr rate =
        forms.getCofactor(scale, algebra.getTerm({1.0, {denominator->factor}}));
    if (!isPlainScalar(rate))
      continue;
    // √(s v + ...) with s = σ / (1 - beta2^t): divide both sides by √σ.
    bool isCorrected = false, isRateCorrected = false, isFirstCorrected = false;
    Expr sigma = takeBiasCorrection(denominator->scale, beta2, -1, isCorrected);
    if (!isCorrected)
      rate = takeBiasCorrection(rate, beta2, 0.5, isRateCorrected);
    rate = takeBiasCorrection(rate, beta->getNumber(), -1, isFirstCorrected);
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
            builder.getBoolAttr(isFirstCorrected &&
                                (isCorrected || isRateCorrected))),
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
      std::optional<Denominator> denominator = matchDenominator(factor, second);
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
      Expr gradient =
          algebra.multiply(algebra.scale(force, -1), algebra.power(size, -1));
      close(second, Role::state);
      Finding finding;
      finding.states = {{"second_moment_in", second.argument}};
      finding.coefficients = {
          makeCoefficient("learning_rate", learningRate, pair.argument,
                          error * learningRate->getNumber().value_or(0)),
          makeCoefficient("decay", second.keep, pair.argument),
          makeCoefficient(
              "epsilon",
              algebra.getNumber(
                  denominator->epsilon /
                  (denominator->isInside ? *scale : std::sqrt(*scale))),
              pair.argument)};
      Builder builder(function.getContext());
      finding.facts = {builder.getNamedAttr(
          "epsilon_inside_root", builder.getBoolAttr(denominator->isInside))};
      addUpdate(pair, FindingKind::rmsprop, learningRate, gradient,
                std::move(finding), error);
      addDecay(pair, algebra.subtract(pair.keep, algebra.getNumber(1)),
               learningRate);
      return true;
    }
  }
  return false;
}
