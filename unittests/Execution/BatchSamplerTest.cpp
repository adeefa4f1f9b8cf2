//===- BatchSamplerTest.cpp - Batches -------------------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Execution/BatchSampler.h"
#include "fisher/Execution/Dataset.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Sequence.h"
#include "gtest/gtest.h"

#include <set>

using namespace mlir;
using namespace mlir::fisher;

static BatchSampler makeSampler(int64_t numRows, int64_t batchSize,
                                uint64_t seed) {
  return BatchSampler(llvm::to_vector(llvm::seq<int64_t>(100, 100 + numRows)),
                      batchSize, seed);
}

TEST(BatchSamplerTest, DrawsEachRowOnceAnEpoch) {
  BatchSampler sampler = makeSampler(12, 4, 1);
  for (int epoch = 0; epoch < 5; ++epoch) {
    std::multiset<int64_t> drawn;
    for (int batch = 0; batch < 3; ++batch)
      for (int64_t row : sampler.next())
        drawn.insert(row);
    auto rows = llvm::seq<int64_t>(100, 112);
    EXPECT_EQ(drawn, std::multiset<int64_t>(rows.begin(), rows.end()));
  }
}

TEST(BatchSamplerTest, LeavesTheRestOfAnEpoch) {
  BatchSampler sampler = makeSampler(11, 4, 1);
  for (int epoch = 0; epoch < 5; ++epoch) {
    std::set<int64_t> drawn;
    for (int batch = 0; batch < 2; ++batch)
      for (int64_t row : sampler.next())
        EXPECT_TRUE(drawn.insert(row).second);
  }
}

static std::vector<int64_t> drawTen(uint64_t seed) {
  BatchSampler sampler = makeSampler(1000, 10, seed);
  ArrayRef<int64_t> rows = sampler.next();
  return std::vector<int64_t>(rows.begin(), rows.end());
}

TEST(BatchSamplerTest, FollowsTheSeed) {
  EXPECT_EQ(drawTen(1), drawTen(1));
  EXPECT_NE(drawTen(1), drawTen(2));
}

TEST(RowRangeTest, ReadsPythonRanges) {
  auto resolve = [](StringRef text) {
    auto range = RowRange::parse(text);
    EXPECT_TRUE(static_cast<bool>(range));
    SmallVector<int64_t> rows = range->resolve(10);
    return std::vector<int64_t>(rows.begin(), rows.end());
  };
  EXPECT_EQ(resolve("2:4"), (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(resolve("-2:"), (std::vector<int64_t>{8, 9}));
  EXPECT_EQ(resolve(":-8"), (std::vector<int64_t>{0, 1}));
  EXPECT_EQ(resolve("7:100").size(), 3u);
  EXPECT_EQ(resolve("5:3").size(), 0u);
}

TEST(RowRangeTest, RefusesOtherText) {
  for (StringRef text : {"", "3", "a:b", "1:2:3", "1.5:2"}) {
    auto range = RowRange::parse(text);
    EXPECT_FALSE(static_cast<bool>(range)) << text.str();
    llvm::consumeError(range.takeError());
  }
}
