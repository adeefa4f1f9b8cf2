//===- VectorizeLoops.cpp - Vector code for loops over buffers ------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Upstream vectorizes a tile of a linalg operation. What it has no form for is
// here: loops that sum while they write, tails of an unknown size, sums whose
// order does not depend on the number of threads, and stores around the cache.
//
//===----------------------------------------------------------------------===//

#include "IndexBuilder.h"
#include "LoopCollapse.h"
#include "Reduction.h"
#include "VectorBody.h"
#include "fisher/IR/Marks.h"
#include "fisher/Math/Scalar.h"
#include "fisher/Pipelines/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/LoopLikeInterface.h"

namespace mlir::fisher {
#define GEN_PASS_DEF_FISHERVECTORIZELOOPS
#include "fisher/Pipelines/Passes.h.inc"
} // namespace mlir::fisher

using namespace mlir;
using namespace mlir::fisher;
using linalg::GenericOp;

/// How many blocks a loop has at most: each leaves a partial sum on the stack.
static constexpr int64_t maxBlocks = 1024;
/// So many iterations are summed before they are added to the sum of a block.
static constexpr int64_t sumLength = 4096;
/// So many vectors are worked on side by side, because each by itself is a long
/// chain of operations that wait for one another: that of a distance has some
/// hundred cycles, more than a processor looks ahead. Short bodies wait for
/// memory, or for the sum before.
static constexpr int64_t interleave = 4;
/// Bodies with no more operations leave time to wait for memory.
static constexpr int64_t shortBody = 16;
/// How many registers sums may take: with more, there are none for the rest.
static constexpr int64_t maxAccumulators = 16;
/// How far ahead the next row is at most.
static constexpr int64_t maxPrefetchBytes = 32768;
static constexpr int64_t cacheLineBytes = 64;
/// The operations of a block: some 10 us. A block has no more iterations than
/// these, since short bodies wait for memory.
static constexpr int64_t blockWork = 1000000, maxBlockLength = 16384;
/// Bodies with more operations than this are there once, always masked.
static constexpr int64_t largeBody = 1000;

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

static int64_t getElementBytes(Value value) {
  return getElementTypeOrSelf(value.getType()).getIntOrFloatBitWidth() / 8;
}

static bool isConstant(Value value, int64_t number) {
  return getConstantIntValue(value) == number;
}

//===----------------------------------------------------------------------===//
// The loop
//===----------------------------------------------------------------------===//

namespace {
/// A loop whose vector form is being built.
class LoopVectorizer {
public:
  LoopVectorizer(GenericOp loop, RewriterBase &rewriter, int64_t vectorBits,
                 int64_t cacheBytes)
      : loop(loop), b(loop.getLoc(), rewriter), vectorBits(vectorBits),
        cacheBytes(cacheBytes) {}

  /// Builds it before the loop; fails, and leaves all as it is, if the loop has
  /// no such form.
  LogicalResult run();

private:
  LogicalResult analyze();
  LogicalResult analyzeResult(OpOperand &init);

  bool isInner(AffineMap map) {
    return map.isFunctionOfDim(loop.getNumLoops() - 1);
  }
  bool isContiguous(OpOperand &operand);
  SmallVector<Value> getIndices(AffineMap map, ArrayRef<Value> at) const;

  Value load(OpOperand &operand, ArrayRef<Value> at, Value mask);
  void prefetch(OpOperand &operand, ArrayRef<Value> at);
  void store(OpOperand &operand, Value value, ArrayRef<Value> at, Value mask);
  SmallVector<Value> buildVector(ArrayRef<Value> at, Value mask,
                                 ValueRange accumulators);

  /// The accumulators before anything is added.
  SmallVector<Value> getNeutral();
  Value combine(const Reduction &reduction, Value a, Value c);
  /// A float in another type; integers stay as they are.
  Value convert(Value value, Type type) {
    auto floatType = dyn_cast<FloatType>(type);
    return floatType ? convertFloat(b, b.getLoc(), value, floatType) : value;
  }
  Value combineLanes(const Reduction &reduction, Value total);
  /// Combines a reduction's total with what its result has, and stores it
  /// there.
  void finish(const Reduction &reduction, Value total, ArrayRef<Value> at,
              Value mask = {});

  using ChunkFunction = llvm::function_ref<SmallVector<Value>(
      Value at, Value mask, ValueRange carried)>;
  /// Calls `body` for vectors of the innermost dimension from `lower` to
  /// `upper`.
  SmallVector<Value> forEachVector(Value lower, Value upper, ValueRange carried,
                                   ChunkFunction body);
  using NestFunction = llvm::function_ref<SmallVector<Value>(ValueRange)>;
  /// Calls `body` within loops over some dimensions, whose indices are put into
  /// `at`.
  SmallVector<Value> nest(ArrayRef<int64_t> dims, SmallVector<Value> &at,
                          ValueRange carried, NestFunction body);
  SmallVector<Value> sumRange(Value lower, Value upper, SmallVector<Value> &at,
                              ValueRange carried);
  void forEachBlock(
      Value size, Value blockSize,
      llvm::function_ref<void(Value number, Value lower, Value upper)> body);

  Value getBlockSize(int64_t dim);
  /// How many operations all iterations are, about; none if a size is unknown.
  std::optional<int64_t> getWork();
  /// One for each arrangement of the results.
  void buildFlat();
  void buildRows();
  void buildColumns();

  Value buildStreamCondition();
  SmallVector<Value> allocatePartials(std::optional<int64_t> number);
  Value combineBlocks(const Reduction &reduction, Value partials, Value number);

  GenericOp loop;
  IndexBuilder b;
  int64_t vectorBits, cacheBytes;

  SmallVector<Value> sizes;
  /// Results with an element for each iteration, and the others.
  SmallVector<OpOperand *> dense;
  SmallVector<Reduction> reductions;
  /// Dimensions that all reductions keep; the others.
  SmallVector<int64_t> kept, reduced;
  int64_t lanes = 0, numOps = 0, blockLength = 0;
  bool isParallel = false;
  /// Whether results are stored around the cache; null if they never are.
  Value streams;
};
} // namespace

//===----------------------------------------------------------------------===//
// Analysis
//===----------------------------------------------------------------------===//

LogicalResult LoopVectorizer::analyzeResult(OpOperand &init) {
  if (loop.getMatchingIndexingMap(&init).isIdentity()) {
    dense.push_back(&init);
    return success();
  }
  FailureOr<Reduction> reduction = matchReduction(loop, init);
  if (failed(reduction))
    return failure();
  reductions.push_back(*reduction);
  return success();
}

LogicalResult LoopVectorizer::analyze() {
  int64_t rank = loop.getNumLoops();
  if (!loop.hasPureBufferSemantics() || rank == 0 ||
      !VectorBody::isSupported(*loop.getBlock()))
    return failure();
  int64_t widest = 32;
  for (OpOperand &operand : loop->getOpOperands()) {
    AffineMap map = loop.getMatchingIndexingMap(&operand);
    if (!map.isProjectedPermutation())
      return failure();
    auto type = dyn_cast<MemRefType>(operand.get().getType());
    if (!type) {
      if (map.getNumResults() != 0)
        return failure();
      continue;
    }
    Type element = type.getElementType();
    if (!element.isIntOrFloat())
      return failure();
    // A vector of bits is packed, a buffer of them is not.
    if (isInner(map) && element.getIntOrFloatBitWidth() < 8)
      return failure();
    if (isInner(map) && !type.isLastDimUnitStride())
      return failure();
    if (isInner(map))
      widest = std::max<int64_t>(widest, element.getIntOrFloatBitWidth());
  }
  for (OpOperand &init : loop.getDpsInitsMutable())
    if (failed(analyzeResult(init)))
      return failure();

  llvm::SmallBitVector inReduced(rank);
  for (Reduction &reduction : reductions) {
    AffineMap map = loop.getMatchingIndexingMap(reduction.init);
    llvm::SmallBitVector unused = getUnusedDimsBitVector(map);
    if (&reduction != reductions.begin() && unused != inReduced)
      return failure();
    inReduced = unused;
    if (isInner(map) && !isContiguous(*reduction.init))
      return failure();
  }
  for (int64_t dim = 0; dim != rank; ++dim)
    (inReduced.test(dim) ? reduced : kept).push_back(dim);
  numOps = 0;
  loop.getBlock()->walk([&](Operation *) { ++numOps; });
  int64_t vector = llvm::bit_floor(
      static_cast<uint64_t>(std::max<int64_t>(vectorBits / widest, 1)));
  lanes = vector * interleave;
  int64_t length = loop.getStaticLoopRanges().back();
  // Shorter vectors of bf16 would be rounded by calls, one number at a time.
  if (ShapedType::isStatic(length))
    lanes = std::clamp(static_cast<int64_t>(llvm::PowerOf2Ceil(length)),
                       std::max<int64_t>(vector, 8), lanes);
  int64_t accumulatedBits = 0;
  for (const Reduction &reduction : reductions)
    accumulatedBits += reduction.type.getIntOrFloatBitWidth();
  while (lanes > std::max<int64_t>(vector, 8) &&
         lanes * accumulatedBits > maxAccumulators * vectorBits)
    lanes /= 2;
  blockLength = std::clamp<int64_t>(
      llvm::bit_floor(static_cast<uint64_t>(blockWork / numOps)), 256,
      maxBlockLength);
  isParallel = !loop->getParentOfType<LoopLikeOpInterface>();
  return success();
}

bool LoopVectorizer::isContiguous(OpOperand &operand) {
  AffineMap map = loop.getMatchingIndexingMap(&operand);
  return map.getNumResults() != 0 &&
         map.getDimPosition(map.getNumResults() - 1) == loop.getNumLoops() - 1;
}

//===----------------------------------------------------------------------===//
// One vector
//===----------------------------------------------------------------------===//

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

LogicalResult LoopVectorizer::run() {
  if (failed(analyze()))
    return failure();
  for (Range range : cast<linalg::LinalgOp>(loop.getOperation())
                         .createLoopRanges(b, b.getLoc()))
    sizes.push_back(getValueOrCreateConstantIndexOp(b, b.getLoc(), range.size));
  if (reductions.empty() || kept.empty())
    buildFlat();
  else if (reduced.back() == static_cast<int64_t>(loop.getNumLoops()) - 1)
    buildRows();
  else
    buildColumns();
  return success();
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

/// Vectors lie along the innermost dimension: where all results are reductions,
/// that becomes the one along which most of what is read is contiguous, if it
/// is so in the results that have it.
static GenericOp interchange(GenericOp loop, RewriterBase &rewriter) {
  int64_t rank = loop.getNumLoops();
  if (rank < 2)
    return loop;
  SmallVector<int64_t> contiguous(rank);
  for (AffineMap map : loop.getIndexingMapsArray())
    if (map.isPermutation())
      ++contiguous[map.getDimPosition(rank - 1)];
  int64_t inner = llvm::max_element(contiguous) - contiguous.begin();
  if (contiguous[inner] == contiguous.back())
    return loop;
  for (OpOperand &init : loop.getDpsInitsMutable()) {
    AffineMap map = loop.getMatchingIndexingMap(&init);
    if (!map.isProjectedPermutation() || map.isPermutation() ||
        (map.isFunctionOfDim(inner) &&
         map.getDimPosition(map.getNumResults() - 1) != inner))
      return loop;
  }
  SmallVector<unsigned> order = llvm::to_vector(llvm::seq<unsigned>(0, rank));
  order.erase(order.begin() + inner);
  order.push_back(inner);
  FailureOr<GenericOp> interchanged =
      linalg::interchangeGenericOp(rewriter, loop, order);
  return failed(interchanged) ? loop : *interchanged;
}

/// Asks for what is behind a block of rows, where one of its vectors is read or
/// written: the next block, which is not in the caches for the same reason.
static void prefetchNextBlock(VectorTransferOpInterface transfer,
                              RewriterBase &rewriter) {
  auto block = transfer.getBase().getDefiningOp<memref::CollapseShapeOp>();
  if (!block || !block.getSrc().getDefiningOp<memref::SubViewOp>() ||
      block.getType().getRank() != 1 ||
      !transfer->getParentOfType<LoopLikeOpInterface>())
    return;
  rewriter.setInsertionPoint(transfer);
  IndexBuilder b(transfer.getLoc(), rewriter);
  Value size = memref::DimOp::create(b, block, 0);
  Value index = b.add(transfer.getIndices().front(), size);
  memref::PrefetchOp::create(b, block, index,
                             /*isWrite=*/isa<vector::TransferWriteOp>(transfer),
                             /*localityHint=*/2, /*isDataCache=*/true);
}

namespace {
struct VectorizeLoops : fisher::impl::FisherVectorizeLoopsBase<VectorizeLoops> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<linalg::LinalgOp> loops;
    getOperation()->walk([&](linalg::LinalgOp loop) {
      if (loop.hasPureBufferSemantics())
        loops.push_back(loop);
    });
    IRRewriter rewriter(&getContext());
    getOperation()->walk([&](VectorTransferOpInterface transfer) {
      prefetchNextBlock(transfer, rewriter);
    });
    for (linalg::LinalgOp named : loops) {
      FailureOr<GenericOp> generic = asGeneric(named, rewriter);
      if (failed(generic))
        continue;
      GenericOp loop = collapse(interchange(*generic, rewriter), rewriter);
      rewriter.setInsertionPoint(loop);
      if (failed(LoopVectorizer(loop, rewriter, vectorBits, cacheBytes).run()))
        continue;
      rewriter.eraseOp(loop);
      ++numVectorized;
    }
  }
};
} // namespace
