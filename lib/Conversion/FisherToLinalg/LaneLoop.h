//===- LaneLoop.h - Distributions side by side ------------------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_CONVERSION_FISHERTOLINALG_LANELOOP_H
#define FISHER_LIB_CONVERSION_FISHERTOLINALG_LANELOOP_H

#include "Loops.h"

#include "fisher/IR/Fisher.h"

namespace mlir::fisher {

/// How many distributions of `type` share vectors of so many bits; one, if each
/// is better off alone. The order of the sums over outcomes depends on it, so
/// it must not depend on how many distributions there are.
int64_t getNumLanes(BeliefType type, FloatType computeType, int64_t vectorBits);

/// The results, of the types `results`, of a loop over blocks of `lanes`
/// distributions of a batch of rank `batchRank`, each in a lane of vectors.
SmallVector<Value> buildLaneLoop(FormulaBuilder &b, ValueRange inputs,
                                 ArrayRef<Type> results, int64_t batchRank,
                                 int64_t lanes, FloatType computeType,
                                 EventFormula formula);

} // namespace mlir::fisher

#endif // FISHER_LIB_CONVERSION_FISHERTOLINALG_LANELOOP_H
