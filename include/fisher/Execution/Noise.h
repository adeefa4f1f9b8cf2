//===- Noise.h - Values of eps arguments ------------------------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_EXECUTION_NOISE_H
#define FISHER_EXECUTION_NOISE_H

#include "fisher/Execution/Philox.h"
#include "fisher/Execution/StepFunction.h"

namespace mlir::fisher {

/// Whether an argument of role eps can be filled with random numbers: it is
/// floating-point and its `fisher.distribution`, if any, is "normal" or
/// "uniform". Reports what is wrong.
LogicalResult checkNoise(const Port &argument);

/// Fills `array` with numbers of the argument's distribution: normal of mean 0
/// and standard deviation 1 unless it says "uniform", in [0, 1).
void fillNoise(const Port &argument, const RandomSequence &sequence,
               Array &array);

} // namespace mlir::fisher

#endif // FISHER_EXECUTION_NOISE_H
