//===- Families.td - Families of distributions -------------*- tablegen -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One definition a family; its formulas are in lib/Families/<Family>.cpp.
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_FAMILIES_FAMILIES_TD
#define FISHER_FAMILIES_FAMILIES_TD

include "fisher/IR/FisherAttributes.td"

/// A family whose charts are the cases of an enumeration.
class Fisher_FamilyBase<string name, string attrMnemonic, EnumInfo charts, list<Trait> interfaces>
    : Fisher_Attr<name, attrMnemonic, interfaces> {
  let parameters = (ins EnumParameter<charts>:$chart);
  let assemblyFormat = "`<` $chart `>`";
}

/// A family whose distributions are single elements.
class Fisher_Family<string name, string attrMnemonic, EnumInfo charts,
                    list<string> optionalMethods = [],
                    list<string> optionalFamilyMethods = []>
    : Fisher_FamilyBase<name, attrMnemonic, charts, [
        DeclareAttrInterfaceMethods<Fisher_FamilyInterface, optionalFamilyMethods>,
        DeclareAttrInterfaceMethods<Fisher_PointwiseFamilyInterface, optionalMethods>]>;

/// A family whose distributions have event dimensions.
class Fisher_EventFamily<string name, string attrMnemonic, EnumInfo charts>
    : Fisher_FamilyBase<name, attrMnemonic, charts, [
        DeclareAttrInterfaceMethods<Fisher_FamilyInterface,
            ["getEventRank", "verifyEventShape", "isEventInDomain", "getStoredEvents"]>,
        DeclareAttrInterfaceMethods<Fisher_EventFamilyInterface, ["buildLog"]>]>;

/// A family of one parameter is a curve: all of its geometry follows from the
/// arc length y along it. Formulas take and return stored values. A family may
/// have a geodesic of its own where the arc length loses digits of it.
class Fisher_OneParameterFamily<string name, string attrMnemonic, EnumInfo charts,
                                bit hasOwnGeodesic = 0>
    : Fisher_Family<name, attrMnemonic, charts, ["buildLog"]> {
  let extraClassDeclaration = [{
    /// y(a) - y(b).
    ::mlir::fisher::Scalar buildArcLength(::mlir::fisher::Scalar a,
                                          ::mlir::fisher::Scalar b) const;
    /// dy/da.
    ::mlir::fisher::Scalar buildArcSlope(::mlir::fisher::Scalar a) const;
    /// The derivative by a of (da/dy)².
    ::mlir::fisher::Scalar
    buildInverseMetricSlope(::mlir::fisher::Scalar a) const;
    /// What is stored at arc length y(a) + s; not a number beyond the end.
    ::mlir::fisher::Scalar buildAtArcLength(::mlir::fisher::Scalar a,
                                            ::mlir::fisher::Scalar s) const;
  }];
  let extraClassDefinition = [{
    ::mlir::fisher::Scalar $cppClass::buildSquaredDistance(
        ::mlir::fisher::Point a, ::mlir::fisher::Point b) const {
      return square(buildArcLength(a[0], b[0]));
    }
    ::mlir::fisher::DistanceAndGradient
    $cppClass::buildSquaredDistanceWithGradient(
        ::mlir::fisher::Point a, ::mlir::fisher::Point b) const {
      Scalar length = buildArcLength(a[0], b[0]);
      return {square(length), {2.0 * length * buildArcSlope(a[0])}};
    }
    ::mlir::fisher::Components $cppClass::buildMetric(
        ::mlir::fisher::Point at, ::mlir::fisher::Point tangent) const {
      Scalar slope = buildArcSlope(at[0]);
      return {slope * (slope * tangent[0])};
    }
    ::mlir::fisher::Components $cppClass::buildNaturalGradient(
        ::mlir::fisher::Point at, ::mlir::fisher::Point gradient) const {
      Scalar slope = buildArcSlope(at[0]);
      return {gradient[0] / slope / slope};
    }
    ::mlir::fisher::Components $cppClass::buildNaturalGradientPullback(
        ::mlir::fisher::Point at, ::mlir::fisher::Point gradient,
        ::mlir::fisher::Point covector) const {
      return {gradient[0] * covector[0] * buildInverseMetricSlope(at[0])};
    }
    ::mlir::fisher::Components $cppClass::buildLog(
        ::mlir::fisher::Point a, ::mlir::fisher::Point b) const {
      return {-(buildArcLength(a[0], b[0]) / buildArcSlope(a[0]))};
    }
    ::mlir::fisher::Components $cppClass::buildExp(
        ::mlir::fisher::Point a, ::mlir::fisher::Point tangent) const {
      return {buildAtArcLength(a[0], buildArcSlope(a[0]) * tangent[0])};
    }
    // Arc lengths are mixed: y = (1-t) y(a) + t y(b).
    ::mlir::fisher::GeodesicGradient $cppClass::buildGeodesicPullback(
        ::mlir::fisher::Point a, ::mlir::fisher::Point b,
        ::mlir::fisher::Scalar t, ::mlir::fisher::Point covector) const {
      Scalar byArcLength =
          covector[0] / buildArcSlope(buildGeodesic(a, b, t)[0]);
      return {{(1.0 - t) * byArcLength * buildArcSlope(a[0])},
              {t * byArcLength * buildArcSlope(b[0])},
              -(byArcLength * buildArcLength(a[0], b[0]))};
    }
  }] # !if(hasOwnGeodesic, "", [{
    ::mlir::fisher::Components $cppClass::buildGeodesic(
        ::mlir::fisher::Point a, ::mlir::fisher::Point b,
        ::mlir::fisher::Scalar t) const {
      return {buildAtArcLength(a[0], -(t * buildArcLength(a[0], b[0])))};
    }
  }]);
}

//===----------------------------------------------------------------------===//
// Gaussian
//===----------------------------------------------------------------------===//

def Fisher_GaussianChart : I32Enum<"GaussianChart", "how a Gaussian's scale is stored", [
  I32EnumCase<"sigma", 0>,
  I32EnumCase<"log_sigma", 1>,
  I32EnumCase<"softplus", 2>,
  I32EnumCase<"variance", 3>,
  I32EnumCase<"log_variance", 4>,
  I32EnumCase<"precision", 5>,
]> {
  let cppNamespace = "::mlir::fisher";
}

def Fisher_GaussianAttr
    : Fisher_Family<"Gaussian", "gaussian", Fisher_GaussianChart,
                    [], ["getInStandardChart"]> {
  let summary = "the normal distributions of one variable: the hyperbolic plane";
  let description = [{
    Components: the mean, and a scale stored as the chart says: `sigma` the
    standard deviation, `log_sigma` its logarithm, `softplus` the x with
    sigma = log(1 + exp(x)), `variance`, `log_variance`, or `precision` (the
    reciprocal of the variance). Standard coordinates: mean and standard
    deviation.

    ```mlir
    func.func private @weights() -> !fisher.belief<#fisher.gaussian<softplus>, tensor<64x32xf32>>
    ```
  }];
}

def Fisher_GaussianMeanAttr
    : Fisher_Family<"GaussianMean", "gaussian_mean", Fisher_GaussianChart,
                    ["buildLog"], ["isKnown", "getInStandardChart"]> {
  let summary = "the normal distributions of one variable whose spread is known";
  let description = [{
    Components and charts are those of `gaussian`, but the scale is *known*: it
    is no parameter of the distribution. Two beliefs must have the same; their
    squared distance is `(mu1 - mu2)²/sigma²`, geodesics keep the scale, and
    gradients and tangent vectors have zero in its place. What two beliefs of
    different scales have between them is not a number.

    In the family `gaussian` the shortest way between two beliefs of one scale
    leaves that scale, so their distance is smaller, though the same to second
    order. Regularization with this family is L2 with a strength for each element;
    toward a frozen belief whose scale is that of Adam, elastic weight
    consolidation. A policy's `from` or `fixed` makes the scale where no parameter
    holds it.

    ```mlir
    func.func private @weights() -> !fisher.belief<#fisher.gaussian_mean<sigma>, tensor<64x32xf32>>
    ```
  }];
}

//===----------------------------------------------------------------------===//
// von Mises
//===----------------------------------------------------------------------===//

def Fisher_VonMisesChart : I32Enum<"VonMisesChart", "how a concentration is stored", [
  I32EnumCase<"kappa", 0>,
  I32EnumCase<"log_kappa", 1>,
  I32EnumCase<"softplus", 2>,
]> {
  let cppNamespace = "::mlir::fisher";
}

def Fisher_VonMisesAttr
    : Fisher_Family<"VonMises", "von_mises", Fisher_VonMisesChart, ["buildLog"],
                    ["getInStandardChart"]> {
  let summary = "the distributions of a direction: a curved disc around the uniform one";
  let description = [{
    Components: the mean direction, an angle in radians of any size, and the
    concentration kappa, stored as the chart says: itself, its logarithm, or
    the x with kappa = log(1 + exp(x)). Concentration zero is the uniform
    belief, which has no direction: gradients and tangent vectors there have
    zero in place of one. Standard coordinates: direction and concentration.

    ```mlir
    func.func private @phases() -> !fisher.belief<#fisher.von_mises<log_kappa>, tensor<128xf32>>
    ```
  }];
}

//===----------------------------------------------------------------------===//
// Bernoulli
//===----------------------------------------------------------------------===//

def Fisher_BernoulliChart : I32Enum<"BernoulliChart", "how a probability is stored", [
  I32EnumCase<"logit", 0>,
  I32EnumCase<"probability", 1>,
]> {
  let cppNamespace = "::mlir::fisher";
}

def Fisher_BernoulliAttr
    : Fisher_OneParameterFamily<"Bernoulli", "bernoulli", Fisher_BernoulliChart> {
  let summary = "the distributions of one bit";
  let description = [{
    One component, the probability p of the outcome one, which may be exactly
    zero or one, or its logit log(p/(1-p)). Standard coordinate: the
    probability.

    ```mlir
    func.func private @bits() -> !fisher.belief<#fisher.bernoulli<logit>, tensor<64xf32>>
    ```
  }];
}

//===----------------------------------------------------------------------===//
// Families of one rate
//===----------------------------------------------------------------------===//

def Fisher_RateChart : I32Enum<"RateChart", "how a rate is stored", [
  I32EnumCase<"log_rate", 0>,
  I32EnumCase<"rate", 1>,
]> {
  let cppNamespace = "::mlir::fisher";
}

//===----------------------------------------------------------------------===//
// Poisson
//===----------------------------------------------------------------------===//

def Fisher_PoissonAttr
    : Fisher_OneParameterFamily<"Poisson", "poisson", Fisher_RateChart> {
  let summary = "the Poisson distributions of counts";
  let description = [{
    One component, the rate (the mean count) or its logarithm. Standard
    coordinate: the rate.

    ```mlir
    func.func private @counts() -> !fisher.belief<#fisher.poisson<log_rate>, tensor<64xf32>>
    ```
  }];
}

//===----------------------------------------------------------------------===//
// Exponential
//===----------------------------------------------------------------------===//

def Fisher_ExponentialAttr
    : Fisher_OneParameterFamily<"Exponential", "exponential", Fisher_RateChart,
                                /*hasOwnGeodesic=*/1> {
  let summary = "the exponential distributions of waiting times";
  let description = [{
    One component, the rate (the reciprocal of the mean) or its logarithm.
    Standard coordinate: the rate.

    ```mlir
    func.func private @waits() -> !fisher.belief<#fisher.exponential<log_rate>, tensor<64xf32>>
    ```
  }];
}

//===----------------------------------------------------------------------===//
// Categorical
//===----------------------------------------------------------------------===//

def Fisher_CategoricalChart : I32Enum<"CategoricalChart", "how probabilities are stored", [
  I32EnumCase<"logits", 0>,
  I32EnumCase<"probabilities", 1>,
]> {
  let cppNamespace = "::mlir::fisher";
}

def Fisher_CategoricalAttr
    : Fisher_EventFamily<"Categorical", "categorical", Fisher_CategoricalChart> {
  let summary = "the distributions of one of several outcomes: a part of the sphere";
  let description = [{
    One component with one event dimension, the outcomes. `logits` are
    logarithms of the probabilities up to a number that is added to all, and
    may be minus infinity; `probabilities` are not negative, and are divided by
    their sum when they are read, so that they need not sum to one exactly.

    Standard coordinates of a prior are the probabilities, one for each
    outcome, or a single number for all of them alike: `#fisher.prior<[1.0]>`
    is the uniform distribution.

    Gradients with respect to probabilities are those of the function of the
    probabilities divided by their sum; they are infinite at an outcome whose
    probability is zero while that of the reference is not.

    ```mlir
    func.func private @policies() -> !fisher.belief<#fisher.categorical<logits>, tensor<32x10xf32>>
    func.func private @any_size() -> !fisher.belief<#fisher.categorical<probabilities>, tensor<?x?xf64>>
    ```
  }];
}

//===----------------------------------------------------------------------===//
// Centered Gaussian
//===----------------------------------------------------------------------===//

def Fisher_CenteredGaussianChart : I32Enum<"CenteredGaussianChart", "how a covariance is stored", [
  I32EnumCase<"covariance", 0>,
  I32EnumCase<"cholesky", 1>,
]> {
  let cppNamespace = "::mlir::fisher";
}

def Fisher_CenteredGaussianAttr
    : Fisher_EventFamily<"CenteredGaussian", "centered_gaussian", Fisher_CenteredGaussianChart> {
  let summary = "the normal distributions with mean zero: positive definite matrices";
  let description = [{
    One component with two event dimensions, a square matrix of a static size
    from 1 to 32: the covariance, of which the symmetric part is read, or its
    Cholesky factor, of which the lower triangle is read. A matrix that is not
    positive definite, or a factor whose diagonal is not positive, gives NaN.

    Gradients with respect to a covariance are the symmetric G for which
    tr(G dS) is the change; with respect to a Cholesky factor they are zero
    above the diagonal.

    Standard coordinates of a prior are the covariance's elements row by row,
    or a single number, the variance of every axis: `#fisher.prior<[1.0]>` is
    the standard normal distribution.

    ```mlir
    func.func private @covariances() -> !fisher.belief<#fisher.centered_gaussian<covariance>, tensor<?x3x3xf64>>
    func.func private @factor() -> !fisher.belief<#fisher.centered_gaussian<cholesky>, tensor<8x8xf32>>
    ```
  }];
}

#endif // FISHER_FAMILIES_FAMILIES_TD
