//===- Compare.h - Differences between arrays -------------------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_EXECUTION_COMPARE_H
#define FISHER_EXECUTION_COMPARE_H

#include "fisher/Execution/Array.h"

namespace mlir::fisher {

/// How far an array is from what was expected of it.
struct Difference {
  /// The largest |actual - expected|; infinite where either is not a number,
  /// or where one is infinite and the other not the same.
  double largest = 0;
  /// The largest finite |expected|.
  double scale = 0;

  /// The relative difference, or the absolute one where all that was expected
  /// is zero.
  double get() const { return scale == 0 ? largest : largest / scale; }
};

/// Compares arrays of the same shape, whose kinds may differ.
Difference compare(const Array &actual, const Array &expected);

} // namespace mlir::fisher

#endif // FISHER_EXECUTION_COMPARE_H
