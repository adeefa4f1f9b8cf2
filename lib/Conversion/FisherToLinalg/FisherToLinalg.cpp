//===- FisherToLinalg.cpp - Lower beliefs to linalg -----------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Conversion/FisherToLinalg/FisherToLinalg.h"

#include "Loops.h"

#include "fisher/IR/Fisher.h"
#include "fisher/IR/Marks.h"
#include "fisher/Math/Scalar.h"

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

/// Emits the loop for `op` around a formula that is given the geometry of the
/// first operand's family, and elements or arrays of elements, whichever the
/// family is about.
template <typename Formula>
static SmallVector<Value> buildLoop(OpBuilder &builder, Operation *op,
                                    ValueRange inputs, ArrayRef<Type> results,
                                    bool sum, EventLoopOptions options,
                                    Formula formula) {
  FamilyInterface family =
      cast<BeliefType>(op->getOperand(0).getType()).getFamily();
  if (auto pointwise = dyn_cast<PointwiseFamilyInterface>(family))
    return buildPointwiseLoop(
        builder, op, inputs, results, sum,
        [&](FormulaBuilder &b, ArrayRef<Scalar> elements) {
          return formula(pointwise, b, elements);
        });
  auto event = cast<EventFamilyInterface>(family);
  return buildEventLoop(builder, op, inputs, results, sum, options,
                        [&](FormulaBuilder &b, ArrayRef<EventArray> arrays) {
                          return formula(event, b, arrays);
                        });
}

/// The components of two beliefs as one list.
static SmallVector<Value> concat(ValueRange a, ValueRange b) {
  SmallVector<Value> all(a);
  llvm::append_range(all, b);
  return all;
}

//===----------------------------------------------------------------------===//
// Patterns
//===----------------------------------------------------------------------===//

namespace {
struct LowerBelief : OpConversionPattern<BeliefOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(BeliefOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    rewriter.replaceOpWithMultiple(op, {adaptor.getComponents()});
    return success();
  }
};
} // namespace

static SmallVector<Value> getValues(Scalar scalar) {
  return {scalar.getValue()};
}

template <typename Element>
static SmallVector<Value> getValues(const SmallVector<Element, 2> &elements) {
  SmallVector<Value> values;
  for (const Element &element : elements)
    values.push_back(element.getValue());
  return values;
}

template <typename Element>
static SmallVector<Value>
getValues(const DistanceAndGradientOf<Element> &result) {
  SmallVector<Value> values{result.distance.getValue()};
  llvm::append_range(values, getValues(result.gradient));
  return values;
}

/// The halves of the elements: the first and the second belief's components,
/// or a belief's and a tangent vector's.
template <typename Element>
static std::pair<ArrayRef<Element>, ArrayRef<Element>>
halves(ArrayRef<Element> elements) {
  size_t half = elements.size() / 2;
  return {elements.take_front(half), elements.drop_front(half)};
}

// What each operation computes for one distribution, from its operands that
// are beliefs or tensors, and from those that are numbers.

template <typename Family, typename Element>
static SmallVector<Value> evaluate(SquaredDistanceOp, Family family,
                                   ArrayRef<Element> elements,
                                   ArrayRef<Scalar>) {
  auto [a, b] = halves(elements);
  return getValues(family.buildSquaredDistance(a, b));
}

template <typename Family, typename Element>
static SmallVector<Value> evaluate(SquaredDistanceWithGradientOp, Family family,
                                   ArrayRef<Element> elements,
                                   ArrayRef<Scalar>) {
  auto [a, b] = halves(elements);
  return getValues(family.buildSquaredDistanceWithGradient(a, b));
}

template <typename Family, typename Element>
static SmallVector<Value> evaluate(KLDivergenceOp, Family family,
                                   ArrayRef<Element> elements,
                                   ArrayRef<Scalar>) {
  auto [a, b] = halves(elements);
  return getValues(family.buildKLDivergence(a, b));
}

template <typename Family, typename Element>
static SmallVector<Value> evaluate(ConvertOp op, Family family,
                                   ArrayRef<Element> elements,
                                   ArrayRef<Scalar>) {
  return getValues(family.buildConvert(elements, op.getType().getFamily()));
}

template <typename Family, typename Element>
static SmallVector<Value> evaluate(GeodesicOp, Family family,
                                   ArrayRef<Element> elements,
                                   ArrayRef<Scalar> numbers) {
  auto [a, b] = halves(elements);
  return getValues(family.buildGeodesic(a, b, numbers[0]));
}

template <typename Family, typename Element>
static SmallVector<Value> evaluate(ProximalStepOp, Family family,
                                   ArrayRef<Element> elements,
                                   ArrayRef<Scalar> numbers) {
  auto [belief, reference] = halves(elements);
  Scalar s = numbers[0];
  // s/(1+s), with its limit 1 where s is infinite.
  Scalar t = select(s >= 0.0, 1.0 / (1.0 + 1.0 / s), s.nan());
  return getValues(family.buildGeodesic(belief, reference, t));
}

template <typename Family, typename Element>
static SmallVector<Value>
evaluate(LogOp, Family family, ArrayRef<Element> elements, ArrayRef<Scalar>) {
  auto [a, b] = halves(elements);
  return getValues(family.buildLog(a, b));
}

template <typename Family, typename Element>
static SmallVector<Value>
evaluate(ExpOp, Family family, ArrayRef<Element> elements, ArrayRef<Scalar>) {
  auto [a, tangent] = halves(elements);
  return getValues(family.buildExp(a, tangent));
}

template <typename Family, typename Element>
static SmallVector<Value> evaluate(MetricOp, Family family,
                                   ArrayRef<Element> elements,
                                   ArrayRef<Scalar>) {
  auto [at, tangent] = halves(elements);
  return getValues(family.buildMetric(at, tangent));
}

template <typename Family, typename Element>
static SmallVector<Value> evaluate(NaturalGradientOp, Family family,
                                   ArrayRef<Element> elements,
                                   ArrayRef<Scalar>) {
  auto [at, gradient] = halves(elements);
  return getValues(family.buildNaturalGradient(at, gradient));
}

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
    SmallVector<Value> inputs, numbers;
    for (ValueRange operand : adaptor.getOperands())
      for (Value value : operand)
        (isa<RankedTensorType>(value.getType()) ? inputs : numbers)
            .push_back(value);
    // A belief that is the result is as many tensors as it has components.
    SmallVector<Type> types;
    if (failed(this->getTypeConverter()->convertTypes(op->getResultTypes(),
                                                      types)))
      return rewriter.notifyMatchFailure(op,
                                         "has a type that cannot be converted");
    SmallVector<Value> results =
        buildLoop(rewriter, op, inputs, types, /*sum=*/false, options,
                  [&](auto family, FormulaBuilder &b, auto elements) {
                    SmallVector<Scalar> scalars;
                    for (Value number : numbers)
                      scalars.emplace_back(b, number);
                    return evaluate(op, family, elements, scalars);
                  });
    SmallVector<ValueRange> replacements;
    ValueRange rest = results;
    for (Type type : op->getResultTypes()) {
      auto belief = dyn_cast<BeliefType>(type);
      size_t count = belief ? belief.getNumComponents() : 1;
      replacements.push_back(rest.take_front(count));
      rest = rest.drop_front(count);
    }
    rewriter.replaceOpWithMultiple(op, replacements);
    return success();
  }

private:
  EventLoopOptions options;
};

struct LowerComponents : OpConversionPattern<ComponentsOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(ComponentsOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    rewriter.replaceOp(op, adaptor.getBelief());
    return success();
  }
};

/// A choice between beliefs, which other canonicalizations make of scf.if, is
/// one between their components.
struct LowerSelect : OpConversionPattern<arith::SelectOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(arith::SelectOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (!isa<BeliefType>(op.getType()))
      return rewriter.notifyMatchFailure(op, "chooses between no beliefs");
    Value condition = adaptor.getCondition().front();
    SmallVector<Value> components;
    for (auto [ifTrue, ifFalse] :
         llvm::zip_equal(adaptor.getTrueValue(), adaptor.getFalseValue()))
      components.push_back(arith::SelectOp::create(rewriter, op.getLoc(),
                                                   condition, ifTrue, ifFalse));
    rewriter.replaceOpWithMultiple(op, {components});
    return success();
  }
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
    constexpr bool withGradient = std::is_same_v<OpTy, PenaltyWithGradientOp>;
    Location loc = op.getLoc();
    BeliefType type = op.getBelief().getType();
    Value weight = adaptor.getWeight().front();
    auto formula = [&](auto family, FormulaBuilder &b, auto elements) {
      auto [belief, reference] = halves(elements);
      if constexpr (withGradient) {
        auto result =
            family.buildSquaredDistanceWithGradient(belief, reference);
        for (auto &component : result.gradient)
          component = Scalar(b, weight) * component;
        return getValues(result);
      } else {
        return getValues(family.buildSquaredDistance(belief, reference));
      }
    };
    SmallVector<Value> results = buildLoop(
        rewriter, op, concat(adaptor.getBelief(), adaptor.getReference()),
        ArrayRef<Type>(llvm::to_vector(op->getResultTypes())).drop_front(),
        /*sum=*/true, options, formula);

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

/// The attributes of a function's arguments and results once beliefs are their
/// components: a belief's go to each component, with the component's name
/// behind the name of the belief.
struct FunctionAttributes {
  func::FuncOp function;
  SmallVector<DictionaryAttr> arguments, results;

  explicit FunctionAttributes(func::FuncOp function) : function(function) {
    for (auto [i, type] : llvm::enumerate(function.getArgumentTypes()))
      append(arguments, type, function.getArgAttrDict(i));
    for (auto [i, type] : llvm::enumerate(function.getResultTypes()))
      append(results, type, function.getResultAttrDict(i));
  }

  void apply() {
    function.setAllArgAttrs(arguments);
    function.setAllResultAttrs(results);
  }

private:
  static void append(SmallVector<DictionaryAttr> &list, Type type,
                     DictionaryAttr attrs) {
    auto belief = dyn_cast<BeliefType>(type);
    if (!attrs)
      attrs = DictionaryAttr::get(type.getContext());
    if (!belief)
      return list.push_back(attrs);
    for (StringRef component : belief.getFamily().getComponentNames()) {
      NamedAttrList renamed(attrs);
      for (StringRef mark :
           {marks::name, marks::updates, marks::gradientOf, marks::initialize})
        if (auto name = attrs.getAs<StringAttr>(mark))
          renamed.set(mark, StringAttr::get(type.getContext(),
                                            name.getValue() + "." + component));
      list.push_back(renamed.getDictionary(type.getContext()));
    }
  }
};

struct ConvertFisherToLinalg
    : fisher::impl::ConvertFisherToLinalgBase<ConvertFisherToLinalg> {
  using Base::Base;

  void runOnOperation() override {
    MLIRContext *context = &getContext();
    TypeConverter converter;
    populateBeliefTypeConversion(converter);

    ConversionTarget target(*context);
    target.addIllegalDialect<FisherDialect>();
    getOperation().walk(
        [](PolicyOp policy) {
          policy.emitWarning()
              << "is dropped without effect; run fisher-insert before";
          policy.erase();
        });
    // The branches convert the blocks that they lead to.
    target.addDynamicallyLegalOp<func::FuncOp>([&](func::FuncOp op) {
      return converter.isSignatureLegal(op.getFunctionType());
    });
    target.markUnknownOpDynamicallyLegal(
        [&](Operation *op) { return converter.isLegal(op); });

    RewritePatternSet patterns(context);
    populateFisherToLinalgPatterns(converter, patterns,
                                   {vectorBits, mapDistributions});
    populateFunctionOpInterfaceTypeConversionPattern<func::FuncOp>(patterns,
                                                                   converter);
    populateCallOpTypeConversionPattern(patterns, converter);
    populateReturnOpTypeConversionPattern(patterns, converter);
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
    SmallVector<FunctionAttributes> attributes;
    getOperation().walk([&](func::FuncOp function) {
      if (!converter.isSignatureLegal(function.getFunctionType()))
        attributes.emplace_back(function);
    });
    if (failed(applyPartialConversion(getOperation(), target,
                                      std::move(patterns))))
      return signalPassFailure();
    for (FunctionAttributes &function : attributes)
      function.apply();
  }
};
} // namespace

void mlir::fisher::populateBeliefTypeConversion(TypeConverter &converter) {
  converter.addConversion([](Type type) { return type; });
  converter.addConversion(
      [](BeliefType type, SmallVectorImpl<Type> &components) {
        llvm::append_range(components, type.getComponentTypes());
        return success();
      });
  // Where an operation that nobody converts carries a belief, it is packed
  // again, which is then reported.
  converter.addSourceMaterialization([](OpBuilder &builder, BeliefType type,
                                        ValueRange components,
                                        Location loc) -> Value {
    return BeliefOp::create(builder, loc, type, components);
  });
}

void mlir::fisher::populateFisherToLinalgPatterns(
    const TypeConverter &converter, RewritePatternSet &patterns,
    EventLoopOptions options) {
  MLIRContext *context = patterns.getContext();
  patterns.add<LowerBelief, LowerComponents, LowerSelect>(converter, context);
  patterns.add<LowerFormula<SquaredDistanceOp>,
               LowerFormula<SquaredDistanceWithGradientOp>,
               LowerFormula<KLDivergenceOp>, LowerFormula<ConvertOp>,
               LowerFormula<GeodesicOp>, LowerFormula<ProximalStepOp>,
               LowerFormula<LogOp>, LowerFormula<ExpOp>, LowerFormula<MetricOp>,
               LowerFormula<NaturalGradientOp>, LowerPenalty<PenaltyOp>,
               LowerPenalty<PenaltyWithGradientOp>>(converter, context,
                                                    options);
}
