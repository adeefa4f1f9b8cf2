//===- Evaluation.h - What approximations of functions share --------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_MATH_EVALUATION_H
#define FISHER_MATH_EVALUATION_H

#include "fisher/Math/Scalar.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLExtras.h"

namespace mlir::fisher {

/// The number of the pair that belongs to the type of `x`.
inline double choose(Scalar x, double single, double twice) {
  return x.isDouble() ? twice : single;
}

/// Bounds that let NaN pass.
inline Scalar clampBelow(Scalar x, double low) {
  return select(x < low, low, x);
}
inline Scalar clampBelow(Scalar x, Scalar low) {
  return select(x < low, low, x);
}
inline Scalar clampAbove(Scalar x, double high) {
  return select(x > high, high, x);
}

/// The polynomial with these coefficients, from the constant one up.
inline Scalar polynomial(Scalar x, ArrayRef<double> coefficients) {
  Scalar sum = x.constant(coefficients.back());
  for (double coefficient : llvm::reverse(coefficients.drop_back()))
    sum = multiplyAdd(sum, x, x.constant(coefficient));
  return sum;
}

/// The same by Estrin's scheme: a few more multiplications, but a chain of
/// operations as long as the logarithm of their number.
inline Scalar balancedPolynomial(Scalar x, ArrayRef<double> coefficients) {
  SmallVector<Scalar> terms;
  for (double coefficient : coefficients)
    terms.push_back(x.constant(coefficient));
  for (Scalar power = x; terms.size() > 1; power = power * power) {
    SmallVector<Scalar> pairs;
    for (size_t i = 0; i + 1 < terms.size(); i += 2)
      pairs.push_back(multiplyAdd(terms[i + 1], power, terms[i]));
    if (terms.size() % 2)
      pairs.push_back(terms.back());
    terms = std::move(pairs);
  }
  return terms.front();
}

} // namespace mlir::fisher

#endif // FISHER_MATH_EVALUATION_H
