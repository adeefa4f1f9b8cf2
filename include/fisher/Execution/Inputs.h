//===- Inputs.h - Arrays for arguments --------------------------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_EXECUTION_INPUTS_H
#define FISHER_EXECUTION_INPUTS_H

#include "fisher/Execution/Npz.h"
#include "fisher/Execution/StepFunction.h"

#include "llvm/ADT/StringMap.h"

namespace mlir::fisher {

/// The array of `inputs` for `argument`: by its name, else by its position
/// (`argN`). Reports what is missing or does not fit.
FailureOr<Array> readArgument(const Port &argument, const NpzReader &inputs);

/// Whether `inputs` has an array for `argument`.
bool hasArgument(const Port &argument, const NpzReader &inputs);

/// Arrays, by index, for the arguments that `settings` names by name or
/// position: every element has the given value. A name that is no argument, or
/// one of unknown size, is an error.
FailureOr<llvm::SmallDenseMap<size_t, Array>>
makeSetArguments(const Signature &signature,
                 const llvm::StringMap<double> &settings);

} // namespace mlir::fisher

#endif // FISHER_EXECUTION_INPUTS_H
