//===- InitFisher.cpp - Everything that the project registers -------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/InitFisher.h"

#include "fisher/Conversion/Passes.h"
#include "fisher/IR/Fisher.h"
#include "fisher/Pipelines/Pipelines.h"
#include "fisher/Transforms/Passes.h"

#include "llvm/Support/CommandLine.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

void mlir::fisher::registerAllDialects(DialectRegistry &registry) {
  registry.insert<FisherDialect>();
}

void mlir::fisher::registerAllPasses() {
  registerTransformsPasses();
  registerConversionPasses();
  registerFisherPipelines();
}

void mlir::fisher::addVersionPrinter() {
  llvm::cl::AddExtraVersionPrinter([](llvm::raw_ostream &os) {
    os << "Fisher version " << FISHER_VERSION << "\n";
  });
}
