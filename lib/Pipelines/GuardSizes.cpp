//===- GuardSizes.cpp - Buffers that can be addressed ---------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// MLIR multiplies the sizes of a buffer without a check: a product beyond 64
// bits is a small buffer, over whose end the code writes.
//
//===----------------------------------------------------------------------===//

#include "fisher/Pipelines/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace mlir::fisher {
#define GEN_PASS_DEF_FISHERGUARDSIZES
#include "fisher/Pipelines/Passes.h.inc"
} // namespace mlir::fisher

using namespace mlir;

/// More elements than any machine can address, less than overflows with
/// elements of any size; a double has it exactly.
static constexpr double maxElements = int64_t(1) << 55;

static void guard(memref::AllocOp allocation) {
  ImplicitLocOpBuilder b(allocation.getLoc(), allocation);
  Type real = b.getF64Type();
  auto makeConstant = [&](double value) -> Value {
    return arith::ConstantOp::create(b, b.getFloatAttr(real, value));
  };
  double known = 1;
  for (int64_t size : allocation.getType().getShape())
    if (!ShapedType::isDynamic(size))
      known *= static_cast<double>(size);
  Value count = makeConstant(known);
  for (Value size : allocation.getDynamicSizes()) {
    Value integer = arith::IndexCastOp::create(b, b.getI64Type(), size);
    Value factor = arith::SIToFPOp::create(b, real, integer);
    count = arith::MulFOp::create(b, count, factor);
  }
  Value fits = arith::CmpFOp::create(b, arith::CmpFPredicate::OLE, count,
                                     makeConstant(maxElements));
  cf::AssertOp::create(b, fits, "out of memory for a buffer of the function");
}

namespace {
struct GuardSizes : fisher::impl::FisherGuardSizesBase<GuardSizes> {
  void runOnOperation() override {
    // One size is that of an array that there is.
    getOperation()->walk([](memref::AllocOp allocation) {
      if (allocation.getDynamicSizes().size() > 1)
        guard(allocation);
    });
  }
};
} // namespace
