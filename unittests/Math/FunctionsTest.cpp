//===- FunctionsTest.cpp - Accuracy of the elementary functions -----------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What is compared with what, and where.
//
//===----------------------------------------------------------------------===//

#include "fisher/Math/Functions.h"

#include "FunctionsHarness.h"

#include <cmath>

using namespace mlir;
using namespace mlir::fisher::test;

//===----------------------------------------------------------------------===//
// References, good to a few units of the 80-bit format
//===----------------------------------------------------------------------===//

static long double expm1Quotient(long double x) {
  return x ? expm1l(x) / x : 1;
}

static long double log1pRemainder(long double y) {
  if (std::fabs(y) > 0.125L)
    return y - log1pl(y);
  // y²/2 − y³/3 + …, 64 bits after 24 terms.
  long double sum = 0;
  for (int k = 24; k >= 2; --k)
    sum = 1 / static_cast<long double>(k) - y * sum;
  return y * y * sum;
}

/// The hyperbolic arc with the squared chord y.
static long double arc(long double y) { return 2 * asinhl(sqrtl(y) / 2); }
static long double asinhRootQuotient(long double x) {
  return x ? asinhl(sqrtl(x)) / sqrtl(x) : 1;
}

static long double sigmoid(long double x) {
  return x < 0 ? expl(x) / (1 + expl(x)) : 1 / (1 + expl(-x));
}

static long double softplus(long double x) {
  return x > 0 ? x + log1pl(expl(-x)) : log1pl(expl(x));
}

/// softplus(x) - softplus(1/2).
static long double softplusLess(long double x) {
  return x > 50 ? x - softplus(0.5L)
                : log1pl(expm1l(x - 0.5L) / (1 + expl(-0.5L)));
}

static long double softplusInverse(long double y) {
  if (y > 1)
    return y + logl(-expm1l(-y));
  if (y < 0.5L)
    return logl(expm1l(y));
  // ln 2 to 100 bits, as doubles differ from it by as little as 2^-56.
  constexpr long double ln2 = 0x1.62e42fefa39efp-1L,
                        rest = 0x1.abc9e3b39803f2f7p-56L;
  return log1pl(2 * expm1l((y - ln2) - rest));
}

/// The excess is rounded, too, which below a half is up to two ulp of the
/// result.
static fisher::Scalar ratioRemainder(fisher::Scalar x) {
  return fisher::ratioRemainder(x - 1.0, x);
}

static fisher::Scalar expHalfDifferenceFromThree(fisher::Scalar x) {
  return fisher::expHalfDifference(x, x.constant(3));
}
static long double expHalfDifferenceFromThree(long double x) {
  return expl((x - 3) / 2);
}

/// Of x less three and half of it less one and a half.
template <fisher::Scalar fisher::HalfExponentials::*part>
static fisher::Scalar getHalfExponential(fisher::Scalar x) {
  return fisher::halfExponentials(x, x.constant(3), 0.5 * x, x.constant(1.5)).*
         part;
}
static long double getSecondHalfExponential(long double x) {
  return expl((x - 3) / 4);
}
static long double getHalfExponentialRise(long double x) {
  return x > -INFINITY ? -expl((x - 3) / 4) * expm1l((x - 3) / 4) : 0;
}

/// The exponents are numbers of f32, so that both types have the same function.
static fisher::Scalar powerUp(fisher::Scalar x) {
  return fisher::power(x, x.constant(2.375));
}
static fisher::Scalar powerDown(fisher::Scalar x) {
  return fisher::power(x, x.constant(-0.28125));
}

static const std::vector<Function> functions = {
    {"exp",
     fisher::exp,
     expl,
     0.8,
     0.8,
     {{-110, 90}, {1e-40, 1}, {-1, -1e-40}},
     {{-750, 711}, {1e-310, 1}, {-1, -1e-310}},
     {{0, 1}, {inf, inf}, {-inf, 0}, {1e4, inf}, {-1e4, 0}}},
    {"expm1",
     fisher::expm1,
     expm1l,
     1.3,
     1.3,
     {{-110, 90}, {1e-45, 2}, {-2, -1e-45}},
     {{-750, 711}, {5e-324, 2}, {-2, -5e-324}},
     {{0, 0}, {-0.0, -0.0}, {inf, inf}, {-inf, -1}, {1e4, inf}, {-1e4, -1}}},
    {"expHalfDifference",
     expHalfDifferenceFromThree,
     expHalfDifferenceFromThree,
     0.8,
     0.8,
     {{-220, 3}, {-1, 1}, {-1e-3, 1e-3}},
     {{-1500, 3}, {-1, 1}, {-1e-3, 1e-3}},
     {{3, 1}, {-inf, 0}, {-1e4, 0}}},
    {"halfExponentialsFirst",
     getHalfExponential<&fisher::HalfExponentials::first>,
     expHalfDifferenceFromThree,
     1.8,
     1.8,
     {{-170, 3}, {-1, 1}, {-1e-3, 1e-3}},
     {{-1400, 3}, {-1, 1}, {-1e-3, 1e-3}},
     {{3, 1}, {-inf, 0}, {-1e4, 0}}},
    {"halfExponentialsSecond",
     getHalfExponential<&fisher::HalfExponentials::second>,
     getSecondHalfExponential,
     1.8,
     1.8,
     {{-260, 3}, {-1, 1}, {-1e-3, 1e-3}},
     {{-2000, 3}, {-1, 1}, {-1e-3, 1e-3}},
     {{3, 1}, {-inf, 0}, {-1e4, 0}}},
    {"halfExponentialsRise",
     getHalfExponential<&fisher::HalfExponentials::rise>,
     getHalfExponentialRise,
     1.9,
     1.9,
     {{-170, 3}, {-1, 1}, {-1e-3, 1e-3}},
     {{-1400, 3}, {-1, 1}, {-1e-3, 1e-3}},
     {{3, 0}, {-inf, 0}, {-1e4, 0}}},
    {"expm1Quotient",
     fisher::expm1Quotient,
     expm1Quotient,
     1.9,
     1.8,
     {{-110, 95}, {1e-45, 2}, {-3e38, -1e-45}},
     {{-750, 720}, {5e-324, 2}, {-1e308, -5e-324}},
     {{0, 1}, {inf, inf}, {-inf, 0}, {1e4, inf}}},
    {"log",
     fisher::log,
     logl,
     1.0,
     1.0,
     {{1e-45, 3.4e38}, {0.3, 3}, {0.99, 1.01}},
     {{5e-324, 1.79e308}, {0.3, 3}, {0.99, 1.01}},
     {{1, 0},
      {0, -inf},
      {-0.0, -inf},
      {-1, notANumber},
      {inf, inf},
      {-inf, notANumber}}},
    {"log1p",
     fisher::log1p,
     log1pl,
     1.6,
     1.6,
     {{-0.99999994, 10}, {1e-45, 3.4e38}, {-0.999, -1e-45}},
     {{-0.9999999999999999, 10}, {5e-324, 1.79e308}, {-0.999, -5e-324}},
     {{0, 0}, {-1, -inf}, {-2, notANumber}, {inf, inf}, {-inf, notANumber}}},
    {"log1pRemainder",
     fisher::log1pRemainder,
     log1pRemainder,
     1.8,
     1.6,
     {{-0.99999994, 10}, {1e-45, 3.4e38}, {-0.999, -1e-45}},
     {{-0.9999999999999999, 10}, {5e-324, 1.79e308}, {-0.999, -5e-324}},
     {{0, 0}, {-1, inf}, {-2, notANumber}, {inf, inf}, {-inf, notANumber}}},
    {"ratioRemainder",
     ratioRemainder,
     [](long double x) {
       return x < 0.25L ? x - 1 - logl(x) : log1pRemainder(x - 1);
     },
     2.9,
     2.8,
     {{0.5, 2}, {1e-30, 1e30}},
     {{0.5, 2}, {1e-300, 1e300}},
     {{1, 0}}},
    {"powerUp",
     powerUp,
     [](long double x) { return powl(x, 2.375L); },
     2.3,
     2.2,
     {{1e-45, 2.4e16}, {0, 3}},
     {{5e-324, 7.8e129}, {0, 3}},
     {{0, 0}, {1, 1}, {-1, notANumber}, {inf, inf}}},
    {"powerDown",
     powerDown,
     [](long double x) { return powl(x, -0.28125L); },
     2.3,
     2.2,
     {{1e-45, 3.4e38}, {0.1, 3}},
     {{5e-324, 1.79e308}, {0.1, 3}},
     {{1, 1}, {-1, notANumber}}},
    {"asinhRootQuotient",
     fisher::asinhRootQuotient,
     asinhRootQuotient,
     2.2,
     2.2,
     {{0, 2}, {1e-45, 3.4e38}, {0.5, 5}},
     {{0, 2}, {5e-324, 1.79e308}, {0.5, 5}},
     {{0, 1}, {inf, 0}}},
    {"hyperbolicArc",
     fisher::hyperbolicArc,
     arc,
     2.5,
     2.6,
     {{0, 8}, {1e-38, 1.1e18}, {0, 1e-3}},
     {{0, 8}, {1e-307, 3.2e150}, {0, 1e-3}},
     {{0, 0}}},
    {"hyperbolicArcQuotient",
     fisher::hyperbolicArcQuotient,
     [](long double y) { return y ? arc(y) / sqrtl(y + y * y / 4) : 1; },
     3.0,
     2.9,
     {{0, 8}, {1e-45, 1.1e18}, {0, 1e-3}},
     {{0, 8}, {5e-324, 3.2e150}, {0, 1e-3}},
     {{0, 1}}},
    {"erf",
     fisher::erf,
     erfl,
     2.2,
     2.3,
     {{-5, 5}, {1e-37, 1}, {-1, -1e-37}},
     {{-7, 7}, {1e-306, 1}, {-1, -1e-306}},
     {{0, 0}, {-0.0, -0.0}, {inf, 1}, {-inf, -1}}},
    {"sinh",
     fisher::sinh,
     sinhl,
     2.2,
     2.0,
     {{-91, 91}, {1e-45, 2}, {-2, -1e-45}},
     {{-712, 712}, {5e-324, 2}, {-2, -5e-324}},
     {{0, 0}, {-0.0, -0.0}, {inf, inf}, {-inf, -inf}, {1e4, inf}}},
    {"cosh",
     fisher::cosh,
     coshl,
     1.2,
     1.2,
     {{-91, 91}, {1e-45, 2}},
     {{-712, 712}, {5e-324, 2}},
     {{0, 1}, {inf, inf}, {-inf, inf}, {-1e4, inf}}},
    {"sigmoid",
     fisher::sigmoid,
     sigmoid,
     1.7,
     1.7,
     {{-110, 20}, {1e-45, 2}, {-2, -1e-45}},
     {{-750, 40}, {5e-324, 2}, {-2, -5e-324}},
     {{0, 0.5}, {inf, 1}, {-inf, 0}}},
    {"softplus",
     fisher::softplus,
     softplus,
     1.9,
     1.9,
     {{-110, 40}, {1e-45, 3.4e38}, {-2, -1e-45}},
     {{-750, 60}, {5e-324, 1.79e308}, {-2, -5e-324}},
     {{inf, inf}, {-inf, 0}}},
    {"softplusPair_first",
     [](fisher::Scalar a) { return softplusPair(a, a.constant(0.5)).first; },
     softplus,
     2.0,
     2.0,
     {{-86, 40}, {1e-45, 3.4e38}, {-2, -1e-45}, {0.1, 0.9}},
     {{-700, 60}, {5e-324, 1.79e308}, {-2, -5e-324}, {0.1, 0.9}},
     {{inf, inf}, {-inf, 0}}},
    {"softplusPair_difference",
     [](fisher::Scalar a) {
       return softplusPair(a, a.constant(0.5)).difference;
     },
     softplusLess,
     4.1,
     4.1,
     {{-200, 40}, {0, 1}, {0.4999, 0.5001}, {1e-45, 3.4e38}},
     {{-800, 60}, {0, 1}, {0.49999999, 0.50000001}, {5e-324, 1.79e308}},
     {{0.5, 0}, {inf, inf}}},
    {"softplusPair_slope",
     [](fisher::Scalar a) { return softplusPair(a, a.constant(0.5)).slope; },
     sigmoid,
     4.3,
     4.3,
     {{-86, 20}, {1e-45, 2}, {-2, -1e-45}, {0.1, 0.9}},
     {{-700, 40}, {5e-324, 2}, {-2, -5e-324}, {0.1, 0.9}},
     {{inf, 1}, {-inf, 0}}},
    {"softplusInverse",
     fisher::softplusInverse,
     softplusInverse,
     2.0,
     2.0,
     {{0, 30}, {1e-45, 3.4e38}, {0.1, 1.3}, {0.6931, 0.6932}},
     {{0, 60}, {5e-324, 1.79e308}, {0.1, 1.3}, {0.69314718, 0.69314719}},
     {{0, -inf}, {-1, notANumber}, {inf, inf}}},
};

INSTANTIATE_TEST_SUITE_P(, FunctionsTest, testing::ValuesIn(functions), nameOf);
