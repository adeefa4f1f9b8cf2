//===- Exponentials.h - Parts of exponentials -------------------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_MATH_EXPONENTIALS_H
#define FISHER_LIB_MATH_EXPONENTIALS_H

#include "fisher/Math/Bits.h"

namespace mlir::fisher::elementary {

/// x = n·ln 2 + r, |r| ≤ ½ ln 2.
struct ExpReduction {
  /// The low bits are those of n plus the offset.
  Bits exponent;
  /// r = high − low, where high is exact.
  Scalar high, low, r;
};

/// Takes x apart; `offset` is added to the exponent.
ExpReduction reduce(Scalar x, int offset);

/// e^r − 1 − high, the part that is small beside high.
Scalar expTail(const ExpReduction &x);

/// Where e^x is less than half of the least subnormal number.
double expLowLimit(Scalar x);

/// e^x for x in [expLowLimit, 89] (f64: 710), or not a number.
Scalar expInRange(Scalar x);

/// Where e^x − 1 rounds to −1.
double expm1LowLimit(Scalar x);

/// (e^(x − rest) − 1)/2^k, where `rest` is below the precision of x.
Scalar scaledExpm1(Scalar x, int k, Scalar rest);

} // namespace mlir::fisher::elementary

#endif // FISHER_LIB_MATH_EXPONENTIALS_H
