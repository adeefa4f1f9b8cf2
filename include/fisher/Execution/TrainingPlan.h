//===- TrainingPlan.h - What feeds and follows a step -----------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_EXECUTION_TRAININGPLAN_H
#define FISHER_EXECUTION_TRAININGPLAN_H

#include "fisher/Execution/StepFunction.h"

namespace mlir::fisher {

/// A result and the argument that it changes, by index.
struct Feedback {
  size_t result;
  size_t argument;
};

/// What the marks of a training step tell to do around each call.
struct TrainingPlan {
  /// Arguments that are drawn anew for each step.
  SmallVector<size_t> batch, noise;
  /// Arguments that start from initial values. They keep them unless a result
  /// changes them.
  SmallVector<size_t> params, states;
  /// Arguments without a role that says where their value comes from.
  SmallVector<size_t> others;
  /// Results that are the next value of an argument.
  SmallVector<Feedback> updates;
  /// Gradients of arguments that no result updates.
  SmallVector<Feedback> gradients;
  std::optional<size_t> loss;
  /// Results of a single number to report, by the name to report them under.
  SmallVector<std::pair<std::string, size_t>> numbers;
  /// The result that is what the step measures of its beliefs.
  std::optional<size_t> measurements;
  /// The results that have some elements of a belief.
  SmallVector<size_t> traces;
  /// Rows of a batch; `ShapedType::kDynamic` where the function leaves it open.
  int64_t batchSize = 1;
};

/// Reads the plan from the marks. Marks that contradict each other, and a
/// function that would change nothing, are reported as errors.
FailureOr<TrainingPlan> makeTrainingPlan(const Signature &signature);

/// Number of rows that the given batch arguments share, which may be dynamic;
/// reports arguments that differ. Without batch arguments it is one.
FailureOr<int64_t> getBatchSize(const Signature &signature,
                                ArrayRef<size_t> batch);

/// The shape of an argument with `batchSize` for a dynamic first dimension;
/// reports other dynamic dimensions.
FailureOr<SmallVector<int64_t>> resolveShape(const Port &argument,
                                             int64_t batchSize);

} // namespace mlir::fisher

#endif // FISHER_EXECUTION_TRAININGPLAN_H
