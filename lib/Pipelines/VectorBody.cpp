//===- VectorBody.cpp - A loop's body on vectors --------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "VectorBody.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/SmallVectorExtras.h"

using namespace mlir;
using namespace mlir::fisher;

/// Whether a value is the same in all iterations of the loop with this body.
static bool isUniform(Value value, Block &body) {
  if (!body.getParent()->isAncestor(value.getParentRegion()))
    return true;
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    auto loop = dyn_cast<scf::ForOp>(argument.getOwner()->getParentOp());
    return loop && argument == loop.getInductionVar();
  }
  Operation *op = value.getDefiningOp();
  return !isa<linalg::IndexOp>(op) && op->getNumRegions() == 0 &&
         llvm::all_of(op->getOperands(),
                      [&](Value operand) { return isUniform(operand, body); });
}

static bool isScalar(Type type) { return type.isIntOrIndexOrFloat(); }

static bool isSupportedOp(Operation &op, Block &body) {
  if (isa<linalg::YieldOp, linalg::IndexOp, scf::YieldOp, memref::GetGlobalOp>(
          op))
    return true;
  if (isa<memref::LoadOp>(op))
    return llvm::all_of(op.getOperands(), [&](Value operand) {
      return isUniform(operand, body);
    });
  if (!llvm::all_of(op.getOperandTypes(), isScalar) ||
      !llvm::all_of(op.getResultTypes(), isScalar))
    return false;
  if (auto choice = dyn_cast<scf::IfOp>(op))
    return choice.elseBlock() &&
           llvm::all_of(choice->getRegions(), [&](Region &region) {
             return llvm::all_of(region.front(), [&](Operation &nested) {
               return isSupportedOp(nested, body);
             });
           });
  if (auto loop = dyn_cast<scf::ForOp>(op))
    return isUniform(loop.getLowerBound(), body) &&
           isUniform(loop.getUpperBound(), body) &&
           isUniform(loop.getStep(), body) &&
           llvm::all_of(*loop.getBody(), [&](Operation &nested) {
             return isSupportedOp(nested, body);
           });
  return op.hasTrait<OpTrait::ConstantLike>() ||
         OpTrait::hasElementwiseMappableTraits(&op);
}

bool VectorBody::isSupported(Block &body) {
  return llvm::all_of(body,
                      [&](Operation &op) { return isSupportedOp(op, body); });
}

Value VectorBody::asVector(Value value) {
  if (isa<VectorType>(value.getType()))
    return value;
  return builder.createOrFold<vector::BroadcastOp>(
      loc, VectorType::get(lanes, value.getType()), value);
}

void VectorBody::buildLoop(Operation *op, IndexFunction index) {
  auto loop = cast<scf::ForOp>(op);
  SmallVector<Value> inits;
  for (Value init : loop.getInitArgs())
    inits.push_back(lookupVector(init));
  auto vectorLoop = scf::ForOp::create(
      builder, loc, lookup(loop.getLowerBound()), lookup(loop.getUpperBound()),
      lookup(loop.getStep()), inits,
      [&](OpBuilder &nested, Location, Value iv, ValueRange carried) {
        OpBuilder::InsertionGuard guard(builder);
        builder.setInsertionPointToEnd(nested.getInsertionBlock());
        mapping.map(loop.getInductionVar(), iv);
        mapping.map(loop.getRegionIterArgs(), carried);
        build(*loop.getBody(), index);
        SmallVector<Value> next;
        for (Value value : loop.getYieldedValues())
          next.push_back(lookupVector(value));
        scf::YieldOp::create(builder, loc, next);
      });
  mapping.map(loop.getResults(), vectorLoop.getResults());
}

/// Where the condition differs among the iterations, what it has otherwise is
/// computed for all, and what it asks for if one asks.
void VectorBody::buildChoice(Operation *op, IndexFunction index) {
  auto choice = cast<scf::IfOp>(op);
  Value condition = lookup(choice.getCondition());
  bool isUniform = !isa<VectorType>(condition.getType());
  auto buildBlock = [&](Block *block) {
    build(*block, index);
    return llvm::map_to_vector(
        block->getTerminator()->getOperands(),
        [&](Value value) { return lookupVector(value); });
  };
  SmallVector<Value> others;
  Value any = condition;
  if (!isUniform) {
    others = buildBlock(choice.elseBlock());
    any = vector::ReductionOp::create(builder, loc, vector::CombiningKind::OR,
                                      condition);
  }
  auto types = llvm::map_to_vector(choice.getResultTypes(), [&](Type type) {
    return Type(VectorType::get(lanes, type));
  });
  auto vectorChoice =
      scf::IfOp::create(builder, loc, types, any, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(vectorChoice.thenBlock());
  SmallVector<Value> values = buildBlock(choice.thenBlock());
  if (!isUniform)
    for (auto [value, other] : llvm::zip_equal(values, others))
      value = arith::SelectOp::create(builder, loc, condition, value, other);
  scf::YieldOp::create(builder, loc, values);
  builder.setInsertionPointToEnd(vectorChoice.elseBlock());
  scf::YieldOp::create(builder, loc,
                       isUniform ? buildBlock(choice.elseBlock()) : others);
  mapping.map(choice.getResults(), vectorChoice.getResults());
}

void VectorBody::build(Block &body, IndexFunction index) {
  for (Operation &op : body.without_terminator()) {
    if (auto indexOp = dyn_cast<linalg::IndexOp>(op)) {
      map(indexOp, index(indexOp.getDim()));
      continue;
    }
    if (isa<scf::ForOp>(op)) {
      buildLoop(&op, index);
      continue;
    }
    if (isa<scf::IfOp>(op)) {
      buildChoice(&op, index);
      continue;
    }
    bool isUniform = llvm::none_of(op.getOperands(), [&](Value operand) {
      return isa<VectorType>(lookup(operand).getType());
    });
    Operation *copy = op.cloneWithoutRegions();
    for (OpOperand &operand : copy->getOpOperands())
      operand.set(isUniform ? lookup(operand.get())
                            : lookupVector(operand.get()));
    if (!isUniform)
      for (OpResult result : copy->getResults())
        result.setType(VectorType::get(lanes, result.getType()));
    builder.insert(copy);
    mapping.map(op.getResults(), copy->getResults());
  }
}
