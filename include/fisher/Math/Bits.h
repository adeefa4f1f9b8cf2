//===- Bits.h - Bit patterns of IR values ---------------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Integer arithmetic on the representation of f32 and f64, scalars or vectors:
// what is needed to take an exponent apart and to put one together.
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_MATH_BITS_H
#define FISHER_MATH_BITS_H

#include "fisher/Math/Scalar.h"

#include <cstdint>

namespace mlir::fisher {

/// The bit pattern of a Scalar: i32 for f32, i64 for f64, or a vector of them.
/// Arithmetic is modulo 2^width; constants are cut to the width.
class Bits {
public:
  Bits(FormulaBuilder &builder, Value value)
      : builder(&builder), value(value) {}
  /// The representation of `x`.
  explicit Bits(Scalar x);

  Value getValue() const { return value; }
  FormulaBuilder &getBuilder() const { return *builder; }

  /// The number that these bits represent.
  Scalar toScalar() const;
  /// Whether the lowest bit is set.
  Condition isOdd() const;
  /// A constant of this value's type.
  Bits constant(uint64_t bits) const;

private:
  FormulaBuilder *builder;
  Value value;
};

Bits operator+(Bits a, Bits b);
Bits operator-(Bits a, Bits b);
Bits operator&(Bits a, Bits b);
Bits operator|(Bits a, Bits b);
inline Bits operator+(Bits a, uint64_t b) { return a + a.constant(b); }
inline Bits operator-(uint64_t a, Bits b) { return b.constant(a) - b; }
inline Bits operator&(Bits a, uint64_t b) { return a & a.constant(b); }
inline Bits operator|(Bits a, uint64_t b) { return a | a.constant(b); }
/// Shifts; the one to the right brings in zeros.
Bits operator<<(Bits a, unsigned count);
Bits operator>>(Bits a, unsigned count);

} // namespace mlir::fisher

#endif // FISHER_MATH_BITS_H
