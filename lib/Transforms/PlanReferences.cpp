//===- PlanReferences.cpp - What the beliefs of a policy refer to ---------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The arguments and numbers that an entry names: references, what components
// are made from, weights and step sizes.
//
//===----------------------------------------------------------------------===//

#include "Planner.h"

using namespace mlir;
using namespace mlir::fisher;

/// `pattern` with `{0}`, `{1}`, ... replaced by what was captured; fails if it
/// asks for more than there is.
static FailureOr<std::string> substitute(StringRef pattern,
                                         ArrayRef<std::string> captured) {
  std::string text;
  while (!pattern.empty()) {
    StringRef rest = pattern;
    unsigned index;
    if (rest.consume_front("{") && !rest.consumeInteger(10, index) &&
        rest.consume_front("}")) {
      if (index >= captured.size())
        return failure();
      text += captured[index];
      pattern = rest;
      continue;
    }
    text += pattern.front();
    pattern = pattern.drop_front();
  }
  return text;
}

FailureOr<unsigned> Planner::findNamed(const Belief &belief, StringRef what,
                                       StringRef pattern,
                                       const Captures &captured) {
  FailureOr<std::string> name = substitute(pattern, captured);
  if (failed(name))
    return error(belief.entry,
                 "the " + what + " '" + pattern +
                     "' asks for more text than the globs capture (" +
                     Twine(captured.size()) + ")",
                 "in this function");
  if (std::optional<unsigned> argument =
          findArgument(function, marks::name, *name))
    return *argument;
  return error(belief.entry,
               "the " + what + " '" + *name + "' of '" +
                   getName(belief, belief.components.front()) +
                   "' is no argument of the step",
               "give the argument that holds it fisher.name = \"" + *name +
                   "\"");
}

/// Finds what the last component is made from, if it is made.
LogicalResult Planner::resolveSource(Belief &belief, const Captures &captured) {
  RegularizeOp entry = belief.entry;
  SourceInterface source = entry.getSourceInterface();
  if (!source)
    return success();
  if (failed(source.verifyForType(
          belief.type, [&] { return error(entry, "", "in this function"); })))
    return failure();
  FamilyInterface family = entry.getFamilyInterface();
  StringRef made = family.getComponentNames().back();
  ReferenceInterface reference = entry.getReferenceInterface();
  bool isAverage =
      reference.isStateUpdated() && !reference.isBeliefBeforeUpdate();
  if ((belief.isMode(Mode::proximal) || belief.isMode(Mode::natural) ||
       isAverage) &&
      !family.isKnown(family.getComponentNames().size() - 1))
    return error(entry,
                 (isAverage ? "a moving average"
                            : "mode " + stringifyMode(entry.getMode())) +
                     " cannot be served: the " + made + " of '" +
                     getName(belief, belief.components.front()) +
                     "' is made, and geodesics of family '" +
                     family.getFamilyName() + "' change it",
                 "use mode coupled or loss_only and another reference, or a "
                 "family that keeps it, such as #fisher.gaussian_mean<sigma>");
  if (source.getArgumentPattern().empty())
    return success();
  // What the reference is made from is what counts.
  SmallVector<StringRef> patterns = reference.getArgumentPatterns();
  FailureOr<unsigned> argument =
      patterns.empty()
          ? findNamed(belief, made, source.getArgumentPattern(), captured)
          : findNamed(belief, "reference", patterns.back(), captured);
  if (failed(argument))
    return failure();
  Type type = function.getArgument(*argument).getType();
  auto tensor = dyn_cast<RankedTensorType>(type);
  RankedTensorType full = belief.type.getComponentType();
  if (!tensor || tensor.getShape() != full.getShape() ||
      !isa<FloatType>(tensor.getElementType()))
    return error(entry,
                 "'" + getName(*argument) + "', which the " + made + " of '" +
                     getName(belief, belief.components.front()) +
                     "' is made from, must be a float tensor of the same "
                     "shape",
                 "in this function")
               .attachNote(function.getArgument(*argument).getLoc())
           << "the types are " << type << " and " << full;
  belief.sources.push_back(*argument);
  belief.sourceTypes.push_back(tensor);
  return success();
}

/// Finds the arguments that hold the reference, or makes sure that the names
/// of the ones to be added are free.
LogicalResult Planner::resolveReference(Belief &belief,
                                        const Captures &captured) {
  RegularizeOp entry = belief.entry;
  ReferenceInterface reference = entry.getReferenceInterface();
  if (failed(reference.verifyForType(belief.type, belief.isMade(), [&] {
        return error(entry, "", "in this function");
      })))
    return failure();
  for (auto [pattern, component, stored] :
       llvm::zip(reference.getArgumentPatterns(), belief.components,
                 belief.storedTypes)) {
    FailureOr<unsigned> argument =
        findNamed(belief, "reference", pattern, captured);
    if (failed(argument))
      return failure();
    Type type = function.getArgument(*argument).getType();
    if (type != stored)
      return error(entry,
                   "the reference '" + getName(*argument) +
                       "' must have the type of '" +
                       getName(belief, component) + "'",
                   "in this function")
                 .attachNote(function.getArgument(*argument).getLoc())
             << "the types are " << type << " and " << stored;
    belief.referenceArguments.push_back(*argument);
  }
  if (reference.getStateName().empty())
    return success();
  if (belief.isIntermediate)
    return error(entry,
                 "the reference of '" +
                     getName(belief, belief.components.front()) +
                     "' cannot be kept as state, because results have no "
                     "value before the first step; use a prior or an argument",
                 "in this function");
  if (isMeasuring)
    return findKept(belief);
  if (belief.isAnyTied() && reference.isStateUpdated() &&
      !reference.isBeliefBeforeUpdate()) {
    InFlightDiagnostic diag =
        error(entry,
              "the reference cannot be kept for '" + getTiedName(belief) +
                  "', which several elements have in common: on their "
                  "geodesics it would become another number for each",
              "use a reference that is a prior, frozen, previous or an "
              "argument");
    return diag;
  }
  for (auto [argument, type] : belief.getKept()) {
    std::string name =
        (getName(argument) + "." + reference.getStateName()).str();
    if (findArgument(function, marks::name, name))
      return error(entry,
                   "the reference of '" + getName(argument) +
                       "' needs a new argument '" + name +
                       "', but the step has one already",
                   "give that argument another name");
  }
  return success();
}

/// Finds the arguments that keep a reference since a policy was inserted. What
/// a parameter was at the first step is known without.
LogicalResult Planner::findKept(Belief &belief) {
  ReferenceInterface reference =
      RegularizeOp(belief.entry).getReferenceInterface();
  auto kept = belief.getKept();
  SmallVector<unsigned> found;
  for (auto [argument, type] : kept)
    if (std::optional<unsigned> state = findArgument(
            function, marks::name,
            (getName(argument) + "." + reference.getStateName()).str()))
      found.push_back(*state);
  if (found.size() == kept.size()) {
    belief.stateArguments = found;
    return success();
  }
  if ((!reference.isStateUpdated() && belief.sources.empty()) ||
      !belief.needsState())
    return success();
  return error(belief.entry,
               "the reference of '" +
                   getName(belief, belief.components.front()) +
                   "' cannot be measured: no argument of the step keeps it",
               "insert the policy first, by fisher-insert");
}

/// A scalar of the entry: a number, or an argument that is a float.
LogicalResult Planner::resolveNumber(Belief &belief, Attribute attr,
                                     StringRef what, NumberOrArgument &result) {
  if (auto number = dyn_cast<FloatAttr>(attr)) {
    result.number = number.getValueAsDouble();
    FloatType type = belief.type.getComputeType();
    if (FloatAttr::get(type, result.number).getValue().isFinite())
      return success();
    return error(belief.entry,
                 "the " + what + " is too large for the type of the penalty",
                 "in this function")
               .attachNote()
           << "the type is " << type;
  }
  StringRef name = cast<StringAttr>(attr).getValue();
  result.argument = findArgument(function, marks::name, name);
  if (!result.argument)
    return error(belief.entry,
                 "the " + what + " '" + name + "' is no argument of the step",
                 "give the argument that holds it fisher.name = \"" + name +
                     "\"");
  Type type = function.getArgument(*result.argument).getType();
  auto tensorType = dyn_cast<RankedTensorType>(type);
  if (isa<FloatType>(getElementTypeOrSelf(type)) &&
      (!isa<ShapedType>(type) || (tensorType && tensorType.getRank() == 0)))
    return success();
  return error(belief.entry,
               "the " + what + " '" + name +
                   "' must be a float or a float tensor of rank zero",
               "in this function")
             .attachNote(function.getArgument(*result.argument).getLoc())
         << "its type is " << type;
}

FailureOr<SmallVector<unsigned>>
Planner::findResults(const Belief &belief, StringRef mark, StringRef &missing) {
  SmallVector<unsigned> results;
  for (unsigned component : belief.components) {
    std::optional<unsigned> result =
        findResult(function, mark, getName(belief, component));
    missing = getName(belief, component);
    if (!result)
      return failure();
    results.push_back(*result);
  }
  return results;
}
