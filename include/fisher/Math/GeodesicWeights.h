//===- GeodesicWeights.h - Weights of a geodesic's ends -------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// In spaces of constant curvature the point at the fraction t of a geodesic of
// length D is the sum of the ends with the weights sinh((1-t)D)/sinh(D) and
// sinh(tD)/sinh(D), or the same with sines. Here are a weight and its slope by
// the square of the length, which are smooth where the ends coincide.
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_MATH_GEODESICWEIGHTS_H
#define FISHER_MATH_GEODESICWEIGHTS_H

#include "fisher/Math/Scalar.h"

namespace mlir::fisher {

/// (x coth x - 1)/x² for x >= 0, 1/3 at 0. Error: f32 9.7, f64 9.7 ulp.
Scalar cothRemainder(Scalar x);
/// (1 - x cot x)/x² for 0 <= x < π, 1/3 at 0. Error below 2: f32 5.0, f64 5.0
/// ulp; it grows near π, where the function does.
Scalar cotRemainder(Scalar x);

/// sinh(t D)/sinh(D) for D >= 0, t at D = 0. Its relative error grows with the
/// logarithm of the result.
Scalar sinhWeight(Scalar t, Scalar D);
/// The derivative of the logarithm of sinh(t D)/sinh(D) by D².
Scalar sinhWeightSlope(Scalar t, Scalar D);
/// The derivative of the logarithm of sin(t D)/sin(D) by D², D < π.
Scalar sinWeightSlope(Scalar t, Scalar D);

} // namespace mlir::fisher

#endif // FISHER_MATH_GEODESICWEIGHTS_H
