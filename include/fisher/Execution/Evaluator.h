//===- Evaluator.h - Held-out accuracy --------------------------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_EXECUTION_EVALUATOR_H
#define FISHER_EXECUTION_EVALUATOR_H

#include "fisher/Execution/Dataset.h"
#include "fisher/Execution/Jit.h"
#include "fisher/Execution/Metrics.h"
#include "fisher/Execution/TrainingPlan.h"

namespace mlir::fisher {

/// Runs a function that predicts the logits of classes, its first result, on
/// rows of a data set, with the parameters of a training run.
class Evaluator {
public:
  /// Checks that `function` can be run: its batch arguments are found in
  /// `data` by name, its other arguments among those of `step` by name. Without
  /// `rows` the last rows are taken, as many as a batch of the function has.
  static FailureOr<Evaluator> create(const CompiledFunction &function,
                                     const Signature &step, Dataset &data,
                                     std::optional<RowRange> rows,
                                     StringRef label, uint64_t seed);

  /// The held-out rows.
  ArrayRef<int64_t> getRows() const { return rows; }

  /// Scores the rows with the values of the step's arguments.
  NamedNumbers evaluate(ArrayRef<Array> values, uint64_t step) const;

private:
  Evaluator(const CompiledFunction &function, const Dataset &data)
      : function(&function), data(&data) {}

  LogicalResult bindArguments(const Signature &step);
  LogicalResult checkBatch(Dataset &data);
  LogicalResult selectRows(std::optional<RowRange> range, int64_t numRows);
  LogicalResult readLabels(Dataset &data, StringRef label);

  const CompiledFunction *function;
  const Dataset *data;
  SmallVector<size_t> batch, noise;
  /// Arguments of the function and those of the step they are equal to.
  SmallVector<std::pair<size_t, size_t>> shared;
  int64_t batchSize = 1;
  SmallVector<int64_t> rows;
  Array labels;
  uint64_t seed = 0;
};

} // namespace mlir::fisher

#endif // FISHER_EXECUTION_EVALUATOR_H
