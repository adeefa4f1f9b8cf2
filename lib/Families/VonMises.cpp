//===- VonMises.cpp - The distributions of a direction --------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Charts and formulas; the geometry is in VonMisesSurface.h and
// VonMisesGeodesic.h.
//
//===----------------------------------------------------------------------===//

#include "Rates.h"
#include "VonMisesGeodesic.h"

#include "fisher/IR/Fisher.h"
#include "fisher/Math/Functions.h"
#include "fisher/Math/Trigonometry.h"

#include <cmath>

using namespace mlir;
using namespace mlir::fisher;
using namespace mlir::fisher::von_mises;

//===----------------------------------------------------------------------===//
// Charts
//===----------------------------------------------------------------------===//

namespace {
/// The concentration of one belief, stored in a chart.
struct Concentration {
  VonMisesChart chart;
  Scalar stored;

  /// A concentration below zero is not a number.
  Scalar kappa() const {
    switch (chart) {
    case VonMisesChart::kappa:
      return select(stored >= 0.0, stored, stored.nan());
    case VonMisesChart::log_kappa:
      return exp(stored);
    case VonMisesChart::softplus:
      return softplus(stored);
    }
    llvm_unreachable("all charts are handled");
  }

  /// d kappa / d stored.
  Scalar slope() const {
    switch (chart) {
    case VonMisesChart::kappa:
      return stored.constant(1.0);
    case VonMisesChart::log_kappa:
      return exp(stored);
    case VonMisesChart::softplus:
      return sigmoid(stored);
    }
    llvm_unreachable("all charts are handled");
  }

  /// d log(kappa) / d stored.
  Scalar logSlope() const {
    switch (chart) {
    case VonMisesChart::kappa:
      return 1.0 / kappa();
    case VonMisesChart::log_kappa:
      return stored.constant(1.0);
    case VonMisesChart::softplus:
      return sigmoid(stored) / softplus(stored);
    }
    llvm_unreachable("all charts are handled");
  }

  /// d log(slope) / d stored.
  Scalar slopeGrowth() const {
    switch (chart) {
    case VonMisesChart::kappa:
      return stored.constant(0.0);
    case VonMisesChart::log_kappa:
      return stored.constant(1.0);
    case VonMisesChart::softplus:
      return sigmoid(-stored);
    }
    llvm_unreachable("all charts are handled");
  }

  /// kappa of `other`, which is stored in the same chart, less this one's,
  /// without cancellation.
  Scalar differenceTo(const Concentration &other) const {
    switch (chart) {
    case VonMisesChart::kappa:
      return other.stored - stored;
    case VonMisesChart::log_kappa: {
      // Of the larger one, as that is a number where their ratio is not.
      Scalar step = other.stored - stored;
      Scalar part = -expm1(-abs(step));
      return copysign(exp(max(stored, other.stored)) * part, step);
    }
    case VonMisesChart::softplus:
      return softplusDifference(other.stored, stored);
    }
    llvm_unreachable("all charts are handled");
  }
};
} // namespace

/// What a chart stores of a concentration.
static Scalar storeConcentration(Scalar kappa, VonMisesChart chart) {
  switch (chart) {
  case VonMisesChart::kappa:
    return kappa;
  case VonMisesChart::log_kappa:
    return log(kappa);
  case VonMisesChart::softplus:
    return softplusInverse(kappa);
  }
  llvm_unreachable("all charts are handled");
}

//===----------------------------------------------------------------------===//
// Names and domains
//===----------------------------------------------------------------------===//

ArrayRef<StringRef> VonMisesAttr::getComponentNames() const {
  static constexpr StringRef names[] = {"direction", "concentration"};
  return names;
}

ArrayRef<StringRef> VonMisesAttr::getStandardNames() const {
  static constexpr StringRef names[] = {"direction", "concentration"};
  return names;
}

FamilyInterface VonMisesAttr::getInStandardChart() const {
  return VonMisesAttr::get(getContext(), VonMisesChart::kappa);
}

bool VonMisesAttr::isInDomain(unsigned component, double value) const {
  if (component == 1 && getChart() == VonMisesChart::kappa)
    return value >= 0.0 && std::isfinite(value);
  return std::isfinite(value);
}

std::string VonMisesAttr::getDomainDescription(unsigned component) const {
  if (component == 1 && getChart() == VonMisesChart::kappa)
    return "kappa >= 0";
  return "a finite number";
}

FailureOr<SmallVector<double>> VonMisesAttr::getStoredFromStandard(
    ArrayRef<double> standard,
    function_ref<InFlightDiagnostic()> emitError) const {
  double direction = standard[0], kappa = standard[1];
  if (!std::isfinite(direction))
    return emitError() << "a von Mises direction must be finite, got "
                       << direction;
  if (!(kappa >= 0.0) || !std::isfinite(kappa))
    return emitError()
           << "a von Mises concentration must be finite and not negative, got "
           << kappa;
  if (kappa == 0.0 && getChart() != VonMisesChart::kappa)
    return emitError() << "a von Mises concentration of 0 has no finite "
                       << getChartName() << "; store kappa";
  double stored = [&] {
    switch (getChart()) {
    case VonMisesChart::kappa:
      return kappa;
    case VonMisesChart::log_kappa:
      return std::log(kappa);
    case VonMisesChart::softplus:
      return kappa + std::log(-std::expm1(-kappa));
    }
    llvm_unreachable("all charts are handled");
  }();
  return SmallVector<double>{direction, stored};
}

//===----------------------------------------------------------------------===//
// Geometry
//===----------------------------------------------------------------------===//

static Pair relate(Point a, Point b, VonMisesChart chart) {
  Concentration first{chart, a[1]}, second{chart, b[1]};
  return relate(a[0], first.kappa(), b[0], second.kappa(),
                first.differenceTo(second));
}

Scalar VonMisesAttr::buildSquaredDistance(Point a, Point b) const {
  return 2.0 * square(connect(relate(a, b, getChart())).length);
}

// With L the length in the Fisher metric, d(d^2)/dmu1 = -2 sqrt(2) L c sign,
// d(d^2)/dkappa1 = -2 L sqrt(A'(kappa1)) cos psi1.
DistanceAndGradient
VonMisesAttr::buildSquaredDistanceWithGradient(Point a, Point b) const {
  Pair pair = relate(a, b, getChart());
  Geodesic geodesic = connect(pair);
  const Triangle &triangle = geodesic.triangle;
  Scalar byDirection =
      -4.0 * geodesic.length * triangle.clairaut * pair.turn.sign;
  Scalar byKappa = (-2.0 * std::sqrt(2.0)) * geodesic.length *
                   pair.first.resultant.rootVariance * triangle.cosPsi;
  Concentration concentration{getChart(), a[1]};
  return {2.0 * square(geodesic.length),
          {byDirection, byKappa * concentration.slope()}};
}

// KL = int_kappa1^kappa2 (kappa2 - k) A'(k) dk + A1 kappa2 (1 - cos(mu2-mu1)).
// With w = A' (s+k)^2, which is 1/2 for large k, and z = (kappa2-kappa1)/
// (s+kappa1), the integral is
//   (z - log(1+z))/2 + z^2/(s+kappa2) int_0^1 (1-u) V du,  V = (s+k)(w - 1/2),
// where s/(s+k) is linear in u. V is smooth everywhere, most so for s near 5.
Scalar VonMisesAttr::buildKLDivergence(Point a, Point b) const {
  Concentration concentration1{getChart(), a[1]};
  Concentration concentration2{getChart(), b[1]};
  Scalar kappa1 = concentration1.kappa(), kappa2 = concentration2.kappa();
  const double s = 5.0;
  Scalar shifted1 = s + kappa1, shifted2 = s + kappa2;
  Scalar z = concentration1.differenceTo(concentration2) / shifted1;
  auto sums = gauss24.sum(z, 1, [&](Node u) -> SmallVector<Scalar> {
    Scalar q = u.rest * (s / shifted1) + u.at * (s / shifted2);
    Scalar p = u.rest * (kappa1 / shifted1) + u.at * (kappa2 / shifted2);
    Scalar shifted = s / q;
    Scalar excess = square(shifted) * resultantOf(s * (p / q)).variance - 0.5;
    return {(u.weight * u.rest) * (shifted * excess)};
  });
  Scalar spread = 0.5 * expRemainder(-logOfRatio(shifted2, shifted1), z) +
                  z * (z / shifted2) * sums[0];

  Scalar A = kappa1 * resultantOf(kappa1).ratio;
  return spread + 2.0 * A * kappa2 * squaredSineOfHalf(turnBetween(a[0], b[0]));
}

// KL = log(I0(kappa2)/I0(kappa1)) + kappa1 A1 - kappa2 A1 cos(mu2-mu1).
DivergenceAndGradients
VonMisesAttr::buildKLDivergenceWithGradients(Point a, Point b) const {
  Concentration concentration1{getChart(), a[1]};
  Concentration concentration2{getChart(), b[1]};
  Scalar kappa1 = concentration1.kappa(), kappa2 = concentration2.kappa();
  Resultant resultant = resultantOf(kappa1);
  Scalar A = kappa1 * resultant.ratio;
  Turn turn = turnBetween(a[0], b[0]);
  // 1 - cos(mu2-mu1).
  Scalar defect = 2.0 * squaredSineOfHalf(turn);
  Scalar byTurn = A * kappa2 * (turn.sign * sinCos(turn.angle).sin);
  Scalar difference = concentration1.differenceTo(concentration2);
  Scalar byKappa1 = resultant.variance * (kappa2 * defect - difference);
  Scalar byKappa2 =
      resultantDifference(kappa1, kappa2, difference) + A * defect;
  return {buildKLDivergence(a, b),
          {-byTurn, byKappa1 * concentration1.slope()},
          {byTurn, byKappa2 * concentration2.slope()}};
}

// G = diag(kappa A, A' (dkappa/dstored)^2).
Components VonMisesAttr::buildMetric(Point at, Point tangent) const {
  Concentration concentration{getChart(), at[1]};
  Scalar kappa = concentration.kappa(), slope = concentration.slope();
  Resultant resultant = resultantOf(kappa);
  Scalar root = resultant.rootVariance * slope;
  return {kappa * (resultant.ratio * (kappa * tangent[0])),
          root * (root * tangent[1])};
}

Components VonMisesAttr::buildNaturalGradient(Point at, Point gradient) const {
  Concentration concentration{getChart(), at[1]};
  Scalar kappa = concentration.kappa(), slope = concentration.slope();
  Resultant resultant = resultantOf(kappa);
  Scalar root = resultant.rootVariance * slope;
  // The uniform belief has no direction to change.
  Scalar byDirection = gradient[0] / kappa / (kappa * resultant.ratio);
  return {select(kappa <= 0.0 && abs(gradient[0]) <= 0.0, 0.0, byDirection),
          gradient[1] / root / root};
}

Components VonMisesAttr::buildNaturalGradientPullback(Point at, Point gradient,
                                                      Point covector) const {
  Concentration concentration{getChart(), at[1]};
  Scalar kappa = concentration.kappa(), slope = concentration.slope();
  Resultant resultant = resultantOf(kappa);
  Scalar root = resultant.rootVariance * slope;
  Condition isUniform = kappa <= 0.0;
  // What the metric's inverse makes of both, and how it changes.
  Scalar byDirection =
      (gradient[0] / kappa) * (covector[0] / kappa) / resultant.ratio;
  byDirection = select(isUniform && abs(gradient[0] * covector[0]) <= 0.0, 0.0,
                       byDirection);
  Scalar byKappa = (gradient[1] / root) * (covector[1] / root);
  Scalar logSlope = select(isUniform, 0.0, concentration.logSlope());
  return {
      0.0 * byDirection,
      -(logSlope * (byDirection * (1.0 + resultant.variance / resultant.ratio) +
                    byKappa * varianceGrowthOf(kappa)) +
        2.0 * byKappa * concentration.slopeGrowth())};
}

// The vector has the length L, and the angle psi1 to the outward radius. At the
// uniform belief only its part along the stored direction can be told.
Components VonMisesAttr::buildLog(Point a, Point b) const {
  Pair pair = relate(a, b, getChart());
  Geodesic geodesic = connect(pair);
  const Triangle &triangle = geodesic.triangle;
  Concentration concentration{getChart(), a[1]};
  Condition isUniform = pair.first.x <= 0.0;
  Scalar byDirection = geodesic.length * triangle.sinPsi * pair.turn.sign /
                       select(isUniform, 1.0, pair.first.x);
  Scalar byKappa = std::sqrt(2.0) * geodesic.length * triangle.cosPsi /
                   pair.first.resultant.rootVariance;
  return {select(isUniform, 0.0, byDirection), byKappa / concentration.slope()};
}

Components VonMisesAttr::buildConvert(Point belief,
                                      FamilyInterface target) const {
  VonMisesChart chart = cast<VonMisesAttr>(target).getChart();
  if (chart == getChart())
    return {belief[0], belief[1]};
  Concentration concentration{getChart(), belief[1]};
  return {belief[0], storeConcentration(concentration.kappa(), chart)};
}

namespace {
/// A fraction of the way between two beliefs, from the nearer end.
struct Way {
  Condition isReversed;
  Scalar start[2], end[2];
  Scalar share;

  Way(Point a, Point b, Scalar t)
      : isReversed(t > 0.5),
        start{select(isReversed, b[0], a[0]), select(isReversed, b[1], a[1])},
        end{select(isReversed, a[0], b[0]), select(isReversed, a[1], b[1])},
        share(select(isReversed, 1.0 - t, t)) {}
};
} // namespace

Components VonMisesAttr::buildGeodesic(Point a, Point b, Scalar t) const {
  Way way(a, b, t);
  Pair pair = relate(way.start, way.end, getChart());
  Place place = placeAt(pair, connect(pair), way.share);
  return {way.start[0] + pair.turn.sign * place.turn,
          storeConcentration(place.kappa, getChart())};
}

// Covectors are taken apart along and across the geodesic, in the lengths of
// the hyperbolic plane.
GeodesicGradient VonMisesAttr::buildGeodesicPullback(Point a, Point b, Scalar t,
                                                     Point covector) const {
  Way way(a, b, t);
  Pair pair = relate(way.start, way.end, getChart());
  Geodesic geodesic = connect(pair);
  Variation variation = varyAt(pair, geodesic, way.share);
  Scalar sign = pair.turn.sign;

  Concentration between{getChart(),
                        storeConcentration(variation.place.kappa, getChart())};
  Polar place(variation.place.kappa);
  Condition isUniform = place.x <= 0.0;
  Scalar turning = select(isUniform, 0.0,
                          sign * covector[0] / select(isUniform, 1.0, place.x));
  Scalar outward = std::sqrt(2.0) * (covector[1] / between.slope()) /
                   place.resultant.rootVariance;
  const Heading &heading = variation.between;
  Scalar along = heading.cos * outward + heading.sin * turning;
  Scalar across = heading.cos * turning - heading.sin * outward;

  auto getGradient = [&](const Polar &polar, Scalar stored, Heading end,
                         Scalar alongShare, Scalar acrossShare) -> Components {
    Scalar endAlong = alongShare * along, endAcross = acrossShare * across;
    Scalar byTurn = end.sin * endAlong + end.cos * endAcross;
    Scalar byRadius = end.cos * endAlong - end.sin * endAcross;
    Concentration concentration{getChart(), stored};
    return {sign * byTurn * polar.x,
            std::sqrt(0.5) * (byRadius * polar.resultant.rootVariance) *
                concentration.slope()};
  };
  Components byStart = getGradient(pair.first, way.start[1], variation.first,
                                   1.0 - way.share, variation.fromFirst);
  Components byEnd = getGradient(pair.second, way.end[1], variation.second,
                                 way.share, variation.fromSecond);
  Scalar byShare = geodesic.length * along;
  auto choose = [&](Scalar ifReversed, Scalar otherwise) {
    return select(way.isReversed, ifReversed, otherwise);
  };
  return {{choose(byEnd[0], byStart[0]), choose(byEnd[1], byStart[1])},
          {choose(byStart[0], byEnd[0]), choose(byStart[1], byEnd[1])},
          choose(-byShare, byShare)};
}

Components VonMisesAttr::buildExp(Point a, Point tangent) const {
  Concentration concentration{getChart(), a[1]};
  Polar first(concentration.kappa());
  // In lengths of the hyperbolic plane.
  Scalar outward = std::sqrt(0.5) * (first.resultant.rootVariance *
                                     (concentration.slope() * tangent[1]));
  Scalar across = first.x * abs(tangent[0]);
  Place place = placeAlong(first, outward, across);
  Scalar one = across.constant(1.0);
  return {a[0] + select(tangent[0] < 0.0, -one, one) * place.turn,
          storeConcentration(place.kappa, getChart())};
}
