//===- Trigonometry.h - Portable functions of angles ----------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Circular functions, their inverses and two hyperbolic ones, of f32 and f64.
// They are made as those of Functions.h and keep the same promises; errors are
// stated in the same way. f32 is computed in f32, as not every target has f64.
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_MATH_TRIGONOMETRY_H
#define FISHER_MATH_TRIGONOMETRY_H

#include "fisher/Math/Scalar.h"

namespace mlir::fisher {

/// The angle in [−π/2, π/2] whose tangent is x. Error: f32 1.5, f64 1.5 ulp.
Scalar atan(Scalar x);
/// The angle in [−π, π] of the point (x, y), 0 at (0, 0). x = −0 counts as 0;
/// the result has the sign of y. Error: f32 2, f64 2 ulp.
Scalar atan2(Scalar y, Scalar x);
/// The angle in [−π/2, π/2] whose sine is x. Error: f32 1.5, f64 1.5 ulp.
Scalar asin(Scalar x);
/// The angle in [0, π] whose cosine is 1 − d, near √(2d), for d in [0, 2].
/// Error: f32 1.5, f64 1.5 ulp.
Scalar acosOneMinus(Scalar d);

struct SinCos {
  Scalar sin, cos;
};

/// The sine and the cosine, not a number if x is infinite. The error stated
/// holds for |x| up to 2^20 (f64: 2^30), also next to zeros of either function.
/// Further out, where neighbors of x lie apart by more than the functions can
/// be known to, they are those of an angle within 2 ulp of x, and beyond 2^24
/// (f64: 2^48) those of 0. Error: f32 1, f64 1 ulp.
SinCos sinCos(Scalar x);
/// The tangent for |x| ≤ ¾π, not a number beyond. Cheaper and more precise than
/// a quotient of the above. Error: f32 2, f64 2 ulp.
Scalar tan(Scalar x);
/// x − 2πn with the integer n that brings it into [−π, π], where π is that of
/// the type, not a number if x is infinite. The error stated holds for |x| up
/// to 2^20 (f64: 2^30), also next to multiples of 2π. Further out, it is that
/// of an angle within 2 ulp of x, and beyond 2^24 (f64: 2^48) it is 0. Error:
/// f32 1, f64 1 ulp.
Scalar wrapAngle(Scalar x);

/// The hyperbolic tangent. Error: f32 3, f64 3 ulp.
Scalar tanh(Scalar x);
/// The y ≥ 0 whose hyperbolic cosine is 1 + x, near √(2x), for x ≥ 0. Error:
/// f32 3, f64 3 ulp.
Scalar acoshOnePlus(Scalar x);

} // namespace mlir::fisher

#endif // FISHER_MATH_TRIGONOMETRY_H
