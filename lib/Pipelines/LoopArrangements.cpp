//===- LoopArrangements.cpp - Many vectors, by where results lie ----------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LoopVectorizer.h"
#include "fisher/IR/Marks.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::fisher;

/// How many blocks a loop has at most: each leaves a partial sum on the stack.
static constexpr int64_t maxBlocks = 1024;
/// So many iterations are summed before they are added to the sum of a block.
static constexpr int64_t sumLength = 4096;
/// Bodies with more operations than this are there once, always masked.
static constexpr int64_t largeBody = 1000;

//===----------------------------------------------------------------------===//
// Many vectors
//===----------------------------------------------------------------------===//

SmallVector<Value> LoopVectorizer::forEachVector(Value lower, Value upper,
                                                 ValueRange carried,
                                                 ChunkFunction body) {
  Value step = b.index(lanes);
  auto maskFrom = [&](Value at) -> Value {
    return vector::CreateMaskOp::create(
        b, VectorType::get(lanes, b.getI1Type()), b.subtract(upper, at));
  };
  if (numOps > largeBody)
    return b.loop(lower, upper, step, carried,
                  [&](Value at, ValueRange values) {
                    return body(at, maskFrom(at), values);
                  });
  Value whole = b.multiply(b.divide(b.subtract(upper, lower), step), step);
  Value end = b.add(lower, whole);
  SmallVector<Value> after(carried);
  if (!isConstant(whole, 0))
    after = b.loop(lower, end, step, carried, [&](Value at, ValueRange values) {
      return body(at, Value(), values);
    });
  Value hasTail = b.isLess(end, upper);
  if (isConstant(hasTail, 0))
    return after;
  auto tail = scf::IfOp::create(b, ValueRange(after).getTypes(), hasTail,
                                /*withElseRegion=*/!after.empty());
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(tail.thenBlock());
  SmallVector<Value> last = body(end, maskFrom(end), after);
  if (!after.empty()) {
    scf::YieldOp::create(b, last);
    b.setInsertionPointToStart(tail.elseBlock());
    scf::YieldOp::create(b, after);
  }
  return SmallVector<Value>(tail.getResults());
}

SmallVector<Value> LoopVectorizer::nest(ArrayRef<int64_t> dims,
                                        SmallVector<Value> &at,
                                        ValueRange carried, NestFunction body) {
  if (dims.empty())
    return body(carried);
  return b.loop(b.index(0), sizes[dims.front()], b.index(1), carried,
                [&](Value index, ValueRange values) {
                  at[dims.front()] = index;
                  return nest(dims.drop_front(), at, values, body);
                });
}

/// Sums a range of the innermost dimension, in pieces, into accumulators.
SmallVector<Value> LoopVectorizer::sumRange(Value lower, Value upper,
                                            SmallVector<Value> &at,
                                            ValueRange carried) {
  int64_t inner = loop.getNumLoops() - 1;
  auto sum = [&](Value from, Value to, ValueRange values) {
    return forEachVector(from, to, values,
                         [&](Value start, Value mask, ValueRange accumulators) {
                           at[inner] = start;
                           return buildVector(at, mask, accumulators);
                         });
  };
  std::optional<int64_t> size = getConstantIntValue(sizes[inner]);
  if (reductions.empty() || (size && *size <= sumLength))
    return sum(lower, upper, carried);
  return b.loop(lower, upper, b.index(sumLength), carried,
                [&](Value from, ValueRange values) {
                  Value to = b.min(b.add(from, b.index(sumLength)), upper);
                  SmallVector<Value> total = sum(from, to, getNeutral());
                  for (auto [reduction, value, before] :
                       llvm::zip_equal(reductions, total, values))
                    value = combine(reduction, before, value);
                  return total;
                });
}

std::optional<int64_t> LoopVectorizer::getWork() {
  int64_t work = std::max(numOps, blockWork / maxBlockLength);
  for (Value value : sizes) {
    std::optional<int64_t> size = getConstantIntValue(value);
    if (!size || *size == 0 || llvm::MulOverflow(work, *size, work))
      return std::nullopt;
  }
  return work;
}

void LoopVectorizer::forEachBlock(
    Value size, Value blockSize,
    llvm::function_ref<void(Value, Value, Value)> body) {
  Value number = b.ceilDivide(size, blockSize);
  if (isConstant(number, 0))
    return;
  bool isOne = isConstant(number, 1);
  std::optional<int64_t> work = getWork();
  if (isOne && (!isParallel || !work)) {
    body(b.index(0), b.index(0), size);
    return;
  }
  auto build = [&](Value block) {
    if (isOne)
      return body(b.index(0), b.index(0), size);
    Value lower = b.multiply(block, blockSize);
    body(block, lower, b.min(b.add(lower, blockSize), size));
  };
  if (isParallel) {
    auto blocks = scf::ParallelOp::create(
        b, ValueRange(b.index(0)), ValueRange(number), ValueRange(b.index(1)),
        [&](OpBuilder &nested, Location, ValueRange blocks) {
          OpBuilder::InsertionGuard guard(b);
          b.setInsertionPointToEnd(nested.getInsertionBlock());
          build(blocks[0]);
        });
    if (work)
      blocks->setAttr(marks::work, b.getI64IntegerAttr(*work));
    return;
  }
  b.loop(b.index(0), number, b.index(1), {}, [&](Value block, ValueRange) {
    build(block);
    return SmallVector<Value>();
  });
}

//===----------------------------------------------------------------------===//
// Arrangements
//===----------------------------------------------------------------------===//

/// Whether results are worth storing around the cache: where what the loop
/// reads and writes does not fit into it, and stores are aligned.
Value LoopVectorizer::buildStreamCondition() {
  Value bytes = b.index(0), aligned;
  llvm::SmallPtrSet<Value, 8> counted;
  for (OpOperand &operand : loop->getOpOperands()) {
    Value buffer = operand.get();
    if (!loop.getMatchingIndexingMap(&operand).isIdentity() ||
        !counted.insert(buffer).second)
      continue;
    int64_t width = getElementBytes(buffer);
    bytes = b.add(bytes, b.multiply(sizes[0], b.index(width)));
    if (loop.isDpsInput(&operand))
      continue;
    Value address = memref::ExtractAlignedPointerAsIndexOp::create(b, buffer);
    Value rest = b.createOrFold<arith::RemUIOp>(
        address, b.index(std::min<int64_t>(lanes * width, 64)));
    Value isAligned = b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::eq,
                                                    rest, b.index(0));
    aligned =
        aligned ? b.createOrFold<arith::AndIOp>(aligned, isAligned) : isAligned;
  }
  Value isLarge = b.isLess(b.index(cacheBytes), bytes);
  if (!aligned || isConstant(isLarge, 0))
    return {};
  return b.createOrFold<arith::AndIOp>(isLarge, aligned);
}

/// Room for what each block leaves, on the stack of the function.
SmallVector<Value>
LoopVectorizer::allocatePartials(std::optional<int64_t> number) {
  OpBuilder::InsertionGuard guard(b);
  Operation *scope =
      loop->getParentWithTrait<OpTrait::AutomaticAllocationScope>();
  b.setInsertionPointToStart(&scope->getRegion(0).front());
  SmallVector<Value> partials;
  for (const Reduction &reduction : reductions) {
    int64_t length = std::max<int64_t>(number.value_or(maxBlocks), 1);
    partials.push_back(
        memref::AllocaOp::create(b, MemRefType::get(length, reduction.type)));
  }
  return partials;
}

/// The total of what each block left: neighbours are combined until one is
/// left.
Value LoopVectorizer::combineBlocks(const Reduction &reduction, Value partials,
                                    Value number) {
  auto loadAt = [&](Value i) -> Value {
    return memref::LoadOp::create(b, partials, i);
  };
  if (isConstant(number, 1))
    return loadAt(b.index(0));
  scf::WhileOp::create(
      b, TypeRange(b.getIndexType()), number,
      [&](OpBuilder &nested, Location, ValueRange left) {
        OpBuilder::InsertionGuard guard(b);
        b.setInsertionPointToEnd(nested.getInsertionBlock());
        scf::ConditionOp::create(b, b.isLess(b.index(1), left[0]), left);
      },
      [&](OpBuilder &nested, Location, ValueRange left) {
        OpBuilder::InsertionGuard guard(b);
        b.setInsertionPointToEnd(nested.getInsertionBlock());
        Value pairs = b.divide(left[0], b.index(2));
        b.loop(b.index(0), pairs, b.index(1), {},
               [&](Value i, ValueRange) -> SmallVector<Value> {
                 Value first = b.multiply(i, b.index(2));
                 Value second = b.add(first, b.index(1));
                 Value sum = combine(reduction, loadAt(first), loadAt(second));
                 memref::StoreOp::create(b, sum, partials, i);
                 return {};
               });
        // An odd one moves up.
        Value after = b.ceilDivide(left[0], b.index(2));
        auto odd = scf::IfOp::create(b, b.isLess(pairs, after),
                                     /*withElseRegion=*/false);
        b.setInsertionPointToStart(odd.thenBlock());
        memref::StoreOp::create(b, loadAt(b.subtract(left[0], b.index(1))),
                                partials, pairs);
        b.setInsertionPointAfter(odd);
        scf::YieldOp::create(b, after);
      });
  Value isEmpty = b.isLess(number, b.index(1));
  Value neutral = arith::ConstantOp::create(b, reduction.neutral);
  return arith::SelectOp::create(b, isEmpty, neutral, loadAt(b.index(0)));
}

/// How much of a dimension a block takes, if it takes all of the others.
Value LoopVectorizer::getBlockSize(int64_t dim) {
  Value rest = b.index(1);
  for (auto [other, size] : llvm::enumerate(sizes))
    if (static_cast<int64_t>(other) != dim)
      rest = b.multiply(rest, size);
  return b.max(b.divide(b.index(blockLength), b.max(rest, b.index(1))),
               b.index(1));
}

/// Every result is dense, or one number.
void LoopVectorizer::buildFlat() {
  int64_t rank = loop.getNumLoops(), inner = rank - 1;
  SmallVector<Value> at(rank);
  // Blocks are of the outermost dimension.
  Value blockSize;
  if (rank == 1) {
    blockSize =
        b.max(b.index(blockLength),
              b.roundUp(b.ceilDivide(sizes[0], b.index(maxBlocks)), 256));
    if (cacheBytes > 0)
      streams = buildStreamCondition();
  } else {
    blockSize =
        b.max(getBlockSize(0), b.ceilDivide(sizes[0], b.index(maxBlocks)));
  }
  Value number = b.ceilDivide(sizes[0], blockSize);

  SmallVector<Value> partials = allocatePartials(getConstantIntValue(number));
  forEachBlock(sizes[0], blockSize, [&](Value block, Value lower, Value upper) {
    SmallVector<Value> totals;
    if (rank == 1) {
      totals = sumRange(lower, upper, at, getNeutral());
    } else {
      SmallVector<int64_t> middle =
          llvm::to_vector(llvm::seq<int64_t>(1, inner));
      totals =
          b.loop(lower, upper, b.index(1), getNeutral(),
                 [&](Value index, ValueRange values) {
                   at[0] = index;
                   return nest(middle, at, values, [&](ValueRange carried) {
                     return sumRange(b.index(0), sizes[inner], at, carried);
                   });
                 });
    }
    for (auto [reduction, partial, total] :
         llvm::zip_equal(reductions, partials, totals))
      memref::StoreOp::create(b, combineLanes(reduction, total), partial,
                              block);
  });
  for (auto [reduction, partial] : llvm::zip_equal(reductions, partials))
    finish(reduction, combineBlocks(reduction, partial, number), at);
}

/// Reductions along the innermost dimension and perhaps others.
void LoopVectorizer::buildRows() {
  int64_t inner = loop.getNumLoops() - 1;
  SmallVector<Value> at(loop.getNumLoops());
  SmallVector<int64_t> others(reduced);
  others.pop_back();
  forEachBlock(
      sizes[kept.front()], getBlockSize(kept.front()),
      [&](Value, Value lower, Value upper) {
        b.loop(lower, upper, b.index(1), {}, [&](Value index, ValueRange) {
          at[kept.front()] = index;
          return nest(
              ArrayRef(kept).drop_front(), at, {},
              [&](ValueRange) -> SmallVector<Value> {
                SmallVector<Value> totals =
                    nest(others, at, getNeutral(), [&](ValueRange carried) {
                      return sumRange(b.index(0), sizes[inner], at, carried);
                    });
                for (auto [reduction, total] :
                     llvm::zip_equal(reductions, totals))
                  finish(reduction, combineLanes(reduction, total), at);
                return {};
              });
        });
      });
}

/// Reductions that keep the innermost dimension.
void LoopVectorizer::buildColumns() {
  int64_t inner = loop.getNumLoops() - 1;
  SmallVector<Value> at(loop.getNumLoops());
  SmallVector<int64_t> others(kept);
  others.pop_back();
  Value blockSize = b.roundUp(getBlockSize(inner), lanes);
  forEachBlock(sizes[inner], blockSize, [&](Value, Value lower, Value upper) {
    nest(others, at, {}, [&](ValueRange) {
      return forEachVector(
          lower, upper, {},
          [&](Value start, Value mask, ValueRange) -> SmallVector<Value> {
            at[inner] = start;
            SmallVector<Value> totals =
                nest(reduced, at, getNeutral(), [&](ValueRange carried) {
                  return buildVector(at, mask, carried);
                });
            for (auto [reduction, total] : llvm::zip_equal(reductions, totals))
              finish(reduction, total, at, mask);
            return {};
          });
    });
  });
}
