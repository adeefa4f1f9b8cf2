//===- Instrument.cpp - How efficiently a training step learns ------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Transforms/Passes.h"

#include "BeliefBuilder.h"
#include "Broadcast.h"
#include "PolicyFile.h"

#include "fisher/IR/JaxMarks.h"
#include "fisher/IR/Marks.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SmallVectorExtras.h"

#include <limits>

namespace mlir::fisher {
#define GEN_PASS_DEF_FISHERINSTRUMENT
#include "fisher/Transforms/Passes.h.inc"
} // namespace mlir::fisher

using namespace mlir;
using namespace mlir::fisher;

/// What is measured of each belief, in the order of the columns.
static constexpr StringRef columns[] = {
    "moved",  "reference", "kl",           "penalty",     "gradient_norm",
    "length", "action",    "displacement", "information", "efficiency"};
/// What is kept of each belief between steps.
enum Total { Steps, Length, Action, Information, NumTotals };

static constexpr StringLiteral totalsName("fisher.totals");

namespace {
/// What is added up over the elements of a belief, in f64.
struct Sums {
  /// What the sums over steps are made of: the square of the distance moved.
  Value moved, divergence;
  /// Squares of the distances to the reference and from the start. These and
  /// the rest are null where only the sums over steps are kept.
  Value reference, displacement;
  Value penalty, gradientSquare;
};

/// Measures the beliefs of a plan in their function.
class Instrumenter {
public:
  Instrumenter(FunctionOpInterface function, InsertionPlan &plan, bool sampled,
               bool totalsOnly, unsigned traceSize)
      : function(function), plan(plan), beliefs(plan.beliefs),
        totalsOnly(totalsOnly), traceSize(totalsOnly ? 0 : traceSize),
        hasUpdates(!sampled) {}

  /// 1. adds the arguments that keep what beliefs were and what is added up,
  /// 2. the results, and 3. fills in every return.
  void instrument();

private:
  void addArguments();
  void addResults();
  void addMeasurements(SmallVectorImpl<Type> &types,
                       SmallVectorImpl<DictionaryAttr> &attrs);
  RankedTensorType getTableType(unsigned numColumns) {
    // One row for each belief, and one for all of them.
    return RankedTensorType::get(
        {static_cast<int64_t>(beliefs.size()) + 1, numColumns},
        Float64Type::get(function.getContext()));
  }

  FunctionOpInterface function;
  InsertionPlan &plan;
  ArrayRef<Belief> beliefs;
  /// Whether the sums over steps are all that is returned.
  bool totalsOnly;
  /// How many elements of each belief are returned.
  unsigned traceSize;
  /// Whether every belief's new value is a result of the step, and is what
  /// counts. Else what moved is told one step later.
  bool hasUpdates;
  /// The arguments that keep what components were at first and in the step
  /// before, by the components' arguments.
  llvm::MapVector<unsigned, unsigned> starts, previous;
  unsigned totals = 0;
  /// The components that new results return, to be kept.
  SmallVector<unsigned> renewed;
};

/// Fills in what one return gives back.
class Measurer {
public:
  Measurer(FunctionOpInterface function, Operation *returnOp,
           const InsertionPlan &plan, bool hasUpdates, bool totalsOnly,
           const llvm::MapVector<unsigned, unsigned> &starts,
           const llvm::MapVector<unsigned, unsigned> &previous, Value totals)
      : function(function), returnOp(returnOp), plan(plan),
        hasUpdates(hasUpdates), totalsOnly(totalsOnly), starts(starts),
        previous(previous), totals(totals), builder(returnOp),
        packed(function, builder) {}

  /// Returns the components `renewed` and so many elements of beliefs, too.
  void measure(ArrayRef<unsigned> renewed, unsigned traceSize);

private:
  Sums measure(const Belief &belief);
  /// The belief that this step has come to.
  Value packCurrent(const Belief &belief);
  Value trace(const Belief &belief, RankedTensorType type, unsigned size);
  // Sums over all elements.
  Value sumSquaredDistances(const Belief &belief, Value a, Value b);
  Value sumDivergences(const Belief &belief, Value a, Value b);
  /// Of the gradient's square in the inverse metric.
  Value sumGradientSquares(const Belief &belief, Value at);
  Value sumAll(const Belief &belief, Value tensor);
  Sums add(const Sums &a, const Sums &b);
  /// Appends a row to both tables.
  void addRow(const Sums &sums);

  Value getTotal(Total total) {
    Value row = arith::ConstantIndexOp::create(builder, loc,
                                               newTotals.size() / NumTotals);
    Value column = arith::ConstantIndexOp::create(builder, loc, total);
    return tensor::ExtractOp::create(builder, loc, totals,
                                     ValueRange{row, column});
  }
  Value getNumber(double number) {
    return arith::ConstantOp::create(builder, loc,
                                     builder.getF64FloatAttr(number));
  }
  Value getNothing() {
    return getNumber(std::numeric_limits<double>::quiet_NaN());
  }
  /// A tensor of rank zero as a number.
  Value getScalar(Value tensor) {
    Value wide = castElements(builder, loc, tensor, builder.getF64Type());
    return tensor::ExtractOp::create(builder, loc, wide);
  }
  SmallVector<Value> getReturned(ArrayRef<unsigned> results) {
    return llvm::map_to_vector(
        results, [&](unsigned result) { return returnOp->getOperand(result); });
  }
  SmallVector<Value> getKept(const Belief &belief,
                             const llvm::MapVector<unsigned, unsigned> &kept) {
    return llvm::map_to_vector(belief.components, [&](unsigned component) {
      return Value(function.getArgument(kept.lookup(component)));
    });
  }

  FunctionOpInterface function;
  Operation *returnOp;
  const InsertionPlan &plan;
  bool hasUpdates, totalsOnly;
  const llvm::MapVector<unsigned, unsigned> &starts, &previous;
  Value totals;
  OpBuilder builder;
  BeliefBuilder packed;
  Location loc = function.getLoc();
  SmallVector<Value> measured, newTotals;
};
} // namespace

//===----------------------------------------------------------------------===//
// Traces
//===----------------------------------------------------------------------===//

/// The family in whose chart elements of a belief are shown; null if it has
/// none.
static FamilyInterface getTracedFamily(const Belief &belief) {
  FamilyInterface family = belief.type.getFamily();
  return family.getEventRank() == 0 ? family.getInStandardChart() : nullptr;
}

/// The type of a tensor of elements, of which each has a number and
/// coordinates.
static RankedTensorType getTraceType(const Belief &belief, unsigned size) {
  RankedTensorType type = belief.type.getComponentType();
  int64_t rows = type.hasStaticShape()
                     ? std::min<int64_t>(size, type.getNumElements())
                     : ShapedType::kDynamic;
  int64_t columns = 1 + belief.type.getComponentTypes().size();
  return RankedTensorType::get({rows, columns},
                               Float64Type::get(type.getContext()));
}

namespace {
/// Which elements are shown: `count` of them, each `stride` after the one
/// before, from the first.
struct Selection {
  OpFoldResult count, stride;

  Selection(OpBuilder &builder, Location loc, Value flat, unsigned size) {
    int64_t total = cast<RankedTensorType>(flat.getType()).getDimSize(0);
    if (!ShapedType::isDynamic(total)) {
      int64_t least = std::min<int64_t>(size, total);
      count = builder.getIndexAttr(least);
      stride = builder.getIndexAttr(least > 1 ? (total - 1) / (least - 1)
                                              : int64_t(1));
      return;
    }
    auto getIndex = [&](int64_t number) -> Value {
      return arith::ConstantIndexOp::create(builder, loc, number);
    };
    Value one = getIndex(1);
    Value numElements = tensor::DimOp::create(builder, loc, flat, 0);
    Value least =
        arith::MinUIOp::create(builder, loc, numElements, getIndex(size));
    auto lessOne = [&](Value number) -> Value {
      return arith::SubIOp::create(
          builder, loc, arith::MaxUIOp::create(builder, loc, number, one), one);
    };
    Value steps = arith::MaxUIOp::create(builder, loc, lessOne(least), one);
    Value distance =
        arith::DivUIOp::create(builder, loc, lessOne(numElements), steps);
    count = least;
    stride = arith::MaxUIOp::create(builder, loc, distance, one).getResult();
  }

  Value buildSlice(OpBuilder &builder, Location loc, Value flat) const {
    // A slice of nothing is no operation.
    if (getConstantIntValue(count) ==
        cast<RankedTensorType>(flat.getType()).getDimSize(0))
      return flat;
    return tensor::ExtractSliceOp::create(builder, loc, flat,
                                          OpFoldResult(builder.getIndexAttr(0)),
                                          count, stride);
  }
};
} // namespace

/// A tensor with one dimension of the elements of another.
static Value buildFlat(OpBuilder &builder, Location loc, Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  int64_t rank = type.getRank();
  if (rank == 1)
    return tensor;
  if (rank == 0)
    return tensor::ExpandShapeOp::create(builder, loc, type.clone({1}), tensor,
                                         ArrayRef<ReassociationIndices>());
  auto all = llvm::to_vector<2>(llvm::seq<int64_t>(0, rank));
  return tensor::CollapseShapeOp::create(builder, loc, tensor,
                                         ArrayRef<ReassociationIndices>(all));
}

Value Measurer::trace(const Belief &belief, RankedTensorType type,
                      unsigned size) {
  loc = RegularizeOp(belief.entry).getLoc();
  MLIRContext *context = builder.getContext();
  Value current = packCurrent(belief);
  std::optional<Selection> selection;
  SmallVector<Value> chosen;
  for (Value component : current.getDefiningOp<BeliefOp>().getComponents()) {
    Value flat = buildFlat(builder, loc, component);
    if (!selection)
      selection.emplace(builder, loc, flat, size);
    chosen.push_back(selection->buildSlice(builder, loc, flat));
  }
  auto from = cast<RankedTensorType>(chosen.front().getType());
  FamilyInterface family = belief.type.getFamily();
  Value part = BeliefOp::create(builder, loc,
                                BeliefType::get(context, family, from), chosen);
  BeliefType shown = BeliefType::get(context, getTracedFamily(belief),
                                     from.clone(builder.getF64Type()));
  Value converted = ConvertOp::create(builder, loc, shown, part);
  auto coordinates =
      ComponentsOp::create(builder, loc, shown.getComponentTypes(), converted);
  Value stride =
      getValueOrCreateConstantIndexOp(builder, loc, selection->stride);

  SmallVector<Value> sizes;
  if (type.isDynamicDim(0))
    sizes.push_back(cast<Value>(selection->count));
  Value init = tensor::EmptyOp::create(builder, loc, type, sizes);
  AffineMap row = AffineMap::get(2, 0, builder.getAffineDimExpr(0));
  SmallVector<AffineMap> maps(coordinates->getNumResults(), row);
  maps.push_back(AffineMap::getMultiDimIdentityMap(2, context));
  SmallVector<utils::IteratorType> iterators(2, utils::IteratorType::parallel);
  return linalg::GenericOp::create(
             builder, loc, type, coordinates.getResults(), init, maps,
             iterators,
             [&](OpBuilder &nested, Location bodyLoc, ValueRange elements) {
               Value element = arith::MulIOp::create(
                   nested, bodyLoc, linalg::IndexOp::create(nested, bodyLoc, 0),
                   stride);
               element = arith::IndexCastOp::create(
                   nested, bodyLoc, nested.getI64Type(), element);
               Value entry = arith::SIToFPOp::create(
                   nested, bodyLoc, nested.getF64Type(), element);
               Value column = linalg::IndexOp::create(nested, bodyLoc, 1);
               for (auto [number, coordinate] :
                    llvm::enumerate(elements.drop_back())) {
                 Value here = arith::ConstantIndexOp::create(nested, bodyLoc,
                                                             number + 1);
                 Value isHere = arith::CmpIOp::create(
                     nested, bodyLoc, arith::CmpIPredicate::eq, column, here);
                 entry = arith::SelectOp::create(nested, bodyLoc, isHere,
                                                 coordinate, entry);
               }
               linalg::YieldOp::create(nested, bodyLoc, entry);
             })
      .getResult(0);
}

//===----------------------------------------------------------------------===//
// Arguments and results
//===----------------------------------------------------------------------===//

void Instrumenter::instrument() {
  hasUpdates &= llvm::all_of(beliefs, [](const Belief &belief) {
    return belief.isIntermediate || !belief.updates.empty();
  });
  addArguments();
  addResults();
  for (Block &block : function.getFunctionBody())
    if (block.back().hasTrait<OpTrait::ReturnLike>())
      Measurer(function, &block.back(), plan, hasUpdates, totalsOnly, starts,
               previous, function.getArgument(totals))
          .measure(renewed, traceSize);
}

void Instrumenter::addArguments() {
  Builder builder(function.getContext());
  unsigned end = function.getNumArguments();
  SmallVector<Type> types;
  SmallVector<DictionaryAttr> attrs;
  SmallVector<Location> locs;
  auto keep = [&](const Belief &belief, StringRef state,
                  llvm::MapVector<unsigned, unsigned> &kept) {
    for (auto [component, type] :
         llvm::zip_equal(belief.components, belief.storedTypes)) {
      if (kept.contains(component))
        continue;
      StringRef name = getArgumentMark(function, component, marks::name);
      std::string keeper = (name + "." + state).str();
      // A reference may keep it already.
      if (std::optional<unsigned> known =
              findArgument(function, marks::name, keeper)) {
        kept[component] = *known;
        continue;
      }
      kept[component] = end + types.size();
      types.push_back(type);
      attrs.push_back(getStateMarks(builder, keeper, name));
      locs.push_back(RegularizeOp(belief.entry).getLoc());
    }
  };
  for (const Belief &belief : beliefs) {
    if (belief.isIntermediate)
      continue;
    keep(belief, FrozenAttr::get(function.getContext()).getStateName(), starts);
    if (!hasUpdates)
      keep(belief, PreviousAttr::get(function.getContext()).getStateName(),
           previous);
  }
  totals = end + types.size();
  types.push_back(getTableType(NumTotals));
  attrs.push_back(builder.getDictionaryAttr(
      {builder.getNamedAttr(marks::name, builder.getStringAttr(totalsName)),
       builder.getNamedAttr(marks::role, builder.getStringAttr("state"))}));
  locs.push_back(function.getLoc());
  LogicalResult inserted = function.insertArguments(
      SmallVector<unsigned>(types.size(), end), types, attrs, locs);
  assert(succeeded(inserted) && "functions take any argument");
  (void)inserted;
}

void Instrumenter::addResults() {
  Builder builder(function.getContext());
  SmallVector<Type> types;
  SmallVector<DictionaryAttr> attrs;
  auto addUpdate = [&](unsigned argument) {
    types.push_back(function.getArgument(argument).getType());
    attrs.push_back(builder.getDictionaryAttr({builder.getNamedAttr(
        marks::updates, builder.getStringAttr(getArgumentMark(
                            function, argument, marks::name)))}));
  };
  // What a reference keeps is updated already.
  for (auto [component, argument] : previous)
    if (!findResult(function, marks::updates,
                    getArgumentMark(function, argument, marks::name))) {
      renewed.push_back(component);
      addUpdate(argument);
    }
  addUpdate(totals);
  if (!totalsOnly)
    addMeasurements(types, attrs);
  LogicalResult inserted = function.insertResults(
      SmallVector<unsigned>(types.size(), function.getNumResults()), types,
      attrs);
  assert(succeeded(inserted) && "functions return any result");
  (void)inserted;
}

void Instrumenter::addMeasurements(SmallVectorImpl<Type> &types,
                                   SmallVectorImpl<DictionaryAttr> &attrs) {
  Builder builder(function.getContext());
  SmallVector<std::string> names;
  for (const Belief &belief : beliefs)
    names.push_back(llvm::join(
        llvm::map_range(belief.components,
                        [&](unsigned component) {
                          return getComponentName(function, belief, component);
                        }),
        ", "));
  SmallVector<StringRef> rows(names.begin(), names.end());
  types.push_back(getTableType(std::size(columns)));
  attrs.push_back(builder.getDictionaryAttr(
      {builder.getNamedAttr(marks::role, builder.getStringAttr("measurements")),
       builder.getNamedAttr(marks::beliefs, builder.getStrArrayAttr(rows)),
       builder.getNamedAttr(marks::columns,
                            builder.getStrArrayAttr(columns))}));
  for (auto [belief, name] : llvm::zip_equal(beliefs, names)) {
    FamilyInterface family = getTracedFamily(belief);
    if (traceSize == 0 || !family)
      continue;
    SmallVector<StringRef> coordinates = {"element"};
    llvm::append_range(coordinates, family.getStandardNames());
    types.push_back(getTraceType(belief, traceSize));
    attrs.push_back(builder.getDictionaryAttr(
        {builder.getNamedAttr(marks::role, builder.getStringAttr("trace")),
         builder.getNamedAttr(marks::traceOf, builder.getStringAttr(name)),
         builder.getNamedAttr(marks::family, family),
         builder.getNamedAttr(marks::columns,
                              builder.getStrArrayAttr(coordinates))}));
  }
}

//===----------------------------------------------------------------------===//
// Filling in a return
//===----------------------------------------------------------------------===//

void Measurer::measure(ArrayRef<unsigned> renewed, unsigned traceSize) {
  std::optional<Sums> all;
  for (const Belief &belief : plan.beliefs) {
    Sums sums = measure(belief);
    addRow(sums);
    if (!belief.isIntermediate)
      all = all ? add(*all, sums) : sums;
  }
  Value nothing = getNothing();
  addRow(
      all.value_or(Sums{nothing, nothing, nothing, nothing, nothing, nothing}));

  SmallVector<Value> returned(returnOp->getOperands());
  llvm::append_range(returned, packed.getArguments(renewed));
  ArrayRef<Type> types = function.getResultTypes();
  SmallVector<ArrayRef<Value>, 2> tables{newTotals};
  if (!totalsOnly)
    tables.push_back(measured);
  for (ArrayRef<Value> table : tables)
    returned.push_back(tensor::FromElementsOp::create(
        builder, loc, types[returned.size()], table));
  if (traceSize > 0)
    for (const Belief &belief : plan.beliefs)
      if (getTracedFamily(belief))
        returned.push_back(trace(
            belief, cast<RankedTensorType>(types[returned.size()]), traceSize));
  returnOp->setOperands(returned);
}

Value Measurer::packCurrent(const Belief &belief) {
  if (belief.isIntermediate)
    return packed.pack(belief, getReturned(belief.components));
  return packed.pack(belief, hasUpdates
                                 ? getReturned(belief.updates)
                                 : packed.getArguments(belief.components));
}

Sums Measurer::measure(const Belief &belief) {
  RegularizeOp entry = belief.entry;
  loc = entry.getLoc();
  bool isIntermediate = belief.isIntermediate;
  Value before = packed.pack(
      belief, isIntermediate ? getReturned(belief.components)
                             : packed.getArguments(belief.components));
  Value nothing = getNothing();
  Sums sums;
  sums.moved = sums.divergence = nothing;
  Value after = before, start;
  if (!isIntermediate) {
    Value from = before;
    if (hasUpdates)
      after = packCurrent(belief);
    else
      from = packed.pack(belief, getKept(belief, previous));
    sums.moved = sumSquaredDistances(belief, after, from);
    sums.divergence = sumDivergences(belief, after, from);
  }
  if (totalsOnly)
    return sums;
  sums.displacement = sums.gradientSquare = nothing;
  if (!isIntermediate) {
    start = packed.pack(belief, getKept(belief, starts));
    sums.displacement = sumSquaredDistances(belief, after, start);
    if (!belief.gradients.empty())
      sums.gradientSquare = sumGradientSquares(belief, before);
  }

  // The distance to the reference is that which the mode penalizes.
  bool isFrozen = !entry.getReferenceInterface().getStateName().empty() &&
                  !entry.getReferenceInterface().isStateUpdated() &&
                  belief.stateArguments.empty();
  Value toward = isFrozen ? start : packed.packReference(belief, before);
  sums.reference = sumSquaredDistances(
      belief, belief.isMode(Mode::proximal) ? after : before, toward);
  Value weight = packed.getWeight(belief);
  if (!weight.getType().isF64())
    weight = arith::ExtFOp::create(builder, loc, builder.getF64Type(), weight);
  sums.penalty = arith::MulFOp::create(builder, loc, weight, sums.reference);
  return sums;
}

Value Measurer::sumSquaredDistances(const Belief &belief, Value a, Value b) {
  Value one = arith::ConstantOp::create(
      builder, loc, FloatAttr::get(belief.type.getComputeType(), 1.0));
  return getScalar(
      PenaltyOp::create(builder, loc, belief.type.getTotalType(), a, b, one));
}

Value Measurer::sumDivergences(const Belief &belief, Value a, Value b) {
  return sumAll(belief, KLDivergenceOp::create(
                            builder, loc, belief.type.getBatchType(), a, b));
}

Value Measurer::sumGradientSquares(const Belief &belief, Value at) {
  OptimizerInputs inputs(returnOp);
  RankedTensorType type = belief.type.getComponentType();
  SmallVector<Value> gradients;
  for (auto [number, isHidden] :
       llvm::zip_equal(belief.gradients, belief.isHidden))
    gradients.push_back(castElements(builder, loc,
                                     isHidden
                                         ? inputs.getOld(plan.hidden[number])
                                         : returnOp->getOperand(number),
                                     type.getElementType()));
  // What is made has no gradient.
  while (gradients.size() < belief.type.getComponentTypes().size()) {
    Value zero = arith::ConstantOp::create(
        builder, loc,
        builder.getZeroAttr(RankedTensorType::get({}, type.getElementType())));
    gradients.push_back(
        buildBroadcast(builder, loc, zero, type, gradients.front()));
  }
  auto natural = NaturalGradientOp::create(
      builder, loc, belief.type.getComponentTypes(), at, gradients);
  FloatType compute = belief.type.getComputeType();
  Value squares;
  for (auto [gradient, tangent] :
       llvm::zip_equal(gradients, natural.getTangent())) {
    Value square = arith::MulFOp::create(
        builder, loc, castElements(builder, loc, gradient, compute),
        castElements(builder, loc, tangent, compute));
    squares =
        squares ? arith::AddFOp::create(builder, loc, squares, square) : square;
  }
  return sumAll(belief, squares);
}

Value Measurer::sumAll(const Belief &belief, Value tensor) {
  return getScalar(
      buildSumToShape(builder, loc, tensor, belief.type.getTotalType()));
}

Sums Measurer::add(const Sums &a, const Sums &b) {
  auto sum = [&](Value x, Value y) -> Value {
    return x ? arith::AddFOp::create(builder, loc, x, y) : Value();
  };
  return {
      sum(a.moved, b.moved),         sum(a.divergence, b.divergence),
      sum(a.reference, b.reference), sum(a.displacement, b.displacement),
      sum(a.penalty, b.penalty),     sum(a.gradientSquare, b.gradientSquare)};
}

void Measurer::addRow(const Sums &sums) {
  auto root = [&](Value square) -> Value {
    return math::SqrtOp::create(builder, loc, square);
  };
  auto more = [&](Total total, Value value) -> Value {
    return arith::AddFOp::create(builder, loc, getTotal(total), value);
  };
  Value moved = root(sums.moved);
  Value steps = more(Steps, getNumber(1.0));
  Value length = more(Length, moved);
  Value action = more(Action, sums.moved);
  Value information = more(Information, sums.divergence);
  llvm::append_values(newTotals, steps, length, action, information);
  if (totalsOnly)
    return;
  // The first step has moved nothing yet if it does not return what it makes.
  Value moves =
      hasUpdates
          ? steps
          : Value(arith::SubFOp::create(builder, loc, steps, getNumber(1.0)));
  Value efficiency =
      arith::DivFOp::create(builder, loc, sums.displacement,
                            arith::MulFOp::create(builder, loc, moves, action));
  llvm::append_values(measured, moved, root(sums.reference), sums.divergence,
                      sums.penalty, root(sums.gradientSquare), length, action,
                      root(sums.displacement), information, efficiency);
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace {
struct InstrumentPass : fisher::impl::FisherInstrumentBase<InstrumentPass> {
  using Base::Base;

  LogicalResult initialize(MLIRContext *context) override {
    return file.read(policyFile, context);
  }

  void runOnOperation() override {
    PolicyOp chosen = findPolicy(file ? file.get() : getOperation(), policy);
    if (!chosen)
      return signalPassFailure();
    FunctionOpInterface function = findStep(getOperation(), entry, "measure");
    if (!function)
      return signalPassFailure();
    adoptJaxMarks(function);
    if (std::optional<unsigned> totals =
            findArgument(function, marks::name, totalsName)) {
      emitError(function.getArgument(*totals).getLoc())
          << "'" << function.getName() << "' has an argument '" << totalsName
          << "', so it is measured already; leave out fisher-instrument";
      return signalPassFailure();
    }
    FailureOr<InsertionPlan> plan = planMeasurement(function, chosen);
    if (failed(plan))
      return signalPassFailure();
    Instrumenter(function, *plan, sampled, totalsOnly, trace).instrument();
    if (!file)
      chosen.erase();
  }

private:
  PolicyFile file;
};
} // namespace
