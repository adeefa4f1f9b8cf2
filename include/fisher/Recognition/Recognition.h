//===- Recognition.h - Regularizers that a training step has --------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_RECOGNITION_RECOGNITION_H
#define FISHER_RECOGNITION_RECOGNITION_H

#include "fisher/IR/Fisher.h"
#include "fisher/Recognition/Graph.h"

namespace mlir::fisher::recognition {

/// A number that the step has: a constant, or an expression of scalars.
struct Coefficient {
  StringRef name;
  Expr expr;
  /// The constant, rounded to the shortest decimal number that the element type
  /// cannot tell from it.
  std::optional<double> number;
};

/// What of a finding belongs to one parameter, or one belief.
struct Finding {
  explicit Finding(FindingKind kind = FindingKind::sgd) : kind(kind) {}

  FindingKind kind;
  /// The parameters; those of a belief are its mean and its spread.
  SmallVector<unsigned> arguments;
  /// The arguments in which the optimizer or the average keeps its state, and
  /// what each is.
  SmallVector<std::pair<StringRef, unsigned>> states;
  SmallVector<Coefficient> coefficients;
  /// Other facts, such as the chart of a belief.
  SmallVector<NamedAttribute> facts;
  /// The values that make it.
  SmallVector<Value> values;
  /// Of a moving average of a parameter: the result that is averaged, if that
  /// is the new value.
  std::optional<unsigned> averagedResult;

  const Coefficient *getCoefficient(StringRef name) const;
};

/// How the step makes a parameter's new value.
struct Update {
  unsigned parameter;
  /// The number of the result.
  unsigned result;
  FindingKind optimizer;
  Expr learningRate;
  /// What the optimizer was given as the gradient, with all that is added to it
  /// before.
  Expr gradient;
};

/// What a training step does to its parameters and why.
class Recognition {
public:
  /// Looks at a function with one block.
  explicit Recognition(FunctionOpInterface function);

  Graph &getGraph() { return graph; }
  ArrayRef<Finding> getFindings() const { return findings; }
  ArrayRef<Update> getUpdates() const { return updates; }

  /// A value of the function's own block that is the expression; null if there
  /// is none.
  Value findValue(Expr expr);
  /// All values that are the expression, up to the rounding of constants: of
  /// the function's own block, and elements in the bodies of its operations.
  SmallVector<Value> findValues(Expr expr);

  /// The result that is an argument's new value, if the argument is a
  /// parameter, what an optimizer keeps, or an average.
  std::optional<unsigned> getNewValue(unsigned argument) const {
    auto found = newValues.find(argument);
    return found == newValues.end() ? std::nullopt
                                    : std::optional(found->second);
  }
  /// The scalar by which the gradient is multiplied in a result that is
  /// linear in it, zero if it is not in it; null if the result is not linear.
  Expr getShare(const Update &update, unsigned result);
  bool areEqual(Expr a, Expr b);

  /// The result that is the loss: by its mark, or as the only number that is
  /// not made of other numbers alone.
  std::optional<unsigned> findLoss();

private:
  friend class Matcher;

  Graph graph;
  std::vector<Finding> findings;
  std::vector<Update> updates;
  std::map<unsigned, unsigned> newValues;
};

/// Whether a function can be looked at: it is not private and has one block.
bool isRecognizable(FunctionOpInterface function);

/// What a function's arguments are called: by their marks, by JAX, or `arg3`.
std::vector<std::string> getArgumentNames(FunctionOpInterface function);

/// Findings of the same kind, with the same coefficients, are one attribute.
/// `names` are those of the function's arguments.
SmallVector<Attribute> getFindingAttributes(Recognition &recognition,
                                            ArrayRef<std::string> names);

} // namespace mlir::fisher::recognition

#endif // FISHER_RECOGNITION_RECOGNITION_H
