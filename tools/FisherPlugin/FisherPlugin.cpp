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

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Tools/Plugins/DialectPlugin.h"
#include "mlir/Tools/Plugins/PassPlugin.h"
#include "llvm/Support/WithColor.h"

using namespace mlir;

static const char version[] = FISHER_VERSION;

/// The version of the plugin that was loaded first: a process has one variable
/// of this name, whatever copies of the plugin it loads. Their functions and
/// types are one then, too, so that only copies of one version could be mixed.
extern "C" {
LLVM_ATTRIBUTE_VISIBILITY_DEFAULT const char *fisherPluginVersion = version;
}

/// What this copy registered so far, which may be registered again.
static bool hasDialect = false, hasPasses = false;

/// Whether `what` must come from elsewhere, which is told.
static bool isLeftOut(bool isThere, const Twine &what) {
  bool isOther = fisherPluginVersion != version;
  if (!isOther && !isThere)
    return false;
  llvm::raw_ostream &os = llvm::WithColor::warning();
  os << "FisherPlugin " << version << ": its " << what << " are not loaded, ";
  if (isOther)
    os << "because another copy of it, version " << fisherPluginVersion
       << ", was loaded first\n";
  else
    os << "because this program has its own\n";
  return true;
}

static void addDialect(DialectRegistry *registry) {
  bool isThere = registry->getDialectAllocator("fisher") && !hasDialect;
  if (isLeftOut(isThere, "operations"))
    return;
  fisher::registerAllDialects(*registry);
  hasDialect = true;
}

static void addPasses() {
  if (isLeftOut(PassInfo::lookup("fisher-insert") && !hasPasses, "passes"))
    return;
  fisher::registerAllPasses();
  hasPasses = true;
}

extern "C" LLVM_ATTRIBUTE_WEAK DialectPluginLibraryInfo
mlirGetDialectPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "Fisher", version, addDialect};
}

extern "C" LLVM_ATTRIBUTE_WEAK PassPluginLibraryInfo mlirGetPassPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "Fisher", version, addPasses};
}
