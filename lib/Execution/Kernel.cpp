//===- Kernel.cpp - Functions on the memory of others ---------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Execution/Kernel.h"
#include "CFunction.h"
#include "Engine.h"
#include "ParallelRegion.h"
#include "fisher/IR/Marks.h"
#include "fisher/Runtime/Runtime.h"

#include "llvm/Support/Compiler.h"

using namespace mlir;
using namespace mlir::fisher;

/// What the kernel writes over would be another's.
static LogicalResult checkEntry(func::FuncOp entry) {
  for (Type type : llvm::concat<const Type>(entry.getArgumentTypes(),
                                            entry.getResultTypes())) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor || !tensor.hasStaticShape())
      return entry.emitError()
             << "a kernel takes and returns tensors of static shape, but this "
                "has "
             << type;
  }
  for (unsigned result = 0; result != entry.getNumResults(); ++result)
    entry.removeResultAttr(result,
                           StringAttr::get(entry.getContext(), marks::updates));
  return success();
}

FailureOr<Kernel> Kernel::compile(Program program, std::optional<Device> device,
                                  PassConfiguration configure) {
  if (failed(checkEntry(program.entry)))
    return failure();
  CFunctionOptions options;
  options.device = std::move(device);
  FailureOr<CFunction> lowered = lowerToC(program, options, configure);
  if (failed(lowered))
    return failure();
  Location loc = lowered->signature.loc;
  StringRef symbol = lowered->interface->getSymbol();
  const void *libraries[] = {reinterpret_cast<const void *>(&fisherDeviceOpen)};
  auto engine =
      createEngine(*program.module, symbol, std::move(lowered->machine),
                   libraries, getParallelFunctions());
  if (!engine)
    return emitError(loc) << "cannot compile: "
                          << llvm::toString(engine.takeError());
  auto function = (*engine)->lookupPacked(symbol);
  if (!function)
    return emitError(loc) << "cannot compile: "
                          << llvm::toString(function.takeError());
  // It makes kernels known to the run-time library.
  if (options.device)
    (*engine)->initialize();
  return Kernel(std::move(lowered->signature), std::move(*engine), *function,
                options.device.has_value());
}

Kernel::Kernel(Signature signature, std::unique_ptr<ExecutionEngine> engine,
               void (*function)(void **), bool isForDevice)
    : signature(std::move(signature)), engine(std::move(engine)),
      function(function), isForDevice(isForDevice) {}
Kernel::Kernel(Kernel &&) = default;
Kernel &Kernel::operator=(Kernel &&) = default;
Kernel::~Kernel() = default;

// Compiled code lacks the description of its type that the sanitizer looks for
// in front of a function.
LLVM_NO_SANITIZE("function")
void Kernel::operator()(ArrayRef<void *> addresses, Workers *workers,
                        void *stream) const {
  assert(addresses.size() ==
             signature.arguments.size() + signature.results.size() &&
         "wrong number of addresses");
  // Each parameter is taken from where it is.
  SmallVector<void *, 32> parameters;
  for (void *const &address : addresses)
    parameters.push_back(static_cast<void *>(const_cast<void **>(&address)));
  if (isForDevice)
    parameters.push_back(static_cast<void *>(&stream));
  if (!workers)
    return function(parameters.data());
  WorkersScope scope(*workers);
  function(parameters.data());
}
