//===- Passes.h - Conversions to other dialects ---------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_CONVERSION_PASSES_H
#define FISHER_CONVERSION_PASSES_H

#include "fisher/Conversion/FisherToLinalg/FisherToLinalg.h"
#include "fisher/Conversion/FisherToStableHLO/FisherToStableHLO.h"

namespace mlir::fisher {

#define GEN_PASS_REGISTRATION
#include "fisher/Conversion/Passes.h.inc"

} // namespace mlir::fisher

#endif // FISHER_CONVERSION_PASSES_H
