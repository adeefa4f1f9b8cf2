//===- Workers.h - Threads of whoever calls a kernel ------------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_EXECUTION_WORKERS_H
#define FISHER_EXECUTION_WORKERS_H

#include <functional>

namespace mlir::fisher {

/// Threads that a kernel shares its loops with. A program that has a pool of
/// them, as XLA has, lends it; two pools would be in each other's way.
class Workers {
public:
  virtual ~Workers() = default;
  /// How many threads there are, the caller's included.
  virtual unsigned getNumThreads() const = 0;
  /// Calls `task` on this thread, and on the others when they are free: at the
  /// same time, later, or after this has returned.
  virtual void run(const std::function<void()> &task) = 0;

  /// Threads of this process, as many as it may run on, or as the environment
  /// variable OMP_NUM_THREADS says.
  static Workers &getDefault();
};

} // namespace mlir::fisher

#endif // FISHER_EXECUTION_WORKERS_H
