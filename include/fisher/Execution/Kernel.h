//===- Kernel.h - Functions on the memory of others -----------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_EXECUTION_KERNEL_H
#define FISHER_EXECUTION_KERNEL_H

#include "fisher/Execution/Device.h"
#include "fisher/Execution/Program.h"
#include "fisher/Execution/StepFunction.h"
#include "fisher/Execution/Workers.h"

#include <optional>

namespace mlir {
class ExecutionEngine;
} // namespace mlir

namespace mlir::fisher {

/// A function of static shapes, compiled for this process, that works on the
/// memory of its caller: what a framework calls with the arrays that it has.
/// It can be called by several threads at once.
class Kernel {
public:
  /// Compiles the entry for this CPU, or for a device of this process. Whatever
  /// is wrong is reported. The context needs what `CompiledFunction` needs.
  static FailureOr<Kernel> compile(Program program,
                                   std::optional<Device> device = {},
                                   PassConfiguration configure = {});

  Kernel(Kernel &&);
  Kernel &operator=(Kernel &&);
  ~Kernel();

  ArrayRef<Port> getArguments() const { return signature.arguments; }
  ArrayRef<Port> getResults() const { return signature.results; }

  /// Calls the function. `addresses` are of the elements of the arguments and
  /// then of the results, in row-major order; results share memory with
  /// nothing else. Loops are shared with `workers`, if there are any. For a
  /// device the addresses are of its memory, and the work goes to `stream`, as
  /// `CInterface` says.
  void operator()(ArrayRef<void *> addresses, Workers *workers,
                  void *stream = nullptr) const;

private:
  Kernel(Signature signature, std::unique_ptr<ExecutionEngine> engine,
         void (*function)(void **), bool isForDevice);

  Signature signature;
  std::unique_ptr<ExecutionEngine> engine;
  void (*function)(void **);
  bool isForDevice;
};

} // namespace mlir::fisher

#endif // FISHER_EXECUTION_KERNEL_H
