//===- Version.cpp - The version of the dialect's files -------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/IR/Version.h"
#include "fisher/IR/Fisher.h"

using namespace mlir;
using namespace mlir::fisher;

/// Version 1 is the first; each change of what is written adds a line here.
static constexpr ArrayRef<VersionUpgrade> knownUpgrades;

LogicalResult
mlir::fisher::verifyVersion(function_ref<InFlightDiagnostic()> emitError,
                            uint64_t number) {
  if (number == 0)
    return emitError() << "versions of the fisher dialect count from 1, got 0";
  if (number > Version::current)
    return emitError() << "this was written by version " << number
                       << " of the fisher dialect, and what reads it knows "
                          "versions up to "
                       << Version::current
                       << "; read it with a newer release of Fisher";
  return success();
}

LogicalResult mlir::fisher::applyUpgrades(Operation *root, unsigned written,
                                          ArrayRef<VersionUpgrade> upgrades) {
  for (const VersionUpgrade &upgrade : upgrades)
    if (upgrade.from >= written && failed(upgrade.apply(root)))
      return failure();
  return success();
}

LogicalResult VersionAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                  uint64_t number) {
  return verifyVersion(emitError, number);
}

namespace {

/// Attributes and types are written as text, which keeps what is read of one
/// kind; operations have the properties that ODS writes.
struct FisherBytecodeInterface : BytecodeDialectInterface {
  explicit FisherBytecodeInterface(Dialect *dialect)
      : BytecodeDialectInterface(dialect) {}

  void writeVersion(DialectBytecodeWriter &writer) const override {
    auto version = writer.getDialectVersion<FisherDialect>();
    writer.writeVarInt(succeeded(version)
                           ? static_cast<const Version *>(*version)->number
                           : Version::current);
  }

  std::unique_ptr<DialectVersion>
  readVersion(DialectBytecodeReader &reader) const override {
    uint64_t number;
    if (failed(reader.readVarInt(number)) ||
        failed(verifyVersion([&] { return reader.emitError(); }, number)))
      return nullptr;
    return std::make_unique<Version>(number);
  }

  LogicalResult
  upgradeFromVersion(Operation *root,
                     const DialectVersion &version) const override {
    return applyUpgrades(root, static_cast<const Version &>(version).number,
                         knownUpgrades);
  }
};

} // namespace

void mlir::fisher::addBytecodeInterface(FisherDialect &dialect) {
  dialect.addInterfaces<FisherBytecodeInterface>();
}
