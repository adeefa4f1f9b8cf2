//===- Compare.cpp - Differences between arrays ---------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Execution/Compare.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace mlir::fisher;

Difference fisher::compare(const Array &actual, const Array &expected) {
  assert(actual.getShape() == expected.getShape() && "shapes differ");
  Difference difference;
  for (int64_t i = 0, e = actual.getNumElements(); i < e; ++i) {
    double a = actual.get(i), b = expected.get(i);
    if (std::isfinite(b))
      difference.scale = std::max(difference.scale, std::abs(b));
    if (a == b)
      continue;
    double distance = std::abs(a - b);
    if (std::isnan(distance))
      distance = std::numeric_limits<double>::infinity();
    difference.largest = std::max(difference.largest, distance);
  }
  return difference;
}
