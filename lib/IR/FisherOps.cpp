//===- FisherOps.cpp - Verifiers, folds and canonicalizations -------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PolicySyntax.h"

#include "fisher/IR/Fisher.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace mlir::fisher;

#define GET_OP_CLASSES
#include "fisher/IR/FisherOps.cpp.inc"

//===----------------------------------------------------------------------===//
// Helpers
//===----------------------------------------------------------------------===//

/// The number that a scalar operand is known to be.
static std::optional<APFloat> getConstant(Value value) {
  APFloat number(0.0);
  if (matchPattern(value, m_ConstantFloat(&number)))
    return number;
  return std::nullopt;
}

static bool isConstantZero(Value value) {
  return matchPattern(value, m_AnyZeroFloat());
}

/// A tensor of zeros of type `type`, whose dynamic sizes are the leading ones
/// of the components of `belief`.
static Value createZeros(OpBuilder &builder, Location loc,
                         RankedTensorType type, Value belief) {
  auto zero = builder.getZeroAttr(type.getElementType());
  if (type.hasStaticShape())
    return arith::ConstantOp::create(builder, loc,
                                     SplatElementsAttr::get(type, zero));
  Value component =
      ComponentsOp::create(builder, loc, belief).getComponents().front();
  SmallVector<Value> sizes;
  for (int64_t i = 0, e = type.getRank(); i != e; ++i)
    if (type.isDynamicDim(i))
      sizes.push_back(tensor::DimOp::create(builder, loc, component, i));
  Value scalar = arith::ConstantOp::create(builder, loc, cast<TypedAttr>(zero));
  return tensor::SplatOp::create(builder, loc, type, scalar, sizes);
}

/// Replaces every result of `op` by zeros shaped like `belief`.
static void replaceByZeros(PatternRewriter &rewriter, Operation *op,
                           Value belief) {
  SmallVector<Value> zeros;
  for (Type type : op->getResultTypes())
    zeros.push_back(createZeros(rewriter, op->getLoc(),
                                cast<RankedTensorType>(type), belief));
  rewriter.replaceOp(op, zeros);
}

/// What a belief and itself have between them is zero.
template <typename OpTy>
static LogicalResult foldSelf(OpTy op, PatternRewriter &rewriter) {
  if (op.getA() != op.getB())
    return rewriter.notifyMatchFailure(op, "the beliefs differ");
  replaceByZeros(rewriter, op, op.getA());
  return success();
}

/// Replaces an operation whose gradients nobody uses by one that has none.
template <typename PlainOp, typename OpTy>
static LogicalResult dropUnusedGradient(OpTy op, PatternRewriter &rewriter) {
  if (llvm::any_of(op->getResults().drop_front(),
                   [](Value gradient) { return !gradient.use_empty(); }))
    return rewriter.notifyMatchFailure(op, "the gradient is used");
  auto plain = PlainOp::create(rewriter, op.getLoc(),
                               op->getResult(0).getType(), op->getOperands());
  plain->setDiscardableAttrs(op->getDiscardableAttrDictionary());
  rewriter.replaceAllUsesWith(op->getResult(0), plain->getResult(0));
  rewriter.eraseOp(op);
  return success();
}

//===----------------------------------------------------------------------===//
// BeliefOp and ComponentsOp
//===----------------------------------------------------------------------===//

OpFoldResult BeliefOp::fold(FoldAdaptor) {
  // belief(components(b)) is b.
  auto unpacked = getComponents().front().getDefiningOp<ComponentsOp>();
  if (unpacked && unpacked.getBelief().getType() == getType() &&
      llvm::equal(getComponents(), unpacked.getComponents()))
    return unpacked.getBelief();
  return {};
}

LogicalResult ComponentsOp::inferReturnTypes(MLIRContext *,
                                             std::optional<Location> loc,
                                             ValueRange operands,
                                             DictionaryAttr, OpaqueProperties,
                                             RegionRange,
                                             SmallVectorImpl<Type> &types) {
  // The parser asks before the operand's type is verified.
  auto belief = operands.size() == 1
                    ? dyn_cast<BeliefType>(operands.front().getType())
                    : BeliefType();
  if (!belief)
    return emitOptionalError(loc, "'fisher.components' op needs one belief");
  llvm::append_range(types, belief.getComponentTypes());
  return success();
}

LogicalResult ComponentsOp::fold(FoldAdaptor,
                                 SmallVectorImpl<OpFoldResult> &results) {
  // components(belief(c...)) are c...
  auto packed = getBelief().getDefiningOp<BeliefOp>();
  if (!packed)
    return failure();
  llvm::append_range(results, packed.getComponents());
  return success();
}

//===----------------------------------------------------------------------===//
// ConvertOp
//===----------------------------------------------------------------------===//

LogicalResult ConvertOp::verify() {
  BeliefType from = getBelief().getType(), to = getResult().getType();
  if (from.getFamily().getFamilyName() != to.getFamily().getFamilyName())
    return emitOpError() << "cannot turn family '"
                         << from.getFamily().getFamilyName() << "' into '"
                         << to.getFamily().getFamilyName()
                         << "'; only the chart and the element type may change";
  if (from.getComponentType().getShape() != to.getComponentType().getShape())
    return emitOpError() << "cannot change the shape of "
                         << from.getComponentType() << " into that of "
                         << to.getComponentType();
  return success();
}

OpFoldResult ConvertOp::fold(FoldAdaptor) {
  if (getBelief().getType() == getType())
    return getBelief();
  return {};
}

namespace {
/// convert(convert(b)) is one conversion, unless the value between is stored
/// with less precision than the operand has.
struct MergeConversions : OpRewritePattern<ConvertOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ConvertOp op,
                                PatternRewriter &rewriter) const override {
    auto inner = op.getBelief().getDefiningOp<ConvertOp>();
    if (!inner)
      return rewriter.notifyMatchFailure(op, "no conversion before");
    Type first =
        inner.getBelief().getType().getComponentType().getElementType();
    Type between = inner.getType().getComponentType().getElementType();
    if (first != between &&
        first.getIntOrFloatBitWidth() >= between.getIntOrFloatBitWidth())
      return rewriter.notifyMatchFailure(op, "the value between is rounded");
    DictionaryAttr attrs = op->getDiscardableAttrDictionary();
    auto merged = rewriter.replaceOpWithNewOp<ConvertOp>(op, op.getType(),
                                                         inner.getBelief());
    merged->setDiscardableAttrs(attrs);
    return success();
  }
};
} // namespace

void ConvertOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                            MLIRContext *context) {
  patterns.add<MergeConversions>(context);
}

//===----------------------------------------------------------------------===//
// Distances
//===----------------------------------------------------------------------===//

LogicalResult SquaredDistanceOp::canonicalize(SquaredDistanceOp op,
                                              PatternRewriter &rewriter) {
  return foldSelf(op, rewriter);
}

LogicalResult
SquaredDistanceWithGradientOp::canonicalize(SquaredDistanceWithGradientOp op,
                                            PatternRewriter &rewriter) {
  if (succeeded(foldSelf(op, rewriter)))
    return success();
  return dropUnusedGradient<SquaredDistanceOp>(op, rewriter);
}

LogicalResult KLDivergenceOp::canonicalize(KLDivergenceOp op,
                                           PatternRewriter &rewriter) {
  return foldSelf(op, rewriter);
}

LogicalResult
KLDivergenceWithGradientsOp::canonicalize(KLDivergenceWithGradientsOp op,
                                          PatternRewriter &rewriter) {
  if (succeeded(foldSelf(op, rewriter)))
    return success();
  return dropUnusedGradient<KLDivergenceOp>(op, rewriter);
}

//===----------------------------------------------------------------------===//
// Penalties
//===----------------------------------------------------------------------===//

OpFoldResult PenaltyOp::fold(FoldAdaptor) {
  if (getBelief() != getReference() && !isConstantZero(getWeight()))
    return {};
  RankedTensorType type = getBelief().getType().getTotalType();
  return SplatElementsAttr::get(
      type, Builder(getContext()).getZeroAttr(type.getElementType()));
}

LogicalResult PenaltyWithGradientOp::canonicalize(PenaltyWithGradientOp op,
                                                  PatternRewriter &rewriter) {
  if (op.getBelief() == op.getReference() || isConstantZero(op.getWeight())) {
    replaceByZeros(rewriter, op, op.getBelief());
    return success();
  }
  return dropUnusedGradient<PenaltyOp>(op, rewriter);
}

//===----------------------------------------------------------------------===//
// Geodesics and tangent vectors
//===----------------------------------------------------------------------===//

OpFoldResult GeodesicOp::fold(FoldAdaptor) {
  if (getA() == getB() || isConstantZero(getT()))
    return getA();
  if (std::optional<APFloat> t = getConstant(getT());
      t && t->isExactlyValue(1.0))
    return getB();
  return {};
}

OpFoldResult ProximalStepOp::fold(FoldAdaptor) {
  if (getBelief() == getReference() || isConstantZero(getStrength()))
    return getBelief();
  return {};
}

LogicalResult LogOp::canonicalize(LogOp op, PatternRewriter &rewriter) {
  return foldSelf(op, rewriter);
}

OpFoldResult ExpOp::fold(FoldAdaptor) {
  // The geodesic that starts toward b reaches b at time one.
  auto log = getTangent().front().getDefiningOp<LogOp>();
  if (log && log.getA() == getA() &&
      llvm::equal(getTangent(), log.getTangent()))
    return log.getB();
  if (llvm::all_of(getTangent(), isConstantZero))
    return getA();
  return {};
}

LogicalResult NaturalGradientOp::canonicalize(NaturalGradientOp op,
                                              PatternRewriter &rewriter) {
  // The inverse metric undoes the metric.
  auto metric = op.getGradient().front().getDefiningOp<MetricOp>();
  if (!metric || metric.getAt() != op.getAt() ||
      !llvm::equal(op.getGradient(), metric.getCovector()))
    return rewriter.notifyMatchFailure(op,
                                       "no metric at the same belief before");
  rewriter.replaceOp(op, metric.getTangent());
  return success();
}
