//===- BatchSampler.h - Rows for training steps -----------------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_EXECUTION_BATCHSAMPLER_H
#define FISHER_EXECUTION_BATCHSAMPLER_H

#include "mlir/Support/LLVM.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

#include <cstdint>

namespace mlir::fisher {

/// Draws batches of rows without replacement: an epoch is a random order of
/// all rows, cut into whole batches; rows that are left over are drawn in no
/// batch of this epoch.
class BatchSampler {
public:
  /// `rows` has at least `batchSize` rows, and that is at least one.
  BatchSampler(SmallVector<int64_t> rows, int64_t batchSize, uint64_t seed);

  /// The rows of the next batch, valid until the next call.
  ArrayRef<int64_t> next();

  /// What the next batches depend on, beside the seed and the batch size: the
  /// order of the epoch, its number, and how many of its rows were drawn.
  ArrayRef<int64_t> getOrder() const { return rows; }
  uint64_t getEpoch() const { return epoch; }
  uint64_t getPosition() const { return position; }
  /// Goes on from there; fails where that is no order of the same rows.
  LogicalResult restore(ArrayRef<int64_t> order, uint64_t epoch,
                        uint64_t position);

private:
  void shuffle();

  /// The order of the present epoch, of which `position` rows were drawn.
  SmallVector<int64_t> rows;
  int64_t batchSize;
  uint64_t seed;
  uint64_t epoch = 0;
  int64_t position = 0;
};

} // namespace mlir::fisher

#endif // FISHER_EXECUTION_BATCHSAMPLER_H
