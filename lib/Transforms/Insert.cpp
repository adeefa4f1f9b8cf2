//===- Insert.cpp - A policy becomes operations of the training step ------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Transforms/Passes.h"

#include "InsertionPlan.h"

#include "fisher/IR/Marks.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/SmallVectorExtras.h"
#include "llvm/Support/Format.h"

namespace mlir::fisher {
#define GEN_PASS_DEF_FISHERINSERT
#include "fisher/Transforms/Passes.h.inc"
} // namespace mlir::fisher

using namespace mlir;
using namespace mlir::fisher;

namespace {
/// Inserts the regularizers of planned beliefs into their function. Nothing
/// can fail any more; only the numbers of new arguments and results are added
/// to the plan.
class Inserter {
public:
  Inserter(FunctionOpInterface function, MutableArrayRef<Belief> beliefs,
           bool penaltyResult)
      : function(function), beliefs(beliefs), penaltyResult(penaltyResult) {}

  /// 1. adds the arguments that references need, 2. the results, and 3. fills
  /// in every return.
  void insert();

private:
  // The steps, in order.
  void addStateArguments();
  void addStateResults();
  void insertBeforeReturn(Operation *returnOp);

  StringRef getName(unsigned argument) {
    return getArgumentMark(function, argument, marks::name);
  }

  FunctionOpInterface function;
  MutableArrayRef<Belief> beliefs;
  bool penaltyResult;
};
} // namespace

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

// Arguments and results are added all at once: to add one copies the list.

void Inserter::addStateArguments() {
  Builder builder(function.getContext());
  unsigned end = function.getNumArguments();
  SmallVector<Type> types;
  SmallVector<DictionaryAttr> attrs;
  SmallVector<Location> locs;
  for (Belief &belief : beliefs) {
    if (!belief.needsState())
      continue;
    StringRef state = belief.entry.getReferenceInterface().getStateName();
    belief.stateArgument = end + types.size();
    for (unsigned component : belief.components) {
      StringRef name = getName(component);
      types.push_back(belief.type.getComponentType());
      attrs.push_back(builder.getDictionaryAttr(
          {builder.getNamedAttr(marks::name,
                                builder.getStringAttr(name + "." + state)),
           builder.getNamedAttr(marks::role, builder.getStringAttr("state")),
           builder.getNamedAttr(marks::initialize,
                                builder.getStringAttr(name))}));
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
  for (Belief &belief : beliefs) {
    if (!hasNextState(belief))
      continue;
    belief.stateResult = end + types.size();
    for (size_t i = 0; i != belief.components.size(); ++i)
      addResult(belief.type.getComponentType(),
                builder.getNamedAttr(
                    marks::updates,
                    builder.getStringAttr(getName(*belief.stateArgument + i))));
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
  return convertScalarToDtype(builder, loc, value, type,
                              /*isUnsignedCast=*/false);
}

/// The strength 2 h w of a proximal step, for a step size h and a weight w.
static Value buildStrength(OpBuilder &builder, Location loc,
                           FunctionOpInterface function, const Belief &belief) {
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
  return arith::MulFOp::create(builder, loc, two,
                               arith::MulFOp::create(builder, loc, h, w));
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
    auto packReturned = [&](ArrayRef<unsigned> results) -> Value {
      return BeliefOp::create(
          builder, loc, type,
          llvm::map_to_vector(
              results, [&](unsigned result) { return returned[result]; }));
    };
    Value before = belief.isIntermediate ? packReturned(belief.components)
                                         : packArguments(belief.components);

    Value state, toward;
    if (belief.stateArgument)
      toward = state = packArguments(llvm::seq(
          *belief.stateArgument,
          unsigned(*belief.stateArgument + belief.components.size())));
    else if (!belief.referenceArguments.empty())
      toward = packArguments(belief.referenceArguments);
    else if (reference.isBeliefBeforeUpdate())
      toward = before;
    else
      toward = reference.buildConstant(
          builder, loc, before.getDefiningOp()->getOperands(), type);

    Value after =
        belief.updates.empty() ? before : packReturned(belief.updates);

    Value weight = buildNumber(builder, loc, function, belief.weight,
                               type.getComputeType());
    Value penalty;
    if (belief.isMode(Mode::proximal)) {
      after =
          ProximalStepOp::create(builder, loc, type, after, toward,
                                 buildStrength(builder, loc, function, belief));
      auto components = ComponentsOp::create(builder, loc, after);
      for (auto [result, value] :
           llvm::zip_equal(belief.updates, components.getComponents()))
        returned[result] = value;
      if (penaltyResult)
        penalty = PenaltyOp::create(builder, loc, type.getTotalType(), after,
                                    toward, weight);
    } else if (belief.changesGradients()) {
      auto op = PenaltyWithGradientOp::create(builder, loc, type.getTotalType(),
                                              type.getComponentTypes(), before,
                                              toward, weight);
      penalty = op.getPenalty();
      for (auto [result, gradient] :
           llvm::zip_equal(belief.gradients, op.getGradient()))
        returned[result] =
            arith::AddFOp::create(builder, loc, returned[result], gradient);
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
        SplatElementsAttr::get(type,
                               builder.getZeroAttr(type.getElementType())));
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

    FailureOr<std::vector<Belief>> beliefs =
        planInsertion(function, chosen, stepSize, penaltyResult);
    if (failed(beliefs))
      return signalPassFailure();
    Inserter(function, *beliefs, penaltyResult).insert();
    for (const Belief &belief : *beliefs)
      report(function, belief);
    numBeliefs += beliefs->size();
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
  llvm::interleaveComma(belief.components, remark, [&](unsigned component) {
    remark << "'" << getComponentName(function, belief, component) << "'";
  });
  RankedTensorType distributions = belief.type.getBatchType();
  StringRef unit =
      belief.type.getEventShape().empty() ? "element" : "distribution";
  remark << " as " << entry.getFamily() << ", ";
  if (!distributions.hasStaticShape())
    remark << unit << "s of " << belief.type.getComponentType();
  else
    remark << distributions.getNumElements() << " " << unit
           << (distributions.getNumElements() == 1 ? "" : "s");
  remark << ", toward " << entry.getReference() << ", weight "
         << describeNumber(entry.getWeight()) << ", mode "
         << stringifyMode(entry.getMode());
}
