//===- Categorical.cpp - Distributions of one of several outcomes ---------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The roots of the probabilities are points of the unit sphere, and distances
// are twice the sphere's: with phi the angle between sqrt(p) and sqrt(q),
//
//   d = 2 phi = 4 asin(|sqrt(p) - sqrt(q)| / 2).
//
// Both charts store weights in proportion to the probabilities, as they are or
// as logarithms. With p = u/U and q = w/W, U and W the sums,
//
//   sqrt(q) - sqrt(p) = ((sqrt(w) - sqrt(u)) - sqrt(u) (sqrt(W/U) - 1)) /
//   sqrt(W),
//
// where the first difference is exact, or is an expm1, so that nothing is lost
// between beliefs that are close. An error of W/U moves this along sqrt(p), to
// which it is orthogonal: it is felt in second order only.
//
//===----------------------------------------------------------------------===//

#include "Rates.h"

#include "fisher/IR/Fisher.h"
#include "fisher/Math/Evaluation.h"
#include "fisher/Math/Functions.h"
#include "fisher/Math/Trigonometry.h"

#include "llvm/Support/MathExtras.h"

#include <cmath>
#include <numeric>

using namespace mlir;
using namespace mlir::fisher;

static constexpr double infinity = std::numeric_limits<double>::infinity();

//===----------------------------------------------------------------------===//
// Names and domains
//===----------------------------------------------------------------------===//

ArrayRef<StringRef> CategoricalAttr::getComponentNames() const {
  static constexpr StringRef logits[] = {"logits"};
  static constexpr StringRef probabilities[] = {"probabilities"};
  return getChart() == CategoricalChart::logits ? ArrayRef(logits)
                                                : ArrayRef(probabilities);
}

ArrayRef<StringRef> CategoricalAttr::getStandardNames() const {
  static constexpr StringRef names[] = {"probabilities"};
  return names;
}

unsigned CategoricalAttr::getEventRank() const { return 1; }

LogicalResult CategoricalAttr::verifyEventShape(
    ArrayRef<int64_t> shape,
    function_ref<InFlightDiagnostic()> emitError) const {
  if (shape[0] != 0)
    return success();
  return emitError() << "a categorical distribution needs at least one "
                        "outcome, but the last dimension is 0";
}

static bool areWeights(ArrayRef<double> numbers) {
  return llvm::all_of(numbers,
                      [](double p) { return p >= 0.0 && std::isfinite(p); }) &&
         llvm::any_of(numbers, [](double p) { return p > 0.0; });
}

bool CategoricalAttr::isEventInDomain(unsigned, ArrayRef<double> event) const {
  if (getChart() == CategoricalChart::probabilities)
    return areWeights(event);
  return llvm::all_of(event, [](double x) { return x < infinity; }) &&
         llvm::any_of(event, [](double x) { return std::isfinite(x); });
}

std::string CategoricalAttr::getDomainDescription(unsigned) const {
  return getChart() == CategoricalChart::logits
             ? "finite numbers, or minus infinity for some outcomes"
             : "probabilities >= 0, not all 0";
}

FailureOr<StoredComponents> CategoricalAttr::getStoredEvents(
    ArrayRef<double> standard, ArrayRef<int64_t> eventShape,
    function_ref<InFlightDiagnostic()> emitError) const {
  if (standard.size() != 1 &&
      static_cast<int64_t>(standard.size()) != eventShape[0]) {
    InFlightDiagnostic diag = emitError()
                              << "a categorical prior needs one number for "
                                 "all outcomes alike, or one for each of the ";
    if (ShapedType::isStatic(eventShape[0]))
      diag << eventShape[0] << " outcomes";
    else
      diag << "outcomes, whose number must then be known in the type";
    return diag << "; got " << standard.size();
  }
  if (!areWeights(standard))
    return emitError() << "a categorical prior's probabilities must not be "
                          "negative, and not all be 0";
  double total = std::accumulate(standard.begin(), standard.end(), 0.0);
  if (standard.size() == 1 && ShapedType::isStatic(eventShape[0]))
    total *= eventShape[0];
  SmallVector<double, 1> stored;
  for (double weight : standard)
    stored.push_back(getChart() == CategoricalChart::logits
                         ? std::log(weight / total)
                         : weight / total);
  return StoredComponents{stored};
}

//===----------------------------------------------------------------------===//
// One belief
//===----------------------------------------------------------------------===//

namespace {

/// The stored numbers of a belief, and what its weights are measured by.
class Belief {
public:
  Belief(CategoricalChart chart, Array stored)
      : stored(stored), isLogits(chart == CategoricalChart::logits),
        top(isLogits ? maximum(stored) : stored.constant(0.0)),
        total(sum(stored,
                  [&](ArrayRef<Scalar> x) {
                    return isLogits ? square(getWeightRoot(x[0])) : x[0];
                  })),
        totalRoot(sqrt(total)) {}

  /// The root of the weight u of an outcome: at most one for logits.
  Scalar getWeightRoot(Scalar x) const {
    if (!isLogits)
      return sqrt(x);
    Difference below = exactDifference(x, top);
    Scalar root = exp(0.5 * below.rounded);
    return root + root * (0.5 * below.lost);
  }
  /// sqrt(p), which is there long after p is too small for the type.
  Scalar getRoot(Scalar x) const { return getWeightRoot(x) / totalRoot; }
  Scalar getProbability(Scalar x) const {
    return isLogits ? square(getRoot(x)) : nonNegative(x) / total;
  }

  /// Whether an outcome has most of the probability. Of what sums to zero over
  /// the outcomes, its part is then minus the sum of the others', which has
  /// digits where its own has none.
  Condition isLikely(Scalar x) const { return getRoot(x) > 0.75; }

  Array stored;
  bool isLogits;
  /// The largest logit.
  Scalar top;
  /// The sum U of the weights, and its root.
  Scalar total, totalRoot;

private:
  static Scalar nonNegative(Scalar x) { return select(x >= 0.0, x, x.nan()); }
};

} // namespace

//===----------------------------------------------------------------------===//
// Two beliefs
//===----------------------------------------------------------------------===//

namespace {

/// What two beliefs have between them; `x` and `y` are the numbers that they
/// store for one outcome.
class Pair {
public:
  Pair(CategoricalChart chart, Array first, Array second)
      : a(chart, first), b(chart, second), shift(exactDifference(b.top, a.top)),
        excess(sumOf([&](Scalar x, Scalar y) {
          return getRise(x, y) * (b.getWeightRoot(y) + a.getWeightRoot(x));
        })),
        squaredChord(sumOf([&](Scalar x, Scalar y) {
          return square(getRootDifference(x, y));
        })),
        phi(2.0 * asin(0.5 * sqrt(squaredChord))) {}

  Scalar getSquaredDistance() const { return square(2.0 * phi); }

  /// phi/sin(phi), which is one where the beliefs are equal.
  Scalar getPhiQuotient() const {
    return select(phi > 0.0, phi / sinCos(phi).sin, phi.constant(1.0));
  }

  /// q - p.
  Scalar getProbabilityDifference(Scalar x, Scalar y) const {
    return getRootDifference(x, y) * (a.getRoot(x) + b.getRoot(y));
  }

  /// sqrt(q) - sqrt(p).
  Scalar getRootDifference(Scalar x, Scalar y) const {
    Scalar ratio = excess / a.total;
    Scalar growth = ratio / (1.0 + sqrt(1.0 + ratio));
    return (getRise(x, y) - a.getWeightRoot(x) * growth) / b.totalRoot;
  }

  /// log(q/p), which is zero for an outcome that neither belief allows.
  Scalar getLogRatio(Scalar x, Scalar y) const {
    if (a.isLogits)
      return getLogitDifference(x, y) - getLogTotalRatio();
    Scalar p = a.getProbability(x), q = b.getProbability(y);
    return select(p > 0.0 || q > 0.0, logOfRatio(q, p), 0.0);
  }

  /// What is to be added to a logit of `a` so that it is one of `b` where the
  /// probabilities are equal.
  Scalar getLogitShift() const { return shift.rounded + getLogTotalRatio(); }

  /// The sum of what `function` makes of each outcome.
  Scalar sumOf(llvm::function_ref<Scalar(Scalar x, Scalar y)> function) const {
    return sum({a.stored, b.stored}, [&](ArrayRef<Scalar> outcome) {
      return function(outcome[0], outcome[1]);
    });
  }

  /// The array of what `function` makes of each outcome.
  Array mapOf(llvm::function_ref<Scalar(Scalar x, Scalar y)> function) const {
    return map({a.stored, b.stored}, [&](ArrayRef<Scalar> outcome) {
      return function(outcome[0], outcome[1]);
    });
  }

  Belief a, b;
  /// The difference of the largest logits.
  Difference shift;
  /// W - U.
  Scalar excess;
  /// |sqrt(q) - sqrt(p)|².
  Scalar squaredChord;
  /// The angle between the roots.
  Scalar phi;

private:
  /// The logits' difference once the largest of both are at zero.
  Scalar getLogitDifference(Scalar x, Scalar y) const {
    Difference rise = exactDifference(y, x);
    // Infinite logits may be equal.
    Scalar rounded = select(y < x || y > x, rise.rounded, 0.0);
    return (rounded - shift.rounded) + (rise.lost - shift.lost);
  }

  /// sqrt(w) - sqrt(u).
  Scalar getRise(Scalar x, Scalar y) const {
    Scalar u = a.getWeightRoot(x), w = b.getWeightRoot(y);
    if (!a.isLogits)
      return select(u + w > 0.0, (y - x) / (u + w), u + w);
    Scalar rise = getLogitDifference(x, y);
    return copysign(-(max(u, w) * expm1(-0.5 * abs(rise))), rise);
  }

  /// log(W/U).
  Scalar getLogTotalRatio() const {
    Scalar size = log1p(abs(excess) / min(a.total, b.total));
    return copysign(size, excess);
  }
};

/// The unit tangent vector of the sphere at sqrt(p) that points to sqrt(q),
/// times sin(phi): sqrt(q) - B sqrt(p), B = cos(phi).
class Direction {
public:
  explicit Direction(const Pair &pair)
      : pair(pair), overlap(pair.sumOf([&](Scalar x, Scalar y) {
          return pair.a.getRoot(x) * pair.b.getRoot(y);
        })),
        rest(pair.sumOf([&](Scalar x, Scalar y) {
          return select(pair.a.isLikely(x), 0.0,
                        pair.a.getRoot(x) * getDifference(x, y));
        })) {}

  /// The element for an outcome. Its product with sqrt(p) sums to zero.
  Scalar at(Scalar x, Scalar y) const {
    return select(pair.a.isLikely(x), -rest / pair.a.getRoot(x),
                  getDifference(x, y));
  }

  /// The element over sqrt(p): sqrt(q/p) - B.
  Scalar ratioAt(Scalar x, Scalar y) const {
    if (!pair.a.isLogits)
      return at(x, y) / pair.a.getRoot(x);
    // Of logits, the ratio is there where the roots are too small for the type.
    Scalar half = 0.5 * pair.getLogRatio(x, y);
    Scalar ratio = select(isNear(), expm1(half) + 0.5 * pair.squaredChord,
                          exp(half) - overlap);
    return select(pair.a.isLikely(x), -rest / pair.a.getProbability(x), ratio);
  }

private:
  Condition isNear() const { return overlap > 0.5; }

  Scalar getDifference(Scalar x, Scalar y) const {
    Scalar root = pair.a.getRoot(x);
    Scalar near =
        pair.getRootDifference(x, y) + root * (0.5 * pair.squaredChord);
    return select(isNear(), near, pair.b.getRoot(y) - root * overlap);
  }

  const Pair &pair;
  Scalar overlap, rest;
};

} // namespace

//===----------------------------------------------------------------------===//
// Distances
//===----------------------------------------------------------------------===//

Scalar CategoricalAttr::buildSquaredDistance(ArrayPoint a, ArrayPoint b) const {
  return Pair(getChart(), a[0], b[0]).getSquaredDistance();
}

// -2 d/sin(d/2) sqrt(p) (sqrt(q) - B sqrt(p)) for logits, this over the stored
// number for probabilities.
DistanceAndArrayGradient
CategoricalAttr::buildSquaredDistanceWithGradient(ArrayPoint a,
                                                  ArrayPoint b) const {
  Pair pair(getChart(), a[0], b[0]);
  Direction direction(pair);
  Scalar factor = -4.0 * pair.getPhiQuotient();
  Array gradient = pair.mapOf([&](Scalar x, Scalar y) {
    if (pair.a.isLogits)
      return factor * pair.a.getRoot(x) * direction.at(x, y);
    // Along the boundary there is no change to an outcome that neither allows.
    Scalar slope = factor * direction.ratioAt(x, y) / pair.a.total;
    return select(x > 0.0 || y > 0.0, slope, 0.0 * factor);
  });
  return {pair.getSquaredDistance(), {gradient}};
}

// The sum of q - p - p log(q/p) = p (e^l - 1 - l), l = log(q/p).
Scalar CategoricalAttr::buildKLDivergence(ArrayPoint a, ArrayPoint b) const {
  Pair pair(getChart(), a[0], b[0]);
  return pair.sumOf([&](Scalar x, Scalar y) {
    Scalar p = pair.a.getProbability(x), q = pair.b.getProbability(y);
    Scalar l = pair.getLogRatio(x, y);
    Scalar growth =
        pair.a.isLogits ? expm1(l) : pair.getProbabilityDifference(x, y) / p;
    Scalar near = p * expRemainder(-l, growth);
    Scalar far = q - p * (1.0 + l);
    return select(p > 0.0, select(l < 1.0, near, far), q);
  });
}

//===----------------------------------------------------------------------===//
// Metric
//===----------------------------------------------------------------------===//

/// The expectation of tangent vector or covector elements.
static Scalar expectation(const Belief &belief, Array array) {
  return sum({belief.stored, array}, [&](ArrayRef<Scalar> e) {
    return belief.getProbability(e[0]) * e[1];
  });
}

static Scalar total(Array array) {
  return sum(array, [](ArrayRef<Scalar> e) { return e[0]; });
}

/// numerator/denominator, and zero where the numerator is.
static Scalar quotient(Scalar numerator, Scalar denominator) {
  Condition isZero = numerator >= 0.0 && numerator <= 0.0;
  return select(isZero, numerator, numerator / denominator);
}

/// The array of what `function` makes of each outcome and an array's element,
/// which sums to zero.
static Array
mapBalanced(const Belief &belief, Array array,
            llvm::function_ref<Scalar(Scalar x, Scalar e)> function) {
  Scalar rest = sum({belief.stored, array}, [&](ArrayRef<Scalar> e) {
    return select(belief.isLikely(e[0]), 0.0, function(e[0], e[1]));
  });
  return map({belief.stored, array}, [&](ArrayRef<Scalar> e) {
    return select(belief.isLikely(e[0]), -rest, function(e[0], e[1]));
  });
}

/// What a tangent vector does to the probabilities: p (v - E v) for logits.
static Array buildProbabilityTangent(const Belief &belief, Array tangent) {
  Scalar mean = belief.isLogits ? expectation(belief, tangent) : total(tangent);
  return mapBalanced(belief, tangent, [&](Scalar x, Scalar v) {
    Scalar p = belief.getProbability(x);
    return belief.isLogits ? p * (v - mean) : (v - p * mean) / belief.total;
  });
}

// The sphere's metric is dp²/p: the covector is dp for logits, dp/p for
// probabilities.
ArrayComponents CategoricalAttr::buildMetric(ArrayPoint at,
                                             ArrayPoint tangent) const {
  Belief belief(getChart(), at[0]);
  Array change = buildProbabilityTangent(belief, tangent[0]);
  if (belief.isLogits)
    return {change};
  return {map({belief.stored, change}, [&](ArrayRef<Scalar> e) {
    return quotient(e[1], belief.getProbability(e[0]) * belief.total);
  })};
}

// Logits move by g/p, less what moves all of them; probabilities by p (g - E
// g).
ArrayComponents
CategoricalAttr::buildNaturalGradient(ArrayPoint at,
                                      ArrayPoint gradient) const {
  Belief belief(getChart(), at[0]);
  if (!belief.isLogits) {
    Scalar mean = expectation(belief, gradient[0]);
    Array change = mapBalanced(belief, gradient[0], [&](Scalar x, Scalar g) {
      return belief.getProbability(x) * (g - mean);
    });
    return {square(belief.total) * change};
  }
  Scalar all = total(gradient[0]);
  // The products of these with the probabilities sum to zero.
  Scalar rest = sum({belief.stored, gradient[0]}, [&](ArrayRef<Scalar> e) {
    return select(belief.isLikely(e[0]), 0.0,
                  e[1] - belief.getProbability(e[0]) * all);
  });
  return {map({belief.stored, gradient[0]}, [&](ArrayRef<Scalar> e) {
    Scalar p = belief.getProbability(e[0]);
    return select(belief.isLikely(e[0]), -rest / p, quotient(e[1], p) - all);
  })};
}

//===----------------------------------------------------------------------===//
// Geodesics
//===----------------------------------------------------------------------===//

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
  return {pair.mapOf([&](Scalar x, Scalar y) {
    if (pair.a.isLogits)
      return factor * direction.ratioAt(x, y);
    return factor * pair.a.total * pair.a.getRoot(x) * direction.at(x, y);
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
  auto getVelocity = [&](Scalar x, Scalar v) {
    if (belief.isLogits)
      return 0.5 * (v - mean);
    Scalar p = belief.getProbability(x);
    return 0.5 * quotient((v - p * mean) / belief.total, belief.getRoot(x));
  };
  Scalar phi = sqrt(sum({belief.stored, tangent[0]}, [&](ArrayRef<Scalar> e) {
    Scalar velocity = getVelocity(e[0], e[1]);
    return square(belief.isLogits ? belief.getRoot(e[0]) * velocity : velocity);
  }));
  // Half a turn away, every root would be negative.
  phi = select(phi < llvm::numbers::pi, phi, phi.nan());
  Scalar along = select(phi > 0.0, sinCos(phi).sin / phi, phi.constant(1.0));
  Scalar back = -2.0 * square(sinCos(0.5 * phi).sin);
  return {map({belief.stored, tangent[0]}, [&](ArrayRef<Scalar> e) {
    Scalar velocity = getVelocity(e[0], e[1]);
    if (belief.isLogits)
      return scaleRoot(e[0], back + along * velocity);
    Scalar root = belief.getRoot(e[0]);
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
  return {pair.mapOf([&](Scalar x, Scalar y) {
    if (!pair.a.isLogits) {
      Scalar root = pair.a.getRoot(x);
      return squareRoot(
          root + (excess * root + second * pair.getRootDifference(x, y)));
    }
    // From the belief whose probability is larger, so that the other's root
    // is a part of its root.
    Scalar l = pair.getLogRatio(x, y);
    Scalar shift = pair.getLogitShift();
    Scalar other = expm1(-0.5 * abs(l));
    Scalar fromFirst = scaleRoot(x, excess + second * other) + t * shift;
    Scalar fromSecond =
        scaleRoot(y, excess + first * other) - (1.0 - t) * shift;
    return select(l > 0.0, fromSecond, fromFirst);
  })};
}

//===----------------------------------------------------------------------===//
// Charts
//===----------------------------------------------------------------------===//

ArrayComponents CategoricalAttr::buildConvert(ArrayPoint belief,
                                              FamilyInterface target) const {
  CategoricalChart chart = cast<CategoricalAttr>(target).getChart();
  if (chart == getChart())
    return {belief[0]};
  Belief from(getChart(), belief[0]);
  return {map(from.stored, [&](ArrayRef<Scalar> x) {
    Scalar p = from.getProbability(x[0]);
    return chart == CategoricalChart::probabilities ? p : log(p);
  })};
}
