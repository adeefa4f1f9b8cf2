//===- Jit.h - Compiled functions -------------------------------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_EXECUTION_JIT_H
#define FISHER_EXECUTION_JIT_H

#include "fisher/Execution/Program.h"
#include "fisher/Execution/StepFunction.h"
#include "fisher/Pipelines/Pipelines.h"
#include "fisher/Transforms/Destinations.h"

#include "mlir/IR/BuiltinOps.h"

namespace mlir {
class ExecutionEngine;
} // namespace mlir

namespace mlir::fisher {

/// A function compiled for this process.
class CompiledFunction {
public:
  /// Lowers the program with `fisher-cpu-pipeline` and compiles its entry, for
  /// this CPU or the one that LLVM calls `cpu`. What the entry does not reach
  /// is dropped. Errors are reported as diagnostics.
  ///
  /// The context needs the dialects of the module, MLIR's extensions for
  /// bufferization and conversion to LLVM, and the translations to LLVM IR.
  static FailureOr<CompiledFunction> compile(Program program,
                                             const CPUPipelineOptions &options,
                                             PassConfiguration configure = {},
                                             StringRef cpu = {});

  CompiledFunction(CompiledFunction &&);
  CompiledFunction &operator=(CompiledFunction &&);
  ~CompiledFunction();

  const Signature &getSignature() const { return signature; }

  /// Calls the function. `arguments` must have passed `checkArgument`; they are
  /// only read. Where the module needs two dynamic sizes to be equal, this is
  /// not checked.
  SmallVector<Array> operator()(ArrayRef<Array> arguments) const;

  /// Calls the function, which may write over its arguments: one that a result
  /// updates holds the new value afterwards, and the result shares its memory.
  /// It must share memory with no other argument. Other results are written
  /// over those that `results` holds from the last call, where there are such.
  ///
  /// Without the option `donate` arguments are only read, and results new.
  void callInPlace(ArrayRef<Array> arguments,
                   SmallVectorImpl<Array> &results) const;

private:
  CompiledFunction(Signature signature, SmallVector<Destination> destinations,
                   std::unique_ptr<ExecutionEngine> engine,
                   void (*function)(void **));

  Signature signature;
  /// Where each result goes.
  SmallVector<Destination> destinations;
  std::unique_ptr<ExecutionEngine> engine;
  void (*function)(void **);
};

} // namespace mlir::fisher

#endif // FISHER_EXECUTION_JIT_H
