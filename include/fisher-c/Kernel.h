//===- Kernel.h - Functions compiled for this process -------------*- C -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_C_KERNEL_H
#define FISHER_C_KERNEL_H

#include "mlir-c/IR.h"

#ifdef __cplusplus
extern "C" {
#endif

/// A function that was compiled; null if that failed.
typedef struct FisherKernel {
  void *ptr;
} FisherKernel;

/// Threads that a kernel shares its loops with.
typedef struct FisherWorkers {
  /// How many there are, the caller's included.
  unsigned numThreads;
  /// Lets another thread call `task` with `data`, at any time.
  void (*schedule)(void *pool, void (*task)(void *data), void *data);
  /// Instead of `schedule`, if it is not null: calls `task` with `data` on all
  /// threads, and returns when they have returned.
  void (*runOnAll)(void *pool, void (*task)(void *data), void *data);
  void *pool;
} FisherWorkers;

/// Compiles the function `entry` of `module` for this CPU. Its arguments and
/// results must be tensors of static shape.
/// The module is not changed. What is wrong is reported to the handlers of
/// diagnostics of the module's context, which needs
/// `fisherRegisterAllDialects`.
MLIR_CAPI_EXPORTED FisherKernel fisherKernelCompile(MlirModule module,
                                                    MlirStringRef entry);

/// Compiles it for the first device of an API: "cuda", "hip" or "opencl".
MLIR_CAPI_EXPORTED FisherKernel fisherKernelCompileForDevice(
    MlirModule module, MlirStringRef entry, MlirStringRef api);

/// The number of arguments, and of arguments and results.
MLIR_CAPI_EXPORTED intptr_t fisherKernelGetNumArguments(FisherKernel kernel);
MLIR_CAPI_EXPORTED intptr_t fisherKernelGetNumAddresses(FisherKernel kernel);

/// Calls the kernel with the addresses of its arguments and then of its
/// results: elements in row-major order, in memory that no other argument or
/// result shares with a result. Threads may call it at the same time. Loops are
/// shared with the threads of this process. On a device the work goes to
/// `stream`; on the CPU that is null.
MLIR_CAPI_EXPORTED void fisherKernelCall(FisherKernel kernel, void **addresses,
                                         void *stream);

/// As above, on the CPU, with the caller's own threads.
MLIR_CAPI_EXPORTED void fisherKernelCallWithWorkers(FisherKernel kernel,
                                                    void **addresses,
                                                    FisherWorkers workers);

MLIR_CAPI_EXPORTED void fisherKernelDestroy(FisherKernel kernel);

static inline bool fisherKernelIsNull(FisherKernel kernel) {
  return !kernel.ptr;
}

#ifdef __cplusplus
}
#endif

#endif // FISHER_C_KERNEL_H
