//===- Trigonometry.cpp - Portable functions of angles --------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// As in Exponentials.cpp, the order of operations matters everywhere.
//
//===----------------------------------------------------------------------===//

#include "fisher/Math/Trigonometry.h"

#include "fisher/Math/Bits.h"
#include "fisher/Math/Coefficients.h"
#include "fisher/Math/Evaluation.h"
#include "fisher/Math/Functions.h"

#include <limits>

using namespace mlir;
using namespace mlir::fisher;

namespace {

/// What differs between f32 and f64.
struct Format {
  unsigned width, mantissaBits;
  /// Up to this size, the sine of x rounds to x.
  double negligible;
  /// Beyond this size, angles are taken as 0.
  double angleLimit;
  /// π/2 rounded to nearest, and the rest.
  double quarterTurn, quarterTurnRest;
  /// π/2 in parts, for exact products.
  ArrayRef<double> quarterTurnParts;
  ArrayRef<double> atan, asin, sin, cos, tan;
};

} // namespace

static const Format &formatOf(Scalar x) {
  namespace tables = coefficients;
  static const Format f32 = {/*width=*/32,
                             /*mantissaBits=*/23,
                             /*negligible=*/0x1p-13,
                             /*angleLimit=*/0x1p24,
                             /*quarterTurn=*/0x1.921fb6p+0,
                             /*quarterTurnRest=*/-0x1.777a5cf72cecep-25,
                             tables::quarterTurnPartsF32,
                             tables::atanTableF32,
                             tables::asinTableF32,
                             tables::sinTableF32,
                             tables::cosTableF32,
                             tables::tanTableF32};
  static const Format f64 = {/*width=*/64,
                             /*mantissaBits=*/52,
                             /*negligible=*/0x1p-27,
                             /*angleLimit=*/0x1p48,
                             /*quarterTurn=*/0x1.921fb54442d18p+0,
                             /*quarterTurnRest=*/0x1.1a62633145c07p-54,
                             tables::quarterTurnPartsF64,
                             tables::atanTableF64,
                             tables::asinTableF64,
                             tables::sinTableF64,
                             tables::cosTableF64,
                             tables::tanTableF64};
  return x.isDouble() ? f64 : f32;
}

static constexpr double infinity = std::numeric_limits<double>::infinity();

/// The part of an odd function with slope 1 that is small beside t, where P is
/// the polynomial for the rest of the series in w = t².
static Scalar oddTail(Scalar t, Scalar w, ArrayRef<double> coefficients) {
  return t * (w * polynomial(w, coefficients));
}

/// Numbers of the type of `x`: `first` where the condition holds, else
/// `second`.
static Scalar either(Condition condition, Scalar x, double first,
                     double second) {
  return select(condition, x.constant(first), second);
}

//===----------------------------------------------------------------------===//
// Inverse functions
//===----------------------------------------------------------------------===//

/// quarters·π/2 + t + tail, where `quarters` is 0, 1 or 2, |t| ≤ 1 and `tail`
/// is smaller still.
static Scalar addQuarterTurns(Scalar quarters, Scalar t, Scalar tail) {
  const Format &format = formatOf(t);
  Scalar high = quarters * format.quarterTurn;
  Scalar low = quarters * format.quarterTurnRest;
  Scalar sum = high + t;
  Scalar lost = t - (sum - high);
  return sum + (tail + (lost + low));
}

/// quarters·π/2 + atan t for |t| ≤ 1.
static Scalar addAtan(Scalar quarters, Scalar t) {
  return addQuarterTurns(quarters, t, oddTail(t, square(t), formatOf(t).atan));
}

namespace mlir::fisher {

Scalar atan(Scalar x) {
  Scalar size = abs(x);
  Condition isSteep = size > 1.0;
  Scalar t = select(isSteep, -1.0 / size, size);
  return copysign(addAtan(either(isSteep, x, 1, 0), t), x);
}

Scalar atan2(Scalar y, Scalar x) {
  Scalar width = abs(x), height = abs(y);
  Condition isSteep = height > width;
  Scalar large = select(isSteep, height, width);
  Scalar small = select(isSteep, width, height);
  Scalar ratio = small / select(large <= 0.0, 1.0, large);
  Condition isInfinite = small >= infinity && large >= infinity;
  Scalar t = select(isInfinite, 1.0, ratio);
  Condition isLeft = x < 0.0;
  // The angle is measured from the axis that is closest.
  Scalar quarters = select(isSteep, 1.0, either(isLeft, x, 2, 0));
  t = select(isSteep, -t, t);
  t = select(isLeft, -t, t);
  return copysign(addAtan(quarters, t), y);
}

Scalar asin(Scalar x) {
  Scalar size = abs(x);
  Condition isHigh = size > 0.5;
  // asin x = π/2 − 2 asin √((1 − x)/2); the fraction is exact.
  Scalar half = 0.5 - 0.5 * size;
  Scalar w = select(isHigh, half, square(size));
  Scalar t = select(isHigh, -2.0 * sqrt(half), size);
  Scalar result = addQuarterTurns(either(isHigh, x, 1, 0), t,
                                  oddTail(t, w, formatOf(x).asin));
  return copysign(result, x);
}

Scalar acosOneMinus(Scalar d) {
  // 2 asin √(d/2) near 0, π minus the same of 2 − d near 2, between them
  // π/2 − asin(1 − d); all differences are exact.
  Condition isLow = d < 0.5;
  Condition isHigh = d > 1.5;
  Condition isEnd = isLow || isHigh;
  Scalar rest = select(isLow, d, 2.0 - d);
  Scalar root = sqrt(2.0 * rest);
  Scalar y = d - 1.0;
  Scalar w = select(isEnd, 0.5 * rest, square(y));
  Scalar t = select(isEnd, select(isLow, root, -root), y);
  Scalar quarters = select(isLow, 0.0, either(isHigh, d, 2, 1));
  return addQuarterTurns(quarters, t, oddTail(t, w, formatOf(d).asin));
}

} // namespace mlir::fisher

//===----------------------------------------------------------------------===//
// Functions of angles
//===----------------------------------------------------------------------===//

namespace {

/// x − n·period = high − low, of a size up to a little more than half a period.
struct ReducedAngle {
  /// The low bits are those of n.
  Bits n;
  /// The difference is precise relative to itself; `low` is no larger than the
  /// last place of `high`.
  Scalar high, low;
};

} // namespace

/// x − exact − terms − rest, where the terms are ordered from large to small,
/// and the differences from the first ones are exact.
static ReducedAngle subtract(Bits n, Scalar x, ArrayRef<Scalar> exact,
                             ArrayRef<Scalar> terms, Scalar rest) {
  for (Scalar term : exact)
    x = x - term;
  for (Scalar term : terms) {
    Scalar next = x - term;
    // What rounding loses; precise whichever of the two is larger, because x
    // is a multiple of the last place of the term.
    rest = rest + (term - (x - next));
    x = next;
  }
  return {n, x, rest};
}

/// Takes multiples of a period of `quarters` quarter turns, a power of two,
/// from an angle up to 2^20 (f64: 2^30) in size.
static ReducedAngle reduceAngle(Scalar x, double quarters) {
  const Format &format = formatOf(x);
  // x·0 is not a number where x is infinite.
  x = select(abs(x) <= format.angleLimit, x, x * 0.0);
  double inverse = 0x1.45f306dc9c883p-1 / quarters;
  auto part = [&](unsigned i) { return format.quarterTurnParts[i] * quarters; };
  // Adding a number of this size rounds to an integer, which is then found in
  // the low bits of the sum.
  double shift = 1.5 * double(uint64_t(1) << format.mantissaBits);

  // Products with n are exact, except for the last one.
  if (x.isDouble()) {
    Scalar shifted = x * inverse + shift;
    Scalar n = shifted - shift;
    return subtract(Bits(shifted), x, {n * part(0), n * part(1)},
                    {n * part(2), n * part(3)}, n * part(4));
  }

  // The integer has two halves: a multiple of 1024, and what follows from the
  // remainder, for which two parts of the period do.
  constexpr double step = 1024;
  Scalar coarse = (x * inverse + step * shift) - step * shift;
  Scalar first = coarse * part(0), second = coarse * part(1);
  Scalar shifted = ((x - first) - second) * inverse + shift;
  Scalar fine = shifted - shift;
  return subtract(Bits(shifted), x, {first, fine * part(0), second},
                  {fine * part(1), coarse * part(2), fine * part(2),
                   coarse * part(3), fine * part(3)},
                  (coarse + fine) * part(4));
}

/// `x`, with the sign flipped where the second bit of `n` is set.
static Scalar flipSign(Scalar x, Bits n) {
  // A sum in the highest bit is modulo 2.
  return (Bits(x) + ((n & 2) << (formatOf(x).width - 2))).toScalar();
}

namespace mlir::fisher {

SinCos sinCos(Scalar x) {
  const Format &format = formatOf(x);
  ReducedAngle angle = reduceAngle(x, 1);
  Scalar r = angle.high - angle.low;
  Scalar lost = (angle.high - r) - angle.low;
  Scalar w = square(r);
  Scalar sin = r + (oddTail(r, w, format.sin) + lost);
  // 1 − w/2 + (w²P(w) − r·lost), where rounding of the first difference is made
  // up for.
  Scalar half = 0.5 * w;
  Scalar difference = 1.0 - half;
  Scalar tail = square(w) * polynomial(w, format.cos) - r * lost;
  Scalar cos = difference + (((1.0 - difference) - half) + tail);

  Condition isOdd = angle.n.isOdd();
  Scalar first = flipSign(select(isOdd, cos, sin), angle.n);
  Scalar second = flipSign(select(isOdd, sin, cos), angle.n + 1);
  // The difference from 0·π/2 has lost the sign of 0.
  return {select(abs(x) < format.negligible, x, first), second};
}

Scalar tan(Scalar x) {
  const Format &format = formatOf(x);
  Scalar size = abs(x);
  // Beyond an eighth of a turn, −1/tan(|x| − π/2). Where that is close to 0,
  // the first difference is exact, elsewhere the second loses next to nothing.
  Condition isSteep = size > 0.7854;
  Scalar difference = size - format.quarterTurn;
  Scalar r = difference - format.quarterTurnRest;
  Scalar lost = (difference - r) - format.quarterTurnRest;
  Scalar t = select(isSteep, r, size);
  Scalar e = select(isSteep, lost, 0.0);
  Scalar w = square(t);
  // The slope is 1 + tan², nearly 1 + w.
  Scalar value = t + (oddTail(t, w, format.tan) + (e + e * w));
  Scalar result = select(isSteep, -1.0 / value, value);
  Scalar sign = copysign(x.constant(1.0), x);
  return select(size < 2.3561, sign * result, x.nan());
}

Scalar wrapAngle(Scalar x) {
  const Format &format = formatOf(x);
  double halfTurn = 2.0 * format.quarterTurn;
  ReducedAngle angle = reduceAngle(x, 4);
  Scalar r = angle.high - angle.low;
  // Close to half a turn, n may be off by one.
  Scalar turn = copysign(either(abs(r) > halfTurn, x, 1, 0), r);
  Scalar low = angle.low + turn * (4.0 * format.quarterTurnRest);
  Scalar result = (angle.high - turn * (2.0 * halfTurn)) - low;
  return select(abs(x) <= halfTurn, x, result);
}

SplitAngle wrapDifference(Scalar from, Scalar to) {
  Difference difference = exactDifference(to, from);
  ReducedAngle angle = reduceAngle(difference.rounded, 4);
  return {angle.high, difference.lost - angle.low};
}

} // namespace mlir::fisher

//===----------------------------------------------------------------------===//
// Hyperbolic functions
//===----------------------------------------------------------------------===//

namespace mlir::fisher {

Scalar tanh(Scalar x) {
  // Beyond the bound, the result rounds to 1.
  Scalar size = clampAbove(abs(x), choose(x, 10, 20));
  Scalar e = expm1(2.0 * size);
  return copysign(e / (2.0 + e), x);
}

Scalar acoshOnePlus(Scalar x) {
  // 2 asinh √(x/2) = √(2x)·asinh(√(x/2))/√(x/2). 2x may overflow, and x/2 may
  // lose a bit.
  Condition isSmall = x < 1.0;
  Scalar root = sqrt(select(isSmall, 2.0 * x, 0.5 * x));
  root = select(isSmall, root, 2.0 * root);
  return select(x < infinity, root * asinhRootQuotient(0.5 * x), x);
}

} // namespace mlir::fisher
