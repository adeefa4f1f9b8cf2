//===- FisherToLinalg.cpp - Lower beliefs to linalg -----------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Conversion/FisherToLinalg/FisherToLinalg.h"

#include "../Common/Formulas.h"
#include "Loops.h"

#include "fisher/IR/Fisher.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/ControlFlow/Transforms/StructuralTypeConversions.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Func/Transforms/FuncConversions.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/Transforms/Patterns.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Transforms/DialectConversion.h"

namespace mlir::fisher {
#define GEN_PASS_DEF_CONVERTFISHERTOLINALG
#include "fisher/Conversion/Passes.h.inc"
} // namespace mlir::fisher

using namespace mlir;
using namespace mlir::fisher;

//===----------------------------------------------------------------------===//
// Loops over distributions
//===----------------------------------------------------------------------===//

/// Emits the loop for `op` around its formula, which is about elements or
/// arrays of elements, whichever the family is about.
static SmallVector<Value> buildLoop(OpBuilder &builder, Operation *op,
                                    const FormulaOperands &operands,
                                    ArrayRef<Type> results, bool sum,
                                    EventLoopOptions options) {
  auto formula = [&](FormulaBuilder &b, auto elements) {
    return buildFormula(b, op, elements, operands.numbers);
  };
  if (isa<PointwiseFamilyInterface>(getBeliefType(op).getFamily()))
    return buildPointwiseLoop(builder, op, operands.inputs, results, sum,
                              formula);
  return buildEventLoop(builder, op, operands.inputs, results, sum, options,
                        formula);
}

//===----------------------------------------------------------------------===//
// Patterns
//===----------------------------------------------------------------------===//

namespace {
/// An operation on one or two beliefs, and possibly on tensors shaped like
/// their components, that is a formula for each distribution.
template <typename OpTy>
struct LowerFormula : OpConversionPattern<OpTy> {
  LowerFormula(const TypeConverter &converter, MLIRContext *context,
               EventLoopOptions options)
      : OpConversionPattern<OpTy>(converter, context), options(options) {}
  using typename OpConversionPattern<OpTy>::OneToNOpAdaptor;

  LogicalResult
  matchAndRewrite(OpTy op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    // A belief that is the result is as many tensors as it has components.
    SmallVector<Type> types;
    if (failed(this->getTypeConverter()->convertTypes(op->getResultTypes(),
                                                      types)))
      return rewriter.notifyMatchFailure(op,
                                         "has a type that cannot be converted");
    SmallVector<Value> results =
        buildLoop(rewriter, op, FormulaOperands(adaptor.getOperands()), types,
                  /*sum=*/false, options);
    rewriter.replaceOpWithMultiple(op, groupByResults(op, results));
    return success();
  }

private:
  EventLoopOptions options;
};

/// A penalty, with its gradient or without: the sum in one loop, then the
/// weight.
template <typename OpTy>
struct LowerPenalty : OpConversionPattern<OpTy> {
  LowerPenalty(const TypeConverter &converter, MLIRContext *context,
               EventLoopOptions options)
      : OpConversionPattern<OpTy>(converter, context), options(options) {}
  using typename OpConversionPattern<OpTy>::OneToNOpAdaptor;

  LogicalResult
  matchAndRewrite(OpTy op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    BeliefType type = op.getBelief().getType();
    Value weight = adaptor.getWeight().front();
    SmallVector<Value> results = buildLoop(
        rewriter, op, FormulaOperands(adaptor.getOperands()),
        ArrayRef<Type>(llvm::to_vector(op->getResultTypes())).drop_front(),
        /*sum=*/true, options);

    Value sum = tensor::ExtractOp::create(rewriter, loc, results[0]);
    Value wide = castFloat(rewriter, loc, weight, sum.getType());
    Value penalty = castFloat(rewriter, loc,
                              arith::MulFOp::create(rewriter, loc, wide, sum),
                              type.getComputeType());
    results[0] = tensor::FromElementsOp::create(rewriter, loc,
                                                type.getTotalType(), penalty);
    rewriter.replaceOp(op, results);
    return success();
  }

private:
  EventLoopOptions options;
};

struct ConvertFisherToLinalg
    : fisher::impl::ConvertFisherToLinalgBase<ConvertFisherToLinalg> {
  using Base::Base;

  void runOnOperation() override {
    if (failed(checkConstants(getOperation())))
      return signalPassFailure();
    MLIRContext *context = &getContext();
    TypeConverter converter;
    populateBeliefTypeConversion(converter);

    ConversionTarget target(*context);
    target.addIllegalDialect<FisherDialect>();
    dropPolicies(getOperation());
    target.markUnknownOpDynamicallyLegal(
        [&](Operation *op) { return converter.isLegal(op); });

    RewritePatternSet patterns(context);
    populateFisherToLinalgPatterns(converter, patterns,
                                   {vectorBits, mapDistributions});
    populateBeliefFunctionPatterns(converter, patterns, target);
    scf::populateSCFStructuralTypeConversions(converter, patterns);
    cf::populateCFStructuralTypeConversions(converter, patterns);
    linalg::populateElementwiseToLinalgConversionPatterns(patterns);
    target.addDynamicallyLegalDialect<arith::ArithDialect, math::MathDialect>(
        [&](Operation *op) {
          return converter.isLegal(op) &&
                 (!OpTrait::hasElementwiseMappableTraits(op) ||
                  llvm::none_of(op->getOperandTypes(),
                                llvm::IsaPred<RankedTensorType>));
        });
    BeliefAttributes attributes(getOperation(), converter);
    // Bodies of loops are built without the conversion's knowledge, which
    // cannot take them back where it fails: they would use values that are
    // gone.
    ConversionConfig config;
    config.allowPatternRollback = false;
    if (failed(applyPartialConversion(getOperation(), target,
                                      std::move(patterns), config)))
      return signalPassFailure();
    attributes.apply();
  }
};
} // namespace

void mlir::fisher::populateFisherToLinalgPatterns(
    const TypeConverter &converter, RewritePatternSet &patterns,
    EventLoopOptions options) {
  MLIRContext *context = patterns.getContext();
  populateBeliefPatterns(converter, patterns);
  patterns.add<
      LowerFormula<SquaredDistanceOp>,
      LowerFormula<SquaredDistanceWithGradientOp>, LowerFormula<KLDivergenceOp>,
      LowerFormula<KLDivergenceWithGradientsOp>, LowerFormula<ConvertOp>,
      LowerFormula<GeodesicOp>, LowerFormula<GeodesicPullbackOp>,
      LowerFormula<ProximalStepOp>, LowerFormula<LogOp>, LowerFormula<ExpOp>,
      LowerFormula<MetricOp>, LowerFormula<NaturalGradientOp>,
      LowerFormula<NaturalGradientPullbackOp>, LowerPenalty<PenaltyOp>,
      LowerPenalty<PenaltyWithGradientOp>>(converter, context, options);
}
