//===- Terms.h - What parts of the algebra share ----------------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_RECOGNITION_TERMS_H
#define FISHER_LIB_RECOGNITION_TERMS_H

#include "fisher/Recognition/Algebra.h"

namespace mlir::fisher::recognition {

/// Products of sums are multiplied out up to this many terms.
inline constexpr size_t maxProducts = 64;

/// Whether an atom is positive wherever what it is of is defined.
bool isPositive(const Atom *atom);

/// What is the same for expressions that differ in indices only.
size_t getSkeleton(Expr a);

/// The term with the largest coefficient. Among several it is always the same
/// one, whatever their indices are.
const Term *getLeading(Expr a);

} // namespace mlir::fisher::recognition

#endif // FISHER_LIB_RECOGNITION_TERMS_H
