//===- LegalizeCopies.cpp - Copies of strided buffers ---------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Pipelines/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace mlir::fisher {
#define GEN_PASS_DEF_FISHERLEGALIZECOPIES
#include "fisher/Pipelines/Passes.h.inc"
} // namespace mlir::fisher

using namespace mlir;

/// A ranked buffer whose elements may have gaps between them.
static bool hasGaps(Value buffer) {
  auto type = dyn_cast<MemRefType>(buffer.getType());
  return type && !type.getLayout().isIdentity();
}

namespace {
struct LegalizeCopies
    : public fisher::impl::FisherLegalizeCopiesBase<LegalizeCopies> {
  void runOnOperation() override {
    getOperation().walk([](memref::CopyOp copy) {
      if (!hasGaps(copy.getSource()) && !hasGaps(copy.getTarget()))
        return;
      OpBuilder builder(copy);
      linalg::makeMemRefCopyOp(builder, copy.getLoc(), copy.getSource(),
                               copy.getTarget());
      copy.erase();
    });
  }
};
} // namespace
