//===- Insert.cpp - A policy becomes operations of the training step ------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Transforms/Passes.h"

#include "PolicyFile.h"
#include "ReturnWriter.h"

#include "fisher/IR/JaxMarks.h"
#include "fisher/IR/Marks.h"
#include "fisher/Math/DecimalText.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "llvm/ADT/SmallVectorExtras.h"
#include "llvm/ADT/StringExtras.h"

namespace mlir::fisher {
#define GEN_PASS_DEF_FISHERINSERT
#include "fisher/Transforms/Passes.h.inc"
} // namespace mlir::fisher

using namespace mlir;
using namespace mlir::fisher;

namespace {
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
    os << toDecimal(number.getValueAsDouble());
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
