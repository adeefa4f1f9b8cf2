//===- TrainerCheckpoint.cpp - Stopping a training run and going on -------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Execution/Inputs.h"
#include "fisher/Execution/Trainer.h"

#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/xxhash.h"

#include <limits>

using namespace mlir;
using namespace mlir::fisher;

//===----------------------------------------------------------------------===//
// What a run depends on
//===----------------------------------------------------------------------===//

/// Whether the argument's value is that of the former step.
bool Trainer::isSaved(size_t argument) const {
  if (llvm::is_contained(plan.batch, argument) ||
      llvm::is_contained(plan.noise, argument))
    return false;
  auto changes = [&](Feedback feedback) {
    return feedback.argument == argument;
  };
  return !llvm::is_contained(plan.others, argument) ||
         llvm::any_of(plan.updates, changes) ||
         llvm::any_of(plan.gradients, changes);
}

static uint64_t hashOptimizer(StringRef name, const OptimizerOptions &options) {
  return hashNumbers({llvm::xxh3_64bits(name),
                      llvm::bit_cast<uint64_t>(options.learningRate),
                      llvm::bit_cast<uint64_t>(options.momentum)});
}

LogicalResult Trainer::makeFingerprint() {
  if (options.checkpoint.empty() && options.resume.empty())
    return success();
  fingerprint = {{"program", options.program},
                 {"--seed", options.seed},
                 {"--measure-every", options.measureEvery},
                 {"optimizer",
                  hashOptimizer(options.optimizer, options.optimizerOptions)}};
  for (size_t index : plan.batch) {
    const std::string &name = getArgument(index).name;
    fingerprint.emplace_back("array '" + name + "' of the data",
                             hashArray(data->get(name)));
  }
  if (sampler) {
    SmallVector<uint64_t> order(sampler->getOrder());
    fingerprint.emplace_back("choice of rows", hashNumbers(order));
    fingerprint.emplace_back("batch size", plan.batchSize);
  }
  for (size_t index : plan.others)
    if (!isSaved(index))
      fingerprint.emplace_back("value of '" + getArgument(index).name + "'",
                               hashArray(values[index]));
  return success();
}

//===----------------------------------------------------------------------===//
// Writing and reading
//===----------------------------------------------------------------------===//

static std::string getMomentMember(StringRef moment, const Port &argument) {
  return (moment + " of " + argument.name).str();
}

LogicalResult Trainer::writeCheckpoint(const LoggedStep &step) {
  if (options.checkpoint.empty())
    return success();
  CheckpointWriter checkpoint(fingerprint);
  checkpoint.add("step", step.number);
  checkpoint.add("skipped", numSkipped);
  checkpoint.add("efficiency",
                 efficiency.value_or(std::numeric_limits<double>::quiet_NaN()));
  checkpoint.add("metrics size", step.offset);
  checkpoint.add("metrics line", step.line);
  checkpoint.add("metrics last line", step.lastLine);
  if (sampler) {
    ArrayRef<int64_t> rows = sampler->getOrder();
    Array order(ElementKind::Int64, {static_cast<int64_t>(rows.size())});
    llvm::copy(rows, order.getDataAs<int64_t>());
    checkpoint.add("rows", order);
    checkpoint.add("epoch", sampler->getEpoch());
    checkpoint.add("position", sampler->getPosition());
  }
  for (auto [index, argument] : llvm::enumerate(getSignature().arguments))
    if (isSaved(index))
      checkpoint.addArgument(argument.name, toHost(values[index]));
  for (Feedback gradient : plan.gradients) {
    const Port &argument = getArgument(gradient.argument);
    for (auto [moment, name] : llvm::enumerate(optimizer->getMomentNames()))
      checkpoint.add(
          getMomentMember(name, argument),
          optimizer->getMoment(gradient.argument, moment,
                               values[gradient.argument].getShape()));
  }
  llvm::Error err = metrics ? metrics->sync() : llvm::Error::success();
  if (!err)
    err = checkpoint.write(options.checkpoint);
  if (err)
    return emitError(getSignature().loc) << llvm::toString(std::move(err));
  return success();
}

llvm::Error Trainer::readProgress(const CheckpointReader &checkpoint) {
  resumed.emplace();
  double lastEfficiency = 0;
  uint64_t epoch = 0, position = 0;
  for (auto [name, number] :
       std::initializer_list<std::pair<StringRef, uint64_t *>>{
           {"step", &resumed->number},
           {"skipped", &numSkipped},
           {"metrics size", &resumed->offset}})
    if (llvm::Error err = checkpoint.getNumber(name).moveInto(*number))
      return err;
  if (llvm::Error err =
          checkpoint.getDouble("efficiency").moveInto(lastEfficiency))
    return err;
  efficiency = lastEfficiency;
  if (llvm::Error err =
          checkpoint.getText("metrics line").moveInto(resumed->line))
    return err;
  if (llvm::Error err =
          checkpoint.getText("metrics last line").moveInto(resumed->lastLine))
    return err;
  StringRef path = checkpoint.getFile().getPath();
  if (resumed->number > options.steps)
    return llvm::createStringError(path + ": it is of step " +
                                   Twine(resumed->number) +
                                   ", but --steps=" + Twine(options.steps));
  if (!sampler)
    return llvm::Error::success();
  if (llvm::Error err = checkpoint.getNumber("epoch").moveInto(epoch))
    return err;
  if (llvm::Error err = checkpoint.getNumber("position").moveInto(position))
    return err;
  Array order;
  if (llvm::Error err =
          checkpoint
              .getArray("rows", ElementKind::Int64,
                        static_cast<int64_t>(sampler->getOrder().size()))
              .moveInto(order))
    return err;
  if (failed(sampler->restore(
          ArrayRef(order.getDataAs<int64_t>(), order.getNumElements()), epoch,
          position)))
    return llvm::createStringError(path + ": its rows are not those of a run");
  return llvm::Error::success();
}

llvm::Error Trainer::readMoments(const CheckpointReader &checkpoint) {
  for (Feedback gradient : plan.gradients) {
    size_t index = gradient.argument;
    for (auto [moment, name] : llvm::enumerate(optimizer->getMomentNames())) {
      Array &remembered =
          optimizer->getMoment(index, moment, values[index].getShape());
      if (llvm::Error err =
              checkpoint
                  .getArray(getMomentMember(name, getArgument(index)),
                            ElementKind::Float64, values[index].getShape())
                  .moveInto(remembered))
        return err;
    }
  }
  return llvm::Error::success();
}

LogicalResult Trainer::resume() {
  if (options.resume.empty() ||
      (!options.resumesAlways && !llvm::sys::fs::exists(options.resume)))
    return success();
  auto fail = [&](llvm::Error err) {
    return emitError(getSignature().loc) << llvm::toString(std::move(err));
  };
  llvm::Expected<CheckpointReader> checkpoint =
      CheckpointReader::open(options.resume, fingerprint);
  if (!checkpoint)
    return fail(checkpoint.takeError());
  for (auto [index, argument] : llvm::enumerate(getSignature().arguments)) {
    if (!isSaved(index))
      continue;
    FailureOr<Array> array = readArgument(argument, checkpoint->getFile());
    if (failed(array))
      return failure();
    values[index] = function.place(index, *array);
    if (onHost[index].getData())
      onHost[index] = *array;
  }
  if (llvm::Error err =
          llvm::joinErrors(readProgress(*checkpoint), readMoments(*checkpoint)))
    return fail(std::move(err));
  return success();
}
