//===- Trainer.h - The training loop ----------------------------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_EXECUTION_TRAINER_H
#define FISHER_EXECUTION_TRAINER_H

#include "fisher/Execution/BatchSampler.h"
#include "fisher/Execution/Dataset.h"
#include "fisher/Execution/Evaluator.h"
#include "fisher/Execution/Jit.h"
#include "fisher/Execution/Metrics.h"
#include "fisher/Execution/Optimizer.h"
#include "fisher/Execution/TrainingPlan.h"

namespace mlir::fisher {

/// What to train on and what to keep of it. Empty paths stand for no file.
struct TrainingOptions {
  std::string data;
  std::string init;
  std::string outputs;
  std::string metrics;
  uint64_t steps = 0;
  uint64_t seed = 0;
  /// Rows of a batch where the step leaves their number open, else 0.
  int64_t batchSize = 0;
  /// Values of arguments by name, which come before `init`.
  llvm::StringMap<double> settings;
  /// Rows to train on; by default all that are not evaluated.
  std::optional<RowRange> rows;
  /// What drives a step that returns gradients; empty for one that updates.
  std::string optimizer;
  OptimizerOptions optimizerOptions;
  /// Steps between lines of metrics.
  uint64_t logEvery = 1;
  /// Steps from one that is measured to the next.
  uint64_t measureEvery = 1;
  /// Steps between evaluations; 0 makes twenty in a run.
  uint64_t evaluateEvery = 0;
  std::optional<RowRange> evaluateRows;
  std::string label = "y";
};

/// Trains by calling a step function again and again.
///
/// Each call takes the values of the arguments: parameters, states and scalars
/// from the former call, a batch of rows and noise drawn for this one. Its
/// results are written over the arguments that they update, or change them
/// through the optimizer.
class Trainer {
public:
  /// Prepares a run of `step`, with evaluations of `predict` unless that is
  /// null; both must outlive the trainer. Whatever is missing or unfit is
  /// reported, and no file written.
  ///
  /// `unmeasured` is the step without what `fisher-instrument` adds, for those
  /// that are not measured; null if all are.
  static FailureOr<std::unique_ptr<Trainer>>
  create(const CompiledFunction &step, const CompiledFunction *unmeasured,
         const CompiledFunction *predict, const TrainingOptions &options);

  /// How a run ended.
  enum class Outcome : uint8_t { Finished, Interrupted };

  /// Makes the steps, until an interrupt from the keyboard, and writes the
  /// outputs: parameters and states under their names. What is worth telling
  /// goes to `os`. Fails, after a diagnostic, where a file cannot be written.
  FailureOr<Outcome> run(raw_ostream &os);

private:
  Trainer(const CompiledFunction &function, const TrainingOptions &options)
      : function(function), options(options) {}

  LogicalResult loadData();
  LogicalResult initialize();
  LogicalResult createEvaluator(const CompiledFunction *predict);
  LogicalResult createSampler();
  LogicalResult createOptimizer();
  LogicalResult checkOutputs() const;

  void placeValues();
  /// Calls the step, measured or not.
  ArrayRef<Array> call(uint64_t step);
  void drawBatch();
  void drawNoise(uint64_t step);
  void feedBack(uint64_t step, ArrayRef<Array> results);
  NamedNumbers getNumbers(ArrayRef<Array> results) const;
  /// The loss of a plan that has one.
  double getLoss(const NamedNumbers &numbers) const;
  bool isEvaluated(uint64_t step) const;
  std::optional<Measurements> getMeasurements(ArrayRef<Array> results) const;
  std::vector<Trace> getTraces(ArrayRef<Array> results) const;
  LogicalResult log(uint64_t step, const NamedNumbers &numbers,
                    const std::optional<Measurements> &measurements,
                    ArrayRef<Array> results);
  LogicalResult writeOutputs() const;

  const Signature &getSignature() const { return function.getSignature(); }
  const Port &getArgument(size_t index) const {
    return getSignature().arguments[index];
  }

  const CompiledFunction &function;
  const CompiledFunction *unmeasured = nullptr;
  TrainingOptions options;
  TrainingPlan plan;
  std::optional<Dataset> data;
  std::optional<BatchSampler> sampler;
  std::optional<Evaluator> evaluator;
  std::optional<MetricsFile> metrics;
  std::unique_ptr<Optimizer> optimizer;
  /// The present value of each argument, as the step takes it.
  SmallVector<Array> values;
  /// What the last calls returned.
  SmallVector<Array> measuredResults, unmeasuredResults;
  /// Where the host has what it changes itself: batches, noise, and what an
  /// optimizer changes. On the CPU these are the arrays of `values`.
  SmallVector<Array> onHost;
};

} // namespace mlir::fisher

#endif // FISHER_EXECUTION_TRAINER_H
