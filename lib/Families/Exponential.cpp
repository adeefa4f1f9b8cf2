//===- Exponential.cpp - The exponential distributions of waiting times ---===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// With the rate r, the metric is dr^2/r^2, so the arc length is y = log(r).
//
//===----------------------------------------------------------------------===//

#include "RateCharts.h"
#include "Rates.h"

#include "fisher/IR/Fisher.h"
#include "fisher/Math/Functions.h"

using namespace mlir;
using namespace mlir::fisher;

ArrayRef<StringRef> ExponentialAttr::getComponentNames() const {
  return getRateNames();
}

ArrayRef<StringRef> ExponentialAttr::getStandardNames() const {
  return getRateNames();
}

bool ExponentialAttr::isInDomain(unsigned, double value) const {
  return isRateInDomain(getChart(), value);
}

std::string ExponentialAttr::getDomainDescription(unsigned) const {
  return describeRateDomain(getChart());
}

FailureOr<SmallVector<double>> ExponentialAttr::getStoredFromStandard(
    ArrayRef<double> standard,
    function_ref<InFlightDiagnostic()> emitError) const {
  return getStoredRate(getChart(), "an exponential rate", standard[0],
                       emitError);
}

Scalar ExponentialAttr::buildArcLength(Scalar a, Scalar b) const {
  if (getChart() == RateChart::rate)
    return logOfRatio(positiveOrNaN(a), positiveOrNaN(b));
  return a - b;
}

Scalar ExponentialAttr::buildArcSlope(Scalar a) const {
  if (getChart() == RateChart::rate)
    return 1.0 / positiveOrNaN(a);
  return a.constant(1.0);
}

Scalar ExponentialAttr::buildInverseMetricSlope(Scalar a) const {
  if (getChart() == RateChart::rate)
    return 2.0 * positiveOrNaN(a);
  return a.constant(0.0);
}

Scalar ExponentialAttr::buildAtArcLength(Scalar a, Scalar s) const {
  if (getChart() == RateChart::rate)
    return positiveOrNaN(a) * exp(s);
  return a + s;
}

// r1 (r2/r1)^t: a power, because the exponential of a large arc length would
// multiply its rounding. Of the ratio the root, which is always a number of the
// type.
Components ExponentialAttr::buildGeodesic(Point a, Point b, Scalar t) const {
  if (getChart() == RateChart::log_rate)
    return {a[0] - t * (a[0] - b[0])};
  Scalar r1 = positiveOrNaN(a[0]), r2 = positiveOrNaN(b[0]);
  return {r1 * power(sqrt(r2) / sqrt(r1), 2.0 * t)};
}

/// e^-x - 1 where x = log(r1/r2).
static Scalar getRelativeRise(RateChart chart, Scalar a, Scalar b) {
  if (chart == RateChart::rate)
    return (positiveOrNaN(b) - a) / positiveOrNaN(a);
  return expm1(b - a);
}

// e^-x - 1 + x with x = log(r1/r2).
Scalar ExponentialAttr::buildKLDivergence(Point a, Point b) const {
  return expRemainder(buildArcLength(a[0], b[0]),
                      getRelativeRise(getChart(), a[0], b[0]));
}

DivergenceAndGradients
ExponentialAttr::buildKLDivergenceWithGradients(Point a, Point b) const {
  Scalar rise = getRelativeRise(getChart(), a[0], b[0]);
  return {buildKLDivergence(a, b),
          {-rise * buildArcSlope(a[0])},
          {rise * buildArcSlope(b[0])}};
}

Components ExponentialAttr::buildConvert(Point belief,
                                         FamilyInterface target) const {
  return {convertRate(getChart(), cast<ExponentialAttr>(target).getChart(),
                      belief[0])};
}
