//===- Counts.h - How far inputs go -----------------------------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_FUZZ_COUNTS_H
#define FISHER_FUZZ_COUNTS_H

#include "llvm/ADT/StringRef.h"

namespace mlir::fisher::fuzz {

/// Counts an input that got to a stage, or one that was refused with an error.
/// Where the environment names a file in FISHER_FUZZ_COUNTS, counts are added
/// up there when the process ends, a line each.
void countStage(llvm::StringRef stage);
void countError(llvm::StringRef stage, llvm::StringRef errors);

} // namespace mlir::fisher::fuzz

#endif // FISHER_FUZZ_COUNTS_H
