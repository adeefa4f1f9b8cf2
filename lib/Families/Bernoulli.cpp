//===- Bernoulli.cpp - The distributions of one bit -----------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// With the probability p, the metric is dp^2/(p(1-p)), so the arc length is
// y = 2 asin(sqrt(p)): an arc of half a circle of radius two.
//
//===----------------------------------------------------------------------===//

#include "Rates.h"

#include "fisher/IR/Fisher.h"
#include "fisher/Math/Functions.h"
#include "fisher/Math/Trigonometry.h"

#include <cmath>

using namespace mlir;
using namespace mlir::fisher;

//===----------------------------------------------------------------------===//
// Names and domains
//===----------------------------------------------------------------------===//

ArrayRef<StringRef> BernoulliAttr::getComponentNames() const {
  static constexpr StringRef names[] = {"probability"};
  return names;
}

ArrayRef<StringRef> BernoulliAttr::getStandardNames() const {
  static constexpr StringRef names[] = {"probability"};
  return names;
}

bool BernoulliAttr::isInDomain(unsigned, double value) const {
  if (getChart() == BernoulliChart::probability)
    return value >= 0.0 && value <= 1.0;
  return std::isfinite(value);
}

std::string BernoulliAttr::getDomainDescription(unsigned) const {
  return getChart() == BernoulliChart::probability ? "0 <= probability <= 1"
                                                   : "a finite number";
}

FailureOr<SmallVector<double>> BernoulliAttr::getStoredFromStandard(
    ArrayRef<double> standard,
    function_ref<InFlightDiagnostic()> emitError) const {
  double p = standard[0];
  bool isLogit = getChart() == BernoulliChart::logit;
  if (!(p >= 0.0 && p <= 1.0))
    return emitError() << "a Bernoulli probability must be in [0, 1], got "
                       << p;
  if (isLogit && (p == 0.0 || p == 1.0))
    return emitError() << "a Bernoulli probability of " << p
                       << " has no finite logit; store the probability";
  return SmallVector<double>{isLogit ? std::log(p) - std::log1p(-p) : p};
}

//===----------------------------------------------------------------------===//
// Geometry
//===----------------------------------------------------------------------===//

/// A probability outside [0, 1] is not a number.
static Scalar probabilityOrNaN(Scalar p) {
  return select(p >= 0.0 && p <= 1.0, p, p.nan());
}

/// tan of half the arc from b to a, for logits: sinh((a-b)/4)/cosh((a+b)/4).
/// With the exponentials' larger terms taken out, the exponent that is left
/// is exact: |a-b| - |a+b| is twice the smaller of |a| and |b|, with the sign
/// of -ab.
static Scalar tanHalfArcOfLogits(Scalar a, Scalar b) {
  Scalar difference = abs(a - b), sum = abs(a + b);
  Scalar smaller = min(abs(a), abs(b));
  Scalar exponent = select(difference < sum, -smaller, smaller);
  Scalar size = -expm1(-0.5 * difference) / (1.0 + exp(-0.5 * sum));
  return copysign(size * exp(0.5 * exponent), a - b);
}

/// The same for probabilities: the sine of half the arc over its cosine.
static Scalar tanHalfArcOfProbabilities(Scalar a, Scalar b) {
  Scalar p = sqrt(a), q = sqrt(1.0 - a), r = sqrt(b), s = sqrt(1.0 - b);
  Scalar sum = p * s + q * r;
  // Where the sum is zero, so is the difference.
  Scalar sine = select(sum > 0.0, (a - b) / sum, 0.0);
  return sine / (p * r + q * s);
}

// y(a) - y(b) = 2 atan(tan of half of it).
Scalar BernoulliAttr::buildArcLength(Scalar a, Scalar b) const {
  if (getChart() == BernoulliChart::probability)
    return 2.0 * atan(tanHalfArcOfProbabilities(probabilityOrNaN(a),
                                                probabilityOrNaN(b)));
  return 2.0 * atan(tanHalfArcOfLogits(a, b));
}

// 1/sqrt(p(1-p)), or sqrt(p(1-p)) = 1/(e^(a/2) + e^(-a/2)) for logits.
Scalar BernoulliAttr::buildArcSlope(Scalar a) const {
  if (getChart() == BernoulliChart::probability) {
    Scalar p = probabilityOrNaN(a);
    return 1.0 / (sqrt(p) * sqrt(1.0 - p));
  }
  Scalar e = exp(-0.5 * abs(a));
  return e / (1.0 + square(e));
}

// (da/dy)^2 is p(1-p), or 2 + 2 cosh(a).
Scalar BernoulliAttr::buildInverseMetricSlope(Scalar a) const {
  if (getChart() == BernoulliChart::probability)
    return 1.0 - 2.0 * probabilityOrNaN(a);
  return 2.0 * sinh(a);
}

/// The logit at the arc length s from the logit a: with e^(a/2) = tan(y/2) and
/// T = tan(s/2), e^(logit/2) = tan(y/2 + s/2) = (e^(a/2) + T)/(1 - T e^(a/2)).
/// For a > 0 the outcomes are exchanged. The difference from a is taken where
/// it is small, because the result may be much smaller than a.
static Scalar logitAtArcLength(Scalar a, Scalar s) {
  Scalar tangent = tan(0.5 * s);
  Scalar T = select(a > 0.0, -tangent, tangent);
  Scalar first = -abs(a), e = exp(0.5 * first);
  Scalar step = T * exp(-0.5 * first);
  Scalar near = first + 2.0 * (log1p(step) - log1p(-(T * e)));
  Scalar far = 2.0 * log((e + T) / (1.0 - T * e));
  Scalar logit = select(abs(step) < 0.5, near, far);
  return select(a > 0.0, -logit, logit);
}

// sqrt(p') = sin(y/2 + s/2).
Scalar BernoulliAttr::buildAtArcLength(Scalar a, Scalar s) const {
  if (getChart() == BernoulliChart::probability) {
    Scalar p = probabilityOrNaN(a);
    SinCos turn = sinCos(0.5 * s);
    Scalar sine = sqrt(p) * turn.cos + sqrt(1.0 - p) * turn.sin;
    Scalar cosine = sqrt(1.0 - p) * turn.cos - sqrt(p) * turn.sin;
    // Rounding may step over the end by no more than this.
    const double slack = a.isDouble() ? -1e-14 : -1e-6;
    return select(sine > slack && cosine > slack, square(sine), a.nan());
  }
  return logitAtArcLength(a, s);
}

/// p1 log(p1/p2) - p1 + p2, a term of the divergence that is not negative,
/// where p2 - p1 is given because the two may be rounded.
static Scalar divergenceTerm(Scalar p1, Scalar p2, Scalar difference) {
  Scalar x = logOfRatio(p1, p2);
  Scalar term = select(x < -1.0, p2 - p1 * (1.0 - x),
                       p1 * expRemainder(x, difference / p1));
  return select(p1 <= 0.0, p2, term);
}

// For probabilities the terms of the two outcomes. For logits, with p the
// probability of the first that is at most 1/2, and D the step of the logit:
// log(1 + p (e^D - 1)) - p D = p (e^D - 1 - D) - (w - log(1 + w)) with
// w = p (e^D - 1).
Scalar BernoulliAttr::buildKLDivergence(Point a, Point b) const {
  if (getChart() == BernoulliChart::probability) {
    Scalar p = probabilityOrNaN(a[0]), q = probabilityOrNaN(b[0]);
    return divergenceTerm(p, q, q - p) +
           divergenceTerm(1.0 - p, 1.0 - q, p - q);
  }
  // The divergence is the same with the outcomes exchanged.
  Condition exchange = a[0] > 0.0;
  Scalar first = select(exchange, -a[0], a[0]);
  Scalar second = select(exchange, -b[0], b[0]);
  Scalar p = sigmoid(first), D = second - first;
  Scalar growth = expm1(D);
  Scalar near = p * log1pRemainder(growth) - log1pRemainder(p * growth);
  Scalar far = (softplus(second) - softplus(first)) - p * D;
  return select(abs(D) < 1.0, near, far);
}

// With the logits x1 and x2, dKL/dx1 = p1 (1-p1) (x1 - x2), dKL/dx2 = p2 - p1.
DivergenceAndGradients
BernoulliAttr::buildKLDivergenceWithGradients(Point a, Point b) const {
  Scalar divergence = buildKLDivergence(a, b);
  if (getChart() == BernoulliChart::probability) {
    Scalar p = probabilityOrNaN(a[0]), q = probabilityOrNaN(b[0]);
    // Also where both are zero or one.
    Condition isSame = p <= q && p >= q;
    Scalar step = logOfRatio(p, q) - logOfRatio(1.0 - p, 1.0 - q);
    return {divergence,
            {select(isSame, 0.0, step)},
            {select(isSame, 0.0, (q - p) / q / (1.0 - q))}};
  }
  Scalar x = a[0] - b[0];
  Scalar e = exp(-abs(a[0]));
  Scalar variance = e / square(1.0 + e);
  // p2 - p1 = (1-p1) p2 (1 - e^(x1-x2)), from the larger logit to the smaller.
  Scalar low = min(a[0], b[0]), high = max(a[0], b[0]);
  Scalar rise = -expm1(low - high) * (sigmoid(-low) * sigmoid(high));
  return {divergence, {variance * x}, {copysign(rise, -x)}};
}

Components BernoulliAttr::buildConvert(Point belief,
                                       FamilyInterface target) const {
  BernoulliChart chart = cast<BernoulliAttr>(target).getChart();
  if (chart == getChart())
    return {belief[0]};
  if (chart == BernoulliChart::probability)
    return {sigmoid(belief[0])};
  // log(p/(1-p)), which vanishes at 1/2.
  Scalar p = probabilityOrNaN(belief[0]);
  Scalar near = log1p((2.0 * p - 1.0) / (1.0 - p));
  return {select(p > 0.25, near, log(p) - log1p(-p))};
}
