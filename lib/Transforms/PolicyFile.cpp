//===- PolicyFile.cpp - Which policy, and which step ----------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PolicyFile.h"

#include "fisher/IR/ParseModule.h"

#include "mlir/Parser/Parser.h"
#include "mlir/Support/FileUtilities.h"
#include "llvm/Support/SourceMgr.h"

using namespace mlir;
using namespace mlir::fisher;

LogicalResult PolicyFile::read(StringRef path, MLIRContext *context) {
  if (path.empty())
    return success();
  std::string message;
  auto buffer = openInputFile(path, &message);
  if (!buffer)
    return emitError(UnknownLoc::get(context)) << "policy-file: " << message;
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(std::move(buffer), SMLoc());
  module = std::make_shared<OwningOpRef<ModuleOp>>(
      parseModule(sources, ParserConfig(context)));
  return success(static_cast<bool>(*module));
}

PolicyOp mlir::fisher::findPolicy(ModuleOp holder, StringRef policy) {
  auto policies = llvm::to_vector(holder.getOps<PolicyOp>());
  if (!policy.empty()) {
    for (PolicyOp candidate : policies)
      if (candidate.getSymName() == policy)
        return candidate;
    emitError(holder.getLoc()) << "the module has no policy '@" << policy
                               << "', which the option policy names";
    return nullptr;
  }
  if (policies.size() == 1)
    return policies.front();
  if (policies.empty())
    emitError(holder.getLoc())
        << "the module has no policy; write a 'fisher.policy' into the module, "
           "or name a file that has one with the option policy-file";
  else
    emitError(policies[1].getLoc())
        << "is one of " << policies.size()
        << " policies; choose one with the option policy";
  return nullptr;
}

FunctionOpInterface mlir::fisher::findStep(ModuleOp module, StringRef entry,
                                           StringRef purpose) {
  StringRef name = entry.empty() ? "main" : entry;
  SmallVector<FunctionOpInterface> candidates;
  for (FunctionOpInterface function : module.getOps<FunctionOpInterface>()) {
    if (function.getName() == name) {
      if (!function.isExternal())
        return function;
      emitError(function.getLoc())
          << "is declared without a body, so nothing can be inserted into it; "
             "name another function with the option entry";
      return nullptr;
    }
    if (!function.isExternal() && !function.isPrivate())
      candidates.push_back(function);
  }
  if (entry.empty() && candidates.size() == 1)
    return candidates.front();
  InFlightDiagnostic diag = emitError(module.getLoc());
  if (entry.empty())
    diag << "has no function 'main' to " << purpose
         << "; name one with the option entry";
  else
    diag << "has no function '" << name << "', which the option entry names";
  for (FunctionOpInterface candidate : candidates)
    diag.attachNote(candidate.getLoc())
        << "'" << candidate.getName() << "' is one that could be named";
  return nullptr;
}
