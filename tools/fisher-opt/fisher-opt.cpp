//===- fisher-opt.cpp - mlir-opt with beliefs -----------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/InitFisher.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::registerAllPasses();
  mlir::fisher::registerAllPasses();
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  mlir::fisher::registerAllDialects(registry);
  mlir::fisher::addVersionPrinter();
  return mlir::asMainReturnCode(mlir::MlirOptMain(
      argc, argv, "fisher-opt: MLIR's optimizer driver with beliefs\n",
      registry));
}
