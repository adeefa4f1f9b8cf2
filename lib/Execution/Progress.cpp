//===- Progress.cpp - A progress bar --------------------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Execution/Progress.h"
#include "fisher/Math/DecimalText.h"

#include "llvm/Support/Process.h"

using namespace mlir;
using namespace mlir::fisher;

ProgressBar::ProgressBar(uint64_t total)
    : total(total), isTerminal(llvm::sys::Process::StandardErrIsDisplayed()),
      start(Clock::now()) {}

std::string fisher::formatProgress(uint64_t step, uint64_t total, double rate,
                                   const NamedNumbers &numbers) {
  constexpr uint64_t width = 24;
  uint64_t filled = total ? step * width / total : width;
  std::string text;
  llvm::raw_string_ostream os(text);
  os << '[' << std::string(filled, '=') << std::string(width - filled, ' ')
     << "] " << step << '/' << total;
  for (const auto &[name, number] : numbers)
    os << "  " << name << ' ' << toDecimal(number, 4);
  os << "  " << toDecimal(rate, 0, std::chars_format::fixed) << " steps/s";
  return text;
}

void ProgressBar::update(uint64_t step, const NamedNumbers &numbers) {
  if (!isTerminal)
    return;
  Clock::time_point now = Clock::now();
  if (now - shown < std::chrono::milliseconds(100))
    return;
  double seconds = std::chrono::duration<double>(now - start).count();
  double rate = seconds > 0 ? step / seconds : 0;
  clear();
  llvm::errs() << formatProgress(step, total, rate, numbers);
  isShown = true;
  shown = now;
}

void ProgressBar::clear() {
  // Back to the first column, and erase to the end of the line.
  if (isShown)
    llvm::errs() << "\r\x1b[K";
  isShown = false;
}
