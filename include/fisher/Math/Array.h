//===- Array.h - The numbers of one distribution --------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What formulas of families with event dimensions are written with: the
// numbers of one distribution as a whole, maps and sums over them. A function
// of elements may use any `Scalar` that was computed before, so that
//
//   Scalar top = maximum(logits);
//   Scalar total =
//       sum(logits, [&](ArrayRef<Scalar> x) { return exp(x[0] - top); });
//
// builds two loops over the elements of one distribution.
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_MATH_ARRAY_H
#define FISHER_MATH_ARRAY_H

#include "fisher/Math/Scalar.h"

#include "mlir/IR/BuiltinTypes.h"

namespace mlir::fisher {

/// A tensor of the event's shape, whose elements are read in the type that
/// formulas are evaluated in, f32 or f64, whatever they are stored as. They may
/// be vectors, with a lane for each of several distributions: then what is
/// computed from them is about all of these at once.
class EventArray {
public:
  EventArray(FormulaBuilder &builder, Value tensor, FloatType computeType)
      : builder(&builder), tensor(tensor), computeType(computeType) {}

  Value getValue() const { return tensor; }
  FormulaBuilder &getBuilder() const { return *builder; }
  RankedTensorType getType() const {
    return cast<RankedTensorType>(tensor.getType());
  }
  FloatType getComputeType() const { return computeType; }
  bool isDouble() const { return computeType.isF64(); }
  /// The type of an element, and of a sum of them, with numbers of type `type`.
  Type getTypeWith(FloatType type) const;

  /// The element at these indices.
  Scalar at(ValueRange indices) const;
  /// The number of elements of an array of rank one.
  Value getSize() const;
  /// A constant like an element, of the compute type.
  Scalar constant(double number) const;

private:
  FormulaBuilder *builder;
  Value tensor;
  FloatType computeType;
};

/// A constant array of rank one, in the element type of `like`.
EventArray constantArray(Scalar like, ArrayRef<double> numbers);

/// What is computed from the elements of some arrays that have the same index.
using ElementFunction = llvm::function_ref<Scalar(ArrayRef<Scalar>)>;

/// The array of what `function` makes of the elements of arrays of one shape.
EventArray map(ArrayRef<EventArray> arrays, ElementFunction function);

/// The sum, in f64, of what `function` makes of the elements of arrays of rank
/// one.
Scalar sum(ArrayRef<EventArray> arrays, ElementFunction function);

/// The sum of the products of the elements of two arrays, in f64 and not
/// rounded to the compute type. Products of f32 are exact.
Scalar sumOfProducts(EventArray a, EventArray b);

/// The largest element of an array of rank one; not a number if one of them is
/// not.
Scalar maximum(EventArray array);

/// Each element times a number.
EventArray operator*(Scalar factor, EventArray array);
inline EventArray operator*(double factor, EventArray array) {
  return array.constant(factor) * array;
}

/// A loop over index = lower, ..., upper-1 that carries values; `body` takes
/// the index and the values, and returns the next ones.
SmallVector<Value>
loop(FormulaBuilder &builder, Value lower, Value upper, ValueRange carried,
     llvm::function_ref<SmallVector<Value>(FormulaBuilder &, Value, ValueRange)>
         body);

} // namespace mlir::fisher

#endif // FISHER_MATH_ARRAY_H
