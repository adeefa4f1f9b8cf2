//===- Engine.h - Code of this process ------------------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_EXECUTION_ENGINE_H
#define FISHER_LIB_EXECUTION_ENGINE_H

#include "mlir/ExecutionEngine/ExecutionEngine.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Target/TargetMachine.h"

namespace mlir::fisher {

/// Makes code of a module in the LLVM dialect, whose function `name` only can
/// be called. It calls `functions` by their names, and what the libraries that
/// have the addresses `libraries` export, wherever they were loaded from.
llvm::Expected<std::unique_ptr<ExecutionEngine>>
createEngine(ModuleOp module, StringRef name,
             std::unique_ptr<llvm::TargetMachine> machine,
             ArrayRef<const void *> libraries,
             ArrayRef<std::pair<StringRef, void *>> functions = {});

} // namespace mlir::fisher

#endif // FISHER_LIB_EXECUTION_ENGINE_H
