//===- KernelLoop.cpp - Iterations of a loop in a kernel ------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelLoop.h"

#include "fisher/Math/Scalar.h"

#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/SmallVectorExtras.h"

using namespace mlir;
using namespace mlir::fisher;
using linalg::GenericOp;

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

Value fisher::convertTo(IndexBuilder &b, Value value, Type type) {
  auto floatType = dyn_cast<FloatType>(getElementTypeOrSelf(type));
  return floatType ? convertFloat(b, b.getLoc(), value, floatType) : value;
}

SmallVector<Value> fisher::getNeutral(IndexBuilder &b,
                                      ArrayRef<Reduction> reductions) {
  return llvm::map_to_vector(reductions, [&](const Reduction &reduction) {
    return arith::ConstantOp::create(b, reduction.neutral).getResult();
  });
}

Value fisher::getProduct(IndexBuilder &b, ArrayRef<Value> sizes) {
  Value product = b.index(1);
  for (Value size : sizes)
    product = b.multiply(product, size);
  return product;
}

SmallVector<Value> fisher::getSizes(IndexBuilder &b, linalg::LinalgOp loop) {
  return llvm::map_to_vector(
      loop.createLoopRanges(b, b.getLoc()), [&](Range range) {
        return getValueOrCreateConstantIndexOp(b, b.getLoc(), range.size);
      });
}

SmallVector<Value> fisher::getParallelSizes(linalg::LinalgOp loop,
                                            ArrayRef<Value> sizes) {
  SmallVector<Value> parallel;
  for (auto [size, type] : llvm::zip_equal(sizes, loop.getIteratorTypesArray()))
    if (type == utils::IteratorType::parallel)
      parallel.push_back(size);
  return parallel;
}

SmallVector<Value> fisher::delinearize(IndexBuilder &b, Value number,
                                       ArrayRef<Value> sizes) {
  SmallVector<Value> indices(sizes.size());
  for (int64_t i = sizes.size() - 1; i > 0; --i) {
    indices[i] = b.createOrFold<arith::RemUIOp>(number, sizes[i]);
    number = b.divide(number, sizes[i]);
  }
  if (!sizes.empty())
    indices[0] = number;
  return indices;
}

//===----------------------------------------------------------------------===//
// Iterations
//===----------------------------------------------------------------------===//

LogicalResult KernelLoop::analyze(GenericOp loop,
                                  SmallVectorImpl<Reduction> &reductions) {
  llvm::SmallBitVector inReduced;
  for (OpOperand &init : loop.getDpsInitsMutable()) {
    AffineMap map = loop.getMatchingIndexingMap(&init);
    if (map.isPermutation() && map.getNumResults() == loop.getNumLoops())
      continue;
    FailureOr<Reduction> reduction = matchReduction(loop, init);
    if (failed(reduction) || !map.isProjectedPermutation())
      return failure();
    llvm::SmallBitVector unused = getUnusedDimsBitVector(map);
    if (!reductions.empty() && unused != inReduced)
      return failure();
    inReduced = unused;
    reductions.push_back(*reduction);
  }
  return success();
}

SmallVector<Value> KernelLoop::getIndices(OpOperand &operand,
                                          ArrayRef<Value> at) {
  if (own && own->contains(getBuffer(operand)))
    return {ownPlace};
  AffineMap map = loop.getMatchingIndexingMap(&operand);
  SmallVector<Value> indices;
  for (AffineExpr expr : map.getResults()) {
    if (auto dim = dyn_cast<AffineDimExpr>(expr))
      indices.push_back(at[dim.getPosition()]);
    else
      indices.push_back(
          affine::expandAffineExpr(b, b.getLoc(), expr, at, ValueRange()));
  }
  return indices;
}

Value KernelLoop::load(OpOperand &operand, ArrayRef<Value> at) {
  Value buffer = getBuffer(operand);
  if (!isa<MemRefType>(buffer.getType()))
    return buffer;
  return memref::LoadOp::create(b, buffer, getIndices(operand, at));
}

IRMapping KernelLoop::buildBody(ArrayRef<Value> at, ValueRange elements) {
  IRMapping local = mapping;
  local.map(loop.getBlock()->getArguments(), elements);
  for (Operation &op : loop.getBlock()->without_terminator()) {
    if (auto index = dyn_cast<linalg::IndexOp>(op)) {
      local.map(index.getResult(), at[index.getDim()]);
      continue;
    }
    SmallVector<linalg::IndexOp> nested;
    b.clone(op, local)->walk(
        [&](linalg::IndexOp index) { nested.push_back(index); });
    for (linalg::IndexOp index : nested) {
      index.replaceAllUsesWith(at[index.getDim()]);
      index.erase();
    }
  }
  return local;
}

Value KernelLoop::combine(const Reduction &reduction, Value a, Value c) {
  return vector::makeArithReduction(b, b.getLoc(), reduction.kind, a, c);
}

/// Whether an operand is a result that is combined.
static bool isReduced(ArrayRef<Reduction> reductions, OpOperand &operand) {
  return llvm::any_of(reductions, [&](const Reduction &reduction) {
    return reduction.init == &operand;
  });
}

SmallVector<Value> KernelLoop::combineTerms(const IRMapping &built,
                                            ArrayRef<Reduction> reductions,
                                            ValueRange accumulators) {
  SmallVector<Value> next;
  for (auto [reduction, accumulator] :
       llvm::zip_equal(reductions, accumulators)) {
    Value term =
        convertTo(b, built.lookupOrDefault(reduction.term), reduction.type);
    next.push_back(accumulator ? combine(reduction, accumulator, term) : term);
  }
  return next;
}

SmallVector<Value> KernelLoop::buildIteration(ArrayRef<Value> at,
                                              ArrayRef<Reduction> reductions,
                                              ValueRange accumulators) {
  SmallVector<Value> elements;
  for (OpOperand &operand : loop->getOpOperands()) {
    BlockArgument argument = loop.getMatchingBlockArgument(&operand);
    // What a combiner makes of its term and zero is not used.
    if (isReduced(reductions, operand) || argument.use_empty())
      elements.push_back(
          arith::ConstantOp::create(b, b.getZeroAttr(argument.getType())));
    else
      elements.push_back(load(operand, at));
  }
  IRMapping built = buildBody(at, elements);
  for (OpOperand &init : loop.getDpsInitsMutable())
    if (!isReduced(reductions, init))
      memref::StoreOp::create(
          b, built.lookupOrDefault(loop.getMatchingYieldValue(&init)->get()),
          getBuffer(init), getIndices(init, at));
  return combineTerms(built, reductions, accumulators);
}

/// One element after the other: each may take another branch, and needs few
/// registers. Only memory is faster for several.
SmallVector<Value> KernelLoop::buildVector(Value start, int64_t lanes,
                                           bool isAligned,
                                           ArrayRef<Reduction> reductions,
                                           ValueRange accumulators) {
  auto getAlignment = [&](Type element) {
    int64_t bytes = lanes * element.getIntOrFloatBitWidth() / 8;
    return llvm::MaybeAlign(std::min(bytes, transferBytes));
  };
  SmallVector<Value> lane;
  for (int64_t i = 0; i != lanes; ++i)
    lane.push_back(b.add(start, b.index(i)));
  // The elements of each operand.
  SmallVector<SmallVector<Value>> loaded;
  for (OpOperand &operand : loop->getOpOperands()) {
    BlockArgument argument = loop.getMatchingBlockArgument(&operand);
    SmallVector<Value> &elements = loaded.emplace_back();
    if (isReduced(reductions, operand) || argument.use_empty()) {
      elements.assign(lanes, arith::ConstantOp::create(
                                 b, b.getZeroAttr(argument.getType())));
    } else if (loop.getMatchingIndexingMap(&operand).getNumResults() == 0) {
      elements.assign(lanes, load(operand, {}));
    } else if (isAligned) {
      Value vector = vector::LoadOp::create(
          b, VectorType::get(lanes, argument.getType()), getBuffer(operand),
          start, /*nontemporal=*/false, getAlignment(argument.getType()));
      for (int64_t i = 0; i != lanes; ++i)
        elements.push_back(vector::ExtractOp::create(b, vector, i));
    } else {
      for (Value at : lane)
        elements.push_back(load(operand, at));
    }
  }
  SmallVector<SmallVector<Value>> results(loop.getNumDpsInits());
  SmallVector<SmallVector<Value>> terms(lanes);
  for (int64_t i = 0; i != lanes; ++i) {
    SmallVector<Value> elements = llvm::map_to_vector(
        loaded, [&](ArrayRef<Value> values) { return values[i]; });
    IRMapping built = buildBody(lane[i], elements);
    for (auto [init, values] :
         llvm::zip_equal(loop.getDpsInitsMutable(), results))
      if (!isReduced(reductions, init))
        values.push_back(
            built.lookupOrDefault(loop.getMatchingYieldValue(&init)->get()));
    terms[i] =
        combineTerms(built, reductions, SmallVector<Value>(reductions.size()));
  }
  for (auto [init, values] :
       llvm::zip_equal(loop.getDpsInitsMutable(), results)) {
    if (isReduced(reductions, init))
      continue;
    if (isAligned) {
      Type element = values.front().getType();
      Value vector = vector::FromElementsOp::create(
          b, VectorType::get(lanes, element), values);
      vector::StoreOp::create(b, vector, getBuffer(init), start,
                              /*nontemporal=*/false, getAlignment(element));
      continue;
    }
    for (auto [at, value] : llvm::zip_equal(lane, values))
      memref::StoreOp::create(b, value, getBuffer(init), at);
  }
  // Halves are combined until one lane is left.
  SmallVector<Value> totals;
  for (auto [i, reduction] : llvm::enumerate(reductions)) {
    for (int64_t left = lanes / 2; left != 0; left /= 2)
      for (int64_t lane = 0; lane != left; ++lane)
        terms[lane][i] =
            combine(reduction, terms[lane][i], terms[lane + left][i]);
    totals.push_back(combine(reduction, accumulators[i], terms[0][i]));
  }
  return totals;
}

void KernelLoop::buildSequence(SmallVector<Value> &at, ArrayRef<int64_t> dims,
                               ArrayRef<Value> sizes) {
  // Results that do not move along these dimensions are carried.
  SmallVector<OpOperand *> carried;
  for (OpOperand &init : loop.getDpsInitsMutable())
    if (llvm::none_of(dims, [&](int64_t dim) {
          return loop.getMatchingIndexingMap(&init).isFunctionOfDim(dim);
        }))
      carried.push_back(&init);
  SmallVector<Value> values;
  for (OpOperand *init : carried)
    values.push_back(load(*init, at));
  std::function<SmallVector<Value>(ArrayRef<int64_t>, ValueRange)> nest =
      [&](ArrayRef<int64_t> left, ValueRange current) -> SmallVector<Value> {
    if (!left.empty())
      return b.loop(b.index(0), sizes[left.front()], b.index(1), current,
                    [&](Value index, ValueRange values) {
                      at[left.front()] = index;
                      return nest(left.drop_front(), values);
                    });
    SmallVector<Value> elements;
    for (OpOperand &operand : loop->getOpOperands()) {
      auto *position = llvm::find(carried, &operand);
      if (position != carried.end())
        elements.push_back(current[position - carried.begin()]);
      else if (loop.getMatchingBlockArgument(&operand).use_empty())
        elements.push_back(arith::ConstantOp::create(
            b,
            b.getZeroAttr(loop.getMatchingBlockArgument(&operand).getType())));
      else
        elements.push_back(load(operand, at));
    }
    IRMapping local = buildBody(at, elements);
    SmallVector<Value> next;
    for (OpOperand &init : loop.getDpsInitsMutable()) {
      Value value =
          local.lookupOrDefault(loop.getMatchingYieldValue(&init)->get());
      if (llvm::is_contained(carried, &init))
        next.push_back(value);
      else
        memref::StoreOp::create(b, value, getBuffer(init),
                                getIndices(init, at));
    }
    return next;
  };
  values = nest(dims, values);
  for (auto [init, value] : llvm::zip_equal(carried, values))
    memref::StoreOp::create(b, value, getBuffer(*init), getIndices(*init, at));
}

void KernelLoop::buildSequences(Value first, Value end, Value step,
                                ArrayRef<Value> sizes) {
  SmallVector<int64_t> parallel, others;
  for (auto [dim, type] : llvm::enumerate(loop.getIteratorTypesArray()))
    (type == utils::IteratorType::parallel ? parallel : others).push_back(dim);
  auto parallelSizes =
      getParallelSizes(cast<linalg::LinalgOp>(loop.getOperation()), sizes);
  b.loop(first, end, step, {},
         [&](Value index, ValueRange) -> SmallVector<Value> {
           SmallVector<Value> at(sizes.size());
           for (auto [dim, position] :
                llvm::zip_equal(parallel, delinearize(b, index, parallelSizes)))
             at[dim] = position;
           buildSequence(at, others, sizes);
           return {};
         });
}

void KernelLoop::finish(const Reduction &reduction, Value total,
                        ArrayRef<Value> at, Value start) {
  OpOperand &init = *reduction.init;
  Type element = getElementTypeOrSelf(getBuffer(init));
  SmallVector<Value> indices = getIndices(init, at);
  Value before =
      start ? start : memref::LoadOp::create(b, getBuffer(init), indices);
  Value after = convertTo(
      b, combine(reduction, convertTo(b, before, reduction.type), total),
      element);
  memref::StoreOp::create(b, after, getBuffer(init), indices);
}
