//===- TrainingPlan.cpp - What feeds and follows a step -------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Execution/TrainingPlan.h"
#include "fisher/Execution/Noise.h"

#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/DenseSet.h"

using namespace mlir;
using namespace mlir::fisher;

static void sortArguments(ArrayRef<Port> arguments, TrainingPlan &plan) {
  for (auto [index, argument] : llvm::enumerate(arguments)) {
    if (argument.role == "batch")
      plan.batch.push_back(index);
    else if (argument.role == "eps")
      plan.noise.push_back(index);
    else if (argument.role == "param")
      plan.params.push_back(index);
    else if (argument.role == "state")
      plan.states.push_back(index);
    else
      plan.others.push_back(index);
  }
}

/// The argument that a result's mark names. It must be of the result's type.
static FailureOr<size_t> findTarget(const Signature &signature,
                                    const Port &result, StringRef name,
                                    StringRef mark) {
  std::optional<size_t> target = signature.findArgument(name);
  if (!target)
    return emitError(result.loc)
           << result.describe() << " has " << mark << " = \"" << name
           << "\", but no argument has this fisher.name";
  const Port &argument = signature.arguments[*target];
  if (argument.type != result.type)
    return emitError(argument.loc)
           << argument.describe() << " has type " << argument.type << ", but "
           << result.describe() << " with " << mark << " = \"" << name
           << "\" has type " << result.type;
  return *target;
}

static LogicalResult collectFeedback(const Signature &signature,
                                     TrainingPlan &plan) {
  llvm::DenseSet<size_t> updated, differentiated;
  for (auto [index, result] : llvm::enumerate(signature.results)) {
    if (result.updates.empty())
      continue;
    FailureOr<size_t> target =
        findTarget(signature, result, result.updates, "fisher.updates");
    if (failed(target))
      return failure();
    if (!updated.insert(*target).second)
      return emitError(result.loc)
             << "two results update argument '" << result.updates << "'";
    plan.updates.push_back({index, *target});
  }
  for (auto [index, result] : llvm::enumerate(signature.results)) {
    if (result.gradientOf.empty())
      continue;
    FailureOr<size_t> target =
        findTarget(signature, result, result.gradientOf, "fisher.gradient_of");
    if (failed(target))
      return failure();
    if (!differentiated.insert(*target).second)
      return emitError(result.loc)
             << "two results are the gradient of argument '"
             << result.gradientOf << "'";
    if (!updated.contains(*target))
      plan.gradients.push_back({index, *target});
  }
  if (!plan.updates.empty() || !plan.gradients.empty())
    return success();
  InFlightDiagnostic diag =
      emitError(signature.loc)
      << "no result changes an argument, so there is nothing to train";
  diag.attachNote()
      << "mark a result that is the new value of an argument with "
         "{fisher.updates = \"name\"}, or one that is the loss's "
         "gradient with {fisher.gradient_of = \"name\"}, and the "
         "argument with {fisher.name = \"name\", fisher.role = "
         "\"param\"}";
  return diag;
}

static LogicalResult collectNumbers(ArrayRef<Port> results,
                                    TrainingPlan &plan) {
  for (auto [index, result] : llvm::enumerate(results)) {
    if (result.role == "loss") {
      if (!result.isScalar() || !isFloat(result.getKind()))
        return emitError(result.loc)
               << result.describe() << " has role loss, but is " << result.type
               << "; a loss is a floating-point number";
      if (plan.loss)
        return emitError(result.loc) << "two results have role loss";
      plan.loss = index;
      plan.numbers.emplace_back("loss", index);
    } else if (result.role == "measurements" && !result.columns.empty() &&
               result.getShape() ==
                   ArrayRef<int64_t>{
                       static_cast<int64_t>(result.beliefs.size()) + 1,
                       static_cast<int64_t>(result.columns.size())}) {
      plan.measurements = index;
    } else if (result.role == "trace" && !result.columns.empty() &&
               result.getShape().size() == 2) {
      plan.traces.push_back(index);
    } else if (result.isScalar() && result.role == "penalty") {
      plan.numbers.emplace_back("penalty", index);
    } else if (result.isScalar() && result.name != result.position) {
      plan.numbers.emplace_back(result.name, index);
    }
  }
  return success();
}

FailureOr<int64_t> fisher::getBatchSize(const Signature &signature,
                                        ArrayRef<size_t> batch) {
  std::optional<int64_t> size;
  for (size_t index : batch) {
    const Port &argument = signature.arguments[index];
    if (argument.isScalar())
      return emitError(argument.loc)
             << argument.describe() << " of type " << argument.type
             << " has role batch, but no dimension of rows";
    int64_t rows = argument.getShape().front();
    if (rows == 0)
      return emitError(argument.loc)
             << argument.describe() << " of type " << argument.type
             << " has role batch, but no rows";
    if (size && *size != rows)
      return emitError(argument.loc)
             << argument.describe() << " of type " << argument.type
             << " has another number of rows than the other batch arguments";
    size = rows;
  }
  return size.value_or(1);
}

FailureOr<SmallVector<int64_t>> fisher::resolveShape(const Port &argument,
                                                     int64_t batchSize) {
  SmallVector<int64_t> shape(argument.getShape());
  if (!shape.empty() && ShapedType::isDynamic(shape.front()))
    shape.front() = batchSize;
  if (ShapedType::isDynamicShape(shape))
    return emitError(argument.loc)
           << argument.describe() << " has type " << argument.type
           << ", whose sizes are not known; give an array for it or make the "
              "type static";
  if (!getNumElements(shape))
    return emitError(argument.loc)
           << argument.describe() << " of type " << argument.type
           << " is more than can be addressed with " << batchSize << " rows";
  return shape;
}

FailureOr<TrainingPlan> fisher::makeTrainingPlan(const Signature &signature) {
  TrainingPlan plan;
  sortArguments(signature.arguments, plan);
  if (failed(collectFeedback(signature, plan)) ||
      failed(collectNumbers(signature.results, plan)))
    return failure();
  FailureOr<int64_t> batchSize = getBatchSize(signature, plan.batch);
  if (failed(batchSize))
    return failure();
  plan.batchSize = *batchSize;
  for (size_t index : plan.noise)
    if (failed(checkNoise(signature.arguments[index])))
      return failure();
  return plan;
}
