//===- PlanModes.cpp - Where a regularizer enters a step ------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The losses, gradients, new values and learning rates that a mode changes or
// needs: as marks say, or as they are recognized.
//
//===----------------------------------------------------------------------===//

#include "Planner.h"

using namespace mlir;
using namespace mlir::fisher;

//===----------------------------------------------------------------------===//
// What the step does already
//===----------------------------------------------------------------------===//

recognition::Recognition *Planner::getRecognition() {
  if (recognition)
    return &*recognition;
  if (!recognition::isRecognizable(function))
    return nullptr;
  recognition.emplace(function);
  // What is in a function that is called can be changed once it is here.
  auto isOutOfReach = [&](const recognition::Update &update) {
    return recognition->findValues(update.gradient).empty();
  };
  if (llvm::any_of(recognition->getUpdates(), isOutOfReach) &&
      inlineCalls(function))
    recognition.emplace(function);
  return &*recognition;
}

const recognition::Update *Planner::findUpdate(unsigned argument) {
  if (recognition::Recognition *found = getRecognition())
    for (const recognition::Update &update : found->getUpdates())
      if (update.parameter == argument)
        return &update;
  return nullptr;
}

/// In a step without any names, the parameters are what optimizers update.
void Planner::nameParameters() {
  auto hasName = [&](unsigned argument) { return !getName(argument).empty(); };
  if (llvm::any_of(llvm::seq(function.getNumArguments()), hasName) ||
      !getRecognition() || recognition->getUpdates().empty())
    return;
  Builder builder(function.getContext());
  for (const recognition::Update &update : recognition->getUpdates()) {
    function.setArgAttr(update.parameter, marks::name,
                        builder.getStringAttr("arg" + Twine(update.parameter)));
    function.setArgAttr(update.parameter, marks::role,
                        builder.getStringAttr("param"));
  }
  if (std::optional<unsigned> loss = recognition->findLoss())
    function.setResultAttr(*loss, marks::role, builder.getStringAttr("loss"));
}

//===----------------------------------------------------------------------===//
// What the mode changes
//===----------------------------------------------------------------------===//

/// Finds the results that are marked as the components' new values, if all are;
/// `missing` is the first one that is not.
LogicalResult Planner::resolveUpdates(Belief &belief, StringRef &missing) {
  FailureOr<SmallVector<unsigned>> updates =
      findResults(belief, marks::updates, missing);
  if (failed(updates))
    return success();
  belief.updates = *updates;
  for (auto [component, stored, result] :
       llvm::zip_equal(belief.components, belief.storedTypes, belief.updates))
    if (function.getResultTypes()[result] != stored)
      return error(belief.entry,
                   "result " + Twine(result) + ", the update of '" +
                       getName(belief, component) +
                       "', has another type than the parameter",
                   "in this function");
  return success();
}

/// Finds the results that are the components' new values by optimizers that are
/// recognized, if all are.
void Planner::recognizeUpdates(Belief &belief) {
  SmallVector<unsigned> recognized;
  for (unsigned component : belief.components) {
    const recognition::Update *update = findUpdate(component);
    if (!update)
      return;
    recognized.push_back(update->result);
  }
  belief.updates = recognized;
}

/// Finds the new values and the gradients that there are.
LogicalResult Planner::findMeasured(Belief &belief) {
  if (belief.isIntermediate)
    return success();
  StringRef missing;
  if (failed(resolveUpdates(belief, missing)))
    return failure();
  if (belief.updates.empty())
    recognizeUpdates(belief);
  // The metric is that of each element alone.
  if (belief.isAnyTied())
    return success();
  for (auto [component, type] :
       llvm::zip_equal(belief.components, belief.storedTypes)) {
    std::optional<unsigned> result =
        findResult(function, marks::gradientOf, getName(belief, component));
    const recognition::Update *update =
        result ? nullptr : findUpdate(component);
    if (result && function.getResultTypes()[*result] == type) {
      belief.gradients.push_back(*result);
      belief.isHidden.push_back(false);
      continue;
    }
    FailureOr<HiddenGradient> found = failure();
    if (update)
      found = findHiddenGradient(*recognition, *update, belief.entry, type);
    if (failed(found) || !found->isValue()) {
      belief.gradients.clear();
      belief.isHidden.clear();
      return success();
    }
    belief.gradients.push_back(hidden.size());
    belief.isHidden.push_back(true);
    hidden.push_back(*found);
  }
  return success();
}

/// Finds what the entry's mode changes.
LogicalResult Planner::resolveMode(Belief &belief) {
  RegularizeOp entry = belief.entry;
  auto cannot = [&](const Twine &why, const Twine &how) {
    return error(entry,
                 "mode " + stringifyMode(entry.getMode()) +
                     " cannot be served: " + why,
                 how);
  };
  StringRef missing;
  if (failed(resolveUpdates(belief, missing)))
    return failure();
  std::optional<unsigned> loss = findResult(function, marks::role, "loss");
  if (loss) {
    auto type = dyn_cast<RankedTensorType>(function.getResultTypes()[*loss]);
    if (!type || type.getRank() != 0 || !isa<FloatType>(type.getElementType()))
      return cannot("the loss, result " + Twine(*loss) +
                        ", must be a float tensor of rank zero",
                    "in this function");
  }

  if (belief.isAnyTied() &&
      (belief.isMode(Mode::proximal) || belief.isMode(Mode::natural)))
    return cannot("'" + getTiedName(belief) +
                      "' is a number that several elements have in common, " +
                      (belief.isMode(Mode::proximal)
                           ? "whose steps would each change it differently"
                           : "and the inverse metric is that of each alone"),
                  "use mode coupled or loss_only, or give each element a "
                  "number of its own");

  switch (entry.getMode()) {
  case Mode::coupled:
  case Mode::natural:
    return resolveGradients(belief);
  case Mode::loss_only:
    if (!loss)
      return cannot("the step returns no loss",
                    "mark the result that is the loss with fisher.role = "
                    "\"loss\"");
    return success();
  case Mode::proximal:
    if (belief.updates.empty())
      recognizeUpdates(belief);
    if (belief.updates.empty())
      return cannot("the step returns no new value of '" + missing + "'",
                    "mark the result that is the new value with "
                    "fisher.updates = \"" +
                        missing + "\", or use mode coupled");
    if (entry.getStepSize())
      return resolveNumber(belief, *entry.getStepSize(), "step size",
                           belief.stepSize);
    if (defaultStepSize > 0.0) {
      belief.stepSize.number = defaultStepSize;
      return success();
    }
    return resolveLearningRate(belief);
  }
  llvm_unreachable("all modes are handled");
}

/// Finds the gradients that the step returns, or those that it gives to its
/// optimizers.
LogicalResult Planner::resolveGradients(Belief &belief) {
  RegularizeOp entry = belief.entry;
  for (auto [component, type] :
       llvm::zip_equal(belief.components, belief.storedTypes)) {
    StringRef name = getName(belief, component);
    std::optional<unsigned> result =
        findResult(function, marks::gradientOf, name);
    if (!result) {
      if (failed(resolveHiddenGradient(belief, component, type)))
        return failure();
      continue;
    }
    if (function.getResultTypes()[*result] != type)
      return error(entry,
                   "mode " + stringifyMode(entry.getMode()) +
                       " cannot be served: result " + Twine(*result) +
                       ", the gradient of '" + name +
                       "', has another type than the parameter",
                   "in this function");
    belief.gradients.push_back(*result);
    belief.isHidden.push_back(false);
    if (findResult(function, marks::updates, name)) {
      InFlightDiagnostic diag =
          emitWarning(entry.getLoc())
          << "the step returns the gradient of '" << name
          << "' and its new value; only the gradient is regularized";
      diag.attachNote(function.getArgument(component).getLoc())
          << "remove the mark fisher.gradient_of = \"" << name
          << "\" of result " << *result
          << " to change what its optimizer is given";
    }
  }
  // Averages of beliefs are made of what the optimizer makes then.
  if (belief.updates.empty() && belief.isAnyHidden())
    recognizeUpdates(belief);
  return success();
}

/// Finds what the optimizer of an argument is given as the gradient.
LogicalResult Planner::resolveHiddenGradient(Belief &belief, unsigned argument,
                                             RankedTensorType type) {
  RegularizeOp entry = belief.entry;
  StringRef name = getName(belief, argument);
  std::string cannot =
      ("mode " + stringifyMode(entry.getMode()) + " cannot be served").str();
  std::string how =
      ("mark the result that is the gradient with fisher.gradient_of = \"" +
       name + "\", or use mode loss_only or proximal")
          .str();
  const recognition::Update *update = findUpdate(argument);
  if (!update) {
    std::string why = ("the step returns no gradient of '" + name + "'").str();
    if (!findResult(function, marks::updates, name))
      return error(entry, cannot + ": " + why, how);
    why += recognition::isRecognizable(function)
               ? ", and no optimizer is recognized in its new value"
               : ", and optimizers are recognized only in public functions "
                 "that have one block";
    return errorAt(argument, entry, cannot + ": " + why, how);
  }
  auto known = llvm::find_if(hidden, [&](const HiddenGradient &gradient) {
    return gradient.parameter == argument;
  });
  belief.gradients.push_back(known - hidden.begin());
  belief.isHidden.push_back(true);
  if (known != hidden.end())
    return success();
  FailureOr<HiddenGradient> found =
      findHiddenGradient(*recognition, *update, entry, type);
  if (failed(found) || (belief.isMode(Mode::natural) && !found->isValue()))
    return errorAt(argument, entry,
                   cannot + ": " + stringifyFindingKind(update->optimizer) +
                       " updates '" + name +
                       "', but no value of the step is the gradient that it "
                       "is given",
                   how);
  hidden.push_back(*found);
  return success();
}

/// Takes the step size from the optimizer.
LogicalResult Planner::resolveLearningRate(Belief &belief) {
  RegularizeOp entry = belief.entry;
  std::string how = "give the entry 'step_size' after its weight, or the pass "
                    "the option step-size";
  StringRef first = getName(belief, belief.components.front());
  std::optional<ScalarSum> common;
  for (unsigned component : belief.components) {
    StringRef name = getName(belief, component);
    const recognition::Update *update = findUpdate(component);
    if (!update)
      return error(entry,
                   "mode proximal cannot be served: the step size is not "
                   "known, and no learning rate is recognized for '" +
                       name + "'",
                   how);
    std::optional<ScalarSum> rate =
        findScalar(*recognition, update->learningRate);
    if (!rate)
      return error(entry,
                   "mode proximal cannot be served: the step size is not "
                   "known, and the learning rate that is recognized for '" +
                       name + "' is no scalar that the step has",
                   how);
    // A number is what the program's text says, as far as can be told.
    for (const recognition::Finding &finding : recognition->getFindings())
      if (finding.arguments == ArrayRef(component))
        if (const recognition::Coefficient *coefficient =
                finding.getCoefficient("learning_rate");
            coefficient && coefficient->number)
          rate->products = {{*coefficient->number, {}}};
    if (common && !(*common == *rate))
      return error(entry,
                   "mode proximal cannot be served: the step size is not "
                   "known, and the learning rates that are recognized for '" +
                       first + "' and '" + name + "' differ",
                   how);
    common = rate;
  }
  belief.isStepSizeRecognized = true;
  if (std::optional<double> number = common->getNumber())
    belief.stepSize.number = *number;
  else
    belief.stepSize.computed = common;
  return success();
}
