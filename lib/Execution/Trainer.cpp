//===- Trainer.cpp - The training loop ------------------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Execution/Trainer.h"
#include "fisher/Execution/Files.h"
#include "fisher/Execution/Initializer.h"
#include "fisher/Execution/Interrupt.h"
#include "fisher/Execution/Noise.h"
#include "fisher/Execution/Progress.h"
#include "fisher/Math/DecimalText.h"

#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/FileSystem.h"

#include <cmath>

using namespace mlir;
using namespace mlir::fisher;

//===----------------------------------------------------------------------===//
// Preparing
//===----------------------------------------------------------------------===//

FailureOr<std::unique_ptr<Trainer>>
Trainer::create(const CompiledFunction &step, const CompiledFunction *between,
                const CompiledFunction *predict,
                const TrainingOptions &options) {
  std::unique_ptr<Trainer> trainer(new Trainer(step, options));
  trainer->between = between;
  FailureOr<TrainingPlan> plan = makeTrainingPlan(step.getSignature());
  if (failed(plan))
    return failure();
  trainer->plan = std::move(*plan);
  if (failed(trainer->loadData()) || failed(trainer->initialize()) ||
      failed(trainer->createEvaluator(predict)) ||
      failed(trainer->createSampler()) || failed(trainer->createOptimizer()) ||
      failed(trainer->checkOutputs()) || failed(trainer->checkFinite()) ||
      failed(trainer->makeFingerprint()))
    return failure();
  trainer->placeValues();
  if (failed(trainer->resume()))
    return failure();
  return trainer;
}

LogicalResult Trainer::loadData() {
  if (options.data.empty()) {
    if (plan.batch.empty())
      return success();
    const Port &argument = getArgument(plan.batch.front());
    return emitError(argument.loc)
           << argument.describe()
           << " has role batch; give --data=FILE.npz with an array '"
           << argument.name << "'";
  }
  llvm::Expected<Dataset> dataset = Dataset::open(options.data);
  if (!dataset)
    return emitError(getSignature().loc) << llvm::toString(dataset.takeError());
  data.emplace(std::move(*dataset));
  for (size_t index : plan.batch)
    if (failed(data->load(getArgument(index))))
      return failure();
  return success();
}

LogicalResult Trainer::initialize() {
  std::optional<NpzReader> init;
  if (!options.init.empty()) {
    llvm::Expected<NpzReader> reader = NpzReader::open(options.init);
    if (!reader)
      return emitError(getSignature().loc)
             << llvm::toString(reader.takeError());
    init.emplace(std::move(*reader));
  }
  FailureOr<SmallVector<Array>> initial =
      initializeArguments(getSignature(), plan, init ? &*init : nullptr,
                          options.settings, options.seed);
  if (failed(initial))
    return failure();
  values = std::move(*initial);
  // Steps write over these, and an initial value may be that of two arguments.
  for (Feedback update : plan.updates)
    values[update.argument] = values[update.argument].clone();
  return success();
}

LogicalResult Trainer::createEvaluator(const CompiledFunction *predict) {
  if (!predict)
    return success();
  if (!data)
    return emitError(predict->getSignature().loc)
           << "give --data=FILE.npz with the rows to evaluate";
  FailureOr<Evaluator> created =
      Evaluator::create(*predict, getSignature(), *data, options.evaluateRows,
                        options.label, options.seed);
  if (failed(created))
    return failure();
  evaluator.emplace(std::move(*created));
  if (options.evaluateEvery == 0)
    options.evaluateEvery = std::max<uint64_t>(options.steps / 20, 1);
  return success();
}

LogicalResult Trainer::createSampler() {
  if (ShapedType::isDynamic(plan.batchSize)) {
    if (options.batchSize <= 0)
      return emitError(getSignature().loc)
             << "the function takes batches of any number of rows; give "
                "--batch-size";
    plan.batchSize = options.batchSize;
  } else if (options.batchSize != 0 && options.batchSize != plan.batchSize) {
    return emitError(getSignature().loc)
           << "--batch-size=" << options.batchSize
           << ", but the function takes batches of " << plan.batchSize;
  }
  for (size_t index : llvm::concat<size_t>(plan.batch, plan.noise)) {
    auto shape = resolveShape(getArgument(index), plan.batchSize);
    if (failed(shape))
      return failure();
    values[index] = Array(getArgument(index).getKind(), *shape);
  }
  if (plan.batch.empty())
    return success();

  int64_t numRows = *data->getNumRows();
  SmallVector<int64_t> rows =
      options.rows.value_or(RowRange()).resolve(numRows);
  if (evaluator && !options.rows) {
    llvm::DenseSet<int64_t> heldOut(llvm::from_range, evaluator->getRows());
    llvm::erase_if(rows, [&](int64_t row) { return heldOut.contains(row); });
  }
  if (static_cast<int64_t>(rows.size()) < plan.batchSize)
    return emitError(getSignature().loc)
           << "a batch takes " << plan.batchSize << " rows, but there are "
           << rows.size() << " to train on among the " << numRows << " of "
           << data->getPath() << "; see --rows and --evaluate-rows";
  sampler.emplace(std::move(rows), plan.batchSize, options.seed);
  return success();
}

LogicalResult Trainer::createOptimizer() {
  if (plan.gradients.empty()) {
    if (options.optimizer.empty())
      return success();
    return emitError(getSignature().loc)
           << "--optimizer=" << options.optimizer
           << " has nothing to do: no result is marked fisher.gradient_of";
  }
  const Port &result = getSignature().results[plan.gradients.front().result];
  if (options.optimizer.empty())
    return emitError(result.loc)
           << result.describe() << " is the gradient of '" << result.gradientOf
           << "'; choose what to do with it by --optimizer=sgd or adam";
  llvm::Expected<std::unique_ptr<Optimizer>> created =
      Optimizer::create(options.optimizer, options.optimizerOptions);
  if (!created)
    return emitError(getSignature().loc) << llvm::toString(created.takeError());
  optimizer = std::move(*created);
  return success();
}

void Trainer::placeValues() {
  onHost.resize(values.size());
  for (size_t index : llvm::concat<size_t>(plan.batch, plan.noise))
    onHost[index] = values[index];
  for (Feedback gradient : plan.gradients)
    onHost[gradient.argument] = values[gradient.argument];
  for (auto [index, value] : llvm::enumerate(values))
    value = function.place(index, value);
}

LogicalResult Trainer::checkOutputs() const {
  for (const std::string &path : {options.outputs, options.checkpoint}) {
    if (path.empty())
      continue;
    if (llvm::Error err = checkReplaceable(path))
      return emitError(getSignature().loc) << llvm::toString(std::move(err));
  }
  return success();
}

LogicalResult Trainer::checkFinite() {
  guard.emplace(options.nonFinite, getSignature(), plan);
  for (size_t index : plan.batch) {
    SmallVector<int64_t> rows(sampler->getOrder());
    // Those of another prediction than the step's are not looked at.
    if (evaluator)
      llvm::append_range(rows, evaluator->getRows());
    if (failed(guard->checkData(*data, getArgument(index), rows)))
      return failure();
  }
  return guard->checkInitial(values);
}

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

void Trainer::drawBatch() {
  if (!sampler)
    return;
  ArrayRef<int64_t> rows = sampler->next();
  for (size_t index : plan.batch) {
    data->gather(getArgument(index).name, rows, onHost[index]);
    copyElements(values[index], onHost[index]);
  }
}

void Trainer::drawNoise(uint64_t step) {
  for (size_t index : plan.noise) {
    const Port &argument = getArgument(index);
    RandomSequence sequence(options.seed, RandomUse::Noise, argument.name,
                            step);
    fillNoise(argument, sequence, onHost[index]);
    copyElements(values[index], onHost[index]);
  }
}

ArrayRef<Array> Trainer::call(bool isRead) {
  if (!between || isRead) {
    function.callInPlace(values, readResults);
    return readResults;
  }
  size_t numArguments = between->getSignature().arguments.size();
  between->callInPlace(ArrayRef(values).take_front(numArguments),
                       resultsBetween);
  return resultsBetween;
}

void Trainer::feedBack(uint64_t step) {
  // What keeps measurements stays as it is where there are none.
  for (Feedback update : plan.updates)
    if (update.result < results.size())
      values[update.argument] = results[update.result];
  for (auto [result, argument] : plan.gradients) {
    // An optimizer counts the steps that it made.
    optimizer->update(argument, step - numSkipped, onHost[argument],
                      toHost(results[result]));
    copyElements(values[argument], onHost[argument]);
  }
}

NamedNumbers Trainer::makeStep(uint64_t step, bool isRead) {
  drawBatch();
  drawNoise(step);
  guard->keep(values, optimizer.get());
  results = call(isRead);
  feedBack(step);
  return getNumbers();
}

NamedNumbers Trainer::getNumbers() const {
  NamedNumbers numbers;
  for (const auto &[name, index] : plan.numbers)
    numbers.emplace_back(name, toHost(results[index]).get(0));
  return numbers;
}

bool Trainer::isEvaluated(uint64_t step) const {
  return evaluator && step % options.evaluateEvery == 0;
}

bool Trainer::isCheckpoint(uint64_t step) const {
  if (options.checkpoint.empty())
    return false;
  uint64_t every = options.checkpointEvery;
  return step % (every ? every : std::max<uint64_t>(options.steps / 20, 1)) ==
         0;
}

std::optional<Measurements> Trainer::getMeasurements() const {
  if (!plan.measurements || *plan.measurements >= results.size())
    return std::nullopt;
  const Port &result = getSignature().results[*plan.measurements];
  Array table = toHost(results[*plan.measurements]);
  Measurements measurements{result.beliefs, result.columns, {}};
  for (int64_t i = 0, e = table.getNumElements(); i != e; ++i)
    measurements.values.push_back(table.get(i));
  return measurements;
}

std::vector<Trace> Trainer::getTraces() const {
  std::vector<Trace> traces;
  for (size_t index : plan.traces) {
    if (index >= results.size())
      break;
    const Port &result = getSignature().results[index];
    Array table = toHost(results[index]);
    traces.push_back({result.traceOf, result.family, result.columns, {}});
    for (int64_t i = 0, e = table.getNumElements(); i != e; ++i)
      traces.back().values.push_back(table.get(i));
  }
  return traces;
}

/// A checkpoint that an earlier run has left goes with the metrics that this
/// run replaces: nothing could go on from it any more.
LogicalResult Trainer::removeOldCheckpoint() {
  if (resumed || options.checkpoint.empty() || options.metrics.empty())
    return success();
  SmallString<128> path;
  if (llvm::sys::fs::real_path(options.checkpoint, path))
    return success(); // There is none.
  if (std::error_code code = llvm::sys::fs::remove(path))
    return emitError(getSignature().loc)
           << options.checkpoint << ": " << code.message();
  return success();
}

LogicalResult Trainer::openMetrics() {
  if (options.metrics.empty())
    return success();
  llvm::Expected<MetricsFile> file =
      resumed ? MetricsFile::resume(options.metrics, resumed->offset)
              : MetricsFile::create(options.metrics);
  if (!file)
    return emitError(getSignature().loc) << llvm::toString(file.takeError());
  metrics.emplace(std::move(*file));
  if (!resumed)
    return success();
  return write(resumed->number == options.steps ? resumed->lastLine
                                                : resumed->line);
}

std::string Trainer::formatLine(uint64_t step,
                                const NamedNumbers &numbers) const {
  std::string line;
  llvm::raw_string_ostream os(line);
  std::optional<Measurements> measurements = getMeasurements();
  writeJson(step, numbers, measurements ? &*measurements : nullptr, getTraces(),
            os);
  os << '\n';
  return line;
}

LogicalResult Trainer::write(StringRef line) {
  if (!metrics)
    return success();
  if (llvm::Error err = metrics->write(line))
    return emitError(getSignature().loc) << llvm::toString(std::move(err));
  return success();
}

LogicalResult Trainer::log(uint64_t step, const NamedNumbers &numbers,
                           const NamedNumbers &scores, bool isLast,
                           bool isSaved) {
  LoggedStep logged{step, "", "", 0};
  if (metrics) {
    NamedNumbers scored = numbers;
    llvm::append_range(scored, scores);
    logged.offset = metrics->getSize();
    // A run that ends here is scored here, one that goes on may not be.
    if (isLogged(step))
      logged.line = formatLine(step, isEvaluated(step) ? scored : numbers);
    if (isLast)
      logged.lastLine = formatLine(step, scored);
  }
  if (failed(write(isLast ? logged.lastLine : logged.line)))
    return failure();
  return isSaved ? writeCheckpoint(logged) : success();
}

LogicalResult Trainer::writeOutputs() const {
  if (options.outputs.empty())
    return success();
  NamedArrays outputs;
  for (size_t index : llvm::concat<const size_t>(plan.params, plan.states))
    outputs.emplace_back(getArgument(index).name, toHost(values[index]));
  if (llvm::Error err = writeNpz(options.outputs, outputs))
    return emitError(getSignature().loc) << llvm::toString(std::move(err));
  return success();
}

static void printLine(uint64_t step, const NamedNumbers &numbers,
                      raw_ostream &os) {
  os << "step " << step;
  for (const auto &[name, number] : numbers)
    os << "  " << name << ' ' << toDecimal(number);
  os << '\n';
  os.flush();
}

FailureOr<Trainer::Outcome> Trainer::run(raw_ostream &os) {
  if (failed(removeOldCheckpoint()) || failed(openMetrics()))
    return failure();
  if (resumed)
    os << "going on after step " << resumed->number << '\n';
  Interrupt interrupt;
  ProgressBar progress(options.steps);
  uint64_t step = resumed ? resumed->number : 0;
  bool isInterrupted = false;
  while (step < options.steps && !isInterrupted) {
    ++step;
    // Known before the step, which returns more if it is the last.
    isInterrupted = interrupt.isRequested();
    bool isLast = step == options.steps || isInterrupted;
    bool isSaved = isLast || isCheckpoint(step);
    bool isRead = options.measureEvery > 1
                      ? (step - 1) % options.measureEvery == 0
                      : isSaved || isLogged(step);
    NamedNumbers numbers = makeStep(step, isRead);
    if (!guard->isFinite(numbers, values, /*now=*/isSaved)) {
      progress.clear();
      if (failed(guard->report(step, numbers, values))) {
        (void)write(formatLine(step, numbers));
        return failure();
      }
      if (guard->skips()) {
        guard->undo(values, onHost, optimizer.get());
        ++numSkipped;
      }
    }
    if (guard->skips())
      numbers.emplace_back("skipped", numSkipped);

    if (std::optional<Measurements> measurements = getMeasurements())
      efficiency = measurements->getOfAll("efficiency");
    NamedNumbers shown = numbers;
    if (efficiency && !std::isnan(*efficiency))
      shown.emplace_back("efficiency", *efficiency);
    progress.update(step, shown);
    bool isScored = isEvaluated(step);
    NamedNumbers scores;
    if (isScored || (evaluator && isLast))
      scores = evaluator->evaluate(values, step);
    if (failed(log(step, numbers, scores, isLast, isSaved)))
      return failure();
    if (isScored || isLast) {
      llvm::append_range(shown, scores);
      progress.clear();
      printLine(step, shown, os);
    }
  }
  progress.clear();
  if (failed(writeOutputs()))
    return failure();
  if (step == options.steps)
    return Outcome::Finished;
  os << "interrupted after " << step << " of " << options.steps << " steps\n";
  return Outcome::Interrupted;
}
