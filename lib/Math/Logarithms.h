//===- Logarithms.h - Parts of logarithms -----------------------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_MATH_LOGARITHMS_H
#define FISHER_LIB_MATH_LOGARITHMS_H

#include "fisher/Math/Bits.h"

namespace mlir::fisher::elementary {

/// u = 2^n·m with √½ ≤ m < √2.
struct Decomposition {
  Scalar n, m;
  /// 2^n as a bit pattern, n between −bias and bias + 1.
  Bits power;
};

/// A number in the range of `decompose`, and what to subtract from its
/// exponent.
struct Normalized {
  Scalar u, exponentOffset;
};

/// Takes apart a positive normal number; `offset` is added to the exponent
/// beforehand. Other arguments give finite nonsense.
Decomposition decompose(Scalar u, Scalar offset);

/// Brings subnormal u into the range of normal numbers.
Normalized normalize(Scalar u);

/// The error of the rounded sum u = 1 + y. Exact where it matters: where
/// ulp(u) ≤ 1.
Scalar errorOfSum(Scalar y, Scalar u);

/// log(u + c) where c is less than ulp(u), for normal u > 0.
Scalar logOfSum(Scalar c, const Decomposition &u);

/// `result` for finite x > pole, `atPole` at the pole, infinity at infinity,
/// not a number below.
Scalar onDomain(Scalar x, double pole, double atPole, Scalar result);

/// log(1 + y) for −½ ≤ y ≤ 1, which needs no reduction.
Scalar logOfOnePlus(Scalar y);

} // namespace mlir::fisher::elementary

#endif // FISHER_LIB_MATH_LOGARITHMS_H
