//===- CenteredGaussian.cpp - Normal distributions with mean zero ---------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// With S1 = L Lᵀ, everything between two covariances is in the whitened matrix
//
//   W = L⁻¹ S2 L⁻ᵀ,   d² = 1/2 sum log²(lambda),
//
// lambda the eigenvalues of W. With S2 = M Mᵀ they are 1/s² for the singular
// values s of M⁻¹ L, which has digits that small eigenvalues lose in W beside
// large ones; W's eigenvectors are the right singular vectors. Where the
// covariances are close, W - 1 is formed from their difference, and log(lambda)
// is a log1p.
//
//===----------------------------------------------------------------------===//

#include "Rates.h"

#include "fisher/IR/Fisher.h"
#include "fisher/Math/Functions.h"
#include "fisher/Math/GeodesicWeights.h"
#include "fisher/Math/Matrix.h"

#include <cmath>

using namespace mlir;
using namespace mlir::fisher;

/// Jacobi's sweeps were counted up to here.
static constexpr int64_t largestSize = 32;

//===----------------------------------------------------------------------===//
// Names and domains
//===----------------------------------------------------------------------===//

ArrayRef<StringRef> CenteredGaussianAttr::getComponentNames() const {
  static constexpr StringRef covariance[] = {"covariance"};
  static constexpr StringRef cholesky[] = {"cholesky"};
  return getChart() == CenteredGaussianChart::covariance ? ArrayRef(covariance)
                                                         : ArrayRef(cholesky);
}

ArrayRef<StringRef> CenteredGaussianAttr::getStandardNames() const {
  static constexpr StringRef names[] = {"covariance"};
  return names;
}

unsigned CenteredGaussianAttr::getEventRank() const { return 2; }

LogicalResult CenteredGaussianAttr::verifyEventShape(
    ArrayRef<int64_t> shape,
    function_ref<InFlightDiagnostic()> emitError) const {
  if (ShapedType::isDynamicShape(shape))
    return emitError() << "a centered Gaussian's last two dimensions must be "
                          "static; only dimensions before them may be dynamic";
  if (shape[0] != shape[1])
    return emitError() << "a centered Gaussian needs square matrices, but the "
                          "last two dimensions are "
                       << shape[0] << " and " << shape[1];
  if (shape[0] < 1 || shape[0] > largestSize)
    return emitError() << "a centered Gaussian's matrices must have from 1 to "
                       << largestSize << " rows, got " << shape[0];
  return success();
}

/// The Cholesky factor of a symmetric matrix, row by row; fails if there is
/// none.
static FailureOr<SmallVector<double, 1>>
factorize(ArrayRef<double> covariance) {
  auto size = static_cast<size_t>(std::lround(std::sqrt(covariance.size())));
  SmallVector<double, 1> factor(covariance.size());
  for (size_t i = 0; i != size; ++i) {
    for (size_t j = 0; j <= i; ++j) {
      double rest = covariance[i * size + j];
      if (rest != covariance[j * size + i])
        return failure();
      for (size_t k = 0; k != j; ++k)
        rest -= factor[i * size + k] * factor[j * size + k];
      if (i == j && !(rest > 0.0 && std::isfinite(rest)))
        return failure();
      factor[i * size + j] =
          i == j ? std::sqrt(rest) : rest / factor[j * size + j];
    }
  }
  return factor;
}

bool CenteredGaussianAttr::isEventInDomain(unsigned,
                                           ArrayRef<double> event) const {
  if (getChart() == CenteredGaussianChart::covariance)
    return succeeded(factorize(event));
  auto size = static_cast<size_t>(std::lround(std::sqrt(event.size())));
  for (size_t i = 0; i != size; ++i)
    if (!(event[i * (size + 1)] > 0.0 && std::isfinite(event[i * (size + 1)])))
      return false;
  return true;
}

std::string CenteredGaussianAttr::getDomainDescription(unsigned) const {
  return getChart() == CenteredGaussianChart::covariance
             ? "a symmetric positive definite matrix"
             : "a lower triangle with a positive diagonal";
}

FailureOr<StoredComponents> CenteredGaussianAttr::getStoredEvents(
    ArrayRef<double> standard, ArrayRef<int64_t> eventShape,
    function_ref<InFlightDiagnostic()> emitError) const {
  size_t size = eventShape[0];
  SmallVector<double, 1> covariance(standard);
  if (standard.size() == 1) {
    covariance.assign(size * size, 0.0);
    for (size_t i = 0; i != size; ++i)
      covariance[i * (size + 1)] = standard[0];
  }
  if (covariance.size() != size * size)
    return emitError() << "a centered Gaussian prior needs one number, the "
                          "variance of every axis, or the "
                       << size * size
                       << " elements of the covariance row by row; got "
                       << standard.size();
  FailureOr<SmallVector<double, 1>> factor = factorize(covariance);
  if (failed(factor))
    return emitError() << "a centered Gaussian prior's covariance must be "
                          "symmetric and positive definite";
  if (getChart() == CenteredGaussianChart::covariance)
    return StoredComponents{covariance};
  return StoredComponents{*factor};
}

//===----------------------------------------------------------------------===//
// One belief
//===----------------------------------------------------------------------===//

/// L, the Cholesky factor of the covariance.
static Matrix readFactor(CenteredGaussianChart chart, EventArray stored) {
  return chart == CenteredGaussianChart::covariance
             ? cholesky(readSymmetric(stored))
             : readLower(stored);
}

/// L⁻¹ a L⁻ᵀ for a symmetric a.
static Matrix whiten(const Matrix &factor, const Matrix &a) {
  Matrix w = solveLower(factor, transpose(solveLower(factor, a)));
  return 0.5 * (w + transpose(w));
}

/// The whitened change of the covariance that a tangent vector is.
static Matrix whitenTangent(CenteredGaussianChart chart, const Matrix &factor,
                            EventArray tangent) {
  if (chart == CenteredGaussianChart::covariance)
    return whiten(factor, readSymmetric(tangent));
  Matrix change = lower(Matrix(tangent));
  Matrix w = solveLower(factor, change);
  return w + transpose(w);
}

/// The tangent vector that a whitened change `w` of the covariance is: L w Lᵀ,
/// or the change of the factor.
static EventArray unwhitenTangent(CenteredGaussianChart chart,
                                  const Matrix &factor, const Matrix &w) {
  if (chart == CenteredGaussianChart::covariance)
    return (factor * transpose(factor * w)).asArray();
  return (factor * lower(w, 0.5)).asArray();
}

/// The covector that takes a change to tr(c dW), for a symmetric c: L⁻ᵀ c L⁻¹,
/// or 2 L⁻ᵀ c below the diagonal.
static EventArray unwhitenCovector(CenteredGaussianChart chart,
                                   const Matrix &factor, const Matrix &c) {
  Matrix half = solveLowerTransposed(factor, c);
  if (chart == CenteredGaussianChart::covariance)
    return solveLowerTransposed(factor, transpose(half)).asArray();
  return (2.0 * lower(half)).asArray();
}

//===----------------------------------------------------------------------===//
// Two beliefs
//===----------------------------------------------------------------------===//

namespace {
/// What two beliefs have between them.
struct Pair {
  /// The Cholesky factors of both covariances.
  Matrix factor, other;
  /// log(lambda) of each eigenvalue of the whitened matrix, and eigenvectors.
  EventArray logs;
  Matrix vectors;
};
} // namespace

static Pair relate(CenteredGaussianChart chart, EventArray a, EventArray b) {
  bool isCovariance = chart == CenteredGaussianChart::covariance;
  Matrix factor = readFactor(chart, a), other = readFactor(chart, b);
  // W - 1 = K + Kᵀ + K Kᵀ for the whitened change K of the factor.
  auto getExcess = [&] {
    if (isCovariance)
      return whiten(factor, readSymmetric(b) - readSymmetric(a));
    Matrix change = solveLower(factor, other - factor);
    return (change + transpose(change)) + change * transpose(change);
  };
  Matrix excess = getExcess();
  Scalar size = norm(excess);
  Condition isNear = size < 0.5;
  RightSingular singular = rightSingular(
      select(isNear, positiveLike(excess, size), solveLower(other, factor)));
  EventArray excesses = quadraticForms(excess, singular.vectors);
  // Nothing is a number unless both covariances are positive definite.
  Scalar pivots = sumOverRows(factor, [&](Value i) {
    Scalar first = factor(i, i), second = other(i, i);
    return (first - first) + (second - second);
  });
  EventArray logs = buildVector(factor, [&](Value i) {
    return pivots +
           select(isNear, log1p(excesses.at(i)), -log(singular.squares.at(i)));
  });
  return {factor, other, logs, singular.vectors};
}

/// The eigenvectors of the second covariance's whitened one, 1/lambda, where it
/// is the second that is whitened: those that the first one's become.
static Matrix getOtherVectors(const Pair &pair) {
  EventArray roots = buildVector(
      pair.factor, [&](Value i) { return exp(0.5 * pair.logs.at(i)); });
  Matrix moved = solveLower(pair.other, pair.factor * pair.vectors);
  return buildMatrix(
      moved, [&](Value i, Value j) { return moved(i, j) * roots.at(j); });
}

static Scalar getSquaredDistance(const Matrix &like, EventArray logs) {
  return 0.5 * sumOverRows(like, [&](Value i) { return square(logs.at(i)); });
}

//===----------------------------------------------------------------------===//
// Distances
//===----------------------------------------------------------------------===//

Scalar CenteredGaussianAttr::buildSquaredDistance(ArrayPoint a,
                                                  ArrayPoint b) const {
  Pair pair = relate(getChart(), a[0], b[0]);
  return getSquaredDistance(pair.factor, pair.logs);
}

// tr(-log(W) dW) for a change of the first covariance that is dW if whitened.
DistanceAndArrayGradient
CenteredGaussianAttr::buildSquaredDistanceWithGradient(ArrayPoint a,
                                                       ArrayPoint b) const {
  Pair pair = relate(getChart(), a[0], b[0]);
  Matrix slope = -1.0 * product(pair.vectors, pair.logs, pair.vectors);
  return {getSquaredDistance(pair.factor, pair.logs),
          {unwhitenCovector(getChart(), pair.factor, slope)}};
}

// 1/2 sum (1/lambda - 1 + log lambda).
Scalar CenteredGaussianAttr::buildKLDivergence(ArrayPoint a,
                                               ArrayPoint b) const {
  Pair pair = relate(getChart(), a[0], b[0]);
  return 0.5 * sumOverRows(pair.factor, [&](Value i) {
           Scalar l = pair.logs.at(i);
           return expRemainder(l, expm1(-l));
         });
}

// 1/2 (S2^-1 - S1^-1) and 1/2 (S2^-1 - S2^-1 S1 S2^-1): whitened, each by its
// own covariance, 1/2 (1/lambda - 1) and its negative.
DivergenceAndArrayGradients
CenteredGaussianAttr::buildKLDivergenceWithGradients(ArrayPoint a,
                                                     ArrayPoint b) const {
  Pair pair = relate(getChart(), a[0], b[0]);
  EventArray excesses = buildVector(
      pair.factor, [&](Value i) { return 0.5 * expm1(-pair.logs.at(i)); });
  Matrix others = getOtherVectors(pair);
  Matrix first = product(pair.vectors, excesses, pair.vectors);
  Matrix second = -1.0 * product(others, excesses, others);
  return {buildKLDivergence(a, b),
          {unwhitenCovector(getChart(), pair.factor, first)},
          {unwhitenCovector(getChart(), pair.other, second)}};
}

//===----------------------------------------------------------------------===//
// Metric
//===----------------------------------------------------------------------===//

// tr(W1 W2)/2 for whitened changes.
ArrayComponents CenteredGaussianAttr::buildMetric(ArrayPoint at,
                                                  ArrayPoint tangent) const {
  Matrix factor = readFactor(getChart(), at[0]);
  Matrix change = whitenTangent(getChart(), factor, tangent[0]);
  return {unwhitenCovector(getChart(), factor, 0.5 * change)};
}

// 2 S G S, or the change of the factor by what is symmetric and has the lower
// triangle of Lᵀ G.
ArrayComponents
CenteredGaussianAttr::buildNaturalGradient(ArrayPoint at,
                                           ArrayPoint gradient) const {
  Matrix factor = readFactor(getChart(), at[0]);
  if (getChart() == CenteredGaussianChart::covariance) {
    Matrix half = transpose(factor) * readSymmetric(gradient[0]);
    return {unwhitenTangent(getChart(), factor, 2.0 * (half * factor))};
  }
  Matrix g = lower(Matrix(gradient[0]));
  return {
      unwhitenTangent(getChart(), factor, mirrorLower(transpose(factor) * g))};
}

// 2 tr(C S G S) has the gradient 2 (G S C + C S G). With the lower triangles
// X = Lᵀ G and Y = Lᵀ C of half the diagonal, tr(Cᵀ L X) has C Xᵀ + G Yᵀ.
ArrayComponents CenteredGaussianAttr::buildNaturalGradientPullback(
    ArrayPoint at, ArrayPoint gradient, ArrayPoint covector) const {
  Matrix factor = readFactor(getChart(), at[0]);
  if (getChart() == CenteredGaussianChart::covariance) {
    Matrix half = (readSymmetric(gradient[0]) * factor) *
                  (transpose(factor) * readSymmetric(covector[0]));
    return {(2.0 * (half + transpose(half))).asArray()};
  }
  Matrix g = lower(Matrix(gradient[0])), c = lower(Matrix(covector[0]));
  Matrix x = lower(transpose(factor) * g, 0.5);
  Matrix y = lower(transpose(factor) * c, 0.5);
  return {lower(c * transpose(x) + g * transpose(y)).asArray()};
}

//===----------------------------------------------------------------------===//
// Geodesics
//===----------------------------------------------------------------------===//

/// The belief whose whitened covariance has these eigenvectors, and these
/// logarithms of eigenvalues.
static EventArray followGeodesic(CenteredGaussianChart chart,
                                 const Matrix &factor, const Matrix &vectors,
                                 EventArray logs) {
  // Half of the whitened covariance: vectors diag(exp(logs/2)).
  EventArray roots =
      buildVector(factor, [&](Value i) { return exp(0.5 * logs.at(i)); });
  Matrix half = buildMatrix(
      factor, [&](Value i, Value j) { return vectors(i, j) * roots.at(j); });
  if (chart == CenteredGaussianChart::cholesky)
    return (factor * lowerFactor(half)).asArray();
  Matrix axes = factor * half;
  return (axes * transpose(axes)).asArray();
}

ArrayComponents CenteredGaussianAttr::buildLog(ArrayPoint a,
                                               ArrayPoint b) const {
  Pair pair = relate(getChart(), a[0], b[0]);
  Matrix change = product(pair.vectors, pair.logs, pair.vectors);
  return {unwhitenTangent(getChart(), pair.factor, change)};
}

ArrayComponents CenteredGaussianAttr::buildExp(ArrayPoint a,
                                               ArrayPoint tangent) const {
  Matrix factor = readFactor(getChart(), a[0]);
  SymmetricEigen eigen =
      eigenSymmetric(whitenTangent(getChart(), factor, tangent[0]));
  return {followGeodesic(getChart(), factor, eigen.vectors, eigen.values)};
}

// L Wᵗ Lᵀ.
ArrayComponents CenteredGaussianAttr::buildGeodesic(ArrayPoint a, ArrayPoint b,
                                                    Scalar t) const {
  Pair pair = relate(getChart(), a[0], b[0]);
  return {followGeodesic(getChart(), pair.factor, pair.vectors, t * pair.logs)};
}

// In the axes A with S1 = A Aᵀ and S2 = A diag(lambda) Aᵀ, the point is A
// diag(lambda^t) Aᵀ, and changes E of S1 and F of S2 change it by
//   (lambda_i^(t-1) - lambda_j^(t-1))/(1/lambda_i - 1/lambda_j) E_ij
//   + (lambda_i^t - lambda_j^t)/(lambda_i - lambda_j) F_ij
// (Daleckii and Krein). With x = log lambda, and whitened by S2, so that F has
// the factor sqrt(lambda_i lambda_j), these are exp(t (x_i+x_j)/2) times
// weights of the geodesic whose length is half of x_i - x_j.
GeodesicArrayGradient CenteredGaussianAttr::buildGeodesicPullback(
    ArrayPoint a, ArrayPoint b, Scalar t, ArrayPoint covector) const {
  Pair pair = relate(getChart(), a[0], b[0]);
  EventArray x = pair.logs;
  // The covector of changes in these axes, times the exponentials.
  EventArray roots =
      buildVector(pair.factor, [&](Value i) { return exp(0.5 * t * x.at(i)); });
  Matrix half = buildMatrix(pair.factor, [&](Value i, Value j) {
    return pair.vectors(i, j) * roots.at(j);
  });
  auto getChange = [&] {
    if (getChart() == CenteredGaussianChart::covariance) {
      Matrix axes = pair.factor * half;
      return transpose(axes) * (readSymmetric(covector[0]) * axes);
    }
    // Of the point's factor L M, M Mᵀ = half halfᵀ, and M^-1 half is
    // orthogonal.
    Matrix inner = lowerFactor(half);
    Matrix turn = solveLower(inner, half);
    Matrix c = transpose(pair.factor * inner) * lower(Matrix(covector[0]));
    return 0.5 * (transpose(turn) * (mirrorLower(c) * turn));
  };
  Matrix change = getChange();
  auto weigh = [&](Scalar part) {
    return buildMatrix(change, [&](Value i, Value j) {
      return change(i, j) * sinhWeight(part, 0.5 * abs(x.at(i) - x.at(j)));
    });
  };
  Matrix others = getOtherVectors(pair);
  Matrix first = pair.vectors * (weigh(1.0 - t) * transpose(pair.vectors));
  Matrix second = others * (weigh(t) * transpose(others));
  Scalar byFraction =
      sumOverRows(change, [&](Value i) { return change(i, i) * x.at(i); });
  return {{unwhitenCovector(getChart(), pair.factor, first)},
          {unwhitenCovector(getChart(), pair.other, second)},
          byFraction};
}

//===----------------------------------------------------------------------===//
// Charts
//===----------------------------------------------------------------------===//

ArrayComponents
CenteredGaussianAttr::buildConvert(ArrayPoint belief,
                                   FamilyInterface target) const {
  CenteredGaussianChart chart = cast<CenteredGaussianAttr>(target).getChart();
  if (chart == getChart())
    return {belief[0]};
  Matrix factor = readFactor(getChart(), belief[0]);
  if (chart == CenteredGaussianChart::cholesky)
    return {lower(factor).asArray()};
  return {(factor * transpose(factor)).asArray()};
}
