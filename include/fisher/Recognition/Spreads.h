//===- Spreads.h - Beliefs that a step samples --------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_RECOGNITION_SPREADS_H
#define FISHER_RECOGNITION_SPREADS_H

#include "fisher/Recognition/Recognition.h"

namespace mlir::fisher::recognition {

/// The spread that belongs to a mean.
struct Spread {
  unsigned argument;
  /// How it is stored, as families of normal distributions name it.
  StringRef chart;
};

/// The parameter of which a step makes the standard deviation that it
/// multiplies noise by before it adds a mean.
std::optional<Spread> findSpread(Recognition &recognition, unsigned mean);

} // namespace mlir::fisher::recognition

#endif // FISHER_RECOGNITION_SPREADS_H
