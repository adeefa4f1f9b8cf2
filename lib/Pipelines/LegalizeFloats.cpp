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
  return (source.isBF16() && (target.isF32() || target.isF64())) ||
         ((source.isF32() || source.isF64()) && target.isBF16());
}

static Type withElement(Type type, Type element) {
  auto shaped = dyn_cast<ShapedType>(type);
  return shaped ? shaped.clone(element) : element;
}

namespace {
/// bf16 to f64 by way of f32, which upstream expands.
struct ExtendToDouble : public OpRewritePattern<arith::ExtFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::ExtFOp op,
                                PatternRewriter &rewriter) const override {
    Value narrow = op.getIn();
    if (!getElementTypeOrSelf(narrow.getType()).isBF16() ||
        !getElementTypeOrSelf(op.getType()).isF64())
      return failure();
    Type single = withElement(narrow.getType(), rewriter.getF32Type());
    Value wider = arith::ExtFOp::create(rewriter, op.getLoc(), single, narrow);
    rewriter.replaceOpWithNewOp<arith::ExtFOp>(op, op.getType(), wider);
    return success();
  }
};

/// f64 to bf16 by way of f32, which is rounded to odd: a number between two of
/// f32 becomes the one whose last bit is 1, so that it is not taken for a tie
/// when it is rounded again.
struct TruncateDouble : public OpRewritePattern<arith::TruncFOp> {
  TruncateDouble(MLIRContext *context, bool expandHalf)
      : OpRewritePattern(context), expandHalf(expandHalf) {}

  LogicalResult matchAndRewrite(arith::TruncFOp op,
                                PatternRewriter &rewriter) const override {
    Value wide = op.getIn();
    Type element = getElementTypeOrSelf(op.getType());
    if (!getElementTypeOrSelf(wide.getType()).isF64() ||
        !(element.isBF16() || (expandHalf && element.isF16())))
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

private:
  bool expandHalf;
};

/// A builder of arithmetic on the bits of f32 and f16.
struct BitBuilder {
  OpBuilder &b;
  Location loc;
  /// What the vectors are like; a number for numbers.
  Type like;

  Type integer(unsigned width) const {
    return withElement(like, b.getIntegerType(width));
  }
  Value number(int64_t bits) const {
    return createScalarOrSplatConstant(b, loc, integer(32), bits);
  }
  template <typename OpTy>
  Value apply(Value x, Value y) const {
    return OpTy::create(b, loc, x, y);
  }
  Value asFloat(Value bits) const {
    return arith::BitcastOp::create(b, loc, withElement(like, b.getF32Type()),
                                    bits);
  }
  Value asBits(Value value) const {
    return arith::BitcastOp::create(b, loc, integer(32), value);
  }
  Value isLess(Value x, int64_t bits) const {
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, x,
                                 number(bits));
  }
  Value select(Value condition, Value x, Value y) const {
    return arith::SelectOp::create(b, loc, condition, x, y);
  }
};

// How far the fraction of f32 is from that of f16, what the exponents of the
// two differ by, and what is in front of f32's fraction.
constexpr int64_t fractionShift = 13, biasBits = int64_t(112) << 23,
                  exponentOne = int64_t(1) << 23,
                  smallestNormal = int64_t(113) << 23;

/// f16 to f32. Subnormal numbers are the difference of two that are not, as
/// f32's own may be taken for zero.
struct ExtendHalf : public OpRewritePattern<arith::ExtFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::ExtFOp op,
                                PatternRewriter &rewriter) const override {
    Type type = op.getType();
    if (!getElementTypeOrSelf(op.getIn().getType()).isF16())
      return failure();
    Location loc = op.getLoc();
    BitBuilder b{rewriter, loc, type};
    Value half =
        arith::BitcastOp::create(rewriter, loc, b.integer(16), op.getIn());
    half = arith::ExtUIOp::create(rewriter, loc, b.integer(32), half);
    Value sign = b.apply<arith::ShLIOp>(
        b.apply<arith::AndIOp>(half, b.number(0x8000)), b.number(16));
    Value bits =
        b.apply<arith::ShLIOp>(b.apply<arith::AndIOp>(half, b.number(0x7fff)),
                               b.number(fractionShift));
    Value normal = b.apply<arith::AddIOp>(bits, b.number(biasBits));
    // Infinity, and what is no number.
    Value special = b.apply<arith::AddIOp>(normal, b.number(biasBits));
    Value shifted =
        b.asFloat(b.apply<arith::AddIOp>(normal, b.number(exponentOne)));
    Value small = b.asBits(
        b.apply<arith::SubFOp>(shifted, b.asFloat(b.number(smallestNormal))));
    Value result =
        b.select(b.isLess(bits, exponentOne), small,
                 b.select(b.isLess(bits, int64_t(31) << 23), normal, special));
    Value single = b.asFloat(b.apply<arith::OrIOp>(result, sign));
    if (getElementTypeOrSelf(type).isF64())
      rewriter.replaceOpWithNewOp<arith::ExtFOp>(op, type, single);
    else
      rewriter.replaceOp(op, single);
    return success();
  }
};

/// f32 to f16, to nearest even.
struct TruncateToHalf : public OpRewritePattern<arith::TruncFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::TruncFOp op,
                                PatternRewriter &rewriter) const override {
    Type type = op.getType();
    if (!getElementTypeOrSelf(op.getIn().getType()).isF32() ||
        !getElementTypeOrSelf(type).isF16())
      return failure();
    Location loc = op.getLoc();
    BitBuilder b{rewriter, loc, type};
    Value bits = b.asBits(op.getIn());
    Value sign = b.apply<arith::ShRUIOp>(
        b.apply<arith::AndIOp>(bits, b.number(0x80000000)), b.number(16));
    bits = b.apply<arith::AndIOp>(bits, b.number(0x7fffffff));
    // Too large a number, or none.
    Value special = b.select(b.isLess(bits, 0x7f800001), b.number(0x7c00),
                             b.number(0x7e00));
    // The sum with one half has the fraction where it belongs, rounded.
    Value oneHalf = b.number(int64_t(126) << 23);
    Value small = b.apply<arith::SubIOp>(
        b.asBits(b.apply<arith::AddFOp>(b.asFloat(bits), b.asFloat(oneHalf))),
        oneHalf);
    Value odd = b.apply<arith::AndIOp>(
        b.apply<arith::ShRUIOp>(bits, b.number(fractionShift)), b.number(1));
    Value rounded = b.apply<arith::AddIOp>(
        b.apply<arith::AddIOp>(bits, b.number(0xfff - biasBits)), odd);
    Value normal = b.apply<arith::ShRUIOp>(rounded, b.number(fractionShift));
    Value half =
        b.select(b.isLess(bits, smallestNormal), small,
                 b.select(b.isLess(bits, int64_t(143) << 23), normal, special));
    half = arith::TruncIOp::create(rewriter, loc, b.integer(16),
                                   b.apply<arith::OrIOp>(half, sign));
    rewriter.replaceOpWithNewOp<arith::BitcastOp>(op, type, half);
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
  using Base::Base;

  void runOnOperation() override {
    keepRoundings(getOperation());
    RewritePatternSet patterns(&getContext());
    populateMathToLibmConversionPatterns(patterns);
    arith::populateExpandBFloat16Patterns(patterns);
    patterns.add<ExtendToDouble>(&getContext());
    patterns.add<TruncateDouble>(&getContext(), expandHalf);
    if (expandHalf)
      patterns.add<ExtendHalf, TruncateToHalf>(&getContext());

    ConversionTarget target(getContext());
    target.addLegalDialect<arith::ArithDialect, func::FuncDialect,
                           vector::VectorDialect>();
    target.addIllegalDialect<math::MathDialect>();
    keepIntrinsics(target);
    target.addDynamicallyLegalOp<arith::ExtFOp, arith::TruncFOp>(
        [&](Operation *op) {
          Type from = op->getOperand(0).getType(),
               to = op->getResult(0).getType();
          bool convertsHalf = getElementTypeOrSelf(from).isF16() ||
                              getElementTypeOrSelf(to).isF16();
          return !convertsBFloat16(from, to) && !(expandHalf && convertsHalf);
        });
    if (failed(applyPartialConversion(getOperation(), target,
                                      std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
