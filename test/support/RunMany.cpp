//===- RunMany.cpp - Runs many modules in one process ---------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What fisher-run does once, for tests that run hundreds of small modules on a
// device: opening it takes longer than most of them. PoCL reads 9 MB of its
// functions for the first program of a process.
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
#include "llvm/Support/SourceMgr.h"

#include <iostream>

using namespace mlir;
using namespace mlir::fisher;

namespace cl = llvm::cl;

static cl::opt<std::string> deviceName("device", cl::Required,
                                       cl::desc("cuda, hip or opencl"));
static cl::list<std::string> plugins("load-dialect-plugin",
                                     cl::desc("A plugin of dialects"));

static LogicalResult run(const DialectRegistry &registry, const Device &device,
                         StringRef path, const OnceOptions &options) {
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.printOpOnDiagnostic(false);
  llvm::SourceMgr sources;
  SourceMgrDiagnosticHandler handler(sources, &context, llvm::errs());
  FailureOr<Program> program = loadProgram(path, /*entryName=*/"", &context);
  if (failed(program))
    return failure();
  FailureOr<CompiledFunction> function = CompiledFunction::compileForDevice(
      std::move(*program), device, /*donate=*/true);
  if (failed(function))
    return failure();
  return runOnce(*function, options, llvm::errs());
}

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
  Device device = exitOnError(Device::open(deviceName));

  std::string module;
  OnceOptions options;
  while (std::getline(std::cin, module) &&
         std::getline(std::cin, options.inputs) &&
         std::getline(std::cin, options.outputs))
    std::cout << (succeeded(run(registry, device, module, options)) ? "done"
                                                                    : "failed")
              << std::endl;
  return 0;
}
