//===- CategoricalBelief.h - What one or two categorical beliefs have *- C++
//-*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_FAMILIES_CATEGORICALBELIEF_H
#define FISHER_LIB_FAMILIES_CATEGORICALBELIEF_H

#include "Rates.h"

#include "fisher/IR/Fisher.h"
#include "fisher/Math/Evaluation.h"
#include "fisher/Math/Functions.h"
#include "fisher/Math/Trigonometry.h"

namespace mlir::fisher::categorical {

//===----------------------------------------------------------------------===//
// One belief
//===----------------------------------------------------------------------===//

/// A sum in f64 in the type that formulas of `array` are evaluated in.
inline Scalar roundLike(EventArray array, Scalar sum) {
  FormulaBuilder &b = sum.getBuilder();
  return {b,
          convertFloat(b, b.getLoc(), sum.getValue(), array.getComputeType())};
}

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

//===----------------------------------------------------------------------===//
// Two beliefs
//===----------------------------------------------------------------------===//

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

//===----------------------------------------------------------------------===//
// Sums and quotients
//===----------------------------------------------------------------------===//

/// numerator/denominator, and zero where the numerator is.
inline Scalar quotient(Scalar numerator, Scalar denominator) {
  Condition isZero = numerator >= 0.0 && numerator <= 0.0;
  return select(isZero, numerator, numerator / denominator);
}

/// The expectation of tangent vector or covector elements.
inline Scalar expectation(const Belief &belief, EventArray array) {
  return belief.sumOf(array, [&](Outcome outcome, Scalar e) {
    return belief.getProbability(outcome) * e;
  });
}

inline Scalar total(EventArray array) {
  return sum(array, [](ArrayRef<Scalar> e) { return e[0]; });
}

/// The array of what `function` makes of each outcome and an array's element,
/// which sums to zero.
inline EventArray mapBalanced(const Belief &belief, EventArray array,
                              Belief::OutcomeFunction function) {
  Scalar rest = belief.sumOf(array, [&](Outcome outcome, Scalar e) {
    return select(belief.isLikely(outcome), 0.0, function(outcome, e));
  });
  return belief.mapOf(array, [&](Outcome outcome, Scalar e) {
    return select(belief.isLikely(outcome), -rest, function(outcome, e));
  });
}

} // namespace mlir::fisher::categorical

#endif // FISHER_LIB_FAMILIES_CATEGORICALBELIEF_H
