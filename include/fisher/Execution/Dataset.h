//===- Dataset.h - Rows of named arrays -------------------------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_EXECUTION_DATASET_H
#define FISHER_EXECUTION_DATASET_H

#include "fisher/Execution/Npz.h"
#include "fisher/Execution/StepFunction.h"

#include "llvm/ADT/StringMap.h"

namespace mlir::fisher {

/// A half-open range of rows as text such as "0:1437", "-360:" or ":100",
/// where negative numbers count from the end, as in Python.
struct RowRange {
  std::optional<int64_t> begin, end;

  /// Parses `text`; an error says what was expected.
  static llvm::Expected<RowRange> parse(StringRef text);
  /// The rows of the range that exist among `numRows`.
  SmallVector<int64_t> resolve(int64_t numRows) const;
};

/// Arrays of an archive whose first dimension numbers the same examples.
class Dataset {
public:
  static llvm::Expected<Dataset> open(StringRef path);

  StringRef getPath() const { return reader.getPath(); }
  /// The rows that every loaded array has, or nothing before one was loaded.
  std::optional<int64_t> getNumRows() const { return numRows; }

  /// Loads the array of this name, unless that was done before. It needs a
  /// first dimension of as many rows as the others have.
  llvm::Expected<const Array *> load(StringRef name);

  /// Loads the array for a batch argument, whose rows must be like its own.
  LogicalResult load(const Port &argument);

  /// The loaded array `name`.
  const Array &get(StringRef name) const { return arrays.find(name)->second; }

  /// Copies rows of the loaded array `name` to `batch`.
  void gather(StringRef name, ArrayRef<int64_t> rows, Array &batch) const;

private:
  explicit Dataset(NpzReader reader) : reader(std::move(reader)) {}

  NpzReader reader;
  llvm::StringMap<Array> arrays;
  std::optional<int64_t> numRows;
};

} // namespace mlir::fisher

#endif // FISHER_EXECUTION_DATASET_H
