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

#include "Rates.h"

#include "fisher/IR/Fisher.h"
#include "fisher/Math/Functions.h"

#include <cmath>

using namespace mlir;
using namespace mlir::fisher;

ArrayRef<StringRef> ExponentialAttr::getComponentNames() const {
  static constexpr StringRef names[] = {"rate"};
  return names;
}

ArrayRef<StringRef> ExponentialAttr::getStandardNames() const {
  static constexpr StringRef names[] = {"rate"};
  return names;
}

bool ExponentialAttr::isInDomain(unsigned, double value) const {
  return std::isfinite(value) &&
         (ExponentialChart::log_rate == getChart() || value > 0.0);
}

std::string ExponentialAttr::getDomainDescription(unsigned) const {
  return getChart() == ExponentialChart::log_rate ? "a finite number"
                                                  : "rate > 0";
}

FailureOr<SmallVector<double>> ExponentialAttr::getStoredFromStandard(
    ArrayRef<double> standard,
    function_ref<InFlightDiagnostic()> emitError) const {
  double rate = standard[0];
  if (!(rate > 0.0) || !std::isfinite(rate))
    return emitError() << "an exponential rate must be positive, got " << rate;
  return SmallVector<double>{
      getChart() == ExponentialChart::log_rate ? std::log(rate) : rate};
}

Scalar ExponentialAttr::buildArcLength(Scalar a, Scalar b) const {
  if (getChart() == ExponentialChart::rate)
    return logOfRatio(positiveOrNaN(a), positiveOrNaN(b));
  return a - b;
}

Scalar ExponentialAttr::buildArcSlope(Scalar a) const {
  if (getChart() == ExponentialChart::rate)
    return 1.0 / positiveOrNaN(a);
  return a.constant(1.0);
}

Scalar ExponentialAttr::buildAtArcLength(Scalar a, Scalar s) const {
  if (getChart() == ExponentialChart::rate)
    return positiveOrNaN(a) * exp(s);
  return a + s;
}

// e^-x - 1 + x with x = log(r1/r2).
Scalar ExponentialAttr::buildKLDivergence(Point a, Point b) const {
  Scalar x = buildArcLength(a[0], b[0]);
  Scalar y = getChart() == ExponentialChart::rate
                 ? (positiveOrNaN(b[0]) - a[0]) / positiveOrNaN(a[0])
                 : expm1(-x);
  return expRemainder(x, y);
}

Components ExponentialAttr::buildConvert(Point belief,
                                         FamilyInterface target) const {
  ExponentialChart chart = cast<ExponentialAttr>(target).getChart();
  if (chart == getChart())
    return {belief[0]};
  return {chart == ExponentialChart::rate ? exp(belief[0])
                                          : log(positiveOrNaN(belief[0]))};
}
