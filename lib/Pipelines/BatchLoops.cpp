//===- BatchLoops.cpp - One parallel loop for many small ones -------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Upstream fuses neighbouring parallel loops of the same bounds, iteration by
// iteration, which makes one iteration of many loops of one; and LLVM can merge
// neighbouring parallel regions of OpenMP, whose loops are shared out each by
// itself, so that the first thread gets all that have one iteration. Here
// iterations stay what they are; those of many loops are shared out together.
//
// Operations get slots, the earliest that what they depend on allows. The
// operations of an even slot run in their order, the loops of an odd one are
// independent. Dependences are found by what each buffer was last read and
// written by, so all of it takes time in proportion to the block.
//
//===----------------------------------------------------------------------===//

#include "fisher/IR/Marks.h"
#include "fisher/Pipelines/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/MemRef/Utils/MemRefUtils.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/SmallPtrSet.h"

#include <map>

namespace mlir::fisher {
#define GEN_PASS_DEF_FISHERBATCHLOOPS
#include "fisher/Pipelines/Passes.h.inc"
} // namespace mlir::fisher

using namespace mlir;
using namespace mlir::fisher;

/// What is worth waking a thread for: some 10 us.
static constexpr int64_t chunkWork = 1000000;
/// Loops with more work, and operations on more elements, stay in their order:
/// to move them would keep large buffers for longer, and gain little.
static constexpr int64_t maxWork = 64 * chunkWork, maxElements = 1 << 20;
/// The code of one parallel loop is one function for LLVM, and each thread
/// looks at all of its parts.
static constexpr size_t maxLoops = 64;

//===----------------------------------------------------------------------===//
// Small loops
//===----------------------------------------------------------------------===//

/// How much work a loop says it is.
static int64_t getWork(scf::ParallelOp loop) {
  return loop->getAttrOfType<IntegerAttr>(marks::work).getInt();
}

static int64_t getNumIterations(scf::ParallelOp loop) {
  return *getConstantIntValue(loop.getUpperBound().front());
}

/// The work of each iteration; all are taken to be alike.
static int64_t getIterationWork(scf::ParallelOp loop) {
  return llvm::divideCeil(getWork(loop), getNumIterations(loop));
}

/// The operation as a loop that others may share threads with; null if it is
/// none.
static scf::ParallelOp getSmallLoop(Operation *op) {
  auto loop = dyn_cast<scf::ParallelOp>(op);
  if (!loop || !loop->hasAttr(marks::work) || getWork(loop) > maxWork ||
      loop.getNumLoops() != 1 || loop.getNumReductions() != 0)
    return {};
  std::optional<int64_t> upper =
      getConstantIntValue(loop.getUpperBound().front());
  if (!isConstantIntValue(loop.getLowerBound().front(), 0) ||
      !isConstantIntValue(loop.getStep().front(), 1) || !upper || *upper < 1)
    return {};
  return loop;
}

static int64_t getTotalWork(ArrayRef<scf::ParallelOp> loops) {
  int64_t work = 0;
  for (scf::ParallelOp loop : loops)
    work += getIterationWork(loop) * getNumIterations(loop);
  return work;
}

/// How many chunks the work of loops is worth; 1 if it is for one thread.
static int64_t getNumChunks(ArrayRef<scf::ParallelOp> loops) {
  int64_t iterations = 0;
  for (scf::ParallelOp loop : loops)
    iterations += getNumIterations(loop);
  return std::clamp<int64_t>(getTotalWork(loops) / chunkWork, 1, iterations);
}

/// Makes one loop of independent ones that are side by side. Its iterations are
/// chunks of about the same work: those iterations, of any of the loops, that
/// start within it if all run one after the other.
static void merge(ArrayRef<scf::ParallelOp> loops) {
  int64_t work = getTotalWork(loops);
  int64_t size = llvm::divideCeil(work, getNumChunks(loops));

  OpBuilder b(loops.front());
  SmallVector<Location> locations;
  for (scf::ParallelOp loop : loops)
    locations.push_back(loop.getLoc());
  Location loc = b.getFusedLoc(locations);
  auto index = [&](int64_t number) -> Value {
    return arith::ConstantIndexOp::create(b, loc, number);
  };
  auto chunks = scf::ParallelOp::create(
      b, loc, ValueRange(index(0)),
      ValueRange(index(llvm::divideCeil(work, size))), ValueRange(index(1)));
  b.setInsertionPointToStart(chunks.getBody());
  Value from = arith::MulIOp::create(b, loc, chunks.getInductionVars().front(),
                                     index(size));
  Value to = arith::AddIOp::create(b, loc, from, index(size));
  auto isLess = [&](Value x, Value y) -> Value {
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, x, y);
  };
  int64_t start = 0;
  for (scf::ParallelOp loop : loops) {
    int64_t iterations = getNumIterations(loop), each = getIterationWork(loop);
    int64_t end = start + iterations * each;
    // The number of iterations that start before `at`.
    auto countBefore = [&](Value at) -> Value {
      Value inside = arith::SubIOp::create(
          b, loc, arith::MaxUIOp::create(b, loc, at, index(start)),
          index(start - each + 1));
      Value count = arith::DivUIOp::create(b, loc, inside, index(each));
      return arith::MinUIOp::create(b, loc, count, index(iterations));
    };
    Value overlaps = arith::AndIOp::create(b, loc, isLess(from, index(end)),
                                           isLess(index(start), to));
    OpBuilder::InsertionGuard guard(b);
    auto part = scf::IfOp::create(b, loc, overlaps, /*withElseRegion=*/false);
    b.setInsertionPointToStart(part.thenBlock());
    auto run = scf::ForOp::create(b, loop.getLoc(), countBefore(from),
                                  countBefore(to), index(1));
    Block *body = loop.getBody();
    body->getArgument(0).replaceAllUsesWith(run.getInductionVar());
    run.getBody()->getOperations().splice(run.getBody()->begin(),
                                          body->getOperations(), body->begin(),
                                          std::prev(body->end()));
    loop.erase();
    start = end;
  }
}

//===----------------------------------------------------------------------===//
// Effects
//===----------------------------------------------------------------------===//

namespace {
/// What stands for all buffers that may share memory with each other; null
/// stands for those that may share memory with any.
using Memory = const void *;

/// What an operation does, with all operations in it.
struct Effects {
  llvm::SmallPtrSet<Memory, 8> read, written;
  /// Whether there may be others.
  bool isUnknown = false;
  /// Whether some are of large buffers, or of such as may be.
  bool isLarge = false;
};
} // namespace

static Memory getMemory(Value name, bool distinctArguments) {
  Value buffer = memref::skipViewLikeOps(cast<MemrefValue>(name));
  if (auto global = buffer.getDefiningOp<memref::GetGlobalOp>())
    return global.getNameAttr().getAsOpaquePointer();
  if (auto argument = dyn_cast<BlockArgument>(buffer)) {
    Block *block = argument.getOwner();
    if (!block->isEntryBlock() || !isa<func::FuncOp>(block->getParentOp()))
      return nullptr;
    return distinctArguments ? buffer.getAsOpaquePointer() : block;
  }
  bool isNew =
      hasEffect<MemoryEffects::Allocate>(buffer.getDefiningOp(), buffer);
  return isNew ? buffer.getAsOpaquePointer() : nullptr;
}

static Effects getEffects(Operation *op, bool distinctArguments) {
  Effects effects;
  op->walk([&](Operation *nested) {
    // A hint.
    if (isa<memref::PrefetchOp>(nested) ||
        nested->hasTrait<OpTrait::HasRecursiveMemoryEffects>())
      return;
    auto interface = dyn_cast<MemoryEffectOpInterface>(nested);
    if (!interface) {
      effects.isUnknown = true;
      return;
    }
    SmallVector<MemoryEffects::EffectInstance> instances;
    interface.getEffects(instances);
    for (const MemoryEffects::EffectInstance &instance : instances) {
      if (isa<MemoryEffects::Allocate>(instance.getEffect()))
        continue;
      Value buffer = instance.getValue();
      auto type = buffer ? dyn_cast<MemRefType>(buffer.getType()) : nullptr;
      if (!type) {
        effects.isUnknown = true;
        continue;
      }
      if (!type.hasStaticShape() || type.getNumElements() > maxElements)
        effects.isLarge = true;
      bool isRead = isa<MemoryEffects::Read>(instance.getEffect());
      (isRead ? effects.read : effects.written)
          .insert(getMemory(buffer, distinctArguments));
    }
  });
  return effects;
}

//===----------------------------------------------------------------------===//
// Slots
//===----------------------------------------------------------------------===//

static bool isSerial(int64_t slot) { return slot % 2 == 0; }

namespace {
/// The slots of a block's operations.
class Schedule {
public:
  Schedule(Block &block, bool distinctArguments)
      : block(block), distinctArguments(distinctArguments) {}

  /// Gives each operation but the last its slot.
  void run() {
    for (Operation &op : block.without_terminator()) {
      int64_t slot = getFirst(op);
      slots[&op] = slot;
      last = std::max(last, slot);
    }
    // What takes no time but room waits until it is needed.
    for (Operation &op : llvm::reverse(block.without_terminator()))
      if (isMemoryEffectFree(&op) || isa<memref::AllocOp>(op))
        delay(op);
  }

  int64_t get(Operation *op) const { return slots.lookup(op); }

private:
  struct Uses {
    int64_t read = 0, write = 0;
  };

  /// The first slot in which an operation may be, after all that are before it
  /// in the block.
  int64_t getFirst(Operation &op);
  /// Moves an operation to just before the first that uses it.
  void delay(Operation &op);

  Block &block;
  bool distinctArguments;
  llvm::DenseMap<Operation *, int64_t> slots;
  llvm::DenseMap<Memory, Uses> uses;
  /// The last slots that have something: at all, that uses memory, that is
  /// large, and that nothing may be moved across.
  int64_t last = 0, large = 0, barrier = 0;
  Uses all;
};
} // namespace

int64_t Schedule::getFirst(Operation &op) {
  int64_t after = barrier;
  op.walk([&](Operation *nested) {
    for (Value operand : nested->getOperands())
      if (Operation *definition = operand.getDefiningOp();
          definition && definition->getBlock() == &block)
        after = std::max(after, slots.lookup(definition));
  });
  Effects effects = getEffects(&op, distinctArguments);
  if (effects.isUnknown)
    after = last;
  Uses any = uses.lookup(nullptr);
  auto getUses = [&](Memory memory) {
    return memory ? uses.lookup(memory) : all;
  };
  for (Memory memory : effects.read)
    after = std::max({after, any.write, getUses(memory).write});
  for (Memory memory : effects.written) {
    Uses own = getUses(memory);
    after = std::max({after, any.write, own.write, any.read, own.read});
  }
  bool isLoop = static_cast<bool>(getSmallLoop(&op));
  if (effects.isLarge && !isLoop)
    after = std::max(after, large);
  int64_t slot = after + 1;
  if (isSerial(slot) == isLoop)
    slot += isLoop ? 1 : -1;
  if (effects.isUnknown)
    barrier = slot;
  if (effects.isLarge && !isLoop)
    large = slot;
  for (Memory memory : effects.read)
    for (Uses *known : {&uses[memory], &all})
      known->read = std::max(known->read, slot);
  for (Memory memory : effects.written)
    for (Uses *known : {&uses[memory], &all})
      known->write = std::max(known->write, slot);
  return slot;
}

void Schedule::delay(Operation &op) {
  std::optional<int64_t> first;
  for (Operation *user : op.getUsers()) {
    Operation *ancestor = block.findAncestorOpInBlock(*user);
    int64_t slot =
        ancestor && ancestor != block.getTerminator() ? get(ancestor) : last;
    first = std::min(first.value_or(slot), slot);
  }
  if (first)
    slots[&op] = isSerial(*first) ? *first : *first - 1;
}

/// Merges the loops of each slot, in parts; leaves the block as it is if there
/// are none that are worth it. Returns how many it merged.
static int64_t batchLoops(Block &block, bool distinctArguments) {
  Schedule schedule(block, distinctArguments);
  schedule.run();

  std::map<int64_t, SmallVector<Operation *>> slots;
  for (Operation &op : block.without_terminator())
    slots[schedule.get(&op)].push_back(&op);
  SmallVector<SmallVector<scf::ParallelOp>> batches;
  for (auto &[slot, ops] : slots) {
    if (isSerial(slot))
      continue;
    SmallVector<scf::ParallelOp> loops = llvm::map_to_vector(
        ops, [](Operation *op) { return cast<scf::ParallelOp>(op); });
    size_t parts = llvm::divideCeil(loops.size(), maxLoops);
    for (size_t part = 0; part != parts; ++part) {
      size_t start = loops.size() * part / parts;
      size_t end = loops.size() * (part + 1) / parts;
      ArrayRef<scf::ParallelOp> batch =
          ArrayRef(loops).slice(start, end - start);
      if (batch.size() > 1 && getNumChunks(batch) > 1)
        batches.emplace_back(batch);
    }
  }
  if (batches.empty())
    return 0;

  for (auto &[slot, ops] : slots)
    for (Operation *op : ops)
      op->moveBefore(block.getTerminator());
  int64_t numMerged = 0;
  for (ArrayRef<scf::ParallelOp> batch : batches) {
    numMerged += batch.size();
    merge(batch);
  }
  return numMerged;
}

namespace {
struct BatchLoops : fisher::impl::FisherBatchLoopsBase<BatchLoops> {
  using Base::Base;

  void runOnOperation() override {
    llvm::SetVector<Block *> blocks;
    getOperation().walk([&](scf::ParallelOp loop) {
      if (getSmallLoop(loop))
        blocks.insert(loop->getBlock());
    });
    for (Block *block : blocks)
      numBatched += batchLoops(*block, distinctArguments);
  }
};
} // namespace
