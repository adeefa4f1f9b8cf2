//===- ParseModule.cpp - Modules from text or bytecode --------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/IR/ParseModule.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"

using namespace mlir;

OwningOpRef<ModuleOp> fisher::parseModule(const llvm::SourceMgr &sources,
                                          const ParserConfig &config) {
  bool hasError = false;
  ScopedDiagnosticHandler handler(
      config.getContext(), [&](Diagnostic &diagnostic) {
        hasError |= diagnostic.getSeverity() == DiagnosticSeverity::Error;
        return failure(); // Others show it.
      });
  auto module = parseSourceFile<ModuleOp>(sources, config);
  return hasError ? nullptr : std::move(module);
}
