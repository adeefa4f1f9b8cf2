//===- Gaussian.cpp - The normal distributions of one variable ----------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// N(mu, sigma^2) with the Fisher metric dmu^2/sigma^2 + 2 dsigma^2/sigma^2 is
// sqrt(2) times the hyperbolic plane: with rho = log sigma, the hyperbolic
// distance D of two beliefs has
//
//   sinh^2(D/2) = g^2 + h^2,
//   g = (mu1 - mu2) / (sqrt(8) m),  h = sinh((rho1 - rho2)/2),
//   m = sqrt(sigma1 sigma2),
//
// and the Fisher-Rao distance is d = sqrt(2) D. Charts differ in how m and h
// are found without cancellation or overflow; everything else is common.
//
//===----------------------------------------------------------------------===//

#include "Rates.h"

#include "fisher/IR/Fisher.h"
#include "fisher/Math/Evaluation.h"
#include "fisher/Math/Functions.h"

#include <cmath>

using namespace mlir;
using namespace mlir::fisher;

//===----------------------------------------------------------------------===//
// Charts
//===----------------------------------------------------------------------===//

static bool isLogarithmic(GaussianChart chart) {
  return chart == GaussianChart::log_sigma ||
         chart == GaussianChart::log_variance;
}

/// How many times the logarithm of sigma a logarithmic chart stores.
static double getLogFactor(GaussianChart chart) {
  return chart == GaussianChart::log_variance ? 2.0 : 1.0;
}

namespace {
/// The scale of one belief, stored in a chart.
struct Scale {
  GaussianChart chart;
  Scalar stored;

  /// A scale outside the chart's domain is not a number.
  Scalar positive() const { return positiveOrNaN(stored); }

  Scalar sigma() const {
    switch (chart) {
    case GaussianChart::sigma:
      return positive();
    case GaussianChart::softplus:
      return softplus(stored);
    case GaussianChart::variance:
      return sqrt(positive());
    case GaussianChart::precision:
      return 1.0 / sqrt(positive());
    case GaussianChart::log_sigma:
    case GaussianChart::log_variance:
      return exp(logSigma());
    }
    llvm_unreachable("all charts are handled");
  }

  Scalar logSigma() const {
    if (isLogarithmic(chart))
      return stored / getLogFactor(chart);
    return log(sigma());
  }

  /// d log(sigma) / d stored.
  Scalar logSlope() const {
    switch (chart) {
    case GaussianChart::sigma:
      return 1.0 / positive();
    case GaussianChart::softplus:
      return sigmoid(stored) / softplus(stored);
    case GaussianChart::variance:
      return 0.5 / positive();
    case GaussianChart::precision:
      return -0.5 / positive();
    case GaussianChart::log_sigma:
    case GaussianChart::log_variance:
      return stored.constant(1.0 / getLogFactor(chart));
    }
    llvm_unreachable("all charts are handled");
  }

  /// The stored value of this scale's sigma divided by `ratio`.
  Scalar dividedBy(Scalar ratio) const {
    switch (chart) {
    case GaussianChart::sigma:
      return positive() / ratio;
    case GaussianChart::softplus:
      return softplusInverse(sigma() / ratio);
    case GaussianChart::variance:
      return positive() / ratio / ratio;
    case GaussianChart::precision:
      return positive() * ratio * ratio;
    case GaussianChart::log_sigma:
    case GaussianChart::log_variance:
      return stored - getLogFactor(chart) * log(ratio);
    }
    llvm_unreachable("all charts are handled");
  }
};

/// The hyperbolic sine and cosine of (rho1 - rho2)/2.
struct HalfDifference {
  Scalar sinh, cosh;
};

/// The scales of two beliefs, stored in the same chart.
struct ScalePair {
  Scale first, second;

  GaussianChart chart() const { return first.chart; }
  bool logarithmic() const { return isLogarithmic(chart()); }

  /// rho1 - rho2, exact up to one rounding in a logarithmic chart.
  Scalar logDifference() const {
    assert(logarithmic() && "other charts have no stored logarithm");
    return (first.stored - second.stored) / getLogFactor(chart());
  }

  /// m = sqrt(sigma1 sigma2); the square roots are taken first because the
  /// product may be too large or too small to be represented. The exponential
  /// would multiply the rounding of a large sum.
  Scalar geometricMean() const {
    if (logarithmic()) {
      const double half = 0.5 / getLogFactor(chart());
      Difference sum = exactDifference(first.stored, -second.stored);
      return exp(half * sum.rounded) * (1.0 + half * sum.lost);
    }
    return sqrt(first.sigma()) * sqrt(second.sigma());
  }

  /// sigma1 - sigma2 without cancellation; not for logarithmic charts.
  Scalar sigmaDifference() const {
    Scalar a = first.stored, b = second.stored;
    Scalar sigma1 = first.sigma(), sigma2 = second.sigma();
    switch (chart()) {
    case GaussianChart::variance:
      return (a - b) / (sigma1 + sigma2);
    case GaussianChart::precision: {
      // With s = sqrt(precision): 1/s1 - 1/s2 = (s2^2 - s1^2)/(s1 s2 (s1+s2)).
      Scalar s1 = sqrt(first.positive()), s2 = sqrt(second.positive());
      return (b - a) / (s1 + s2) * sigma1 * sigma2;
    }
    case GaussianChart::softplus:
      return softplusDifference(a, b);
    default:
      return sigma1 - sigma2;
    }
  }

  /// h = sinh((rho1 - rho2)/2) = (sigma1 - sigma2)/(2m), and the cosine, with
  /// `overM` for the division. The rounding of a difference matters where it is
  /// large, and there cosh is |h| or little more.
  HalfDifference halfDifference(function_ref<Scalar(Scalar)> overM) const {
    if (logarithmic()) {
      const double half = 0.5 / getLogFactor(chart());
      Difference difference = exactDifference(first.stored, second.stored);
      Scalar h = sinh(half * difference.rounded);
      h = h + (1.0 + abs(h)) * (half * difference.lost);
      return {h, sqrt(1.0 + square(h))};
    }
    return {0.5 * overM(sigmaDifference()),
            overM(0.5 * first.sigma() + 0.5 * second.sigma())};
  }

  /// Half of (sigma1/sigma2)^2 - 1, which may be a number of the type where the
  /// whole is not.
  Scalar halfSquaredRatioMinusOne() const {
    Scalar excess = logarithmic() ? expm1(logDifference())
                                  : sigmaDifference() / second.sigma();
    return (0.5 * excess) * (excess + 2.0);
  }

  /// log(sigma1/sigma2).
  Scalar logRatio() const {
    if (logarithmic())
      return logDifference();
    return logOfRatio(first.sigma(), second.sigma());
  }
};

/// Two beliefs, and what the geometry needs of them.
///
/// Beliefs are "far" where sinh(D/2) is so large that its square might not be
/// represented. There sinh, cosh and exp/2 of D/2 agree to all digits, so
/// lengths are measured in units of N = m sinh(D/2) instead of m.
struct Pair {
  Scalar meanDifference;
  ScalePair scales;
  Scalar m;
  Condition far;
  /// What g and h are measured by: m, or N where far.
  Scalar unit;
  /// g, g over the unit, h, and cosh((rho1 - rho2)/2) in units of m or N.
  Scalar g, gOverUnit, h, coshHalf;
  /// g^2 + h^2: sinh^2(D/2), or one where far.
  Scalar x;
  /// exp(D), or its fourth root where far.
  Scalar expBase;
  /// D where far, else zero.
  Scalar farDistance;

  /// D = 2 asinh(sqrt(x)).
  Scalar hyperbolicDistance() const {
    return select(far, farDistance, 2.0 * sqrt(x) * asinhRootQuotient(x));
  }

  /// d^2 = 2 D^2.
  Scalar squaredDistance() const {
    return select(far, 2.0 * square(farDistance), 8.0 * squaredAsinhRoot(x));
  }

  /// exp(t D/2): the power of a number whose digits are right, because the
  /// rounding of a large D would be multiplied by t D.
  Scalar expHalf(Scalar t) const {
    return power(expBase, t * select(far, x.constant(2.0), 0.5));
  }

  /// exp(-D/2) sqrt(sigma1/sigma2) = sigma1/(m exp(D/2)), which is
  /// sigma1/(2N) where far.
  Scalar expMinusHalfTimesRootRatio() const {
    return scales.first.sigma() / select(far, 2.0 * unit, m * sqrt(expBase));
  }
};
} // namespace

static Pair relate(Point a, Point b, GaussianChart chart) {
  ScalePair scales{{chart, a[1]}, {chart, b[1]}};
  Scalar meanDifference = a[0] - b[0];
  Scalar m = scales.geometricMean();
  Scalar inverse = 1.0 / m;
  auto timesInverse = [&](Scalar y) { return y * inverse; };
  HalfDifference half = scales.halfDifference(timesInverse);
  Scalar base = std::sqrt(1.0 / 8.0) * meanDifference;
  Scalar g = base * inverse;
  Scalar x = square(g) + square(half.sinh);
  Scalar expD = 1.0 + 2.0 * (x + sqrt(x) * sqrt(1.0 + x));

  const double threshold = choose(m, 0x1p+60, 0x1p+500);
  auto isFar = [&](Scalar sinhHalf) {
    return abs(base) > threshold * m || abs(sinhHalf) > threshold;
  };
  // The inverse of a tiny number may be infinite.
  Condition isRare = isFar(half.sinh) || m < choose(m, 0x1p-125, 0x1p-1021);
  auto measureRare = [&]() -> SmallVector<Scalar> {
    HalfDifference exact =
        scales.halfDifference([&](Scalar y) { return y / m; });
    Condition far = isFar(exact.sinh);
    // m g and m h, and N as the hypotenuse of the two.
    Scalar height = m * exact.sinh;
    Scalar longer = max(abs(base), abs(height));
    Scalar shorter = min(abs(base), abs(height));
    Scalar N = longer * sqrt(1.0 + square(shorter / longer));
    Scalar unit = select(far, N, m);
    Scalar rareG = base / unit;
    Scalar h = select(far, height / N, exact.sinh);
    Scalar rareX = square(rareG) + square(h);
    Scalar root = std::sqrt(2.0) * (sqrt(N) / sqrt(m));
    Scalar nearExp = 1.0 + 2.0 * (rareX + sqrt(rareX) * sqrt(1.0 + rareX));
    return {unit,
            rareG,
            rareG / unit,
            h,
            select(far, abs(h), exact.cosh),
            rareX,
            select(far, root, nearExp),
            select(far, 4.0 * log(root), 0.0)};
  };
  SmallVector<Scalar> values = selectRarely(
      isRare, measureRare,
      {m, g, g * inverse, half.sinh, half.cosh, x, expD, m.constant(0.0)});
  // Where the distance was measured so, it is not zero.
  Condition far = values[7] > 0.0;
  return {meanDifference, scales,    m,         far,
          values[0],      values[1], values[2], values[3],
          values[4],      values[5], values[6], values[7]};
}

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

/// Whether the chart stores a number that must be positive.
static bool storesPositive(GaussianChart chart) {
  return !isLogarithmic(chart) && chart != GaussianChart::softplus;
}

bool GaussianAttr::isInDomain(unsigned component, double value) const {
  if (component == 1 && storesPositive(getChart()))
    return value > 0.0 && std::isfinite(value);
  return std::isfinite(value);
}

std::string GaussianAttr::getDomainDescription(unsigned component) const {
  if (component == 1 && storesPositive(getChart()))
    return (getChartName() + " > 0").str();
  return "a finite number";
}

FailureOr<SmallVector<double>> GaussianAttr::getStoredFromStandard(
    ArrayRef<double> standard,
    function_ref<InFlightDiagnostic()> emitError) const {
  double mean = standard[0], sigma = standard[1];
  if (!std::isfinite(mean))
    return emitError() << "a Gaussian's mean must be finite, got " << mean;
  if (!(sigma > 0.0) || !std::isfinite(sigma))
    return emitError()
           << "a Gaussian's standard deviation must be positive, got " << sigma;
  double stored = [&] {
    switch (getChart()) {
    case GaussianChart::sigma:
      return sigma;
    case GaussianChart::log_sigma:
      return std::log(sigma);
    case GaussianChart::softplus:
      return sigma + std::log(-std::expm1(-sigma));
    case GaussianChart::variance:
      return sigma * sigma;
    case GaussianChart::log_variance:
      return 2.0 * std::log(sigma);
    case GaussianChart::precision:
      return 1.0 / (sigma * sigma);
    }
    llvm_unreachable("all charts are handled");
  }();
  return SmallVector<double>{mean, stored};
}

//===----------------------------------------------------------------------===//
// Geometry
//===----------------------------------------------------------------------===//

Scalar GaussianAttr::buildSquaredDistance(Point a, Point b) const {
  return relate(a, b, getChart()).squaredDistance();
}

// With x = sinh^2(D/2) and k = d(d^2)/dx = 4D/(sqrt(x) sqrt(1+x)):
//   dx/drho1 = h sqrt(1+h^2) - g^2,  dx/dmu1 = g / (sqrt(2) m).
DistanceAndGradient
GaussianAttr::buildSquaredDistanceWithGradient(Point a, Point b) const {
  Pair pair = relate(a, b, getChart());
  Scalar k = select(pair.far, 4.0 * pair.farDistance,
                    8.0 * squaredAsinhRootSlope(pair.x));
  Scalar byRho = k * (pair.h * pair.coshHalf - square(pair.g));
  Scalar byMean = k * (std::sqrt(0.5) * pair.gOverUnit);
  return {pair.squaredDistance(),
          {byMean, byRho * pair.scales.first.logSlope()}};
}

// KL = ((Delta mu/sigma2)^2 + y - log(1+y))/2 with 1+y = (sigma1/sigma2)^2.
Scalar GaussianAttr::buildKLDivergence(Point a, Point b) const {
  ScalePair scales{{getChart(), a[1]}, {getChart(), b[1]}};
  Scalar halfY = scales.halfSquaredRatioMinusOne(), y = 2.0 * halfY;
  Scalar logRatio = scales.logRatio();
  Scalar shift = (a[0] - b[0]) / scales.second.sigma();
  // What is halved may be beyond the type's range where half of it is not.
  Scalar halfSpread = select(y < 16.0, 0.5 * expRemainder(-2.0 * logRatio, y),
                             halfY - logRatio);
  return (0.5 * shift) * shift + halfSpread;
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

// Weights w1 = sinh((1-t)D)/sinh D and w2 = sinh(tD)/sinh D, u_i = w_i/sigma_i:
//   sigma = 1/(u1+u2),  mu = mu1 + (mu2-mu1) u2/(u1+u2).
// With q(f) = (1 - e^-2fD)/(2fD), and in units of 1/sigma1,
//   u1 = (1-t) e^-tD q(1-t)/q(1),  u2 = t e^tD (e^-D sigma1/sigma2) q(t)/q(1).
Components GaussianAttr::buildGeodesic(Point a, Point b, Scalar t) const {
  Pair pair = relate(a, b, getChart());
  Scalar D = pair.hyperbolicDistance();
  Scalar rest = 1.0 - t;
  Scalar whole = expm1Quotient(-2.0 * D);
  Scalar growth = pair.expHalf(t);
  Scalar u1 = rest * (expm1Quotient(-2.0 * rest * D) / whole) / growth / growth;
  Scalar u2 = t * (expm1Quotient(-2.0 * t * D) / whole) *
              square(pair.expMinusHalfTimesRootRatio() * growth);
  Scalar sum = u1 + u2;
  // Start from the nearer mean, so that both ends are met.
  Scalar fraction = u2 / sum;
  Condition nearFirst = fraction <= 0.5;
  Scalar mean = select(nearFirst, a[0], b[0]) -
                pair.meanDifference * select(nearFirst, fraction, -(u1 / sum));
  return {mean, pair.scales.first.dividedBy(sum)};
}

Components GaussianAttr::buildConvert(Point belief,
                                      FamilyInterface target) const {
  GaussianChart chart = cast<GaussianAttr>(target).getChart();
  Scale scale{getChart(), belief[1]};
  if (chart == getChart())
    return {belief[0], belief[1]};
  Scalar stored = [&] {
    switch (chart) {
    case GaussianChart::sigma:
      return scale.sigma();
    case GaussianChart::softplus:
      return softplusInverse(scale.sigma());
    case GaussianChart::variance:
      return square(scale.sigma());
    case GaussianChart::precision:
      return 1.0 / square(scale.sigma());
    case GaussianChart::log_sigma:
    case GaussianChart::log_variance:
      return getLogFactor(chart) * scale.logSigma();
    }
    llvm_unreachable("all charts are handled");
  }();
  return {belief[0], stored};
}
