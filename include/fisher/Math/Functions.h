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
// without a mathematical library. Targets differ in the last place only, where
// one rounds a product and a sum at once, and then in no sum that has to be
// exact. Subnormal numbers are served where the target serves them. A result is
// not a number if the argument is not one or lies outside the domain.
//
// Each comment states the largest error that was found over 2^22 points or more
// a range, in units in the last place of the result. It holds to the ends of
// the type; the unit test names the ranges.
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_MATH_FUNCTIONS_H
#define FISHER_MATH_FUNCTIONS_H

#include "fisher/Math/Scalar.h"

namespace mlir::fisher {

/// e^x. Error: f32 0.8, f64 0.8 ulp.
Scalar exp(Scalar x);
/// e^x − 1. Error: f32 1.3, f64 1.3 ulp.
Scalar expm1(Scalar x);
/// e^((a − b)/2) for a ≤ b, in fewer steps than exp, and as precise where a − b
/// is rounded. Error: f32 0.8, f64 0.8 ulp.
Scalar expHalfDifference(Scalar a, Scalar b);
/// e^(x/2), e^(y/2) and the second less the first, where x = a − `topOfA` and
/// y = b − `topOfB` are not positive and not rounded.
struct HalfExponentials {
  Scalar first, second, rise;
};
HalfExponentials halfExponentials(Scalar a, Scalar topOfA, Scalar b,
                                  Scalar topOfB);
/// (e^x − 1)/x, 1 at 0; overflows where it does, not where e^x does.
/// Error: f32 1.9, f64 1.8 ulp.
Scalar expm1Quotient(Scalar x);

/// The natural logarithm of x ≥ 0. Error: f32 1.0, f64 1.0 ulp.
Scalar log(Scalar x);
/// log(1 + y) for y ≥ −1. Error: f32 1.6, f64 1.6 ulp.
Scalar log1p(Scalar y);
/// y − log(1 + y) for y ≥ −1, y²/2 near 0. Error: f32 1.8, f64 1.6 ulp.
Scalar log1pRemainder(Scalar y);

/// ratio − 1 − log(ratio) for a positive normal number, where `excess` is
/// ratio − 1 without cancellation. Error: that of log1pRemainder, and what
/// those of the arguments become.
Scalar ratioRemainder(Scalar excess, Scalar ratio);

/// base^exponent for base > 0 and exponents up to 1000 in size. The relative
/// error does not grow with the logarithm of the result, because the integer
/// part of the binary exponent is exact. Error for exponents of about 2: f32
/// 2.3, f64 2.2 ulp.
Scalar power(Scalar base, Scalar exponent);

/// asinh(√x)/√x for x ≥ 0, 1 at 0. It is smooth at 0, so negative x of the size
/// of a rounding error give what they should. Error: f32 2.2, f64 2.2 ulp.
Scalar asinhRootQuotient(Scalar x);
/// The hyperbolic arc D whose squared chord is y = 2(cosh D − 1), and the slope
/// D/sinh D of its square, 1 at 0; for y from 0 to 2^60 (f64: 2^500). Error:
/// f32 2.5 and 3.0, f64 2.6 and 2.9 ulp.
Scalar hyperbolicArc(Scalar y);
Scalar hyperbolicArcQuotient(Scalar y);
/// The hyperbolic sine and cosine. Error: sinh f32 2.2, f64 2.0, cosh f32 1.2,
/// f64 1.2 ulp.
Scalar sinh(Scalar x);
Scalar cosh(Scalar x);

/// 1/(1 + e^−x), near e^x for x far below 0. Error: f32 1.7, f64 1.7 ulp.
Scalar sigmoid(Scalar x);
/// log(1 + e^x), near e^x for x far below 0. Error: f32 1.9, f64 1.9 ulp.
Scalar softplus(Scalar x);
/// The x with softplus(x) = y, log(e^y − 1), for y ≥ 0. Error: f32 2.0, f64 2.0
/// ulp, also where it vanishes, at ln 2.
Scalar softplusInverse(Scalar y);

/// softplus(a), softplus(b), and what the first exceeds the second by, without
/// cancellation; the derivative of the first. A first that is not a normal
/// number is zero. Errors of the first, the difference and the derivative: f32
/// 2.0, 4.1 and 4.3, f64 2.0, 4.1 and 4.3 ulp.
struct SoftplusPair {
  Scalar first, second, difference, slope;
};
SoftplusPair softplusPair(Scalar a, Scalar b);

/// The error function. Error: f32 2.2, f64 2.3 ulp.
Scalar erf(Scalar x);

} // namespace mlir::fisher

#endif // FISHER_MATH_FUNCTIONS_H
