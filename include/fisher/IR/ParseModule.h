//===- ParseModule.h - Modules from text or bytecode ------------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_IR_PARSEMODULE_H
#define FISHER_IR_PARSEMODULE_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace llvm {
class SourceMgr;
} // namespace llvm

namespace mlir {
class ParserConfig;
} // namespace mlir

namespace mlir::fisher {

/// The module of the main buffer; null after an error. MLIR 22's parser goes on
/// behind some errors of its lexer, such as a string without an end that
/// follows a dialect's type, and gives what it read before.
OwningOpRef<ModuleOp> parseModule(const llvm::SourceMgr &sources,
                                  const ParserConfig &config);

} // namespace mlir::fisher

#endif // FISHER_IR_PARSEMODULE_H
