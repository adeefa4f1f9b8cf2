//===- Engine.cpp - Code of this process ----------------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Engine.h"
#include "Compile.h"

#include "mlir/ExecutionEngine/OptUtils.h"
#include "llvm/ADT/SmallVectorExtras.h"

#include <cstdlib>
#include <dlfcn.h>

using namespace mlir;
using namespace mlir::fisher;

// A cf.assert that does not hold, and a buffer that cannot be had, call puts
// with a message, then abort. Here it is an error of what was given to the
// program, not of the program.

static int reportAssertion(const char *message) {
  llvm::errs() << "error: " << message << "\n";
  return 0;
}

[[noreturn]] static void exitAfterAssertion() {
  // Compiled code cannot be unwound, and nothing is open for writing.
  std::_Exit(1);
}

/// The file that the code at `address` was loaded from.
static std::string getLibrary(const void *address) {
  Dl_info info = {};
  return dladdr(address, &info) ? info.dli_fname : "";
}

llvm::Expected<std::unique_ptr<ExecutionEngine>>
fisher::createEngine(ModuleOp module, StringRef name,
                     std::unique_ptr<llvm::TargetMachine> machine,
                     ArrayRef<const void *> libraries,
                     ArrayRef<std::pair<StringRef, void *>> functions) {
  // Named, because a library that Python loads is not searched for symbols.
  auto paths = llvm::map_to_vector(libraries, getLibrary);
  auto pathRefs = llvm::map_to_vector(
      paths, [](const std::string &path) { return StringRef(path); });
  ExecutionEngineOptions options;
  auto optimize =
      makeOptimizingTransformer(/*optLevel=*/3, /*sizeLevel=*/0, machine.get());
  auto transform = [&](llvm::Module *llvmModule) {
    guardAllocations(*llvmModule);
    internalize(*llvmModule, ("_mlir_" + name).str());
    return optimize(llvmModule);
  };
  options.transformer = transform;
  options.jitCodeGenOptLevel = llvm::CodeGenOptLevel::Aggressive;
  options.enableGDBNotificationListener = false;
  options.enablePerfNotificationListener = false;
  options.sharedLibPaths = pathRefs;
  auto engine = ExecutionEngine::create(module, options, std::move(machine));
  if (engine)
    (*engine)->registerSymbols([&](llvm::orc::MangleAndInterner mangle) {
      llvm::orc::SymbolMap symbols;
      auto define = [&](StringRef name, auto *function) {
        symbols[mangle(name)] = {llvm::orc::ExecutorAddr::fromPtr(function),
                                 llvm::JITSymbolFlags::Exported};
      };
      define("puts", &reportAssertion);
      define("abort", &exitAfterAssertion);
      for (auto [functionName, function] : functions)
        define(functionName, function);
      return symbols;
    });
  return engine;
}
