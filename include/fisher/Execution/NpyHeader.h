//===- NpyHeader.h - Headers of .npy files ----------------------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_EXECUTION_NPYHEADER_H
#define FISHER_EXECUTION_NPYHEADER_H

#include "fisher/Execution/Array.h"

#include "llvm/Support/Error.h"

namespace mlir::fisher {

/// What the header of an .npy file says about the elements that follow it.
struct NpyHeader {
  ElementKind kind = ElementKind::Float32;
  llvm::SmallVector<int64_t, 4> shape;
  bool fortranOrder = false;
  bool littleEndian = true;
  /// Offset of the first element in the file.
  size_t dataOffset = 0;
};

/// Parses the header at the start of `bytes`. Errors tell the offset.
llvm::Expected<NpyHeader> parseNpyHeader(llvm::StringRef bytes);

/// The header, padded as numpy pads it, of a row-major array in the byte order
/// of this machine.
std::string formatNpyHeader(const Array &array);

} // namespace mlir::fisher

#endif // FISHER_EXECUTION_NPYHEADER_H
