//===- Glob.cpp - Patterns of names ---------------------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/IR/Glob.h"

#include "llvm/ADT/SmallVectorExtras.h"

using namespace mlir;
using namespace mlir::fisher;

/// Whether the pattern has a parenthesis that is not taken as it is.
static bool hasGroup(StringRef pattern) {
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '(')
      return true;
    if (pattern[i] == '\\')
      ++i;
  }
  return false;
}

/// One character in UTF-8: a byte and those that continue it.
static constexpr char anyCharacter[] = "[^\x80-\xBF][\x80-\xBF]*";

FailureOr<Glob> Glob::parse(StringRef pattern,
                            function_ref<InFlightDiagnostic()> emitError) {
  if (pattern.empty())
    return emitError() << "a glob must not be empty";
  std::string regex = "^", prefix;
  bool isPrefix = true;
  int depth = 0;
  bool anyGroup = hasGroup(pattern);
  for (size_t i = 0; i != pattern.size(); ++i) {
    char c = pattern[i];
    switch (c) {
    case '*':
      isPrefix = false;
      regex += anyGroup ? ".*" : "(.*)";
      continue;
    case '?':
      isPrefix = false;
      regex += anyGroup ? Twine(anyCharacter).str()
                        : (Twine("(") + anyCharacter + ")").str();
      continue;
    case '(':
      ++depth;
      regex += c;
      continue;
    case ')':
      if (--depth < 0)
        return emitError() << "glob '" << pattern
                           << "' closes a parenthesis that it has not opened; "
                              "write '\\)' for the character";
      regex += c;
      continue;
    case '\\':
      if (++i == pattern.size())
        return emitError() << "glob '" << pattern
                           << "' ends in a backslash; write '\\\\' for the "
                              "character";
      c = pattern[i];
      break;
    default:
      break;
    }
    regex += llvm::Regex::escape(StringRef(&c, 1));
    if (isPrefix)
      prefix += c;
  }
  if (depth != 0)
    return emitError() << "glob '" << pattern
                       << "' opens a parenthesis that it does not close; write "
                          "'\\(' for the character";
  return Glob(regex + '$', std::move(prefix));
}

std::optional<SmallVector<std::string>> Glob::match(StringRef name) const {
  SmallVector<StringRef> matches;
  if (!regex.match(name, &matches))
    return std::nullopt;
  return llvm::map_to_vector(ArrayRef(matches).drop_front(),
                             [](StringRef text) { return text.str(); });
}
