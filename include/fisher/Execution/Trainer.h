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
#include "fisher/Execution/Checkpoint.h"
#include "fisher/Execution/Dataset.h"
#include "fisher/Execution/Evaluator.h"
#include "fisher/Execution/FiniteGuard.h"
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
  /// What a run can go on from, written every so many steps; 0 makes twenty in
  /// a run.
  std::string checkpoint;
  uint64_t checkpointEvery = 0;
  /// A checkpoint to go on from, which may have to be there.
  std::string resume;
  bool resumesAlways = true;
  /// Tells programs from each other, for checkpoints; see `hashProgram`.
  uint64_t program = 0;
  NonFinitePolicy nonFinite = NonFinitePolicy::Stop;
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
  /// `between` is for steps whose measurements are not read: the step without
  /// what `fisher-instrument` adds where not every step is measured, or else
  /// with the sums over steps alone; null if all are read.
  static FailureOr<std::unique_ptr<Trainer>>
  create(const CompiledFunction &step, const CompiledFunction *between,
         const CompiledFunction *predict, const TrainingOptions &options);

  /// How a run ended.
  enum class Outcome : uint8_t { Finished, Interrupted };

  /// Makes the steps, until an interrupt from the keyboard, and writes the
  /// outputs: parameters and states under their names. What is worth telling
  /// goes to `os`. Fails, after a diagnostic, where a file cannot be written,
  /// and at the first step whose numbers are not finite, unless the options say
  /// otherwise.
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
  LogicalResult checkFinite();

  void placeValues();
  /// Makes a step and what the metrics tell of it.
  NamedNumbers makeStep(uint64_t step, bool isRead);
  /// Calls the step whose measurements are read, or the one between.
  ArrayRef<Array> call(bool isRead);
  void drawBatch();
  void drawNoise(uint64_t step);
  void feedBack(uint64_t step);
  NamedNumbers getNumbers() const;
  bool isEvaluated(uint64_t step) const;
  /// Whether a step makes a line of the metrics, wherever the run ends.
  bool isLogged(uint64_t step) const {
    return isEvaluated(step) || step % options.logEvery == 0;
  }
  bool isCheckpoint(uint64_t step) const;
  std::optional<Measurements> getMeasurements() const;
  std::vector<Trace> getTraces() const;
  LogicalResult removeOldCheckpoint();
  LogicalResult openMetrics();
  /// The line of metrics with these numbers and what is measured.
  std::string formatLine(uint64_t step, const NamedNumbers &numbers) const;
  LogicalResult write(StringRef line);
  /// Writes the metrics of a step, and a checkpoint if it `isSaved`.
  LogicalResult log(uint64_t step, const NamedNumbers &numbers,
                    const NamedNumbers &scores, bool isLast, bool isSaved);
  LogicalResult writeOutputs() const;

  // TrainerCheckpoint.cpp

  /// What a run has in its metrics of a step with a checkpoint: `line` where it
  /// goes on, `lastLine` where it ends there.
  struct LoggedStep {
    uint64_t number;
    std::string line, lastLine;
    /// Bytes of metrics before it.
    uint64_t offset;
  };

  LogicalResult makeFingerprint();
  bool isSaved(size_t argument) const;
  LogicalResult writeCheckpoint(const LoggedStep &step);
  LogicalResult resume();
  llvm::Error readProgress(const CheckpointReader &checkpoint);
  llvm::Error readMoments(const CheckpointReader &checkpoint);

  const Signature &getSignature() const { return function.getSignature(); }
  const Port &getArgument(size_t index) const {
    return getSignature().arguments[index];
  }

  const CompiledFunction &function;
  const CompiledFunction *between = nullptr;
  TrainingOptions options;
  TrainingPlan plan;
  std::optional<Dataset> data;
  std::optional<BatchSampler> sampler;
  std::optional<Evaluator> evaluator;
  std::optional<MetricsFile> metrics;
  std::unique_ptr<Optimizer> optimizer;
  /// The present value of each argument, as the step takes it.
  SmallVector<Array> values;
  /// What the last calls returned, and the last of all.
  SmallVector<Array> readResults, resultsBetween;
  ArrayRef<Array> results;
  /// Where the host has what it changes itself: batches, noise, and what an
  /// optimizer changes. On the CPU these are the arrays of `values`.
  SmallVector<Array> onHost;
  std::optional<FiniteGuard> guard;
  uint64_t numSkipped = 0;
  /// Of the last step that was measured.
  std::optional<double> efficiency;
  Fingerprint fingerprint;
  /// The step of the checkpoint that the run goes on from.
  std::optional<LoggedStep> resumed;
};

} // namespace mlir::fisher

#endif // FISHER_EXECUTION_TRAINER_H
