//===- Gaussian.cpp - The normal distributions of one variable ------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Formulas; what two beliefs have between them is in GaussianPair.h.
//
//===----------------------------------------------------------------------===//

#include "GaussianPair.h"
#include "Rates.h"

#include "fisher/IR/Fisher.h"
#include "fisher/Math/Functions.h"
#include "fisher/Math/GeodesicWeights.h"

#include <cmath>

using namespace mlir;
using namespace mlir::fisher;
using namespace mlir::fisher::gaussian;

//===----------------------------------------------------------------------===//
// Names and domains
//===----------------------------------------------------------------------===//

ArrayRef<StringRef> GaussianAttr::getComponentNames() const {
  static constexpr StringRef names[] = {"mean", "scale"};
  return names;
}

ArrayRef<StringRef> GaussianAttr::getStandardNames() const {
  static constexpr StringRef names[] = {"mean", "standard deviation"};
  return names;
}

bool GaussianAttr::isInDomain(unsigned component, double value) const {
  return component == 1 ? isScaleInDomain(getChart(), value)
                        : std::isfinite(value);
}

std::string GaussianAttr::getDomainDescription(unsigned component) const {
  return component == 1 ? describeScaleDomain(getChart()) : "a finite number";
}

FailureOr<SmallVector<double>> GaussianAttr::getStoredFromStandard(
    ArrayRef<double> standard,
    function_ref<InFlightDiagnostic()> emitError) const {
  return getStoredGaussian(getChart(), standard, emitError);
}

FamilyInterface GaussianAttr::getInStandardChart() const {
  return GaussianAttr::get(getContext(), GaussianChart::sigma);
}

//===----------------------------------------------------------------------===//
// Geometry
//===----------------------------------------------------------------------===//

Scalar GaussianAttr::buildSquaredDistance(Point a, Point b) const {
  NearPair near(a, b, getChart());
  auto buildRare = [&]() -> SmallVector<Scalar> {
    return {AnyPair(a, b, getChart()).squaredDistance()};
  };
  return selectRarely(near.isRare(), buildRare, near.squaredDistance())[0];
}

DistanceAndGradient
GaussianAttr::buildSquaredDistanceWithGradient(Point a, Point b) const {
  NearPair near(a, b, getChart());
  auto buildRare = [&] { return AnyPair(a, b, getChart()).withGradient(); };
  SmallVector<Scalar> values =
      selectRarely(near.isRare(), buildRare, near.withGradient());
  return {values[0], {values[1], values[2]}};
}

// KL = ((Delta mu/sigma2)^2 + y - log(1+y))/2 with 1+y = (sigma1/sigma2)^2.
static Scalar divergenceOfAny(Point a, Point b, GaussianChart chart) {
  ScalePair scales{{chart, a[1]}, {chart, b[1]}};
  Scalar halfY = scales.halfSquaredRatioMinusOne(), y = 2.0 * halfY;
  Scalar logRatio = scales.logRatio();
  Scalar shift = (a[0] - b[0]) / scales.second.sigma();
  // What is halved may be beyond the type's range where half of it is not.
  Scalar halfSpread = select(y < 16.0, 0.5 * expRemainder(-2.0 * logRatio, y),
                             halfY - logRatio);
  return (0.5 * shift) * shift + halfSpread;
}

// dKL/dmu1 = (mu1-mu2)/sigma2^2, dKL/drho1 = (sigma1/sigma2)^2 - 1.
static ValueAndSlopes divergenceWithGradientsOfAny(Point a, Point b,
                                                   GaussianChart chart) {
  ScalePair scales{{chart, a[1]}, {chart, b[1]}};
  Scalar sigma = scales.second.sigma();
  Scalar shift = (a[0] - b[0]) / sigma, byMean = shift / sigma;
  Scalar y = 2.0 * scales.halfSquaredRatioMinusOne();
  return {divergenceOfAny(a, b, chart), byMean, y * scales.first.logSlope(),
          -byMean, -(y + square(shift)) * scales.second.logSlope()};
}

// A logarithmic chart has the logarithm of the ratio; the others find it from
// what the distance of the two needs, too.
Scalar GaussianAttr::buildKLDivergence(Point a, Point b) const {
  if (isLogarithmic(getChart()))
    return divergenceOfAny(a, b, getChart());
  NearPair near(a, b, getChart());
  auto buildRare = [&]() -> SmallVector<Scalar> {
    return {divergenceOfAny(a, b, getChart())};
  };
  return selectRarely(near.isRare(), buildRare, near.divergence())[0];
}

DivergenceAndGradients
GaussianAttr::buildKLDivergenceWithGradients(Point a, Point b) const {
  auto buildAny = [&] {
    return divergenceWithGradientsOfAny(a, b, getChart());
  };
  ValueAndSlopes values;
  if (isLogarithmic(getChart())) {
    values = buildAny();
  } else {
    NearPair near(a, b, getChart());
    values =
        selectRarely(near.isRare(), buildAny, near.divergenceWithGradients());
  }
  return {values[0], {values[1], values[2]}, {values[3], values[4]}};
}

// G = diag(1/sigma^2, 2 (drho/dstored)^2).
Components GaussianAttr::buildMetric(Point at, Point tangent) const {
  Scale scale{getChart(), at[1]};
  Scalar sigma = scale.sigma(), slope = scale.logSlope();
  return {tangent[0] / sigma / sigma, 2.0 * slope * (slope * tangent[1])};
}

Components GaussianAttr::buildNaturalGradient(Point at, Point gradient) const {
  Scale scale{getChart(), at[1]};
  Scalar sigma = scale.sigma(), slope = scale.logSlope();
  return {sigma * (sigma * gradient[0]), 0.5 * (gradient[1] / slope) / slope};
}

// With the tangent vector (sigma^2 g_mu, (dstored/drho)^2 g/2).
Components GaussianAttr::buildNaturalGradientPullback(Point at, Point gradient,
                                                      Point covector) const {
  Scale scale{getChart(), at[1]};
  Scalar sigma = scale.sigma();
  Scalar byMean = (sigma * gradient[0]) * (sigma * covector[0]);
  return {0.0 * byMean, 2.0 * byMean * scale.logSlope() +
                            0.5 * gradient[1] * covector[1] *
                                scale.squaredInverseLogSlopeSlope()};
}

// In units of the hyperbolic plane the tangent vector has the horizontal part
// u = v_mu/(sqrt(2) sigma) and the vertical part w = v_rho. With D = |(u,w)|,
//   sigma'/sigma = 1/(cosh D - w sinh(D)/D),
//   mu' - mu = v_mu sinh(D)/D sigma'/sigma.
// Where w > 0 the denominator is e^-D + (D-w) sinh(D)/D with
// D - w = u^2/(D+w); else it is multiplied by e^-D. T = e^-D sinh(D)/D.
Components GaussianAttr::buildExp(Point a, Point tangent) const {
  Scale scale{getChart(), a[1]};
  Scalar sigma = scale.sigma();
  Scalar u = tangent[0] / (std::sqrt(2.0) * sigma);
  Scalar w = scale.logSlope() * tangent[1];
  Scalar D = sqrt(square(u) + square(w));
  Scalar E = exp(-D);
  Scalar T = expm1Quotient(-2.0 * D);
  Condition up = w > 0.0;
  Scalar sinhQuotient = T / E;
  Scalar upward = E + square(u) / (D + w) * sinhQuotient;
  Scalar downward = 1.0 - (D + w) * T;
  Scalar inverseRatio = select(up, upward, downward / E);
  Scalar shift = select(up, sinhQuotient / upward, T / downward);
  return {a[0] + tangent[0] * shift, scale.dividedBy(inverseRatio)};
}

static Separation separate(Point a, Point b, GaussianChart chart) {
  auto list = [](const Separation &s) -> SmallVector<Scalar> {
    return {s.D, s.expBase, s.expExponent, s.scaledExp};
  };
  NearPair near(a, b, chart);
  auto buildRare = [&] { return list(AnyPair(a, b, chart).separation()); };
  SmallVector<Scalar> values =
      selectRarely(near.isRare(), buildRare, list(near.separation()));
  return {values[0], values[1], values[2], values[3]};
}

namespace {
/// A point of a geodesic.
struct Between {
  Separation ends;
  /// sigma1 over the point's sigma.
  Scalar inverseRatio;
  /// How much of the way in mean is left, and how much is done.
  Scalar left, done;
};
} // namespace

// Weights w1 = sinh((1-t)D)/sinh D and w2 = sinh(tD)/sinh D, u_i = w_i/sigma_i:
//   sigma = 1/(u1+u2),  mu = mu1 + (mu2-mu1) u2/(u1+u2).
// With q(f) = (1 - e^-2fD)/(2fD), and in units of 1/sigma1,
//   u1 = (1-t) e^-tD q(1-t)/q(1),  u2 = t e^tD (e^-D sigma1/sigma2) q(t)/q(1),
// where e^-D sigma1/sigma2 is the square of sigma1/(m e^(D/2)).
static Between walkBetween(Point a, Point b, Scalar t, GaussianChart chart) {
  Separation ends = separate(a, b, chart);
  auto [D, expBase, expExponent, scaledExp] = ends;
  Scale scale{chart, a[1]};
  Scalar rest = 1.0 - t;
  Scalar whole = expm1Quotient(-2.0 * D);
  Scalar growth = power(expBase, t * expExponent);
  Scalar u1 = rest * (expm1Quotient(-2.0 * rest * D) / whole) / growth / growth;
  Scalar u2 = t * (expm1Quotient(-2.0 * t * D) / whole) *
              square(scale.sigma() / scaledExp * growth);
  Scalar sum = u1 + u2;
  return {ends, sum, u1 / sum, u2 / sum};
}

Components GaussianAttr::buildGeodesic(Point a, Point b, Scalar t) const {
  Between point = walkBetween(a, b, t, getChart());
  // Start from the nearer mean, so that both ends are met.
  Condition nearFirst = point.done <= 0.5;
  Scalar mean = select(nearFirst, a[0], b[0]) -
                (a[0] - b[0]) * select(nearFirst, point.done, -point.left);
  return {mean, Scale{getChart(), a[1]}.dividedBy(point.inverseRatio)};
}

// With f_i = u_i/(u1+u2), the parts left and done,
//   dmu  = f1 dmu1 + f2 dmu2 + (mu2-mu1) f1 f2 (dlog u2 - dlog u1),
//   drho = -f1 dlog u1 - f2 dlog u2,  dlog u_i = dlog w_i - drho_i,
// where the weights depend on the ends by D^2 = d^2/2.
//
// Along the geodesic P = mu'/(2 sigma^2) and rho' + (mu - mu1) P do not change,
// as the plane is the same after a shift and after a change of scale; with
// T = (1 - e^-2D)/(2D), mu' = (mu2-mu1)/T (sigma/(m e^(D/2)))^2.
GeodesicGradient GaussianAttr::buildGeodesicPullback(Point a, Point b, Scalar t,
                                                     Point covector) const {
  Between point = walkBetween(a, b, t, getChart());
  Scale first{getChart(), a[1]}, second{getChart(), b[1]};
  Scale between{getChart(), first.dividedBy(point.inverseRatio)};
  Components byFirst = buildSquaredDistanceWithGradient(a, b).gradient;
  Components bySecond = buildSquaredDistanceWithGradient(b, a).gradient;
  Scalar byMean = covector[0], byRho = covector[1] / between.logSlope();

  Scalar step = b[0] - a[0], D = point.ends.D;
  Scalar shift = byMean * (step * point.left * point.done);
  Scalar byWeight1 = -(byRho * point.left) - shift;
  Scalar byWeight2 = shift - byRho * point.done;
  Scalar bySquaredDistance = 0.5 * (byWeight1 * sinhWeightSlope(1.0 - t, D) +
                                    byWeight2 * sinhWeightSlope(t, D));

  Scalar inverse = 1.0 / point.ends.scaledExp;
  Scalar T = expm1Quotient(-2.0 * D);
  Scalar meanSpeed = step / T * square(between.sigma() * inverse);
  // Of rho, from the nearer end.
  Condition nearFirst = point.done <= 0.5;
  Scalar endSpeed = select(nearFirst, -0.25 * (byFirst[1] / first.logSlope()),
                           0.25 * (bySecond[1] / second.logSlope()));
  Scalar passed = select(nearFirst, -point.done, point.left);
  Scalar rhoSpeed = endSpeed + passed * (square(step * inverse) / (2.0 * T));
  return {{byMean * point.left + bySquaredDistance * byFirst[0],
           bySquaredDistance * byFirst[1] - byWeight1 * first.logSlope()},
          {byMean * point.done + bySquaredDistance * bySecond[0],
           bySquaredDistance * bySecond[1] - byWeight2 * second.logSlope()},
          byMean * meanSpeed + byRho * rhoSpeed};
}

Components GaussianAttr::buildConvert(Point belief,
                                      FamilyInterface target) const {
  return {belief[0], convertScale({getChart(), belief[1]},
                                  cast<GaussianAttr>(target).getChart())};
}
