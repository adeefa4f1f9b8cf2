//===- Array.cpp - The numbers of one distribution ------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The builder of an array is moved into the loops that are built and back, so
// that what is computed inside from values outside lands inside.
//
//===----------------------------------------------------------------------===//

#include "fisher/Math/Array.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include "llvm/ADT/SmallVectorExtras.h"

#include <limits>

using namespace mlir;
using namespace mlir::fisher;

static Scalar inComputeType(FormulaBuilder &b, Value element, FloatType type) {
  return {b, convertFloat(b, b.getLoc(), element, type)};
}

/// A number, or a vector of equal ones.
static TypedAttr getNumber(Type type, double number) {
  TypedAttr attr = FloatAttr::get(getElementTypeOrSelf(type), number);
  if (auto vector = dyn_cast<VectorType>(type))
    return SplatElementsAttr::get(vector, Attribute(attr));
  return attr;
}

Scalar EventArray::at(ValueRange indices) const {
  return inComputeType(*builder,
                       tensor::ExtractOp::create(*builder, tensor, indices),
                       computeType);
}

Value EventArray::getSize() const {
  return builder->createOrFold<tensor::DimOp>(tensor, 0);
}

Scalar EventArray::constant(double number) const {
  return {*builder, builder->get<arith::ConstantOp>(
                        getNumber(getTypeWith(computeType), number))};
}

Type EventArray::getTypeWith(FloatType type) const {
  auto vector = dyn_cast<VectorType>(getType().getElementType());
  return vector ? Type(vector.clone(type)) : type;
}

EventArray mlir::fisher::constantArray(Scalar like, ArrayRef<double> numbers) {
  FloatType type = like.getElementType();
  auto elements = llvm::map_to_vector(numbers, [&](double number) {
    return Attribute(FloatAttr::get(type, number));
  });
  auto attr = DenseElementsAttr::get(
      RankedTensorType::get(static_cast<int64_t>(numbers.size()), type),
      elements);
  FormulaBuilder &builder = like.getBuilder();
  return {builder, builder.get<arith::ConstantOp>(TypedAttr(attr)), type};
}

SmallVector<Value> mlir::fisher::loop(
    FormulaBuilder &builder, Value lower, Value upper, ValueRange carried,
    llvm::function_ref<SmallVector<Value>(FormulaBuilder &, Value, ValueRange)>
        body) {
  auto loop = scf::ForOp::create(
      builder, lower, upper, builder.getIndex(1), carried,
      [&](OpBuilder &nested, Location loc, Value index, ValueRange values) {
        OpBuilder::InsertionGuard guard(builder);
        builder.setInsertionPointToEnd(nested.getInsertionBlock());
        scf::YieldOp::create(builder, body(builder, index, values));
      });
  return SmallVector<Value>(loop.getResults());
}

EventArray mlir::fisher::map(ArrayRef<EventArray> arrays,
                             ElementFunction function) {
  const EventArray &first = arrays.front();
  FormulaBuilder &builder = first.getBuilder();
  FloatType computeType = first.getComputeType();
  Type elementType = first.getTypeWith(computeType);
  RankedTensorType type = first.getType().clone(elementType);
  SmallVector<Value> inputs;
  for (const EventArray &array : arrays)
    inputs.push_back(array.getValue());
  Value empty = tensor::EmptyOp::create(
      builder,
      tensor::getMixedSizes(builder, builder.getLoc(), first.getValue()),
      elementType);
  SmallVector<AffineMap> maps(arrays.size() + 1,
                              builder.getMultiDimIdentityMap(type.getRank()));
  SmallVector<utils::IteratorType> iterators(type.getRank(),
                                             utils::IteratorType::parallel);
  auto generic = linalg::GenericOp::create(
      builder, TypeRange(type), inputs, ValueRange(empty), maps, iterators,
      [&](OpBuilder &nested, Location, ValueRange elements) {
        OpBuilder::InsertionGuard guard(builder);
        builder.setInsertionPointToEnd(nested.getInsertionBlock());
        SmallVector<Scalar> in;
        for (Value element : elements.drop_back())
          in.push_back(inComputeType(builder, element, computeType));
        linalg::YieldOp::create(builder, function(in).getValue());
      });
  return {builder, generic.getResult(0), computeType};
}

/// What is left of arrays of rank one when `combine` has taken in, one by one,
/// what `function` makes of their elements.
static Scalar reduce(ArrayRef<EventArray> arrays, FloatType type,
                     double neutral, ElementFunction function,
                     llvm::function_ref<Value(Value, Value)> combine) {
  const EventArray &first = arrays.front();
  FormulaBuilder &builder = first.getBuilder();
  FloatType computeType = first.getComputeType();
  auto inputs = llvm::map_to_vector(
      arrays, [](const EventArray &array) { return array.getValue(); });
  Type resultType = first.getTypeWith(type);
  Value initial =
      arith::ConstantOp::create(builder, getNumber(resultType, neutral));
  // A constant tensor of vectors cannot be written down.
  Value start = resultType == type
                    ? tensor::FromElementsOp::create(
                          builder, RankedTensorType::get({}, type), initial)
                          .getResult()
                    : tensor::InsertOp::create(
                          builder, initial,
                          tensor::EmptyOp::create(builder, ArrayRef<int64_t>(),
                                                  resultType),
                          ValueRange())
                          .getResult();
  SmallVector<AffineMap> maps(arrays.size(), builder.getMultiDimIdentityMap(1));
  maps.push_back(AffineMap::get(1, 0, builder.getContext()));
  auto generic = linalg::GenericOp::create(
      builder, TypeRange(start.getType()), inputs, start, maps,
      utils::IteratorType::reduction,
      [&](OpBuilder &nested, Location loc, ValueRange elements) {
        OpBuilder::InsertionGuard guard(builder);
        builder.setInsertionPointToEnd(nested.getInsertionBlock());
        auto in = llvm::map_to_vector(elements.drop_back(), [&](Value element) {
          return inComputeType(builder, element, computeType);
        });
        Scalar term = inComputeType(builder, function(in).getValue(), type);
        linalg::YieldOp::create(builder,
                                combine(elements.back(), term.getValue()));
      });
  return inComputeType(builder,
                       tensor::ExtractOp::create(builder, generic.getResult(0)),
                       computeType);
}

Scalar mlir::fisher::sum(ArrayRef<EventArray> arrays,
                         ElementFunction function) {
  FormulaBuilder &builder = arrays.front().getBuilder();
  return reduce(arrays, builder.getF64Type(), 0.0, function,
                [&](Value total, Value term) -> Value {
                  return arith::AddFOp::create(builder, total, term);
                });
}

Scalar mlir::fisher::sumOfProducts(EventArray a, EventArray b) {
  FormulaBuilder &builder = a.getBuilder();
  FloatType type = builder.getF64Type();
  // Fused or not, the same number is added if the product is exact.
  auto flags = arith::FastMathFlagsAttr::get(
      builder.getContext(), a.isDouble() ? arith::FastMathFlags::none
                                         : arith::FastMathFlags::contract);
  return reduce(
      {EventArray(builder, a.getValue(), type),
       EventArray(builder, b.getValue(), type)},
      type, 0.0,
      [&](ArrayRef<Scalar> e) -> Scalar {
        return {builder, builder.get<arith::MulFOp>(e[0].getValue(),
                                                    e[1].getValue(), flags)};
      },
      [&](Value total, Value term) -> Value {
        return arith::AddFOp::create(builder, total, term, flags);
      });
}

Scalar mlir::fisher::maximum(EventArray array) {
  FormulaBuilder &builder = array.getBuilder();
  // Which zero is the larger one takes as long to find out as which number.
  auto anyZero = arith::FastMathFlagsAttr::get(builder.getContext(),
                                               arith::FastMathFlags::nsz);
  return reduce(
      array, array.getComputeType(), -std::numeric_limits<double>::infinity(),
      [](ArrayRef<Scalar> element) { return element[0]; },
      [&](Value largest, Value element) -> Value {
        return arith::MaximumFOp::create(builder, largest, element, anyZero);
      });
}

EventArray mlir::fisher::operator*(Scalar factor, EventArray array) {
  return map(array, [&](ArrayRef<Scalar> x) { return factor * x[0]; });
}
