//===- BatchSampler.cpp - Rows for training steps -------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Execution/BatchSampler.h"
#include "fisher/Execution/Philox.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace mlir::fisher;

BatchSampler::BatchSampler(SmallVector<int64_t> rows, int64_t batchSize,
                           uint64_t seed)
    : rows(std::move(rows)), batchSize(batchSize), seed(seed) {
  assert(batchSize > 0 && batchSize <= static_cast<int64_t>(this->rows.size()));
  shuffle();
}

/// The order of Fisher and Yates, from the order of the former epoch.
void BatchSampler::shuffle() {
  RandomSequence sequence(seed, RandomUse::Shuffle, "rows", epoch);
  for (uint64_t i = rows.size(); i > 1; --i) {
    // The high half of a product takes 32 random bits to 0..i-1; its bias is
    // less than i * 2^-32.
    uint64_t j = (sequence.getBits(i) >> 32) * i >> 32;
    std::swap(rows[i - 1], rows[j]);
  }
}

ArrayRef<int64_t> BatchSampler::next() {
  if (position + batchSize > static_cast<int64_t>(rows.size())) {
    position = 0;
    ++epoch;
    shuffle();
  }
  ArrayRef<int64_t> batch = ArrayRef(rows).slice(position, batchSize);
  position += batchSize;
  return batch;
}

LogicalResult BatchSampler::restore(ArrayRef<int64_t> order, uint64_t newEpoch,
                                    uint64_t newPosition) {
  auto sort = [](ArrayRef<int64_t> unsorted) {
    SmallVector<int64_t> sorted(unsorted);
    llvm::sort(sorted);
    return sorted;
  };
  if (newPosition > rows.size() || sort(order) != sort(rows))
    return failure();
  rows.assign(order.begin(), order.end());
  epoch = newEpoch;
  position = newPosition;
  return success();
}
