//===- Charts.h - How spreads are stored ----------------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_RECOGNITION_CHARTS_H
#define FISHER_LIB_RECOGNITION_CHARTS_H

#include "fisher/Recognition/Algebra.h"

namespace mlir::fisher::recognition {

/// How the spread of a normal distribution is stored.
struct Chart {
  llvm::StringRef name;
  /// As functions of what is stored.
  Expr sigma, variance, logSigma;
};

llvm::SmallVector<Chart> getCharts(Algebra &algebra, Expr stored);

} // namespace mlir::fisher::recognition

#endif // FISHER_LIB_RECOGNITION_CHARTS_H
