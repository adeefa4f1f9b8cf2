//===- CategoricalGeodesic.cpp - Great circles between categorical beliefs ===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CategoricalBelief.h"

#include "fisher/Math/GeodesicWeights.h"

using namespace mlir;
using namespace mlir::fisher;
using namespace mlir::fisher::categorical;

/// What rounding changes of a number near one.
static double roundingUnit(Scalar x) { return choose(x, 0x1p-24, 0x1p-53); }

/// The logit whose probability's root is 1 + `rise` times that of `logit`; not
/// a number beyond the boundary. A root that is zero to rounding is not taken
/// to be less.
static Scalar scaleRoot(Scalar logit, Scalar rise) {
  const double unit = roundingUnit(rise);
  Condition isBoundary = rise < unit - 1.0 && rise > -16.0 * unit - 1.0;
  return logit + 2.0 * log1p(select(isBoundary, unit - 1.0, rise));
}

/// The square of a probability's root, which is not negative but by rounding.
static Scalar squareRoot(Scalar root) {
  const double unit = roundingUnit(root);
  Scalar inside = max(root, root.constant(0.0));
  return select(root >= -16.0 * unit, square(inside), root.nan());
}

ArrayComponents CategoricalAttr::buildLog(ArrayPoint a, ArrayPoint b) const {
  Pair pair(getChart(), a[0], b[0]);
  Direction direction(pair);
  Scalar factor = 2.0 * pair.getPhiQuotient();
  Scalar scaled = factor * (pair.a.totalRoot / pair.b.totalRoot);
  return {pair.mapOf([&](OutcomePair o) {
    if (pair.a.isLogits)
      return factor * direction.ratioAt(o);
    return scaled * direction.onRoot(o);
  })};
}

// sqrt(p) cos(phi) + s sin(phi)/phi, where s is the velocity of sqrt(p) and phi
// its length.
ArrayComponents CategoricalAttr::buildExp(ArrayPoint a,
                                          ArrayPoint tangent) const {
  Belief belief(getChart(), a[0]);
  Scalar mean =
      belief.isLogits ? expectation(belief, tangent[0]) : total(tangent[0]);
  // The velocity's ratio to the root for logits, else the velocity.
  auto getVelocity = [&](Outcome outcome, Scalar v) {
    if (belief.isLogits)
      return 0.5 * (v - mean);
    Scalar p = belief.getProbability(outcome);
    return 0.5 *
           quotient((v - p * mean) / belief.total, belief.getRoot(outcome));
  };
  Scalar phi = sqrt(belief.sumOf(tangent[0], [&](Outcome outcome, Scalar v) {
    Scalar velocity = getVelocity(outcome, v);
    return square(belief.isLogits ? belief.getRoot(outcome) * velocity
                                  : velocity);
  }));
  // Half a turn away, every root would be negative.
  phi = select(phi < llvm::numbers::pi, phi, phi.nan());
  Scalar along = select(phi > 0.0, sinCos(phi).sin / phi, phi.constant(1.0));
  Scalar back = -2.0 * square(sinCos(0.5 * phi).sin);
  return {belief.mapOf(tangent[0], [&](Outcome outcome, Scalar v) {
    Scalar velocity = getVelocity(outcome, v);
    if (belief.isLogits)
      return scaleRoot(outcome.stored, back + along * velocity);
    Scalar root = belief.getRoot(outcome);
    return squareRoot(root + (back * root + along * velocity));
  })};
}

// (sin((1-t) phi) sqrt(p) + sin(t phi) sqrt(q)) / sin(phi).
ArrayComponents CategoricalAttr::buildGeodesic(ArrayPoint a, ArrayPoint b,
                                               Scalar t) const {
  Pair pair(getChart(), a[0], b[0]);
  Condition isMoving = pair.phi > 0.0;
  auto getWeight = [&](Scalar part) {
    return select(isMoving, sinCos(part * pair.phi).sin / sinCos(pair.phi).sin,
                  part);
  };
  Scalar first = getWeight(1.0 - t), second = getWeight(t);
  // Their sum is one more than this.
  Scalar excess = 2.0 * sinCos(0.5 * (1.0 - t) * pair.phi).sin *
                  sinCos(0.5 * t * pair.phi).sin / sinCos(0.5 * pair.phi).cos;
  return {pair.mapOf([&](OutcomePair o) {
    if (!pair.a.isLogits) {
      Scalar root = pair.a.getRoot(o.first);
      return squareRoot(root +
                        (excess * root + second * pair.getRootDifference(o)));
    }
    // From the belief whose probability is larger, so that the other's root
    // is a part of its root.
    Scalar l = pair.getLogRatio(o);
    Scalar shift = pair.getLogitShift();
    Scalar other = expm1(-0.5 * abs(l));
    Scalar fromFirst =
        scaleRoot(o.first.stored, excess + second * other) + t * shift;
    Scalar fromSecond =
        scaleRoot(o.second.stored, excess + first * other) - (1.0 - t) * shift;
    return select(l > 0.0, fromSecond, fromFirst);
  })};
}

namespace {
/// The root of an outcome's probability at a point m of a geodesic: which part
/// of it comes from either end, and its velocity, both over itself for logits
/// and as they are for probabilities.
struct RootBetween {
  Scalar first, second, velocity;
};

/// A point of a geodesic, m = w1 sqrt(p) + w2 sqrt(q).
class PointBetween {
  const Pair &pair;

public:
  PointBetween(const Pair &pair, Scalar t)
      : pair(pair), isMoving(pair.phi > 0.0), sine(sinCos(pair.phi).sin),
        weight1(getWeight(1.0 - t)), weight2(getWeight(t)),
        atFirst(getCosine(1.0 - t)),
        // cos(t phi) - cos((1-t) phi).
        growth(2.0 * sinCos(0.5 * pair.phi).sin *
               sinCos((0.5 - t) * pair.phi).sin),
        speed(pair.getPhiQuotient()) {}

  // m' = phi/sin(phi) (cos(t phi) sqrt(q) - cos((1-t) phi) sqrt(p)).
  RootBetween at(OutcomePair o) const {
    if (!pair.a.isLogits) {
      Scalar p = pair.a.getRoot(o.first), q = pair.b.getRoot(o.second);
      Scalar rise = pair.getRootDifference(o);
      return {weight1 * p, weight2 * q,
              speed * ((atFirst + growth) * rise + growth * p)};
    }
    // In units of the larger root, so that the other is a part of it.
    Scalar half = 0.5 * pair.getLogRatio(o);
    Condition rises = half > 0.0;
    Scalar smaller = exp(-abs(half)), missing = expm1(-abs(half));
    Scalar p = select(rises, smaller, 1.0), q = select(rises, 1.0, smaller);
    Scalar rise = select(rises, -missing, missing);
    Scalar root = weight1 * p + weight2 * q;
    return {weight1 * p / root, weight2 * q / root,
            speed * ((atFirst + growth) * rise + growth * p) / root};
  }

  Condition isMoving;
  Scalar sine, weight1, weight2;

private:
  Scalar getWeight(Scalar part) const {
    return select(isMoving, sinCos(part * pair.phi).sin / sine, part);
  }
  Scalar getCosine(Scalar part) const { return sinCos(part * pair.phi).cos; }

  /// cos((1-t) phi), what cos(t phi) is more, and phi/sin(phi).
  Scalar atFirst, growth, speed;
};
} // namespace

// With c the covector by log(m^2) or m^2, and f_i the parts of m,
//   sum c 2 dm = sum c 2 (f1 dlog sqrt(p) + f2 dlog sqrt(q))
//              + sum c 2 (f1 dlog w1 + f2 dlog w2),
// where the weights depend on the ends by phi^2 = d^2/4. Logits also carry the
// logarithms of both sums of weights, from one to the other.
GeodesicArrayGradient
CategoricalAttr::buildGeodesicPullback(ArrayPoint a, ArrayPoint b, Scalar t,
                                       ArrayPoint covector) const {
  Pair pair(getChart(), a[0], b[0]);
  PointBetween point(pair, t);
  Scalar rest = 1.0 - t;
  SmallVector<EventArray> arrays{
      a[0],       b[0], pair.roots.first, pair.roots.second, pair.roots.rises,
      covector[0]};
  auto at = [&](ArrayRef<Scalar> e) {
    return point.at({{e[0], e[2]}, {e[1], e[3]}, e[4]});
  };
  // The covector by m^2, times m for probabilities.
  auto getSlope = [&](ArrayRef<Scalar> e, const RootBetween &m) {
    return pair.a.isLogits ? e[5] : e[5] * (m.first + m.second);
  };
  auto sumOf = [&](Scalar RootBetween::*part) {
    return roundLike(a[0], sum(arrays, [&](ArrayRef<Scalar> e) {
                       RootBetween m = at(e);
                       return getSlope(e, m) * m.*part;
                     }));
  };
  Scalar first = sumOf(&RootBetween::first);
  Scalar second = sumOf(&RootBetween::second);
  Scalar moving = sumOf(&RootBetween::velocity);
  Scalar all = pair.a.isLogits ? roundLike(a[0], total(covector[0])) : rest;
  Scalar bySquaredDistance = 0.5 * (first * sinWeightSlope(rest, pair.phi) +
                                    second * sinWeightSlope(t, pair.phi));
  // By the stored numbers of one end, for fixed weights of the ends.
  auto getGradient = [&](const Belief &end, ArrayRef<Scalar> e, Outcome outcome,
                         Scalar RootBetween::*part, Scalar sum, Scalar share,
                         Scalar weight) {
    RootBetween m = at(e);
    Scalar slope = getSlope(e, m);
    if (end.isLogits)
      return slope * m.*part +
             end.getProbability(outcome) * (share * all - sum);
    return (quotient(slope * weight, end.getRoot(outcome)) - sum) / end.total;
  };
  SmallVector<EventArray> withFirst(arrays), withSecond(arrays);
  withFirst.push_back(buildSquaredDistanceWithGradient(a, b).gradient[0]);
  withSecond.push_back(buildSquaredDistanceWithGradient(b, a).gradient[0]);
  EventArray byFirst = map(withFirst, [&](ArrayRef<Scalar> e) {
    return getGradient(pair.a, e, {e[0], e[2]}, &RootBetween::first, first,
                       rest, point.weight1) +
           bySquaredDistance * e[6];
  });
  EventArray bySecond = map(withSecond, [&](ArrayRef<Scalar> e) {
    return getGradient(pair.b, e, {e[1], e[3]}, &RootBetween::second, second, t,
                       point.weight2) +
           bySquaredDistance * e[6];
  });
  Scalar byFraction = 2.0 * moving;
  if (pair.a.isLogits)
    byFraction = byFraction + all * pair.getLogitShift();
  return {{byFirst}, {bySecond}, byFraction};
}
