//===- ParallelRegion.h - What compiled code calls to share a loop --*- C++
//-*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_EXECUTION_PARALLELREGION_H
#define FISHER_LIB_EXECUTION_PARALLELREGION_H

#include "fisher/Execution/Workers.h"

#include "llvm/ADT/StringRef.h"

#include <utility>
#include <vector>

namespace mlir::fisher {

/// While this is there, the parallel regions that this thread enters are shared
/// with `workers`.
class WorkersScope {
public:
  explicit WorkersScope(Workers &workers);
  WorkersScope(const WorkersScope &) = delete;
  WorkersScope &operator=(const WorkersScope &) = delete;
  ~WorkersScope();

private:
  Workers *previous;
};

/// The functions of LLVM's OpenMP runtime that code of `fisher-cpu-pipeline`
/// calls, by name. They have what that code needs of it: a region is one loop
/// whose iterations are divided evenly.
std::vector<std::pair<llvm::StringRef, void *>> getParallelFunctions();

} // namespace mlir::fisher

#endif // FISHER_LIB_EXECUTION_PARALLELREGION_H
