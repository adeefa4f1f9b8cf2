//===- TileContractions.cpp - Matrix products for registers and caches ----===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A contraction becomes the loops of Goto and van de Geijn (Anatomy of
// High-Performance Matrix Multiplication, 2008): blocks of the result, which
// are independent; in each, blocks of the sum; for these the operands are
// packed in panels that the innermost loop reads from end to end, and holds a
// tile of the result in registers.
//
//===----------------------------------------------------------------------===//

#include "ContractionEmitter.h"
#include "fisher/Transforms/Passes.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace mlir::fisher {
#define GEN_PASS_DEF_FISHERTILECONTRACTIONS
#include "fisher/Transforms/Passes.h.inc"
} // namespace mlir::fisher

using namespace mlir;
using namespace mlir::fisher;

namespace {
struct TileContractions
    : fisher::impl::FisherTileContractionsBase<TileContractions> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<linalg::LinalgOp> ops;
    getOperation()->walk([&](linalg::LinalgOp op) { ops.push_back(op); });
    for (linalg::LinalgOp op : ops) {
      std::optional<ContractionDims> dims =
          op.hasPureBufferSemantics() ? matchContraction(op) : std::nullopt;
      if (!dims)
        continue;
      ContractionEmitter emitter(op, *dims, vectorBits);
      if (succeeded(emitter.check()))
        emitter.emit();
    }
  }
};
} // namespace
