//===- Passes.h - Passes of the pipelines -----------------------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_PIPELINES_PASSES_H
#define FISHER_PIPELINES_PASSES_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Pass/Pass.h"

namespace mlir::fisher {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "fisher/Pipelines/Passes.h.inc"

} // namespace mlir::fisher

#endif // FISHER_PIPELINES_PASSES_H
