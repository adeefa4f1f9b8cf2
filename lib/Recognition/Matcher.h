//===- Matcher.h - Finds optimizers and regularizers ----------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_RECOGNITION_MATCHER_H
#define FISHER_LIB_RECOGNITION_MATCHER_H

#include "LinearForm.h"

#include "fisher/IR/JaxMarks.h"
#include "fisher/Recognition/Recognition.h"

namespace mlir::fisher::recognition {

/// The relative distance of neighbouring numbers of a type; without one, of
/// coefficients.
double getEpsilon(Type type);
/// The shortest decimal number within `error` of a number.
double roundToDecimal(double number, double error);
bool isNumberBetween(Expr expr, double low, double high);
/// Whether a scalar is a number in (0, 1), or not known.
bool mayBeFraction(Expr expr);
/// Whether a scalar is positive as far as it is known: its first number is.
bool mayBePositive(Expr expr);
/// Whether almost all of an old value is kept: 1, or 1 - η λ.
bool isKept(Expr keep);

/// Fills a recognition.
class Matcher {
public:
  explicit Matcher(Recognition &recognition);

  // The steps, in order.
  void pairResults();
  void findOptimizers();
  void findDescents();
  void findAverages();
  void findGradientAverages();
  void findLossTerms();
  void findGradientTerms();
  void findDropout();
  void findEntropy();
  void nameOptimizers();

private:
  /// What a pair is known to be; `none` is that its result or its argument are
  /// of another one.
  enum class Role { open, none, update, state, average };
  /// A result that may be an argument's new value.
  struct Pair {
    unsigned argument = 0, result = 0;
    Expr old = nullptr, next = nullptr;
    /// next = keep * old + rest, `keep` being a scalar.
    Expr keep = nullptr, rest = nullptr;
    Role role = Role::open;
  };
  /// What an optimizer divides by: √(scale * moment) + epsilon, or
  /// √(scale * moment + epsilon).
  struct Denominator {
    Factor factor;
    Expr scale;
    double epsilon;
    bool isInside;
  };
  /// A scale that multiplies what is added to a parameter, as it is written.
  struct Step {
    Expr size;
    bool isNegative;
  };
  /// How strongly a parameter is pulled to zero.
  struct Pull {
    Expr strength = nullptr;
    /// How far off it may be.
    double error = 0;
    /// The part of it that terms of the loss explain.
    double explained = 0;
  };

  void close(Pair &pair, Role role);
  bool isStateOf(const Pair &state, const Pair &pair);
  bool matchAverage(Pair &pair, Expr averaged);
  void addAverage(Pair &pair, unsigned argument, StringRef of);
  bool matchMoment(Pair &pair, Pair &state);
  bool matchMomentum(Pair &pair, Pair &state, Expr beta, Expr scale,
                     Expr moment, Expr rest);
  bool matchAdam(Pair &pair, Pair &state, Expr beta, Expr scale, Expr decay,
                 Expr moment);
  bool matchRootMeanSquare(Pair &pair);
  bool matchDescent(Pair &pair, bool add);
  bool hasCenter(Expr gradient, Expr strength);

  std::optional<Denominator> matchDenominator(Factor factor, Pair &state);
  /// Takes what corrects a moment's bias, 1 / (1 - beta^t), out of a scalar.
  Expr takeBiasCorrection(Expr scale, std::optional<double> beta, double power,
                          bool &isFound);

  std::optional<Step> getStep(const Node *node);
  std::optional<Step> getStepOfTerms(const Node *node, const Pair &pair,
                                     const Pair *state);
  void collectTerms(const Node *node, bool isNegative,
                    SmallVectorImpl<std::pair<const Node *, bool>> &terms);

  void addUpdate(Pair &pair, FindingKind kind, Expr learningRate, Expr gradient,
                 Finding finding, double error = 0);
  double getDecayError(const Pair &pair, Expr decay, Expr learningRate);
  double getComplementError(const Pair &pair, Expr share);
  void addDecay(Pair &pair, Expr decay, Expr learningRate);

  Coefficient makeCoefficient(StringRef name, Expr expr, unsigned argument,
                              double error = 0);
  /// The first number that has all these terms, and the fewest others.
  Value findValueWith(ArrayRef<Expr> parts);
  /// The first value that is the expression, up to rounding.
  Value findValue(Expr expr);
  /// The first value that is the parameter times `strength`, else times any
  /// scalar; else its new value.
  Value findMultiple(Expr strength, const Pair &pair);
  Value getResultValue(const Pair &pair);
  Expr getSquares(unsigned argument);
  bool isTensor(unsigned argument);
  double getPrecision(unsigned argument);
  void findKl(Expr loss);
  void findL2(Expr loss);

  Recognition &recognition;
  Graph &graph;
  Algebra &algebra;
  FunctionOpInterface function;
  StepMarks marks;
  LinearForms forms;
  std::vector<Pair> pairs;
  /// The gradients that are known, by argument: those that optimizers are given
  /// and those that the step returns.
  std::map<unsigned, Expr> gradients;
  std::map<unsigned, Pull> pulls;
  llvm::DenseSet<unsigned> takenMeans;
};

} // namespace mlir::fisher::recognition

#endif // FISHER_LIB_RECOGNITION_MATCHER_H
