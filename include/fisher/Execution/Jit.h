//===- Jit.h - Compiled functions -------------------------------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_EXECUTION_JIT_H
#define FISHER_EXECUTION_JIT_H

#include "fisher/Execution/Device.h"
#include "fisher/Execution/Program.h"
#include "fisher/Execution/StepFunction.h"
#include "fisher/Pipelines/Pipelines.h"
#include "fisher/Transforms/Destinations.h"

#include "mlir/IR/BuiltinOps.h"

namespace llvm {
class TargetMachine;
} // namespace llvm

namespace mlir {
class ExecutionEngine;
} // namespace mlir

namespace mlir::fisher {

/// A function compiled for this process, and for the CPU or a device. Tensors
/// are in the memory of that; numbers are the host's.
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

  /// As above, but lowers the program with `fisher-gpu-pipeline`, for the chip
  /// of the device.
  static FailureOr<CompiledFunction>
  compileForDevice(Program program, const Device &device, bool donate,
                   PassConfiguration configure = {});

  CompiledFunction(CompiledFunction &&);
  CompiledFunction &operator=(CompiledFunction &&);
  ~CompiledFunction();

  const Signature &getSignature() const { return signature; }

  /// An array as `callInPlace` takes it for an argument: a copy in the memory
  /// of the device, or the array itself.
  Array place(size_t argument, const Array &array) const;

  /// Calls the function. `arguments` must have passed `checkArgument`; they are
  /// only read, and can be the host's or the device's. Results are the host's.
  /// Where the module needs two dynamic sizes to be equal, this is
  /// not checked.
  SmallVector<Array> operator()(ArrayRef<Array> arguments) const;

  /// Calls the function on arguments that `place` gave. It may write over them:
  /// one that a result
  /// updates holds the new value afterwards, and the result shares its memory.
  /// It must share memory with no other argument. Other results are written
  /// over those that `results` holds from the last call, where there are such.
  ///
  /// Without the option `donate` arguments are only read, and results new.
  void callInPlace(ArrayRef<Array> arguments,
                   SmallVectorImpl<Array> &results) const;

private:
  CompiledFunction(Signature signature, SmallVector<Destination> destinations,
                   Array::Place memory, std::unique_ptr<ExecutionEngine> engine,
                   void (*function)(void **));

  /// Lowers the program by `lower`.
  static FailureOr<CompiledFunction> compile(
      Program program, bool donate, Array::Place memory, StringRef cpu,
      llvm::function_ref<LogicalResult(ModuleOp, const llvm::TargetMachine &)>
          lower);

  Array makeArray(ElementKind kind, ArrayRef<int64_t> shape) const;
  bool isOnDevice() const { return memory == Array::Place::Device; }

  Signature signature;
  /// Where each result goes.
  SmallVector<Destination> destinations;
  /// Where its tensors are.
  Array::Place memory;
  std::unique_ptr<ExecutionEngine> engine;
  void (*function)(void **);
};

} // namespace mlir::fisher

#endif // FISHER_EXECUTION_JIT_H
