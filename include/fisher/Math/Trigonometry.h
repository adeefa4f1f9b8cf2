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

/// The angle in [−π/2, π/2] whose tangent is x. Error: f32 1.3, f64 1.4 ulp.
Scalar atan(Scalar x);
/// The angle in [−π, π] of the point (x, y), 0 at (0, 0). The sign is that of
/// y, and −0 is like 0 for x. Error: f32 1.5, f64 1.5 ulp.
Scalar atan2(Scalar y, Scalar x);
/// The angle in [−π/2, π/2] whose sine is x. Error: f32 1.2, f64 1.2 ulp.
Scalar asin(Scalar x);
/// The angle in [0, π] whose cosine is 1 − d, √(2d) near 0, for d in [0, 2].
/// Error: f32 1.2, f64 1.2 ulp.
Scalar acosOneMinus(Scalar d);

struct SinCos {
  Scalar sin, cos;
};

/// The sine and the cosine of an angle up to 2^20 (f64: 2^30) in size, precise
/// also next to zeros of either. Up to 2^24 (f64: 2^48), they are those of an
/// angle within 2 ulp of x, beyond those of 0; not a number if x is infinite.
/// Error: f32 0.9, f64 0.9 ulp.
SinCos sinCos(Scalar x);
/// The tangent of an angle up to 2.35 (nearly ¾π) in size, precise also next to
/// the pole. Cheaper and more precise than a quotient of the above. Error: f32
/// 1.7, f64 1.7 ulp.
Scalar tan(Scalar x);
/// x less the nearest multiple of 2π, in [−π, π], where the ends are π rounded
/// to the type. Precise for x up to 2^20 (f64: 2^30) in size, also next to
/// multiples of 2π. Up to 2^24 (f64: 2^48), the result is that of an angle
/// within 2 ulp of x, beyond it is 0; not a number if x is infinite. Error: f32
/// 0.6, f64 0.6 ulp.
Scalar wrapAngle(Scalar x);

/// An angle as a sum whose second part is small beside the terms that it came
/// from, but not always beside the first.
struct SplitAngle {
  Scalar high, low;
};

/// to − from less the nearest multiple of 2π, or one next to it where two are
/// as near up to rounding. The sum of the parts is precise relative to itself
/// where the size of the difference is up to 2^20 (f64: 2^30).
SplitAngle wrapDifference(Scalar from, Scalar to);

/// The hyperbolic tangent. Error: f32 2.5, f64 2.4 ulp.
Scalar tanh(Scalar x);
/// The y ≥ 0 whose hyperbolic cosine is 1 + x, √(2x) near 0, for x ≥ 0. Error:
/// f32 3.0, f64 3.1 ulp.
Scalar acoshOnePlus(Scalar x);

} // namespace mlir::fisher

#endif // FISHER_MATH_TRIGONOMETRY_H
