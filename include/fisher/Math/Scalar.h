//===- Scalar.h - Arithmetic on IR values that reads like a formula -------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A formula of a family is written once, in C++ that looks like the formula,
// and builds arith and math operations. It is the same for scalars and
// vectors of f32 and f64.
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_MATH_SCALAR_H
#define FISHER_MATH_SCALAR_H

#include "fisher/Math/FormulaBuilder.h"
#include "mlir/IR/Value.h"

namespace mlir::fisher {

/// A truth value, or a vector of them, that is the result of a comparison.
class Condition {
public:
  Condition(FormulaBuilder &builder, Value value)
      : builder(&builder), value(value) {}
  Value getValue() const { return value; }
  FormulaBuilder &getBuilder() const { return *builder; }

private:
  FormulaBuilder *builder;
  Value value;
};

/// A value of type f32 or f64, or a vector of them, together with the builder
/// that appends what is computed from it.
class Scalar {
public:
  Scalar(FormulaBuilder &builder, Value value)
      : builder(&builder), value(value) {}

  Value getValue() const { return value; }
  FormulaBuilder &getBuilder() const { return *builder; }
  Type getType() const { return value.getType(); }
  FloatType getElementType() const;
  bool isDouble() const { return getElementType().isF64(); }

  /// A constant of this value's type, `number` rounded to nearest.
  Scalar constant(double number) const;
  /// Not a number, of this value's type.
  Scalar nan() const;

private:
  FormulaBuilder *builder;
  Value value;
};

/// Beside a vector, an operand that is none stands for a vector of equal
/// elements.
Scalar operator-(Scalar a);
Scalar operator+(Scalar a, Scalar b);
Scalar operator-(Scalar a, Scalar b);
Scalar operator*(Scalar a, Scalar b);
Scalar operator/(Scalar a, Scalar b);
inline Scalar operator+(Scalar a, double b) { return a + a.constant(b); }
inline Scalar operator+(double a, Scalar b) { return b.constant(a) + b; }
inline Scalar operator-(Scalar a, double b) { return a - a.constant(b); }
inline Scalar operator-(double a, Scalar b) { return b.constant(a) - b; }
inline Scalar operator*(Scalar a, double b) { return a * a.constant(b); }
inline Scalar operator*(double a, Scalar b) { return b.constant(a) * b; }
inline Scalar operator/(Scalar a, double b) { return a / a.constant(b); }
inline Scalar operator/(double a, Scalar b) { return b.constant(a) / b; }

/// a b + c, rounded once or twice: as the machine does it faster.
Scalar multiplyAdd(Scalar a, Scalar b, Scalar c);

/// Comparisons are false where an operand is not a number.
Condition operator<(Scalar a, Scalar b);
Condition operator<=(Scalar a, Scalar b);
Condition operator>(Scalar a, Scalar b);
Condition operator>=(Scalar a, Scalar b);
inline Condition operator<(Scalar a, double b) { return a < a.constant(b); }
inline Condition operator<=(Scalar a, double b) { return a <= a.constant(b); }
inline Condition operator>(Scalar a, double b) { return a > a.constant(b); }
inline Condition operator>=(Scalar a, double b) { return a >= a.constant(b); }

Condition operator&&(Condition a, Condition b);
Condition operator||(Condition a, Condition b);
Condition operator!(Condition a);

/// `whenTrue` where the condition holds, else `whenFalse`; both are computed.
Scalar select(Condition condition, Scalar whenTrue, Scalar whenFalse);
inline Scalar select(Condition condition, Scalar whenTrue, double whenFalse) {
  return select(condition, whenTrue, whenTrue.constant(whenFalse));
}
inline Scalar select(Condition condition, double whenTrue, Scalar whenFalse) {
  return select(condition, whenFalse.constant(whenTrue), whenFalse);
}

/// `whenTrue` where a condition holds that hardly ever does, else `whenFalse`.
/// What `whenTrue` builds is computed only where it is needed, by a number or
/// by one of a vector.
SmallVector<Scalar>
selectRarely(Condition condition,
             llvm::function_ref<SmallVector<Scalar>()> whenTrue,
             ArrayRef<Scalar> whenFalse);

/// Operations that every target has as an instruction, correctly rounded.
Scalar abs(Scalar x);
Scalar sqrt(Scalar x);
Scalar copysign(Scalar magnitude, Scalar sign);
/// The larger and the smaller; not a number if either is not.
Scalar max(Scalar a, Scalar b);
Scalar min(Scalar a, Scalar b);
inline Scalar square(Scalar x) { return x * x; }

/// A difference, and what was lost when it was rounded: their sum is exact.
/// Nothing is lost where the difference is not finite.
struct Difference {
  Scalar rounded, lost;
};
Difference exactDifference(Scalar a, Scalar b);

/// A number, or a vector, with elements of another type.
Value convertFloat(OpBuilder &builder, Location loc, Value value,
                   FloatType type);

} // namespace mlir::fisher

#endif // FISHER_MATH_SCALAR_H
