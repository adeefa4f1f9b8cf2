//===- DropWaits.cpp - Host code that waits for nothing -------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Upstream's gpu-async-region waits wherever work of a stream ends, and has no
// way to leave the work of a whole function to a stream of the caller.
//
//===----------------------------------------------------------------------===//

#include "fisher/Pipelines/Passes.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace mlir::fisher {
#define GEN_PASS_DEF_FISHERDROPWAITS
#include "fisher/Pipelines/Passes.h.inc"
} // namespace mlir::fisher

using namespace mlir;

/// Whether a token is that of a copy from or to the host's stack, or of what
/// comes after it.
static bool reachesHost(Value token) {
  SmallVector<Value> tokens = {token};
  while (!tokens.empty()) {
    auto op = tokens.pop_back_val().getDefiningOp<gpu::AsyncOpInterface>();
    // Where a token comes from elsewhere, nothing is known.
    if (!op)
      return true;
    if (auto copy = dyn_cast<gpu::MemcpyOp>(*op))
      for (Value buffer : {copy.getDst(), copy.getSrc()})
        if (buffer.getDefiningOp<memref::AllocaOp>())
          return true;
    llvm::append_range(tokens, op.getAsyncDependencies());
  }
  return false;
}

namespace {
struct DropWaits : fisher::impl::FisherDropWaitsBase<DropWaits> {
  void runOnOperation() override {
    getOperation()->walk([&](gpu::WaitOp wait) {
      if (wait.getAsyncToken() ||
          llvm::any_of(wait.getAsyncDependencies(), reachesHost))
        return;
      ++numDropped;
      wait.erase();
    });
  }
};
} // namespace
