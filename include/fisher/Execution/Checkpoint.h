//===- Checkpoint.h - What a training run goes on from ----------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_EXECUTION_CHECKPOINT_H
#define FISHER_EXECUTION_CHECKPOINT_H

#include "fisher/Execution/Npz.h"

#include <string>
#include <utility>
#include <vector>

namespace mlir::fisher {

/// What a run must have in common with one that it goes on from: a name for a
/// message, and a number that tells one from another.
using Fingerprint = std::vector<std::pair<std::string, uint64_t>>;

/// A number for the kind, the shape and the elements of an array.
uint64_t hashArray(const Array &array);
/// A number for numbers in their order.
uint64_t hashNumbers(llvm::ArrayRef<uint64_t> numbers);

/// An .npz file being filled: arguments by their names, and whatever else a run
/// depends on, by names that begin with "checkpoint/".
class CheckpointWriter {
public:
  explicit CheckpointWriter(const Fingerprint &fingerprint);

  void addArgument(llvm::StringRef name, const Array &value) {
    arrays.emplace_back(name.str(), value);
  }
  void add(llvm::StringRef name, const Array &value);
  void add(llvm::StringRef name, uint64_t number);
  void add(llvm::StringRef name, double number);
  void add(llvm::StringRef name, llvm::StringRef text);

  llvm::Error write(llvm::StringRef path) const {
    return writeNpz(path, arrays);
  }

private:
  NamedArrays arrays;
};

/// Such a file open for reading. Errors name it and what is wrong in it.
class CheckpointReader {
public:
  /// Fails where `path` is no checkpoint, one of a newer version, or one of a
  /// run with another fingerprint; the error tells in what they differ.
  static llvm::Expected<CheckpointReader> open(llvm::StringRef path,
                                               const Fingerprint &fingerprint);

  const NpzReader &getFile() const { return reader; }

  /// An array of this kind and shape.
  llvm::Expected<Array> getArray(llvm::StringRef name, ElementKind kind,
                                 llvm::ArrayRef<int64_t> shape) const;
  llvm::Expected<uint64_t> getNumber(llvm::StringRef name) const;
  llvm::Expected<double> getDouble(llvm::StringRef name) const;
  llvm::Expected<std::string> getText(llvm::StringRef name) const;

private:
  explicit CheckpointReader(NpzReader reader) : reader(std::move(reader)) {}

  llvm::Error compare(const Fingerprint &fingerprint) const;

  NpzReader reader;
};

} // namespace mlir::fisher

#endif // FISHER_EXECUTION_CHECKPOINT_H
