//===- InsertionPlan.h - What a policy changes in a training step ---------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_TRANSFORMS_INSERTIONPLAN_H
#define FISHER_LIB_TRANSFORMS_INSERTIONPLAN_H

#include "OptimizerInputs.h"

#include "fisher/IR/Fisher.h"

#include "mlir/Interfaces/FunctionInterfaces.h"

#include <optional>
#include <vector>

namespace mlir::fisher {

/// A scalar that an entry gives as a number or as an argument's name, or that
/// the step computes.
struct NumberOrArgument {
  double number = 0.0;
  std::optional<unsigned> argument;
  std::optional<ScalarSum> computed;

  bool isNumber() const { return !argument && !computed; }
};

/// One belief that an entry of the policy regularizes. Numbers are those of
/// arguments and results of the function before anything is inserted.
struct Belief {
  RegularizeOp entry;
  BeliefType type;
  /// The arguments that hold the stored components, or the results that do.
  SmallVector<unsigned> components;
  /// The components' own types, which can be broadcast to that of `type`.
  SmallVector<RankedTensorType> storedTypes;
  /// For each component, whether several elements or several beliefs have it
  /// in common.
  SmallVector<bool> isTied;
  /// The argument that the last component of the belief and of its reference is
  /// made from, and its type, if it is made from one.
  SmallVector<unsigned> sources;
  SmallVector<RankedTensorType> sourceTypes;
  /// Whether the belief is an intermediate one, held in results.
  bool isIntermediate = false;
  NumberOrArgument weight, stepSize;
  /// Whether the step size is the learning rate of the step's optimizer.
  bool isStepSizeRecognized = false;
  /// The arguments that hold the reference, if it is held in arguments that
  /// the function has already.
  SmallVector<unsigned> referenceArguments;
  /// The results that are the components' gradients, if the mode needs them, or
  /// where these are hidden their numbers among the plan's hidden gradients.
  SmallVector<unsigned> gradients;
  SmallVector<bool> isHidden;
  /// The results that are the components' next values, if there are any.
  SmallVector<unsigned> updates;
  /// The new arguments that hold the reference, and the new results that
  /// update them, if it has state: its components, and what it is made from.
  SmallVector<unsigned> stateArguments, stateResults;
  /// The new result that says how far from another step's it is.
  std::optional<unsigned> comparison;

  bool isMode(Mode mode) const { return RegularizeOp(entry).getMode() == mode; }
  bool isAnyHidden() const { return llvm::is_contained(isHidden, true); }
  bool isAnyTied() const { return llvm::is_contained(isTied, true); }
  /// Whether the reference is kept in new arguments.
  bool needsState() const;
  /// The arguments that these start as copies of, and their types.
  SmallVector<std::pair<unsigned, RankedTensorType>> getKept() const;
  /// Whether the last component is made.
  bool isMade() const {
    return static_cast<bool>(RegularizeOp(entry).getSource());
  }
  bool changesGradients() const {
    return isMode(Mode::coupled) || isMode(Mode::natural);
  }
};

/// The name of a belief's component in the function.
StringRef getComponentName(FunctionOpInterface function, const Belief &belief,
                           unsigned component);

struct InsertionPlan {
  std::vector<Belief> beliefs;
  /// The gradients that no result is, but an optimizer's input.
  std::vector<HiddenGradient> hidden;
};

/// Finds the beliefs that a policy regularizes in a function, in the order of
/// its entries. Emits an error at the entry, with a note at the function, and
/// fails if the function cannot serve one; for what the optimizer of a
/// parameter is the reason, the error is at the parameter.
///
/// Changes nothing, but where what an optimizer is given has to be found:
/// calls are inlined then. If no argument has a name, those that an optimizer
/// updates get names, and the only result that is a number is the loss.
///
/// `defaultStepSize` is that of proximal entries that state none, unless it is
/// zero; `penaltyResult` tells that the function gets a new result.
FailureOr<InsertionPlan> planInsertion(FunctionOpInterface function,
                                       PolicyOp policy, double defaultStepSize,
                                       bool penaltyResult);

/// Finds the beliefs that a policy names, to look at them: with the new values
/// and gradients that the step has, whatever the mode. They may have been
/// regularized before.
FailureOr<InsertionPlan> planMeasurement(FunctionOpInterface function,
                                         PolicyOp policy);

} // namespace mlir::fisher

#endif // FISHER_LIB_TRANSFORMS_INSERTIONPLAN_H
