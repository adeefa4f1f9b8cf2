//===- InsertionPlan.cpp - What a policy changes in a training step -------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Planner.h"

#include "Broadcast.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace mlir::fisher;

bool Belief::needsState() const {
  ReferenceInterface reference = RegularizeOp(entry).getReferenceInterface();
  return !reference.getStateName().empty() &&
         !(reference.isBeliefBeforeUpdate() && isMode(Mode::proximal));
}

SmallVector<std::pair<unsigned, RankedTensorType>> Belief::getKept() const {
  SmallVector<std::pair<unsigned, RankedTensorType>> kept;
  for (auto [argument, type] : llvm::zip_equal(components, storedTypes))
    kept.emplace_back(argument, type);
  // An average has no spread of its own.
  ReferenceInterface reference = RegularizeOp(entry).getReferenceInterface();
  if (!reference.isStateUpdated() || reference.isBeliefBeforeUpdate())
    for (auto [argument, type] : llvm::zip_equal(sources, sourceTypes))
      kept.emplace_back(argument, type);
  return kept;
}

StringRef mlir::fisher::getComponentName(FunctionOpInterface function,
                                         const Belief &belief,
                                         unsigned component) {
  if (!belief.isIntermediate)
    return getArgumentMark(function, component, marks::name);
  return function.getResultAttrOfType<StringAttr>(component, marks::name);
}

InFlightDiagnostic Planner::error(RegularizeOp entry, const Twine &message,
                                  const Twine &note) {
  InFlightDiagnostic diag = emitError(entry.getLoc()) << message;
  diag.attachNote(function.getLoc()) << note;
  return diag;
}

InFlightDiagnostic Planner::errorAt(unsigned argument, RegularizeOp entry,
                                    const Twine &message, const Twine &note) {
  InFlightDiagnostic diag = emitError(function.getArgument(argument).getLoc())
                            << message;
  diag.attachNote(entry.getLoc()) << note;
  return diag;
}

LogicalResult Planner::plan(PolicyOp policy) {
  nameParameters();
  findCandidates();
  auto known = function->getAttrOfType<ArrayAttr>(marks::regularized);
  if (known && !isMeasuring)
    for (auto names : known.getAsRange<ArrayAttr>())
      for (auto name : names.getAsRange<StringAttr>())
        regularized.insert(name.getValue());
  for (RegularizeOp entry : policy.getBody().getOps<RegularizeOp>())
    if (failed(checkNames(entry)) || failed(matchEntry(entry)))
      return failure();
  return success(succeeded(checkReturns()) && succeeded(checkCallers()));
}

void Planner::findCandidates() {
  for (unsigned i = 0, e = function.getNumArguments(); i != e; ++i) {
    StringRef name = getName(i);
    if (name.empty())
      continue;
    hasNames = true;
    StringRef role = getArgumentMark(function, i, marks::role);
    if (role.empty() || role == "param")
      candidates.push_back({/*isResult=*/false, i, name});
  }
  for (unsigned i = 0, e = function.getNumResults(); i != e; ++i)
    if (auto name = function.getResultAttrOfType<StringAttr>(i, marks::name))
      candidates.push_back({/*isResult=*/true, i, name});
  llvm::append_range(byName, llvm::seq<unsigned>(candidates.size()));
  llvm::sort(byName, [&](unsigned a, unsigned b) {
    return candidates[a].name < candidates[b].name;
  });
}

/// A function without names cannot be matched: tell how to give them.
LogicalResult Planner::checkNames(RegularizeOp entry) {
  if (hasNames)
    return success();
  return error(
      entry, "cannot find parameters: no argument of the step has a name",
      "mark the step's arguments and results, for example '%arg0: "
      "tensor<4xf32> "
      "{fisher.name = \"fc0.mu\", fisher.role = \"param\"}' and '(tensor<f32> "
      "{fisher.role = \"loss\"}, tensor<4xf32> {fisher.gradient_of = "
      "\"fc0.mu\"})'");
}

std::string Planner::listParameters() const {
  constexpr unsigned limit = 10;
  SmallVector<std::string> names;
  for (const Candidate &candidate : candidates)
    if (!candidate.isResult)
      names.push_back(("'" + candidate.name + "'").str());
  if (names.empty())
    return "the step has no argument with fisher.role = \"param\"";
  bool cut = names.size() > limit;
  names.resize(std::min<size_t>(names.size(), limit));
  return "the step's parameters are " + llvm::join(names, ", ") +
         (cut ? ", ..." : "");
}

/// What a glob matches: parameters, and where the mode needs no gradients or
/// updates, results: intermediate beliefs. Only names that start as the glob
/// does are tried, so that many entries stay cheap.
Matches Planner::matchGlob(RegularizeOp entry, const Glob &glob) {
  StringRef prefix = glob.getPrefix();
  auto begin = llvm::partition_point(byName, [&](unsigned candidate) {
    return candidates[candidate].name < prefix;
  });
  std::vector<unsigned> tried;
  for (unsigned candidate : llvm::make_range(begin, byName.end())) {
    if (!candidates[candidate].name.starts_with(prefix))
      break;
    if (!candidates[candidate].isResult || entry.getMode() == Mode::loss_only)
      tried.push_back(candidate);
  }
  llvm::sort(tried);
  Matches matches;
  for (unsigned number : tried) {
    const Candidate &candidate = candidates[number];
    std::optional<Captures> captures = glob.match(candidate.name);
    if (!captures)
      continue;
    matches.first.try_emplace(*captures, candidate);
    matches.all.emplace_back(std::move(*captures), candidate);
  }
  return matches;
}

/// Finds the beliefs of one entry: the candidates that the first glob that
/// captures matches, each with those that the others match with the same
/// captured text. A name among globs that capture is part of every belief.
LogicalResult Planner::matchEntry(RegularizeOp entry) {
  SmallVector<Matches> matches;
  SmallVector<bool> isCapturing;
  for (StringRef pattern : entry.getGlobs()) {
    FailureOr<Glob> glob =
        Glob::parse(pattern, [&] { return emitError(entry.getLoc()); });
    if (failed(glob))
      return failure();
    matches.push_back(matchGlob(entry, *glob));
    isCapturing.push_back(glob->isCapturing());
    if (matches.back().all.empty())
      return error(entry, "'" + pattern + "' matches no parameter of the step",
                   listParameters());
  }
  size_t leading = 0;
  if (llvm::is_contained(isCapturing, true)) {
    leading = llvm::find(isCapturing, true) - isCapturing.begin();
    for (auto [found, capturing] : llvm::zip_equal(matches, isCapturing))
      found.isCommon = !capturing;
  }
  if (failed(checkMatches(entry, matches)))
    return failure();
  for (const auto &[captures, candidate] : matches[leading].all)
    if (failed(addBelief(entry, matches, captures)))
      return failure();
  return success();
}

/// Whatever matches must belong to one belief.
LogicalResult Planner::checkMatches(RegularizeOp entry,
                                    ArrayRef<Matches> matches) {
  ArrayRef<StringRef> components =
      entry.getFamilyInterface().getComponentNames();
  SmallVector<StringRef> patterns = entry.getGlobs();
  for (size_t k = 0; k != matches.size(); ++k) {
    if (matches[k].isCommon)
      continue;
    for (const auto &[captures, candidate] : matches[k].all)
      for (size_t other = 0; other != matches.size(); ++other)
        if (!matches[other].contains(captures))
          return error(entry,
                       "'" + candidate.name + "' matches '" + patterns[k] +
                           "' as the " + components[k] +
                           " of a belief, but no parameter matches '" +
                           patterns[other] + "' as its " + components[other] +
                           " with the same captured text",
                       listParameters());
  }

  // Two candidates that one glob matches with the same captured text cannot be
  // told apart.
  for (size_t k = 0; k != matches.size(); ++k)
    for (const auto &[captures, candidate] : matches[k].all) {
      const Candidate &first = matches[k].at(captures);
      if (first.isResult != candidate.isResult ||
          first.number != candidate.number)
        return error(entry,
                     "'" + patterns[k] + "' matches both '" + first.name +
                         "' and '" + candidate.name +
                         "' with the same captured text; capture what tells "
                         "them apart in parentheses",
                     "in this function");
    }
  return success();
}

/// Plans the belief of an entry whose globs capture this.
LogicalResult Planner::addBelief(RegularizeOp entry, ArrayRef<Matches> matches,
                                 const Captures &captures) {
  const Candidate &first = matches.front().at(captures);
  bool hasOthers = llvm::any_of(
      matches, [](const Matches &found) { return found.all.size() > 1; });
  Belief &belief = beliefs.emplace_back();
  belief.entry = entry;
  belief.isIntermediate = first.isResult;
  for (const Matches &found : matches) {
    const Candidate &component = found.at(captures);
    if (component.isResult != first.isResult)
      return error(entry,
                   "the components of a belief must all be parameters or "
                   "all be results, but '" +
                       first.name + "' and '" + component.name + "' differ",
                   "in this function");
    belief.components.push_back(component.number);
    belief.isTied.push_back(found.isCommon && hasOthers);
  }
  for (size_t k = 0; k != matches.size(); ++k)
    if (failed(takeName(belief, k)))
      return failure();
  return success(
      succeeded(checkComponents(belief)) &&
      succeeded(resolveSource(belief, captures)) &&
      succeeded(resolveReference(belief, captures)) &&
      succeeded(
          resolveNumber(belief, entry.getWeight(), "weight", belief.weight)) &&
      succeeded(isMeasuring ? findMeasured(belief) : resolveMode(belief)));
}

/// A parameter is part of one belief, unless all of them have it in common.
LogicalResult Planner::takeName(Belief &belief, size_t component) {
  StringRef name = getName(belief, belief.components[component]);
  if (regularized.contains(name))
    return error(belief.entry,
                 "'" + name +
                     "' is regularized already; a parameter can be "
                     "regularized once",
                 "a policy has been inserted into this function before");
  auto [taken, isNew] = takenBy.try_emplace(name, Use{belief.entry, component});
  if (isNew ||
      (belief.isTied[component] && taken->second.entry == belief.entry &&
       taken->second.component == component))
    return success();
  InFlightDiagnostic diag = error(
      belief.entry,
      "'" + name + "' is matched twice; a parameter can be regularized once",
      "in this function");
  diag.attachNote(taken->second.entry.getLoc()) << "it is matched here, too";
  return diag;
}

/// Beliefs can be of the components' types: the elements' type is the same,
/// and all of them can be broadcast to one.
LogicalResult Planner::checkComponents(Belief &belief) {
  FamilyInterface family = belief.entry.getFamilyInterface();
  ArrayRef<StringRef> names = family.getComponentNames();
  auto differ = [&](size_t a, size_t b, const Twine &must, const Twine &how) {
    auto describe = [&](size_t k) {
      return ("'" + getName(belief, belief.components[k]) + "' (" + names[k] +
              ")")
          .str();
    };
    InFlightDiagnostic diag =
        error(belief.entry,
              "the components of a belief must " + must + ", but " +
                  describe(a) + " and " + describe(b) + " differ",
              how);
    diag.attachNote(getLoc(belief, belief.components[b]))
        << "their types are " << belief.storedTypes[a] << " and "
        << belief.storedTypes[b];
    return diag;
  };
  RankedTensorType full;
  for (auto [k, component] : llvm::enumerate(belief.components)) {
    auto type = dyn_cast<RankedTensorType>(getType(belief, component));
    if (!type)
      return error(belief.entry,
                   "'" + getName(belief, component) +
                       "' cannot be a component of a belief: it must be a "
                       "ranked tensor",
                   "in this function")
                 .attachNote(getLoc(belief, component))
             << "its type is " << getType(belief, component);
    belief.storedTypes.push_back(type);
    for (size_t other = 0; other != k; ++other) {
      RankedTensorType otherType = belief.storedTypes[other];
      if (type.getElementType() != otherType.getElementType())
        return differ(other, k, "have one element type", "in this function");
      if (!isBroadcastable(type, otherType, family.getEventRank()) &&
          !isBroadcastable(otherType, type, family.getEventRank()))
        return differ(other, k,
                      "have one shape, or shapes that can be broadcast to it",
                      "counted from the last dimension, one of the two must "
                      "have size 1 or no dimension wherever they differ");
    }
    // Of any two types one can be broadcast to the other, so one is the
    // largest.
    if (!full || isBroadcastable(full, type, family.getEventRank()))
      full = type;
  }
  for (auto [type, isTied] : llvm::zip_equal(belief.storedTypes, belief.isTied))
    isTied |= type != full;
  auto emitTypeError = [&] {
    return error(belief.entry,
                 "'" + getName(belief, belief.components.front()) +
                     "' cannot be a component of a belief: ",
                 "in this function");
  };
  belief.type = BeliefType::getChecked(emitTypeError, function.getContext(),
                                       belief.entry.getFamilyInterface(), full);
  return success(static_cast<bool>(belief.type));
}

/// Every way out of the function must be known, to be filled in.
LogicalResult Planner::checkReturns() {
  bool returns = false;
  for (Block &block : function.getFunctionBody()) {
    Operation &last = block.back();
    if (last.hasTrait<OpTrait::ReturnLike>())
      returns = true;
    else if (!last.isRegistered() && last.getNumSuccessors() == 0)
      return last.emitError("cannot tell whether this operation returns, since "
                            "its dialect is not there; end the step with "
                            "'func.return'");
  }
  if (!returns)
    return function.emitError(
        "never returns, so that nothing can be added to what it returns");
  return success();
}

/// A function that gets new arguments or results must not be called.
LogicalResult Planner::checkCallers() {
  auto stateful = llvm::find_if(
      beliefs, [](const Belief &belief) { return belief.needsState(); });
  if (stateful == beliefs.end() && !penaltyResult && !isMeasuring)
    return success();
  // SymbolTable's own search gives up at operations that are not registered.
  StringAttr name = SymbolTable::getSymbolName(function);
  Operation *scope =
      SymbolTable::getNearestSymbolTable(function->getParentOp());
  Operation *user = nullptr;
  scope->walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (op == scope)
      return WalkResult::advance();
    auto visit = [&](SymbolRefAttr symbol) {
      if (symbol.getRootReference() == name)
        user = op;
    };
    op->getDiscardableAttrDictionary().walk(visit);
    if (Attribute properties = op->getPropertiesAsAttribute())
      properties.walk(visit);
    if (user)
      return WalkResult::interrupt();
    return op->hasTrait<OpTrait::SymbolTable>() ? WalkResult::skip()
                                                : WalkResult::advance();
  });
  if (!user)
    return success();
  InFlightDiagnostic diag =
      function.emitError()
      << "needs new arguments or results, but its callers would not give "
         "them; choose a step that is not called";
  diag.attachNote(user->getLoc()) << "it is used here";
  return diag;
}

FailureOr<InsertionPlan>
mlir::fisher::planInsertion(FunctionOpInterface function, PolicyOp policy,
                            double defaultStepSize, bool penaltyResult) {
  Planner planner(function, defaultStepSize, penaltyResult);
  if (failed(planner.plan(policy)))
    return failure();
  return planner.takePlan();
}

FailureOr<InsertionPlan>
mlir::fisher::planMeasurement(FunctionOpInterface function, PolicyOp policy) {
  Planner planner(function, /*defaultStepSize=*/0.0, /*penaltyResult=*/false,
                  /*isMeasuring=*/true);
  if (failed(planner.plan(policy)))
    return failure();
  return planner.takePlan();
}
