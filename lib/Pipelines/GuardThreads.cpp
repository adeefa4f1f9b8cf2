//===- GuardThreads.cpp - Threads where they pay --------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Pipelines/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/OpenMP/OpenMPDialect.h"

namespace mlir::fisher {
#define GEN_PASS_DEF_FISHERGUARDTHREADS
#include "fisher/Pipelines/Passes.h.inc"
} // namespace mlir::fisher

using namespace mlir;

/// Whether the loop of a region has more than one iteration; null if the region
/// is not one loop whose bounds are known before it.
static Value buildIsMany(omp::ParallelOp region) {
  auto loops = region.getOps<omp::WsloopOp>();
  if (!llvm::hasSingleElement(loops))
    return {};
  auto nest = dyn_cast<omp::LoopNestOp>((*loops.begin()).getWrappedLoop());
  auto isOutside = [&](Value value) {
    return !region.getRegion().isAncestor(value.getParentRegion());
  };
  if (!nest || !llvm::all_of(nest->getOperands(), isOutside))
    return {};
  OpBuilder b(region);
  Location loc = region.getLoc();
  Value isMany;
  for (auto [lower, upper, step] :
       llvm::zip_equal(nest.getLoopLowerBounds(), nest.getLoopUpperBounds(),
                       nest.getLoopSteps())) {
    Value second = arith::AddIOp::create(b, loc, lower, step);
    Value isLonger =
        arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sgt, upper, second);
    isMany = isMany ? arith::OrIOp::create(b, loc, isMany, isLonger).getResult()
                    : isLonger;
  }
  return isMany;
}

namespace {
struct GuardThreads : fisher::impl::FisherGuardThreadsBase<GuardThreads> {
  void runOnOperation() override {
    getOperation()->walk([](omp::ParallelOp region) {
      if (region.getIfExpr())
        return;
      if (Value isMany = buildIsMany(region))
        region.getIfExprMutable().assign(isMany);
    });
  }
};
} // namespace
