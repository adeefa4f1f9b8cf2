//===- ModuleCheck.h - From text to compiled code, watched ------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_FUZZ_MODULECHECK_H
#define FISHER_FUZZ_MODULECHECK_H

#include "llvm/ADT/StringRef.h"

#include <cstdint>

namespace mlir::fisher::fuzz {

/// How far a module goes. Each stage takes about ten times as long as the one
/// before, so the fuzzers let few modules go to the end.
enum class Depth : uint8_t { Parse, Passes, Lower, Compile, Run };

/// What is done with the modules that get through the parser.
struct CheckOptions {
  Depth depth = Depth::Run;
  /// Which of several passes and options are used.
  uint8_t choice = 0;
  /// A policy file instead of the module's own policy; empty for none.
  llvm::StringRef policyPath;
};

/// Takes a module through the parser, the verifier, the printer and back, the
/// passes, the conversions, the pipeline and the compiled code. What a hostile
/// user may see are errors that say where; whatever else happens ends the
/// process:
///
/// - a failure without an error, or an error without a location;
/// - a module that does not verify after a pass that succeeded;
/// - text or bytecode that does not come back as it was;
/// - memory beside a result that compiled code writes to;
/// - what the sanitizers find.
void checkModule(llvm::StringRef text, const CheckOptions &options);

} // namespace mlir::fisher::fuzz

#endif // FISHER_FUZZ_MODULECHECK_H
