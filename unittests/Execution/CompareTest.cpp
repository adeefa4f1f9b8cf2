//===- CompareTest.cpp - Differences --------------------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Execution/Compare.h"

#include "gtest/gtest.h"

#include <limits>

using namespace mlir;
using namespace mlir::fisher;

static Array makeArray(ArrayRef<double> numbers) {
  Array array(ElementKind::Float64, {static_cast<int64_t>(numbers.size())});
  for (auto [index, number] : llvm::enumerate(numbers))
    array.set(index, number);
  return array;
}

static double getDifference(ArrayRef<double> actual,
                            ArrayRef<double> expected) {
  return compare(makeArray(actual), makeArray(expected)).get();
}

static constexpr double inf = std::numeric_limits<double>::infinity();
static constexpr double nan = std::numeric_limits<double>::quiet_NaN();

TEST(CompareTest, IsRelativeToTheLargest) {
  EXPECT_EQ(getDifference({1, -3.5}, {1, -4}), 0.125);
}

TEST(CompareTest, IsAbsoluteWhereZeroIsExpected) {
  EXPECT_EQ(getDifference({0, 0.25}, {0, 0}), 0.25);
  EXPECT_EQ(getDifference({0, 0}, {0, 0}), 0);
}

TEST(CompareTest, NotANumberIsInfinitelyFar) {
  EXPECT_EQ(getDifference({nan}, {1}), inf);
  EXPECT_EQ(getDifference({1}, {nan}), inf);
  EXPECT_EQ(getDifference({nan}, {nan}), inf);
  EXPECT_EQ(getDifference({nan, 1}, {0, 0}), inf);
}

TEST(CompareTest, InfinitiesAreEqualOnlyToThemselves) {
  EXPECT_EQ(getDifference({inf, 1}, {inf, 1}), 0);
  EXPECT_EQ(getDifference({inf, 1}, {-inf, 1}), inf);
  EXPECT_EQ(getDifference({1, 1}, {inf, 1}), inf);
  // An infinity that is expected must not make other differences small.
  EXPECT_EQ(getDifference({inf, 2}, {inf, 1}), 1);
}

TEST(CompareTest, EmptyArraysAreEqual) { EXPECT_EQ(getDifference({}, {}), 0); }
