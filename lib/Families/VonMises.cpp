//===- VonMises.cpp - The distributions of a direction --------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// On the surface of VonMisesSurface.h, a geodesic has an invariant c (Clairaut)
// and shares it with a straight line of the hyperbolic plane between the same
// radii, a chord that opens by another angle alpha: along it, the geodesic's
// angle and length differ from the chord's by integrals of the stretch only.
// So distances, directions and points come from one equation,
//
//   F(alpha) = alpha + r1 r2 sin(alpha) S1(alpha) - |mu2 - mu1| = 0,
//
// which is solved by a fixed number of steps.
//
//===----------------------------------------------------------------------===//

#include "Rates.h"
#include "VonMisesSurface.h"

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
// Two beliefs
//===----------------------------------------------------------------------===//

namespace {
/// The angle from one direction to another.
struct Turn {
  /// Minus one where the shorter way is clockwise.
  Scalar sign;
  /// Whether it is more than a quarter of a turn; minus one if so, else one.
  Condition isWide;
  Scalar wideSign;
  /// Its size, or where wide what it lacks of half a turn: at most pi/2.
  Scalar angle;
};

struct Pair {
  Polar first, second;
  Turn turn;
  /// sinh(rho2 - rho1) and tanh rho2 - tanh rho1, precise relative to
  /// themselves, and the product of the latter two.
  Scalar sinhDifference, tanhDifference, tanhProduct;
};
} // namespace

static Turn turnBetween(Scalar from, Scalar to) {
  SplitAngle difference = wrapDifference(from, to);
  Scalar one = from.constant(1.0);
  Scalar sign = select(difference.high < 0.0, -one, one);
  Scalar high = abs(difference.high), low = sign * difference.low;
  // What is lacking of half a turn; negative where the other way is shorter.
  const double halfTurn = from.isDouble() ? M_PI : double(float(M_PI));
  const double rest = from.isDouble() ? 0x1.1a62633145c07p-53 : M_PI - halfTurn;
  Scalar lacking = (halfTurn - high) + (rest - low);
  sign = select(lacking < 0.0, -sign, sign);
  lacking = abs(lacking);
  Scalar size = high + low;
  Condition isWide = size > lacking;
  return {sign, isWide, select(isWide, -one, one),
          select(isWide, lacking, size)};
}

/// `difference` is that of the concentrations.
static Pair relate(Scalar mu1, const Concentration &concentration1, Scalar mu2,
                   const Concentration &concentration2) {
  Polar first(concentration1.kappa()), second(concentration2.kappa());
  Scalar difference = concentration1.differenceTo(concentration2);
  // sinh(rho2 - rho1) = (x2^2 - x1^2)/(x2 cosh rho1 + x1 cosh rho2).
  Condition near = areNear(first.kappa, second.kappa, difference);
  Scalar sum =
      second.x * first.cosh + first.x * second.cosh + formatOf(mu1).smallest;
  Scalar sinhDifference =
      select(near, difference, second.x - first.x) *
      (select(near, meanSlope(first.kappa, difference), second.x + first.x) /
       sum);
  return {first,
          second,
          turnBetween(mu1, mu2),
          sinhDifference,
          sinhDifference / (first.cosh * second.cosh),
          first.tanh * second.tanh};
}

//===----------------------------------------------------------------------===//
// Chords
//===----------------------------------------------------------------------===//

namespace {
/// The straight line between the ends' radii that opens by the angle alpha.
/// Where the turn is wide, alpha is given by what it lacks of half a turn.
struct Chord {
  Scalar v1, v2;
  /// sin(alpha/2) and sin(alpha).
  Scalar sinHalf, sin;
  /// The sine over the angle that is given, and the derivative of the sine by
  /// alpha.
  Scalar sinQuotient, cos;
  /// The square of its length in the Klein disc.
  Scalar squaredLength;

  /// v at a fraction of it; `rest` is one less the fraction.
  Scalar v(Scalar fraction, Scalar rest) const {
    return (rest * v1 + fraction * v2) + fraction * rest * squaredLength;
  }
};

/// The hyperbolic triangle of the ends and the uniform belief.
struct Triangle {
  /// The length of the side between the ends, and its hyperbolic sine.
  Scalar distance, sinh;
  /// Of the angle at the first end between the outward radius and that side.
  Scalar cosPsi, sinPsi;
  /// Clairaut's invariant, x1 sin psi1.
  Scalar clairaut;
};

/// The geodesic between two beliefs.
struct Geodesic {
  Chord chord;
  Triangle triangle;
  Scalar length;
};
} // namespace

static Chord openChord(const Pair &pair, Scalar angle) {
  SinCos half = sinCos(0.5 * angle);
  Scalar sinHalf = select(pair.turn.isWide, half.cos, half.sin);
  Scalar sin = 2.0 * half.sin * half.cos;
  Condition isOpen = angle > 0.0;
  return {pair.first.v,
          pair.second.v,
          sinHalf,
          sin,
          select(isOpen, sin / select(isOpen, angle, 1.0), 1.0),
          1.0 - 2.0 * square(sinHalf),
          square(pair.tanhDifference) +
              4.0 * pair.tanhProduct * square(sinHalf)};
}

// sinh^2(d/2) = sinh^2((rho1-rho2)/2) + x1 x2 sin^2(alpha/2), and
// cos psi1 = (cosh rho2 - cosh rho1 cosh d)/(x1 sinh d)
//          = (sinh(rho2-rho1) - 2 cosh rho1 x2 sin^2(alpha/2))/sinh d.
static Triangle measure(const Pair &pair, const Chord &chord) {
  const Polar &first = pair.first, &second = pair.second;
  const Format &format = formatOf(first.x);
  Condition isSmall = max(first.x, second.x) < format.smallRadius;
  Scalar magnification =
      select(isSmall, first.x.constant(format.magnification), 1.0);
  Scalar magnified = pair.sinhDifference * magnification;
  Scalar x1 = first.x * magnification, x2 = second.x * magnification;
  Scalar squaredSine = square(chord.sinHalf);
  Scalar coshDifference = sqrt(1.0 + square(pair.sinhDifference));
  Scalar root = sqrt(square(magnified) / (2.0 * (1.0 + coshDifference)) +
                     x1 * x2 * squaredSine);
  Scalar sinhHalf = root / magnification;
  Scalar coshHalf = sqrt(1.0 + square(sinhHalf));
  // Ends that coincide have no direction; what is not a number stays so.
  Condition coincide = root <= 0.0;
  Scalar inverse = select(coincide, 0.0,
                          1.0 / (2.0 * select(coincide, 1.0, root) * coshHalf));
  Scalar sinPsi = x2 * inverse * chord.sin;
  Scalar cosPsi = (magnified - 2.0 * first.cosh * x2 * squaredSine) * inverse;
  return {2.0 * sinhHalf * asinhRootQuotient(square(sinhHalf)),
          2.0 * sinhHalf * coshHalf, cosPsi, sinPsi, first.x * sinPsi};
}

/// K: the hyperbolic length of a piece of the chord at v is K dlambda/v.
static Scalar lengthFactor(const Pair &pair, const Triangle &triangle) {
  return triangle.sinh / (pair.first.cosh * pair.second.cosh);
}

// The unknown is B = alpha/|mu2-mu1|, or the same of what both lack of half a
// turn; the equation divided by the latter is
//   phi(B) = B (1 +- r1 r2 sin(alpha)/alpha S1) - 1 = 0.
static Geodesic connect(const Pair &pair) {
  Scalar sign = pair.turn.wideSign, rr = pair.tanhProduct;
  Scalar angle = pair.turn.angle;
  const Format &format = formatOf(angle);
  Scalar B = angle.constant(1.0), next = B, phi = B, slope = B;
  Chord chord = openChord(pair, angle);
  StretchIntegrals stretch = {B, B, B};
  for (auto [i, rule] : llvm::enumerate(format.openingRules)) {
    Scalar lastB = B, lastPhi = phi;
    B = next;
    chord = openChord(pair, angle * B);
    stretch = integrate(rule, angle,
                        [&](Nodes at) { return chord.v(at.node, at.rest); });
    phi = B * (1.0 + sign * rr * chord.sinQuotient * stretch.turn) - 1.0;
    if (i == 0) {
      slope = 1.0 + rr * chord.cos * stretch.turn +
              2.0 * square(rr * chord.sin) * stretch.turnSlope;
    } else if (rule.nodes.size() == format.openingRules[i - 1].nodes.size()) {
      // Another rule would shift phi.
      Scalar step = B - lastB;
      Condition isStep = abs(step) > format.smallestStep;
      slope =
          select(isStep, (phi - lastPhi) / select(isStep, step, 1.0), slope);
    }
    next = B - phi / slope;
  }
  // The last term makes the length stationary in the residual.
  Triangle triangle = measure(pair, chord);
  Scalar length =
      (triangle.distance + lengthFactor(pair, triangle) * stretch.length) -
      triangle.clairaut * (sign * (angle * phi));
  chord = openChord(pair, angle * next);
  return {chord, measure(pair, chord), length};
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
  return relate(a[0], {chart, a[1]}, b[0], {chart, b[1]});
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
  Scalar sum = z.constant(0.0);
  gauss24.forEach(z, [&](Nodes u) {
    Scalar q = u.rest * (s / shifted1) + u.node * (s / shifted2);
    Scalar p = u.rest * (kappa1 / shifted1) + u.node * (kappa2 / shifted2);
    Scalar shifted = s / q;
    Scalar excess = square(shifted) * resultantOf(s * (p / q)).variance - 0.5;
    sum = sum + (u.weight * u.rest) * (shifted * excess);
  });
  Scalar spread = 0.5 * expRemainder(-logOfRatio(shifted2, shifted1), z) +
                  z * (z / shifted2) * Rule::total(sum, z);

  Turn turn = turnBetween(a[0], b[0]);
  SinCos half = sinCos(0.5 * turn.angle);
  Scalar sinHalf = select(turn.isWide, half.cos, half.sin);
  Scalar A = kappa1 * resultantOf(kappa1).ratio;
  return spread + 2.0 * A * kappa2 * square(sinHalf);
}

// G = diag(kappa A, A' (dkappa/dstored)^2).
Components VonMisesAttr::buildMetric(Point at, Point tangent) const {
  Concentration concentration{getChart(), at[1]};
  Scalar kappa = concentration.kappa(), slope = concentration.slope();
  Resultant resultant = resultantOf(kappa);
  Scalar root = resultant.rootVariance * slope;
  return {kappa * resultant.ratio * kappa * tangent[0],
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

// The vector has the length L, and the angle psi1 to the outward radius.
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

//===----------------------------------------------------------------------===//
// Walks along geodesics
//===----------------------------------------------------------------------===//

namespace {
/// A geodesic as a straight line of the Klein disc from the first belief.
struct Line {
  /// At v, a piece dlambda has the hyperbolic length factor dlambda/v.
  Scalar factor;
  Scalar clairaut;
  /// factor times clairaut.
  Scalar turnFactor;
  /// By the hyperbolic distance from the first belief: lambda, and v.
  function_ref<Scalar(Scalar)> fraction, v;
  /// v by lambda, as integrals need it.
  function_ref<Scalar(Scalar)> vOfFraction;
};

/// Where a walk along a line ends.
struct Arrival {
  /// The hyperbolic distance from the start.
  Scalar distance;
  /// By how much more than in the hyperbolic plane the direction has turned.
  Scalar extraTurn;
};
} // namespace

/// Solves tau + integral of (h-1) dtau = `length` for the hyperbolic distance
/// tau. The slope is h.
static Arrival follow(const Line &line, Scalar length, Scalar distance) {
  const Format &format = formatOf(length);
  Scalar extraTurn = distance;
  for (const Rule &rule : format.walkRules) {
    Scalar fraction = line.fraction(distance);
    StretchIntegrals stretch = integrate(rule, length, [&](Nodes at) {
      return line.vOfFraction(fraction * at.node);
    });
    Scalar v = line.v(distance);
    Scalar g = format.stretch(v);
    Scalar residual =
        distance + line.factor * (fraction * stretch.length) - length;
    Scalar step = -residual / (1.0 + v * (1.0 - v) * g);
    distance = distance + step;
    extraTurn = line.turnFactor * (fraction * stretch.turn) +
                line.clairaut * (g * square(v)) * step;
  }
  return {distance, extraTurn};
}

namespace {
/// A step in the plane where beliefs have the radius sinh rho, along and
/// across the radius of the first one.
struct Step {
  Scalar outward, across;
};
} // namespace

/// The hyperbolic step of a length and an angle to the outward radius.
static Step stepOf(const Polar &first, Scalar distance, Scalar cosPsi,
                   Scalar sinPsi) {
  Scalar sinhDistance = sinh(distance);
  return {2.0 * first.x * square(sinh(0.5 * distance)) +
              first.cosh * cosPsi * sinhDistance,
          sinPsi * sinhDistance};
}

/// The hypotenuse; the squares may be too small to be represented.
static Scalar hypotenuse(Scalar a, Scalar b) {
  Scalar longer = max(abs(a), abs(b)), shorter = min(abs(a), abs(b));
  return longer * sqrt(1.0 + square(shorter / (longer + formatOf(a).smallest)));
}

/// The concentration at the radius sinh rho = `x`, where `step` leads.
static Scalar arrivingConcentration(const Polar &first, Scalar x, Step step) {
  Scalar direct = concentrationOf(x);
  // Next to the first belief, by the change of x^2.
  Scalar difference = direct - first.kappa;
  Scalar slope = meanSlope(first.kappa, difference);
  Scalar sum = x + first.x + formatOf(x).smallest;
  Scalar change = step.outward * ((2.0 * first.x + step.outward) / sum) +
                  step.across * (step.across / sum);
  Scalar near = first.kappa + change * (sum / select(slope > 0.0, slope, 1.0));
  return select(areNear(first.kappa, direct, difference), near, direct);
}

// The point is sought from the nearer end.
Components VonMisesAttr::buildGeodesic(Point a, Point b, Scalar t) const {
  Condition fromSecond = t > 0.5;
  Scalar rest = select(fromSecond, 1.0 - t, t);
  Scalar start[] = {select(fromSecond, b[0], a[0]),
                    select(fromSecond, b[1], a[1])};
  Scalar end[] = {select(fromSecond, a[0], b[0]),
                  select(fromSecond, a[1], b[1])};
  Pair pair = relate(start, end, getChart());
  const Polar &first = pair.first, &second = pair.second;
  Geodesic geodesic = connect(pair);
  const Chord &chord = geodesic.chord;
  const Triangle &triangle = geodesic.triangle;

  auto fraction = [&](Scalar tau) {
    Scalar sinhTau = sinh(tau);
    Scalar sinhRest = sinh(triangle.distance - tau);
    return sinhTau / (sinhTau + first.cosh / second.cosh * sinhRest +
                      formatOf(t).smallest);
  };
  auto vOfFraction = [&](Scalar lambda) {
    return chord.v(lambda, 1.0 - lambda);
  };
  auto v = [&](Scalar tau) { return vOfFraction(fraction(tau)); };
  Line line = {lengthFactor(pair, triangle),
               triangle.clairaut,
               pair.tanhProduct * chord.sin,
               fraction,
               v,
               vOfFraction};
  Arrival arrival =
      follow(line, rest * geodesic.length, rest * triangle.distance);

  // The point between the ends, weighted as in the hyperbolic plane.
  Condition coincide = triangle.sinh <= 0.0;
  Scalar sinhDistance = select(coincide, 1.0, triangle.sinh);
  Scalar weight1 = select(
      coincide, 1.0, sinh(triangle.distance - arrival.distance) / sinhDistance);
  Scalar weight2 = select(coincide, 0.0, sinh(arrival.distance) / sinhDistance);
  Scalar along = first.x * weight1 +
                 second.x * weight2 * (1.0 - 2.0 * square(chord.sinHalf));
  Scalar across = second.x * weight2 * chord.sin;
  Scalar turned = atan2(across, along) + arrival.extraTurn;
  Scalar kappa = arrivingConcentration(
      first, hypotenuse(along, across),
      stepOf(first, arrival.distance, triangle.cosPsi, triangle.sinPsi));
  return {start[0] + pair.turn.sign * turned,
          storeConcentration(kappa, getChart())};
}

Components VonMisesAttr::buildExp(Point a, Point tangent) const {
  Concentration concentration{getChart(), a[1]};
  Polar first(concentration.kappa());
  // In lengths of the hyperbolic plane.
  Scalar outward = std::sqrt(0.5) * (first.resultant.rootVariance *
                                     (concentration.slope() * tangent[1]));
  Scalar across = first.x * abs(tangent[0]);
  Scalar length = hypotenuse(outward, across);
  Condition isZero = length <= 0.0;
  Scalar divisor = select(isZero, 1.0, length);
  Scalar cosPsi = select(isZero, 1.0, outward / divisor);
  Scalar sinPsi = select(isZero, 0.0, across / divisor);

  // Along the line, v is a parabola of the distance in the disc.
  Scalar inward = first.tanh * cosPsi;
  Scalar bend = first.v * square(cosPsi) + square(sinPsi);
  auto fraction = [&](Scalar tau) {
    Scalar tanhTau = tanh(tau);
    return tanhTau / (1.0 + inward * tanhTau);
  };
  auto vOfFraction = [&](Scalar e) {
    Scalar v = first.v * (1.0 - e * (2.0 * inward + e * bend));
    return clampBelow(v, 0.0);
  };
  auto v = [&](Scalar tau) {
    Scalar coshRho = first.cosh * cosh(tau) + first.x * cosPsi * sinh(tau);
    return clampAbove(1.0 / square(coshRho), 1.0);
  };
  Scalar clairaut = first.x * sinPsi;
  Line line = {first.v, clairaut, first.v * clairaut, fraction, v, vOfFraction};
  Arrival arrival = follow(line, length, length);

  Step step = stepOf(first, arrival.distance, cosPsi, sinPsi);
  Scalar along = first.x + step.outward;
  Scalar turned = atan2(step.across, along) + arrival.extraTurn;
  Scalar kappa =
      arrivingConcentration(first, hypotenuse(along, step.across), step);
  Scalar one = turned.constant(1.0);
  return {a[0] + select(tangent[0] < 0.0, -one, one) * turned,
          storeConcentration(kappa, getChart())};
}
