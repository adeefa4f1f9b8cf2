//===- BeliefBuilder.cpp - Planned beliefs as values ----------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BeliefBuilder.h"

#include "Broadcast.h"

#include "fisher/IR/Marks.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/SmallVectorExtras.h"

using namespace mlir;
using namespace mlir::fisher;

Value BeliefBuilder::pack(const Belief &belief, ValueRange stored) {
  Location loc = RegularizeOp(belief.entry).getLoc();
  RankedTensorType type = belief.type.getComponentType();
  stored = stored.take_front(belief.components.size());
  Value full = *llvm::find_if(
      stored, [&](Value value) { return value.getType() == type; });
  SmallVector<Value> components = llvm::map_to_vector(stored, [&](Value value) {
    return buildBroadcast(builder, loc, value, type, full);
  });
  if (belief.isMade()) {
    Value &component = made[&belief];
    if (!component)
      component =
          RegularizeOp(belief.entry)
              .getSourceInterface()
              .buildComponent(builder, loc, getSource(belief), full, type);
    components.push_back(component);
  }
  return BeliefOp::create(builder, loc, belief.type, components);
}

Value BeliefBuilder::getSource(const Belief &belief) {
  if (belief.stateArguments.size() > belief.components.size())
    return function.getArgument(belief.stateArguments.back());
  return belief.sources.empty()
             ? Value()
             : Value(function.getArgument(belief.sources.front()));
}

Value BeliefBuilder::getWeight(const Belief &belief) {
  return buildNumber(RegularizeOp(belief.entry).getLoc(), belief.weight,
                     belief.type.getComputeType());
}

Value BeliefBuilder::packReference(const Belief &belief, Value before) {
  RegularizeOp entry = belief.entry;
  ReferenceInterface reference = entry.getReferenceInterface();
  if (!belief.stateArguments.empty())
    return pack(belief, getArguments(belief.stateArguments));
  if (!belief.referenceArguments.empty())
    return pack(belief, getArguments(belief.referenceArguments));
  if (reference.isBeliefBeforeUpdate())
    return before;
  return reference.buildConstant(builder, entry.getLoc(),
                                 before.getDefiningOp()->getOperands(),
                                 belief.type, belief.isMade());
}

Value BeliefBuilder::buildNumber(Location loc, const NumberOrArgument &number,
                                 FloatType type) {
  if (number.computed)
    return buildScalar(builder, loc, *number.computed, type);
  if (!number.argument)
    return arith::ConstantOp::create(builder, loc,
                                     FloatAttr::get(type, number.number));
  Value value = function.getArgument(*number.argument);
  if (isa<RankedTensorType>(value.getType()))
    value = tensor::ExtractOp::create(builder, loc, value);
  return convertScalarToDtype(builder, loc, value, type,
                              /*isUnsignedCast=*/false);
}

Value BeliefBuilder::getStrength(const Belief &belief) {
  Location loc = RegularizeOp(belief.entry).getLoc();
  FloatType type = belief.type.getComputeType();
  NumberOrArgument weight = belief.weight, stepSize = belief.stepSize;
  if (weight.isNumber() && stepSize.isNumber())
    return arith::ConstantOp::create(
        builder, loc,
        FloatAttr::get(type, 2.0 * stepSize.number * weight.number));
  Value h = buildNumber(loc, stepSize, type);
  Value w = buildNumber(loc, weight, type);
  Value two =
      arith::ConstantOp::create(builder, loc, FloatAttr::get(type, 2.0));
  return arith::MulFOp::create(builder, loc, two,
                               arith::MulFOp::create(builder, loc, h, w));
}

SmallVector<Value> BeliefBuilder::getArguments(ArrayRef<unsigned> numbers) {
  return llvm::map_to_vector(numbers, [&](unsigned number) -> Value {
    return function.getArgument(number);
  });
}

DictionaryAttr mlir::fisher::getStateMarks(Builder &builder, const Twine &name,
                                           StringRef initialize) {
  return builder.getDictionaryAttr(
      {builder.getNamedAttr(marks::name, builder.getStringAttr(name)),
       builder.getNamedAttr(marks::role, builder.getStringAttr("state")),
       builder.getNamedAttr(marks::initialize,
                            builder.getStringAttr(initialize))});
}
