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

#include "CategoricalBelief.h"

#include "llvm/Support/MathExtras.h"

#include <cmath>
#include <numeric>

using namespace mlir;
using namespace mlir::fisher;
using namespace mlir::fisher::categorical;

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
