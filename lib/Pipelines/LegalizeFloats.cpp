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
         (source.isF32() && target.isBF16());
}

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
