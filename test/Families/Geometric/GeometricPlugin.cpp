//===- GeometricPlugin.cpp - The geometric distributions ------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// P(k) = q^k p with q = 1 - p, for k = 0, 1, ...: a family that the library
// does not have, in a dialect of its own, loaded with --load-dialect-plugin.
//
// With the metric dp^2/(p^2 q), the arc length is
//
//   y = 2 artanh(sqrt(q)) = 2 asinh(e^(-x/2)),  x = log(p/q),
//
// from 0 at p = 1, which is not part of the manifold, to infinity at p = 0.
//
//===----------------------------------------------------------------------===//

#include "fisher/IR/FamilyInterface.h"
#include "fisher/Math/Functions.h"

#include "mlir/IR/DialectImplementation.h"
#include "mlir/Tools/Plugins/DialectPlugin.h"

#include <cfloat>
#include <cmath>

using namespace mlir;
using namespace mlir::fisher;

//===----------------------------------------------------------------------===//
// The attribute #testfam.geometric<chart>
//===----------------------------------------------------------------------===//

namespace {

enum class Chart { probability, logit };

/// What MLIR keeps of each attribute: the chart.
struct GeometricStorage : AttributeStorage {
  using KeyTy = Chart;
  explicit GeometricStorage(Chart chart) : chart(chart) {}
  bool operator==(Chart other) const { return chart == other; }
  static GeometricStorage *construct(AttributeStorageAllocator &allocator,
                                     Chart chart) {
    return new (allocator.allocate<GeometricStorage>()) GeometricStorage(chart);
  }
  Chart chart;
};

class GeometricAttr
    : public Attribute::AttrBase<GeometricAttr, Attribute, GeometricStorage,
                                 FamilyInterface::Trait,
                                 PointwiseFamilyInterface::Trait> {
public:
  using Base::Base;
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(GeometricAttr)
  static constexpr StringLiteral name = "testfam.geometric";

  Chart getChart() const { return getImpl()->chart; }
  bool isLogit() const { return getChart() == Chart::logit; }

  // Names and domains.
  static constexpr StringLiteral getMnemonic() { return "geometric"; }
  StringRef getChartName() const { return isLogit() ? "logit" : "probability"; }
  ArrayRef<StringRef> getComponentNames() const;
  ArrayRef<StringRef> getStandardNames() const;
  bool isInDomain(unsigned component, double value) const;
  std::string getDomainDescription(unsigned component) const;
  FailureOr<SmallVector<double>>
  getStoredFromStandard(ArrayRef<double> standard,
                        function_ref<InFlightDiagnostic()> emitError) const;

  /// A value outside the domain is not a number.
  Scalar checked(Scalar stored) const;

  // Geometry.
  Scalar buildSquaredDistance(Point a, Point b) const;
  DistanceAndGradient buildSquaredDistanceWithGradient(Point a, Point b) const;
  Scalar buildKLDivergence(Point a, Point b) const;
  DivergenceAndGradients buildKLDivergenceWithGradients(Point a, Point b) const;
  Components buildMetric(Point at, Point tangent) const;
  Components buildNaturalGradient(Point at, Point gradient) const;
  Components buildNaturalGradientPullback(Point at, Point gradient,
                                          Point covector) const;
  Components buildLog(Point a, Point b) const;
  Components buildExp(Point a, Point tangent) const;
  Components buildGeodesic(Point a, Point b, Scalar t) const;
  GeodesicGradient buildGeodesicPullback(Point a, Point b, Scalar t,
                                         Point covector) const;
  Components buildConvert(Point belief, FamilyInterface target) const;
};

} // namespace

//===----------------------------------------------------------------------===//
// Names and domains
//===----------------------------------------------------------------------===//

ArrayRef<StringRef> GeometricAttr::getComponentNames() const {
  static constexpr StringRef names[] = {"probability"};
  return names;
}

ArrayRef<StringRef> GeometricAttr::getStandardNames() const {
  return getComponentNames();
}

bool GeometricAttr::isInDomain(unsigned, double value) const {
  return isLogit() ? std::isfinite(value) : value > 0.0 && value < 1.0;
}

std::string GeometricAttr::getDomainDescription(unsigned) const {
  return isLogit() ? "a finite number" : "0 < probability < 1";
}

FailureOr<SmallVector<double>> GeometricAttr::getStoredFromStandard(
    ArrayRef<double> standard,
    function_ref<InFlightDiagnostic()> emitError) const {
  double p = standard[0];
  bool isInside = p > 0.0 && p < 1.0;
  if (!isInside)
    return emitError() << "a geometric distribution's probability must be "
                          "between 0 and 1, got "
                       << p;
  return SmallVector<double>{isLogit() ? std::log(p) - std::log1p(-p) : p};
}

Scalar GeometricAttr::checked(Scalar stored) const {
  Condition isInside =
      isLogit() ? abs(stored) < INFINITY : stored > 0.0 && stored < 1.0;
  return select(isInside, stored, stored.nan());
}

//===----------------------------------------------------------------------===//
// Formulas in the chart `probability`
//===----------------------------------------------------------------------===//

namespace probability {

/// e^(y/2), which keeps its relative accuracy where y is large.
static Scalar growth(Scalar p) { return (1.0 + sqrt(1.0 - p)) / sqrt(p); }

/// p = 1/cosh^2(y/2); y > 0 on the manifold.
static Scalar fromGrowth(Scalar e) {
  return select(e > 1.0, square(2.0 / (e + 1.0 / e)), e.nan());
}

/// y1 - y2. The difference of the probabilities is exact where they are close:
///   sinh((y1 - y2)/2) = (p2 - p1) / (sqrt(p1 p2) (sqrt(q1) + sqrt(q2))).
static Scalar arcDifference(Scalar a, Scalar b) {
  Scalar z = (b - a) / (sqrt(1.0 - a) + sqrt(1.0 - b)) / sqrt(a) / sqrt(b);
  Scalar near = 2.0 * z * asinhRootQuotient(square(z));
  Scalar far = 2.0 * log(growth(a) / growth(b));
  return select(abs(z) < 1.0, near, far);
}

/// dy/dp.
static Scalar slope(Scalar p) { return -1.0 / sqrt(1.0 - p) / p; }

} // namespace probability

//===----------------------------------------------------------------------===//
// Formulas in the chart `logit`
//===----------------------------------------------------------------------===//

namespace logit {

/// e^(-|x|/2).
static Scalar decay(Scalar x) { return exp(-0.5 * abs(x)); }

/// min(x, 0).
static Scalar negativePart(Scalar x) { return min(x, x.constant(0.0)); }

/// y + min(x, 0), between 0 and 2 asinh(1).
static Scalar boundedPart(Scalar x) {
  Scalar h = decay(x);
  return 2.0 * select(x > 0.0, h * asinhRootQuotient(square(h)),
                      log1p(sqrt(1.0 + square(h))));
}

static Scalar arc(Scalar x) { return boundedPart(x) - negativePart(x); }

/// sqrt(q) = -dy/dx.
static Scalar rootOfQ(Scalar x) {
  Scalar h = decay(x);
  return select(x > 0.0, h, 1.0) / sqrt(1.0 + square(h));
}

/// Above 40, y is 2 e^(-x/2) to all digits. Taking this much from all logits
/// multiplies every arc length by e^(shift/2), so that none vanishes.
static Scalar shiftFor(Scalar smallest) {
  return max(smallest - 40.0, smallest.constant(0.0));
}

/// x = -2 log(sinh(y/2)) of an arc length that the shift has multiplied; it is
/// positive on the manifold.
static Scalar fromArc(Scalar scaled, Scalar shift) {
  Scalar y = scaled * exp(-0.5 * shift);
  Scalar x = select(y < 100.0, -2.0 * log(sinh(0.5 * y)), std::log(4.0) - y);
  x = select(y < 1e-10, shift - 2.0 * log(0.5 * scaled), x);
  return select(scaled > 0.0, x, x.nan());
}

/// y1 - y2. Where the logits are close, with
///   sinh((y1 - y2)/2) = 2 sinh((x2 - x1)/2) / (1/sqrt(q1) + 1/sqrt(q2)).
static Scalar arcDifference(Scalar a, Scalar b) {
  Scalar rootA = rootOfQ(a), rootB = rootOfQ(b);
  Scalar z = 2.0 * sinh(0.5 * (b - a)) * (rootA / (rootA + rootB)) * rootB;
  Scalar near = 2.0 * z * asinhRootQuotient(square(z));
  Scalar far =
      (negativePart(b) - negativePart(a)) + (boundedPart(a) - boundedPart(b));
  return select(abs(b - a) < 1.0, near, far);
}

} // namespace logit

//===----------------------------------------------------------------------===//
// Geometry
//===----------------------------------------------------------------------===//

/// y1 - y2, from which all of the geometry follows.
static Scalar arcDifference(GeometricAttr family, Point a, Point b) {
  Scalar first = family.checked(a[0]), second = family.checked(b[0]);
  if (!family.isLogit())
    return probability::arcDifference(first, second);
  Scalar shift = logit::shiftFor(min(first, second));
  return exp(-0.5 * shift) *
         logit::arcDifference(first - shift, second - shift);
}

/// dy/dstored.
static Scalar arcSlope(GeometricAttr family, Scalar stored) {
  stored = family.checked(stored);
  return family.isLogit() ? -logit::rootOfQ(stored)
                          : probability::slope(stored);
}

Scalar GeometricAttr::buildSquaredDistance(Point a, Point b) const {
  return square(arcDifference(*this, a, b));
}

DistanceAndGradient
GeometricAttr::buildSquaredDistanceWithGradient(Point a, Point b) const {
  Scalar d = arcDifference(*this, a, b);
  return {square(d), {2.0 * d * arcSlope(*this, a[0])}};
}

Components GeometricAttr::buildMetric(Point at, Point tangent) const {
  Scalar slope = arcSlope(*this, at[0]);
  return {slope * (slope * tangent[0])};
}

Components GeometricAttr::buildNaturalGradient(Point at, Point gradient) const {
  Scalar slope = arcSlope(*this, at[0]);
  return {gradient[0] / slope / slope};
}

// By the stored number x, the inverse metric has the slope (p^2 q)' = 2p -
// 3p^2, or (1/q)' = 1/q - 1 = e^x.
Components GeometricAttr::buildNaturalGradientPullback(Point at, Point gradient,
                                                       Point covector) const {
  Scalar x = checked(at[0]);
  Scalar slope = isLogit() ? exp(x) : x * (2.0 - 3.0 * x);
  return {gradient[0] * covector[0] * slope};
}

// The tangent vector v has v dy/dstored = y2 - y1. The default would divide by
// the square of the slope, which might not be representable.
Components GeometricAttr::buildLog(Point a, Point b) const {
  if (!isLogit())
    return {-arcDifference(*this, a, b) / arcSlope(*this, a[0])};
  Scalar first = checked(a[0]), second = checked(b[0]);
  Scalar shift = logit::shiftFor(min(first, second));
  return {logit::arcDifference(first - shift, second - shift) /
          logit::rootOfQ(first - shift)};
}

Components GeometricAttr::buildExp(Point a, Point tangent) const {
  Scalar start = checked(a[0]);
  if (!isLogit()) {
    Scalar advance = probability::slope(start) * tangent[0];
    return {probability::fromGrowth(probability::growth(start) *
                                    exp(0.5 * advance))};
  }
  Scalar shift = logit::shiftFor(start);
  Scalar advance = -logit::rootOfQ(start - shift) * tangent[0];
  return {logit::fromArc(logit::arc(start - shift) + advance, shift)};
}

// y is linear in t, a sum of two positive terms. Both ends are met.
Components GeometricAttr::buildGeodesic(Point a, Point b, Scalar t) const {
  Scalar first = checked(a[0]), second = checked(b[0]);
  auto between = [&]() -> Scalar {
    if (!isLogit())
      return probability::fromGrowth(
          power(probability::growth(first), 1.0 - t) *
          power(probability::growth(second), t));
    Scalar shift = logit::shiftFor(min(first, second));
    return logit::fromArc((1.0 - t) * logit::arc(first - shift) +
                              t * logit::arc(second - shift),
                          shift);
  };
  Scalar result = select(t >= 0.0 && t <= 0.0, first, between());
  return {select(t >= 1.0 && t <= 1.0, second, result)};
}

// y = (1-t) y1 + t y2: each end moves the point by its share, by dy/dstored of
// either.
GeodesicGradient GeometricAttr::buildGeodesicPullback(Point a, Point b,
                                                      Scalar t,
                                                      Point covector) const {
  Scalar byArc = covector[0] / arcSlope(*this, buildGeodesic(a, b, t)[0]);
  return {{(1.0 - t) * byArc * arcSlope(*this, a[0])},
          {t * byArc * arcSlope(*this, b[0])},
          -(byArc * arcDifference(*this, a, b))};
}

//===----------------------------------------------------------------------===//
// Divergence
//===----------------------------------------------------------------------===//

namespace {
/// How one of p and q changes from the first belief to the second.
struct Change {
  /// p2/p1 - 1 and log(p2/p1); the latter is needed far below 1 only.
  Scalar relative, logRatio;

  /// R(y) = y - log(1 + y) of the relative change y.
  Scalar remainder() const {
    return select(relative > -0.7, log1pRemainder(relative),
                  relative - logRatio);
  }
  /// The relative change, at most the largest number.
  Scalar bounded() const {
    return min(relative,
               relative.constant(relative.isDouble() ? DBL_MAX : FLT_MAX));
  }
  /// R(y)/y, which is y/2 near 0 and 1 far away.
  Scalar remainderQuotient() const {
    Change change{bounded(), logRatio};
    return select(abs(relative) > 0x1p-60, change.remainder() / change.relative,
                  0.5 * relative);
  }
};
} // namespace

/// The change from x1 to x2 of p = 1/(1 + e^-x); that of q has -x1 and -x2.
static Change changeOfLogit(Scalar a, Scalar b) {
  // (e^-x1 - e^-x2) p2, where e^-x2 p2 = q2.
  Scalar up = sigmoid(b) * exp(-a) * -expm1(a - b);
  Scalar other = sigmoid(-b) * expm1(b - a);
  Scalar logRatio = (logit::negativePart(b) - logit::negativePart(a)) +
                    (log1p(exp(-abs(a))) - log1p(exp(-abs(b))));
  return {select(b > 0.0 && b > a, up, other), logRatio};
}

// KL = log(p1/p2) + q1/p1 log(q1/q2) = R(y) + q1/p1 R(z) with the changes
// y = p2/p1 - 1 and z = q2/q1 - 1: two terms that are not negative. As
// q1/p1 z = -y, the second one is -y R(z)/z.
Scalar GeometricAttr::buildKLDivergence(Point a, Point b) const {
  auto combine = [](Change p, Change q) {
    return p.remainder() - p.bounded() * q.remainderQuotient();
  };
  Scalar first = checked(a[0]), second = checked(b[0]);
  if (isLogit())
    return combine(changeOfLogit(first, second),
                   changeOfLogit(-first, -second));
  Scalar q1 = 1.0 - first, q2 = 1.0 - second;
  return combine({(second - first) / first, log(second / first)},
                 {(first - second) / q1, log(q2 / q1)});
}

// By the logits, log(q2/q1) q1/p1 and p2/p1 - 1; p q times less by the
// probabilities.
DivergenceAndGradients
GeometricAttr::buildKLDivergenceWithGradients(Point a, Point b) const {
  Scalar first = checked(a[0]), second = checked(b[0]);
  auto combine = [&](Scalar odds, Change p,
                     Change q) -> DivergenceAndGradients {
    Scalar logRatio =
        select(abs(q.relative) < 0.7, log1p(q.relative), q.logRatio);
    return {buildKLDivergence(a, b), {odds * logRatio}, {p.relative}};
  };
  if (isLogit())
    return combine(exp(-first), changeOfLogit(first, second),
                   changeOfLogit(-first, -second));
  Scalar q1 = 1.0 - first, q2 = 1.0 - second;
  DivergenceAndGradients byLogits =
      combine(q1 / first, {(second - first) / first, log(second / first)},
              {(first - second) / q1, log(q2 / q1)});
  return {byLogits.divergence,
          {byLogits.first[0] / first / q1},
          {byLogits.second[0] / second / q2}};
}

//===----------------------------------------------------------------------===//
// Change of chart
//===----------------------------------------------------------------------===//

Components GeometricAttr::buildConvert(Point belief,
                                       FamilyInterface target) const {
  Chart chart = cast<GeometricAttr>(target).getChart();
  if (chart == getChart())
    return {belief[0]};
  if (chart == Chart::probability)
    return {sigmoid(checked(belief[0]))};
  Scalar p = checked(belief[0]);
  // Near p = 1/2, where log(p/q) vanishes, 2p - 1 is exact.
  return {
      select(p > 0.25, log1p((2.0 * p - 1.0) / (1.0 - p)), log(p / (1.0 - p)))};
}

//===----------------------------------------------------------------------===//
// The dialect and the plugin
//===----------------------------------------------------------------------===//

namespace {
class TestFamiliesDialect : public Dialect {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(TestFamiliesDialect)
  static constexpr StringLiteral getDialectNamespace() { return "testfam"; }

  explicit TestFamiliesDialect(MLIRContext *context)
      : Dialect(getDialectNamespace(), context,
                TypeID::get<TestFamiliesDialect>()) {
    addAttributes<GeometricAttr>();
  }

  Attribute parseAttribute(DialectAsmParser &parser, Type) const override {
    StringRef name;
    SMLoc loc;
    if (parser.parseKeyword(GeometricAttr::getMnemonic()) ||
        parser.parseLess() || parser.getCurrentLocation(&loc) ||
        parser.parseKeyword(&name) || parser.parseGreater())
      return {};
    for (Chart chart : {Chart::probability, Chart::logit}) {
      auto family = GeometricAttr::get(getContext(), chart);
      if (family.getChartName() == name)
        return family;
    }
    parser.emitError(loc, "expected 'probability' or 'logit'");
    return {};
  }

  void printAttribute(Attribute attribute,
                      DialectAsmPrinter &printer) const override {
    auto family = cast<GeometricAttr>(attribute);
    printer << family.getMnemonic() << '<' << family.getChartName() << '>';
  }
};
} // namespace

extern "C" LLVM_ATTRIBUTE_WEAK DialectPluginLibraryInfo
mlirGetDialectPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "Geometric", "1",
          [](DialectRegistry *registry) {
            registry->insert<TestFamiliesDialect>();
          }};
}
