//===- ReturnWriter.cpp - What a return gives back, regularized -----------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ReturnWriter.h"
#include "Broadcast.h"
#include "fisher/IR/Marks.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"

using namespace mlir;
using namespace mlir::fisher;

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
