//===- LinearForm.h - Expressions as sums of multiples --------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_RECOGNITION_LINEARFORM_H
#define FISHER_LIB_RECOGNITION_LINEARFORM_H

#include "fisher/Recognition/Algebra.h"

namespace mlir::fisher::recognition {

/// Questions about how often an expression contains another one.
class LinearForms {
public:
  explicit LinearForms(Algebra &algebra) : algebra(algebra) {}

  /// The sum of what multiplies `part`, a product of atoms, in `a`, where this
  /// is a plain scalar: numbers and tensors of one element, not what is
  /// computed from a whole tensor.
  Expr getCoefficient(Expr a, Expr part);
  /// The sum of what multiplies `part` in `a`, whatever it is.
  Expr getCofactor(Expr a, Expr part);
  /// a - b, without what is left of rounding.
  Expr subtract(Expr a, Expr b);
  bool areEqual(Expr a, Expr b) { return subtract(a, b)->terms.empty(); }
  /// The scalar that b must be multiplied by to become a, if there is one.
  Expr getRatio(Expr a, Expr b);
  /// a / b for a scalar b, if nothing of b is left in it.
  Expr divide(Expr a, Expr b);

private:
  Algebra &algebra;
};

/// Whether a scalar is made of numbers and tensors of one element only.
bool isPlainScalar(Expr a);

} // namespace mlir::fisher::recognition

#endif // FISHER_LIB_RECOGNITION_LINEARFORM_H
