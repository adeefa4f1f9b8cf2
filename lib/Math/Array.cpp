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
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include "llvm/ADT/SmallVectorExtras.h"

#include <limits>

using namespace mlir;
using namespace mlir::fisher;

static Scalar inComputeType(FormulaBuilder &b, Value element, FloatType type) {
  return {b, convertScalarToDtype(b, b.getLoc(), element, type,
                                  /*isUnsignedCast=*/false)};
}

Scalar Array::at(ValueRange indices) const {
  return inComputeType(*builder,
                       tensor::ExtractOp::create(*builder, tensor, indices),
                       computeType);
}

Value Array::getSize() const {
  return builder->createOrFold<tensor::DimOp>(tensor, 0);
}

Scalar Array::constant(double number) const {
  return {*builder, builder->get<arith::ConstantOp>(
                        TypedAttr(FloatAttr::get(computeType, number)))};
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

Array mlir::fisher::map(ArrayRef<Array> arrays, ElementFunction function) {
  const Array &first = arrays.front();
  FormulaBuilder &builder = first.getBuilder();
  FloatType computeType = first.getComputeType();
  RankedTensorType type = first.getType().clone(computeType);
  SmallVector<Value> inputs;
  for (const Array &array : arrays)
    inputs.push_back(array.getValue());
  Value empty = tensor::EmptyOp::create(
      builder,
      tensor::getMixedSizes(builder, builder.getLoc(), first.getValue()),
      computeType);
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

/// A loop over the elements of arrays of rank one that carries scalars.
static SmallVector<Scalar>
reduce(ArrayRef<Array> arrays, ArrayRef<Scalar> initial,
       llvm::function_ref<SmallVector<Scalar>(ArrayRef<Scalar> elements,
                                              ArrayRef<Scalar> carried)>
           next) {
  FormulaBuilder &builder = arrays.front().getBuilder();
  auto asScalars = [&](ValueRange values) {
    return llvm::map_to_vector(
        values, [&](Value value) { return Scalar(builder, value); });
  };
  auto asValues = [](ArrayRef<Scalar> scalars) {
    return llvm::map_to_vector(scalars,
                               [](Scalar scalar) { return scalar.getValue(); });
  };
  return asScalars(loop(
      builder, builder.getIndex(0), arrays.front().getSize(), asValues(initial),
      [&](FormulaBuilder &, Value index, ValueRange carried) {
        SmallVector<Scalar> elements;
        for (const Array &array : arrays)
          elements.push_back(array.at(index));
        return SmallVector<Value>(asValues(next(elements, asScalars(carried))));
      }));
}

Scalar mlir::fisher::sum(ArrayRef<Array> arrays, ElementFunction function) {
  // Carried are the rounded sum and what was lost by rounding.
  Scalar zero = arrays.front().constant(0.0);
  SmallVector<Scalar> carried = reduce(
      arrays, {zero, zero},
      [&](ArrayRef<Scalar> elements,
          ArrayRef<Scalar> before) -> SmallVector<Scalar> {
        Scalar total = before[0], lost = before[1];
        Scalar term = function(elements);
        Scalar next = total + term;
        Scalar added = next - total;
        return {next, lost + ((total - (next - added)) + (term - added))};
      });
  Scalar total = carried[0], lost = carried[1];
  // What an infinite sum lost is not a number.
  Condition isFinite = abs(total) < std::numeric_limits<double>::infinity();
  return select(isFinite, total + lost, total);
}

Scalar mlir::fisher::maximum(Array array) {
  Scalar lowest = array.constant(-std::numeric_limits<double>::infinity());
  return reduce(array, lowest,
                [](ArrayRef<Scalar> element,
                   ArrayRef<Scalar> largest) -> SmallVector<Scalar> {
                  return {max(largest[0], element[0])};
                })
      .front();
}

Array mlir::fisher::operator*(Scalar factor, Array array) {
  return map(array, [&](ArrayRef<Scalar> x) { return factor * x[0]; });
}
