//===- FisherToLinalg.cpp - Lower beliefs to linalg -----------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Conversion/FisherToLinalg/FisherToLinalg.h"

#include "fisher/IR/Fisher.h"
#include "fisher/IR/Marks.h"
#include "fisher/Math/Scalar.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/ControlFlow/Transforms/StructuralTypeConversions.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Func/Transforms/FuncConversions.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/Transforms/Patterns.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
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

namespace {
/// Computes the results for one distribution, in the compute type, from the
/// elements of the inputs.
using ElementFormula = llvm::function_ref<SmallVector<Scalar>(
    ImplicitLocOpBuilder &, ArrayRef<Scalar>)>;
} // namespace

static Value castFloat(OpBuilder &builder, Location loc, Value value,
                       Type type) {
  return convertScalarToDtype(builder, loc, value, type,
                              /*isUnsignedCast=*/false);
}

/// An empty tensor of type `type` with the dynamic sizes of `like`.
static Value createEmpty(OpBuilder &builder, Location loc,
                         RankedTensorType type, Value like) {
  SmallVector<Value> sizes;
  for (int64_t i = 0, e = type.getRank(); i != e; ++i)
    if (type.isDynamicDim(i))
      sizes.push_back(tensor::DimOp::create(builder, loc, like, i));
  return tensor::EmptyOp::create(builder, loc, type, sizes);
}

/// Stops a program whose inputs, all of one type, differ in a size that is
/// known only at run time: the loop would read beyond the end of some.
static void assertSameSizes(OpBuilder &builder, Operation *op,
                            ValueRange inputs) {
  Location loc = op->getLoc();
  auto type = cast<RankedTensorType>(inputs.front().getType());
  for (int64_t i = 0, e = type.getRank(); i != e; ++i) {
    if (!type.isDynamicDim(i))
      continue;
    Value size = tensor::DimOp::create(builder, loc, inputs.front(), i);
    for (Value input : inputs.drop_front()) {
      if (input == inputs.front())
        continue;
      Value other = tensor::DimOp::create(builder, loc, input, i);
      Value same = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq,
                                         size, other);
      cf::AssertOp::create(builder, loc, same,
                           (op->getName().getStringRef() +
                            ": the components differ in size along dimension " +
                            Twine(i))
                               .str());
    }
  }
}

/// Emits one loop nest for `op` that reads each element of `inputs`, which are
/// shaped like its first operand's components, and stores what `formula` makes
/// of them in tensors of the types `results`.
///
/// With `sum`, the formula's first result is summed instead, in f64: the loop
/// then returns the sum, a tensor of rank zero, before the others. Elements
/// are added in their order, so that the sum has the same bits every time.
static SmallVector<Value> buildLoop(OpBuilder &builder, Operation *op,
                                    ValueRange inputs, ArrayRef<Type> results,
                                    bool sum, ElementFormula formula) {
  Location loc = op->getLoc();
  auto type = cast<BeliefType>(op->getOperand(0).getType());
  assert(type.getFamily().getEventRank() == 0 && "formulas are pointwise");
  assertSameSizes(builder, op, inputs);
  MLIRContext *context = builder.getContext();
  int64_t rank = type.getComponentType().getRank();
  auto identity = AffineMap::getMultiDimIdentityMap(rank, context);
  SmallVector<AffineMap> maps(inputs.size(), identity);
  SmallVector<Value> outputs;
  SmallVector<Type> outputTypes;
  if (sum) {
    auto sumType = RankedTensorType::get({}, builder.getF64Type());
    outputs.push_back(arith::ConstantOp::create(
        builder, loc,
        SplatElementsAttr::get(sumType,
                               builder.getZeroAttr(sumType.getElementType()))));
    outputTypes.push_back(sumType);
    maps.push_back(AffineMap::get(rank, 0, context));
  }
  for (Type result : results) {
    auto tensorType = cast<RankedTensorType>(result);
    outputs.push_back(createEmpty(builder, loc, tensorType, inputs.front()));
    outputTypes.push_back(tensorType);
    maps.push_back(identity);
  }
  SmallVector<utils::IteratorType> iterators(
      rank,
      sum ? utils::IteratorType::reduction : utils::IteratorType::parallel);

  // A conversion is computed in the wider of the two element types.
  FloatType computeType = type.getComputeType();
  if (auto result = dyn_cast<BeliefType>(op->getResult(0).getType());
      result && result.getComputeType().isF64())
    computeType = result.getComputeType();
  auto body = [&](OpBuilder &nested, Location bodyLoc, ValueRange elements) {
    ImplicitLocOpBuilder b(bodyLoc, nested);
    SmallVector<Scalar> in;
    for (Value element : elements.take_front(inputs.size()))
      in.emplace_back(b, castFloat(b, bodyLoc, element, computeType));
    SmallVector<Value> out;
    for (auto [scalar, output] :
         llvm::zip_equal(formula(b, in), elements.drop_front(inputs.size())))
      out.push_back(castFloat(b, bodyLoc, scalar.getValue(), output.getType()));
    if (sum)
      out[0] = arith::AddFOp::create(b, elements[inputs.size()], out[0]);
    linalg::YieldOp::create(b, out);
  };
  auto loop = linalg::GenericOp::create(builder, loc, outputTypes, inputs,
                                        outputs, maps, iterators, body);
  return SmallVector<Value>(loop.getResults());
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

/// An operation on one or two beliefs, and possibly on tensors shaped like
/// their components, that is a formula for each distribution.
template <typename OpTy>
struct LowerElementwise : OpConversionPattern<OpTy> {
  using OpConversionPattern<OpTy>::OpConversionPattern;
  using typename OpConversionPattern<OpTy>::OneToNOpAdaptor;

  LogicalResult
  matchAndRewrite(OpTy op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    SmallVector<Value> inputs;
    for (ValueRange operand : adaptor.getOperands())
      for (Value value : operand)
        if (isa<RankedTensorType>(value.getType()))
          inputs.push_back(value);
    // A belief that is the result is as many tensors as it has components.
    SmallVector<Type> types;
    if (failed(this->getTypeConverter()->convertTypes(op->getResultTypes(),
                                                      types)))
      return rewriter.notifyMatchFailure(op,
                                         "has a type that cannot be converted");
    SmallVector<Value> results =
        buildLoop(rewriter, op, inputs, types, /*sum=*/false,
                  [&](ImplicitLocOpBuilder &b, ArrayRef<Scalar> elements) {
                    return formula(op, adaptor, b, elements);
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
  static SmallVector<Scalar> formula(OpTy op, OneToNOpAdaptor adaptor,
                                     ImplicitLocOpBuilder &b,
                                     ArrayRef<Scalar> elements);
};
} // namespace

/// The family of the operation's first operand.
static FamilyInterface getFamily(Operation *op) {
  return cast<BeliefType>(op->getOperand(0).getType()).getFamily();
}

/// The halves of the elements: the first and the second belief's components,
/// or a belief's and a tangent vector's.
static std::pair<Point, Point> halves(ArrayRef<Scalar> elements) {
  size_t half = elements.size() / 2;
  return {elements.take_front(half), elements.drop_front(half)};
}

template <>
SmallVector<Scalar> LowerElementwise<SquaredDistanceOp>::formula(
    SquaredDistanceOp op, OneToNOpAdaptor, ImplicitLocOpBuilder &,
    ArrayRef<Scalar> elements) {
  auto [a, b] = halves(elements);
  return {getFamily(op).buildSquaredDistance(a, b)};
}

template <>
SmallVector<Scalar> LowerElementwise<SquaredDistanceWithGradientOp>::formula(
    SquaredDistanceWithGradientOp op, OneToNOpAdaptor, ImplicitLocOpBuilder &,
    ArrayRef<Scalar> elements) {
  auto [a, b] = halves(elements);
  DistanceAndGradient result =
      getFamily(op).buildSquaredDistanceWithGradient(a, b);
  SmallVector<Scalar> all{result.distance};
  llvm::append_range(all, result.gradient);
  return all;
}

template <>
SmallVector<Scalar>
LowerElementwise<KLDivergenceOp>::formula(KLDivergenceOp op, OneToNOpAdaptor,
                                          ImplicitLocOpBuilder &,
                                          ArrayRef<Scalar> elements) {
  auto [a, b] = halves(elements);
  return {getFamily(op).buildKLDivergence(a, b)};
}

template <>
SmallVector<Scalar>
LowerElementwise<ConvertOp>::formula(ConvertOp op, OneToNOpAdaptor,
                                     ImplicitLocOpBuilder &b,
                                     ArrayRef<Scalar> elements) {
  return SmallVector<Scalar>(
      getFamily(op).buildConvert(elements, op.getType().getFamily()));
}

template <>
SmallVector<Scalar>
LowerElementwise<GeodesicOp>::formula(GeodesicOp op, OneToNOpAdaptor adaptor,
                                      ImplicitLocOpBuilder &builder,
                                      ArrayRef<Scalar> elements) {
  auto [a, b] = halves(elements);
  Scalar t(builder, adaptor.getT().front());
  return SmallVector<Scalar>(getFamily(op).buildGeodesic(a, b, t));
}

template <>
SmallVector<Scalar> LowerElementwise<ProximalStepOp>::formula(
    ProximalStepOp op, OneToNOpAdaptor adaptor, ImplicitLocOpBuilder &builder,
    ArrayRef<Scalar> elements) {
  auto [belief, reference] = halves(elements);
  Scalar s(builder, adaptor.getStrength().front());
  // s/(1+s), with its limit 1 where s is infinite.
  Scalar t = select(s >= 0.0, 1.0 / (1.0 + 1.0 / s), s.nan());
  return SmallVector<Scalar>(getFamily(op).buildGeodesic(belief, reference, t));
}

template <>
SmallVector<Scalar>
LowerElementwise<LogOp>::formula(LogOp op, OneToNOpAdaptor,
                                 ImplicitLocOpBuilder &,
                                 ArrayRef<Scalar> elements) {
  auto [a, b] = halves(elements);
  return SmallVector<Scalar>(getFamily(op).buildLog(a, b));
}

template <>
SmallVector<Scalar>
LowerElementwise<ExpOp>::formula(ExpOp op, OneToNOpAdaptor,
                                 ImplicitLocOpBuilder &,
                                 ArrayRef<Scalar> elements) {
  auto [a, tangent] = halves(elements);
  return SmallVector<Scalar>(getFamily(op).buildExp(a, tangent));
}

template <>
SmallVector<Scalar>
LowerElementwise<MetricOp>::formula(MetricOp op, OneToNOpAdaptor,
                                    ImplicitLocOpBuilder &,
                                    ArrayRef<Scalar> elements) {
  auto [at, tangent] = halves(elements);
  return SmallVector<Scalar>(getFamily(op).buildMetric(at, tangent));
}

template <>
SmallVector<Scalar> LowerElementwise<NaturalGradientOp>::formula(
    NaturalGradientOp op, OneToNOpAdaptor, ImplicitLocOpBuilder &,
    ArrayRef<Scalar> elements) {
  auto [at, gradient] = halves(elements);
  return SmallVector<Scalar>(getFamily(op).buildNaturalGradient(at, gradient));
}

namespace {
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
  using OpConversionPattern<OpTy>::OpConversionPattern;
  using typename OpConversionPattern<OpTy>::OneToNOpAdaptor;

  LogicalResult
  matchAndRewrite(OpTy op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    constexpr bool withGradient = std::is_same_v<OpTy, PenaltyWithGradientOp>;
    Location loc = op.getLoc();
    BeliefType type = op.getBelief().getType();
    FamilyInterface family = type.getFamily();
    Value weight = adaptor.getWeight().front();
    auto formula = [&](ImplicitLocOpBuilder &builder,
                       ArrayRef<Scalar> elements) -> SmallVector<Scalar> {
      auto [belief, reference] = halves(elements);
      if (!withGradient)
        return {family.buildSquaredDistance(belief, reference)};
      DistanceAndGradient result =
          family.buildSquaredDistanceWithGradient(belief, reference);
      SmallVector<Scalar> all{result.distance};
      for (Scalar component : result.gradient)
        all.push_back(Scalar(builder, weight) * component);
      return all;
    };
    SmallVector<Value> results = buildLoop(
        rewriter, op, concat(adaptor.getBelief(), adaptor.getReference()),
        ArrayRef<Type>(llvm::to_vector(op->getResultTypes())).drop_front(),
        /*sum=*/true, formula);

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
    populateFisherToLinalgPatterns(converter, patterns);
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
    const TypeConverter &converter, RewritePatternSet &patterns) {
  patterns.add<LowerBelief, LowerComponents, LowerSelect,
               LowerElementwise<SquaredDistanceOp>,
               LowerElementwise<SquaredDistanceWithGradientOp>,
               LowerElementwise<KLDivergenceOp>, LowerElementwise<ConvertOp>,
               LowerElementwise<GeodesicOp>, LowerElementwise<ProximalStepOp>,
               LowerElementwise<LogOp>, LowerElementwise<ExpOp>,
               LowerElementwise<MetricOp>, LowerElementwise<NaturalGradientOp>,
               LowerPenalty<PenaltyOp>, LowerPenalty<PenaltyWithGradientOp>>(
      converter, patterns.getContext());
}
