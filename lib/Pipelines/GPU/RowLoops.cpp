//===- RowLoops.cpp - Loops of a distribution over its rows ---------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "EventKernel.h"

#include "mlir/Dialect/MemRef/Utils/MemRefUtils.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace mlir::fisher;
using linalg::GenericOp;
using linalg::LinalgOp;

/// So many elements of a row at most are a thread's, in registers, and of so
/// many bytes in all.
static constexpr int64_t maxRowElements = 16, maxRowBytes = 192;
/// The threads of a longer row wait for so many elements together.
static constexpr int64_t rowUnroll = 4;

static Value getRoot(Value buffer) {
  return memref::skipViewLikeOps(cast<MemrefValue>(buffer));
}

//===----------------------------------------------------------------------===//
// Analysis
//===----------------------------------------------------------------------===//

/// The length of a range of memory; null if it is not known where it is made.
static OpFoldResult getLength(Value buffer) {
  auto type = cast<MemRefType>(buffer.getType());
  if (!type.isDynamicDim(0))
    return OpBuilder(type.getContext()).getIndexAttr(type.getDimSize(0));
  if (auto allocation = buffer.getDefiningOp<memref::AllocOp>())
    return allocation.getDynamicSizes()[0];
  if (auto view = buffer.getDefiningOp<memref::SubViewOp>()) {
    llvm::SmallBitVector dropped = view.getDroppedDims();
    return view.getMixedSizes()[dropped.flip().find_first()];
  }
  return {};
}

OpFoldResult EventKernel::getRowLength(LinalgOp loop) const {
  auto generic = dyn_cast<GenericOp>(loop.getOperation());
  SmallVector<Reduction> reductions;
  if (!generic || loop.getNumLoops() != 1 || loop.hasIndexSemantics() ||
      failed(KernelLoop::analyze(generic, reductions)))
    return {};
  OpFoldResult length;
  for (OpOperand &operand : loop->getOpOperands()) {
    AffineMap map = loop.getMatchingIndexingMap(&operand);
    if (!isa<MemRefType>(operand.get().getType()) || map.getNumResults() == 0)
      continue;
    if (!map.isIdentity())
      return {};
    OpFoldResult here = getLength(operand.get());
    if (!length || isa_and_nonnull<Attribute>(here))
      length = here;
  }
  // A thread runs through a row of its own as it stands if it is long.
  if (!length || (byThread && !fitsRegisters(length)))
    return {};
  return length;
}

bool EventKernel::fitsRegisters(OpFoldResult length) const {
  std::optional<int64_t> known = getConstantIntValue(length);
  return known && *known <= getNumMembers() * rowElements;
}

void EventKernel::findOwn() {
  rowElements = maxRowElements;
  int64_t bytes = 0;
  forall->walk([&](memref::AllocOp buffer) {
    MemRefType type = buffer.getType();
    if (type.getRank() != 1)
      return;
    bool isOwn = llvm::all_of(buffer->getUsers(), [&](Operation *user) {
      auto loop = dyn_cast<LinalgOp>(user);
      return isa<memref::DeallocOp>(user) || (loop && getRowLength(loop));
    });
    if (!isOwn)
      return;
    ownBuffers.insert(buffer);
    bytes += llvm::divideCeil(type.getElementTypeBitWidth(), 8);
  });
  if (bytes != 0)
    rowElements = std::clamp<int64_t>(maxRowBytes / bytes, 1, maxRowElements);
  auto isLong = [&](Operation *op) {
    return !fitsRegisters(getLength(cast<memref::AllocOp>(op)));
  };
  if (byThread && llvm::any_of(ownBuffers, isLong)) {
    rowElements = 0;
    ownBuffers.clear();
  }
  repeats = canRepeat();
}

bool EventKernel::canRepeat() {
  llvm::DenseSet<Value> written;
  forall->walk([&](Operation *op) {
    if (auto loop = dyn_cast<LinalgOp>(op)) {
      for (Value init : loop.getDpsInits())
        written.insert(getRoot(init));
    } else if (auto copy = dyn_cast<memref::CopyOp>(op)) {
      written.insert(getRoot(copy.getTarget()));
    } else if (auto store = dyn_cast<memref::StoreOp>(op)) {
      written.insert(getRoot(store.getMemRef()));
    }
  });
  auto isOwn = [&](Value value) {
    return ownBuffers.contains(value.getDefiningOp());
  };
  // What a loop reads does not change, and what needs the loop knows all that
  // it reads.
  auto canRepeatLoop = [&](LinalgOp loop) {
    return loop->getParentOp() == forall &&
           llvm::all_of(loop.getDpsInputs(),
                        [&](Value input) {
                          return isOwn(input) ||
                                 !isa<MemRefType>(input.getType()) ||
                                 !written.contains(getRoot(input));
                        }) &&
           llvm::all_of(loop.getDpsInitsMutable(), [&](OpOperand &init) {
             return isOwn(init.get())
                        ? loop.getMatchingBlockArgument(&init).use_empty()
                        : loop.getMatchingIndexingMap(&init).getNumResults() ==
                              0;
           });
  };
  return llvm::all_of(ownBuffers, [&](Operation *buffer) {
    SmallVector<LinalgOp> writers;
    for (OpOperand &use : buffer->getUses())
      if (auto loop = dyn_cast<LinalgOp>(use.getOwner());
          loop && loop.isDpsInit(&use))
        writers.push_back(loop);
    return writers.size() == 1 && canRepeatLoop(writers[0]);
  });
}

MemRefType EventKernel::getOwnType(memref::AllocOp buffer) const {
  if (!ownBuffers.contains(buffer))
    return {};
  OpFoldResult length = getLength(buffer);
  int64_t elements = 1;
  if (fitsRegisters(length))
    elements = llvm::divideCeil(*getConstantIntValue(length), getNumMembers());
  else if (!repeats)
    return {};
  return MemRefType::get(elements, buffer.getType().getElementType());
}

//===----------------------------------------------------------------------===//
// Loops that run together
//===----------------------------------------------------------------------===//

/// Whether an operation, or one in it, uses one of some values or buffers.
static bool uses(Operation *op, const llvm::DenseSet<Value> &values,
                 const llvm::DenseSet<Value> &buffers) {
  auto isUsed = [&](Value value) {
    return values.contains(value) || (isa<MemRefType>(value.getType()) &&
                                      buffers.contains(getRoot(value)));
  };
  return op
      ->walk([&](Operation *nested) {
        return llvm::any_of(nested->getOperands(), isUsed)
                   ? WalkResult::interrupt()
                   : WalkResult::advance();
      })
      .wasInterrupted();
}

/// Whether an operation may be run before loops that it does not need.
static bool canMove(Operation *op) {
  if (isa<memref::AllocOp>(op))
    return true;
  if (auto load = dyn_cast<memref::LoadOp>(op))
    return load.getMemRef().getDefiningOp<memref::AllocOp>() != nullptr;
  return op->getNumRegions() == 0 && isMemoryEffectFree(op);
}

/// Whether an operation sets what a total starts from.
static bool isStart(Operation *op) {
  auto copy = dyn_cast<memref::CopyOp>(op);
  return copy && getCopiedNumber(copy) &&
         copy.getTarget().getDefiningOp<memref::AllocOp>();
}

SmallVector<LinalgOp> EventKernel::gather(LinalgOp first) {
  SmallVector<LinalgOp> loops;
  // What needs a loop's results has to wait, and what they are in.
  llvm::DenseSet<Value> late, written;
  for (Operation *op = first; op; op = op->getNextNode()) {
    if (auto loop = dyn_cast<LinalgOp>(op)) {
      if (getRowLength(loop) != getRowLength(first) || uses(op, late, written))
        break;
      loops.push_back(loop);
      cloned.insert(op);
      for (Value init : loop.getDpsInits())
        if (!ownBuffers.contains(init.getDefiningOp()))
          written.insert(getRoot(init));
      continue;
    }
    bool mustWait = uses(op, late, written);
    if (isStart(op) ? mustWait : !canMove(op))
      break;
    if (mustWait) {
      late.insert(op->result_begin(), op->result_end());
    } else {
      clone(*op);
      cloned.insert(op);
    }
  }
  return loops;
}

SmallVector<LinalgOp> EventKernel::getRepeated(ArrayRef<LinalgOp> loops) const {
  llvm::DenseSet<Value> needed;
  auto require = [&](LinalgOp loop) {
    for (Value input : loop.getDpsInputs())
      if (ownBuffers.contains(input.getDefiningOp()))
        needed.insert(input);
  };
  for (LinalgOp loop : loops)
    require(loop);
  SmallVector<LinalgOp> repeated;
  for (LinalgOp producer : llvm::reverse(producers)) {
    if (llvm::none_of(producer.getDpsInits(),
                      [&](Value init) { return needed.contains(init); }))
      continue;
    repeated.push_back(producer);
    require(producer);
  }
  std::reverse(repeated.begin(), repeated.end());
  return repeated;
}

//===----------------------------------------------------------------------===//
// Code
//===----------------------------------------------------------------------===//

SmallVector<Value> EventKernel::forEachElement(
    OpFoldResult length, ValueRange carried,
    llvm::function_ref<SmallVector<Value>(Value, Value, ValueRange)> build) {
  IndexBuilder &b = kernel->b;
  int64_t members = getNumMembers();
  Value first = byThread ? b.index(0) : kernel->thread;
  SmallVector<Value> values(carried);
  if (fitsRegisters(length)) {
    int64_t known = *getConstantIntValue(length);
    for (int64_t i = 0; i * members < known; ++i) {
      Value place = b.index(i), index = b.add(first, b.index(i * members));
      if ((i + 1) * members <= known) {
        values = build(index, place, values);
        continue;
      }
      auto choice = scf::IfOp::create(b, carried.getTypes(),
                                      b.isLess(index, b.index(known)),
                                      /*withElseRegion=*/!carried.empty());
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(choice.thenBlock());
      SmallVector<Value> next = build(index, place, values);
      if (carried.empty())
        continue;
      scf::YieldOp::create(b, next);
      b.setInsertionPointToEnd(choice.elseBlock());
      scf::YieldOp::create(b, values);
      values.assign(choice.result_begin(), choice.result_end());
    }
    return values;
  }
  Value end;
  if (auto value = dyn_cast<Value>(length))
    end =
        mapping.contains(value) ? mapping.lookup(value) : kernel->import(value);
  else
    end = b.index(*getConstantIntValue(length));
  Value place = b.index(0), step = b.index(members);
  Value group = b.index(members * rowUnroll);
  Value together = b.multiply(b.divide(end, group), group);
  values = b.loop(
      first, together, group, values, [&](Value index, ValueRange before) {
        SmallVector<Value> next(before);
        for (int64_t i = 0; i != rowUnroll; ++i)
          next = build(b.add(index, b.index(i * members)), place, next);
        return next;
      });
  return b.loop(b.add(first, together), end, step, values,
                [&](Value index, ValueRange before) {
                  return build(index, place, before);
                });
}

GenericOp EventKernel::cloneLoop(LinalgOp op) {
  for (OpOperand &operand : op->getOpOperands())
    if (!mapping.contains(operand.get()))
      mapping.map(operand.get(), kernel->import(operand.get()));
  for (Region &region : op->getRegions())
    kernel->import(region, mapping);
  // Its values are new each time that it is cloned.
  IRMapping local = mapping;
  return cast<GenericOp>(kernel->b.clone(*op, local));
}

void EventKernel::distributeRow(ArrayRef<LinalgOp> ops, OpFoldResult length) {
  IndexBuilder &b = kernel->b;
  SmallVector<LinalgOp> all;
  if (!fitsRegisters(length) && repeats) {
    all = getRepeated(ops);
    llvm::append_range(producers, ops);
  }
  unsigned numRepeated = all.size();
  llvm::append_range(all, ops);
  SmallVector<GenericOp> loops;
  SmallVector<KernelLoop> bodies;
  SmallVector<SmallVector<Reduction>> reductions;
  SmallVector<Reduction> found;
  IRMapping same;
  bool writesShared = false;
  for (auto [i, op] : llvm::enumerate(all)) {
    GenericOp loop = loops.emplace_back(cloneLoop(op));
    bodies.emplace_back(loop, b, same);
    (void)KernelLoop::analyze(loop, reductions.emplace_back());
    if (i < numRepeated)
      continue;
    llvm::append_range(found, reductions.back());
    writesShared |=
        !byThread && !llvm::all_of(loop.getDpsInits(),
                                   [&](Value init) { return isPrivate(init); });
  }
  if (isRead && writesShared)
    wait();
  SmallVector<Value> totals = forEachElement(
      length, getNeutral(b, found),
      [&](Value index, Value place, ValueRange values) {
        SmallVector<Value> next;
        for (unsigned i = 0, e = all.size(); i != e; ++i) {
          bodies[i].setOwn(ownInRegisters, place);
          if (i < numRepeated) {
            bodies[i].buildIteration(index, reductions[i],
                                     getNeutral(b, reductions[i]));
            continue;
          }
          ValueRange mine = values.slice(next.size(), reductions[i].size());
          llvm::append_range(
              next, bodies[i].buildIteration(index, reductions[i], mine));
        }
        return next;
      });
  if (!byThread)
    totals = kernel->combineThreads(found, totals);
  if (writesShared)
    wait();
  auto *total = totals.begin();
  for (unsigned i = numRepeated, e = all.size(); i != e; ++i)
    for (const Reduction &reduction : reductions[i])
      finish(bodies[i], reduction, *total++, b.index(0));
  for (GenericOp loop : loops)
    loop.erase();
}
