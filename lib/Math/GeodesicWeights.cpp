//===- GeodesicWeights.cpp - Weights of a geodesic's ends -----------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Math/GeodesicWeights.h"

#include "fisher/Math/Coefficients.h"
#include "fisher/Math/Evaluation.h"
#include "fisher/Math/Functions.h"
#include "fisher/Math/Trigonometry.h"

using namespace mlir;
using namespace mlir::fisher;

/// (sqrt(y) coth sqrt(y) - 1)/y for y from -1 to 1, which for negative y is
/// about the cotangent.
static Scalar remainderNearZero(Scalar y) {
  return 1.0 / 3.0 +
         y * polynomial(y, y.isDouble() ? ArrayRef(coefficients::cothTableF64)
                                        : ArrayRef(coefficients::cothTableF32));
}

// With T = (1 - e^-2x)/(2x), x coth x = 1/T - x.
Scalar mlir::fisher::cothRemainder(Scalar x) {
  Condition isNear = x < 1.0;
  Scalar far = select(isNear, 1.0, x);
  Scalar T = expm1Quotient(-2.0 * far);
  return select(isNear, remainderNearZero(square(select(isNear, x, 0.0))),
                ((1.0 / T - far) - 1.0) / far / far);
}

Scalar mlir::fisher::cotRemainder(Scalar x) {
  Condition isNear = x < 1.0;
  Scalar far = select(isNear, 1.0, x);
  SinCos turn = sinCos(far);
  return select(isNear, remainderNearZero(-square(select(isNear, x, 0.0))),
                (1.0 - far * turn.cos / turn.sin) / square(far));
}

// With T as above, sinh x = x e^x T(x).
Scalar mlir::fisher::sinhWeight(Scalar t, Scalar D) {
  return t * exp((t - 1.0) * D) *
         (expm1Quotient(-2.0 * t * D) / expm1Quotient(-2.0 * D));
}

Scalar mlir::fisher::sinhWeightSlope(Scalar t, Scalar D) {
  return 0.5 * (square(t) * cothRemainder(abs(t) * D) - cothRemainder(D));
}

Scalar mlir::fisher::sinWeightSlope(Scalar t, Scalar D) {
  return 0.5 * (cotRemainder(D) - square(t) * cotRemainder(abs(t) * D));
}
