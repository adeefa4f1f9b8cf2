//===- MarkIndex.h - Where marks are in functions' attributes ------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_IR_MARKINDEX_H
#define FISHER_IR_MARKINDEX_H

#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/ADT/DenseMap.h"

#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace mlir::fisher {

/// Finds marks in the attributes of functions' arguments or results in
/// constant time, on any thread.
///
/// A list of attributes is read through when it is first asked about. It never
/// changes and lives as long as its context; the dialect keeps what was found
/// in it as long.
class MarkIndex {
public:
  /// The place in the list of the first dictionary whose mark `mark` is
  /// `text`. A null list has none.
  std::optional<unsigned> find(ArrayAttr dictionaries, StringRef mark,
                               StringRef text);

private:
  /// For a mark and its text, the first place that has it.
  using Places = llvm::DenseMap<std::pair<StringRef, StringRef>, unsigned>;

  static std::unique_ptr<Places> read(ArrayAttr dictionaries);

  std::mutex mutex;
  llvm::DenseMap<ArrayAttr, std::unique_ptr<Places>> lists;
};

} // namespace mlir::fisher

#endif // FISHER_IR_MARKINDEX_H
