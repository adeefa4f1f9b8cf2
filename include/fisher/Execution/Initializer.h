//===- Initializer.h - Values before the first step -------------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_EXECUTION_INITIALIZER_H
#define FISHER_EXECUTION_INITIALIZER_H

#include "fisher/Execution/Inputs.h"
#include "fisher/Execution/TrainingPlan.h"

namespace mlir::fisher {

/// Values for the arguments that are not drawn for each step; the others stay
/// empty. Nobody else holds them.
///
/// - An argument that `settings` names has this value in every element.
/// - A parameter comes from `init`. Where there is no such file: rank 2 and
///   more are normal with standard deviation 1/sqrt(n), n the product of all
///   sizes but the last; lower ranks, and integers, are zero.
/// - A state comes from `init`, else it has the first value of the argument
///   that its `fisher.initialize` names, else it is zero.
/// - Any other argument comes from `init`.
FailureOr<SmallVector<Array>>
initializeArguments(const Signature &signature, const TrainingPlan &plan,
                    const NpzReader *init,
                    const llvm::StringMap<double> &settings, uint64_t seed);

} // namespace mlir::fisher

#endif // FISHER_EXECUTION_INITIALIZER_H
