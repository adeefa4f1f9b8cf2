//===- LegalizeFloats.cpp - Accurate lowering of float functions ----------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Pipelines/Passes.h"

#include "mlir/Conversion/MathToLibm/MathToLibm.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Transforms/DialectConversion.h"

namespace mlir::fisher {
#define GEN_PASS_DEF_FISHERLEGALIZEFLOATS
#include "fisher/Pipelines/Passes.h.inc"
} // namespace mlir::fisher

using namespace mlir;

/// Operations that LLVM has an intrinsic for whose code is either an
/// instruction or a call of the same function of the C math library.
static void keepIntrinsics(ConversionTarget &target) {
  target.addLegalOp<
      math::AbsFOp, math::AbsIOp, math::CeilOp, math::CopySignOp, math::CosOp,
      math::CountLeadingZerosOp, math::CountTrailingZerosOp, math::CtPopOp,
      math::ExpOp, math::Exp2Op, math::FPowIOp, math::FloorOp, math::FmaOp,
      math::IPowIOp, math::IsFiniteOp, math::IsInfOp, math::IsNaNOp,
      math::IsNormalOp, math::LogOp, math::Log10Op, math::Log2Op, math::PowFOp,
      math::RoundEvenOp, math::RoundOp, math::RsqrtOp, math::SinOp,
      math::SqrtOp, math::TruncOp>();
}

static bool convertsBFloat16(Type from, Type to) {
  Type source = getElementTypeOrSelf(from), target = getElementTypeOrSelf(to);
  return (source.isBF16() && target.isF32()) ||
         ((source.isF32() || source.isF64()) && target.isBF16());
}

static Type withElement(Type type, Type element) {
  auto shaped = dyn_cast<ShapedType>(type);
  return shaped ? shaped.clone(element) : element;
}

namespace {
/// f64 to bf16 by way of f32, which is rounded to odd: a number between two of
/// f32 becomes the one whose last bit is 1, so that it is not taken for a tie
/// when it is rounded again.
struct TruncateDouble : public OpRewritePattern<arith::TruncFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::TruncFOp op,
                                PatternRewriter &rewriter) const override {
    Value wide = op.getIn();
    if (!getElementTypeOrSelf(wide.getType()).isF64() ||
        !getElementTypeOrSelf(op.getType()).isBF16())
      return failure();
    Location loc = op.getLoc();
    Type single = withElement(wide.getType(), rewriter.getF32Type());
    Type integer = withElement(wide.getType(), rewriter.getI32Type());
    Value nearest = arith::TruncFOp::create(rewriter, loc, single, wide);
    Value back = arith::ExtFOp::create(rewriter, loc, wide.getType(), nearest);
    Value bits = arith::BitcastOp::create(rewriter, loc, integer, nearest);
    Value isInexact = arith::CmpFOp::create(
        rewriter, loc, arith::CmpFPredicate::ONE, back, wide);
    Value isAbove =
        arith::CmpFOp::create(rewriter, loc, arith::CmpFPredicate::OGT,
                              math::AbsFOp::create(rewriter, loc, back),
                              math::AbsFOp::create(rewriter, loc, wide));
    Value one = createScalarOrSplatConstant(rewriter, loc, integer, 1);
    Value towardZero = arith::SelectOp::create(
        rewriter, loc, isAbove, arith::SubIOp::create(rewriter, loc, bits, one),
        bits);
    Value odd = arith::SelectOp::create(
        rewriter, loc, isInexact,
        arith::OrIOp::create(rewriter, loc, towardZero, one), bits);
    rewriter.replaceOpWithNewOp<arith::TruncFOp>(
        op, op.getType(), arith::BitcastOp::create(rewriter, loc, single, odd));
    return success();
  }
};
} // namespace

/// Upstream's emulation of bf16 allows that a conversion to it and back is
/// nothing; the IR says that every operation rounds.
static void keepRoundings(Operation *root) {
  root->walk([](Operation *op) {
    if (isa<arith::ExtFOp, arith::TruncFOp>(op))
      op->removeAttr("fastmath");
  });
}

namespace {
struct LegalizeFloats
    : public fisher::impl::FisherLegalizeFloatsBase<LegalizeFloats> {
  void runOnOperation() override {
    keepRoundings(getOperation());
    RewritePatternSet patterns(&getContext());
    populateMathToLibmConversionPatterns(patterns);
    arith::populateExpandBFloat16Patterns(patterns);
    patterns.add<TruncateDouble>(&getContext());

    ConversionTarget target(getContext());
    target.addLegalDialect<arith::ArithDialect, func::FuncDialect,
                           vector::VectorDialect>();
    target.addIllegalDialect<math::MathDialect>();
    keepIntrinsics(target);
    target.addDynamicallyLegalOp<arith::ExtFOp, arith::TruncFOp>(
        [](Operation *op) {
          return !convertsBFloat16(op->getOperand(0).getType(),
                                   op->getResult(0).getType());
        });
    if (failed(applyPartialConversion(getOperation(), target,
                                      std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
