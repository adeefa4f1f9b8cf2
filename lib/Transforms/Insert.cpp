//===- Insert.cpp - A policy becomes operations of the training step ------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Transforms/Passes.h"

#include "BeliefBuilder.h"
#include "Broadcast.h"
#include "PolicyFile.h"

#include "fisher/IR/JaxMarks.h"
#include "fisher/IR/Marks.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
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
/// Adds the regularizers of beliefs to what one return of the function gives
/// back: each belief changes the values that the ones before it left.
class ReturnWriter {
public:
  ReturnWriter(FunctionOpInterface function, Operation *returnOp)
      : function(function), returnOp(returnOp), builder(returnOp),
        packed(function, builder), returned(returnOp->getOperands()) {
    returned.resize(function.getNumResults());
  }

  /// Returns the gradients that optimizers are given now.
  SmallVector<Value> write(const InsertionPlan &plan, bool penaltyResult,
                           FunctionOpInterface other);

private:
  /// What is known of a belief before its update is.
  struct Before {
    Value belief, toward, penalty;
  };
  Before pack(const Belief &belief);
  /// Changes what the optimizers are given.
  void changeHidden(const InsertionPlan &plan, OptimizerInputs &inputs,
                    MutableArrayRef<Before> before);

  // The steps for each belief, in order. A null value is none.
  Value stepProximally(const Belief &belief, Value after, Value toward);
  Value addGradients(const Belief &belief, Value before, Value toward);
  void updateState(const Belief &belief, Value state, Value before,
                   Value after);
  // The steps for all of them.
  void addSumsOfTied();
  Value sumPenalties(ArrayRef<Value> penalties, RankedTensorType type);
  void compare(ArrayRef<Belief> beliefs, FunctionOpInterface other);

  SmallVector<Value> getReturned(ArrayRef<unsigned> numbers) {
    return llvm::map_to_vector(
        numbers, [&](unsigned number) { return returned[number]; });
  }

  FunctionOpInterface function;
  Operation *returnOp;
  OpBuilder builder;
  BeliefBuilder packed;
  /// What is returned so far; null for results that are still to be filled in.
  SmallVector<Value> returned;
  /// The gradients that are not returned; null where no value is the gradient,
  /// then what is added to it.
  SmallVector<Value> hidden;
  Value &getGradient(const Belief &belief, size_t component) {
    unsigned number = belief.gradients[component];
    return belief.isHidden[component] ? hidden[number] : returned[number];
  }
  /// For gradients of components that are tied: what all beliefs so far add to
  /// them, in f64, and the component.
  struct SumOfTied {
    Value sum;
    const Belief *belief;
    size_t component;
  };
  llvm::MapVector<std::pair<unsigned, unsigned>, SumOfTied> sumsOfTied;
};

/// Inserts the regularizers of planned beliefs into their function. The numbers
/// of new arguments and results are added to the plan.
class Inserter {
public:
  Inserter(FunctionOpInterface function, InsertionPlan &plan,
           bool penaltyResult, FunctionOpInterface other)
      : function(function), plan(plan), beliefs(plan.beliefs),
        penaltyResult(penaltyResult), other(other) {}

  /// 1. adds the arguments that references need, 2. the results, 3. fills in
  /// every return, and 4. notes in the function what is regularized now. Fails
  /// if an optimizer is not one any more.
  LogicalResult insert();

private:
  // The steps, in order.
  void addStateArguments();
  void addStateResults();
  LogicalResult checkHidden(ArrayRef<Value> gradients);
  void noteRegularized();

  StringRef getName(unsigned argument) {
    return getArgumentMark(function, argument, marks::name);
  }

  FunctionOpInterface function;
  const InsertionPlan &plan;
  MutableArrayRef<Belief> beliefs;
  bool penaltyResult;
  /// What new beliefs are compared to; null if that is nothing.
  FunctionOpInterface other;
};
} // namespace

//===----------------------------------------------------------------------===//
// Inserting
//===----------------------------------------------------------------------===//

LogicalResult Inserter::insert() {
  addStateArguments();
  addStateResults();
  SmallVector<Value> gradients;
  for (Block &block : function.getFunctionBody())
    if (block.back().hasTrait<OpTrait::ReturnLike>())
      gradients = ReturnWriter(function, &block.back())
                      .write(plan, penaltyResult, other);
  noteRegularized();
  return checkHidden(gradients);
}

/// Looks at the step once more: its optimizers must be what they were, but for
/// their gradients. A part of one that was computed without a value that is the
/// gradient would have been left as it was.
LogicalResult Inserter::checkHidden(ArrayRef<Value> gradients) {
  if (llvm::none_of(plan.hidden, [](const HiddenGradient &hidden) {
        return hidden.isValue();
      }))
    return success();
  recognition::Recognition recognition(function);
  for (auto [hidden, gradient] : llvm::zip_equal(plan.hidden, gradients)) {
    if (!hidden.isValue())
      continue;
    recognition::Expr expected = recognition.getGraph().getElement(gradient);
    if (llvm::any_of(recognition.getUpdates(),
                     [&, parameter = hidden.parameter](
                         const recognition::Update &update) {
                       return update.parameter == parameter &&
                              recognition.areEqual(update.gradient, expected);
                     }))
      continue;
    InFlightDiagnostic diag =
        emitError(function.getArgument(hidden.parameter).getLoc())
        << "the gradient of '" << getName(hidden.parameter) << "' that "
        << stringifyFindingKind(hidden.optimizer)
        << " is given cannot be changed: not all that it computes of it reads "
           "one value";
    diag.attachNote(RegularizeOp(hidden.entry).getLoc())
        << "mark the result that is the gradient with fisher.gradient_of = \""
        << getName(hidden.parameter) << "\", or use mode loss_only or proximal";
    return diag;
  }
  return success();
}

void Inserter::noteRegularized() {
  SmallVector<Attribute> noted;
  if (auto before = function->getAttrOfType<ArrayAttr>(marks::regularized))
    llvm::append_range(noted, before);
  Builder builder(function.getContext());
  for (const Belief &belief : beliefs)
    noted.push_back(builder.getStrArrayAttr(
        llvm::map_to_vector(belief.components, [&](unsigned component) {
          return getComponentName(function, belief, component);
        })));
  if (!noted.empty())
    function->setDiscardableAttr(marks::regularized,
                                 builder.getArrayAttr(noted));
}

// Arguments and results are added all at once: to add one copies the list.

void Inserter::addStateArguments() {
  Builder builder(function.getContext());
  unsigned end = function.getNumArguments();
  SmallVector<Type> types;
  SmallVector<DictionaryAttr> attrs;
  SmallVector<Location> locs;
  llvm::DenseMap<unsigned, unsigned> stateOf;
  for (Belief &belief : beliefs) {
    if (!belief.needsState())
      continue;
    StringRef state = belief.entry.getReferenceInterface().getStateName();
    for (auto [component, type] : belief.getKept()) {
      // Beliefs that have a component in common have its state in common.
      auto [place, isNew] = stateOf.try_emplace(component, end + types.size());
      belief.stateArguments.push_back(place->second);
      if (!isNew)
        continue;
      StringRef name = getName(component);
      types.push_back(type);
      attrs.push_back(getStateMarks(builder, name + "." + state, name));
      locs.push_back(belief.entry.getLoc());
    }
  }
  LogicalResult inserted = function.insertArguments(
      SmallVector<unsigned>(types.size(), end), types, attrs, locs);
  assert(succeeded(inserted) && "functions take any argument");
  (void)inserted;
}

/// Whether the reference's state changes from step to step; asked before the
/// operations exist that would tell.
static bool hasNextState(const Belief &belief) {
  RegularizeOp entry = belief.entry;
  return belief.needsState() && entry.getReferenceInterface().isStateUpdated();
}

void Inserter::addStateResults() {
  Builder builder(function.getContext());
  unsigned end = function.getNumResults();
  SmallVector<Type> types;
  SmallVector<DictionaryAttr> attrs;
  auto addResult = [&](Type type, NamedAttribute mark) {
    types.push_back(type);
    attrs.push_back(builder.getDictionaryAttr({mark}));
  };
  llvm::DenseMap<unsigned, unsigned> updateOf;
  for (Belief &belief : beliefs) {
    if (!hasNextState(belief))
      continue;
    for (auto [state, kept] :
         llvm::zip_equal(belief.stateArguments, belief.getKept())) {
      auto [place, isNew] = updateOf.try_emplace(state, end + types.size());
      belief.stateResults.push_back(place->second);
      if (isNew)
        addResult(kept.second,
                  builder.getNamedAttr(marks::updates,
                                       builder.getStringAttr(getName(state))));
    }
  }
  if (other)
    for (Belief &belief : beliefs)
      if (!belief.updates.empty()) {
        belief.comparison = end + types.size();
        addResult(RankedTensorType::get({}, builder.getF64Type()),
                  builder.getNamedAttr(
                      marks::name,
                      builder.getStringAttr(
                          "nats." + getName(belief.components.front()))));
      }
  if (penaltyResult) {
    Type total = builder.getF32Type();
    for (Belief &belief : beliefs)
      if (belief.type.getComputeType().isF64())
        total = builder.getF64Type();
    addResult(
        RankedTensorType::get({}, total),
        builder.getNamedAttr(marks::role, builder.getStringAttr("penalty")));
  }
  LogicalResult inserted = function.insertResults(
      SmallVector<unsigned>(types.size(), end), types, attrs);
  assert(succeeded(inserted) && "functions return any result");
  (void)inserted;
}

//===----------------------------------------------------------------------===//
// Filling in a return
//===----------------------------------------------------------------------===//

SmallVector<Value> ReturnWriter::write(const InsertionPlan &plan,
                                       bool penaltyResult,
                                       FunctionOpInterface other) {
  ArrayRef<Belief> beliefs = plan.beliefs;
  std::optional<unsigned> loss = findResult(function, marks::role, "loss");
  SmallVector<Before> known(beliefs.size());
  OptimizerInputs inputs(returnOp);
  if (!plan.hidden.empty())
    changeHidden(plan, inputs, known);
  SmallVector<Value> penalties;
  for (auto [belief, before] : llvm::zip_equal(beliefs, known)) {
    Location loc = RegularizeOp(belief.entry).getLoc();
    bool isChanged = static_cast<bool>(before.belief);
    if (!isChanged)
      before = pack(belief);
    Value after = before.belief;
    if (!belief.updates.empty() &&
        (belief.isMode(Mode::proximal) ||
         (!belief.stateResults.empty() && !belief.isAnyTied())))
      after = packed.pack(belief, getReturned(belief.updates));

    Value penalty = before.penalty;
    if (belief.isMode(Mode::proximal)) {
      after = stepProximally(belief, after, before.toward);
      if (penaltyResult)
        penalty =
            PenaltyOp::create(builder, loc, belief.type.getTotalType(), after,
                              before.toward, packed.getWeight(belief));
    } else if (!isChanged) {
      penalty =
          belief.changesGradients()
              ? addGradients(belief, before.belief, before.toward)
              : PenaltyOp::create(builder, loc, belief.type.getTotalType(),
                                  before.belief, before.toward,
                                  packed.getWeight(belief));
    }
    if (penalty)
      penalties.push_back(penalty);
    if (loss && penalty && !belief.isMode(Mode::proximal))
      returned[*loss] = arith::AddFOp::create(
          builder, loc, returned[*loss],
          castElements(builder, loc, penalty,
                       getElementTypeOrSelf(returned[*loss].getType())));
    if (!belief.stateResults.empty())
      updateState(belief, before.toward, before.belief, after);
  }
  addSumsOfTied();
  if (other)
    compare(beliefs, other);
  if (penaltyResult)
    returned.back() = sumPenalties(
        penalties, cast<RankedTensorType>(function.getResultTypes().back()));
  returnOp->setOperands(returned);
  inputs.eraseUnused();
  return hidden;
}

ReturnWriter::Before ReturnWriter::pack(const Belief &belief) {
  Value before = packed.pack(
      belief, belief.isIntermediate ? getReturned(belief.components)
                                    : packed.getArguments(belief.components));
  return {before, packed.packReference(belief, before), nullptr};
}

void ReturnWriter::changeHidden(const InsertionPlan &plan,
                                OptimizerInputs &inputs,
                                MutableArrayRef<Before> before) {
  for (const HiddenGradient &gradient : plan.hidden)
    hidden.push_back(inputs.getOld(gradient));
  for (auto [belief, known] : llvm::zip_equal(plan.beliefs, before)) {
    if (!belief.isAnyHidden())
      continue;
    known = pack(belief);
    known.penalty = addGradients(belief, known.belief, known.toward);
  }
  addSumsOfTied();
  for (auto [gradient, value] : llvm::zip_equal(plan.hidden, hidden))
    inputs.setNew(gradient, value);
  inputs.apply(returned);
}

/// Returns the stepped belief.
Value ReturnWriter::stepProximally(const Belief &belief, Value after,
                                   Value toward) {
  Location loc = RegularizeOp(belief.entry).getLoc();
  Value stepped = ProximalStepOp::create(builder, loc, belief.type, after,
                                         toward, packed.getStrength(belief));
  auto components = ComponentsOp::create(builder, loc, stepped);
  // What is made has no update.
  for (auto [result, value] :
       llvm::zip(belief.updates, components.getComponents()))
    returned[result] = value;
  return stepped;
}

/// Returns the penalty.
Value ReturnWriter::addGradients(const Belief &belief, Value before,
                                 Value toward) {
  Location loc = RegularizeOp(belief.entry).getLoc();
  auto op = PenaltyWithGradientOp::create(
      builder, loc, belief.type.getTotalType(), belief.type.getComponentTypes(),
      before, toward, packed.getWeight(belief));
  // What is made has no gradient.
  ResultRange slopes = op.getGradient();
  for (auto [k, gradient] :
       llvm::enumerate(slopes.take_front(belief.gradients.size()))) {
    Value &old = getGradient(belief, k);
    if (!belief.isTied[k]) {
      // Optimizers may be given gradients of a wider type.
      old = old ? Value(arith::AddFOp::create(
                      builder, loc, old,
                      castElements(builder, loc, gradient,
                                   getElementTypeOrSelf(old.getType()))))
                : gradient;
      continue;
    }
    SumOfTied &tied =
        sumsOfTied[{unsigned(belief.isHidden[k]), belief.gradients[k]}];
    tied.belief = &belief;
    tied.component = k;
    Value &sum = tied.sum;
    Value more = buildSumToShape(builder, loc, gradient, belief.storedTypes[k]);
    sum = sum ? arith::AddFOp::create(builder, loc, sum, more) : more;
  }
  if (belief.isMode(Mode::natural)) {
    SmallVector<Value> gradients;
    Type element = belief.type.getComponentType().getElementType();
    for (size_t k = 0; k != belief.gradients.size(); ++k)
      gradients.push_back(
          castElements(builder, loc, getGradient(belief, k), element));
    llvm::append_range(gradients, slopes.drop_front(gradients.size()));
    auto natural = NaturalGradientOp::create(
        builder, loc, belief.type.getComponentTypes(), before, gradients);
    ResultRange tangents = natural.getTangent();
    for (auto [k, tangent] :
         llvm::enumerate(tangents.take_front(belief.gradients.size()))) {
      Value &old = getGradient(belief, k);
      old = castElements(builder, loc, tangent,
                         getElementTypeOrSelf(old.getType()));
    }
  }
  return op.getPenalty();
}

void ReturnWriter::updateState(const Belief &belief, Value state, Value before,
                               Value after) {
  RegularizeOp entry = belief.entry;
  SmallVector<Value> next;
  if (belief.isAnyTied()) {
    // Only the belief before the update is kept for these, as it is stored.
    next = packed.getArguments(belief.components);
  } else {
    Value packed = entry.getReferenceInterface().buildNextState(
        builder, entry.getLoc(), state, before, after);
    next =
        ComponentsOp::create(builder, entry.getLoc(), packed).getComponents();
    next.truncate(belief.components.size());
  }
  if (belief.stateResults.size() > next.size())
    llvm::append_range(next, packed.getArguments(belief.sources));
  for (auto [result, value] : llvm::zip_equal(belief.stateResults, next))
    returned[result] = value;
}

void ReturnWriter::addSumsOfTied() {
  Location loc = returnOp->getLoc();
  Type wide = builder.getF64Type();
  for (auto &[place, tied] : sumsOfTied) {
    Value &old = getGradient(*tied.belief, tied.component);
    Value sum = tied.sum;
    Type element = tied.belief->storedTypes[tied.component].getElementType();
    if (old)
      element = getElementTypeOrSelf(old.getType());
    if (old)
      sum = arith::AddFOp::create(builder, loc,
                                  castElements(builder, loc, old, wide), sum);
    old = castElements(builder, loc, sum, element);
  }
  sumsOfTied.clear();
}

Value ReturnWriter::sumPenalties(ArrayRef<Value> penalties,
                                 RankedTensorType type) {
  Location loc = returnOp->getLoc();
  Value sum;
  for (Value penalty : penalties) {
    Value more = castElements(builder, loc, penalty, type.getElementType());
    sum = sum ? arith::AddFOp::create(builder, loc, sum, more) : more;
  }
  if (!sum)
    sum = arith::ConstantOp::create(
        builder, loc,
        SplatElementsAttr::get(type,
                               builder.getZeroAttr(type.getElementType())));
  return sum;
}

/// Runs the other step on the same arguments.
void ReturnWriter::compare(ArrayRef<Belief> beliefs,
                           FunctionOpInterface other) {
  Block &body = other.getFunctionBody().front();
  IRMapping mapping;
  for (auto [from, to] :
       llvm::zip(body.getArguments(), returnOp->getBlock()->getArguments()))
    mapping.map(from, to);
  for (Operation &op : body.without_terminator())
    builder.clone(op, mapping);
  RankedTensorType number = RankedTensorType::get({}, builder.getF64Type());
  for (const Belief &belief : beliefs) {
    if (!belief.comparison)
      continue;
    Location loc = RegularizeOp(belief.entry).getLoc();
    SmallVector<Value> others =
        llvm::map_to_vector(belief.updates, [&](unsigned result) {
          return mapping.lookupOrDefault(
              body.getTerminator()->getOperand(result));
        });
    Value divergence =
        KLDivergenceOp::create(builder, loc, belief.type.getBatchType(),
                               packed.pack(belief, getReturned(belief.updates)),
                               packed.pack(belief, others));
    returned[*belief.comparison] =
        buildSumToShape(builder, loc, divergence, number);
  }
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace {
struct InsertPass : fisher::impl::FisherInsertBase<InsertPass> {
  using Base::Base;

  LogicalResult initialize(MLIRContext *context) override {
    return file.read(policyFile, context);
  }

  void runOnOperation() override {
    PolicyOp chosen = findPolicy(file ? file.get() : getOperation(), policy);
    if (!chosen)
      return signalPassFailure();
    FunctionOpInterface function =
        findStep(getOperation(), entry, "regularize");
    if (!function)
      return signalPassFailure();

    FailureOr<FunctionOpInterface> other = findOther(function);
    if (failed(other))
      return signalPassFailure();

    adoptJaxMarks(function);
    FailureOr<InsertionPlan> plan =
        planInsertion(function, chosen, stepSize, penaltyResult || *other);
    if (failed(plan) ||
        failed(Inserter(function, *plan, penaltyResult, *other).insert()))
      return signalPassFailure();
    for (const Belief &belief : plan->beliefs)
      report(function, belief, plan->hidden);
    numBeliefs += plan->beliefs.size();
    if (!file && !keepPolicy)
      chosen.erase();
  }

private:
  FailureOr<FunctionOpInterface> findOther(FunctionOpInterface function);
  void report(FunctionOpInterface function, const Belief &belief,
              ArrayRef<HiddenGradient> hidden);

  PolicyFile file;
};
} // namespace

/// The step to compare to; null if there is none to be.
FailureOr<FunctionOpInterface>
InsertPass::findOther(FunctionOpInterface function) {
  if (compareTo.empty())
    return FunctionOpInterface();
  for (FunctionOpInterface other :
       getOperation().getOps<FunctionOpInterface>()) {
    if (other.getName() != compareTo)
      continue;
    if (!other.isExternal() && other != function &&
        other.getFunctionBody().hasOneBlock() &&
        function.getFunctionBody().hasOneBlock() &&
        other.getFunctionType() == function.getFunctionType())
      return other;
    emitError(other.getLoc())
        << "cannot be compared to '" << function.getName()
        << "': both must have one block, and the same type";
    return failure();
  }
  emitError(getOperation().getLoc()) << "has no function '" << compareTo
                                     << "', which the option compare-to names";
  return failure();
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
void InsertPass::report(FunctionOpInterface function, const Belief &belief,
                        ArrayRef<HiddenGradient> hidden) {
  RegularizeOp entry = belief.entry;
  InFlightDiagnostic remark = emitRemark(entry.getLoc()) << "regularized ";
  llvm::interleaveComma(belief.components, remark, [&](unsigned component) {
    remark << "'" << getComponentName(function, belief, component) << "'";
  });
  RankedTensorType distributions = belief.type.getBatchType();
  StringRef unit =
      belief.type.getEventShape().empty() ? "element" : "distribution";
  remark << " as " << entry.getFamily();
  if (entry.getSource())
    remark << " with " << *entry.getSource();
  remark << ", ";
  if (!distributions.hasStaticShape())
    remark << unit << "s of " << belief.type.getComponentType();
  else
    remark << distributions.getNumElements() << " " << unit
           << (distributions.getNumElements() == 1 ? "" : "s");
  remark << ", toward " << entry.getReference() << ", weight "
         << describeNumber(entry.getWeight()) << ", mode "
         << stringifyMode(entry.getMode());
  SmallVector<StringRef> optimizers;
  for (auto [number, isHidden] :
       llvm::zip_equal(belief.gradients, belief.isHidden)) {
    if (!isHidden)
      continue;
    StringRef optimizer = stringifyFindingKind(hidden[number].optimizer);
    if (!llvm::is_contained(optimizers, optimizer))
      optimizers.push_back(optimizer);
  }
  if (!optimizers.empty())
    remark << ", in what " << llvm::join(optimizers, " and ")
           << " is given as the gradient";
  if (belief.changesGradients() && !findResult(function, marks::role, "loss"))
    remark << ", in the gradients alone, as no result is marked as the loss";
  if (belief.isStepSizeRecognized) {
    remark << ", step size ";
    if (belief.stepSize.isNumber())
      remark << describeNumber(
          Builder(&getContext()).getF64FloatAttr(belief.stepSize.number));
    else
      remark << "a value";
    remark << " as recognized";
  }
}
