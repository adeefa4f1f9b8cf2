//===- LoopVectorBody.cpp - One vector of iterations ----------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LoopVectorizer.h"
#include "VectorBody.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::fisher;

/// Bodies with no more operations leave time to wait for memory.
static constexpr int64_t shortBody = 16;
/// How far ahead the next row is at most.
static constexpr int64_t maxPrefetchBytes = 32768;
static constexpr int64_t cacheLineBytes = 64;

SmallVector<Value> LoopVectorizer::getIndices(AffineMap map,
                                              ArrayRef<Value> at) const {
  SmallVector<Value> indices;
  for (AffineExpr expr : map.getResults())
    indices.push_back(at[cast<AffineDimExpr>(expr).getPosition()]);
  return indices;
}

Value LoopVectorizer::load(OpOperand &operand, ArrayRef<Value> at, Value mask) {
  Value buffer = operand.get();
  if (!isa<MemRefType>(buffer.getType()))
    return buffer;
  AffineMap map = loop.getMatchingIndexingMap(&operand);
  SmallVector<Value> indices = getIndices(map, at);
  if (!isInner(map))
    return memref::LoadOp::create(b, buffer, indices);
  auto type = VectorType::get(lanes, getElementTypeOrSelf(buffer.getType()));
  if (!isContiguous(operand)) {
    // The index along the innermost dimension is that of one lane after the
    // other, and the stride is that of its dimension.
    auto strides = memref::ExtractStridedMetadataOp::create(b, buffer);
    unsigned position = 0;
    for (auto [i, expr] : llvm::enumerate(map.getResults()))
      if (cast<AffineDimExpr>(expr).getPosition() == loop.getNumLoops() - 1)
        position = i;
    auto indexType = VectorType::get(lanes, b.getIndexType());
    Value step = vector::StepOp::create(b, indexType);
    Value stride = vector::BroadcastOp::create(b, indexType,
                                               strides.getStrides()[position]);
    Value offsets = arith::MulIOp::create(b, step, stride);
    Value zero = arith::ConstantOp::create(b, b.getZeroAttr(type));
    Value all =
        mask ? mask
             : arith::ConstantOp::create(
                   b, b.getOneAttr(VectorType::get(lanes, b.getI1Type())));
    return vector::GatherOp::create(b, type, buffer, indices, offsets, all,
                                    zero);
  }
  if (!mask)
    return vector::LoadOp::create(b, type, buffer, indices);
  Value zero = arith::ConstantOp::create(b, b.getZeroAttr(type));
  return vector::MaskedLoadOp::create(b, type, buffer, indices, mask, zero);
}

/// Asks for what the next iteration of a loop around this one reads or writes:
/// what is behind a row. The caches do so by themselves only while something is
/// read, and between the first reading of two rows there is much arithmetic.
/// What is written waits for memory however short the body is.
void LoopVectorizer::prefetch(OpOperand &operand, ArrayRef<Value> at) {
  auto row = operand.get().getDefiningOp<memref::SubViewOp>();
  bool isWrite = !loop.isDpsInput(&operand);
  if (isParallel || loop.getNumLoops() != 1 ||
      (numOps <= shortBody && !isWrite) || !row || !isContiguous(operand))
    return;
  int64_t width = getElementBytes(row);
  Value distance = b.min(sizes[0], b.index(maxPrefetchBytes / width));
  for (int64_t byte = 0; byte < lanes * width; byte += cacheLineBytes) {
    Value index = b.add(b.add(at[0], distance), b.index(byte / width));
    memref::PrefetchOp::create(b, row, index, isWrite,
                               /*localityHint=*/2, /*isDataCache=*/true);
  }
}

void LoopVectorizer::store(OpOperand &operand, Value value, ArrayRef<Value> at,
                           Value mask) {
  Value buffer = operand.get();
  SmallVector<Value> indices =
      getIndices(loop.getMatchingIndexingMap(&operand), at);
  if (mask) {
    vector::MaskedStoreOp::create(b, buffer, indices, mask, value);
    return;
  }
  // What is read is in the cache already.
  bool isRead = !loop.getMatchingBlockArgument(&operand).use_empty() ||
                llvm::is_contained(loop.getDpsInputs(), buffer);
  if (!streams || isRead) {
    vector::StoreOp::create(b, value, buffer, indices);
    return;
  }
  int64_t bytes = lanes * getElementBytes(value);
  auto choice = scf::IfOp::create(b, streams, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(choice.thenBlock());
  vector::StoreOp::create(b, value, buffer, indices, /*nontemporal=*/true,
                          llvm::MaybeAlign(std::min<int64_t>(bytes, 64)));
  b.setInsertionPointToStart(choice.elseBlock());
  vector::StoreOp::create(b, value, buffer, indices);
}

/// What all lanes combine to: halves are combined until one lane is left. One
/// lane after the other would take as long as a short loop.
Value LoopVectorizer::combineLanes(const Reduction &reduction, Value total) {
  for (int64_t left = lanes / 2; left != 0; left /= 2) {
    auto half = [&](int64_t start) -> Value {
      return vector::ExtractStridedSliceOp::create(b, total, start, left, 1);
    };
    total = combine(reduction, half(0), half(left));
  }
  return vector::ExtractOp::create(b, total, 0);
}

SmallVector<Value> LoopVectorizer::getNeutral() {
  SmallVector<Value> neutral;
  for (const Reduction &reduction : reductions) {
    auto type = VectorType::get(lanes, reduction.type);
    neutral.push_back(arith::ConstantOp::create(
        b, SplatElementsAttr::get(type, Attribute(reduction.neutral))));
  }
  return neutral;
}

Value LoopVectorizer::combine(const Reduction &reduction, Value a, Value c) {
  return vector::makeArithReduction(b, b.getLoc(), reduction.kind, a, c,
                                    reduction.fastMath);
}

SmallVector<Value> LoopVectorizer::buildVector(ArrayRef<Value> at, Value mask,
                                               ValueRange accumulators) {
  VectorBody body(b, b.getLoc(), lanes);
  for (OpOperand &operand : loop->getOpOperands()) {
    BlockArgument argument = loop.getMatchingBlockArgument(&operand);
    bool isReduction =
        llvm::any_of(reductions, [&](const Reduction &reduction) {
          return reduction.init == &operand;
        });
    if (isReduction)
      // What the combiner makes of it is not used.
      body.map(argument,
               arith::ConstantOp::create(b, b.getZeroAttr(argument.getType())));
    else if (!argument.use_empty()) {
      body.map(argument, load(operand, at, mask));
      if (loop.isDpsInput(&operand))
        prefetch(operand, at);
    }
  }
  body.build(*loop.getBlock(), [&](int64_t dim) -> Value {
    if (dim != loop.getNumLoops() - 1)
      return at[dim];
    auto type = VectorType::get(lanes, b.getIndexType());
    Value step = vector::StepOp::create(b, type);
    return arith::AddIOp::create(b, step,
                                 vector::BroadcastOp::create(b, type, at[dim]));
  });
  for (OpOperand *init : dense) {
    Value value = loop.getMatchingYieldValue(init)->get();
    store(*init, body.lookupVector(value), at, mask);
    prefetch(*init, at);
  }
  SmallVector<Value> next;
  for (auto [reduction, accumulator] :
       llvm::zip_equal(reductions, accumulators)) {
    Value term = body.lookupVector(reduction.term);
    term = convert(term, reduction.type);
    Value combined = combine(reduction, accumulator, term);
    next.push_back(mask
                       ? arith::SelectOp::create(b, mask, combined, accumulator)
                       : combined);
  }
  return next;
}

void LoopVectorizer::finish(const Reduction &reduction, Value total,
                            ArrayRef<Value> at, Value mask) {
  OpOperand &init = *reduction.init;
  Type element = getElementTypeOrSelf(init.get().getType());
  SmallVector<Value> indices =
      getIndices(loop.getMatchingIndexingMap(&init), at);
  bool isVector = isa<VectorType>(total.getType());
  Value before = isVector ? load(init, at, mask)
                          : memref::LoadOp::create(b, init.get(), indices);
  Value after = convert(
      combine(reduction, convert(before, reduction.type), total), element);
  if (!isVector)
    memref::StoreOp::create(b, after, init.get(), indices);
  else if (mask)
    vector::MaskedStoreOp::create(b, init.get(), indices, mask, after);
  else
    vector::StoreOp::create(b, after, init.get(), indices);
}
