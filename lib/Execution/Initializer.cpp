//===- Initializer.cpp - Values before the first step ---------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Execution/Initializer.h"
#include "fisher/Execution/Philox.h"

#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/BitVector.h"

#include <cmath>

using namespace mlir;
using namespace mlir::fisher;

namespace {
class Initializer {
public:
  Initializer(const Signature &signature, const TrainingPlan &plan,
              const NpzReader *init, uint64_t seed)
      : signature(signature), plan(plan), init(init), seed(seed),
        values(signature.arguments.size()), isSet(values.size()) {}

  LogicalResult run(const llvm::StringMap<double> &settings);
  SmallVector<Array> takeValues() { return std::move(values); }

private:
  LogicalResult setGiven(const llvm::StringMap<double> &settings);
  LogicalResult readFile();
  LogicalResult setDefaultParams();
  LogicalResult setStates();
  LogicalResult requireOthers();

  bool isDrawn(size_t index) const {
    return llvm::is_contained(plan.batch, index) ||
           llvm::is_contained(plan.noise, index);
  }
  void set(size_t index, Array value) {
    values[index] = std::move(value);
    isSet.set(index);
  }
  FailureOr<Array> makeZeros(const Port &argument);

  const Signature &signature;
  const TrainingPlan &plan;
  const NpzReader *init;
  uint64_t seed;
  SmallVector<Array> values;
  llvm::BitVector isSet;
};
} // namespace

LogicalResult Initializer::run(const llvm::StringMap<double> &settings) {
  // States may start from parameters, so these come first.
  return success(succeeded(setGiven(settings)) && succeeded(readFile()) &&
                 succeeded(setDefaultParams()) && succeeded(setStates()) &&
                 succeeded(requireOthers()));
}

LogicalResult Initializer::setGiven(const llvm::StringMap<double> &settings) {
  auto arrays = makeSetArguments(signature, settings);
  if (failed(arrays))
    return failure();
  for (auto &[index, array] : *arrays) {
    const Port &argument = signature.arguments[index];
    if (isDrawn(index))
      return emitError(argument.loc)
             << argument.describe() << " has role " << argument.role
             << " and cannot be given by --set: it is drawn for each step";
    set(index, array);
  }
  return success();
}

LogicalResult Initializer::readFile() {
  if (!init)
    return success();
  auto isRequired = [&](size_t index) {
    return llvm::is_contained(plan.params, index);
  };
  for (auto [index, argument] : llvm::enumerate(signature.arguments)) {
    if (isSet[index] || isDrawn(index) ||
        (!isRequired(index) && !hasArgument(argument, *init)))
      continue;
    FailureOr<Array> array = readArgument(argument, *init);
    if (failed(array))
      return failure();
    set(index, *array);
  }
  return success();
}

FailureOr<Array> Initializer::makeZeros(const Port &argument) {
  // No batch size stands for unknown sizes of what outlives a batch.
  auto shape = resolveShape(argument, ShapedType::kDynamic);
  if (failed(shape))
    return failure();
  return Array(argument.getKind(), *shape);
}

LogicalResult Initializer::setDefaultParams() {
  for (size_t index : plan.params) {
    if (isSet[index])
      continue;
    const Port &argument = signature.arguments[index];
    FailureOr<Array> array = makeZeros(argument);
    if (failed(array))
      return failure();
    if (array->getRank() >= 2 && isFloat(array->getKind())) {
      double fanIn = *getNumElements(array->getShape().drop_back());
      RandomSequence sequence(seed, RandomUse::Initialize, argument.name, 0);
      fillNormal(*array, sequence, 1 / std::sqrt(fanIn));
    }
    set(index, *array);
  }
  return success();
}

LogicalResult Initializer::setStates() {
  for (size_t index : plan.states) {
    const Port &argument = signature.arguments[index];
    if (isSet[index])
      continue;
    if (argument.initialize.empty()) {
      FailureOr<Array> array = makeZeros(argument);
      if (failed(array))
        return failure();
      set(index, *array);
      continue;
    }
    std::optional<size_t> source = signature.findArgument(argument.initialize);
    if (!source || !isSet[*source])
      return emitError(argument.loc)
             << argument.describe() << " has fisher.initialize = \""
             << argument.initialize
             << "\", which names no parameter or earlier state";
    if (failed(checkArgument(argument, values[*source],
                             "argument '" + argument.initialize + "'")))
      return failure();
    set(index, values[*source].clone());
  }
  return success();
}

LogicalResult Initializer::requireOthers() {
  for (size_t index : plan.others) {
    const Port &argument = signature.arguments[index];
    if (isSet[index])
      continue;
    InFlightDiagnostic diag = emitError(argument.loc)
                              << argument.describe() << " of type "
                              << argument.type << " has no value";
    if (argument.isScalar())
      diag.attachNote() << "give --set " << argument.name << "=VALUE";
    else
      diag.attachNote() << "give it in --init, or mark it with fisher.role = "
                           "\"param\", \"state\", \"batch\" or \"eps\"";
    return diag;
  }
  return success();
}

FailureOr<SmallVector<Array>> fisher::initializeArguments(
    const Signature &signature, const TrainingPlan &plan, const NpzReader *init,
    const llvm::StringMap<double> &settings, uint64_t seed) {
  Initializer initializer(signature, plan, init, seed);
  if (failed(initializer.run(settings)))
    return failure();
  return initializer.takeValues();
}
