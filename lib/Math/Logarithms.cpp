//===- Logarithms.cpp - Logarithms and what is made of them ---------------===//
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

#include "Logarithms.h"
#include "Format.h"

#include "fisher/Math/Coefficients.h"
#include "fisher/Math/Evaluation.h"
#include "fisher/Math/Functions.h"

#include <cmath>

using namespace mlir;
using namespace mlir::fisher;
using namespace mlir::fisher::elementary;

namespace {

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

Decomposition elementary::decompose(Scalar u, Scalar offset) {
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

Normalized elementary::normalize(Scalar u) {
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

Scalar elementary::errorOfSum(Scalar y, Scalar u) { return y - (u - 1.0); }

Scalar elementary::logOfSum(Scalar c, const Decomposition &u) {
  // m − 1 is exact.
  return assembleLog(u.n, (u.m - 1.0) + divide(c, u.power));
}

Scalar elementary::onDomain(Scalar x, double pole, double atPole,
                            Scalar result) {
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

Scalar elementary::logOfOnePlus(Scalar y) {
  LogVariable t(y);
  return y - t.z * (y - t.w * polynomial(t.w, formatOf(y).logWide));
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

} // namespace mlir::fisher
