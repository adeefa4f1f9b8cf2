//===- Rates.h - What families with positive parameters share -------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_FAMILIES_RATES_H
#define FISHER_LIB_FAMILIES_RATES_H

#include "fisher/Math/Functions.h"

namespace mlir::fisher {

/// A parameter that must be positive; others are not a number.
inline Scalar positiveOrNaN(Scalar x) { return select(x > 0.0, x, x.nan()); }

/// log(a/b) for positive numbers, to full relative accuracy where they are
/// close and where their ratio is not a number of the type.
inline Scalar logOfRatio(Scalar a, Scalar b) {
  Scalar larger = max(a, b), smaller = min(a, b);
  Scalar excess = (larger - smaller) / smaller;
  const double limit = a.isDouble() ? 0x1p+1000 : 0x1p+100;
  Scalar size =
      select(excess < limit, log1p(excess), log(larger) - log(smaller));
  return copysign(size, a - b);
}

/// softplus(a) - softplus(b) without cancellation.
inline Scalar softplusDifference(Scalar a, Scalar b) {
  Scalar difference = a - b, size = abs(difference);
  // log((1+e^a)/(1+e^b)), as what is to be added to the smaller one.
  Scalar near = log1p(expm1(size) * select(a > b, sigmoid(b), sigmoid(a)));
  // Far apart, the parts that grow like the arguments and the rest are
  // subtracted each by itself.
  auto buildFar = [&]() -> SmallVector<Scalar> {
    return {(max(a, a.constant(0.0)) - max(b, b.constant(0.0))) +
            (log1p(exp(-abs(a))) - log1p(exp(-abs(b))))};
  };
  return selectRarely(!(size < 16.0), buildFar, copysign(near, difference))[0];
}

/// e^-x - 1 + x >= 0, where `y` is e^-x - 1.
inline Scalar expRemainder(Scalar x, Scalar y) {
  // Near y = -1 the digits of 1+y are lost.
  return select(y > -0.7, log1pRemainder(y), y + x);
}

} // namespace mlir::fisher

#endif // FISHER_LIB_FAMILIES_RATES_H
