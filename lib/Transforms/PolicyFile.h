//===- PolicyFile.h - Which policy, and which step ------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_TRANSFORMS_POLICYFILE_H
#define FISHER_LIB_TRANSFORMS_POLICYFILE_H

#include "fisher/IR/Fisher.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

#include <memory>

namespace mlir::fisher {

/// What the file holds that the option `policy-file` of a pass names, if any.
class PolicyFile {
public:
  /// Reads the file, which may load dialects: once, before passes run in
  /// parallel.
  LogicalResult read(StringRef path, MLIRContext *context);

  explicit operator bool() const { return static_cast<bool>(module); }
  ModuleOp get() const { return module->get(); }

private:
  /// Clones of the pass share it.
  std::shared_ptr<OwningOpRef<ModuleOp>> module;
};

/// The policy of that name, or the only one there is; an error and null if
/// there is no such one.
PolicyOp findPolicy(ModuleOp holder, StringRef policy);

/// The function of that name; without a name `main`, or the only function with
/// a body that is not private. An error and null if there is none, which says
/// that there is nothing to `purpose`.
FunctionOpInterface findStep(ModuleOp module, StringRef entry,
                             StringRef purpose);

} // namespace mlir::fisher

#endif // FISHER_LIB_TRANSFORMS_POLICYFILE_H
