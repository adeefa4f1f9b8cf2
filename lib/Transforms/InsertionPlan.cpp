//===- InsertionPlan.cpp - What a policy changes in a training step -------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "InsertionPlan.h"

#include "Broadcast.h"

#include "fisher/IR/Glob.h"
#include "fisher/IR/Marks.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

#include <map>

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

namespace {
/// What the groups of a glob captured.
using Captures = SmallVector<std::string>;

/// An argument or a result that may hold a component of a belief.
struct Candidate {
  bool isResult;
  unsigned number;
  StringRef name;
};

/// The candidates that a glob matches, in their order, and for each captured
/// text the first of them.
struct Matches {
  std::vector<std::pair<Captures, Candidate>> all;
  std::map<Captures, Candidate> first;
  /// Whether the glob is a name, which goes with whatever the entry's other
  /// globs capture.
  bool isCommon = false;

  bool contains(const Captures &captures) const {
    return isCommon || first.count(captures);
  }
  const Candidate &at(const Captures &captures) const {
    return isCommon ? all.front().second : first.at(captures);
  }
};

/// A use of a name: the component of the beliefs of an entry.
struct Use {
  RegularizeOp entry;
  size_t component;
};

/// Plans the insertion of one policy into one function: finds the beliefs and
/// refuses what cannot be served.
class Planner {
public:
  Planner(FunctionOpInterface function, double defaultStepSize,
          bool penaltyResult, bool isMeasuring = false)
      : function(function), defaultStepSize(defaultStepSize),
        penaltyResult(penaltyResult), isMeasuring(isMeasuring) {}

  LogicalResult plan(PolicyOp policy);

  InsertionPlan takePlan() { return {std::move(beliefs), std::move(hidden)}; }

private:
  // The steps, in order.
  void nameParameters();
  void findCandidates();
  LogicalResult checkNames(RegularizeOp entry);
  LogicalResult matchEntry(RegularizeOp entry);
  LogicalResult checkMatches(RegularizeOp entry, ArrayRef<Matches> matches);
  LogicalResult addBelief(RegularizeOp entry, ArrayRef<Matches> matches,
                          const Captures &captures);
  LogicalResult takeName(Belief &belief, size_t component);
  LogicalResult checkComponents(Belief &belief);
  LogicalResult resolveSource(Belief &belief, const Captures &captured);
  LogicalResult resolveReference(Belief &belief, const Captures &captured);
  LogicalResult findKept(Belief &belief);
  LogicalResult resolveNumber(Belief &belief, Attribute attr, StringRef what,
                              NumberOrArgument &result);
  LogicalResult resolveMode(Belief &belief);
  LogicalResult resolveUpdates(Belief &belief, StringRef &missing);
  void recognizeUpdates(Belief &belief);
  LogicalResult findMeasured(Belief &belief);
  LogicalResult resolveGradients(Belief &belief);
  LogicalResult resolveHiddenGradient(Belief &belief, unsigned argument,
                                      RankedTensorType type);
  LogicalResult resolveLearningRate(Belief &belief);
  LogicalResult checkReturns();
  LogicalResult checkCallers();

  Matches matchGlob(RegularizeOp entry, const Glob &glob);

  /// The argument that holds what an entry names by a pattern.
  FailureOr<unsigned> findNamed(const Belief &belief, StringRef what,
                                StringRef pattern, const Captures &captured);

  /// The names of the function's parameters, for messages.
  std::string listParameters() const;

  StringRef getName(const Belief &belief, unsigned component) {
    return getComponentName(function, belief, component);
  }
  Type getType(const Belief &belief, unsigned component) {
    return belief.isIntermediate ? function.getResultTypes()[component]
                                 : function.getArgument(component).getType();
  }
  Location getLoc(const Belief &belief, unsigned component) {
    return belief.isIntermediate ? function.getLoc()
                                 : function.getArgument(component).getLoc();
  }

  /// The name of the first component that is tied.
  StringRef getTiedName(const Belief &belief) {
    size_t tied = llvm::find(belief.isTied, true) - belief.isTied.begin();
    return getName(belief, belief.components[tied]);
  }

  /// The results of the components that carry `mark`; fails at the first
  /// component without, which is then in `missing`.
  FailureOr<SmallVector<unsigned>>
  findResults(const Belief &belief, StringRef mark, StringRef &missing);

  StringRef getName(unsigned argument) {
    return getArgumentMark(function, argument, marks::name);
  }

  /// What the step does to its parameters; null if that cannot be told.
  recognition::Recognition *getRecognition();
  /// How an optimizer makes an argument's new value; null if none is known to.
  const recognition::Update *findUpdate(unsigned argument);

  /// An error at the entry, with a note at the function.
  InFlightDiagnostic error(RegularizeOp entry, const Twine &message,
                           const Twine &note);
  /// An error at an argument, with a note at the entry.
  InFlightDiagnostic errorAt(unsigned argument, RegularizeOp entry,
                             const Twine &message, const Twine &note);

  FunctionOpInterface function;
  double defaultStepSize;
  bool penaltyResult;
  /// Whether beliefs are only looked at.
  bool isMeasuring;
  std::vector<Belief> beliefs;
  std::vector<HiddenGradient> hidden;
  /// Made when it is asked for.
  std::optional<recognition::Recognition> recognition;
  /// Whether any argument has a name.
  bool hasNames = false;
  /// The parameters, then the results that have names.
  std::vector<Candidate> candidates;
  /// The numbers of the candidates, in the order of their names.
  std::vector<unsigned> byName;
  /// The names of what policies regularized before.
  llvm::StringSet<> regularized;
  /// What regularizes the argument or result of a name already.
  llvm::StringMap<Use> takenBy;
};
} // namespace

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
// Planning
//===----------------------------------------------------------------------===//

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
  if (stateful == beliefs.end() && !penaltyResult)
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
