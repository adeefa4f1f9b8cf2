//===- AlgebraTest.cpp - Tests of expressions in normal form --------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Recognition/Algebra.h"

#include "gtest/gtest.h"

#include <limits>

using namespace mlir::fisher::recognition;

namespace {
struct AlgebraTest : testing::Test {
  Algebra algebra;
  Expr x = algebra.getLeaf(0, {0, 1});
  Expr y = algebra.getLeaf(1, {0, 1});
  Expr s = algebra.getLeaf(2, {});
};
} // namespace

TEST_F(AlgebraTest, SumsAndProductsAreInNormalForm) {
  Expr left = algebra.multiply(algebra.add(x, y), algebra.subtract(x, y));
  Expr right = algebra.subtract(algebra.power(x, 2), algebra.power(y, 2));
  EXPECT_EQ(left, right);
  EXPECT_EQ(algebra.subtract(left, right)->getNumber(), 0.0);
  EXPECT_EQ(algebra.multiply(x, algebra.power(x, -1))->getNumber(), 1.0);
}

TEST_F(AlgebraTest, CoefficientsMayBeRoundedApart) {
  Expr third = algebra.scale(x, 1.0 / 3);
  EXPECT_EQ(algebra.add(algebra.add(third, third), third), x);
}

TEST_F(AlgebraTest, RootsOfSquaresAreAbsoluteValues) {
  Expr root = algebra.power(algebra.power(x, 2), 0.5);
  EXPECT_EQ(root, algebra.apply("abs", x));
  EXPECT_NE(root, x);
  EXPECT_EQ(algebra.power(root, 2), algebra.power(x, 2));
  // What is positive is what it was.
  Expr e = algebra.apply("exp", x);
  EXPECT_EQ(algebra.power(algebra.power(e, 2), 0.5), e);
}

TEST_F(AlgebraTest, ExponentialsAndLogarithms) {
  Expr e = algebra.apply("exp", x);
  EXPECT_EQ(algebra.multiply(e, algebra.apply("exp", y)),
            algebra.apply("exp", algebra.add(x, y)));
  EXPECT_EQ(algebra.apply("log", e), x);
  Expr one = algebra.getNumber(1);
  Expr stable = algebra.add(
      algebra.apply("max", {x, algebra.getNumber(0)}),
      algebra.apply(
          "log",
          algebra.add(
              one, algebra.apply("exp",
                                 algebra.scale(algebra.apply("abs", x), -1)))));
  EXPECT_EQ(stable, algebra.apply("log", algebra.add(one, e)));
  // A mask's -1e9 is no zero.
  Expr masked = algebra.apply("exp", algebra.add(x, algebra.getNumber(-1e9)));
  EXPECT_NE(masked->getNumber(), 0.0);
}

TEST_F(AlgebraTest, SumsOfExponentialsDoNotDependOnWhatIsTakenOff) {
  Expr largest = algebra.reduce("max", x, {1}, {3});
  Expr shifted = algebra.apply("exp", algebra.subtract(x, largest));
  auto normalize = [&](Expr e) {
    return algebra.multiply(
        e, algebra.power(algebra.reduce("add", e, {1}, {3}), -1));
  };
  EXPECT_EQ(normalize(shifted), normalize(algebra.apply("exp", x)));
  // What differs inside of the sum does not leave it.
  Expr other = algebra.apply("exp", algebra.subtract(x, y));
  EXPECT_NE(normalize(other), normalize(algebra.apply("exp", x)));
}

TEST_F(AlgebraTest, NothingIsClampedAtTheEndsOfAType) {
  Expr lowest = algebra.getNumber(std::numeric_limits<float>::lowest());
  EXPECT_EQ(algebra.apply("max", {x, lowest}), x);
  EXPECT_EQ(algebra.apply("min", {x, algebra.scale(lowest, -1)}), x);
  EXPECT_NE(algebra.apply("min", {x, lowest}), x);
  EXPECT_EQ(algebra.apply("lt", {x, lowest})->getNumber(), 0);
  EXPECT_EQ(algebra.apply("le", {lowest, x})->getNumber(), 1);
  EXPECT_EQ(algebra.apply("eq", {x, lowest})->getNumber(), 0);
  EXPECT_NE(algebra.apply("max", {x, algebra.getNumber(-1e9)}), x);
  // A counter of steps is below the last number of its type.
  EXPECT_EQ(
      algebra.apply("lt", {s, algebra.getNumber(2147483647)})->getNumber(), 1);
  EXPECT_FALSE(
      algebra.apply("lt", {s, algebra.getNumber(2147483646)})->getNumber());
  EXPECT_FALSE(
      algebra.apply("eq", {s, algebra.getNumber(2147483647)})->getNumber());
}

TEST_F(AlgebraTest, GroupsDoNotDependOnTheirScale) {
  Expr sum = algebra.add(algebra.multiply(s, x), algebra.multiply(s, y));
  Expr inverse = algebra.power(algebra.scale(sum, 3), -1);
  EXPECT_EQ(algebra.multiply(inverse, s),
            algebra.scale(algebra.power(algebra.add(x, y), -1), 1.0 / 3));
}

TEST_F(AlgebraTest, SumsHaveIndicesOfTheirOwn) {
  // Which index a dimension has, and in which order sums are taken, does not
  // matter.
  Expr square = algebra.power(x, 2);
  Expr all = algebra.reduce("add", square, {0, 1}, {4, 3});
  Expr other = algebra.substitute(square, [](Index i) { return i + 7; });
  EXPECT_EQ(algebra.reduce("add", other, {8, 7}, {3, 4}), all);
  Expr rows = algebra.reduce("add", square, {1}, {3});
  EXPECT_EQ(rows->indices, std::vector<Index>{0});
  EXPECT_EQ(algebra.reduce("add", rows, {0}, {4}), all);
  // A factor that has one of the indices leaves the sum over the other.
  Expr factor = algebra.getLeaf(3, {0}), last = algebra.getLeaf(4, {1});
  EXPECT_EQ(algebra.reduce("add", algebra.multiply(factor, x), {0, 1}, {4, 3}),
            algebra.reduce(
                "add",
                algebra.multiply(factor, algebra.reduce("add", x, {1}, {3})),
                {0}, {4}));
  EXPECT_EQ(
      algebra.reduce("add", algebra.multiply(factor, last), {0, 1}, {4, 3}),
      algebra.multiply(algebra.reduce("add", factor, {0}, {4}),
                       algebra.reduce("add", last, {1}, {3})));
  // What is the same for all is a factor.
  Expr scaled = algebra.add(algebra.multiply(s, square), algebra.getNumber(2));
  EXPECT_EQ(algebra.reduce("add", scaled, {0, 1}, {4, 3}),
            algebra.add(algebra.multiply(s, all), algebra.getNumber(24)));
}

TEST_F(AlgebraTest, SelectIsAProduct) {
  Expr mask = algebra.apply("lt", {x, y});
  Expr zero = algebra.getNumber(0);
  EXPECT_EQ(algebra.apply("select", {mask, y, zero}),
            algebra.multiply(mask, y));
  EXPECT_EQ(algebra.multiply(mask, mask), mask);
  EXPECT_EQ(algebra.apply("select", {mask, y, y}), y);
}
