//===- BatchControlFlow.cpp - Loops and branches on all distributions -----===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Batcher.h"

#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace mlir::fisher;

/// Loops that become at most so many operations are unrolled. XLA needs more
/// time to compile those than to run a loop.
static constexpr int64_t maxUnrolled = 24;

LogicalResult Batcher::translateBoth(scf::IfOp op) {
  if (op.getElseRegion().empty())
    return refuse(op, "it has one side only");
  if (failed(translate(*op.thenBlock())) || failed(translate(*op.elseBlock())))
    return failure();
  loc = op.getLoc();
  for (auto [result, ifTrue, ifFalse] :
       llvm::zip_equal(op.getResults(), op.thenYield().getOperands(),
                       op.elseYield().getOperands())) {
    unsigned level = getLevel({op.getCondition(), ifTrue, ifFalse});
    set(result, buildSelect(op.getCondition(), ifTrue, ifFalse, level), level);
  }
  return success();
}

static int64_t countOperations(Region &region) {
  int64_t count = 0;
  region.walk([&](Operation *) { ++count; });
  return count;
}

LogicalResult Batcher::translateUnrolled(scf::ForOp op, int64_t lower,
                                         int64_t upper) {
  SmallVector<Translated> carried;
  for (Value init : op.getInitArgs())
    carried.push_back(look(init));
  for (int64_t i = lower; i < upper; ++i) {
    values[op.getInductionVar()] = {nullptr, builder.getI32IntegerAttr(i), 0};
    for (auto [argument, value] :
         llvm::zip_equal(op.getRegionIterArgs(), carried))
      values[argument] = value;
    if (failed(translate(*op.getBody())))
      return failure();
    for (auto [value, yielded] :
         llvm::zip_equal(carried, op.getYieldedValues()))
      value = look(yielded);
  }
  for (auto [result, value] : llvm::zip_equal(op.getResults(), carried))
    values[result] = value;
  return success();
}

/// A `stablehlo.while` like this one, which is erased, that carries also what
/// its regions use from outside: not every reader of StableHLO lets them look
/// there.
static Operation *carryCaptured(OpBuilder &builder, Operation *loop) {
  llvm::SetVector<Value> captured;
  getUsedValuesDefinedAbove(loop->getRegions(), captured);
  OperationState state(loop->getLoc(), loop->getName().getStringRef(),
                       loop->getOperands(), loop->getResultTypes());
  for (Value value : captured) {
    for (Region &region : loop->getRegions())
      replaceAllUsesInRegionWith(
          value, region.addArgument(value.getType(), loop->getLoc()), region);
    Block &body = loop->getRegion(1).front();
    Operation *end = &body.back();
    end->insertOperands(end->getNumOperands(), body.getArguments().back());
    state.addOperands(value);
    state.addTypes(value.getType());
  }
  for (Region &region : loop->getRegions())
    state.addRegion()->takeBody(region);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(loop);
  Operation *carrying = builder.create(state);
  loop->erase();
  return carrying;
}

LogicalResult Batcher::translateLoop(scf::ForOp op) {
  std::optional<int64_t> lower = getIndex(op.getLowerBound());
  std::optional<int64_t> upper = getIndex(op.getUpperBound());
  std::optional<int64_t> step = getIndex(op.getStep());
  if (lower && upper && step == 1 &&
      (*upper - *lower) * countOperations(op.getRegion()) <= maxUnrolled)
    return translateUnrolled(op, *lower, *upper);

  unsigned level = getLevel();
  SmallVector<Value> operands{get(op.getLowerBound(), 0)};
  for (Value init : op.getInitArgs())
    operands.push_back(get(init, level));
  SmallVector<Type> types(ValueRange(operands).getTypes());
  SmallVector<Location> locs(types.size(), op.getLoc());
  OperationState state(op.getLoc(), "stablehlo.while", operands, types);
  state.addRegion();
  state.addRegion();
  Operation *loop = builder.create(state);
  OpBuilder::InsertionGuard guard(builder);

  Block *condition = builder.createBlock(&loop->getRegion(0), {}, types, locs);
  stablehlo::createReturn(builder, op.getLoc(),
                          stablehlo::createCompare(builder, op.getLoc(),
                                                   stablehlo::Comparison::LT,
                                                   condition->getArgument(0),
                                                   get(op.getUpperBound(), 0)));

  Block *body = builder.createBlock(&loop->getRegion(1), {}, types, locs);
  set(op.getInductionVar(), body->getArgument(0), 0);
  for (auto [argument, value] : llvm::zip_equal(
           op.getRegionIterArgs(), body->getArguments().drop_front()))
    set(argument, value, level);
  if (failed(translate(*op.getBody())))
    return failure();
  loc = op.getLoc();
  SmallVector<Value> next{stablehlo::createElementwise(
      builder, loc, "add", {body->getArgument(0), get(op.getStep(), 0)})};
  for (Value yielded : op.getYieldedValues())
    next.push_back(get(yielded, level));
  stablehlo::createReturn(builder, loc, next);

  loop = carryCaptured(builder, loop);
  for (auto [result, value] :
       llvm::zip(op.getResults(), loop->getResults().drop_front()))
    set(result, value, level);
  return success();
}
