//===- ModuleGenerator.h - Modules made by a grammar ------------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_FUZZ_MODULEGENERATOR_H
#define FISHER_FUZZ_MODULEGENERATOR_H

#include "ByteSource.h"

#include <string>

namespace mlir::fisher::fuzz {

/// What kind of module is wanted.
struct ModuleWishes {
  /// Nothing in it is wrong on purpose.
  bool isValid = false;
  /// A function of tensors and numbers with operations on beliefs alone, whose
  /// results a reader of the text can compute by itself.
  bool isPlain = false;
};

/// The text of a module of the dialect. Every family, chart, element type,
/// operation, mark, reference, source and mode can be in it, on tensors of any
/// rank with sizes from zero, known or not, in several functions; a quarter of
/// the modules have mistakes.
///
/// Tensors of one shape have the same sizes where they are known at run time
/// only, which are `sizeAtRunTime`, unless there is a mistake.
std::string generateModule(ByteSource &source, ModuleWishes wishes = {});

constexpr int64_t sizeAtRunTime = 3;

/// What an input of fuzz-module says before its module: which passes and
/// options, and how far the module goes.
struct Choices {
  uint8_t passes;
  unsigned depth;
};

inline Choices takeChoices(ByteSource &source) {
  uint8_t passes = source.takeByte();
  unsigned depth = source.takeByte();
  return {passes, depth + 256 * (source.takeByte() % 4)};
}

/// The text of a policy for a step with the arguments `names`.
std::string generatePolicy(ByteSource &source);

} // namespace mlir::fisher::fuzz

#endif // FISHER_FUZZ_MODULEGENERATOR_H
