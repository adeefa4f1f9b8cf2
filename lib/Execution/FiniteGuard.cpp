//===- FiniteGuard.cpp - Steps whose numbers are not finite ---------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Execution/FiniteGuard.h"
#include "fisher/Execution/Device.h"

#include "mlir/IR/Diagnostics.h"

#include <cmath>

using namespace mlir;
using namespace mlir::fisher;

static constexpr llvm::StringLiteral advice(
    "--non-finite=skip leaves such steps out, --non-finite=ignore goes on");

FiniteGuard::FiniteGuard(NonFinitePolicy policy, const Signature &signature,
                         const TrainingPlan &plan)
    : policy(policy), signature(signature), plan(plan) {
  for (Feedback feedback :
       llvm::concat<const Feedback>(plan.updates, plan.gradients))
    changed.push_back(feedback.argument);
  for (auto [position, number] : llvm::enumerate(plan.numbers)) {
    StringRef role = signature.results[number.second].role;
    if (role == "loss" || role == "penalty")
      numbers.push_back(position);
  }
}

//===----------------------------------------------------------------------===//
// Before the first step
//===----------------------------------------------------------------------===//

LogicalResult FiniteGuard::checkData(const Dataset &data, const Port &argument,
                                     ArrayRef<int64_t> rows) const {
  if (policy == NonFinitePolicy::Ignore)
    return success();
  std::optional<std::string> found =
      describeNonFinite(data.get(argument.name), rows);
  if (!found)
    return success();
  InFlightDiagnostic diag =
      skips() ? emitWarning(argument.loc) : emitError(argument.loc);
  diag << "array '" << argument.name << "' in " << data.getPath() << " has "
       << *found << " in the rows that are used";
  if (!skips())
    diag.attachNote() << advice;
  return skips() ? success() : LogicalResult(diag);
}

LogicalResult FiniteGuard::checkInitial(ArrayRef<Array> values) {
  for (size_t index : plan.params) {
    if (policy == NonFinitePolicy::Ignore)
      break;
    const Port &argument = signature.arguments[index];
    if (std::optional<std::string> found = describeNonFinite(values[index]))
      return emitError(argument.loc)
             << argument.describe() << " starts with " << *found
             << "; --non-finite=ignore trains it all the same";
  }
  for (size_t index : changed)
    if (fisher::isFinite(values[index]))
      guarded.push_back(index);
  return success();
}

//===----------------------------------------------------------------------===//
// After a step
//===----------------------------------------------------------------------===//

bool FiniteGuard::isFinite(const NamedNumbers &found, ArrayRef<Array> values,
                           bool now) const {
  for (size_t position : numbers)
    if (!std::isfinite(found[position].second))
      return false;
  // Nobody would do anything about it.
  if (policy == NonFinitePolicy::Ignore)
    return true;
  return llvm::all_of(guarded, [&](size_t index) {
    const Array &value = values[index];
    return !(value.isOnHost() || now || skips()) ||
           fisher::isFinite(toHost(value));
  });
}

LogicalResult FiniteGuard::report(uint64_t step, const NamedNumbers &found,
                                  ArrayRef<Array> values) {
  bool stops = policy == NonFinitePolicy::Stop;
  if (isReported && !stops)
    return success();
  isReported = true;
  SmallVector<std::pair<Location, std::string>> faults;
  for (size_t position : numbers) {
    const auto &[name, number] = found[position];
    const Port &result = signature.results[plan.numbers[position].second];
    if (!std::isfinite(number))
      faults.emplace_back(result.loc, "the " + name + " is " +
                                          getNonFiniteName(number).str());
  }
  for (size_t index : guarded) {
    const Port &argument = signature.arguments[index];
    if (auto fault = describeNonFinite(toHost(values[index])))
      faults.emplace_back(argument.loc,
                          argument.describe() + " becomes " + *fault);
  }
  constexpr size_t maxNotes = 5;
  auto &[loc, fault] = faults.front();
  InFlightDiagnostic diag = stops ? emitError(loc) : emitWarning(loc);
  diag << "step " << step << ": " << fault;
  for (auto &[noteLoc, note] :
       ArrayRef(faults).drop_front().take_front(maxNotes))
    diag.attachNote(noteLoc) << note;
  if (stops)
    diag.attachNote() << "no outputs are written; " << advice;
  else if (skips())
    diag.attachNote() << "this step and others like it are undone; metrics "
                         "count them as \"skipped\"";
  return stops ? LogicalResult(diag) : success();
}

void FiniteGuard::keep(ArrayRef<Array> values, Optimizer *optimizer) {
  if (!skips())
    return;
  kept.resize(changed.size());
  for (auto [index, copy] : llvm::zip_equal(changed, kept)) {
    const Array &value = values[index];
    if (copy.getData() == nullptr)
      copy = value.isOnHost()
                 ? Array(value.getKind(), value.getShape())
                 : makeDeviceArray(value.getKind(), value.getShape());
    copyElements(copy, value);
  }
  keptMoments.resize(plan.gradients.size());
  for (auto [gradient, copies] : llvm::zip_equal(plan.gradients, keptMoments)) {
    size_t index = gradient.argument;
    copies.resize(optimizer->getMomentNames().size());
    for (auto [moment, copy] : llvm::enumerate(copies)) {
      const Array &value =
          optimizer->getMoment(index, moment, values[index].getShape());
      if (copy.getData() == nullptr)
        copy = value.clone();
      else
        copyElements(copy, value);
    }
  }
}

void FiniteGuard::undo(MutableArrayRef<Array> values,
                       MutableArrayRef<Array> onHost,
                       Optimizer *optimizer) const {
  for (auto [index, copy] : llvm::zip_equal(changed, kept)) {
    copyElements(values[index], copy);
    if (onHost[index].getData())
      copyElements(onHost[index], copy);
  }
  for (auto [gradient, copies] : llvm::zip_equal(plan.gradients, keptMoments))
    for (auto [moment, copy] : llvm::enumerate(copies))
      copyElements(
          optimizer->getMoment(gradient.argument, moment, copy.getShape()),
          copy);
}
