//===- VonMisesGeodesic.cpp - Geodesics of von Mises beliefs --------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "VonMisesGeodesic.h"

#include "fisher/Math/Functions.h"
#include "fisher/Math/Trigonometry.h"

#include <cmath>

using namespace mlir;
using namespace mlir::fisher;
using namespace mlir::fisher::von_mises;

//===----------------------------------------------------------------------===//
// Two beliefs
//===----------------------------------------------------------------------===//

Turn von_mises::turnBetween(Scalar from, Scalar to) {
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

Scalar von_mises::squaredSineOfHalf(const Turn &turn) {
  SinCos half = sinCos(0.5 * turn.angle);
  return square(select(turn.isWide, half.cos, half.sin));
}

Pair von_mises::relate(Scalar mu1, Scalar kappa1, Scalar mu2, Scalar kappa2,
                       Scalar difference) {
  Polar first(kappa1), second(kappa2);
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
Geodesic von_mises::connect(const Pair &pair) {
  Scalar sign = pair.turn.wideSign, rr = pair.tanhProduct;
  Scalar angle = pair.turn.angle;
  const Format &format = formatOf(angle);
  Scalar B = angle.constant(1.0), nextB = B, phi = B, slope = B;
  Chord next = openChord(pair, angle), chord = next;
  StretchIntegrals stretch = {B, B, B};
  for (auto [i, rule] : llvm::enumerate(format.openingRules)) {
    Scalar lastB = B, lastPhi = phi;
    B = nextB;
    chord = next;
    stretch = integrate(rule, angle,
                        [&](Node node) { return chord.v(node.at, node.rest); });
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
    nextB = B - phi / slope;
    next = openChord(pair, angle * nextB);
  }
  // The last term makes the length stationary in the residual.
  Triangle triangle = measure(pair, chord);
  Scalar length =
      (triangle.distance + lengthFactor(pair, triangle) * stretch.length) -
      triangle.clairaut * (sign * (angle * phi));
  return {next, measure(pair, next), length};
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
    StretchIntegrals stretch = integrate(rule, length, [&](Node node) {
      return line.vOfFraction(fraction * node.at);
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

namespace {
/// A place on a geodesic, and where on its chord that is: the hyperbolic
/// distance from the first belief, and the fraction of the chord.
struct ChordPlace {
  Place place;
  Scalar distance, fraction;
};
} // namespace

static ChordPlace findPlace(const Pair &pair, const Geodesic &geodesic,
                            Scalar share) {
  const Polar &first = pair.first, &second = pair.second;
  const Chord &chord = geodesic.chord;
  const Triangle &triangle = geodesic.triangle;
  auto fraction = [&](Scalar tau) {
    Scalar sinhTau = sinh(tau);
    Scalar sinhRest = sinh(triangle.distance - tau);
    return sinhTau / (sinhTau + first.cosh / second.cosh * sinhRest +
                      formatOf(share).smallest);
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
      follow(line, share * geodesic.length, share * triangle.distance);

  // The point between the ends, weighted as in the hyperbolic plane.
  Condition coincide = triangle.sinh <= 0.0;
  Scalar sinhDistance = select(coincide, 1.0, triangle.sinh);
  Scalar weight1 = select(
      coincide, 1.0, sinh(triangle.distance - arrival.distance) / sinhDistance);
  Scalar weight2 = select(coincide, 0.0, sinh(arrival.distance) / sinhDistance);
  Scalar along = first.x * weight1 + second.x * weight2 * chord.cos;
  Scalar across = second.x * weight2 * chord.sin;
  Scalar turned = atan2(across, along) + arrival.extraTurn;
  Scalar kappa = arrivingConcentration(
      first, hypotenuse(along, across),
      stepOf(first, arrival.distance, triangle.cosPsi, triangle.sinPsi));
  return {{turned, kappa}, arrival.distance, fraction(arrival.distance)};
}

Place von_mises::placeAt(const Pair &pair, const Geodesic &geodesic,
                         Scalar share) {
  return findPlace(pair, geodesic, share).place;
}

/// The heading of what has these parts; outward if it is nothing.
static Heading headingOf(Scalar outward, Scalar across) {
  Scalar length = hypotenuse(outward, across);
  Condition isZero = length <= 0.0;
  Scalar divisor = select(isZero, 1.0, length);
  return {select(isZero, 1.0, outward / divisor),
          select(isZero, 0.0, across / divisor)};
}

/// The pair from the other end.
static Pair reverse(const Pair &pair) {
  return {pair.second,          pair.first,           pair.turn,
          -pair.sinhDifference, -pair.tanhDifference, pair.tanhProduct};
}

// A change across the geodesic is a Jacobi field. That of a geodesic whose
// first end is fixed is there sinh of the chord's length times the growth of
// its turn, as in the hyperbolic plane it is the former, and both have the same
// headings and Clairaut's invariant.
Variation von_mises::varyAt(const Pair &pair, const Geodesic &geodesic,
                            Scalar share) {
  const Polar &first = pair.first, &second = pair.second;
  const Chord &chord = geodesic.chord;
  const Triangle &triangle = geodesic.triangle;
  ChordPlace found = findPlace(pair, geodesic, share);
  Scalar distance = found.distance, fraction = found.fraction;
  Scalar rest = 1.0 - fraction;
  Scalar dot = pair.tanhProduct * chord.cos,
         cross = pair.tanhProduct * chord.sin;
  const Rule &rule = formatOf(share).openingRules.back();
  Scalar whole = turnGrowth(
      rule, dot, cross, [&](Node node) { return chord.v(node.at, node.rest); });
  Scalar before = turnGrowth(rule, rest * square(first.tanh) + fraction * dot,
                             fraction * cross, [&](Node node) {
                               Scalar lambda = fraction * node.at;
                               return chord.v(lambda, 1.0 - lambda);
                             });
  Scalar after = turnGrowth(rule, rest * dot + fraction * square(second.tanh),
                            rest * cross, [&](Node node) {
                              Scalar lambda = rest * node.rest;
                              return chord.v(1.0 - lambda, lambda);
                            });
  Condition coincide = triangle.sinh <= 0.0;
  Scalar scale = select(coincide, 1.0, triangle.sinh) * whole;
  Scalar fromFirst = select(coincide, 1.0 - share,
                            sinh(triangle.distance - distance) * after / scale);
  Scalar fromSecond = select(coincide, share, sinh(distance) * before / scale);

  Triangle reversed = measure(reverse(pair), chord);
  Heading atFirst = headingOf(triangle.cosPsi, triangle.sinPsi);
  Heading atSecond = headingOf(-reversed.cosPsi, reversed.sinPsi);
  atSecond.cos = select(coincide, 1.0, atSecond.cos);
  // cosh rho1 sinh tau + sinh rho1 cosh tau cos psi1, as in placeAlong.
  Scalar rho = first.x * asinhRootQuotient(square(first.x));
  Scalar aside = square(atFirst.sin) / (1.0 + abs(atFirst.cos));
  Scalar inward = sinh(distance - rho) + first.x * aside * cosh(distance);
  Scalar direct =
      first.cosh * sinh(distance) + first.x * cosh(distance) * atFirst.cos;
  Scalar outward = select(atFirst.cos < 0.0, inward, direct);
  return {found.place, fromFirst, fromSecond,
          atFirst,     atSecond,  headingOf(outward, triangle.clairaut)};
}

Place von_mises::placeAlong(const Polar &first, Scalar outward, Scalar across) {
  Scalar length = hypotenuse(outward, across);
  Condition isZero = length <= 0.0;
  Scalar divisor = select(isZero, 1.0, length);
  Scalar cosPsi = select(isZero, 1.0, outward / divisor);
  Scalar sinPsi = select(isZero, 0.0, across / divisor);

  // Along the line, v is a parabola of the distance in the disc. Radii come
  // from cosh(rho-tau) and sinh(rho-tau), to which a walk that is not quite
  // inward adds: on the way in to the uniform belief, cosh rho cosh tau and
  // sinh rho sinh tau are much larger than their difference.
  Scalar inward = first.tanh * cosPsi;
  Scalar bend = first.v * square(cosPsi) + square(sinPsi);
  Scalar aside =
      select(cosPsi < 0.0, square(sinPsi) / (1.0 - cosPsi), 1.0 + cosPsi);
  Scalar rho = first.x * asinhRootQuotient(square(first.x));
  auto coshRho = [&](Scalar tau) {
    return cosh(rho - tau) + first.x * aside * sinh(tau);
  };
  auto fraction = [&](Scalar tau) {
    return first.cosh * sinh(tau) / coshRho(tau);
  };
  auto vOfFraction = [&](Scalar e) {
    Scalar v = first.v * (1.0 - e * (2.0 * inward + e * bend));
    return clampBelow(v, 0.0);
  };
  auto v = [&](Scalar tau) {
    return clampAbove(1.0 / square(coshRho(tau)), 1.0);
  };
  Scalar clairaut = first.x * sinPsi;
  Line line = {first.v, clairaut, first.v * clairaut, fraction, v, vOfFraction};
  Arrival arrival = follow(line, length, length);

  Step step = stepOf(first, arrival.distance, cosPsi, sinPsi);
  Scalar along = sinh(rho - arrival.distance) +
                 first.cosh * aside * sinh(arrival.distance);
  Scalar turned = atan2(step.across, along) + arrival.extraTurn;
  Scalar kappa =
      arrivingConcentration(first, hypotenuse(along, step.across), step);
  return {turned, kappa};
}
