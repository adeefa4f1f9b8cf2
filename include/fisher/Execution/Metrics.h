//===- Metrics.h - Numbers of a training run as JSON ------------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_EXECUTION_METRICS_H
#define FISHER_EXECUTION_METRICS_H

#include "mlir/Support/LLVM.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mlir::fisher {

/// Numbers with their names, in order.
using NamedNumbers = std::vector<std::pair<std::string, double>>;

/// What a step measures of its beliefs, as `fisher-instrument` has it: a row
/// for each belief, and one for all of them together.
struct Measurements {
  ArrayRef<std::string> beliefs, columns;
  std::vector<double> values;

  /// The number in a column of the row of all beliefs, if there is such a
  /// column.
  std::optional<double> getOfAll(StringRef column) const;
};

/// Some elements of a belief, a row for each.
struct Trace {
  StringRef belief, family;
  ArrayRef<std::string> columns;
  std::vector<double> values;
};

/// Writes one JSON object on `os`: the step, the numbers, and what is measured
/// and traced, if anything is. JSON has no numbers that are not finite: these
/// become the strings "NaN", "Infinity" and "-Infinity".
void writeJson(uint64_t step, const NamedNumbers &numbers,
               const Measurements *measurements, ArrayRef<Trace> traces,
               raw_ostream &os);

/// A file of such objects, a line for each. Lines are written at once, so that
/// a run can be watched and leaves valid lines however it ends.
class MetricsFile {
public:
  /// Begins a file; "-" is the standard output.
  static llvm::Expected<MetricsFile> create(StringRef path);

  /// Goes on after the first `size` bytes of the file of a former run; what
  /// follows them is lost.
  static llvm::Expected<MetricsFile> resume(StringRef path, uint64_t size);

  MetricsFile(MetricsFile &&other);
  MetricsFile &operator=(MetricsFile &&) = delete;
  ~MetricsFile();

  /// Appends whole lines; reports what the operating system refuses, and
  /// leaves none of them then.
  llvm::Error write(StringRef lines);

  /// Bytes of the lines so far.
  uint64_t getSize() const { return size; }
  /// Waits until they are on the disk.
  llvm::Error sync();

private:
  MetricsFile(StringRef path, int file, uint64_t size);

  std::string path;
  /// The number by which the system calls the open file.
  int file;
  uint64_t size;
};

} // namespace mlir::fisher

#endif // FISHER_EXECUTION_METRICS_H
