//===- Evaluator.cpp - Held-out accuracy ----------------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Execution/Evaluator.h"
#include "fisher/Execution/ClassificationScore.h"
#include "fisher/Execution/Noise.h"

#include "mlir/IR/Diagnostics.h"

using namespace mlir;
using namespace mlir::fisher;

FailureOr<Evaluator> Evaluator::create(const CompiledFunction &function,
                                       const Signature &step, Dataset &data,
                                       std::optional<RowRange> rows,
                                       StringRef label, uint64_t seed) {
  Evaluator evaluator(function, data);
  evaluator.seed = seed;
  if (failed(evaluator.bindArguments(step)) ||
      failed(evaluator.checkBatch(data)) ||
      failed(evaluator.readLabels(data, label)) ||
      failed(evaluator.selectRows(rows, *data.getNumRows())))
    return failure();
  return evaluator;
}

LogicalResult Evaluator::bindArguments(const Signature &step) {
  const Signature &signature = function->getSignature();
  for (auto [index, argument] : llvm::enumerate(signature.arguments)) {
    if (argument.role == "batch") {
      batch.push_back(index);
      continue;
    }
    if (argument.role == "eps") {
      noise.push_back(index);
      continue;
    }
    std::optional<size_t> source = step.findArgument(argument.name);
    if (!source)
      return emitError(argument.loc)
             << argument.describe()
             << " is not an argument of the training step";
    const Port &trained = step.arguments[*source];
    if (trained.type != argument.type) {
      InFlightDiagnostic diag = emitError(argument.loc)
                                << argument.describe() << " has type "
                                << argument.type << ", but the training step's "
                                << "has type " << trained.type;
      diag.attachNote(trained.loc) << "here";
      return diag;
    }
    shared.emplace_back(index, *source);
  }
  return success();
}

static bool isLogits(const Port &result, int64_t batchSize) {
  ArrayRef<int64_t> shape = result.getShape();
  return isFloat(result.getKind()) && shape.size() == 2 &&
         shape.front() == batchSize && !ShapedType::isDynamic(shape.back()) &&
         shape.back() > 0;
}

LogicalResult Evaluator::checkBatch(Dataset &data) {
  const Signature &signature = function->getSignature();
  FailureOr<int64_t> size = fisher::getBatchSize(signature, batch);
  if (failed(size))
    return failure();
  batchSize = *size;
  for (size_t index : batch)
    if (failed(data.load(signature.arguments[index])))
      return failure();
  for (size_t index : noise)
    if (failed(checkNoise(signature.arguments[index])))
      return failure();
  for (size_t index : llvm::concat<size_t>(batch, noise))
    if (failed(resolveShape(signature.arguments[index], batchSize)))
      return failure();
  if (batch.empty())
    return emitError(signature.loc)
           << "nothing to evaluate: mark the arguments that are rows of the "
              "data with {fisher.role = \"batch\"}";
  if (signature.results.empty() ||
      !isLogits(signature.results.front(), batchSize))
    return emitError(signature.loc)
           << "the first result of an evaluated function must be a "
              "floating-point tensor of logits, a row for each of the batch";
  return success();
}

LogicalResult Evaluator::readLabels(Dataset &data, StringRef label) {
  Location loc = function->getSignature().loc;
  llvm::Expected<const Array *> array = data.load(label);
  if (!array)
    return emitError(loc) << "no labels: " << llvm::toString(array.takeError())
                          << "; --label names the array of labels";
  labels = **array;
  if (labels.getRank() != 1 || isFloat(labels.getKind()))
    return emitError(loc) << "array '" << label << "' in " << data.getPath()
                          << " is " << labels.describe()
                          << ", but labels are an integer for each row";
  return success();
}

LogicalResult Evaluator::selectRows(std::optional<RowRange> range,
                                    int64_t numRows) {
  Location loc = function->getSignature().loc;
  bool isOpen = ShapedType::isDynamic(batchSize);
  if (!range && isOpen)
    return emitError(loc)
           << "give the rows to evaluate by --evaluate-rows; the "
              "function takes any number of them";
  if (!range)
    range = RowRange{-batchSize, std::nullopt};
  rows = range->resolve(numRows);
  if (rows.empty())
    return emitError(loc) << "no rows to evaluate among the " << numRows
                          << " of " << data->getPath();
  if (isOpen)
    batchSize = rows.size();
  return success();
}

/// An array for an argument that `checkBatch` found to have a known shape.
static Array makeArray(const Port &argument, int64_t batchSize) {
  return Array(argument.getKind(), *resolveShape(argument, batchSize));
}

NamedNumbers Evaluator::evaluate(ArrayRef<Array> values, uint64_t step) const {
  const Signature &signature = function->getSignature();
  SmallVector<Array> arguments(signature.arguments.size());
  for (auto [index, source] : shared)
    arguments[index] = values[source];
  for (size_t index : noise) {
    const Port &argument = signature.arguments[index];
    arguments[index] = makeArray(argument, batchSize);
    RandomSequence sequence(seed, RandomUse::Evaluate, argument.name, step);
    fillNoise(argument, sequence, arguments[index]);
  }
  for (size_t index : batch)
    arguments[index] = makeArray(signature.arguments[index], batchSize);

  ClassificationScore score;
  for (size_t begin = 0; begin < rows.size(); begin += batchSize) {
    // The last batch may be short: it repeats its last row, which counts once.
    SmallVector<int64_t> taken(
        ArrayRef(rows).slice(begin).take_front(batchSize));
    size_t count = taken.size();
    taken.resize(batchSize, taken.back());
    for (size_t index : batch)
      data->gather(signature.arguments[index].name, taken, arguments[index]);
    Array logits = (*function)(arguments).front();
    int64_t numClasses = logits.getShape().back();
    SmallVector<double> row(numClasses);
    for (size_t i = 0; i < count; ++i) {
      for (int64_t j = 0; j < numClasses; ++j)
        row[j] = logits.get(i * numClasses + j);
      score.add(row, static_cast<int64_t>(labels.get(taken[i])));
    }
  }
  return score.get();
}
