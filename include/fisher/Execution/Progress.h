//===- Progress.h - A progress bar ------------------------------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_EXECUTION_PROGRESS_H
#define FISHER_EXECUTION_PROGRESS_H

#include "fisher/Execution/Metrics.h"

#include <chrono>

namespace mlir::fisher {

/// A line on stderr that shows how far a run is, where that is a terminal.
class ProgressBar {
public:
  explicit ProgressBar(uint64_t total);
  ~ProgressBar() { clear(); }
  ProgressBar(const ProgressBar &) = delete;
  ProgressBar &operator=(const ProgressBar &) = delete;

  /// Shows `step` with the numbers and the rate, a few times a second.
  void update(uint64_t step, const NamedNumbers &numbers);
  /// Removes the line, so that something else can be printed.
  void clear();

private:
  using Clock = std::chrono::steady_clock;

  uint64_t total;
  bool isTerminal;
  bool isShown = false;
  Clock::time_point start, shown;
};

/// The line without control characters, for a rate in steps a second.
std::string formatProgress(uint64_t step, uint64_t total, double rate,
                           const NamedNumbers &numbers);

} // namespace mlir::fisher

#endif // FISHER_EXECUTION_PROGRESS_H
