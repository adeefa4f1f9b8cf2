//===- Once.h - Running a function once -------------------------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_EXECUTION_ONCE_H
#define FISHER_EXECUTION_ONCE_H

#include "fisher/Execution/Jit.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/Support/raw_ostream.h"

namespace mlir::fisher {

/// What to run a function on, and where its results go. Empty paths stand for
/// nothing to read, write or compare.
struct OnceOptions {
  std::string inputs;
  std::string outputs;
  std::string compare;
  double tolerance = 1e-5;
  /// Values of arguments by name, which come before `inputs`.
  llvm::StringMap<double> settings;
};

/// Runs `function` on arrays found by the arguments' names, else by `argN`,
/// writes the results as `out0`..., and compares them with the arrays of these
/// names in `compare`, a line on `os` for each. Fails, after a diagnostic,
/// where an array is missing or unfit; no file is written then. Fails, too,
/// where a difference exceeds the tolerance.
LogicalResult runOnce(const CompiledFunction &function,
                      const OnceOptions &options, raw_ostream &os);

} // namespace mlir::fisher

#endif // FISHER_EXECUTION_ONCE_H
