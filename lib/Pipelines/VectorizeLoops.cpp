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

#include "LoopCollapse.h"
#include "LoopVectorizer.h"
#include "fisher/Pipelines/Passes.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/LoopLikeInterface.h"

namespace mlir::fisher {
#define GEN_PASS_DEF_FISHERVECTORIZELOOPS
#include "fisher/Pipelines/Passes.h.inc"
} // namespace mlir::fisher

using namespace mlir;
using namespace mlir::fisher;
using linalg::GenericOp;

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
