//===- Glob.h - Patterns of names that capture what they match ----------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_IR_GLOB_H
#define FISHER_IR_GLOB_H

#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Regex.h"

#include <optional>
#include <string>

namespace mlir::fisher {

/// A pattern of names: `*` stands for any text, `?` for any character,
/// parentheses capture, a backslash takes the next character as it is. In a
/// pattern without parentheses every `*` and `?` captures.
class Glob {
public:
  /// Emits an error and fails if the pattern is empty, its parentheses do not
  /// pair up, or it ends in a backslash.
  static FailureOr<Glob> parse(StringRef pattern,
                               function_ref<InFlightDiagnostic()> emitError);

  /// What the groups captured if the whole name matches, in the order of
  /// their opening parentheses.
  std::optional<SmallVector<std::string>> match(StringRef name) const;

  /// Whether the pattern has groups, so that it can match more than one name.
  bool isCapturing() const { return regex.getNumMatches() != 0; }

  /// The text that every name that matches starts with.
  StringRef getPrefix() const { return prefix; }

private:
  Glob(StringRef regex, std::string prefix)
      : regex(regex), prefix(std::move(prefix)) {}
  llvm::Regex regex;
  std::string prefix;
};

} // namespace mlir::fisher

#endif // FISHER_IR_GLOB_H
