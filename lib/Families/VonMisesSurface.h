//===- VonMisesSurface.h - Functions and quadrature of von Mises ----------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The von Mises beliefs of concentration kappa and direction mu are a surface
// of revolution with the metric
//
//   kappa A dmu^2 + A' dkappa^2 = 2 (h^2 drho^2 + sinh^2 rho dmu^2),
//
// where A = I1/I0 is the mean resultant length, A' its derivative by kappa,
// x = sinh rho = sqrt(kappa A/2), v = 1/(1 + x^2), and h = 1 + v (1-v) g(v): a
// hyperbolic plane stretched along the radius by at most 23 percent. Lengths
// here are those of the plane, sqrt(2) times shorter than the Fisher metric's.
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_FAMILIES_VONMISESSURFACE_H
#define FISHER_LIB_FAMILIES_VONMISESSURFACE_H

#include "fisher/Math/Array.h"
#include "fisher/Math/Evaluation.h"
#include "fisher/Math/VonMisesCoefficients.h"

#include "llvm/ADT/SmallVectorExtras.h"

#include <limits>

namespace mlir::fisher::von_mises {

//===----------------------------------------------------------------------===//
// Tables
//===----------------------------------------------------------------------===//

/// A function of VonMisesCoefficients.h.
struct Rational {
  double center;
  ArrayRef<double> numerator, denominator;

  Scalar operator()(Scalar x) const {
    Scalar y = x - center;
    return polynomial(y, numerator) / polynomial(y, denominator);
  }

  /// The derivative.
  Scalar slope(Scalar x) const {
    Scalar y = x - center, bottom = polynomial(y, denominator);
    return (polynomial(y, differentiate(numerator)) -
            polynomial(y, numerator) / bottom *
                polynomial(y, differentiate(denominator))) /
           bottom;
  }

  /// The coefficients of a polynomial's derivative.
  static SmallVector<double> differentiate(ArrayRef<double> coefficients) {
    SmallVector<double> slopes;
    for (size_t i = 1; i < coefficients.size(); ++i)
      slopes.push_back(static_cast<double>(i) * coefficients[i]);
    return slopes;
  }
};

/// A node of a quadrature rule on [0, 1], one less it, and its weight.
struct Node {
  Scalar at, rest, weight;
};

/// A Gauss-Legendre rule on [0, 1]: the nodes below 1/2, each of which has a
/// partner of the same weight.
struct Rule {
  ArrayRef<double> nodes, weights;

  /// The sums of what `terms` makes of each node: as many as it returns.
  /// Long rules are loops, so that the code stays short.
  SmallVector<Scalar> sum(Scalar like, size_t numSums,
                          function_ref<SmallVector<Scalar>(Node)> terms) const {
    FormulaBuilder &b = like.getBuilder();
    auto addPair = [&](Scalar node, Scalar weight, ArrayRef<Scalar> before) {
      SmallVector<Scalar> total(before);
      for (Node partner :
           {Node{node, 1.0 - node, weight}, Node{1.0 - node, node, weight}})
        for (auto [sum, term] : llvm::zip_equal(total, terms(partner)))
          sum = sum + term;
      return total;
    };
    SmallVector<Scalar> total(numSums, like.constant(0.0));
    if (nodes.size() <= 6) {
      for (auto [node, weight] : llvm::zip_equal(nodes, weights))
        total = addPair(like.constant(node), like.constant(weight), total);
      return total;
    }
    EventArray nodeTable = constantArray(like, nodes);
    EventArray weightTable = constantArray(like, weights);
    auto asScalars = [&](ValueRange values) {
      return llvm::map_to_vector(values,
                                 [&](Value value) { return Scalar(b, value); });
    };
    auto asValues = [](ArrayRef<Scalar> scalars) {
      return llvm::map_to_vector(
          scalars, [](Scalar scalar) { return scalar.getValue(); });
    };
    return asScalars(loop(
        b, b.getIndex(0), b.getIndex(static_cast<int64_t>(nodes.size())),
        asValues(total), [&](FormulaBuilder &, Value i, ValueRange carried) {
          return SmallVector<Value>(asValues(
              addPair(nodeTable.at(i), weightTable.at(i), asScalars(carried))));
        }));
  }
};

inline const Rule gauss6 = {coefficients::gauss6Nodes,
                            coefficients::gauss6Weights};
inline const Rule gauss10 = {coefficients::gauss10Nodes,
                             coefficients::gauss10Weights};
inline const Rule gauss24 = {coefficients::gauss24Nodes,
                             coefficients::gauss24Weights};
inline const Rule gauss64 = {coefficients::gauss64Nodes,
                             coefficients::gauss64Weights};

/// What differs between f32 and f64.
struct Format {
  double tailStart;
  /// A/kappa and A' by kappa^2, U by 1/kappa, g and the inverse by v.
  Rational ratio, variance, tail, stretch, inverse;
  /// The smallest normal number.
  double smallest;
  /// Beliefs below the first number are measured in units of 1/second.
  double smallRadius, magnification;
  /// Concentrations are near each other if they differ by less than this
  /// fraction of the larger one; the rule that differences are taken by.
  double nearness;
  Rule differenceRule;
  /// One rule a step: of the solution for the opening angle, and of a walk.
  SmallVector<Rule> openingRules, walkRules;
  /// After a smaller step the slope stays what it was, as rounding would spoil
  /// a new one. A step may be small by chance while the slope is off by a
  /// tenth, so this is no more than some thousand roundings.
  double smallestStep;
};

inline const Format &formatOf(Scalar x) {
  namespace tables = coefficients;
  static const Format f32 = {
      tables::vonMisesTailStartF32,
      {tables::vonMisesRatioCenterF32, tables::vonMisesRatioNumeratorF32,
       tables::vonMisesRatioDenominatorF32},
      {tables::vonMisesVarianceCenterF32, tables::vonMisesVarianceNumeratorF32,
       tables::vonMisesVarianceDenominatorF32},
      {tables::vonMisesTailCenterF32, tables::vonMisesTailNumeratorF32,
       tables::vonMisesTailDenominatorF32},
      {tables::vonMisesStretchCenterF32, tables::vonMisesStretchNumeratorF32,
       tables::vonMisesStretchDenominatorF32},
      {tables::vonMisesInverseCenterF32, tables::vonMisesInverseNumeratorF32,
       tables::vonMisesInverseDenominatorF32},
      /*smallest=*/std::numeric_limits<float>::min(),
      /*smallRadius=*/0x1p-20,
      /*magnification=*/0x1p+80,
      /*nearness=*/0.6,
      /*differenceRule=*/gauss6,
      /*openingRules=*/{gauss6, gauss6, gauss24, gauss24},
      /*walkRules=*/{gauss6, gauss24},
      /*smallestStep=*/1e-4};
  static const Format f64 = {
      tables::vonMisesTailStartF64,
      {tables::vonMisesRatioCenterF64, tables::vonMisesRatioNumeratorF64,
       tables::vonMisesRatioDenominatorF64},
      {tables::vonMisesVarianceCenterF64, tables::vonMisesVarianceNumeratorF64,
       tables::vonMisesVarianceDenominatorF64},
      {tables::vonMisesTailCenterF64, tables::vonMisesTailNumeratorF64,
       tables::vonMisesTailDenominatorF64},
      {tables::vonMisesStretchCenterF64, tables::vonMisesStretchNumeratorF64,
       tables::vonMisesStretchDenominatorF64},
      {tables::vonMisesInverseCenterF64, tables::vonMisesInverseNumeratorF64,
       tables::vonMisesInverseDenominatorF64},
      /*smallest=*/std::numeric_limits<double>::min(),
      /*smallRadius=*/0x1p-100,
      /*magnification=*/0x1p+600,
      /*nearness=*/0.5,
      /*differenceRule=*/gauss10,
      /*openingRules=*/{gauss6, gauss6, gauss24, gauss24, gauss64, gauss64},
      /*walkRules=*/{gauss6, gauss24, gauss24, gauss64},
      /*smallestStep=*/1e-12};
  return x.isDouble() ? f64 : f32;
}

//===----------------------------------------------------------------------===//
// Beliefs
//===----------------------------------------------------------------------===//

/// The mean resultant length A and its derivative, which is the variance of
/// the cosine that kappa multiplies.
struct Resultant {
  /// A/kappa, A', and sqrt(A') which outlasts it.
  Scalar ratio, variance, rootVariance;
};

inline Resultant resultantOf(Scalar kappa) {
  const Format &format = formatOf(kappa);
  Condition isSmall = kappa <= format.tailStart;
  Scalar t = square(select(isSmall, kappa, 0.0));
  Scalar variance = format.variance(t);
  // A = 1 - yR/2, A' = y^2 Q.
  Scalar y = 1.0 / select(isSmall, kappa.constant(format.tailStart), kappa);
  Scalar U = format.tail(y);
  Scalar R = 1.0 + y * U;
  Scalar Q = U + 0.25 * (R * (2.0 - R));
  return {select(isSmall, format.ratio(t), y * (1.0 - 0.5 * (y * R))),
          select(isSmall, variance, square(y) * Q),
          select(isSmall, sqrt(variance), y * sqrt(Q))};
}

/// By how many percent A' grows if kappa does by one: kappa A''/A'.
inline Scalar varianceGrowthOf(Scalar kappa) {
  const Format &format = formatOf(kappa);
  Condition isSmall = kappa <= format.tailStart;
  Scalar t = square(select(isSmall, kappa, 0.0));
  // A' = y^2 Q, with U, R and Q as above.
  Scalar y = 1.0 / select(isSmall, kappa.constant(format.tailStart), kappa);
  Scalar U = format.tail(y), slopeOfU = format.tail.slope(y);
  Scalar R = 1.0 + y * U, slopeOfR = U + y * slopeOfU;
  Scalar Q = U + 0.25 * (R * (2.0 - R));
  Scalar slopeOfQ = slopeOfU - 0.5 * (slopeOfR * (y * U));
  return select(isSmall,
                2.0 * t * format.variance.slope(t) / format.variance(t),
                -2.0 - y * slopeOfQ / Q);
}

/// 1 - A.
inline Scalar resultantDefectOf(Scalar kappa) {
  const Format &format = formatOf(kappa);
  Condition isSmall = kappa <= format.tailStart;
  Scalar y = 1.0 / select(isSmall, kappa.constant(format.tailStart), kappa);
  return select(isSmall,
                1.0 - kappa * format.ratio(square(select(isSmall, kappa, 0.0))),
                0.5 * (y * (1.0 + y * format.tail(y))));
}

/// A belief in polar coordinates around the uniform one.
struct Polar {
  Scalar kappa;
  Resultant resultant;
  /// sinh, cosh and tanh of rho, and 1/cosh^2.
  Scalar x, cosh, tanh, v;

  explicit Polar(Scalar concentration)
      : kappa(concentration), resultant(resultantOf(kappa)),
        x(kappa * sqrt(0.5 * resultant.ratio)), cosh(sqrt(1.0 + square(x))),
        tanh(x / cosh), v(1.0 / (1.0 + square(x))) {}
};

/// The concentration whose sinh rho is `x`.
inline Scalar concentrationOf(Scalar x) {
  Scalar X = square(x);
  return 2.0 * x * sqrt(1.0 + X * formatOf(x).inverse(1.0 / (1.0 + X)));
}

/// Whether two concentrations are so near that what belongs to them must be
/// subtracted by integration.
inline Condition areNear(Scalar kappa1, Scalar kappa2, Scalar difference) {
  return abs(difference) < formatOf(kappa1).nearness * max(kappa1, kappa2);
}

/// The mean of d(x^2)/dkappa = kappa (A/kappa + A')/2 between a concentration
/// and one near it.
inline Scalar meanSlope(Scalar kappa, Scalar difference) {
  auto sums = formatOf(kappa).differenceRule.sum(
      kappa, 1, [&](Node node) -> SmallVector<Scalar> {
        Scalar k = kappa + node.at * difference;
        Resultant resultant = resultantOf(k);
        return {node.weight * (k * (resultant.ratio + resultant.variance))};
      });
  return 0.5 * sums[0];
}

/// A(kappa2) - A(kappa1), where `difference` is kappa2 - kappa1.
inline Scalar resultantDifference(Scalar kappa1, Scalar kappa2,
                                  Scalar difference) {
  auto sums = formatOf(kappa1).differenceRule.sum(
      kappa1, 1, [&](Node node) -> SmallVector<Scalar> {
        return {node.weight *
                resultantOf(kappa1 + node.at * difference).variance};
      });
  Scalar far = select(min(kappa1, kappa2) > 1.0,
                      resultantDefectOf(kappa1) - resultantDefectOf(kappa2),
                      kappa2 * resultantOf(kappa2).ratio -
                          kappa1 * resultantOf(kappa1).ratio);
  return select(areNear(kappa1, kappa2, difference), difference * sums[0], far);
}

//===----------------------------------------------------------------------===//
// Lines
//===----------------------------------------------------------------------===//

/// Integrals over a straight line of the Klein disc, by the fraction lambda of
/// it.
struct StretchIntegrals {
  /// Of g v, by which the stretch turns the line, and of g (1-v), by which it
  /// makes it longer.
  Scalar turn, length;
  /// Of g lambda (1-lambda), nearly the derivative of the first by the square
  /// of the line's length.
  Scalar turnSlope;
};

/// Integrates where v is a function of lambda, which never leaves [0, 1].
inline StretchIntegrals integrate(const Rule &rule, Scalar like,
                                  function_ref<Scalar(Node)> v) {
  const Rational &g = formatOf(like).stretch;
  auto sums = rule.sum(like, 3, [&](Node node) -> SmallVector<Scalar> {
    Scalar here = v(node);
    Scalar weighted = node.weight * g(here);
    return {weighted * here, weighted * (1.0 - here),
            weighted * (node.at * node.rest)};
  });
  return {sums[0], sums[1], sums[2]};
}

/// Of a piece of a straight line of the Klein disc between the points P and Q,
/// the derivative of the geodesic's turn by the line's, for fixed radii:
///   1 + P.Q int g v du + 2 (P x Q)^2 int d(g v)/dv u (1-u) du.
inline Scalar turnGrowth(const Rule &rule, Scalar dot, Scalar cross,
                         function_ref<Scalar(Node)> v) {
  const Rational &g = formatOf(dot).stretch;
  auto sums = rule.sum(dot, 2, [&](Node node) -> SmallVector<Scalar> {
    Scalar here = v(node), stretch = g(here);
    return {node.weight * (stretch * here),
            (node.weight * node.at * node.rest) *
                (stretch + here * g.slope(here))};
  });
  return 1.0 + dot * sums[0] + 2.0 * square(cross) * sums[1];
}

} // namespace mlir::fisher::von_mises

#endif // FISHER_LIB_FAMILIES_VONMISESSURFACE_H
