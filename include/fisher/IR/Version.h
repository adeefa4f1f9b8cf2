//===- Version.h - The version of the dialect's files ----------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What is read is what any earlier version has written. Text keeps its old
// spellings readable; bytecode is upgraded after it was read.
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_IR_VERSION_H
#define FISHER_IR_VERSION_H

#include "mlir/Bytecode/BytecodeImplementation.h"
#include "mlir/IR/Operation.h"

namespace mlir::fisher {

class FisherDialect;

/// The version of the dialect's text and bytecode. It grows by one with each
/// release that writes what an older one cannot read.
struct Version : DialectVersion {
  static constexpr unsigned current = 1;

  explicit Version(unsigned number = current) : number(number) {}

  unsigned number;
};

/// Emits an error if `number` is no version that can be read.
LogicalResult verifyVersion(function_ref<InFlightDiagnostic()> emitError,
                            uint64_t number);

/// A change to what version `from` wrote that makes it version `from + 1`.
struct VersionUpgrade {
  unsigned from;
  LogicalResult (*apply)(Operation *root);
};

/// Applies to what version `written` wrote the upgrades from there on, which
/// are in the order of their versions.
LogicalResult applyUpgrades(Operation *root, unsigned written,
                            ArrayRef<VersionUpgrade> upgrades);

/// Lets the dialect's bytecode carry its version.
void addBytecodeInterface(FisherDialect &dialect);

} // namespace mlir::fisher

#endif // FISHER_IR_VERSION_H
