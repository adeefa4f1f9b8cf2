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

Value Array::getSize(unsigned dimension) const {
  return builder->createOrFold<tensor::DimOp>(tensor, dimension);
}

Scalar Array::constant(double number) const {
  return {*builder, builder->get<arith::ConstantOp>(
                        TypedAttr(FloatAttr::get(computeType, number)))};
}

SmallVector<Value> mlir::fisher::loop(
    FormulaBuilder &builder, Value lower, Value upper, ValueRange carried,
    llvm::function_ref<SmallVector<Value>(FormulaBuilder &, Value, ValueRange)>
        body) {
  Value one =
      builder.get<arith::ConstantOp>(TypedAttr(builder.getIndexAttr(1)));
  auto loop = scf::ForOp::create(
      builder, lower, upper, one, carried,
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
  SmallVector<Value> inputs, sizes;
  for (const Array &array : arrays)
    inputs.push_back(array.getValue());
  for (int64_t i = 0, e = type.getRank(); i != e; ++i)
    if (type.isDynamicDim(i))
      sizes.push_back(first.getSize(i));
  Value empty = tensor::EmptyOp::create(builder, type, sizes);
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
  const Array &first = arrays.front();
  auto asScalars = [](FormulaBuilder &b, ValueRange values) {
    SmallVector<Scalar> scalars;
    for (Value value : values)
      scalars.emplace_back(b, value);
    return scalars;
  };
  auto asValues = [](ArrayRef<Scalar> scalars) {
    SmallVector<Value> values;
    for (Scalar scalar : scalars)
      values.push_back(scalar.getValue());
    return values;
  };
  FormulaBuilder &builder = first.getBuilder();
  SmallVector<Value> results =
      loop(builder,
           builder.get<arith::ConstantOp>(TypedAttr(builder.getIndexAttr(0))),
           first.getSize(), asValues(initial),
           [&](FormulaBuilder &b, Value index, ValueRange carried) {
             SmallVector<Scalar> elements;
             for (const Array &array : arrays)
               elements.push_back(array.at(index));
             return asValues(next(elements, asScalars(b, carried)));
           });
  return asScalars(builder, results);
}

SmallVector<Scalar> mlir::fisher::sums(ArrayRef<Array> arrays, unsigned count,
                                       ElementFunctions function) {
  // Each sum is carried as its rounded value and what was lost by rounding.
  SmallVector<Scalar> zeros(2 * count, arrays.front().constant(0.0));
  SmallVector<Scalar> carried = reduce(
      arrays, zeros, [&](ArrayRef<Scalar> elements, ArrayRef<Scalar> before) {
        SmallVector<Scalar> after;
        for (auto [i, term] : llvm::enumerate(function(elements))) {
          Scalar total = before[2 * i], lost = before[2 * i + 1];
          Scalar next = total + term;
          Scalar added = next - total;
          after.push_back(next);
          after.push_back(lost + ((total - (next - added)) + (term - added)));
        }
        return after;
      });
  SmallVector<Scalar> results;
  for (unsigned i = 0; i != count; ++i) {
    Scalar total = carried[2 * i], lost = carried[2 * i + 1];
    // What an infinite sum lost is not a number.
    Condition isFinite = abs(total) < std::numeric_limits<double>::infinity();
    results.push_back(select(isFinite, total + lost, total));
  }
  return results;
}

Scalar mlir::fisher::sum(ArrayRef<Array> arrays, ElementFunction function) {
  return sums(arrays, 1,
              [&](ArrayRef<Scalar> elements) -> SmallVector<Scalar> {
                return {function(elements)};
              })
      .front();
}

Scalar mlir::fisher::maximum(ArrayRef<Array> arrays, ElementFunction function) {
  return reduce(
             arrays,
             arrays.front().constant(-std::numeric_limits<double>::infinity()),
             [&](ArrayRef<Scalar> elements,
                 ArrayRef<Scalar> largest) -> SmallVector<Scalar> {
               return {max(largest[0], function(elements))};
             })
      .front();
}

Scalar mlir::fisher::minimum(ArrayRef<Array> arrays, ElementFunction function) {
  return -maximum(
      arrays, [&](ArrayRef<Scalar> elements) { return -function(elements); });
}

Array mlir::fisher::operator*(Scalar factor, Array array) {
  return map(array, [&](ArrayRef<Scalar> x) { return factor * x[0]; });
}
