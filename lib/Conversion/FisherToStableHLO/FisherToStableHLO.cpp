//===- FisherToStableHLO.cpp - Lower beliefs to StableHLO -----------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Conversion/FisherToStableHLO/FisherToStableHLO.h"

#include "../Common/Formulas.h"
#include "Batcher.h"
#include "StableHLO.h"

#include "fisher/Conversion/Beliefs.h"
#include "fisher/IR/Fisher.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/DialectConversion.h"

namespace mlir::fisher {
#define GEN_PASS_DEF_CONVERTFISHERTOSTABLEHLO
#include "fisher/Conversion/Passes.h.inc"
} // namespace mlir::fisher

using namespace mlir;
using namespace mlir::fisher;

//===----------------------------------------------------------------------===//
// Operations on beliefs
//===----------------------------------------------------------------------===//

/// Appends the formula of `op` for one distribution to an empty block, whose
/// arguments become a distribution's parts of the inputs, and the numbers.
/// Returns the results, in the compute type.
static SmallVector<Value> buildProgram(Block &program, Operation *op,
                                       const FormulaOperands &operands) {
  BeliefType type = getBeliefType(op);
  FloatType computeType = getComputeType(op);
  bool isPointwise = isa<PointwiseFamilyInterface>(type.getFamily());
  FormulaBuilder b(op->getLoc(), op->getContext());
  b.setInsertionPointToEnd(&program);
  SmallVector<Scalar> elements;
  SmallVector<EventArray> arrays;
  for (Value input : operands.inputs) {
    Type element = getElementTypeOrSelf(input.getType());
    if (isPointwise) {
      Value part = program.addArgument(element, op->getLoc());
      elements.emplace_back(b,
                            convertFloat(b, op->getLoc(), part, computeType));
    } else {
      Value part = program.addArgument(
          RankedTensorType::get(type.getEventShape(), element), op->getLoc());
      arrays.emplace_back(b, part, computeType);
    }
  }
  SmallVector<Value> numbers;
  for (Value number : operands.numbers)
    numbers.push_back(program.addArgument(number.getType(), op->getLoc()));
  SmallVector<Value> results =
      isPointwise ? buildFormula(b, op, ArrayRef<Scalar>(elements), numbers)
                  : buildFormula(b, op, ArrayRef<EventArray>(arrays), numbers);
  // A formula may have built more than the operation needs.
  for (Operation &last : llvm::make_early_inc_range(llvm::reverse(program)))
    if (llvm::none_of(last.getResults(),
                      [&](Value result) {
                        return llvm::is_contained(results, result);
                      }) &&
        isOpTriviallyDead(&last))
      last.erase();
  return results;
}

/// The sum of all elements, in f64.
static Value buildSum(OpBuilder &b, Location loc, Value tensor) {
  Type wide = b.getF64Type();
  auto type = cast<RankedTensorType>(tensor.getType());
  Value zero = stablehlo::createSplat(b, loc, RankedTensorType::get({}, wide),
                                      b.getF64FloatAttr(0.0));
  return stablehlo::createReduce(
      b, loc, "add", stablehlo::createConvert(b, loc, tensor, wide), zero,
      llvm::to_vector(llvm::seq<int64_t>(type.getRank())));
}

/// An input as its bits are, whatever it was computed by. Where that is a
/// product, XLA would not round it before it subtracts another: two beliefs
/// that are the same would be a little apart. What stands between is a choice
/// of NaN for NaN.
static Value fix(OpBuilder &b, Location loc, Value input) {
  if (!input.getDefiningOp() || matchPattern(input, m_Constant()))
    return input;
  auto type = cast<RankedTensorType>(input.getType());
  auto element = cast<FloatType>(type.getElementType());
  Value isNumber =
      stablehlo::createCompare(b, loc, stablehlo::Comparison::EQ, input, input);
  Value nan = stablehlo::createSplat(
      b, loc, type,
      b.getFloatAttr(element, APFloat::getNaN(element.getFloatSemantics())));
  return stablehlo::create(b, loc, "select", type, {isNumber, input, nan});
}

/// What an operation on beliefs becomes; fails if there is nothing in StableHLO
/// for its formula.
static FailureOr<SmallVector<Value>> lowerFormula(OpBuilder &b, Operation *op,
                                                  FormulaOperands &operands) {
  Location loc = op->getLoc();
  Region region;
  Block &program = region.emplaceBlock();
  SmallVector<Value> results = buildProgram(program, op, operands);

  Batcher batcher(b, getBeliefType(op).getBatchType().getShape());
  Block::BlockArgListType arguments = program.getArguments();
  for (auto [argument, input] : llvm::zip(arguments, operands.inputs))
    batcher.setBatched(argument, fix(b, loc, input));
  for (auto [argument, number] : llvm::zip(
           arguments.drop_front(operands.inputs.size()), operands.numbers)) {
    number = tensor::FromElementsOp::create(
        b, loc, RankedTensorType::get({}, number.getType()), number);
    batcher.setUniform(argument, number);
  }
  if (failed(batcher.translate(program)))
    return failure();

  SmallVector<Value> values;
  for (Value result : results)
    values.push_back(batcher.getBatched(result));
  if (isa<PenaltyOp, PenaltyWithGradientOp>(op)) {
    Value sum = buildSum(b, loc, values[0]);
    Value weight =
        stablehlo::createConvert(b, loc, operands.numbers[0], b.getF64Type());
    values[0] = stablehlo::createElementwise(b, loc, "multiply", {weight, sum});
  }
  // As they are stored.
  SmallVector<Type> types;
  for (Type type : op->getResultTypes()) {
    if (auto belief = dyn_cast<BeliefType>(type))
      llvm::append_range(types, belief.getComponentTypes());
    else
      types.push_back(type);
  }
  for (auto [value, type] : llvm::zip_equal(values, types))
    value = stablehlo::createConvert(b, loc, value, getElementTypeOrSelf(type));
  return values;
}

namespace {
/// Any operation that is a formula for each distribution.
struct LowerFormula : ConversionPattern {
  LowerFormula(const TypeConverter &converter, MLIRContext *context)
      : ConversionPattern(converter, MatchAnyOpTypeTag(), /*benefit=*/1,
                          context) {}

  LogicalResult
  matchAndRewrite(Operation *op, ArrayRef<ValueRange> operands,
                  ConversionPatternRewriter &rewriter) const override {
    if (!isa_and_nonnull<FisherDialect>(op->getDialect()) ||
        isa<BeliefOp, ComponentsOp>(op))
      return rewriter.notifyMatchFailure(op, "is no formula");
    // The conversion does not hear of what is built: all of it is legal, and
    // there is much of it.
    OpBuilder builder(op);
    FormulaOperands inputs(operands);
    FailureOr<SmallVector<Value>> results = lowerFormula(builder, op, inputs);
    if (failed(results))
      return failure();
    rewriter.replaceOpWithMultiple(op, groupByResults(op, *results));
    return success();
  }
};

struct ConvertFisherToStableHLO
    : fisher::impl::ConvertFisherToStableHLOBase<ConvertFisherToStableHLO> {
  using Base::Base;

  void runOnOperation() override {
    if (failed(checkContext()) || failed(checkConstants(getOperation())) ||
        failed(checkTypes()))
      return signalPassFailure();
    dropPolicies(getOperation());
    if (failed(lowerBeliefs()) || failed(lowerOthers()) || failed(checkRest()))
      signalPassFailure();
  }

private:
  // The steps, in order.
  LogicalResult checkContext();
  LogicalResult checkTypes();
  LogicalResult lowerBeliefs();
  LogicalResult lowerOthers();
  LogicalResult checkRest();
};
} // namespace

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

LogicalResult ConvertFisherToStableHLO::checkContext() {
  if (getContext().allowsUnregisteredDialects() ||
      getContext().getLoadedDialect("stablehlo"))
    return success();
  return getOperation().emitError(
      "needs the option --allow-unregistered-dialect: StableHLO's operations "
      "are written without their dialect");
}

/// Whether all sizes are known; a belief's are those of its components.
static bool isStatic(Type type) {
  if (auto belief = dyn_cast<BeliefType>(type))
    type = belief.getComponentType();
  auto shaped = dyn_cast<ShapedType>(type);
  return !shaped || shaped.hasStaticShape();
}

/// XLA compiles for fixed sizes, and its functions take and return tensors.
LogicalResult ConvertFisherToStableHLO::checkTypes() {
  WalkResult walked = getOperation().walk([](Operation *op) {
    if (isa_and_nonnull<FisherDialect>(op->getDialect()) || isBatchable(op))
      for (Type type :
           llvm::concat<const Type>(llvm::to_vector(op->getOperandTypes()),
                                    llvm::to_vector(op->getResultTypes())))
        if (!isStatic(type)) {
          op->emitError() << "needs static shapes to become StableHLO, but "
                          << type << " has sizes that are known only at run "
                          << "time; give the function types with sizes";
          return WalkResult::interrupt();
        }
    auto function = dyn_cast<func::FuncOp>(op);
    if (!function)
      return WalkResult::advance();
    auto check = [&](ArrayRef<Type> types, StringRef what) {
      for (auto [i, type] : llvm::enumerate(types))
        if (type.isIntOrIndexOrFloat()) {
          function.emitError()
              << what << " " << i << " is " << type
              << ", but functions of StableHLO take and return tensors; make "
              << "it one of rank zero";
          return WalkResult::interrupt();
        }
      return WalkResult::advance();
    };
    WalkResult result = check(function.getArgumentTypes(), "argument");
    return result.wasInterrupted() ? result
                                   : check(function.getResultTypes(), "result");
  });
  return failure(walked.wasInterrupted());
}

LogicalResult ConvertFisherToStableHLO::lowerBeliefs() {
  TypeConverter converter;
  populateBeliefTypeConversion(converter);
  ConversionTarget target(getContext());
  target.addIllegalDialect<FisherDialect>();
  target.markUnknownOpDynamicallyLegal(
      [&](Operation *op) { return converter.isLegal(op); });
  RewritePatternSet patterns(&getContext());
  populateBeliefPatterns(converter, patterns);
  populateBeliefFunctionPatterns(converter, patterns, target);
  patterns.add<LowerFormula>(converter, &getContext());
  BeliefAttributes attributes(getOperation(), converter);
  // What patterns build is not known to the conversion, which cannot take it
  // back where it fails: it would leave uses of values that are gone.
  ConversionConfig config;
  config.allowPatternRollback = false;
  if (failed(applyPartialConversion(getOperation(), target, std::move(patterns),
                                    config)))
    return failure();
  attributes.apply();
  return success();
}

/// What stands beside operations on beliefs, function by function: a program
/// whose batch has no dimensions.
LogicalResult ConvertFisherToStableHLO::lowerOthers() {
  SmallVector<linalg::LinalgOp> named;
  getOperation().walk([&](linalg::LinalgOp op) {
    if (!isa<linalg::GenericOp>(op))
      named.push_back(op);
  });
  IRRewriter rewriter(&getContext());
  for (linalg::LinalgOp op : named) {
    rewriter.setInsertionPoint(op);
    if (failed(linalg::generalizeNamedOp(rewriter, op)))
      return op->emitError("cannot be written in StableHLO");
  }

  OpBuilder builder(&getContext());
  Batcher batcher(builder, {});
  SmallVector<Operation *> translated;
  WalkResult walked = getOperation().walk<WalkOrder::PreOrder>(
      [&](Operation *op) -> WalkResult {
        if (!isBatchable(op))
          return WalkResult::advance();
        builder.setInsertionPoint(op);
        if (failed(batcher.translate(op)))
          return WalkResult::interrupt();
        translated.push_back(op);
        // Whoever stays uses a tensor.
        for (Value result : op->getResults())
          if (isa<RankedTensorType>(result.getType()) &&
              llvm::any_of(result.getUsers(),
                           [](Operation *user) { return !isBatchable(user); }))
            result.replaceUsesWithIf(
                batcher.getBatched(result),
                [](OpOperand &use) { return !isBatchable(use.getOwner()); });
        return WalkResult::skip();
      });
  if (walked.wasInterrupted())
    return failure();
  for (Operation *op : llvm::reverse(translated)) {
    if (!op->use_empty())
      return op->emitError("cannot be written in StableHLO: it computes a "
                           "number that is not a tensor for other operations");
    op->erase();
  }
  return success();
}

/// Nothing may be left that other readers of StableHLO do not know.
LogicalResult ConvertFisherToStableHLO::checkRest() {
  WalkResult walked = getOperation().walk([](Operation *op) {
    if (!op->isRegistered() ||
        isa<ModuleOp, func::FuncOp, func::CallOp, func::ReturnOp>(op))
      return WalkResult::advance();
    op->emitError("cannot be written in StableHLO: '")
        << op->getName() << "' has no counterpart there";
    return WalkResult::interrupt();
  });
  return failure(walked.wasInterrupted());
}
