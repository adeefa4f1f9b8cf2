//===- InitFisher.h - Everything that the project registers ---------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_INITFISHER_H
#define FISHER_INITFISHER_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace mlir::fisher {

/// Registers the dialect.
void registerAllDialects(DialectRegistry &registry);

/// Registers every pass and every pipeline by its name.
void registerAllPasses();

/// Makes `--version` tell the project's version beside LLVM's.
void addVersionPrinter();

} // namespace mlir::fisher

#endif // FISHER_INITFISHER_H
