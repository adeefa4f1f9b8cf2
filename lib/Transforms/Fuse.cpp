//===- Fuse.cpp - One loop for what reads the same tensors ----------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Upstream's elementwise fusion takes producers into their consumers. What it
// leaves to this pass: loops that share inputs but not results, producers that
// sum something on the way, and producers whose results are needed elsewhere.
//
//===----------------------------------------------------------------------===//

#include "fisher/Transforms/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/SmallVectorExtras.h"

namespace mlir::fisher {
#define GEN_PASS_DEF_FISHERFUSE
#include "fisher/Transforms/Passes.h.inc"
} // namespace mlir::fisher

using namespace mlir;
using linalg::GenericOp;

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

/// Whether every result of a loop has one element for each iteration, or one
/// element in all.
static bool isFusable(GenericOp loop) {
  if (!loop.hasPureTensorSemantics() || loop.getNumLoops() == 0)
    return false;
  for (AffineMap map : loop.getIndexingMapsArray())
    if (!map.isProjectedPermutation())
      return false;
  for (OpOperand &init : loop.getDpsInitsMutable()) {
    AffineMap map = loop.getMatchingIndexingMap(&init);
    if (!map.isIdentity() && map.getNumResults() != 0)
      return false;
  }
  return llvm::all_of(loop.getBlock()->without_terminator(),
                      [](Operation &op) { return isMemoryEffectFree(&op); });
}

/// The operands with one element for each iteration.
static llvm::SmallPtrSet<Value, 8> getDenseOperands(GenericOp loop) {
  llvm::SmallPtrSet<Value, 8> dense;
  for (OpOperand &operand : loop->getOpOperands())
    if (loop.getMatchingIndexingMap(&operand).isIdentity())
      dense.insert(operand.get());
  return dense;
}

/// Whether `second` reads, element by element, what `first` reads or makes:
/// then they are over the same range, whether or not its size is known.
static bool readsTheSame(GenericOp first, GenericOp second) {
  if (first.getNumLoops() != second.getNumLoops())
    return false;
  llvm::SmallPtrSet<Value, 8> dense = getDenseOperands(first);
  for (OpOperand *input : second.getDpsInputOperands()) {
    if (!second.getMatchingIndexingMap(input).isIdentity())
      continue;
    if (dense.contains(input->get()) || input->get().getDefiningOp() == first)
      return true;
  }
  return false;
}

/// Whether all that `second` uses of `first` is, at each iteration, what that
/// made at the same.
static bool usesElementwise(GenericOp first, GenericOp second) {
  return llvm::all_of(second->getOpOperands(), [&](OpOperand &operand) {
    if (operand.get().getDefiningOp() != first)
      return true;
    return second.isDpsInput(&operand) &&
           second.getMatchingIndexingMap(&operand).isIdentity() &&
           first.getIndexingMapMatchingResult(cast<OpResult>(operand.get()))
               .isIdentity();
  });
}

/// Bodies with more operations than this fill a processor's queue by
/// themselves.
static constexpr int64_t longBody = 32;

/// Whether sums of what `first` makes are better in a loop of their own: in a
/// loop around both, what they read is in the cache, while their registers
/// would be missed in the long body of the first, and its iterations would wait
/// for each other.
static bool areSumsApart(GenericOp first, GenericOp sums) {
  auto reads = [&](Value value) { return value.getDefiningOp() == first; };
  return sums->getParentOfType<LoopLikeOpInterface>() &&
         sums.getNumParallelLoops() == 0 &&
         llvm::any_of(sums.getDpsInputs(), reads) &&
         static_cast<int64_t>(first.getBlock()->getOperations().size()) >
             longBody;
}

/// The operations between two loops of a block that depend on the first, in
/// their order; none if one of them cannot be after the second.
static FailureOr<SmallVector<Operation *>> collectBetween(GenericOp first,
                                                          GenericOp second) {
  Block *block = first->getBlock();
  llvm::SetVector<Operation *> between;
  SmallVector<Operation *> worklist = {first};
  while (!worklist.empty()) {
    Operation *op = worklist.pop_back_val();
    for (Operation *direct : op->getUsers()) {
      Operation *user = block->findAncestorOpInBlock(*direct);
      if (user == second) {
        // The body may read a result at any index.
        if (op != first || direct != second)
          return failure();
        continue;
      }
      if (second->isBeforeInBlock(user) || !between.insert(user))
        continue;
      if (!isMemoryEffectFree(user))
        return failure();
      worklist.push_back(user);
    }
  }
  SmallVector<Operation *> sorted = between.takeVector();
  llvm::sort(sorted,
             [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  return sorted;
}

//===----------------------------------------------------------------------===//
// Fusion
//===----------------------------------------------------------------------===//

namespace {
/// Two loops on their way into one.
class Merger {
public:
  Merger(GenericOp first, GenericOp second)
      : builder(second), first(first), second(second) {}

  /// Builds the loop before the second one and replaces both.
  GenericOp merge();

private:
  /// Whether a result of the first loop is needed outside of the second.
  bool isKept(OpResult result) const {
    return llvm::any_of(result.getUsers(),
                        [&](Operation *user) { return user != second; });
  }

  void addInput(Value value, AffineMap map);
  void addOperands(GenericOp loop);
  void keepRange();
  /// The body's argument for an operand of one of the loops.
  Value getArgument(GenericOp loop, OpOperand &operand) const;
  void moveBody(GenericOp loop);

  OpBuilder builder;
  GenericOp first, second;
  SmallVector<std::pair<Value, AffineMap>> inputs, outputs;
  /// Of each output: the loop that has it, and which result it is.
  SmallVector<OpResult> results;
  SmallVector<Value> yielded;
  IRMapping mapping;
  Block *body = nullptr;
};
} // namespace

void Merger::addInput(Value value, AffineMap map) {
  if (!llvm::is_contained(inputs, std::pair(value, map)))
    inputs.emplace_back(value, map);
}

void Merger::addOperands(GenericOp loop) {
  for (OpOperand *input : loop.getDpsInputOperands())
    if (input->get().getDefiningOp() != first)
      addInput(input->get(), loop.getMatchingIndexingMap(input));
  for (OpOperand &init : loop.getDpsInitsMutable()) {
    OpResult result = loop.getTiedOpResult(&init);
    // A sum goes on from iteration to iteration, needed or not.
    if (loop == second || isKept(result) ||
        !loop.getMatchingIndexingMap(&init).isIdentity()) {
      outputs.emplace_back(init.get(), loop.getMatchingIndexingMap(&init));
      results.push_back(result);
    } else if (!loop.getMatchingBlockArgument(&init).use_empty()) {
      addInput(init.get(), loop.getMatchingIndexingMap(&init));
    }
  }
}

/// Where the first loop reads nothing element by element, what it wrote tells
/// over what the loop is.
void Merger::keepRange() {
  auto isDense = [](const std::pair<Value, AffineMap> &operand) {
    return operand.second.isIdentity();
  };
  if (llvm::any_of(inputs, isDense) || llvm::any_of(outputs, isDense))
    return;
  for (OpOperand &init : first.getDpsInitsMutable())
    if (first.getMatchingIndexingMap(&init).isIdentity())
      return addInput(init.get(), first.getMatchingIndexingMap(&init));
}

Value Merger::getArgument(GenericOp loop, OpOperand &operand) const {
  if (!loop.isDpsInput(&operand)) {
    OpResult result = loop.getTiedOpResult(&operand);
    const auto *output = llvm::find(results, result);
    if (output != results.end())
      return body->getArgument(inputs.size() + (output - results.begin()));
  }
  const auto *input = llvm::find(
      inputs, std::pair(operand.get(), loop.getMatchingIndexingMap(&operand)));
  return input == inputs.end() ? Value()
                               : body->getArgument(input - inputs.begin());
}

void Merger::moveBody(GenericOp loop) {
  for (OpOperand &operand : loop->getOpOperands()) {
    BlockArgument argument = loop.getMatchingBlockArgument(&operand);
    if (operand.get().getDefiningOp() == first) {
      auto yield = cast<linalg::YieldOp>(first.getBlock()->getTerminator());
      unsigned number = cast<OpResult>(operand.get()).getResultNumber();
      mapping.map(argument, mapping.lookup(yield.getOperand(number)));
    } else if (Value value = getArgument(loop, operand)) {
      mapping.map(argument, value);
    }
  }
  for (Operation &op : loop.getBlock()->without_terminator())
    builder.clone(op, mapping);
  // What is yielded may come from outside.
  auto yield = cast<linalg::YieldOp>(loop.getBlock()->getTerminator());
  for (Value value : yield.getOperands())
    mapping.map(value, mapping.lookupOrDefault(value));
}

GenericOp Merger::merge() {
  addOperands(first);
  addOperands(second);
  keepRange();

  SmallVector<Value> ins, outs;
  SmallVector<AffineMap> maps;
  for (auto [value, map] : inputs) {
    ins.push_back(value);
    maps.push_back(map);
  }
  bool sums = false;
  for (auto [value, map] : outputs) {
    outs.push_back(value);
    maps.push_back(map);
    sums |= !map.isIdentity();
  }
  SmallVector<utils::IteratorType> iterators(
      second.getNumLoops(),
      sums ? utils::IteratorType::reduction : utils::IteratorType::parallel);
  Location loc = builder.getFusedLoc({first.getLoc(), second.getLoc()});
  auto merged = GenericOp::create(
      builder, loc, ValueRange(outs).getTypes(), ins, outs, maps, iterators,
      [&](OpBuilder &nested, Location bodyLoc, ValueRange arguments) {
        OpBuilder::InsertionGuard guard(builder);
        body = nested.getInsertionBlock();
        builder.setInsertionPointToEnd(body);
        moveBody(first);
        moveBody(second);
        SmallVector<Value> values;
        for (OpResult result : results) {
          auto loop = cast<GenericOp>(result.getOwner());
          auto yield = cast<linalg::YieldOp>(loop.getBlock()->getTerminator());
          values.push_back(
              mapping.lookup(yield.getOperand(result.getResultNumber())));
        }
        linalg::YieldOp::create(builder, bodyLoc, values);
      });
  for (auto [old, value] : llvm::zip_equal(results, merged.getResults()))
    old.replaceAllUsesWith(value);
  second->erase();
  first->erase();
  return merged;
}

/// The loops before `loop` in its block that read or make what it reads, the
/// last first.
static SmallVector<GenericOp> getPartners(GenericOp loop) {
  llvm::SmallSetVector<Operation *, 8> found;
  auto add = [&](Operation *op) {
    if (op && op != loop && op->getBlock() == loop->getBlock() &&
        isa<GenericOp>(op) && op->isBeforeInBlock(loop))
      found.insert(op);
  };
  for (OpOperand *input : loop.getDpsInputOperands()) {
    add(input->get().getDefiningOp());
    for (Operation *user : input->get().getUsers())
      add(user);
  }
  SmallVector<Operation *> sorted = found.takeVector();
  llvm::sort(sorted,
             [](Operation *a, Operation *b) { return b->isBeforeInBlock(a); });
  return llvm::map_to_vector(sorted,
                             [](Operation *op) { return cast<GenericOp>(op); });
}

/// Makes one of `loop` and a loop before it, if there is one that it may be one
/// with.
static GenericOp fuseWithPartner(GenericOp loop) {
  for (GenericOp partner : getPartners(loop)) {
    if (!isFusable(partner) || !readsTheSame(partner, loop) ||
        !usesElementwise(partner, loop) || areSumsApart(partner, loop))
      continue;
    FailureOr<SmallVector<Operation *>> between = collectBetween(partner, loop);
    if (failed(between))
      continue;
    for (Operation *op : llvm::reverse(*between))
      op->moveAfter(loop);
    return Merger(partner, loop).merge();
  }
  return nullptr;
}

namespace {
struct Fuse : fisher::impl::FisherFuseBase<Fuse> {
  void runOnOperation() override {
    getOperation()->walk([&](Block *block) {
      for (Operation *op = block->empty() ? nullptr : &block->front(); op;) {
        auto loop = dyn_cast<GenericOp>(op);
        while (loop && isFusable(loop)) {
          GenericOp fused = fuseWithPartner(loop);
          if (!fused)
            break;
          ++numFused;
          loop = fused;
          op = fused;
        }
        op = op->getNextNode();
      }
    });
  }
};
} // namespace
