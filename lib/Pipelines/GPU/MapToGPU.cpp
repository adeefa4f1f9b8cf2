//===- MapToGPU.cpp - Kernels of loops over buffers -----------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Upstream's convert-parallel-loops-to-gpu knows loops that are parallel. What
// it has no form for is here: loops that sum while they write, in a fixed
// order, transfers of 16 bytes, and distributions that a block works on.
//
//===----------------------------------------------------------------------===//

#include "../LoopCollapse.h"
#include "ContractionKernel.h"
#include "EventKernel.h"
#include "Kernel.h"
#include "LinalgKernel.h"
#include "fisher/Pipelines/Passes.h"
#include "fisher/Transforms/Contractions.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Iterators.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

namespace mlir::fisher {
#define GEN_PASS_DEF_FISHERMAPTOGPU
#include "fisher/Pipelines/Passes.h.inc"
} // namespace mlir::fisher

using namespace mlir;
using namespace mlir::fisher;

/// One thread stores what the host would, in the kernel before if there is one
/// whose last thread can.
static void launchStore(memref::StoreOp store, HostCode &host) {
  auto canAppend = [&] { return host.last && host.last->canAppend(store); };
  bool isAppended = canAppend();
  if (isAppended) {
    host.fetchChanged(store, host.last.get());
    // What was fetched may be in between.
    isAppended = canAppend();
  }
  if (!isAppended)
    host.fetchChanged(store);
  auto build = [&] {
    IRMapping mapping;
    for (Value operand : store->getOperands())
      mapping.map(operand, host.last->import(operand));
    host.last->b.clone(*store, mapping);
  };
  if (isAppended) {
    host.last->append(build);
  } else {
    IndexBuilder before(store.getLoc(), store);
    host.last = std::make_unique<Kernel>(host, store, before.index(1),
                                         host.subgroupSize);
    host.last->onFirstThread(build);
  }
  store.erase();
}

/// Memory of the host becomes that of the device.
static void convertMemory(Operation *op) {
  OpBuilder b(op);
  Location loc = op->getLoc();
  if (auto allocation = dyn_cast<memref::AllocOp>(op)) {
    auto onDevice = gpu::AllocOp::create(
        b, loc, allocation.getType(), Type(), ValueRange(),
        allocation.getDynamicSizes(), allocation.getSymbolOperands());
    allocation.replaceAllUsesWith(onDevice.getMemref());
  } else if (auto deallocation = dyn_cast<memref::DeallocOp>(op)) {
    gpu::DeallocOp::create(b, loc, TypeRange(), ValueRange(),
                           deallocation.getMemref());
  } else {
    auto copy = cast<memref::CopyOp>(op);
    gpu::MemcpyOp::create(b, loc, TypeRange(), ValueRange(), copy.getTarget(),
                          copy.getSource());
  }
  op->erase();
}

/// Fills a buffer that is a copy of a constant of one value; nothing, if it is
/// not.
static linalg::LinalgOp asFill(memref::CopyOp copy) {
  TypedAttr number = getCopiedNumber(copy);
  if (!number)
    return {};
  ImplicitLocOpBuilder b(copy.getLoc(), copy);
  Value constant = arith::ConstantOp::create(b, number);
  auto fill = linalg::FillOp::create(b, constant, copy.getTarget());
  copy.erase();
  return cast<linalg::LinalgOp>(fill.getOperation());
}

/// What uses a buffer, in any shape; fails if parts of it are used.
static FailureOr<SmallVector<Operation *>> getUsers(Value buffer) {
  SmallVector<Operation *> users;
  SmallVector<Value> shapes = {buffer};
  while (!shapes.empty())
    for (Operation *user : shapes.pop_back_val().getUsers()) {
      if (isa<memref::CollapseShapeOp, memref::ExpandShapeOp>(user))
        shapes.push_back(user->getResult(0));
      else if (isa<ViewLikeOpInterface>(user))
        return failure();
      else
        users.push_back(user);
    }
  return users;
}

/// The loop that is the next to use what is filled with a constant, and
/// combines it with others, into one number or as a contraction; null if there
/// is none.
static Operation *findSum(Operation *op) {
  auto fill = dyn_cast<linalg::FillOp>(op);
  if (!fill || !matchPattern(fill.getInputs()[0], m_Constant()))
    return nullptr;
  Value buffer = getWhole(fill.getOutputs()[0]);
  // What is a part of another may be used as that.
  auto argument = dyn_cast<BlockArgument>(buffer);
  if (argument ? !isa<func::FuncOp>(argument.getOwner()->getParentOp())
               : !isa<memref::AllocOp, gpu::AllocOp>(buffer.getDefiningOp()))
    return nullptr;
  FailureOr<SmallVector<Operation *>> users = getUsers(buffer);
  if (failed(users))
    return nullptr;
  Operation *next = nullptr;
  for (Operation *user : *users) {
    Operation *here = fill->getBlock()->findAncestorOpInBlock(*user);
    // What is used elsewhere may be used before.
    if (!here)
      return nullptr;
    if (here != fill && fill->isBeforeInBlock(here) &&
        (!next || here->isBeforeInBlock(next)))
      next = here;
  }
  auto loop = dyn_cast_or_null<linalg::LinalgOp>(next);
  if (!loop || !loop.hasPureBufferSemantics() || loop.getNumLoops() == 0)
    return nullptr;
  bool isNumber = cast<MemRefType>(buffer.getType()).getRank() == 0;
  auto isIt = [&](Value value) { return getWhole(value) == buffer; };
  if ((!isNumber && !isTiledContraction(loop)) ||
      llvm::any_of(loop.getDpsInputs(), isIt) ||
      llvm::count_if(loop.getDpsInits(), isIt) != 1)
    return nullptr;
  return next;
}

namespace {
struct MapToGPU : fisher::impl::FisherMapToGPUBase<MapToGPU> {
  using Base::Base;

  LogicalResult map(func::FuncOp function) {
    HostCode host(function, constantSpace, subgroupSize, shuffle);
    host.hasTensorCores = tensorCores;
    SmallVector<Operation *> work;
    function.walk<WalkOrder::PreOrder>([&](Operation *op) {
      if (isa<scf::ForallOp, linalg::LinalgOp>(op)) {
        work.push_back(op);
        return WalkResult::skip();
      }
      if (isa<memref::StoreOp, memref::AllocOp, memref::DeallocOp,
              memref::CopyOp>(op))
        work.push_back(op);
      return WalkResult::advance();
    });
    IRRewriter rewriter(&getContext());
    // Fills whose buffers a sum starts from, by that sum.
    llvm::DenseMap<Operation *, SmallVector<linalg::FillOp>> starts;
    for (Operation *op : work) {
      if (!isa<memref::StoreOp>(op))
        host.last.reset();
      if (auto copy = dyn_cast<memref::CopyOp>(op))
        if (linalg::LinalgOp fill = asFill(copy))
          op = fill;
      if (Operation *sum = findSum(op)) {
        starts[sum].push_back(cast<linalg::FillOp>(op));
        continue;
      }
      SmallVector<linalg::FillOp> fills = starts.lookup(op);
      if (auto forall = dyn_cast<scf::ForallOp>(op)) {
        if (failed(launchForall(forall, host)))
          return failure();
      } else if (auto loop = dyn_cast<linalg::LinalgOp>(op)) {
        FailureOr<linalg::GenericOp> generic = asGeneric(loop, rewriter);
        if (failed(generic))
          return op->emitError("no kernel can be made of this operation");
        launchLoop(collapse(*generic, rewriter), host, fills);
      } else if (auto store = dyn_cast<memref::StoreOp>(op)) {
        launchStore(store, host);
      } else {
        convertMemory(op);
      }
    }
    // What is left is read by the host, but for what kernels compute now.
    function.walk<WalkOrder::PostOrder, ReverseIterator>([](Operation *op) {
      if (isOpTriviallyDead(op))
        op->erase();
    });
    SmallVector<memref::LoadOp> loads;
    function.walk<WalkOrder::PreOrder>([&](Operation *op) {
      if (isa<gpu::LaunchOp>(op))
        return WalkResult::skip();
      if (auto load = dyn_cast<memref::LoadOp>(op))
        loads.push_back(load);
      return WalkResult::advance();
    });
    for (memref::LoadOp load : loads) {
      if (host.isFromDevice(load))
        host.fetch(load);
    }
    return success();
  }

  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (!function.isExternal() && failed(map(function)))
        return signalPassFailure();
  }
};
} // namespace
