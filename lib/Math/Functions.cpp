//===- Functions.cpp - Portable elementary functions ----------------------===//
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

#include "fisher/Math/Functions.h"

#include "fisher/Math/Bits.h"
#include "fisher/Math/Coefficients.h"
#include "fisher/Math/Evaluation.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace mlir::fisher;

namespace {

/// What differs between f32 and f64.
struct Format {
  unsigned mantissaBits;
  uint64_t bias;
  /// Up to this size, functions that are x + O(x²) round to x.
  double negligible;
  double smallestNormal;
  /// ln 2 as a number whose product with any exponent is exact, and the rest.
  double ln2High, ln2Low;
  /// ln 2 rounded to nearest, and the rest.
  double ln2Nearest, ln2Rest;
  /// The bit pattern of √½.
  uint64_t rootHalf;
  ArrayRef<double> exp, logWide, asinhRoot, erf;

  uint64_t mantissaMask() const { return (uint64_t(1) << mantissaBits) - 1; }
  /// Without these bits a number has so few that its square is exact.
  uint64_t lowHalfMask() const {
    return (uint64_t(1) << (mantissaBits / 2 + 1)) - 1;
  }
  /// The bit pattern of 2^exponent.
  uint64_t powerOfTwo(int exponent) const {
    return (bias + exponent) << mantissaBits;
  }
};

} // namespace

static const Format &formatOf(Scalar x) {
  namespace tables = coefficients;
  static const Format f32 = {/*mantissaBits=*/23,
                             /*bias=*/127,
                             /*negligible=*/0x1p-26,
                             /*smallestNormal=*/0x1p-126,
                             /*ln2High=*/0x1.62e4p-1,
                             /*ln2Low=*/0x1.7f7d1cf79abcap-20,
                             /*ln2Nearest=*/0x1.62e43p-1,
                             /*ln2Rest=*/-0x1.05c610ca86c39p-29,
                             /*rootHalf=*/0x3f3504f3,
                             tables::expTableF32,
                             tables::logWideTableF32,
                             tables::asinhRootTableF32,
                             tables::erfTableF32};
  static const Format f64 = {/*mantissaBits=*/52,
                             /*bias=*/1023,
                             /*negligible=*/0x1p-55,
                             /*smallestNormal=*/0x1p-1022,
                             /*ln2High=*/0x1.62e42feep-1,
                             /*ln2Low=*/0x1.a39ef35793c76p-33,
                             /*ln2Nearest=*/0x1.62e42fefa39efp-1,
                             /*ln2Rest=*/0x1.abc9e3b39803fp-56,
                             /*rootHalf=*/0x3fe6a09e667f3bcd,
                             tables::expTableF64,
                             tables::logWideTableF64,
                             tables::asinhRootTableF64,
                             tables::erfTableF64};
  return x.isDouble() ? f64 : f32;
}

static constexpr double infinity = std::numeric_limits<double>::infinity();

//===----------------------------------------------------------------------===//
// Exponentials
//===----------------------------------------------------------------------===//

namespace {

/// An integer n, and what is left of a number without its multiple of ln 2.
struct IntegerReduction {
  /// The low bits are those of n plus the offset.
  Bits exponent;
  Scalar n, high;
};

/// x = n·ln 2 + r, |r| ≤ ½ ln 2.
struct ExpReduction {
  /// The low bits are those of n plus the offset.
  Bits exponent;
  /// r = high − low, where high is exact.
  Scalar high, low, r;
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

static ExpReduction reduce(Scalar x, int offset) {
  auto [exponent, n, high] = reduceToInteger(x, offset, 1.0);
  Scalar low = n * formatOf(x).ln2Low;
  return {exponent, high, low, high - low};
}

/// e^r − 1 − high, the part that is small beside high.
static Scalar expTail(const ExpReduction &x) {
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

/// Where e^x is less than half of the least subnormal number.
static double expLowLimit(Scalar x) { return choose(x, -104.5, -746); }

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

/// e^x for x in [expLowLimit, 89] (f64: 710), or not a number.
static Scalar expInRange(Scalar x) {
  return scaleExp(reduce(x, 2 * int(formatOf(x).bias)));
}

/// (e^r·2^n − 1)/2^k for `x` reduced with the offset bias − k.
static Scalar scaledExpm1(const ExpReduction &x, int k) {
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
  return scaledExpm1(reduce(x, int(formatOf(x).bias) - k), k);
}

/// The same of x − rest, where `rest` is below the precision of x.
static Scalar scaledExpm1(Scalar x, int k, Scalar rest) {
  ExpReduction reduced = reduce(x, int(formatOf(x).bias) - k);
  reduced.low = reduced.low + rest;
  reduced.r = reduced.high - reduced.low;
  return scaledExpm1(reduced, k);
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

/// Where e^x − 1 rounds to −1.
static double expm1LowLimit(Scalar x) { return choose(x, -20, -40); }

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

} // namespace mlir::fisher

//===----------------------------------------------------------------------===//
// Logarithms
//===----------------------------------------------------------------------===//

namespace {

/// u = 2^n·m with √½ ≤ m < √2.
struct Decomposition {
  Scalar n, m;
  /// 2^n as a bit pattern, n between −bias and bias + 1.
  Bits power;
};

/// A number in the range of `decompose`, and what to subtract from its
/// exponent.
struct Normalized {
  Scalar u, exponentOffset;
};

/// f/(2 + f) and its square.
struct LogVariable {
  explicit LogVariable(Scalar f) : z(f / (2.0 + f)), w(square(z)) {}
  Scalar z, w;
};

} // namespace

/// What the exponent that `decompose` finds exceeds n by.
static double exponentOffset(const Format &format) {
  return double(uint64_t(1) << format.mantissaBits) + double(format.bias);
}

/// Takes apart a positive normal number; `offset` is added to the exponent
/// beforehand. Other arguments give finite nonsense.
static Decomposition decompose(Scalar u, Scalar offset) {
  const Format &format = formatOf(u);
  // Now m < 1 has the exponent of its double.
  Bits bits = Bits(u) + (format.powerOfTwo(0) - format.rootHalf);
  Bits integer =
      (bits >> format.mantissaBits) | format.powerOfTwo(format.mantissaBits);
  Bits m = (bits & format.mantissaMask()) + format.rootHalf;
  return {integer.toScalar() - offset, m.toScalar(),
          bits & ~format.mantissaMask()};
}

static Decomposition decompose(Scalar u) {
  return decompose(u, u.constant(exponentOffset(formatOf(u))));
}

/// Brings subnormal u into the range of normal numbers.
static Normalized normalize(Scalar u) {
  const Format &format = formatOf(u);
  constexpr int shift = 64;
  Condition subnormal = u < format.smallestNormal;
  double offset = exponentOffset(format);
  return {select(subnormal,
                 u * double(uint64_t(1) << 32) * double(uint64_t(1) << 32), u),
          select(subnormal, offset + shift, u.constant(offset))};
}

/// f − log(1 + f) for f in [√½ − 1, √2 − 1].
static Scalar logTail(Scalar f) {
  // In f32 a polynomial of f costs less than a division.
  if (!f.isDouble())
    return square(f) * balancedPolynomial(f, coefficients::logTailTableF32);
  // log(1 + f) = 2z + z³Q(z²) = f − z(f − z²Q(z²)).
  LogVariable t(f);
  return t.z * (f - t.w * polynomial(t.w, coefficients::logTableF64));
}

/// n·ln 2 + log(1 + f) for f in [√½ − 1, √2 − 1].
static Scalar assembleLog(Scalar n, Scalar f) {
  const Format &format = formatOf(f);
  Scalar tail = multiplyAdd(n, f.constant(-format.ln2Low), logTail(f));
  return multiplyAdd(n, f.constant(format.ln2High), f - tail);
}

/// c/2^n, where `power` is 2^n.
static Scalar divide(Scalar c, Bits power) {
  const Format &format = formatOf(c);
  // 2^(1−n) is a number for every n, unlike 2^−n.
  Scalar twiceInverse =
      ((format.powerOfTwo(1) + format.powerOfTwo(0)) - power).toScalar();
  return c * twiceInverse * 0.5;
}

/// The error of the rounded sum u = 1 + y. Exact where it matters: where
/// ulp(u) ≤ 1.
static Scalar errorOfSum(Scalar y, Scalar u) { return y - (u - 1.0); }

/// log(u + c) where c is less than ulp(u), for normal u > 0.
static Scalar logOfSum(Scalar c, const Decomposition &u) {
  // m − 1 is exact.
  return assembleLog(u.n, (u.m - 1.0) + divide(c, u.power));
}

/// `result` for finite x > pole, `atPole` at the pole, infinity at infinity,
/// not a number below.
static Scalar onDomain(Scalar x, double pole, double atPole, Scalar result) {
  return select(x > pole, select(x < infinity, result, x),
                select(x >= pole, atPole, x.nan()));
}

/// `sum`, which is 1 + y, or 1 where it is so near that the reduction of its
/// logarithm is skipped (2^n = m = 1, and all of y is error of the sum): in a
/// range wide enough that the terms do not cancel outside of it.
static Scalar nearOne(Scalar y, Scalar sum) {
  return select(abs(y) < 0.4, 1.0, sum);
}

/// (sum + c) - 1 - log(sum + c) where c is less than ulp(sum), or the sum is 1.
static Scalar remainderOfSum(Scalar c, Scalar sum) {
  const Format &format = formatOf(sum);
  Decomposition u = decompose(sum);
  Scalar scaled = divide(c, u.power);
  // 1 + y = 2^n (1 + f + e) up to the square of the unit roundoff.
  Scalar exact = u.m - 1.0;
  Scalar f = exact + scaled;
  Scalar e = (exact - f) + scaled;
  // f − log(1 + f) = f²/2 − z(f²/2 + z²Q(z²)), to which e adds e·f/(1 + f),
  // for which 2ez is close enough. With f = a + b, where a has half of the
  // bits, a² is exact and is most of f².
  LogVariable t(f);
  Scalar a = (Bits(f) & ~format.lowHalfMask()).toScalar();
  Scalar b = f - a;
  Scalar main = (0.5 * a) * a;
  Scalar rest = b * (a + 0.5 * b);
  Scalar series = t.w * polynomial(t.w, format.logWide) - 2.0 * e;
  Scalar tail = rest - t.z * ((main + rest) + series);
  // y − n·ln 2 − f, without the terms that cancel. The first difference is
  // compensated, the second is exact where it matters.
  Scalar nLn2 = u.n * format.ln2High;
  Scalar difference = sum - nLn2;
  Scalar step = difference - sum;
  Scalar lost = (sum - (difference - step)) - (nLn2 + step);
  Scalar small = ((c - scaled) + lost) - u.n * format.ln2Low;
  return (difference - u.m) + (main + (tail + small));
}

/// log(1 + y) for −½ ≤ y ≤ 1, which needs no reduction.
static Scalar logOfOnePlus(Scalar y) {
  LogVariable t(y);
  return y - t.z * (y - t.w * polynomial(t.w, formatOf(y).logWide));
}

/// What softplus(x) exceeds the positive part of x by.
static Scalar softplusTail(Scalar x) {
  return logOfOnePlus(expInRange(clampBelow(-abs(x), expLowLimit(x))));
}

namespace mlir::fisher {

Scalar log(Scalar x) {
  Normalized normalized = normalize(x);
  Decomposition u = decompose(normalized.u, normalized.exponentOffset);
  return onDomain(x, 0.0, -infinity, assembleLog(u.n, u.m - 1.0));
}

Scalar log1p(Scalar y) {
  Scalar u = 1.0 + y;
  return onDomain(y, -1.0, -infinity, logOfSum(errorOfSum(y, u), decompose(u)));
}

Scalar log1pRemainder(Scalar y) {
  Scalar sum = nearOne(y, 1.0 + y);
  return onDomain(y, -1.0, infinity, remainderOfSum(errorOfSum(y, sum), sum));
}

Scalar ratioRemainder(Scalar excess, Scalar ratio) {
  // The ratio has more digits than what is added to one where that is near -1.
  Condition isSmall = excess < -0.7;
  Scalar sum = select(isSmall, ratio, nearOne(excess, 1.0 + excess));
  return remainderOfSum(select(isSmall, 0.0, errorOfSum(excess, sum)), sum);
}

Scalar power(Scalar base, Scalar exponent) {
  const Format &format = formatOf(base);
  Normalized normalized = normalize(base);
  Decomposition u = decompose(normalized.u, normalized.exponentOffset);
  // base^e = 2^(n e) m^e. Both parts of e times n are exact, so that only the
  // fraction of the exponent is rounded.
  Scalar high = (Bits(exponent) & ~format.lowHalfMask()).toScalar();
  Scalar low = exponent - high;
  double shift = 1.5 * double(uint64_t(1) << format.mantissaBits);
  Scalar product = high * u.n;
  // Beyond twice the range of exponents, the result is 0 or infinity.
  double limit = 2.0 * double(format.bias) + 52.0;
  Scalar clamped = clampAbove(clampBelow(product, -limit), limit);
  Scalar k = (clamped + shift) - shift;
  Scalar fraction = (clamped - k) + low * u.n;
  Scalar rest = exp(fraction * format.ln2Nearest +
                    exponent * assembleLog(u.n * 0.0, u.m - 1.0));
  // 2^k as a product of factors that are in range.
  Scalar third = (k * (1.0 / 3.0) + shift) - shift;
  auto powerOfTwo = [&](Scalar integer) {
    return (Bits(integer + (shift + double(format.bias)))
            << format.mantissaBits)
        .toScalar();
  };
  Scalar result = rest * powerOfTwo(third) * powerOfTwo(third) *
                  powerOfTwo(k - 2.0 * third);
  return onDomain(base, 0.0, 0.0, result);
}

/// log(2^k (c + a + b)) for a, b ≥ 0, and c = 2^−k, so that nothing is lost
/// where a and b are small. The sum is in the range of the numbers that have an
/// inverse.
static Scalar logOfThree(int k, Scalar a, Scalar b) {
  const Format &format = formatOf(a);
  const double c = std::ldexp(1.0, -k);
  Decomposition u =
      decompose((c + a) + b, a.constant(exponentOffset(format) - k));
  // What is taken apart is 2^n (1 + f), without the rounding of the sum.
  Scalar inverse = (2 * format.powerOfTwo(0) - u.power).toScalar();
  Scalar f =
      multiplyAdd(b, inverse, multiplyAdd(a, inverse, c * inverse - 1.0));
  return assembleLog(u.n, f);
}

Scalar asinhRootQuotient(Scalar x) {
  Scalar nearby = 1.0 + x * polynomial(x, formatOf(x).asinhRoot);
  // asinh √x = ½ log(16(e + 1/16 + √(e(e + ⅛)))), e = x/8.
  const double largest = choose(x, 0x1.fffffep127, 0x1.fffffffffffffp1023);
  Scalar e = 0.125 * clampAbove(x, largest);
  Condition isSquarable = e < choose(x, 0x1p60, 0x1p500);
  Scalar root = sqrt(multiplyAdd(e, e, 0.125 * e));
  Scalar twice = logOfThree(4, e, select(isSquarable, root, e));
  // The square root halves the error of what it is taken of.
  return select(x > 0.75, 0.5 * sqrt(square(twice) / x), nearby);
}

/// sinh D where 2(cosh D − 1) = y.
static Scalar sinhOfArc(Scalar y) {
  Scalar halfChord = 0.5 * y;
  return sqrt(multiplyAdd(halfChord, halfChord, y));
}

Scalar hyperbolicArc(Scalar y) {
  // D = log(cosh D + sinh D).
  return logOfThree(0, 0.5 * y, sinhOfArc(y));
}

Scalar hyperbolicArcQuotient(Scalar y) {
  Scalar sinh = sinhOfArc(y);
  return select(y <= 0.0, 1.0, hyperbolicArc(y) / sinh);
}

Scalar softplus(Scalar x) { return select(x > 0.0, x, 0.0) + softplusTail(x); }

SoftplusPair softplusPair(Scalar a, Scalar b) {
  const Format &format = formatOf(a);
  Scalar tail = softplusTail(b), growth = select(b > 0.0, b, 0.0);
  Scalar second = growth + tail, weight = sigmoid(b);
  // Near each other, the difference is log(1 + sigmoid(b) (e^(a − b) − 1));
  // else the parts are computed and subtracted each by itself. Either way there
  // is one exponential and one logarithm, of a number from ½ to 2.
  Scalar distance = a - b;
  Condition isNear = abs(distance) < 0.693;
  // The least argument gives the exponent of zero.
  Scalar outer = clampBelow(-abs(a), choose(a, -88.0, -709.0));
  ExpReduction x = reduce(select(isNear, distance, outer), int(format.bias));
  Scalar power = (x.exponent << format.mantissaBits).toScalar();
  Scalar rise = x.high + expTail(x);
  Scalar e = multiplyAdd(power, rise, power);
  Scalar y = select(isNear, weight * multiplyAdd(power, rise, power - 1.0), e);
  Scalar log = logOfOnePlus(y);
  Scalar growthOfFirst = select(a > 0.0, a, 0.0);
  Scalar factor = select(isNear, weight * e, select(a > 0.0, 1.0, e));
  return {select(isNear, second, growthOfFirst) + log, second,
          select(isNear, log, (growthOfFirst - growth) + (log - tail)),
          factor / (1.0 + y)};
}

Scalar softplusInverse(Scalar y) {
  const Format &format = formatOf(y);
  // The result vanishes at ln 2: log(e^y − 1) = log(1 + 2(e^(y − ln 2) − 1)).
  // Below log(e^y − 1) is well conditioned, above y + log(1 − e^−y). The bounds
  // are where the intermediate values are precise on both sides.
  Condition isSmall = y < 0.4055;
  Condition isLarge = y > 1.5;
  Condition isMiddle = !(isSmall || isLarge);
  Scalar argument = select(isLarge, clampBelow(-y, expm1LowLimit(y)),
                           select(isSmall, y, y - format.ln2Nearest));
  Scalar rest = select(isMiddle, format.ln2Rest, y.constant(0.0));
  Scalar e = 2.0 * scaledExpm1(argument, 1, rest);
  Scalar outer = select(y < format.negligible, y, abs(e));
  Scalar sum = select(isMiddle, 1.0 + 2.0 * e, outer);
  Scalar c = select(isMiddle, errorOfSum(2.0 * e, sum), 0.0);
  Normalized normalized = normalize(sum);
  Decomposition u = decompose(normalized.u, normalized.exponentOffset);
  return onDomain(y, 0.0, -infinity, select(isLarge, y, 0.0) + logOfSum(c, u));
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
