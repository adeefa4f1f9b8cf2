//===- Npz.h - Reading and writing numpy archives ---------------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An .npz file is a zip archive of .npy members. What numpy itself writes is
// read: stored or deflated members, booleans, signed and unsigned integers,
// f16, f32 and f64, and bf16 as ml_dtypes lays it out (two bytes of kind V), in
// C and Fortran order and either byte order. Everything else is refused.
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_EXECUTION_NPZ_H
#define FISHER_EXECUTION_NPZ_H

#include "fisher/Execution/Array.h"

#include "llvm/Support/Error.h"

#include <string>
#include <utility>
#include <vector>

struct zip;

namespace mlir::fisher {

/// Arrays with their names, in order.
using NamedArrays = std::vector<std::pair<std::string, Array>>;

/// An archive that is open for reading. Members are read when asked for.
class NpzReader {
public:
  /// Fails where `path` cannot be opened or is not a zip archive.
  static llvm::Expected<NpzReader> open(llvm::StringRef path);

  llvm::StringRef getPath() const { return path; }
  bool contains(llvm::StringRef name) const;
  /// Names of the arrays in the order of the archive.
  std::vector<std::string> getNames() const;

  /// The array `name` in row-major order and the byte order of this machine.
  /// Errors name the file, the array and the offset in the array's member.
  llvm::Expected<Array> read(llvm::StringRef name) const;

private:
  struct Close {
    void operator()(zip *archive) const;
  };

  NpzReader(llvm::StringRef path, zip *archive)
      : path(path), archive(archive) {}

  std::string path;
  std::unique_ptr<zip, Close> archive;
};

/// Writes an archive as `numpy.savez` does, by `replaceFile`. The same arrays
/// give the same bytes.
llvm::Error writeNpz(llvm::StringRef path, const NamedArrays &arrays);

} // namespace mlir::fisher

#endif // FISHER_EXECUTION_NPZ_H
