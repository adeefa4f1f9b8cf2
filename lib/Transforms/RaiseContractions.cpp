//===- RaiseContractions.cpp - Contractions without detours ---------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Transforms/Contractions.h"
#include "fisher/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace mlir::fisher {
#define GEN_PASS_DEF_FISHERRAISECONTRACTIONS
#include "fisher/Transforms/Passes.h.inc"
} // namespace mlir::fisher

using namespace mlir;
using namespace mlir::fisher;

/// A contraction on tensors whose indices are loops, which linalg.contract can
/// state.
static std::optional<ContractionDims> matchProduct(linalg::LinalgOp op) {
  if (!op || !op.hasPureTensorSemantics() ||
      !llvm::all_of(op.getIndexingMapsArray(),
                    [](AffineMap map) { return map.isProjectedPermutation(); }))
    return std::nullopt;
  return matchContraction(op);
}

static linalg::ContractOp createContract(RewriterBase &rewriter,
                                         linalg::LinalgOp op, ValueRange inputs,
                                         Value init, ArrayRef<AffineMap> maps) {
  return linalg::ContractOp::create(rewriter, op.getLoc(), init.getType(),
                                    inputs, init,
                                    rewriter.getAffineMapArrayAttr(maps));
}

/// If `op` yields the elements of its only input, and each once, the map from
/// the indices of its result to those of the input.
static std::optional<AffineMap> matchTransposition(linalg::LinalgOp op) {
  if (!op || op.getNumDpsInputs() != 1 || op.getNumDpsInits() != 1 ||
      !op.hasPureTensorSemantics())
    return std::nullopt;
  AffineMap from = op.getIndexingMapsArray()[0];
  AffineMap to = op.getIndexingMapsArray()[1];
  if (!from.isPermutation() || !to.isPermutation() ||
      op.getBlock()->getTerminator()->getOperand(0) !=
          op.getBlock()->getArgument(0))
    return std::nullopt;
  return from.compose(inversePermutation(to));
}

/// What `value` was before it was transposed or extended, and the map from its
/// indices to those of the source.
static std::optional<std::pair<Value, AffineMap>> getSource(Value value) {
  Operation *definition = value.getDefiningOp();
  if (auto extension = dyn_cast_if_present<arith::ExtFOp>(definition)) {
    auto type = cast<ShapedType>(extension.getIn().getType());
    return std::pair(extension.getIn(), AffineMap::getMultiDimIdentityMap(
                                            type.getRank(), type.getContext()));
  }
  auto op = dyn_cast_if_present<linalg::LinalgOp>(definition);
  if (std::optional<AffineMap> map = matchTransposition(op))
    return std::pair(op.getDpsInputs()[0], *map);
  return std::nullopt;
}

namespace {
struct ReadSources : OpInterfaceRewritePattern<linalg::LinalgOp> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;

  LogicalResult matchAndRewrite(linalg::LinalgOp op,
                                PatternRewriter &rewriter) const override {
    if (!matchProduct(op))
      return failure();
    SmallVector<AffineMap> maps = op.getIndexingMapsArray();
    SmallVector<Value> inputs = op.getDpsInputs();
    bool changed = false;
    for (auto [input, map] : llvm::zip(inputs, maps))
      if (auto source = getSource(input)) {
        input = source->first;
        map = source->second.compose(map);
        changed = true;
      }
    if (!changed)
      return failure();
    rewriter.replaceOp(
        op, createContract(rewriter, op, inputs, op.getDpsInits()[0], maps));
    return success();
  }
};

/// A product that is transposed and not needed otherwise is written so at once.
struct WriteTransposed : OpInterfaceRewritePattern<linalg::LinalgOp> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;

  LogicalResult matchAndRewrite(linalg::LinalgOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<AffineMap> transposition = matchTransposition(op);
    if (!transposition)
      return failure();
    auto product = op.getDpsInputs()[0].getDefiningOp<linalg::LinalgOp>();
    if (!matchProduct(product) || !product->hasOneUse())
      return failure();
    auto fill = product.getDpsInits()[0].getDefiningOp<linalg::FillOp>();
    if (!fill)
      return failure();
    SmallVector<AffineMap> maps = product.getIndexingMapsArray();
    maps[2] = inversePermutation(*transposition).compose(maps[2]);
    auto init = linalg::FillOp::create(rewriter, op.getLoc(), fill.getInputs(),
                                       op.getDpsInits());
    rewriter.replaceOp(op,
                       createContract(rewriter, product, product.getDpsInputs(),
                                      init.getResult(0), maps));
    return success();
  }
};

/// Loops of one kind that follow each other in every operand become one.
struct CollapseLoops : OpInterfaceRewritePattern<linalg::LinalgOp> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;

  LogicalResult matchAndRewrite(linalg::LinalgOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<ContractionDims> dims = matchProduct(op);
    if (!dims)
      return failure();
    SmallVector<ReassociationIndices> groups;
    for (ArrayRef<unsigned> kind : {dims->batch, dims->m, dims->n, dims->k})
      collectPairs(op, kind, groups);
    if (groups.empty())
      return failure();
    FailureOr<linalg::GenericOp> generic =
        linalg::generalizeNamedOp(rewriter, op);
    if (failed(generic))
      generic = cast<linalg::GenericOp>(op.getOperation());
    FailureOr<linalg::CollapseResult> result =
        linalg::collapseOpIterationDims(*generic, groups, rewriter);
    if (failed(result))
      return failure();
    rewriter.replaceOp(*generic, result->results);
    return success();
  }

private:
  /// Appends pairs of loops; three loops take two rounds.
  static void collectPairs(linalg::LinalgOp op, ArrayRef<unsigned> kind,
                           SmallVectorImpl<ReassociationIndices> &groups) {
    SmallVector<AffineMap> maps = op.getIndexingMapsArray();
    SmallVector<int64_t> sizes = op.getStaticLoopRanges();
    for (unsigned first : kind)
      for (unsigned second : kind)
        // Upstream cannot lower the expansion to two sizes that it does not
        // know.
        if (first + 1 == second &&
            !(ShapedType::isDynamic(sizes[first]) &&
              ShapedType::isDynamic(sizes[second])) &&
            linalg::areDimSequencesPreserved(maps, {{first, second}}) &&
            (groups.empty() || groups.back().back() != first))
          groups.push_back({first, second});
  }
};

/// Vectors that lie along a loop of one element would be empty but for that.
struct DropUnitLoops : OpInterfaceRewritePattern<linalg::LinalgOp> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;

  LogicalResult matchAndRewrite(linalg::LinalgOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<ContractionDims> dims =
        op.hasPureTensorSemantics() ? matchContraction(op) : std::nullopt;
    if (!dims)
      return failure();
    SmallVector<int64_t> sizes = op.getStaticLoopRanges();
    auto isUnit = [&](unsigned dim) { return sizes[dim] == 1; };
    SmallVector<unsigned> units;
    for (ArrayRef<unsigned> kind : {dims->batch, dims->m, dims->n, dims->k})
      llvm::append_range(units, llvm::make_filter_range(kind, isUnit));
    // A contraction keeps a loop that sums and one that does not.
    if (llvm::all_of(dims->k, isUnit))
      llvm::erase(units, dims->k.front());
    if (llvm::all_of(dims->m, isUnit) && llvm::all_of(dims->n, isUnit))
      llvm::erase(units, (dims->m.empty() ? dims->n : dims->m).front());
    if (units.empty())
      return failure();
    FailureOr<linalg::GenericOp> generic =
        linalg::generalizeNamedOp(rewriter, op);
    if (failed(generic))
      generic = cast<linalg::GenericOp>(op.getOperation());
    linalg::ControlDropUnitDims control;
    control.controlFn = [&](Operation *) { return units; };
    FailureOr<linalg::DropUnitDimsResult> result =
        linalg::dropUnitDims(rewriter, *generic, control);
    if (failed(result))
      return failure();
    rewriter.replaceOp(*generic, result->replacements);
    return success();
  }
};

/// linalg.contract is not fused with what computes its operands, which would
/// be computed anew for each product.
struct NameContraction : OpRewritePattern<linalg::GenericOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(linalg::GenericOp op,
                                PatternRewriter &rewriter) const override {
    if (!matchProduct(op))
      return failure();
    rewriter.replaceOp(op, createContract(rewriter, op, op.getInputs(),
                                          op.getOutputs()[0],
                                          op.getIndexingMapsArray()));
    return success();
  }
};

struct RaiseContractions
    : fisher::impl::FisherRaiseContractionsBase<RaiseContractions> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<ReadSources, WriteTransposed, DropUnitLoops, CollapseLoops>(
        &getContext(), /*benefit=*/2);
    patterns.add<NameContraction>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
