//===- FiniteGuard.h - Steps whose numbers are not finite -------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_EXECUTION_FINITEGUARD_H
#define FISHER_EXECUTION_FINITEGUARD_H

#include "fisher/Execution/Dataset.h"
#include "fisher/Execution/Finite.h"
#include "fisher/Execution/Metrics.h"
#include "fisher/Execution/Optimizer.h"
#include "fisher/Execution/TrainingPlan.h"

namespace mlir::fisher {

/// Looks for NaN and infinity in what a training run starts from and in what
/// its steps make, and undoes steps.
class FiniteGuard {
public:
  FiniteGuard(NonFinitePolicy policy, const Signature &signature,
              const TrainingPlan &plan);

  bool skips() const { return policy == NonFinitePolicy::Skip; }

  /// Reports what is not finite in rows that are used: an error, or a warning
  /// where steps are skipped, which those with such rows are likely to be.
  LogicalResult checkData(const Dataset &data, const Port &argument,
                          ArrayRef<int64_t> rows) const;

  /// Reports parameters that are not finite from the beginning. States that
  /// are not may mean it so, such as a least loss so far; they are not looked
  /// at later on.
  LogicalResult checkInitial(ArrayRef<Array> values);

  /// What is not finite after a step: the loss, the penalty, or an argument
  /// that steps change. Those of a device are copied from it to be looked at,
  /// which is done `now`, or where each step may have to be undone.
  bool isFinite(const NamedNumbers &numbers, ArrayRef<Array> values,
                bool now) const;

  /// Reports it with the number of the step: an error where the run ends, else
  /// a warning, once.
  LogicalResult report(uint64_t step, const NamedNumbers &numbers,
                       ArrayRef<Array> values);

  /// Remembers what a step changes, if it may have to be undone.
  void keep(ArrayRef<Array> values, Optimizer *optimizer);
  /// Undoes the step. `onHost` are copies of values that the host has.
  void undo(MutableArrayRef<Array> values, MutableArrayRef<Array> onHost,
            Optimizer *optimizer) const;

private:
  NonFinitePolicy policy;
  const Signature &signature;
  const TrainingPlan &plan;
  /// Arguments that steps change, and those of them that are to be finite.
  SmallVector<size_t> changed, guarded;
  /// The positions in the plan's numbers of those that are to be finite.
  SmallVector<size_t> numbers;
  /// Values of `changed`, and of the optimizer's moments.
  SmallVector<Array> kept;
  SmallVector<SmallVector<Array>> keptMoments;
  bool isReported = false;
};

} // namespace mlir::fisher

#endif // FISHER_EXECUTION_FINITEGUARD_H
