//===- Format.cpp - What f32 and f64 differ in ----------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Format.h"

#include "fisher/Math/Coefficients.h"

using namespace mlir;
using namespace mlir::fisher;
using namespace mlir::fisher::elementary;

const Format &elementary::formatOf(Scalar x) {
  namespace tables = coefficients;
  static const Format f32 = {/*mantissaBits=*/23,
                             /*bias=*/127,
                             /*negligible=*/0x1p-26,
                             /*smallestNormal=*/0x1p-126,
                             /*ln2High=*/0x1.62e4p-1,
                             /*ln2Low=*/0x1.7f7d1cf79abcap-20,
                             /*ln2Nearest=*/0x1.62e43p-1,
                             /*ln2Rest=*/-0x1.05c610ca86c39p-29,
                             /*rootHalf=*/0x3f3504f3,
                             tables::expTableF32,
                             tables::logWideTableF32,
                             tables::asinhRootTableF32,
                             tables::erfTableF32};
  static const Format f64 = {/*mantissaBits=*/52,
                             /*bias=*/1023,
                             /*negligible=*/0x1p-55,
                             /*smallestNormal=*/0x1p-1022,
                             /*ln2High=*/0x1.62e42feep-1,
                             /*ln2Low=*/0x1.a39ef35793c76p-33,
                             /*ln2Nearest=*/0x1.62e42fefa39efp-1,
                             /*ln2Rest=*/0x1.abc9e3b39803fp-56,
                             /*rootHalf=*/0x3fe6a09e667f3bcd,
                             tables::expTableF64,
                             tables::logWideTableF64,
                             tables::asinhRootTableF64,
                             tables::erfTableF64};
  return x.isDouble() ? f64 : f32;
}
