//===- EventKernel.cpp - Kernels of loops over distributions --------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "EventKernel.h"

#include "../LoopCollapse.h"

#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/MemRef/Utils/MemRefUtils.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/SmallVectorExtras.h"

using namespace mlir;
using namespace mlir::fisher;
using linalg::GenericOp;

/// An iteration of no more elements is one thread's.
static constexpr int64_t maxThreadElements = 32;
/// What a thread may have for itself, in bytes.
static constexpr int64_t maxPrivateBytes = 16384;
static constexpr int64_t threadBlockSize = 64;
/// What all threads or blocks together may have for themselves in the memory of
/// the device.
static constexpr int64_t maxScratchBytes = int64_t(1) << 28;
/// Buffers there begin at multiples of this.
static constexpr int64_t scratchAlignment = 64;
/// A longer row has more threads.
static constexpr int64_t longRowBlockSize = 1024;

static int64_t getBytes(MemRefType type) {
  return type.getNumElements() *
         llvm::divideCeil(type.getElementTypeBitWidth(), 8);
}

/// Whether a loop in the iteration writes to buffers element by element.
static bool hasOrderedLoops(scf::ForallOp forall) {
  return forall
      ->walk([&](memref::StoreOp store) {
        return store->getParentOp() == forall ? WalkResult::advance()
                                              : WalkResult::interrupt();
      })
      .wasInterrupted();
}

bool EventKernel::isForThreads() {
  int64_t bytes = 0, most = 0;
  bool isKnown = true;
  forall->walk([&](Operation *op) {
    if (auto buffer = dyn_cast<memref::AllocOp>(op)) {
      if (buffer.getType().hasStaticShape())
        bytes += getBytes(buffer.getType());
      else
        isKnown = false;
    }
    if (auto loop = dyn_cast<linalg::LinalgOp>(op)) {
      int64_t elements = 1;
      for (int64_t size : loop.getStaticLoopRanges()) {
        isKnown &= !ShapedType::isDynamic(size);
        elements *= size;
      }
      most = std::max(most, elements);
    }
  });
  isSmall = isKnown && bytes <= maxPrivateBytes;
  return (isSmall && most <= maxThreadElements) || hasOrderedLoops(forall);
}

int64_t EventKernel::getBlockSize() {
  if (byThread)
    return threadBlockSize;
  int64_t most = 0;
  forall->walk([&](linalg::LinalgOp loop) {
    for (int64_t size : loop.getStaticLoopRanges())
      most = std::max(most, ShapedType::isDynamic(size)
                                ? defaultBlockSize * rowElements
                                : size);
  });
  int64_t size = host.subgroupSize;
  while (size < longRowBlockSize && size * rowElements < most)
    size *= 2;
  return size;
}

//===----------------------------------------------------------------------===//
// Buffers of an iteration
//===----------------------------------------------------------------------===//

Value EventKernel::onHost(Value value) {
  if (!forall.getRegion().isAncestor(value.getParentRegion()))
    return value;
  Operation *op = value.getDefiningOp();
  if (!op || op->getNumRegions() != 0 || !isMemoryEffectFree(op))
    return {};
  SmallVector<Value> operands;
  for (Value operand : op->getOperands()) {
    operands.push_back(onHost(operand));
    if (!operands.back())
      return {};
  }
  Operation *copy = op->clone();
  copy->setOperands(operands);
  before.insert(copy);
  return copy->getResult(cast<OpResult>(value).getResultNumber());
}

LogicalResult EventKernel::planScratch() {
  scratchBytes = before.index(0);
  LogicalResult status = success();
  forall->walk([&](memref::AllocOp buffer) {
    MemRefType type = buffer.getType();
    if ((byThread && isSmall) || type.getRank() == 0 || getOwnType(buffer))
      return;
    Value bytes =
        before.index(llvm::divideCeil(type.getElementTypeBitWidth(), 8));
    unsigned next = 0;
    for (int64_t size : type.getShape()) {
      Value length = ShapedType::isDynamic(size)
                         ? onHost(buffer.getDynamicSizes()[next++])
                         : before.index(size);
      if (!length) {
        status = buffer.emitError("a buffer whose size each iteration finds "
                                  "cannot be made on the device");
        return;
      }
      bytes = before.multiply(bytes, length);
    }
    offsets[buffer] = scratchBytes;
    scratchBytes =
        before.add(scratchBytes, before.roundUp(bytes, scratchAlignment));
  });
  return status;
}

void EventKernel::allocate(memref::AllocOp buffer) {
  if (MemRefType type = getOwnType(buffer)) {
    Value inside = kernel->allocatePrivate(type);
    mapping.map(buffer.getResult(), inside);
    ownInRegisters.insert(inside);
    return;
  }
  auto *found = offsets.find(buffer);
  if (found == offsets.end()) {
    mapping.map(buffer.getResult(), kernel->allocatePrivate(buffer.getType()));
    return;
  }
  IndexBuilder &b = kernel->b;
  Value offset = b.add(scratchStart, kernel->import(found->second));
  SmallVector<Value> sizes =
      llvm::map_to_vector(buffer.getDynamicSizes(), [&](Value size) {
        return mapping.lookupOrDefault(size);
      });
  mapping.map(buffer.getResult(),
              memref::ViewOp::create(
                  b, inSpace(buffer.getType(), AddressSpaces::global),
                  kernel->import(scratch), offset, sizes));
  if (ownBuffers.contains(buffer))
    ownInMemory.insert(mapping.lookup(buffer.getResult()));
}

//===----------------------------------------------------------------------===//
// Operations of an iteration
//===----------------------------------------------------------------------===//

bool EventKernel::isPrivate(Value buffer) const {
  if (ownInMemory.contains(buffer))
    return true;
  MemrefValue root = memref::skipViewLikeOps(cast<MemrefValue>(buffer));
  return root.getDefiningOp<memref::AllocaOp>() != nullptr;
}

void EventKernel::wait() {
  gpu::BarrierOp::create(kernel->b);
  isRead = false;
}

void EventKernel::storeOnce(llvm::function_ref<void()> build) {
  if (isRead)
    wait();
  kernel->onFirstThread(build);
  wait();
}

void EventKernel::finish(KernelLoop &body, const Reduction &reduction,
                         Value total, ArrayRef<Value> at) {
  auto store = [&] { body.finish(reduction, total, at); };
  if (byThread || isPrivate(reduction.init->get()))
    store();
  else
    storeOnce(store);
}

/// The threads of a block share the iterations of a loop.
void EventKernel::distribute(linalg::LinalgOp op) {
  IndexBuilder &b = kernel->b;
  IRRewriter rewriter(b);
  GenericOp loop = *asGeneric(op, rewriter);
  b.setInsertionPoint(loop);
  auto asLinalg = cast<linalg::LinalgOp>(loop.getOperation());
  SmallVector<Value> sizes = getSizes(b, asLinalg);

  IRMapping same;
  KernelLoop body(loop, b, same);
  SmallVector<Reduction> reductions;
  bool isKnown = succeeded(KernelLoop::analyze(loop, reductions));
  bool isTotal =
      isKnown && llvm::all_of(reductions, [&](const Reduction &reduction) {
        return loop.getMatchingIndexingMap(reduction.init).getNumResults() == 0;
      });
  bool writesPrivate = llvm::all_of(
      loop.getDpsInits(), [&](Value init) { return isPrivate(init); });
  if (isRead && !writesPrivate)
    wait();
  SmallVector<Value> at(sizes.size());
  if (sizes.empty()) {
    if (writesPrivate)
      body.buildSequence(at, {}, sizes);
    else
      storeOnce([&] { body.buildSequence(at, {}, sizes); });
  } else if (isTotal) {
    Value size = getProduct(b, sizes);
    SmallVector<Value> totals =
        b.loop(kernel->thread, size, b.index(kernel->blockSize),
               getNeutral(b, reductions), [&](Value index, ValueRange values) {
                 return body.buildIteration(delinearize(b, index, sizes),
                                            reductions, values);
               });
    totals = kernel->combineThreads(reductions, totals);
    if (!writesPrivate)
      wait();
    for (auto [reduction, total] : llvm::zip_equal(reductions, totals))
      finish(body, reduction, total, at);
  } else {
    Value end = getProduct(b, getParallelSizes(asLinalg, sizes));
    body.buildSequences(kernel->thread, end, b.index(kernel->blockSize), sizes);
    wait();
  }
  b.setInsertionPointAfter(loop);
  loop.erase();
}

void EventKernel::cloneCopy(memref::CopyOp copy) {
  IndexBuilder &b = kernel->b;
  Value source = copy.getSource();
  Value target = mapping.lookup(copy.getTarget());
  Operation *op = nullptr;
  if (TypedAttr number = getCopiedNumber(copy)) {
    Value constant = arith::ConstantOp::create(b, number);
    op = linalg::FillOp::create(b, constant, target);
  } else {
    op =
        linalg::makeMemRefCopyOp(b, b.getLoc(), mapping.lookup(source), target);
  }
  if (!byThread)
    distribute(cast<linalg::LinalgOp>(op));
}

void EventKernel::cloneRegions(Operation &op) {
  IndexBuilder &b = kernel->b;
  OperationState state(op.getLoc(), op.getName());
  for (Value operand : op.getOperands())
    state.operands.push_back(mapping.lookup(operand));
  state.addAttributes(op.getAttrs());
  state.addTypes(op.getResultTypes());
  for (unsigned i = 0, e = op.getNumRegions(); i != e; ++i)
    state.addRegion();
  Operation *copy = b.create(state);
  mapping.map(op.getResults(), copy->getResults());
  for (auto [region, into] :
       llvm::zip_equal(op.getRegions(), copy->getRegions())) {
    for (Block &block : region) {
      Block *copied = new Block();
      into.push_back(copied);
      for (BlockArgument argument : block.getArguments())
        mapping.map(argument,
                    copied->addArgument(argument.getType(), argument.getLoc()));
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(copied);
      // Threads may come here from behind.
      isRead = true;
      clone(block);
    }
  }
  isRead = true;
}

void EventKernel::clone(Operation &op) {
  IndexBuilder &b = kernel->b;
  for (OpOperand &operand : op.getOpOperands())
    if (!mapping.contains(operand.get()))
      mapping.map(operand.get(), kernel->import(operand.get()));
  if (isa<memref::DeallocOp>(op))
    return;
  if (auto buffer = dyn_cast<memref::AllocOp>(op))
    return allocate(buffer);
  if (auto constant = dyn_cast<memref::GetGlobalOp>(op))
    return mapping.map(constant.getResult(),
                       kernel->import(constant.getResult()));
  if (auto copy = dyn_cast<memref::CopyOp>(op))
    return cloneCopy(copy);
  if (auto loop = dyn_cast<linalg::LinalgOp>(op)) {
    if (OpFoldResult length = getRowLength(loop))
      return distributeRow(gather(loop), length);
    for (Region &region : op.getRegions())
      kernel->import(region, mapping);
    auto copy = cast<linalg::LinalgOp>(b.clone(op, mapping));
    if (!byThread)
      distribute(copy);
    return;
  }
  if (op.getNumRegions() != 0)
    return cloneRegions(op);
  if (auto store = dyn_cast<memref::StoreOp>(op);
      store && !byThread && !isPrivate(mapping.lookup(store.getMemRef())))
    return storeOnce([&] { b.clone(op, mapping); });
  Operation *copy = b.clone(op, mapping);
  for (OpResult result : copy->getResults()) {
    auto type = dyn_cast<MemRefType>(result.getType());
    if (!type)
      continue;
    auto source = cast<MemRefType>(copy->getOperand(0).getType());
    result.setType(
        MemRefType::Builder(type).setMemorySpace(source.getMemorySpace()));
  }
  if (auto load = dyn_cast<memref::LoadOp>(copy))
    isRead |= !isPrivate(load.getMemRef());
}

void EventKernel::clone(Block &block) {
  for (Operation &op : block)
    if (!isa<scf::InParallelOp>(op) && !cloned.contains(&op))
      clone(op);
}

LogicalResult EventKernel::run() {
  byThread = isForThreads();
  SmallVector<Value> lower, upper, steps, sizes;
  auto asValues = [&](ArrayRef<OpFoldResult> mixed) {
    return llvm::map_to_vector(mixed, [&](OpFoldResult value) {
      return getValueOrCreateConstantIndexOp(before, before.getLoc(), value);
    });
  };
  lower = asValues(forall.getMixedLowerBound());
  upper = asValues(forall.getMixedUpperBound());
  steps = asValues(forall.getMixedStep());
  for (auto [from, to, step] : llvm::zip_equal(lower, upper, steps))
    sizes.push_back(before.ceilDivide(before.subtract(to, from), step));
  findOwn();
  blockSize = getBlockSize();
  if (failed(planScratch()))
    return failure();

  Value size = getProduct(before, sizes);
  Value numBlocks =
      byThread ? before.ceilDivide(size, before.index(blockSize)) : size;
  numBlocks = before.max(numBlocks, before.index(1));
  if (!offsets.empty()) {
    // Each thread or block has its part.
    Value parts = before.index(byThread ? blockSize : 1);
    Value bytes =
        before.max(before.multiply(parts, scratchBytes), before.index(1));
    numBlocks = before.min(
        before.min(numBlocks, before.index(maxBlocks)),
        before.max(before.divide(before.index(maxScratchBytes), bytes),
                   before.index(1)));
    auto type = MemRefType::get(ShapedType::kDynamic, before.getI8Type());
    scratch =
        gpu::AllocOp::create(before, type, Type(), ValueRange(),
                             before.multiply(numBlocks, bytes), ValueRange())
            .getMemref();
  }
  kernel = std::make_unique<Kernel>(host, forall, numBlocks, blockSize);
  IndexBuilder &b = kernel->b;
  if (scratch)
    scratchStart = b.multiply(byThread ? kernel->globalThread : kernel->block,
                              kernel->import(scratchBytes));
  Value first = byThread ? kernel->globalThread : kernel->block;
  auto inside = llvm::map_to_vector(
      sizes, [&](Value value) { return kernel->import(value); });
  auto build = [&](Value index, ValueRange) -> SmallVector<Value> {
    for (auto [iv, position, from, step] :
         llvm::zip_equal(forall.getInductionVars(),
                         delinearize(b, index, inside), lower, steps))
      mapping.map(iv, b.add(kernel->import(from),
                            b.multiply(position, kernel->import(step))));
    clone(*forall.getBody());
    return {};
  };
  if (!scratch) {
    auto choice = scf::IfOp::create(b, b.isLess(first, kernel->import(size)),
                                    /*withElseRegion=*/false);
    b.setInsertionPointToStart(choice.thenBlock());
    build(first, {});
    return success();
  }
  Value stride = byThread ? kernel->numThreads : kernel->numBlocks;
  b.loop(first, kernel->import(size), stride, {}, build);
  gpu::DeallocOp::create(before, TypeRange(), ValueRange(), scratch);
  return success();
}

LogicalResult fisher::launchForall(scf::ForallOp forall, HostCode &host) {
  host.fetchChanged(forall);
  if (failed(EventKernel(forall, host).run()))
    return failure();
  forall.erase();
  return success();
}
