//===- Insert.cpp - A policy becomes operations of the training step ------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Transforms/Passes.h"

#include "fisher/IR/Fisher.h"
#include "fisher/IR/Glob.h"
#include "fisher/IR/Marks.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SmallVectorExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"

namespace mlir::fisher {
#define GEN_PASS_DEF_FISHERINSERT
#include "fisher/Transforms/Passes.h.inc"
} // namespace mlir::fisher

using namespace mlir;
using namespace mlir::fisher;

namespace {

//===----------------------------------------------------------------------===//
// What is to be inserted
//===----------------------------------------------------------------------===//

/// A scalar that an entry gives as a number or as an argument's name.
struct NumberOrArgument {
  double number = 0.0;
  std::optional<unsigned> argument;
};

/// One belief that an entry of the policy regularizes. Numbers are those of
/// arguments and results of the function before anything is inserted.
struct Belief {
  RegularizeOp entry;
  BeliefType type;
  /// The arguments that hold the stored components.
  SmallVector<unsigned> components;
  NumberOrArgument weight, stepSize;
  /// The arguments that hold the reference, if it is held in arguments that
  /// the function has already.
  SmallVector<unsigned> referenceArguments;
  /// The results that are the components' gradients, if the mode needs them.
  SmallVector<unsigned> gradients;
  /// The results that are the components' next values, if there are any.
  SmallVector<unsigned> updates;
  /// The first of the new arguments that hold the reference, and of the new
  /// results that update them, if it has state.
  std::optional<unsigned> stateArgument, stateResult;

  bool isMode(Mode mode) const {
    return RegularizeOp(entry).getMode() == mode;
  }
  bool changesGradients() const {
    return isMode(Mode::coupled) || isMode(Mode::natural);
  }
};

//===----------------------------------------------------------------------===//
// Inserter
//===----------------------------------------------------------------------===//

/// Inserts one policy into one function.
///
/// The function does not change before everything is known to fit: `plan`
/// finds the beliefs and refuses what cannot be served, `insert` then cannot
/// fail. Between the two, `beliefs` is complete and does not change but for
/// the numbers of new arguments and results.
class Inserter {
public:
  Inserter(FunctionOpInterface function, double defaultStepSize,
           bool penaltyResult)
      : function(function), defaultStepSize(defaultStepSize),
        penaltyResult(penaltyResult) {}

  /// Finds the beliefs that the policy regularizes.
  LogicalResult plan(PolicyOp policy);

  /// 1. adds the arguments that references need, 2. the results, and 3. fills
  /// in every return.
  void insert();

  ArrayRef<Belief> getBeliefs() const { return beliefs; }

private:
  // Planning, in order.
  LogicalResult checkNames(RegularizeOp entry);
  LogicalResult matchEntry(RegularizeOp entry);
  LogicalResult checkComponents(Belief &belief);
  LogicalResult resolveReference(Belief &belief,
                                 ArrayRef<std::string> captured);
  LogicalResult resolveNumber(Belief &belief, Attribute attr, StringRef what,
                              NumberOrArgument &result);
  LogicalResult resolveMode(Belief &belief);
  LogicalResult checkReturns();
  LogicalResult checkCallers();

  // Inserting, in order.
  void addStateArguments();
  void addStateResults();
  void insertBeforeReturn(Operation *returnOp);

  /// The results of the components that carry `mark`; fails at the first
  /// component without, which is then in `missing`.
  FailureOr<SmallVector<unsigned>> findResults(const Belief &belief,
                                               StringRef mark,
                                               StringRef &missing);

  StringRef getName(unsigned argument) {
    return getArgumentMark(function, argument, marks::name);
  }

  /// An error at the entry, with a note at the function.
  InFlightDiagnostic error(RegularizeOp entry, const Twine &message,
                           const Twine &note);

  FunctionOpInterface function;
  double defaultStepSize;
  bool penaltyResult;
  std::vector<Belief> beliefs;
  /// The entry that regularizes an argument already.
  DenseMap<unsigned, RegularizeOp> takenBy;
};

} // namespace

InFlightDiagnostic Inserter::error(RegularizeOp entry, const Twine &message,
                                   const Twine &note) {
  InFlightDiagnostic diag = emitError(entry.getLoc()) << message;
  diag.attachNote(function.getLoc()) << note;
  return diag;
}

//===----------------------------------------------------------------------===//
// Planning
//===----------------------------------------------------------------------===//

LogicalResult Inserter::plan(PolicyOp policy) {
  for (RegularizeOp entry : policy.getBody().getOps<RegularizeOp>())
    if (failed(checkNames(entry)) || failed(matchEntry(entry)))
      return failure();
  return success(succeeded(checkReturns()) && succeeded(checkCallers()));
}

/// A function without names cannot be matched: tell how to give them.
LogicalResult Inserter::checkNames(RegularizeOp entry) {
  for (unsigned i = 0, e = function.getNumArguments(); i != e; ++i)
    if (!getName(i).empty())
      return success();
  return error(
      entry, "cannot find parameters: no argument of the step has a name",
      "mark the step's arguments and results, for example '%arg0: tensor<4xf32> "
      "{fisher.name = \"fc0.mu\", fisher.role = \"param\"}' and '(tensor<f32> "
      "{fisher.role = \"loss\"}, tensor<4xf32> {fisher.gradient_of = "
      "\"fc0.mu\"})'");
}

/// The names of the function's parameters, for messages.
static std::string listParameters(FunctionOpInterface function) {
  constexpr unsigned limit = 10;
  SmallVector<std::string> names;
  for (unsigned i = 0, e = function.getNumArguments(); i != e; ++i) {
    StringRef role = getArgumentMark(function, i, marks::role);
    StringRef name = getArgumentMark(function, i, marks::name);
    if (!name.empty() && (role.empty() || role == "param"))
      names.push_back(("'" + name + "'").str());
  }
  if (names.empty())
    return "the step has no argument with fisher.role = \"param\"";
  bool cut = names.size() > limit;
  names.resize(std::min<size_t>(names.size(), limit));
  return "the step's parameters are " + llvm::join(names, ", ") +
         (cut ? ", ..." : "");
}

/// Finds the beliefs of one entry: the parameters that match the first glob,
/// each with those that match the others with the same captured text.
LogicalResult Inserter::matchEntry(RegularizeOp entry) {
  FamilyInterface family = entry.getFamilyInterface();
  ArrayRef<StringRef> componentNames = family.getComponentNames();
  SmallVector<StringRef> patterns = entry.getGlobs();
  using Captures = SmallVector<std::string>;
  // For each component, the arguments by what the glob captured.
  SmallVector<std::vector<std::pair<Captures, unsigned>>> matches;
  for (StringRef pattern : patterns) {
    FailureOr<Glob> glob =
        Glob::parse(pattern, [&] { return emitError(entry.getLoc()); });
    if (failed(glob))
      return failure();
    auto &found = matches.emplace_back();
    for (unsigned i = 0, e = function.getNumArguments(); i != e; ++i) {
      StringRef role = getArgumentMark(function, i, marks::role);
      if (getName(i).empty() || !(role.empty() || role == "param"))
        continue;
      if (auto captures = glob->match(getName(i)))
        found.emplace_back(std::move(*captures), i);
    }
    if (found.empty())
      return error(entry, "'" + pattern + "' matches no parameter of the step",
                   listParameters(function));
  }

  auto findSame = [](const std::vector<std::pair<Captures, unsigned>> &found,
                     const Captures &captures) {
    return llvm::find_if(
        found, [&](const auto &match) { return match.first == captures; });
  };
  // Whatever matches a later glob must belong to a belief, too.
  for (size_t k = 0; k != matches.size(); ++k)
    for (const auto &[captures, argument] : matches[k])
      for (size_t other = 0; other != matches.size(); ++other)
        if (findSame(matches[other], captures) == matches[other].end())
          return error(entry,
                       "'" + getName(argument) + "' matches '" + patterns[k] +
                           "' as the " + componentNames[k] +
                           " of a belief, but no parameter matches '" +
                           patterns[other] + "' as its " +
                           componentNames[other] +
                           " with the same captured text",
                       listParameters(function));

  // Two arguments that one glob matches with the same captured text cannot be
  // told apart.
  for (size_t k = 0; k != matches.size(); ++k)
    for (const auto &[captures, argument] : matches[k])
      if (findSame(matches[k], captures)->second != argument)
        return error(entry,
                     "'" + patterns[k] + "' matches both '" +
                         getName(findSame(matches[k], captures)->second) +
                         "' and '" + getName(argument) +
                         "' with the same captured text; capture what tells "
                         "them apart in parentheses",
                     "in this function");

  for (const auto &[captures, argument] : matches.front()) {
    Belief &belief = beliefs.emplace_back();
    belief.entry = entry;
    for (const auto &found : matches)
      belief.components.push_back(findSame(found, captures)->second);
    for (unsigned component : belief.components) {
      auto [taken, isNew] = takenBy.try_emplace(component, entry);
      if (isNew)
        continue;
      InFlightDiagnostic diag =
          error(entry,
                "'" + getName(component) +
                    "' is matched twice; a parameter can be regularized once",
                "in this function");
      diag.attachNote(taken->second.getLoc()) << "it is matched here, too";
      return diag;
    }
    if (failed(checkComponents(belief)) ||
        failed(resolveReference(belief, captures)) ||
        failed(resolveNumber(belief, entry.getWeight(), "weight",
                             belief.weight)) ||
        failed(resolveMode(belief)))
      return failure();
  }
  return success();
}

/// The components have one type, of which beliefs can be.
LogicalResult Inserter::checkComponents(Belief &belief) {
  ArrayRef<StringRef> names = belief.entry.getFamilyInterface().getComponentNames();
  Type first = function.getArgument(belief.components.front()).getType();
  for (auto [index, argument] : llvm::enumerate(belief.components)) {
    Type type = function.getArgument(argument).getType();
    if (!isa<RankedTensorType>(type))
      return error(belief.entry,
                   "'" + getName(argument) +
                       "' cannot be a component of a belief: it must be a "
                       "ranked tensor",
                   "in this function")
                 .attachNote(function.getArgument(argument).getLoc())
             << "its type is " << type;
    if (type == first)
      continue;
    InFlightDiagnostic diag = error(
        belief.entry,
        "the components of a belief must have one type, but '" +
            getName(belief.components.front()) + "' (" + names.front() +
            ") and '" + getName(argument) + "' (" + names[index] + ") differ",
        "in this function");
    diag.attachNote(function.getArgument(argument).getLoc())
        << "their types are " << first << " and " << type;
    return diag;
  }
  auto emitTypeError = [&] {
    return error(belief.entry,
                 "'" + getName(belief.components.front()) +
                     "' cannot be a component of a belief: ",
                 "in this function");
  };
  belief.type = BeliefType::getChecked(
      emitTypeError, function.getContext(), belief.entry.getFamilyInterface(),
      cast<RankedTensorType>(first));
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

/// Finds the arguments that hold the reference, or makes sure that the names
/// of the ones to be added are free.
LogicalResult Inserter::resolveReference(Belief &belief,
                                         ArrayRef<std::string> captured) {
  RegularizeOp entry = belief.entry;
  ReferenceInterface reference = entry.getReferenceInterface();
  if (failed(reference.verifyForType(
          belief.type, [&] { return error(entry, "", "in this function"); })))
    return failure();
  for (StringRef pattern : reference.getArgumentPatterns()) {
    FailureOr<std::string> name = substitute(pattern, captured);
    if (failed(name))
      return error(entry,
                   "the reference '" + pattern +
                       "' asks for more text than the globs capture (" +
                       Twine(captured.size()) + ")",
                   "in this function");
    std::optional<unsigned> argument =
        findArgument(function, marks::name, *name);
    if (!argument)
      return error(entry,
                   "the reference '" + *name + "' of '" +
                       getName(belief.components.front()) +
                       "' is no argument of the step",
                   "give the argument that holds it fisher.name = \"" + *name +
                       "\"");
    Type type = function.getArgument(*argument).getType();
    if (type != belief.type.getComponentType())
      return error(entry,
                   "the reference '" + *name + "' must have the type of '" +
                       getName(belief.components.front()) + "'",
                   "in this function")
                 .attachNote(function.getArgument(*argument).getLoc())
             << "the types are " << type << " and "
             << belief.type.getComponentType();
    belief.referenceArguments.push_back(*argument);
  }
  if (reference.getStateName().empty())
    return success();
  for (unsigned component : belief.components) {
    std::string name =
        (getName(component) + "." + reference.getStateName()).str();
    if (findArgument(function, marks::name, name))
      return error(entry,
                   "the reference of '" + getName(component) +
                       "' needs a new argument '" + name +
                       "', but the step has one already",
                   "has a policy been inserted into this function before?");
  }
  return success();
}

/// A scalar of the entry: a number, or an argument that is a float.
LogicalResult Inserter::resolveNumber(Belief &belief, Attribute attr,
                                      StringRef what,
                                      NumberOrArgument &result) {
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
Inserter::findResults(const Belief &belief, StringRef mark,
                      StringRef &missing) {
  SmallVector<unsigned> results;
  for (unsigned component : belief.components) {
    std::optional<unsigned> result =
        findResult(function, mark, getName(component));
    missing = getName(component);
    if (!result)
      return failure();
    results.push_back(*result);
  }
  return results;
}

/// Finds what the entry's mode changes.
LogicalResult Inserter::resolveMode(Belief &belief) {
  RegularizeOp entry = belief.entry;
  auto cannot = [&](const Twine &why, const Twine &how) {
    return error(entry,
                 "mode " + stringifyMode(entry.getMode()) +
                     " cannot be served: " + why,
                 how);
  };
  auto checkTypes = [&](ArrayRef<unsigned> results,
                        StringRef what) -> LogicalResult {
    for (auto [component, result] :
         llvm::zip_equal(belief.components, results)) {
      Type type = function.getResultTypes()[result];
      if (type != belief.type.getComponentType())
        return cannot("result " + Twine(result) + ", the " + what + " of '" +
                          getName(component) +
                          "', has another type than the parameter",
                      "in this function");
    }
    return success();
  };

  StringRef missing;
  FailureOr<SmallVector<unsigned>> updates =
      findResults(belief, marks::updates, missing);
  if (succeeded(updates)) {
    belief.updates = *updates;
    if (failed(checkTypes(belief.updates, "update")))
      return failure();
  }
  std::optional<unsigned> loss = findResult(function, marks::role, "loss");
  if (loss) {
    auto type = dyn_cast<RankedTensorType>(function.getResultTypes()[*loss]);
    if (!type || type.getRank() != 0 || !isa<FloatType>(type.getElementType()))
      return cannot("the loss, result " + Twine(*loss) +
                        ", must be a float tensor of rank zero",
                    "in this function");
  }

  switch (entry.getMode()) {
  case Mode::coupled:
  case Mode::natural: {
    FailureOr<SmallVector<unsigned>> gradients =
        findResults(belief, marks::gradientOf, missing);
    if (failed(gradients))
      return cannot("the step returns no gradient of '" + missing + "'",
                    "mark the result that is the gradient with "
                    "fisher.gradient_of = \"" +
                        missing +
                        "\", or use mode loss_only or proximal");
    belief.gradients = *gradients;
    return checkTypes(belief.gradients, "gradient");
  }
  case Mode::loss_only:
    if (!loss)
      return cannot("the step returns no loss",
                    "mark the result that is the loss with fisher.role = "
                    "\"loss\"");
    return success();
  case Mode::proximal:
    if (belief.updates.empty())
      return cannot("the step returns no new value of '" + missing + "'",
                    "mark the result that is the new value with "
                    "fisher.updates = \"" +
                        missing + "\", or use mode coupled");
    if (entry.getStepSize())
      return resolveNumber(belief, *entry.getStepSize(), "step size",
                           belief.stepSize);
    if (!(defaultStepSize > 0.0))
      return cannot("the step size is not known",
                    "give the entry 'step_size' after its weight, or the pass "
                    "the option step-size");
    belief.stepSize.number = defaultStepSize;
    return success();
  }
  llvm_unreachable("all modes are handled");
}

/// Whether the belief's reference is kept in new arguments.
static bool needsState(const Belief &belief) {
  RegularizeOp entry = belief.entry;
  ReferenceInterface reference = entry.getReferenceInterface();
  return !reference.getStateName().empty() &&
         !(reference.isBeliefBeforeUpdate() && belief.isMode(Mode::proximal));
}

/// Every way out of the function must be known, to be filled in.
LogicalResult Inserter::checkReturns() {
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
LogicalResult Inserter::checkCallers() {
  auto stateful = llvm::find_if(beliefs, needsState);
  if (stateful == beliefs.end() && !penaltyResult)
    return success();
  // SymbolTable's own search gives up at operations that are not registered.
  StringAttr name = SymbolTable::getSymbolName(function);
  Operation *scope = SymbolTable::getNearestSymbolTable(function->getParentOp());
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

//===----------------------------------------------------------------------===//
// Inserting
//===----------------------------------------------------------------------===//

void Inserter::insert() {
  addStateArguments();
  addStateResults();
  for (Block &block : function.getFunctionBody())
    if (block.back().hasTrait<OpTrait::ReturnLike>())
      insertBeforeReturn(&block.back());
}

void Inserter::addStateArguments() {
  Builder builder(function.getContext());
  for (Belief &belief : beliefs) {
    if (!needsState(belief))
      continue;
    StringRef state = belief.entry.getReferenceInterface().getStateName();
    belief.stateArgument = function.getNumArguments();
    for (unsigned component : belief.components) {
      StringRef name = getName(component);
      DictionaryAttr attrs = builder.getDictionaryAttr(
          {builder.getNamedAttr(marks::name,
                                builder.getStringAttr(name + "." + state)),
           builder.getNamedAttr(marks::role, builder.getStringAttr("state")),
           builder.getNamedAttr(marks::initialize,
                                builder.getStringAttr(name))});
      LogicalResult inserted = function.insertArgument(
          function.getNumArguments(), belief.type.getComponentType(), attrs,
          belief.entry.getLoc());
      assert(succeeded(inserted) && "functions take any argument");
      (void)inserted;
    }
  }
}

/// Whether the reference's state changes from step to step; asked before the
/// operations exist that would tell.
static bool hasNextState(const Belief &belief) {
  RegularizeOp entry = belief.entry;
  return needsState(belief) && entry.getReferenceInterface().isStateUpdated();
}

void Inserter::addStateResults() {
  Builder builder(function.getContext());
  auto addResult = [&](Type type, NamedAttribute mark) {
    LogicalResult inserted =
        function.insertResult(function.getNumResults(), type,
                              builder.getDictionaryAttr({mark}));
    assert(succeeded(inserted) && "functions return any result");
    (void)inserted;
  };
  for (Belief &belief : beliefs) {
    if (!hasNextState(belief))
      continue;
    belief.stateResult = function.getNumResults();
    for (size_t i = 0; i != belief.components.size(); ++i)
      addResult(belief.type.getComponentType(),
                builder.getNamedAttr(
                    marks::updates,
                    builder.getStringAttr(
                        getName(*belief.stateArgument + i))));
  }
  if (!penaltyResult)
    return;
  Type total = builder.getF32Type();
  for (Belief &belief : beliefs)
    if (belief.type.getComputeType().isF64())
      total = builder.getF64Type();
  addResult(RankedTensorType::get({}, total),
            builder.getNamedAttr(marks::role, builder.getStringAttr("penalty")));
}

/// A float tensor with elements of type `element`.
static Value castElements(OpBuilder &builder, Location loc, Value tensor,
                          Type element) {
  auto type = cast<RankedTensorType>(tensor.getType());
  unsigned from = type.getElementTypeBitWidth();
  unsigned to = element.getIntOrFloatBitWidth();
  Type target = type.clone(element);
  if (from < to)
    return arith::ExtFOp::create(builder, loc, target, tensor);
  if (from > to)
    return arith::TruncFOp::create(builder, loc, target, tensor);
  return tensor;
}

/// A number or an argument as a scalar of the type `type`.
static Value buildNumber(OpBuilder &builder, Location loc,
                         FunctionOpInterface function,
                         const NumberOrArgument &number, FloatType type) {
  if (!number.argument)
    return arith::ConstantOp::create(builder, loc,
                                     FloatAttr::get(type, number.number));
  Value value = function.getArgument(*number.argument);
  if (isa<RankedTensorType>(value.getType()))
    value = tensor::ExtractOp::create(builder, loc, value);
  unsigned from = value.getType().getIntOrFloatBitWidth();
  if (from < type.getWidth())
    return arith::ExtFOp::create(builder, loc, type, value);
  if (from > type.getWidth())
    return arith::TruncFOp::create(builder, loc, type, value);
  return value;
}

/// The strength 2 h w of a proximal step, for a step size h and a weight w.
static Value buildStrength(OpBuilder &builder, Location loc,
                           FunctionOpInterface function,
                           const Belief &belief) {
  FloatType type = belief.type.getComputeType();
  NumberOrArgument weight = belief.weight, stepSize = belief.stepSize;
  if (!weight.argument && !stepSize.argument)
    return arith::ConstantOp::create(
        builder, loc,
        FloatAttr::get(type, 2.0 * stepSize.number * weight.number));
  Value h = buildNumber(builder, loc, function, stepSize, type);
  Value w = buildNumber(builder, loc, function, weight, type);
  Value two =
      arith::ConstantOp::create(builder, loc, FloatAttr::get(type, 2.0));
  return arith::MulFOp::create(
      builder, loc, two, arith::MulFOp::create(builder, loc, h, w));
}

/// Fills in one return: what it returns gets the beliefs' regularizers, and
/// behind it the new results.
void Inserter::insertBeforeReturn(Operation *returnOp) {
  OpBuilder builder(returnOp);
  SmallVector<Value> returned(returnOp->getOperands());
  returned.resize(function.getNumResults());
  std::optional<unsigned> loss = findResult(function, marks::role, "loss");
  SmallVector<Value> penalties;

  for (const Belief &belief : beliefs) {
    RegularizeOp entry = belief.entry;
    Location loc = entry.getLoc();
    ReferenceInterface reference = entry.getReferenceInterface();
    BeliefType type = belief.type;
    auto packArguments = [&](auto arguments) -> Value {
      return BeliefOp::create(
          builder, loc, type,
          llvm::map_to_vector(arguments, [&](unsigned argument) -> Value {
            return function.getArgument(argument);
          }));
    };
    Value before = packArguments(belief.components);

    Value state, toward;
    if (belief.stateArgument)
      toward = state = packArguments(
          llvm::seq(*belief.stateArgument,
                    unsigned(*belief.stateArgument + belief.components.size())));
    else if (!belief.referenceArguments.empty())
      toward = packArguments(belief.referenceArguments);
    else if (reference.isBeliefBeforeUpdate())
      toward = before;
    else
      toward = reference.buildConstant(
          builder, loc, before.getDefiningOp()->getOperands(), type);

    Value after = before;
    if (!belief.updates.empty())
      after = BeliefOp::create(
          builder, loc, type,
          llvm::map_to_vector(belief.updates, [&](unsigned result) {
            return returned[result];
          }));

    Value weight = buildNumber(builder, loc, function, belief.weight,
                               type.getComputeType());
    Value penalty;
    if (belief.isMode(Mode::proximal)) {
      after = ProximalStepOp::create(
          builder, loc, type, after, toward,
          buildStrength(builder, loc, function, belief));
      auto components = ComponentsOp::create(builder, loc, after);
      for (auto [result, value] :
           llvm::zip_equal(belief.updates, components.getComponents()))
        returned[result] = value;
      if (penaltyResult)
        penalty = PenaltyOp::create(builder, loc, type.getTotalType(), after,
                                    toward, weight);
    } else if (belief.changesGradients()) {
      auto op = PenaltyWithGradientOp::create(
          builder, loc, type.getTotalType(), type.getComponentTypes(), before,
          toward, weight);
      penalty = op.getPenalty();
      for (auto [result, gradient] :
           llvm::zip_equal(belief.gradients, op.getGradient()))
        returned[result] = arith::AddFOp::create(builder, loc,
                                                 returned[result], gradient);
      if (belief.isMode(Mode::natural)) {
        auto natural = NaturalGradientOp::create(
            builder, loc, type.getComponentTypes(), before,
            llvm::map_to_vector(belief.gradients, [&](unsigned result) {
              return returned[result];
            }));
        for (auto [result, tangent] :
             llvm::zip_equal(belief.gradients, natural.getTangent()))
          returned[result] = tangent;
      }
    } else {
      penalty = PenaltyOp::create(builder, loc, type.getTotalType(), before,
                                  toward, weight);
    }

    if (penalty)
      penalties.push_back(penalty);
    if (loss && penalty && !belief.isMode(Mode::proximal))
      returned[*loss] = arith::AddFOp::create(
          builder, loc, returned[*loss],
          castElements(builder, loc, penalty,
                       getElementTypeOrSelf(returned[*loss].getType())));

    if (belief.stateResult) {
      Value next = reference.buildNextState(builder, loc, state, before, after);
      auto components = ComponentsOp::create(builder, loc, next);
      for (auto [index, value] : llvm::enumerate(components.getComponents()))
        returned[*belief.stateResult + index] = value;
    }
  }

  if (penaltyResult) {
    Location loc = returnOp->getLoc();
    auto type = cast<RankedTensorType>(function.getResultTypes().back());
    Value sum = arith::ConstantOp::create(
        builder, loc,
        SplatElementsAttr::get(type, builder.getZeroAttr(type.getElementType())));
    for (Value penalty : penalties)
      sum = arith::AddFOp::create(
          builder, loc, sum,
          castElements(builder, loc, penalty, type.getElementType()));
    returned.back() = sum;
  }
  returnOp->setOperands(returned);
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace {
struct InsertPass : fisher::impl::FisherInsertBase<InsertPass> {
  using Base::Base;

  /// Reads the policy file, which may load dialects: once, before passes run
  /// in parallel.
  LogicalResult initialize(MLIRContext *context) override {
    if (policyFile.empty())
      return success();
    policyModule = std::make_shared<OwningOpRef<ModuleOp>>(
        parseSourceFile<ModuleOp>(policyFile.getValue(), context));
    return success(static_cast<bool>(*policyModule));
  }

  void runOnOperation() override {
    ModuleOp holder = policyModule ? policyModule->get() : getOperation();
    PolicyOp chosen = findPolicy(holder);
    if (!chosen)
      return signalPassFailure();
    FunctionOpInterface function = findEntry();
    if (!function)
      return signalPassFailure();

    Inserter inserter(function, stepSize, penaltyResult);
    if (failed(inserter.plan(chosen)))
      return signalPassFailure();
    inserter.insert();
    for (const Belief &belief : inserter.getBeliefs())
      report(function, belief);
    numBeliefs += inserter.getBeliefs().size();
    if (!policyModule)
      chosen.erase();
  }

private:
  PolicyOp findPolicy(ModuleOp holder);
  FunctionOpInterface findEntry();
  void report(FunctionOpInterface function, const Belief &belief);

  /// What the policy file holds; null without one. Clones share it.
  std::shared_ptr<OwningOpRef<ModuleOp>> policyModule;
};
} // namespace

/// The policy of that name, or the only one there is.
PolicyOp InsertPass::findPolicy(ModuleOp holder) {
  auto policies = llvm::to_vector(holder.getOps<PolicyOp>());
  if (!policy.empty()) {
    for (PolicyOp candidate : policies)
      if (candidate.getSymName() == policy)
        return candidate;
    emitError(holder.getLoc())
        << "has no policy '@" << policy << "', which the option policy names";
    return nullptr;
  }
  if (policies.size() == 1)
    return policies.front();
  if (policies.empty())
    emitError(holder.getLoc())
        << "has no policy; write a 'fisher.policy' into the module, or name a "
           "file that has one with the option policy-file";
  else
    emitError(policies[1].getLoc())
        << "is one of " << policies.size()
        << " policies; choose one with the option policy";
  return nullptr;
}

/// The function of that name; without a name `main`, or the only function with
/// a body that is not private.
FunctionOpInterface InsertPass::findEntry() {
  std::string name = entry.empty() ? "main" : entry.getValue();
  SmallVector<FunctionOpInterface> candidates;
  for (FunctionOpInterface function :
       getOperation().getOps<FunctionOpInterface>()) {
    if (function.getName() == name) {
      if (!function.isExternal())
        return function;
      emitError(function.getLoc())
          << "is declared without a body, so nothing can be inserted into it; "
             "name another function with the option entry";
      return nullptr;
    }
    if (!function.isExternal() && !function.isPrivate())
      candidates.push_back(function);
  }
  if (entry.empty() && candidates.size() == 1)
    return candidates.front();
  InFlightDiagnostic diag = emitError(getOperation().getLoc());
  if (entry.empty())
    diag << "has no function 'main' to regularize; name one with the option "
            "entry";
  else
    diag << "has no function '" << name << "', which the option entry names";
  for (FunctionOpInterface candidate : candidates)
    diag.attachNote(candidate.getLoc())
        << "'" << candidate.getName() << "' is one that could be named";
  return nullptr;
}

/// A weight as the policy states it: a number without its type, or a name.
static std::string describeNumber(Attribute attr) {
  std::string text;
  llvm::raw_string_ostream os(text);
  if (auto number = dyn_cast<FloatAttr>(attr))
    os << llvm::format("%g", number.getValueAsDouble());
  else
    os << attr;
  return text;
}

/// Tells what was inserted for one belief.
void InsertPass::report(FunctionOpInterface function, const Belief &belief) {
  RegularizeOp entry = belief.entry;
  InFlightDiagnostic remark = emitRemark(entry.getLoc()) << "regularized ";
  llvm::interleaveComma(belief.components, remark, [&](unsigned argument) {
    remark << "'" << getArgumentMark(function, argument, marks::name) << "'";
  });
  RankedTensorType distributions = belief.type.getBatchType();
  remark << " as " << entry.getFamily() << ", ";
  if (distributions.hasStaticShape())
    remark << distributions.getNumElements() << " elements";
  else
    remark << "elements of " << belief.type.getComponentType();
  remark << ", toward " << entry.getReference() << ", weight "
         << describeNumber(entry.getWeight()) << ", mode " << stringifyMode(entry.getMode());
}
