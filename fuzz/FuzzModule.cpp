//===- FuzzModule.cpp - Fuzzes modules of the grammar ---------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ModuleCheck.h"
#include "ModuleGenerator.h"

using namespace mlir::fisher::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  ByteSource source(llvm::ArrayRef(data, size));
  CheckOptions options;
  auto [passes, depth] = takeChoices(source);
  options.choice = passes;
  options.depth = depth < 704    ? Depth::Parse
                  : depth < 992  ? Depth::Passes
                  : depth < 1020 ? Depth::Lower
                  : depth < 1022 ? Depth::Compile
                                 : Depth::Run;
  checkModule(generateModule(source), options);
  return 0;
}
