//===- Kernel.cpp - Functions compiled for this process -------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher-c/Kernel.h"
#include "fisher/Execution/Kernel.h"

#include "mlir/CAPI/IR.h"
#include "mlir/CAPI/Support.h"

using namespace mlir;
using namespace mlir::fisher;

static Kernel *unwrap(FisherKernel kernel) {
  return static_cast<Kernel *>(kernel.ptr);
}

static FisherKernel compile(MlirModule module, MlirStringRef entry,
                            std::optional<Device> device) {
  Program program;
  program.module = unwrap(module).clone();
  program.entry = program.module->lookupSymbol<func::FuncOp>(unwrap(entry));
  if (!program.entry || program.entry.isExternal()) {
    emitError(program.module->getLoc())
        << "has no function '" << unwrap(entry) << "' with a body to compile";
    return {nullptr};
  }
  FailureOr<Kernel> kernel =
      Kernel::compile(std::move(program), std::move(device));
  return {failed(kernel) ? nullptr : new Kernel(std::move(*kernel))};
}

FisherKernel fisherKernelCompile(MlirModule module, MlirStringRef entry) {
  return compile(module, entry, std::nullopt);
}

FisherKernel fisherKernelCompileForDevice(MlirModule module,
                                          MlirStringRef entry,
                                          MlirStringRef api) {
  llvm::Expected<Device> device = Device::open(unwrap(api));
  if (!device) {
    emitError(unwrap(module).getLoc()) << llvm::toString(device.takeError());
    return {nullptr};
  }
  return compile(module, entry, *device);
}

intptr_t fisherKernelGetNumArguments(FisherKernel kernel) {
  return static_cast<intptr_t>(unwrap(kernel)->getArguments().size());
}

intptr_t fisherKernelGetNumAddresses(FisherKernel kernel) {
  return fisherKernelGetNumArguments(kernel) +
         static_cast<intptr_t>(unwrap(kernel)->getResults().size());
}

namespace {
/// Threads of a caller in C.
class CWorkers : public Workers {
public:
  explicit CWorkers(FisherWorkers workers) : workers(workers) {}
  unsigned getNumThreads() const override { return workers.numThreads; }
  void run(const std::function<void()> &task) override {
    using Task = std::function<void()>;
    if (workers.runOnAll) {
      workers.runOnAll(
          workers.pool,
          [](void *data) { (*static_cast<const Task *>(data))(); },
          const_cast<Task *>(&task));
      return;
    }
    for (unsigned i = 1; i < workers.numThreads; ++i)
      workers.schedule(
          workers.pool,
          [](void *data) {
            std::unique_ptr<Task> owned(static_cast<Task *>(data));
            (*owned)();
          },
          new Task(task));
    task();
  }

private:
  FisherWorkers workers;
};
} // namespace

static ArrayRef<void *> getAddresses(FisherKernel kernel, void **addresses) {
  return {addresses, static_cast<size_t>(fisherKernelGetNumAddresses(kernel))};
}

void fisherKernelCall(FisherKernel kernel, void **addresses, void *stream) {
  (*unwrap(kernel))(getAddresses(kernel, addresses), &Workers::getDefault(),
                    stream);
}

void fisherKernelCallWithWorkers(FisherKernel kernel, void **addresses,
                                 FisherWorkers workers) {
  CWorkers own(workers);
  (*unwrap(kernel))(getAddresses(kernel, addresses), &own);
}

void fisherKernelDestroy(FisherKernel kernel) { delete unwrap(kernel); }
