//===- Counts.cpp - How far inputs go -------------------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Counts.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdlib>
#include <map>
#include <string>

using namespace mlir::fisher::fuzz;
using llvm::StringRef;

namespace {
/// Appends its counts to the file when the process ends.
struct Counts {
  std::map<std::string, uint64_t> counts;

  ~Counts() { write(); }

  void write() const {
    const char *path = std::getenv("FISHER_FUZZ_COUNTS");
    if (!path)
      return;
    std::error_code error;
    llvm::raw_fd_ostream os(path, error, llvm::sys::fs::OF_Append);
    for (const auto &[name, count] : counts)
      os << count << "\t" << name << "\n";
  }
};
} // namespace

static Counts &getCounts() {
  static Counts counts;
  return counts;
}

void mlir::fisher::fuzz::countStage(StringRef stage) {
  ++getCounts().counts[stage.str()];
}

void mlir::fisher::fuzz::countError(StringRef stage, StringRef errors) {
  // The message without the place, and without what is in quotes.
  StringRef line = errors.split('\n').first;
  std::string key = stage.str() + ": ";
  bool isQuoted = false;
  for (char c : line) {
    if (c == '\'' || c == '"')
      isQuoted = !isQuoted;
    else if (!isQuoted && !llvm::isDigit(c))
      key += c;
  }
  constexpr size_t limit = 160;
  key.resize(std::min(key.size(), limit));
  ++getCounts().counts[key];
}
