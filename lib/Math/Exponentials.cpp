//===- Exponentials.cpp - Exponentials and what is made of them -----------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The order of operations matters everywhere in this file: which sums are
// exact, and where a rounding is harmless, is said at each step. Clamps are
// selections that let NaN pass.
//
//===----------------------------------------------------------------------===//

#include "Exponentials.h"
#include "Format.h"

#include "fisher/Math/Evaluation.h"
#include "fisher/Math/Functions.h"

#include <cmath>

using namespace mlir;
using namespace mlir::fisher;
using namespace mlir::fisher::elementary;

namespace {

/// An integer n, and what is left of a number without its multiple of ln 2.
struct IntegerReduction {
  /// The low bits are those of n plus the offset.
  Bits exponent;
  Scalar n, high;
};

} // namespace

/// x = n·`times`·ln 2 + high, but for what `ln2High` lacks, and high is exact;
/// `times` is 1 or 2.
static IntegerReduction reduceToInteger(Scalar x, int offset, double times) {
  const Format &format = formatOf(x);
  // Adding a number of this size rounds to an integer, which is then found in
  // the low bits of the sum.
  double shift = 1.5 * double(uint64_t(1) << format.mantissaBits) + offset;
  Scalar shifted = multiplyAdd(x, x.constant(0x1.71547652b82fep+0 / times),
                               x.constant(shift));
  Scalar n = shifted - shift;
  return {Bits(shifted), n,
          multiplyAdd(n, n.constant(-times * format.ln2High), x)};
}

ExpReduction elementary::reduce(Scalar x, int offset) {
  auto [exponent, n, high] = reduceToInteger(x, offset, 1.0);
  Scalar low = n * formatOf(x).ln2Low;
  return {exponent, high, low, high - low};
}

Scalar elementary::expTail(const ExpReduction &x) {
  return multiplyAdd(square(x.r), polynomial(x.r, formatOf(x.r).exp), -x.low);
}

/// e^r. Neither the rounding of r nor that of 1 + high matters.
static Scalar expReduced(const ExpReduction &x) {
  Scalar sum = 1.0 + x.high;
  Scalar lost = x.high - (sum - 1.0);
  return sum + (expTail(x) + lost);
}

/// e^x/4 for −½ ≤ x ≤ `sinhLimit`: the result does not overflow where sinh and
/// cosh do not.
static Scalar quarterExp(Scalar x) {
  const Format &format = formatOf(x);
  ExpReduction reduced = reduce(x, int(format.bias) - 2);
  Scalar power = (reduced.exponent << format.mantissaBits).toScalar();
  return expReduced(reduced) * power;
}

/// Where sinh and cosh have overflowed, but a quarter of e^x has not.
static double sinhLimit(Scalar x) { return choose(x, 89.5, 710.5); }

double elementary::expLowLimit(Scalar x) { return choose(x, -104.5, -746); }

/// e^r·2^n for `reduced` with the offset 2·bias.
static Scalar scaleExp(const ExpReduction &reduced) {
  const Format &format = formatOf(reduced.r);
  // 2^n may be out of range where the result is not. Each factor has half of
  // the exponent, and its bias from the offset; bits above are shifted out.
  Bits half = reduced.exponent >> 1;
  Scalar first = (half << format.mantissaBits).toScalar();
  Scalar second = ((reduced.exponent - half) << format.mantissaBits).toScalar();
  return expReduced(reduced) * first * second;
}

Scalar elementary::expInRange(Scalar x) {
  return scaleExp(reduce(x, 2 * int(formatOf(x).bias)));
}

/// (e^r·2^n − 1)/2^k for `x` reduced with the offset bias − k.
static Scalar expm1Reduced(const ExpReduction &x, int k) {
  Scalar power = (x.exponent << formatOf(x.r).mantissaBits).toScalar();
  // 2^n·high + (2^n − 1) + 2^n·(e^r − 1 − high): the third term is small, and
  // takes up what rounding loses of the first where that is smaller.
  Scalar first = power * x.high;
  Scalar second = power - 1.0 / double(uint64_t(1) << k);
  Scalar sum = first + second;
  Scalar lost = first - (sum - second);
  return sum + multiplyAdd(power, expTail(x), lost);
}

/// (e^x − 1)/2^k for x in [expm1LowLimit, (127 + k) ln 2] (f64: 1023 + k), or
/// not a number.
static Scalar scaledExpm1(Scalar x, int k) {
  return expm1Reduced(reduce(x, int(formatOf(x).bias) - k), k);
}

Scalar elementary::scaledExpm1(Scalar x, int k, Scalar rest) {
  ExpReduction reduced = reduce(x, int(formatOf(x).bias) - k);
  reduced.low = reduced.low + rest;
  reduced.r = reduced.high - reduced.low;
  return expm1Reduced(reduced, k);
}

/// Where e^(x/2) is less than half of the least subnormal number.
static double halfExpLimit(Scalar x) { return choose(x, -210, -1492); }

/// x = 2n·ln 2 + r, |r| ≤ ln 2.
static IntegerReduction reduceHalf(Scalar x, int offset) {
  return reduceToInteger(x, offset, 2.0);
}

/// 2 (e^(r/2) − 1) − r, less `rest`.
static Scalar twiceHalfTail(Scalar r, Scalar rest) {
  SmallVector<double> coefficients;
  double scale = 0.5;
  for (double coefficient : formatOf(r).exp) {
    coefficients.push_back(scale * coefficient);
    scale *= 0.5;
  }
  return multiplyAdd(square(r), polynomial(r, coefficients), -rest);
}

/// e^(x/2) for x ≤ 0.
static Scalar expHalf(const Difference &x) {
  const Format &format = formatOf(x.rounded);
  // 2^n may be out of range where the result is not: its bit pattern is that
  // of 2^n·2^k.
  const int k = int(format.bias) / 2;
  IntegerReduction reduced = reduceHalf(
      clampBelow(x.rounded, halfExpLimit(x.rounded)), int(format.bias) + k);
  Scalar rest =
      multiplyAdd(reduced.n, reduced.n.constant(2.0 * format.ln2Low), -x.lost);
  Scalar tail = twiceHalfTail(reduced.high - rest, rest);
  Scalar half = tail.constant(0.5);
  Scalar sum = multiplyAdd(reduced.high, half, half.constant(1.0));
  Scalar lost = multiplyAdd(reduced.high, half, 1.0 - sum);
  Scalar power = (reduced.exponent << format.mantissaBits).toScalar();
  return (sum + multiplyAdd(tail, half, lost)) * power * std::ldexp(1.0, -k);
}

/// a − top for a ≤ top, not less than where its exponential is zero.
static Difference differenceFromTop(Scalar a, Scalar top) {
  Scalar clamped = clampBelow(a, top + halfExpLimit(a));
  Scalar rounded = clamped - top;
  Scalar taken = rounded - clamped;
  return {rounded, (clamped - (rounded - taken)) - (top + taken)};
}

double elementary::expm1LowLimit(Scalar x) { return choose(x, -20, -40); }

namespace mlir::fisher {

Scalar exp(Scalar x) {
  return expInRange(
      clampAbove(clampBelow(x, expLowLimit(x)), choose(x, 89, 710)));
}

Scalar expm1(Scalar x) {
  Scalar clamped =
      clampAbove(clampBelow(x, expm1LowLimit(x)), choose(x, 89, 710));
  // Subnormal numbers do not survive being halved.
  return select(abs(x) < formatOf(x).negligible, x,
                scaledExpm1(clamped, 1) * 2.0);
}

Scalar expHalfDifference(Scalar a, Scalar b) {
  return expHalf(differenceFromTop(a, b));
}

HalfExponentials halfExponentials(Scalar a, Scalar topOfA, Scalar b,
                                  Scalar topOfB) {
  const Format &format = formatOf(a);
  Difference x = differenceFromTop(a, topOfA);
  Difference y = differenceFromTop(b, topOfB);
  // By what was rounded: if it is the same, the "smaller" may be larger, too.
  Condition isRise = y.rounded > x.rounded;
  auto choose = [&](const Difference &a, const Difference &b) -> Difference {
    return {select(isRise, a.rounded, b.rounded),
            select(isRise, a.lost, b.lost)};
  };
  Difference upper = choose(y, x), lower = choose(x, y);
  Scalar larger = expHalf(upper);
  // The lower one is at least as large in size, so that this is exact.
  Scalar distance = lower.rounded - upper.rounded;
  Scalar lost =
      (lower.lost - upper.lost) - (upper.rounded + (distance - lower.rounded));
  // The smaller is 2^n (1 + q) of the larger, and is 2^n q + (2^n − 1) of it
  // away, where q is small beside the rest unless n is zero. 2^n is zero where
  // it would not be a normal number.
  IntegerReduction reduced = reduceHalf(
      clampBelow(distance, -2.0 * double(format.bias) * format.ln2Nearest),
      int(format.bias));
  Scalar r =
      reduced.high -
      multiplyAdd(reduced.n, reduced.n.constant(2.0 * format.ln2Low), -lost);
  Scalar q = 0.5 * twiceHalfTail(r, -r);
  Scalar power = (reduced.exponent << format.mantissaBits).toScalar();
  Scalar fall = larger * multiplyAdd(power, q, power - 1.0);
  Scalar part = larger * power;
  Scalar smaller = multiplyAdd(part, q, part);
  return {select(isRise, smaller, larger), select(isRise, larger, smaller),
          select(isRise, -fall, fall)};
}

Scalar expm1Quotient(Scalar x) {
  // The quotient overflows later than e^x, and the denominator may be large.
  constexpr int k = 16;
  Scalar clamped = clampAbove(x, choose(x, 94, 717));
  Scalar numerator = scaledExpm1(clampBelow(clamped, expm1LowLimit(x)), k);
  return select(abs(x) < formatOf(x).negligible, 1.0,
                numerator / (clamped * (1.0 / (1 << k))));
}

Scalar sinh(Scalar x) {
  Scalar size = clampAbove(abs(x), sinhLimit(x));
  // With E = e^|x| − 1, sinh |x| = E − ½E·E/(E + 1).
  Scalar quarter = scaledExpm1(size, 2);
  Scalar ratio = quarter / (quarter + 0.25);
  Scalar result = 4.0 * (quarter - (0.5 * quarter) * ratio);
  return select(size < formatOf(x).negligible, x, copysign(result, x));
}

Scalar cosh(Scalar x) {
  Scalar quarter = quarterExp(clampAbove(abs(x), sinhLimit(x)));
  return 2.0 * (quarter + 0.0625 / quarter);
}

Scalar sigmoid(Scalar x) {
  Scalar e = expInRange(clampBelow(-abs(x), expLowLimit(x)));
  // 1 − r or e − e·r: the rounding of 1 + e matters less than in a quotient.
  Scalar r = e / (1.0 + e);
  Scalar limit = select(x < 0.0, e, x.constant(1.0));
  return limit - limit * r;
}

Scalar erf(Scalar x) {
  // From 6 on it rounds to 1.
  Scalar size = clampAbove(abs(x), 6);
  // −2/√π in two parts.
  Scalar slope = (size * polynomial(size, formatOf(x).erf) -
                  choose(x, -0x1.f7ac92p-25, 0x1.1ae3a914fed8p-56)) -
                 choose(x, 0x1.20dd76p+0, 0x1.20dd750429b6dp+0);
  Scalar u = clampBelow(size * slope, expm1LowLimit(x));
  return copysign(scaledExpm1(u, 0), x);
}

} // namespace mlir::fisher
