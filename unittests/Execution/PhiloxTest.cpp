//===- PhiloxTest.cpp - Random numbers ------------------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Execution/Philox.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace mlir;
using namespace mlir::fisher;

using Counter = std::array<uint32_t, 4>;
using Key = std::array<uint32_t, 2>;

// The known answers that Random123 publishes for philox4x32-10.
TEST(PhiloxTest, GivesTheKnownAnswers) {
  EXPECT_EQ(philox(Counter{0, 0, 0, 0}, Key{0, 0}),
            (Counter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr uint32_t ones = 0xffffffff;
  EXPECT_EQ(philox(Counter{ones, ones, ones, ones}, Key{ones, ones}),
            (Counter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox(Counter{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                   Key{0xa4093822, 0x299f31d0}),
            (Counter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(PhiloxTest, SequencesDiffer) {
  uint64_t bits = RandomSequence(1, RandomUse::Noise, "x", 1).getBits(0);
  EXPECT_EQ(bits, RandomSequence(1, RandomUse::Noise, "x", 1).getBits(0));
  EXPECT_NE(bits, RandomSequence(2, RandomUse::Noise, "x", 1).getBits(0));
  EXPECT_NE(bits, RandomSequence(1, RandomUse::Shuffle, "x", 1).getBits(0));
  EXPECT_NE(bits, RandomSequence(1, RandomUse::Noise, "y", 1).getBits(0));
  EXPECT_NE(bits, RandomSequence(1, RandomUse::Noise, "x", 2).getBits(0));
  EXPECT_NE(bits, RandomSequence(1, RandomUse::Noise, "x", 1).getBits(1));
}

/// Mean, variance and fourth central moment over the squared variance.
static std::array<double, 3> getMoments(const Array &array) {
  double count = array.getNumElements(), mean = 0, variance = 0, fourth = 0;
  for (int64_t i = 0; i < array.getNumElements(); ++i)
    mean += array.get(i) / count;
  for (int64_t i = 0; i < array.getNumElements(); ++i) {
    double square = std::pow(array.get(i) - mean, 2);
    variance += square / count;
    fourth += square * square / count;
  }
  return {mean, variance, fourth / variance / variance};
}

TEST(PhiloxTest, NormalNumbersHaveTheirMoments) {
  for (ElementKind kind : {ElementKind::Float32, ElementKind::Float64}) {
    // An odd number, of which the last pair is used by half.
    Array array(kind, {100001});
    fillNormal(array, RandomSequence(1, RandomUse::Noise, "x", 1), 2);
    auto [mean, variance, kurtosis] = getMoments(array);
    EXPECT_NEAR(mean, 0, 0.03);
    EXPECT_NEAR(variance, 4, 0.1);
    EXPECT_NEAR(kurtosis, 3, 0.1);
  }
}

TEST(PhiloxTest, UniformNumbersStayBelowOne) {
  for (ElementKind kind : {ElementKind::BFloat16, ElementKind::Float16,
                           ElementKind::Float32, ElementKind::Float64}) {
    Array array(kind, {20000});
    fillUniform(array, RandomSequence(1, RandomUse::Noise, "x", 1));
    auto [mean, variance, kurtosis] = getMoments(array);
    EXPECT_NEAR(mean, 0.5, 0.01);
    EXPECT_NEAR(variance, 1. / 12, 0.002);
    for (int64_t i = 0; i < array.getNumElements(); ++i) {
      EXPECT_GE(array.get(i), 0);
      EXPECT_LT(array.get(i), 1);
    }
  }
}
