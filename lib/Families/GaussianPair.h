//===- GaussianPair.h - Two normal distributions --------------------------===//
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

#ifndef FISHER_LIB_FAMILIES_GAUSSIANPAIR_H
#define FISHER_LIB_FAMILIES_GAUSSIANPAIR_H

#include "Rates.h"

#include "fisher/IR/Fisher.h"
#include "fisher/Math/Evaluation.h"
#include "fisher/Math/Functions.h"

#include <cmath>

namespace mlir::fisher::gaussian {

//===----------------------------------------------------------------------===//
// Charts
//===----------------------------------------------------------------------===//

inline bool isLogarithmic(GaussianChart chart) {
  return chart == GaussianChart::log_sigma ||
         chart == GaussianChart::log_variance;
}

/// Whether the chart stores a number that must be positive.
inline bool storesPositive(GaussianChart chart) {
  return !isLogarithmic(chart) && chart != GaussianChart::softplus;
}

/// How many times the logarithm of sigma a logarithmic chart stores.
inline double getLogFactor(GaussianChart chart) {
  return chart == GaussianChart::log_variance ? 2.0 : 1.0;
}

/// exp(D) where sinh^2(D/2) = x.
inline Scalar expOfDistance(Scalar x) {
  return 1.0 + 2.0 * (x + sqrt(x) * sqrt(1.0 + x));
}

/// The scale of one belief, stored in a chart.
struct Scale {
  GaussianChart chart;
  Scalar stored;
  /// Whether what is stored outside the chart's domain does not matter.
  bool isInDomain = false;

  /// A scale outside the chart's domain is not a number.
  Scalar positive() const {
    return isInDomain ? stored : positiveOrNaN(stored);
  }

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

  /// The same where 1/sigma is known.
  Scalar logSlope(Scalar inverseSigma) const {
    switch (chart) {
    case GaussianChart::sigma:
      return inverseSigma;
    case GaussianChart::softplus:
      return sigmoid(stored) * inverseSigma;
    default:
      return logSlope();
    }
  }

  /// The derivative by what is stored of the square of d stored/d log(sigma).
  Scalar squaredInverseLogSlopeSlope() const {
    switch (chart) {
    case GaussianChart::sigma:
      return 2.0 * positive();
    case GaussianChart::variance:
    case GaussianChart::precision:
      return 8.0 * positive();
    case GaussianChart::softplus: {
      // With s = sigmoid: 2 sigma/s^2 (s - (1-s) sigma), where sigma is
      // -log(1-s).
      Scalar s = sigmoid(stored), sigma = softplus(stored);
      Scalar near = s * sigma - log1pRemainder(-s);
      Scalar difference = select(stored < 0.0, near, s - (1.0 - s) * sigma);
      return 2.0 * (sigma / s) * (difference / s);
    }
    case GaussianChart::log_sigma:
    case GaussianChart::log_variance:
      return stored.constant(0.0);
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

/// Whether a chart may store this number, and in words which it may.
bool isScaleInDomain(GaussianChart chart, double value);
std::string describeScaleDomain(GaussianChart chart);

/// Mean and scale as a chart stores them, of a mean and a standard deviation.
FailureOr<SmallVector<double>>
getStoredGaussian(GaussianChart chart, ArrayRef<double> standard,
                  function_ref<InFlightDiagnostic()> emitError);

/// The same scale as another chart stores it.
Scalar convertScale(const Scale &scale, GaussianChart target);

/// h = sinh((rho1 - rho2)/2), and the cosine.
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

  /// 1/(sigma1 sigma2).
  Scalar inverseProduct() const {
    if (!logarithmic())
      return 1.0 / (first.sigma() * second.sigma());
    const double whole = 1.0 / getLogFactor(chart());
    Difference sum = exactDifference(-first.stored, second.stored);
    return exp(whole * sum.rounded) * (1.0 + whole * sum.lost);
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

  Scalar sigmaSum() const { return first.sigma() + second.sigma(); }

  /// Of a logarithmic chart. The rounding of a difference matters where it is
  /// large, and there cosh is |h| or little more.
  HalfDifference halfLogDifference() const {
    const double half = 0.5 / getLogFactor(chart());
    Difference difference = exactDifference(first.stored, second.stored);
    Scalar h = sinh(half * difference.rounded);
    h = h + (1.0 + abs(h)) * (half * difference.lost);
    return {h, sqrt(1.0 + square(h))};
  }

  /// h = (sigma1 - sigma2)/(2m), m as above.
  HalfDifference halfDifference(Scalar m) const {
    if (logarithmic())
      return halfLogDifference();
    Scalar mean = 0.5 * first.sigma() + 0.5 * second.sigma();
    return {0.5 * sigmaDifference() / m, mean / m};
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

/// d^2 and the gradient by the first belief's components.
using ValueAndSlopes = SmallVector<Scalar>;

/// What geodesics need of two beliefs.
struct Separation {
  /// The hyperbolic distance.
  Scalar D;
  /// exp(D/2) is the power of a number whose digits are right, because the
  /// rounding of a large D would be multiplied by what D is.
  Scalar expBase, expExponent;
  /// m exp(D/2).
  Scalar scaledExp;
};

/// Two beliefs that are not extreme: neither the product of their scales nor y
/// is near the end of the type's range. One division is enough for them.
///
/// Here the squared chord y = 4 sinh^2(D/2) is the sum of (2g)^2 and (2h)^2.
class NearPair {
public:
  NearPair(Point a, Point b, GaussianChart chart)
      : scales{{chart, a[1], true}, {chart, b[1], true}},
        sigmas(getSigmas(scales)), inverse(getInverseProduct()),
        shift(a[0] - b[0]), slopeByMean(shift * inverse),
        squared2g(slopeByMean * (0.5 * shift)), squaredChord(squared2g),
        slopeByRho(squared2g) {
    if (scales.logarithmic()) {
      HalfDifference half = scales.halfLogDifference();
      Scalar twiceH = 2.0 * half.sinh;
      squaredChord = multiplyAdd(twiceH, twiceH, squared2g);
      slopeByRho = multiplyAdd(twiceH, 2.0 * half.cosh, -squared2g);
    } else {
      Scalar scaled = sigmas.difference * inverse;
      squaredChord = multiplyAdd(scaled, sigmas.difference, squared2g);
      slopeByRho =
          multiplyAdd(scaled, sigmas.first + sigmas.second, -squared2g);
    }
  }

  /// Whether the two are extreme after all, or not in the chart's domain.
  Condition isRare() const {
    const double bound = choose(inverse, 0x1p100, 0x1p1000);
    Condition isExtreme = !(inverse > 1.0 / bound) || !(inverse < bound) ||
                          !(squaredChord < choose(inverse, 0x1p60, 0x1p500));
    if (!storesPositive(scales.chart()))
      return isExtreme;
    // The other is positive, too, where the product is.
    return isExtreme || !(scales.first.stored > 0.0);
  }

  Scalar squaredDistance() const {
    return 2.0 * square(hyperbolicArc(squaredChord));
  }

  ValueAndSlopes withGradient() const {
    Scalar k = 2.0 * hyperbolicArcQuotient(squaredChord);
    Scalar inverseSigma = sigmas.second * inverse;
    Scalar logSlope = scales.chart() == GaussianChart::softplus
                          ? sigmas.slope * inverseSigma
                          : scales.first.logSlope(inverseSigma);
    return {squaredDistance(), k * slopeByMean, k * slopeByRho * logSlope};
  }

  /// With e = sigma1/sigma2 - 1, which is positive or as precise as the ratio,
  /// KL = ((Delta mu/sigma2)^2 + e^2)/2 + (e - log(1+e)). Not for logarithmic
  /// charts.
  Scalar divergence() const {
    Scalar scaled = shift * inverseSecond(), e = excess();
    return 0.5 * (square(scaled) + square(e)) +
           ratioRemainder(e, sigmas.first * inverseSecond());
  }

  /// The same, and its gradients by both beliefs' components.
  ValueAndSlopes divergenceWithGradients() const {
    Scalar inverseFirst = sigmas.second * inverse;
    Scalar scaled = shift * inverseSecond(), byMean = scaled * inverseSecond();
    Scalar y = excess() * (excess() + 2.0);
    return {divergence(), byMean, y * scales.first.logSlope(inverseFirst),
            -byMean,
            -(y + square(scaled)) * scales.second.logSlope(inverseSecond())};
  }

  Separation separation() const {
    Scalar exp = expOfDistance(0.25 * squaredChord);
    return {hyperbolicArc(squaredChord), exp, exp.constant(0.5),
            scales.geometricMean() * sqrt(exp)};
  }

private:
  /// The two sigmas, sigma1 - sigma2 except in a logarithmic chart, and
  /// dsigma1/dstored in the chart softplus.
  static SoftplusPair getSigmas(const ScalePair &scales) {
    Scalar a = scales.first.stored, b = scales.second.stored;
    if (scales.chart() == GaussianChart::softplus)
      return softplusPair(a, b);
    return {scales.first.sigma(), scales.second.sigma(),
            scales.logarithmic() ? a : scales.sigmaDifference(), a};
  }
  Scalar getInverseProduct() const {
    return scales.logarithmic() ? scales.inverseProduct()
                                : 1.0 / (sigmas.first * sigmas.second);
  }
  /// 1/sigma2.
  Scalar inverseSecond() const { return sigmas.first * inverse; }
  /// sigma1/sigma2 - 1.
  Scalar excess() const { return sigmas.difference * inverseSecond(); }

  ScalePair scales;
  SoftplusPair sigmas;
  /// 1/m^2, mu1 - mu2, and dy/dmu1 = (mu1 - mu2)/m^2.
  Scalar inverse, shift, slopeByMean;
  /// (2g)^2, y, and dy/drho1 = 4 h sqrt(1+h^2) - 4 g^2.
  Scalar squared2g, squaredChord, slopeByRho;
};

/// Any two beliefs.
///
/// They are "far" where sinh(D/2) is so large that its square might not be
/// represented. There sinh, cosh and exp/2 of D/2 agree to all digits, so
/// lengths are measured in units of N = m sinh(D/2) instead of m.
class AnyPair {
public:
  AnyPair(Point a, Point b, GaussianChart chart)
      : scales{{chart, a[1]}, {chart, b[1]}}, m(scales.geometricMean()),
        base(std::sqrt(1.0 / 8.0) * (a[0] - b[0])),
        half(scales.halfDifference(m)), far(isFar()), N(hypotenuse()),
        unit(select(far, N, m)), g(base / unit),
        h(select(far, m * half.sinh / N, half.sinh)),
        coshHalf(select(far, abs(h), half.cosh)), x(square(g) + square(h)),
        root(std::sqrt(2.0) * (sqrt(N) / sqrt(m))),
        farDistance(4.0 * log(root)) {}

  Scalar squaredDistance() const {
    return select(far, 2.0 * square(farDistance),
                  2.0 * square(hyperbolicArc(4.0 * x)));
  }

  ValueAndSlopes withGradient() const {
    // d(d^2)/dx.
    Scalar k =
        select(far, 4.0 * farDistance, 8.0 * hyperbolicArcQuotient(4.0 * x));
    Scalar byRho = k * (h * coshHalf - square(g));
    return {squaredDistance(), k * (std::sqrt(0.5) * (g / unit)),
            byRho * scales.first.logSlope()};
  }

  Separation separation() const {
    Scalar exp = expOfDistance(x);
    return {select(far, farDistance, hyperbolicArc(4.0 * x)),
            select(far, root, exp), select(far, x.constant(2.0), 0.5),
            select(far, 2.0 * N, m * sqrt(exp))};
  }

private:
  Condition isFar() const {
    const double threshold = choose(m, 0x1p+29, 0x1p+249);
    return abs(base) > threshold * m || abs(half.sinh) > threshold;
  }

  /// Of m g and m h.
  Scalar hypotenuse() const {
    Scalar height = abs(m * half.sinh), width = abs(base);
    Scalar longer = max(width, height), shorter = min(width, height);
    return longer * sqrt(1.0 + square(shorter / longer));
  }

  ScalePair scales;
  /// m, and m g.
  Scalar m, base;
  HalfDifference half;
  Condition far;
  /// m sinh(D/2), and what g and h are measured by: m, or N where far.
  Scalar N, unit;
  /// g, h, and cosh((rho1 - rho2)/2) in these units.
  Scalar g, h, coshHalf;
  /// g^2 + h^2: sinh^2(D/2), or one where far.
  Scalar x;
  /// exp(D/4), and D, where far.
  Scalar root, farDistance;
};

} // namespace mlir::fisher::gaussian

#endif // FISHER_LIB_FAMILIES_GAUSSIANPAIR_H
