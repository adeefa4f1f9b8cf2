//===- BeliefMeasurer.cpp - How far beliefs have moved --------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BeliefMeasurer.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::fisher;

FamilyInterface mlir::fisher::getTracedFamily(const Belief &belief) {
  FamilyInterface family = belief.type.getFamily();
  return family.getEventRank() == 0 ? family.getInStandardChart() : nullptr;
}

RankedTensorType mlir::fisher::getTraceType(const Belief &belief,
                                            unsigned size) {
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

Value BeliefMeasurer::trace(const Belief &belief, RankedTensorType type,
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

void BeliefMeasurer::measure(ArrayRef<unsigned> renewed, unsigned traceSize) {
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

Value BeliefMeasurer::packCurrent(const Belief &belief) {
  if (belief.isIntermediate)
    return packed.pack(belief, getReturned(belief.components));
  return packed.pack(belief, hasUpdates
                                 ? getReturned(belief.updates)
                                 : packed.getArguments(belief.components));
}

BeliefMeasurer::Sums BeliefMeasurer::measure(const Belief &belief) {
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

Value BeliefMeasurer::sumSquaredDistances(const Belief &belief, Value a,
                                          Value b) {
  Value one = arith::ConstantOp::create(
      builder, loc, FloatAttr::get(belief.type.getComputeType(), 1.0));
  return getScalar(
      PenaltyOp::create(builder, loc, belief.type.getTotalType(), a, b, one));
}

Value BeliefMeasurer::sumDivergences(const Belief &belief, Value a, Value b) {
  return sumAll(belief, KLDivergenceOp::create(
                            builder, loc, belief.type.getBatchType(), a, b));
}

Value BeliefMeasurer::sumGradientSquares(const Belief &belief, Value at) {
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

Value BeliefMeasurer::sumAll(const Belief &belief, Value tensor) {
  return getScalar(
      buildSumToShape(builder, loc, tensor, belief.type.getTotalType()));
}

BeliefMeasurer::Sums BeliefMeasurer::add(const Sums &a, const Sums &b) {
  auto sum = [&](Value x, Value y) -> Value {
    return x ? arith::AddFOp::create(builder, loc, x, y) : Value();
  };
  return {
      sum(a.moved, b.moved),         sum(a.divergence, b.divergence),
      sum(a.reference, b.reference), sum(a.displacement, b.displacement),
      sum(a.penalty, b.penalty),     sum(a.gradientSquare, b.gradientSquare)};
}

void BeliefMeasurer::addRow(const Sums &sums) {
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
