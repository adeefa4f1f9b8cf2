//===- Format.h - What f32 and f64 differ in --------------------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_MATH_FORMAT_H
#define FISHER_LIB_MATH_FORMAT_H

#include "fisher/Math/Scalar.h"

#include <limits>

namespace mlir::fisher::elementary {

/// What differs between f32 and f64.
struct Format {
  unsigned mantissaBits;
  uint64_t bias;
  /// Up to this size, functions that are x + O(x²) round to x.
  double negligible;
  double smallestNormal;
  /// ln 2 as a number whose product with any exponent is exact, and the rest.
  double ln2High, ln2Low;
  /// ln 2 rounded to nearest, and the rest.
  double ln2Nearest, ln2Rest;
  /// The bit pattern of √½.
  uint64_t rootHalf;
  ArrayRef<double> exp, logWide, asinhRoot, erf;

  uint64_t mantissaMask() const { return (uint64_t(1) << mantissaBits) - 1; }
  /// Without these bits a number has so few that its square is exact.
  uint64_t lowHalfMask() const {
    return (uint64_t(1) << (mantissaBits / 2 + 1)) - 1;
  }
  /// The bit pattern of 2^exponent.
  uint64_t powerOfTwo(int exponent) const {
    return (bias + exponent) << mantissaBits;
  }
};

const Format &formatOf(Scalar x);

inline constexpr double infinity = std::numeric_limits<double>::infinity();

} // namespace mlir::fisher::elementary

#endif // FISHER_LIB_MATH_FORMAT_H
