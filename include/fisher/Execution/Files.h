//===- Files.h - Files that are whole or not there --------------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_EXECUTION_FILES_H
#define FISHER_EXECUTION_FILES_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <string>

namespace mlir::fisher {

/// Finds out, before anything is computed, whether `replaceFile` could put a
/// file at `path`.
llvm::Error checkReplaceable(llvm::StringRef path);

/// A path in the folder of `path` that no other file has.
std::string getTemporaryPath(llvm::StringRef path);

/// Calls `write` with the path of a file to make in the folder of `path`. Once
/// that is on the disk it takes the place of `path`, so that there is the old
/// file or the new one whenever the process or the machine stops. Where
/// anything fails the old one stays, and the error names `path`.
llvm::Error replaceFile(llvm::StringRef path,
                        llvm::function_ref<llvm::Error(llvm::StringRef)> write);

/// Replaces the file at `path` by one of these bytes.
llvm::Error replaceFile(llvm::StringRef path, llvm::StringRef contents);

} // namespace mlir::fisher

#endif // FISHER_EXECUTION_FILES_H
