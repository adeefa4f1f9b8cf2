//===- FisherToStableHLO.h - Lower beliefs to StableHLO -------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_CONVERSION_FISHERTOSTABLEHLO_FISHERTOSTABLEHLO_H
#define FISHER_CONVERSION_FISHERTOSTABLEHLO_FISHERTOSTABLEHLO_H

#include "mlir/Pass/Pass.h"

namespace mlir::fisher {

#define GEN_PASS_DECL_CONVERTFISHERTOSTABLEHLO
#include "fisher/Conversion/Passes.h.inc"

} // namespace mlir::fisher

#endif // FISHER_CONVERSION_FISHERTOSTABLEHLO_FISHERTOSTABLEHLO_H
