//===- FisherToLinalg.h - Lower beliefs to linalg -------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_CONVERSION_FISHERTOLINALG_FISHERTOLINALG_H
#define FISHER_CONVERSION_FISHERTOLINALG_FISHERTOLINALG_H

#include "fisher/Conversion/Beliefs.h"

#include "mlir/Pass/Pass.h"

namespace mlir::fisher {

#define GEN_PASS_DECL_CONVERTFISHERTOLINALG
#include "fisher/Conversion/Passes.h.inc"

/// Options of the pass, for distributions with event dimensions.
struct EventLoopOptions {
  int64_t vectorBits = 0;
  bool mapDistributions = false;
};

/// Patterns that lower every operation on beliefs to linalg on tensors.
void populateFisherToLinalgPatterns(const TypeConverter &converter,
                                    RewritePatternSet &patterns,
                                    EventLoopOptions options = {});

} // namespace mlir::fisher

#endif // FISHER_CONVERSION_FISHERTOLINALG_FISHERTOLINALG_H
