//===- Poisson.cpp - The Poisson distributions of counts ------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// With the rate r, the metric is dr^2/r, so the arc length is y = 2 sqrt(r).
//
//===----------------------------------------------------------------------===//

#include "RateCharts.h"
#include "Rates.h"

#include "fisher/IR/Fisher.h"
#include "fisher/Math/Functions.h"

using namespace mlir;
using namespace mlir::fisher;

ArrayRef<StringRef> PoissonAttr::getComponentNames() const {
  return getRateNames();
}

ArrayRef<StringRef> PoissonAttr::getStandardNames() const {
  return getRateNames();
}

bool PoissonAttr::isInDomain(unsigned, double value) const {
  return isRateInDomain(getChart(), value);
}

std::string PoissonAttr::getDomainDescription(unsigned) const {
  return describeRateDomain(getChart());
}

FailureOr<SmallVector<double>> PoissonAttr::getStoredFromStandard(
    ArrayRef<double> standard,
    function_ref<InFlightDiagnostic()> emitError) const {
  return getStoredRate(getChart(), "a Poisson rate", standard[0], emitError);
}

// 2 (sqrt(r1) - sqrt(r2)). Of logarithms the larger one is taken out, so that
// nothing overflows before the result does.
Scalar PoissonAttr::buildArcLength(Scalar a, Scalar b) const {
  if (getChart() == RateChart::rate) {
    Scalar r1 = positiveOrNaN(a), r2 = positiveOrNaN(b);
    return 2.0 * ((r1 - r2) / (sqrt(r1) + sqrt(r2)));
  }
  Scalar size = -2.0 * exp(0.5 * max(a, b)) * expm1(-0.5 * abs(a - b));
  return copysign(size, a - b);
}

Scalar PoissonAttr::buildArcSlope(Scalar a) const {
  if (getChart() == RateChart::rate)
    return 1.0 / sqrt(positiveOrNaN(a));
  return exp(0.5 * a);
}

// (da/dy)^2 is r, or 1/r.
Scalar PoissonAttr::buildInverseMetricSlope(Scalar a) const {
  if (getChart() == RateChart::rate)
    return select(a > 0.0, a.constant(1.0), a.nan());
  return -exp(-a);
}

// sqrt(r) + s/2, which must not be negative. Of a logarithm the difference is
// taken where it is small, because the result may be much smaller than a.
Scalar PoissonAttr::buildAtArcLength(Scalar a, Scalar s) const {
  if (getChart() == RateChart::rate) {
    Scalar root = sqrt(positiveOrNaN(a)) + 0.5 * s;
    return select(root >= 0.0, square(root), root.nan());
  }
  Scalar step = 0.5 * s * exp(-0.5 * a);
  return select(abs(step) < 0.5, a + 2.0 * log1p(step),
                2.0 * log(exp(0.5 * a) + 0.5 * s));
}

// r2 - r1 + r1 x = r1 (e^-x - 1 + x) with x = log(r1/r2).
Scalar PoissonAttr::buildKLDivergence(Point a, Point b) const {
  bool isRate = getChart() == RateChart::rate;
  Scalar r1 = isRate ? positiveOrNaN(a[0]) : exp(a[0]);
  Scalar r2 = isRate ? positiveOrNaN(b[0]) : exp(b[0]);
  Scalar x = isRate ? logOfRatio(r1, r2) : a[0] - b[0];
  Scalar y = isRate ? (r2 - r1) / r1 : expm1(-x);
  // Where r2 is much larger, e^-x may be too large though r2 is not.
  return select(x < -1.0, r2 - r1 * (1.0 - x), r1 * expRemainder(x, y));
}

// dKL/dr1 = log(r1/r2), dKL/dr2 = 1 - r1/r2.
DivergenceAndGradients
PoissonAttr::buildKLDivergenceWithGradients(Point a, Point b) const {
  Scalar divergence = buildKLDivergence(a, b);
  if (getChart() == RateChart::rate) {
    Scalar r1 = positiveOrNaN(a[0]), r2 = positiveOrNaN(b[0]);
    return {divergence, {logOfRatio(r1, r2)}, {(r2 - r1) / r2}};
  }
  Scalar x = a[0] - b[0];
  // r2 - r1, of the larger one.
  Scalar rise = copysign(exp(max(a[0], b[0])) * expm1(-abs(x)), -x);
  return {divergence, {exp(a[0]) * x}, {rise}};
}

Components PoissonAttr::buildConvert(Point belief,
                                     FamilyInterface target) const {
  return {
      convertRate(getChart(), cast<PoissonAttr>(target).getChart(), belief[0])};
}
