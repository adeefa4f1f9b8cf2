//===- HoistBuffers.cpp - Temporary buffers before loops ------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Upstream hoists buffers out of sequential loops, and puts small ones on the
// stack where they are. A buffer of an iteration of a parallel loop belongs to
// the thread, which is the region around the loop.
//
//===----------------------------------------------------------------------===//

#include "fisher/Pipelines/Passes.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/OpenMP/OpenMPDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

namespace mlir::fisher {
#define GEN_PASS_DEF_FISHERHOISTBUFFERS
#include "fisher/Pipelines/Passes.h.inc"
} // namespace mlir::fisher

using namespace mlir;

/// What a buffer may take on the stack, and what all of a scope may.
static constexpr int64_t maxBufferBytes = 4096, maxScopeBytes = 131072;

/// The only deallocation of a buffer, in the same block; null if there are
/// others, or it is elsewhere.
static memref::DeallocOp findDeallocation(memref::AllocOp buffer) {
  memref::DeallocOp found;
  for (Operation *user : buffer->getUsers()) {
    auto deallocation = dyn_cast<memref::DeallocOp>(user);
    if (!deallocation)
      continue;
    if (found || deallocation->getBlock() != buffer->getBlock())
      return {};
    found = deallocation;
  }
  return found;
}

static std::optional<int64_t> getStaticBytes(MemRefType type) {
  Type element = type.getElementType();
  int64_t lanes = 1;
  if (auto vector = dyn_cast<VectorType>(element)) {
    element = vector.getElementType();
    lanes = vector.getNumElements();
  }
  if (!type.hasStaticShape() || !element.isIntOrIndexOrFloat())
    return std::nullopt;
  int64_t bits = element.isIndex() ? 64 : element.getIntOrFloatBitWidth();
  return type.getNumElements() * llvm::divideCeil(bits * lanes, 8);
}

/// The region that a thread, or the function, runs once.
static Operation *getScope(Operation *op) {
  Operation *scope = op->getParentOp();
  while (!isa<FunctionOpInterface, omp::ParallelOp>(scope))
    scope = scope->getParentOp();
  return scope;
}

/// The outermost loop around a buffer, within its thread, that its sizes do not
/// depend on; null if there is none.
static Operation *findLoop(memref::AllocOp buffer) {
  Operation *outermost = nullptr;
  for (Operation *parent = buffer->getParentOp();
       isa<scf::ForOp, omp::LoopNestOp, omp::WsloopOp, memref::AllocaScopeOp>(
           parent);
       parent = parent->getParentOp()) {
    bool isKnownBefore =
        llvm::all_of(buffer->getOperands(), [&](Value operand) {
          return !parent->isAncestor(operand.getParentRegion()->getParentOp());
        });
    if (!isKnownBefore)
      break;
    // A loop of threads and the operation around it are one.
    if (!isa<omp::LoopNestOp>(parent))
      outermost = parent;
  }
  return outermost;
}

namespace {
struct HoistBuffers : fisher::impl::FisherHoistBuffersBase<HoistBuffers> {
  void runOnOperation() override {
    llvm::DenseMap<Operation *, int64_t> stackBytes;
    getOperation()->walk([&](memref::AllocOp buffer) {
      memref::DeallocOp deallocation = findDeallocation(buffer);
      if (!deallocation)
        return;
      Operation *scope = getScope(buffer);
      std::optional<int64_t> bytes = getStaticBytes(buffer.getType());
      if (bytes && *bytes <= maxBufferBytes &&
          stackBytes[scope] + *bytes <= maxScopeBytes) {
        stackBytes[scope] += *bytes;
        OpBuilder builder =
            OpBuilder::atBlockBegin(&scope->getRegion(0).front());
        auto onStack =
            memref::AllocaOp::create(builder, buffer.getLoc(), buffer.getType(),
                                     buffer.getAlignmentAttr());
        deallocation->erase();
        buffer->replaceAllUsesWith(onStack);
        buffer->erase();
        ++numOnStack;
        return;
      }
      if (Operation *loop = findLoop(buffer)) {
        buffer->moveBefore(loop);
        deallocation->moveAfter(loop);
        ++numHoisted;
      }
    });
    // What is on the stack within a loop already.
    getOperation()->walk([&](memref::AllocaOp buffer) {
      if (buffer->getNumOperands() == 0)
        buffer->moveBefore(&getScope(buffer)->getRegion(0).front().front());
    });
  }
};
} // namespace
