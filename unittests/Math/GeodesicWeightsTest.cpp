//===- GeodesicWeightsTest.cpp - Accuracy of geodesics' weights -----------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Math/GeodesicWeights.h"

#include "FunctionsHarness.h"

#include <cmath>

using namespace mlir;
using namespace mlir::fisher::test;

/// 1/(3 + y/(5 + y/(7 + ...))): (x coth x - 1)/y for y = x^2, and (1 - x cot x)
/// over -y for y = -x^2.
static long double continuedFraction(long double y) {
  long double rest = 0;
  for (int k = 81; k >= 3; k -= 2)
    rest = y / (k + rest);
  return rest / y;
}

static long double cothRemainder(long double x) {
  if (x == 0)
    return 1.0L / 3;
  return x < 4 ? continuedFraction(x * x) : (x / tanhl(x) - 1) / (x * x);
}

static long double cotRemainder(long double x) {
  return x == 0 ? 1.0L / 3 : continuedFraction(-x * x);
}

// With t = 3/8, which is a number of f32.
static fisher::Scalar sinhWeight(fisher::Scalar D) {
  return fisher::sinhWeight(D.constant(0.375), D);
}
static long double sinhWeightReference(long double D) {
  if (D == 0)
    return 0.375L;
  // sinh overflows before the quotient is far from an exponential.
  return D < 100 ? sinhl(0.375L * D) / sinhl(D) : expl(-0.625L * D);
}
static fisher::Scalar sinhWeightSlope(fisher::Scalar D) {
  return fisher::sinhWeightSlope(D.constant(0.375), D);
}
static long double sinhWeightSlopeReference(long double D) {
  return (0.140625L * cothRemainder(0.375L * D) - cothRemainder(D)) / 2;
}
static fisher::Scalar sinWeightSlope(fisher::Scalar D) {
  return fisher::sinWeightSlope(D.constant(0.375), D);
}
static long double sinWeightSlopeReference(long double D) {
  return (cotRemainder(D) - 0.140625L * cotRemainder(0.375L * D)) / 2;
}

static const Function functions[] = {
    {"cothRemainder",
     fisher::cothRemainder,
     cothRemainder,
     9.7,
     9.7,
     {{0, 4}, {1e-45, 1e18}, {0.99, 1.01}},
     {{0, 4}, {5e-324, 1e150}, {0.99, 1.01}},
     {{0, 1.0 / 3}, {inf, notANumber}}},
    {"cotRemainder",
     fisher::cotRemainder,
     cotRemainder,
     5.0,
     5.0,
     {{0, 2}, {1e-45, 1}, {0.99, 1.01}},
     {{0, 2}, {5e-324, 1}, {0.99, 1.01}},
     {{0, 1.0 / 3}}},
    {"sinhWeight",
     sinhWeight,
     sinhWeightReference,
     40.0,
     260.0,
     {{0, 4}, {1e-45, 80}},
     {{0, 4}, {5e-324, 600}},
     {{0, 0.375}}},
    {"sinhWeightSlope",
     sinhWeightSlope,
     sinhWeightSlopeReference,
     12.0,
     12.0,
     {{0, 4}, {1e-45, 1e18}},
     {{0, 4}, {5e-324, 1e150}},
     {}},
    {"sinWeightSlope",
     sinWeightSlope,
     sinWeightSlopeReference,
     6.0,
     6.0,
     {{0, 2}, {1e-45, 1}},
     {{0, 2}, {5e-324, 1}},
     {}},
};

INSTANTIATE_TEST_SUITE_P(GeodesicWeights, FunctionsTest,
                         testing::ValuesIn(functions), nameOf);
