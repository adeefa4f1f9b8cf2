//===- Functions.h - Portable elementary functions ------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Elementary functions of f32 and f64, built from basic arithmetic, square
// roots, selections and operations on bit patterns, without branches and
// without a mathematical library. All of it is exactly defined, so every
// target computes the same number. Subnormal numbers are served where the
// target serves them. A result is not a number if the argument is not one or
// lies outside the domain.
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_MATH_FUNCTIONS_H
#define FISHER_MATH_FUNCTIONS_H

#include "fisher/Math/Scalar.h"

namespace mlir::fisher {

/// e^x.
Scalar exp(Scalar x);
/// e^x − 1.
Scalar expm1(Scalar x);
/// (e^x − 1)/x, 1 at 0.
Scalar expm1Quotient(Scalar x);

/// The natural logarithm of x ≥ 0.
Scalar log(Scalar x);
/// log(1 + y) for y ≥ −1.
Scalar log1p(Scalar y);
/// y − log(1 + y) for y ≥ −1, y²/2 near 0.
Scalar log1pRemainder(Scalar y);

/// base^exponent for base > 0 and exponents up to 1000 in size. The relative
/// error does not grow with the logarithm of the result, because the integer
/// part of the binary exponent is exact.
Scalar power(Scalar base, Scalar exponent);

/// asinh(√x)/√x for x ≥ 0, 1 at 0.
Scalar asinhRootQuotient(Scalar x);
/// The hyperbolic sine and cosine.
Scalar sinh(Scalar x);
Scalar cosh(Scalar x);

/// 1/(1 + e^−x).
Scalar sigmoid(Scalar x);
/// log(1 + e^x).
Scalar softplus(Scalar x);
/// The x with softplus(x) = y, log(e^y − 1), for y ≥ 0.
Scalar softplusInverse(Scalar y);

} // namespace mlir::fisher

#endif // FISHER_MATH_FUNCTIONS_H
