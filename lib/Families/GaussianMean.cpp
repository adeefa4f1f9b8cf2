//===- GaussianMean.cpp - Normal distributions whose spread is known ------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For each sigma one line, with the metric dmu^2/sigma^2. There is no way from
// one line to another: what two beliefs on different lines have between them
// is not a number.
//
//===----------------------------------------------------------------------===//

#include "GaussianPair.h"

#include "fisher/IR/Fisher.h"

using namespace mlir;
using namespace mlir::fisher;
using namespace mlir::fisher::gaussian;

//===----------------------------------------------------------------------===//
// Names and domains
//===----------------------------------------------------------------------===//

ArrayRef<StringRef> GaussianMeanAttr::getComponentNames() const {
  static constexpr StringRef names[] = {"mean", "scale"};
  return names;
}

ArrayRef<StringRef> GaussianMeanAttr::getStandardNames() const {
  static constexpr StringRef names[] = {"mean", "standard deviation"};
  return names;
}

bool GaussianMeanAttr::isKnown(unsigned component) const {
  return component == 1;
}

FamilyInterface GaussianMeanAttr::getInStandardChart() const {
  return GaussianMeanAttr::get(getContext(), GaussianChart::sigma);
}

bool GaussianMeanAttr::isInDomain(unsigned component, double value) const {
  return component == 1 ? isScaleInDomain(getChart(), value)
                        : std::isfinite(value);
}

std::string GaussianMeanAttr::getDomainDescription(unsigned component) const {
  return component == 1 ? describeScaleDomain(getChart()) : "a finite number";
}

FailureOr<SmallVector<double>> GaussianMeanAttr::getStoredFromStandard(
    ArrayRef<double> standard,
    function_ref<InFlightDiagnostic()> emitError) const {
  return getStoredGaussian(getChart(), standard, emitError);
}

//===----------------------------------------------------------------------===//
// Geometry
//===----------------------------------------------------------------------===//

static Scalar getSigma(GaussianChart chart, Point at) {
  return Scale{chart, at[1]}.sigma();
}

static Condition haveSameScale(Point a, Point b) {
  return a[1] <= b[1] && b[1] <= a[1];
}

/// The sigma that both beliefs have; not a number if they have two.
static Scalar getCommonSigma(GaussianChart chart, Point a, Point b) {
  Scalar sigma = getSigma(chart, a);
  return select(haveSameScale(a, b), sigma, sigma.nan());
}

/// (mu1 - mu2)/sigma.
static Scalar getLength(GaussianChart chart, Point a, Point b) {
  return (a[0] - b[0]) / getCommonSigma(chart, a, b);
}

Scalar GaussianMeanAttr::buildSquaredDistance(Point a, Point b) const {
  return square(getLength(getChart(), a, b));
}

DistanceAndGradient
GaussianMeanAttr::buildSquaredDistanceWithGradient(Point a, Point b) const {
  Scalar length = getLength(getChart(), a, b);
  return {square(length),
          {2.0 * (length / getSigma(getChart(), a)), length.constant(0.0)}};
}

Scalar GaussianMeanAttr::buildKLDivergence(Point a, Point b) const {
  Scalar length = getLength(getChart(), a, b);
  return (0.5 * length) * length;
}

DivergenceAndGradients
GaussianMeanAttr::buildKLDivergenceWithGradients(Point a, Point b) const {
  Scalar length = getLength(getChart(), a, b);
  Scalar byMean = length / getSigma(getChart(), a), zero = length.constant(0.0);
  return {(0.5 * length) * length, {byMean, zero}, {-byMean, zero}};
}

Components GaussianMeanAttr::buildMetric(Point at, Point tangent) const {
  Scalar sigma = getSigma(getChart(), at);
  return {tangent[0] / sigma / sigma, sigma.constant(0.0)};
}

Components GaussianMeanAttr::buildNaturalGradient(Point at,
                                                  Point gradient) const {
  Scalar sigma = getSigma(getChart(), at);
  return {sigma * (sigma * gradient[0]), sigma.constant(0.0)};
}

// The metric does not depend on the mean.
Components GaussianMeanAttr::buildNaturalGradientPullback(Point at, Point,
                                                          Point) const {
  return {at[0].constant(0.0), at[0].constant(0.0)};
}

Components GaussianMeanAttr::buildLog(Point a, Point b) const {
  return {select(haveSameScale(a, b), b[0] - a[0], a[0].nan()),
          a[0].constant(0.0)};
}

Components GaussianMeanAttr::buildExp(Point a, Point tangent) const {
  return {a[0] + tangent[0], a[1]};
}

// From the nearer end, so that both are met.
Components GaussianMeanAttr::buildGeodesic(Point a, Point b, Scalar t) const {
  Scalar step = a[0] - b[0];
  Scalar mean = select(t <= 0.5, a[0] - t * step, b[0] + (1.0 - t) * step);
  return {select(haveSameScale(a, b), mean, mean.nan()), a[1]};
}

GeodesicGradient GaussianMeanAttr::buildGeodesicPullback(Point a, Point b,
                                                         Scalar t,
                                                         Point covector) const {
  Scalar byMean = select(haveSameScale(a, b), covector[0], covector[0].nan());
  Scalar zero = t.constant(0.0);
  return {
      {(1.0 - t) * byMean, zero}, {t * byMean, zero}, byMean * (b[0] - a[0])};
}

Components GaussianMeanAttr::buildConvert(Point belief,
                                          FamilyInterface target) const {
  return {belief[0], convertScale({getChart(), belief[1]},
                                  cast<GaussianMeanAttr>(target).getChart())};
}
