//===- FisherPlugin.cpp - Beliefs in stock mlir-opt -----------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// mlir-opt-22 --load-dialect-plugin=FisherPlugin.so
//             --load-pass-plugin=FisherPlugin.so
//
//===----------------------------------------------------------------------===//

#include "fisher/InitFisher.h"

#include "mlir/Tools/Plugins/DialectPlugin.h"
#include "mlir/Tools/Plugins/PassPlugin.h"

extern "C" LLVM_ATTRIBUTE_WEAK mlir::DialectPluginLibraryInfo
mlirGetDialectPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "Fisher", FISHER_VERSION,
          [](mlir::DialectRegistry *registry) {
            mlir::fisher::registerAllDialects(*registry);
          }};
}

extern "C" LLVM_ATTRIBUTE_WEAK mlir::PassPluginLibraryInfo
mlirGetPassPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "Fisher", FISHER_VERSION,
          [] { mlir::fisher::registerAllPasses(); }};
}
