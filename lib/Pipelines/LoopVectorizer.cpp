//===- LoopVectorizer.cpp - What a loop is, and its form ------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LoopVectorizer.h"
#include "VectorBody.h"

#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/Interfaces/LoopLikeInterface.h"

using namespace mlir;
using namespace mlir::fisher;

/// So many vectors are worked on side by side, because each by itself is a long
/// chain of operations that wait for one another: that of a distance has some
/// hundred cycles, more than a processor looks ahead. Short bodies wait for
/// memory, or for the sum before.
static constexpr int64_t interleave = 4;
/// How many registers sums may take: with more, there are none for the rest.
static constexpr int64_t maxAccumulators = 16;

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
