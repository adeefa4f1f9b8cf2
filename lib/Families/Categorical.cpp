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
#include "fisher/Math/GeodesicWeights.h"
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

/// A sum in f64 in the type that formulas of `array` are evaluated in.
static Scalar roundLike(EventArray array, Scalar sum) {
  FormulaBuilder &b = sum.getBuilder();
  return {b,
          convertFloat(b, b.getLoc(), sum.getValue(), array.getComputeType())};
}

namespace {

/// One outcome: what a belief stores, and the root of the weight u; that of the
/// largest logit is one.
struct Outcome {
  Scalar stored, root;
};

/// The stored numbers of a belief, and what its weights are measured by. The
/// roots are what is expensive: they are computed once.
class Belief {
public:
  Belief(CategoricalChart chart, EventArray stored)
      : Belief(chart, stored, getTop(chart, stored)) {}
  Belief(CategoricalChart chart, EventArray stored, EventArray roots)
      : stored(stored), isLogits(chart == CategoricalChart::logits),
        roots(roots), rootSquares(sumOfProducts(roots, roots)),
        total(isLogits ? roundLike(stored, rootSquares)
                       : sum(stored, [](ArrayRef<Scalar> x) { return x[0]; })),
        totalRoot(sqrt(total)) {}

  /// The largest logit.
  static Scalar getTop(CategoricalChart chart, EventArray stored) {
    return chart == CategoricalChart::logits ? maximum(stored)
                                             : stored.constant(0.0);
  }

  /// sqrt(p), which is there long after p is too small for the type.
  Scalar getRoot(Outcome outcome) const { return outcome.root / totalRoot; }
  Scalar getProbability(Outcome outcome) const {
    return isLogits ? square(getRoot(outcome))
                    : nonNegative(outcome.stored) / total;
  }

  /// Whether an outcome has most of the probability. Of what sums to zero over
  /// the outcomes, its part is then minus the sum of the others', which has
  /// digits where its own has none.
  Condition isLikely(Outcome outcome) const {
    return outcome.root > 0.75 * totalRoot;
  }

  /// What `build` returns if an outcome may be likely, else zero.
  Scalar ifAnyIsLikely(llvm::function_ref<Scalar()> build) const {
    if (!isLogits)
      return build();
    // The largest root is one.
    return selectRarely(
        0.75 * totalRoot < 1.0, [&] { return SmallVector<Scalar>{build()}; },
        totalRoot.constant(0.0))[0];
  }

  using OutcomeFunction =
      llvm::function_ref<Scalar(Outcome outcome, Scalar element)>;
  /// The sum of what `function` makes of each outcome and an array's element.
  Scalar sumOf(EventArray array, OutcomeFunction function) const {
    return sum({stored, roots, array}, [&](ArrayRef<Scalar> e) {
      return function({e[0], e[1]}, e[2]);
    });
  }
  /// The array of the same.
  EventArray mapOf(EventArray array, OutcomeFunction function) const {
    return map({stored, roots, array}, [&](ArrayRef<Scalar> e) {
      return function({e[0], e[1]}, e[2]);
    });
  }

  EventArray stored;
  bool isLogits;
  EventArray roots;
  /// The sum U of the weights, from the roots and in f64.
  Scalar rootSquares;
  /// U and its root.
  Scalar total, totalRoot;

private:
  Belief(CategoricalChart chart, EventArray stored, Scalar top)
      : Belief(chart, stored, map(stored, [&](ArrayRef<Scalar> x) {
                 return chart == CategoricalChart::logits
                            ? expHalfDifference(x[0], top)
                            : sqrt(x[0]);
               })) {}

  static Scalar nonNegative(Scalar x) { return select(x >= 0.0, x, x.nan()); }
};

} // namespace

//===----------------------------------------------------------------------===//
// Two beliefs
//===----------------------------------------------------------------------===//

namespace {

/// One outcome of two beliefs, and sqrt(w) - sqrt(u).
struct OutcomePair {
  Outcome first, second;
  Scalar rise;
};

/// The roots of two beliefs' weights, and how much the second are larger.
struct PairRoots {
  PairRoots(CategoricalChart chart, EventArray a, EventArray b)
      : topOfFirst(Belief::getTop(chart, a)),
        topOfSecond(Belief::getTop(chart, b)),
        first(build(chart, a, b, &HalfExponentials::first)),
        second(build(chart, a, b, &HalfExponentials::second)),
        rises(build(chart, a, b, &HalfExponentials::rise)) {}

  Scalar topOfFirst, topOfSecond;
  EventArray first, second, rises;

private:
  /// What the three have in common is computed once, in one loop.
  EventArray build(CategoricalChart chart, EventArray a, EventArray b,
                   Scalar HalfExponentials::*part) const {
    return map({a, b}, [&](ArrayRef<Scalar> e) {
      if (chart == CategoricalChart::logits)
        return halfExponentials(e[0], topOfFirst, e[1], topOfSecond).*part;
      Scalar u = sqrt(e[0]), w = sqrt(e[1]);
      Scalar rise = select(u + w > 0.0, (e[1] - e[0]) / (u + w), u + w);
      return HalfExponentials{u, w, rise}.*part;
    });
  }
};

/// What two beliefs have between them.
class Pair {
public:
  Pair(CategoricalChart chart, EventArray first, EventArray second)
      : roots(chart, first, second), a(chart, first, roots.first),
        b(chart, second, roots.second),
        shift(exactDifference(roots.topOfSecond, roots.topOfFirst)),
        riseSquares(sumOfProducts(roots.rises, roots.rises)),
        risesOnRoots(sumOfProducts(roots.first, roots.rises)),
        rootProducts(sumOfProducts(roots.first, roots.second)),
        overlap(roundLike(first, rootProducts) / a.totalRoot / b.totalRoot),
        isNear(overlap > 0.5),
        excess(roundLike(first, riseSquares + 2.0 * risesOnRoots)),
        growth(buildGrowth(excess / a.total)),
        along(select(isNear, risesOnRoots, rootProducts)),
        slope(roundLike(first, along / a.rootSquares)),
        squaredChord(buildSquaredChord()),
        phi(2.0 * asin(0.5 * sqrt(squaredChord))) {}

  Scalar getSquaredDistance() const { return square(2.0 * phi); }

  /// phi/sin(phi), which is one where the beliefs are equal.
  Scalar getPhiQuotient() const {
    return select(phi > 0.0, phi / sinCos(phi).sin, phi.constant(1.0));
  }

  /// q - p.
  Scalar getProbabilityDifference(OutcomePair o) const {
    return getRootDifference(o) * (a.getRoot(o.first) + b.getRoot(o.second));
  }

  /// sqrt(q) - sqrt(p).
  Scalar getRootDifference(OutcomePair o) const {
    return (o.rise - o.first.root * growth) / b.totalRoot;
  }

  /// sqrt(W) (sqrt(q) - B sqrt(p)), B the overlap. Its product with sqrt(u)
  /// sums to zero.
  Scalar getRest(OutcomePair o) const {
    return multiplyAdd(o.first.root, -slope,
                       select(isNear, o.rise, o.second.root));
  }

  /// log(q/p), which is zero for an outcome that neither belief allows.
  Scalar getLogRatio(OutcomePair o) const {
    if (a.isLogits)
      return getLogitDifference(o.first.stored, o.second.stored) -
             getLogTotalRatio();
    Scalar p = a.getProbability(o.first), q = b.getProbability(o.second);
    return select(p > 0.0 || q > 0.0, logOfRatio(q, p), 0.0);
  }

  /// What is to be added to a logit of `a` so that it is one of `b` where the
  /// probabilities are equal.
  Scalar getLogitShift() const { return shift.rounded + getLogTotalRatio(); }

  using PairFunction = llvm::function_ref<Scalar(OutcomePair)>;
  /// The sum of what `function` makes of each outcome.
  Scalar sumOf(PairFunction function) const {
    return sum(getArrays(), [&](ArrayRef<Scalar> e) {
      return function({{e[0], e[2]}, {e[1], e[3]}, e[4]});
    });
  }
  /// The array of the same.
  EventArray mapOf(PairFunction function) const {
    return map(getArrays(), [&](ArrayRef<Scalar> e) {
      return function({{e[0], e[2]}, {e[1], e[3]}, e[4]});
    });
  }

  PairRoots roots;
  Belief a, b;
  /// The difference of the largest logits.
  Difference shift;
  /// Of v = sqrt(w) - sqrt(u), the sums of v² and sqrt(u) v, and that of
  /// sqrt(u) sqrt(w), in f64.
  Scalar riseSquares, risesOnRoots, rootProducts;
  /// The sum of sqrt(p) sqrt(q).
  Scalar overlap;
  Condition isNear;
  /// W - U.
  Scalar excess;
  /// sqrt(W/U) - 1.
  Scalar growth;
  /// What v has of sqrt(u), or what sqrt(w) has if the beliefs are not near:
  /// the sum of products, and this over U.
  Scalar along, slope;
  /// |sqrt(q) - sqrt(p)|².
  Scalar squaredChord;
  /// The angle between the roots.
  Scalar phi;

private:
  SmallVector<EventArray> getArrays() const {
    return {a.stored, b.stored, roots.first, roots.second, roots.rises};
  }

  static Scalar buildGrowth(Scalar ratio) {
    return ratio / (1.0 + sqrt(1.0 + ratio));
  }

  Scalar buildSquaredChord() const {
    if (a.stored.isDouble()) {
      Scalar near = sumOf([&](OutcomePair o) {
                      return square(o.rise - o.first.root * growth);
                    }) /
                    b.total;
      return select(isNear, near, 2.0 - 2.0 * overlap);
    }
    // From W sin(phi)², which sums that are there already give: products of f32
    // are exact in f64. Where the largest roots are one, what is left of
    // `whole` is at least 1/(1 + U) of it, so that the digits suffice.
    Scalar whole = select(isNear, riseSquares, b.rootSquares);
    Scalar rest = whole - along * (along / a.rootSquares);
    Scalar left = roundLike(a.stored, max(rest, rest.constant(0.0)));
    return 2.0 * (left / b.total) / (1.0 + overlap);
  }

  /// The logits' difference once the largest of both are at zero.
  Scalar getLogitDifference(Scalar x, Scalar y) const {
    Difference rise = exactDifference(y, x);
    // Infinite logits may be equal.
    Scalar rounded = select(y < x || y > x, rise.rounded, 0.0);
    return (rounded - shift.rounded) + (rise.lost - shift.lost);
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
      : pair(pair), rootRatio(pair.b.totalRoot / pair.a.totalRoot),
        others(pair.a.ifAnyIsLikely([&] {
          return pair.sumOf([&](OutcomePair o) {
            return select(pair.a.isLikely(o.first), 0.0,
                          o.first.root * pair.getRest(o));
          });
        })) {}

  /// The element for an outcome, times sqrt(W).
  Scalar at(OutcomePair o) const {
    return select(pair.a.isLikely(o.first), -others / o.first.root,
                  pair.getRest(o));
  }

  /// The same times sqrt(u).
  Scalar onRoot(OutcomePair o) const {
    return select(pair.a.isLikely(o.first), -others,
                  o.first.root * pair.getRest(o));
  }

  /// The element over sqrt(p): sqrt(q/p) - B.
  Scalar ratioAt(OutcomePair o) const {
    if (!pair.a.isLogits)
      return at(o) / o.first.root / rootRatio;
    // Of logits, the ratio is there where the roots are too small for the type.
    Scalar half = 0.5 * pair.getLogRatio(o);
    Scalar ratio = select(pair.isNear, expm1(half) + 0.5 * pair.squaredChord,
                          exp(half) - pair.overlap);
    return select(pair.a.isLikely(o.first),
                  -others / square(o.first.root) / rootRatio, ratio);
  }

private:
  const Pair &pair;
  /// sqrt(W/U).
  Scalar rootRatio;
  /// The sum of the products with sqrt(u) of outcomes that are not likely.
  Scalar others;
};

} // namespace

//===----------------------------------------------------------------------===//
// Sums and quotients
//===----------------------------------------------------------------------===//

/// numerator/denominator, and zero where the numerator is.
static Scalar quotient(Scalar numerator, Scalar denominator) {
  Condition isZero = numerator >= 0.0 && numerator <= 0.0;
  return select(isZero, numerator, numerator / denominator);
}

/// The expectation of tangent vector or covector elements.
static Scalar expectation(const Belief &belief, EventArray array) {
  return belief.sumOf(array, [&](Outcome outcome, Scalar e) {
    return belief.getProbability(outcome) * e;
  });
}

static Scalar total(EventArray array) {
  return sum(array, [](ArrayRef<Scalar> e) { return e[0]; });
}

/// The array of what `function` makes of each outcome and an array's element,
/// which sums to zero.
static EventArray mapBalanced(const Belief &belief, EventArray array,
                              Belief::OutcomeFunction function) {
  Scalar rest = belief.sumOf(array, [&](Outcome outcome, Scalar e) {
    return select(belief.isLikely(outcome), 0.0, function(outcome, e));
  });
  return belief.mapOf(array, [&](Outcome outcome, Scalar e) {
    return select(belief.isLikely(outcome), -rest, function(outcome, e));
  });
}

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
  Scalar scaled = factor / pair.a.totalRoot / pair.b.totalRoot;
  EventArray gradient = pair.mapOf([&](OutcomePair o) {
    if (pair.a.isLogits)
      return scaled * direction.onRoot(o);
    // Along the boundary there is no change to an outcome that neither allows.
    Scalar slope = scaled * (direction.at(o) / o.first.root);
    return select(o.first.stored > 0.0 || o.second.stored > 0.0, slope,
                  0.0 * factor);
  });
  return {pair.getSquaredDistance(), {gradient}};
}

// The sum of q - p - p log(q/p) = p (e^l - 1 - l), l = log(q/p).
Scalar CategoricalAttr::buildKLDivergence(ArrayPoint a, ArrayPoint b) const {
  Pair pair(getChart(), a[0], b[0]);
  return pair.sumOf([&](OutcomePair o) {
    Scalar p = pair.a.getProbability(o.first);
    Scalar q = pair.b.getProbability(o.second);
    Scalar l = pair.getLogRatio(o);
    Scalar growth =
        pair.a.isLogits ? expm1(l) : pair.getProbabilityDifference(o) / p;
    Scalar near = p * expRemainder(-l, growth);
    Scalar far = q - p * (1.0 + l);
    return select(p > 0.0, select(l < 1.0, near, far), q);
  });
}

// By a logit of the first p (log(p/q) - KL), by one of the second q - p; this
// over the stored number for probabilities.
DivergenceAndArrayGradients
CategoricalAttr::buildKLDivergenceWithGradients(ArrayPoint a,
                                                ArrayPoint b) const {
  Pair pair(getChart(), a[0], b[0]);
  Scalar divergence = roundLike(a[0], buildKLDivergence(a, b));
  EventArray ratios =
      pair.mapOf([&](OutcomePair o) { return -pair.getLogRatio(o); });
  EventArray first =
      mapBalanced(pair.a, ratios, [&](Outcome outcome, Scalar ratio) {
        Scalar p = pair.a.getProbability(outcome);
        // There is no change to an outcome that the first does not allow.
        return select(p > 0.0, p * (ratio - divergence), 0.0 * divergence);
      });
  if (!pair.a.isLogits)
    first = map({pair.a.stored, pair.a.roots, ratios, first},
                [&](ArrayRef<Scalar> e) {
                  return select(pair.a.isLikely({e[0], e[1]}), e[3] / e[0],
                                (e[2] - divergence) / pair.a.total);
                });
  EventArray second = pair.mapOf([&](OutcomePair o) {
    Scalar difference = pair.getProbabilityDifference(o);
    return pair.b.isLogits ? difference : quotient(difference, o.second.stored);
  });
  return {divergence, {first}, {second}};
}

//===----------------------------------------------------------------------===//
// Metric
//===----------------------------------------------------------------------===//

/// What a tangent vector does to the probabilities: p (v - E v) for logits.
static EventArray buildProbabilityTangent(const Belief &belief,
                                          EventArray tangent) {
  Scalar mean = belief.isLogits ? expectation(belief, tangent) : total(tangent);
  return mapBalanced(belief, tangent, [&](Outcome outcome, Scalar v) {
    Scalar p = belief.getProbability(outcome);
    return belief.isLogits ? p * (v - mean) : (v - p * mean) / belief.total;
  });
}

// The sphere's metric is dp²/p: the covector is dp for logits, dp/p for
// probabilities.
ArrayComponents CategoricalAttr::buildMetric(ArrayPoint at,
                                             ArrayPoint tangent) const {
  Belief belief(getChart(), at[0]);
  EventArray change = buildProbabilityTangent(belief, tangent[0]);
  if (belief.isLogits)
    return {change};
  return {belief.mapOf(change, [&](Outcome outcome, Scalar e) {
    return quotient(e, belief.getProbability(outcome) * belief.total);
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
    EventArray change =
        mapBalanced(belief, gradient[0], [&](Outcome outcome, Scalar g) {
          return belief.getProbability(outcome) * (g - mean);
        });
    return {square(belief.total) * change};
  }
  Scalar all = total(gradient[0]);
  // The products of these with the probabilities sum to zero.
  Scalar rest = belief.sumOf(gradient[0], [&](Outcome outcome, Scalar g) {
    return select(belief.isLikely(outcome), 0.0,
                  g - belief.getProbability(outcome) * all);
  });
  return {belief.mapOf(gradient[0], [&](Outcome outcome, Scalar g) {
    Scalar p = belief.getProbability(outcome);
    return select(belief.isLikely(outcome), -rest / p, quotient(g, p) - all);
  })};
}

// With u g_i and v g_i the products of covector and gradient: by a logit the
// mean of p_j (w g/p) less w g/p, by a probability U times the covariance.
ArrayComponents CategoricalAttr::buildNaturalGradientPullback(
    ArrayPoint at, ArrayPoint gradient, ArrayPoint covector) const {
  Belief belief(getChart(), at[0]);
  SmallVector<EventArray> arrays{at[0], belief.roots, gradient[0], covector[0]};
  if (belief.isLogits) {
    auto getProduct = [&](ArrayRef<Scalar> e) {
      return quotient(e[2] * e[3], belief.getProbability({e[0], e[1]}));
    };
    Scalar all = roundLike(at[0], sum(arrays, getProduct));
    return {map(arrays, [&](ArrayRef<Scalar> e) {
      return belief.getProbability({e[0], e[1]}) * all - getProduct(e);
    })};
  }
  Scalar meanGradient = expectation(belief, gradient[0]);
  Scalar meanCovector = expectation(belief, covector[0]);
  auto getProduct = [&](ArrayRef<Scalar> e) {
    return (e[2] - meanGradient) * (e[3] - meanCovector);
  };
  Scalar covariance =
      roundLike(at[0], sum(arrays, [&](ArrayRef<Scalar> e) {
                  return belief.getProbability({e[0], e[1]}) * getProduct(e);
                }));
  return {map(arrays, [&](ArrayRef<Scalar> e) {
    return belief.total * (getProduct(e) + covariance);
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

//===----------------------------------------------------------------------===//
// Charts
//===----------------------------------------------------------------------===//

ArrayComponents CategoricalAttr::buildConvert(ArrayPoint belief,
                                              FamilyInterface target) const {
  CategoricalChart chart = cast<CategoricalAttr>(target).getChart();
  if (chart == getChart())
    return {belief[0]};
  Belief from(getChart(), belief[0]);
  return {map({from.stored, from.roots}, [&](ArrayRef<Scalar> e) {
    Scalar p = from.getProbability({e[0], e[1]});
    return chart == CategoricalChart::probabilities ? p : log(p);
  })};
}
