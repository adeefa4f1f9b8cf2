//===- Program.h - Loading modules to run -----------------------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_EXECUTION_PROGRAM_H
#define FISHER_EXECUTION_PROGRAM_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace mlir {
class PassManager;
} // namespace mlir

namespace mlir::fisher {

/// Sets up a pass manager before it runs, for example to print the IR.
using PassConfiguration = llvm::function_ref<LogicalResult(PassManager &)>;

/// A module and the function in it that is to be run.
struct Program {
  OwningOpRef<ModuleOp> module;
  func::FuncOp entry;

  Program clone() const;
};

/// Parses the MLIR text or bytecode in the file `path` and finds the entry by
/// name. An empty name stands for "main" or, where there is no such function,
/// for the only public one.
FailureOr<Program> loadProgram(StringRef path, StringRef entryName,
                               MLIRContext *context);

/// Runs `fisher-insert` with the policy of the file `policyPath`, or with the
/// module's own where the path is empty; does nothing where there is neither.
/// `stepSize` is that of proximal entries which state none, or 0, for the
/// optimizer's own. The penalty becomes a result on demand.
/// `keepPolicy` leaves the module's own for `measureBeliefs`.
LogicalResult insertPolicy(Program &program, StringRef policyPath,
                           double stepSize, bool returnPenalty, bool keepPolicy,
                           PassConfiguration configure = {});

/// What a measured step is for.
struct MeasuringOptions {
  /// Some steps will be made without measuring.
  bool sampled = false;
  /// Only the sums over steps are kept, nothing is read.
  bool totalsOnly = false;
  /// How many elements of each belief are returned.
  unsigned traceSize = 0;
};

/// Runs `fisher-instrument` with the policy of the file `policyPath`, or with
/// the module's own where the path is empty.
LogicalResult measureBeliefs(Program &program, StringRef policyPath,
                             const MeasuringOptions &measuring,
                             PassConfiguration configure = {});

/// A number for what the program does, the same wherever it was read from.
uint64_t hashProgram(const Program &program);

} // namespace mlir::fisher

#endif // FISHER_EXECUTION_PROGRAM_H
