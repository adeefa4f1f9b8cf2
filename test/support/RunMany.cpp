//===- RunMany.cpp - Runs many modules in one process ---------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What fisher-run does once, for tests that run hundreds of small modules:
// starting a process, opening a device and compiling take longer than running.
// PoCL reads 9 MB of its functions for the first program of a process. The last
// modules stay compiled, since tests run one on several arrays.
//
// Each three lines of the standard input are the paths of a module, of its
// inputs and of its outputs; a line of the standard output tells whether that
// was done. The runtime ends the process where a call of the driver fails.
//
//===----------------------------------------------------------------------===//

#include "fisher/Execution/Once.h"
#include "fisher/InitFisher.h"

#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"
#include "mlir/Tools/Plugins/DialectPlugin.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"

#include <iostream>
#include <list>
#include <optional>

using namespace mlir;
using namespace mlir::fisher;

namespace cl = llvm::cl;

static cl::opt<std::string> deviceName("device", cl::init("cpu"),
                                       cl::desc("cpu, cuda, hip or opencl"));
static cl::opt<bool> parallel("parallel", cl::init(true),
                              cl::desc("Use OpenMP threads on a CPU"));
static cl::list<std::string> plugins("load-dialect-plugin",
                                     cl::desc("A plugin of dialects"));

namespace {
/// The functions that were run last, by their modules' text.
class Cache {
public:
  Cache(MLIRContext &context, const Device *device)
      : context(context), device(device) {}

  /// Null, after a diagnostic, for a module that is not compiled.
  const CompiledFunction *get(StringRef path) {
    auto buffer = llvm::MemoryBuffer::getFile(path);
    std::string text = buffer ? (*buffer)->getBuffer().str() : std::string();
    auto it = llvm::find_if(
        entries, [&](const Entry &entry) { return entry.text == text; });
    if (it != entries.end()) {
      entries.splice(entries.end(), entries, it);
      return &entries.back().function;
    }
    FailureOr<CompiledFunction> function = compile(path);
    if (failed(function))
      return nullptr;
    if (entries.size() == limit)
      entries.pop_front();
    entries.push_back({std::move(text), std::move(*function)});
    return &entries.back().function;
  }

private:
  FailureOr<CompiledFunction> compile(StringRef path) {
    FailureOr<Program> program = loadProgram(path, /*entryName=*/"", &context);
    if (failed(program) ||
        failed(insertPolicy(*program, /*policyPath=*/"", /*stepSize=*/0,
                            /*returnPenalty=*/false, /*keepPolicy=*/false)))
      return failure();
    if (device)
      return CompiledFunction::compileForDevice(std::move(*program), *device,
                                                /*donate=*/true);
    CPUPipelineOptions options;
    options.donate = true;
    options.threads = parallel;
    return CompiledFunction::compile(std::move(*program), options);
  }

  static constexpr size_t limit = 200;

  struct Entry {
    std::string text;
    CompiledFunction function;
  };

  MLIRContext &context;
  const Device *device;
  /// The last one was used last.
  std::list<Entry> entries;
};
} // namespace

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  cl::ParseCommandLineOptions(argc, argv);
  llvm::ExitOnError exitOnError("error: ");
  DialectRegistry registry;
  mlir::registerAllDialects(registry);
  registerAllExtensions(registry);
  registerAllToLLVMIRTranslations(registry);
  fisher::registerAllDialects(registry);
  for (const std::string &path : plugins)
    exitOnError(DialectPlugin::load(path))
        .registerDialectRegistryCallbacks(registry);
  std::optional<Device> device;
  if (deviceName != "cpu")
    device = exitOnError(Device::open(deviceName));

  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.allowUnregisteredDialects();
  context.printOpOnDiagnostic(false);
  llvm::SourceMgr sources;
  SourceMgrDiagnosticHandler handler(sources, &context, llvm::errs());
  Cache cache(context, device ? &*device : nullptr);
  std::string module;
  OnceOptions options;
  while (std::getline(std::cin, module) &&
         std::getline(std::cin, options.inputs) &&
         std::getline(std::cin, options.outputs)) {
    const CompiledFunction *function = cache.get(module);
    bool isDone =
        function && succeeded(runOnce(*function, options, llvm::errs()));
    std::cout << (isDone ? "done" : "failed") << std::endl;
  }
  return 0;
}
