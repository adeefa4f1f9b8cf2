//===- VectorBody.cpp - A loop's body on vectors --------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "VectorBody.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

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
  if (isa<linalg::YieldOp, linalg::IndexOp, scf::YieldOp>(op))
    return true;
  if (isa<memref::LoadOp>(op))
    return llvm::all_of(op.getOperands(), [&](Value operand) {
      return isUniform(operand, body);
    });
  if (!llvm::all_of(op.getOperandTypes(), isScalar) ||
      !llvm::all_of(op.getResultTypes(), isScalar))
    return false;
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
