//===- TrigonometryTest.cpp - Accuracy of the functions of angles ---------===//
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

#include "fisher/Math/Trigonometry.h"

#include "FunctionsHarness.h"

#include "llvm/ADT/STLExtras.h"

#include <cmath>

using namespace mlir;
using namespace mlir::fisher::test;

static constexpr long double pi = 3.14159265358979323846264338327950288L;

//===----------------------------------------------------------------------===//
// Functions of one argument and one result
//===----------------------------------------------------------------------===//

static fisher::Scalar sinOf(fisher::Scalar x) { return fisher::sinCos(x).sin; }
static fisher::Scalar cosOf(fisher::Scalar x) { return fisher::sinCos(x).cos; }

/// The constants are numbers of f32, so that both types have the same function.
static fisher::Scalar atan2Right(fisher::Scalar y) {
  return fisher::atan2(y, y.constant(0.75));
}
static fisher::Scalar atan2Left(fisher::Scalar y) {
  return fisher::atan2(y, y.constant(-0.75));
}
static fisher::Scalar atan2Up(fisher::Scalar x) {
  return fisher::atan2(x.constant(1.25), x);
}
static fisher::Scalar atan2Down(fisher::Scalar x) {
  return fisher::atan2(x.constant(-1.25), x);
}
static fisher::Scalar atan2Diagonal(fisher::Scalar x) {
  return fisher::atan2(x, x);
}

//===----------------------------------------------------------------------===//
// References, good to a few units of the 80-bit format
//===----------------------------------------------------------------------===//

static long double acosOneMinus(long double d) {
  return d < 1 ? 2 * asinl(sqrtl(d / 2)) : pi - 2 * asinl(sqrtl((2 - d) / 2));
}

/// The library reduces arguments of every size precisely.
static long double wrapAngle(long double x) { return atan2l(sinl(x), cosl(x)); }

static long double acoshOnePlus(long double x) {
  return 2 * asinhl(sqrtl(x / 2));
}

static const std::vector<Function> functions = {
    {"atan",
     fisher::atan,
     atanl,
     1.3,
     1.4,
     {{-4, 4}, {1e-45, 3.4e38}, {-2, -1e-45}},
     {{-4, 4}, {5e-324, 1.79e308}, {-2, -5e-324}},
     {{0, 0}, {-0.0, -0.0}, {inf, double(pi / 2)}, {-inf, -double(pi / 2)}}},
    {"atan2Right",
     atan2Right,
     [](long double y) { return atan2l(y, 0.75L); },
     1.5,
     1.5,
     {{-4, 4}, {1e-45, 3.4e38}, {-2, -1e-45}},
     {{-4, 4}, {5e-324, 1.79e308}, {-2, -5e-324}},
     {{0, 0}, {-0.0, -0.0}, {inf, double(pi / 2)}, {-inf, -double(pi / 2)}}},
    {"atan2Left",
     atan2Left,
     [](long double y) { return atan2l(y, -0.75L); },
     1.5,
     1.5,
     {{-4, 4}, {1e-45, 3.4e38}, {-2, -1e-45}},
     {{-4, 4}, {5e-324, 1.79e308}, {-2, -5e-324}},
     {{0, double(pi)},
      {-0.0, -double(pi)},
      {inf, double(pi / 2)},
      {-inf, -double(pi / 2)}}},
    {"atan2Up",
     atan2Up,
     [](long double x) { return atan2l(1.25L, x); },
     1.5,
     1.5,
     {{-4, 4}, {1e-45, 3.4e38}, {-3.4e38, -1e-45}},
     {{-4, 4}, {5e-324, 1.79e308}, {-1.79e308, -5e-324}},
     {{0, double(pi / 2)}, {inf, 0}, {-inf, double(pi)}}},
    {"atan2Down",
     atan2Down,
     [](long double x) { return atan2l(-1.25L, x); },
     1.5,
     1.5,
     {{-4, 4}, {1e-45, 3.4e38}, {-3.4e38, -1e-45}},
     {{-4, 4}, {5e-324, 1.79e308}, {-1.79e308, -5e-324}},
     {{0, -double(pi / 2)}, {inf, -0.0}, {-inf, -double(pi)}}},
    {"atan2Diagonal",
     atan2Diagonal,
     [](long double x) { return atan2l(x, x); },
     1.5,
     1.5,
     {{-4, 4}, {1e-45, 3.4e38}},
     {{-4, 4}, {5e-324, 1.79e308}},
     {{0, 0}, {-0.0, -0.0}}},
    {"asin",
     fisher::asin,
     asinl,
     1.2,
     1.2,
     {{-1, 1}, {1e-45, 1}, {0.999, 1}, {0.49, 0.51}},
     {{-1, 1}, {5e-324, 1}, {0.999, 1}, {0.49, 0.51}},
     {{0, 0},
      {-0.0, -0.0},
      {1, double(pi / 2)},
      {-1, -double(pi / 2)},
      {1.0001, notANumber},
      {-inf, notANumber}}},
    {"acosOneMinus",
     fisher::acosOneMinus,
     acosOneMinus,
     1.2,
     1.2,
     {{0, 2}, {1e-45, 1}, {1.999, 2}, {0.499, 0.501}},
     {{0, 2}, {5e-324, 1}, {1.999, 2}, {0.499, 0.501}},
     {{0, 0},
      {1, double(pi / 2)},
      {2, double(pi)},
      {-1e-30, notANumber},
      {2.0001, notANumber},
      {inf, notANumber}}},
    {"sin",
     sinOf,
     sinl,
     0.9,
     0.9,
     {{-4, 4}, {1e-45, 0x1p20}, {-0x1p20, -1e-45}},
     {{-4, 4}, {5e-324, 0x1p30}, {-0x1p30, -5e-324}},
     {{0, 0}, {-0.0, -0.0}, {inf, notANumber}, {-inf, notANumber}, {0x1p60, 0}},
     Multiples{pi / 2, 0x1p20, 0x1p30}},
    {"cos",
     cosOf,
     cosl,
     0.9,
     0.9,
     {{-4, 4}, {1e-45, 0x1p20}, {-0x1p20, -1e-45}},
     {{-4, 4}, {5e-324, 0x1p30}, {-0x1p30, -5e-324}},
     {{0, 1}, {inf, notANumber}, {-inf, notANumber}, {0x1p60, 1}},
     Multiples{pi / 2, 0x1p20, 0x1p30}},
    {"tan",
     fisher::tan,
     tanl,
     1.7,
     1.7,
     {{-1.5707963, 1.5707963}, {1e-45, 2.35}, {0.785, 0.786}, {1.57, 1.571}},
     {{-1.5707963, 1.5707963},
      {5e-324, 2.35},
      {0.785, 0.786},
      {1.5707963267948, 1.570796326795}},
     {{0, 0}, {-0.0, -0.0}, {2.5, notANumber}, {-inf, notANumber}},
     Multiples{pi / 2, 2, 2}},
    {"wrapAngle",
     fisher::wrapAngle,
     wrapAngle,
     0.6,
     0.6,
     {{-20, 20}, {1e-45, 0x1p20}, {-0x1p20, -1e-45}},
     {{-20, 20}, {5e-324, 0x1p30}, {-0x1p30, -5e-324}},
     {{0, 0},
      {-0.0, -0.0},
      {double(pi), double(pi)},
      {-3, -3},
      {inf, notANumber},
      {0x1p60, 0}},
     Multiples{2 * pi, 0x1p20, 0x1p30}},
    {"tanh",
     fisher::tanh,
     tanhl,
     2.5,
     2.4,
     {{-11, 11}, {1e-45, 3.4e38}, {-2, -1e-45}},
     {{-22, 22}, {5e-324, 1.79e308}, {-2, -5e-324}},
     {{0, 0}, {-0.0, -0.0}, {inf, 1}, {-inf, -1}}},
    {"acoshOnePlus",
     fisher::acoshOnePlus,
     acoshOnePlus,
     3.0,
     3.1,
     {{0, 4}, {1e-45, 3.4e38}},
     {{0, 4}, {5e-324, 1.79e308}},
     {{0, 0}, {-1, notANumber}, {inf, inf}}},
};

//===----------------------------------------------------------------------===//
// Infinite points
//===----------------------------------------------------------------------===//

/// Points of a diagonal have the same angle, also at its ends.
template <typename T>
static void checkEndsOfDiagonal(Formula diagonal) {
  Compiled compiled(diagonal);
  std::vector<T> x(blockSize, 1), angle(blockSize);
  x[1] = T(inf);
  x[2] = -1;
  x[3] = -T(inf);
  for (bool vectors : {false, true}) {
    compiled.evaluate(vectors, x.data(), angle.data());
    EXPECT_EQ(angle[1], angle[0]);
    EXPECT_EQ(angle[3], angle[2]);
  }
}

TEST(TrigonometryTest, EndsOfDiagonal) {
  auto rising = [](fisher::Scalar x) { return fisher::atan2(x, x); };
  auto falling = [](fisher::Scalar x) { return fisher::atan2(-x, x); };
  checkEndsOfDiagonal<float>(rising);
  checkEndsOfDiagonal<float>(falling);
  checkEndsOfDiagonal<double>(rising);
  checkEndsOfDiagonal<double>(falling);
}

//===----------------------------------------------------------------------===//
// Large angles
//===----------------------------------------------------------------------===//

/// Results for angles from `low` to `high` are those of angles nearby.
template <typename T>
static void checkLargeAngles(double low, double high) {
  Compiled sin(sinOf), cos(cosOf), wrap(fisher::wrapAngle);
  std::vector<T> x(blockSize), s(blockSize), c(blockSize), angle(blockSize);
  // Evenly in the exponent.
  for (auto [index, value] : llvm::enumerate(x))
    value = static_cast<T>(
        low * std::pow(high / low, static_cast<double>(index) / blockSize));
  for (bool vectors : {false, true}) {
    sin.evaluate(vectors, x.data(), s.data());
    cos.evaluate(vectors, x.data(), c.data());
    wrap.evaluate(vectors, x.data(), angle.data());
    for (int64_t i = 0; i < blockSize; ++i) {
      long double ulp = std::nextafter(x[i], T(inf)) - x[i];
      long double rounding = std::numeric_limits<T>::epsilon();
      long double turned = wrapAngle(x[i]) - angle[i];
      EXPECT_LE(fabsl(wrapAngle(turned)), 2 * ulp + 4 * rounding) << x[i];
      turned = wrapAngle(x[i]) - atan2l(s[i], c[i]);
      EXPECT_LE(fabsl(wrapAngle(turned)), 2 * ulp + 4 * rounding) << x[i];
      EXPECT_NEAR(hypotl(s[i], c[i]), 1, 4 * rounding) << x[i];
    }
  }
}

TEST(TrigonometryTest, LargeAnglesF32) {
  checkLargeAngles<float>(0x1p20, 0x1p24);
}
TEST(TrigonometryTest, LargeAnglesF64) {
  checkLargeAngles<double>(0x1p30, 0x1p48);
}

INSTANTIATE_TEST_SUITE_P(Trigonometry, FunctionsTest,
                         testing::ValuesIn(functions), nameOf);
