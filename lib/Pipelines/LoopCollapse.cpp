//===- LoopCollapse.cpp - Loops with fewer dimensions ---------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LoopCollapse.h"

#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace mlir::fisher;
using linalg::GenericOp;

FailureOr<GenericOp> fisher::asGeneric(linalg::LinalgOp op,
                                       RewriterBase &rewriter) {
  if (auto generic = dyn_cast<GenericOp>(op.getOperation()))
    return generic;
  rewriter.setInsertionPoint(op);
  return linalg::generalizeNamedOp(rewriter, op);
}

/// Neighbouring dimensions that every operand has side by side, or lacks.
static SmallVector<ReassociationIndices> getCollapsible(GenericOp loop) {
  SmallVector<AffineMap> maps = loop.getIndexingMapsArray();
  SmallVector<utils::IteratorType> iterators = loop.getIteratorTypesArray();
  SmallVector<ReassociationIndices> groups;
  for (int64_t dim = 0, e = loop.getNumLoops(); dim != e; ++dim) {
    ReassociationIndices pair = {dim - 1, dim};
    if (dim != 0 && iterators[dim - 1] == iterators[dim] &&
        linalg::areDimSequencesPreserved(maps, pair))
      groups.back().push_back(dim);
    else
      groups.push_back({dim});
  }
  return groups;
}

GenericOp fisher::collapse(GenericOp loop, RewriterBase &rewriter) {
  // Upstream takes each result of a map to be a dimension: neither a sum of
  // them, as a convolution has, nor the zero of a size that is one.
  if (loop.hasIndexSemantics() ||
      !llvm::all_of(loop.getIndexingMapsArray(),
                    [](AffineMap map) { return map.isProjectedPermutation(); }))
    return loop;
  SmallVector<ReassociationIndices> groups = getCollapsible(loop);
  if (groups.size() == loop.getNumLoops())
    return loop;
  rewriter.setInsertionPoint(loop);
  FailureOr<linalg::CollapseResult> collapsed =
      linalg::collapseOpIterationDims(loop, groups, rewriter);
  if (failed(collapsed))
    return loop;
  rewriter.eraseOp(loop);
  return cast<GenericOp>(collapsed->collapsedOp.getOperation());
}
