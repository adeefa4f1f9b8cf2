//===- XlaHandler.cpp - Kernels as XLA calls them -------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A custom call carries the text of its kernel's module, so that a program that
// was saved, or found in XLA's cache, can be run in any process that has this
// library.
//
//===----------------------------------------------------------------------===//

#include "XlaHandler.h"
#include "Compiler.h"

#include "xla/ffi/api/ffi.h"

#include <mutex>
#include <shared_mutex>
#include <unordered_map>

namespace ffi = xla::ffi;
using namespace fisher::python;

/// The kernel of a module, which stays: XLA does not say when it is needed no
/// more. It outlives the process's end, too, as XLA's threads run on until
/// then.
static const Kernel &getKernel(std::string_view module) {
  static auto &mutex = *new std::shared_mutex;
  static auto &kernels =
      *new std::unordered_map<std::string_view, std::shared_ptr<const Kernel>>;
  static auto &texts = *new std::vector<std::unique_ptr<std::string>>;
  {
    std::shared_lock<std::shared_mutex> lock(mutex);
    if (auto it = kernels.find(module); it != kernels.end())
      return *it->second;
  }
  auto kernel = Kernel::get(module, /*device=*/"");
  std::unique_lock<std::shared_mutex> lock(mutex);
  texts.push_back(std::make_unique<std::string>(module));
  return *kernels.try_emplace(*texts.back(), std::move(kernel)).first->second;
}

static ffi::Error execute(ffi::ThreadPool pool, std::string_view module,
                          ffi::RemainingArgs arguments,
                          ffi::RemainingRets results) {
  const Kernel *kernel;
  try {
    kernel = &getKernel(module);
  } catch (const CompilerError &error) {
    return ffi::Error::Internal(error.what());
  }
  if (arguments.size() != kernel->getNumArguments() ||
      arguments.size() + results.size() != kernel->getNumAddresses())
    return ffi::Error::InvalidArgument(
        "the call does not have the operands of its kernel");
  std::vector<void *> addresses;
  addresses.reserve(kernel->getNumAddresses());
  for (size_t i = 0; i != arguments.size(); ++i)
    addresses.push_back(arguments.get<ffi::AnyBuffer>(i)->untyped_data());
  for (size_t i = 0; i != results.size(); ++i)
    addresses.push_back((*results.get<ffi::AnyBuffer>(i))->untyped_data());
  FisherWorkers workers = {};
  workers.numThreads = static_cast<unsigned>(pool.num_threads());
  workers.pool = &pool;
  workers.schedule = [](void *pool, void (*task)(void *), void *data) {
    static_cast<ffi::ThreadPool *>(pool)->Schedule([=] { task(data); });
  };
  kernel->call(addresses.data(), workers);
  return ffi::Error::Success();
}

XLA_FFI_DEFINE_HANDLER(handle, execute,
                       ffi::Ffi::Bind()
                           .Ctx<ffi::ThreadPool>()
                           .Attr<std::string_view>("module")
                           .RemainingArgs()
                           .RemainingRets());

void *fisher::python::getXlaHandler() {
  return reinterpret_cast<void *>(+handle);
}
