//===- DestinationSchedule.h - Readers before writers -----------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_TRANSFORMS_DESTINATIONSCHEDULE_H
#define FISHER_LIB_TRANSFORMS_DESTINATIONSCHEDULE_H

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/IR/PatternMatch.h"

#include <queue>
#include <set>

namespace mlir::fisher {

/// A result that is written into an argument.
struct DestinationTarget {
  DestinationTarget(unsigned result, BlockArgument buffer, bool isUpdate,
                    bufferization::MaterializeInDestinationOp store)
      : result(result), buffer(buffer), isUpdate(isUpdate), store(store) {}

  unsigned result;
  BlockArgument buffer;
  bool isUpdate;
  /// Puts the result there; null where the result is the argument itself.
  bufferization::MaterializeInDestinationOp store;
  /// The argument, in the shape that the result has before it is reshaped for
  /// the store.
  Value view;
  /// The operation that is the first to write the memory that the result ends
  /// up in, and the number of its result; null where that memory cannot be the
  /// argument's.
  Operation *first = nullptr;
  unsigned firstResult = 0;
  /// The operations from the first to the one that computes the result.
  SmallVector<Operation *> chain;
  /// Operations that have to come before the argument is written.
  unsigned numPendingReaders = 0;

  /// What writes the argument.
  Operation *getWriter() { return first ? first : store; }
};

/// A copy of `value`, made before `op`.
Value createCopy(RewriterBase &rewriter, Operation *op, Value value);

/// Puts the operations of a block into an order in which what reads an argument
/// comes before what writes it, and what came first stays first otherwise.
///
/// Where two arguments wait for each other, what computes one of them is
/// demoted: it gets memory of its own, and the store copies. If it is the
/// stores that wait, one stores a copy made before.
class DestinationSchedule {
public:
  DestinationSchedule(Block *body, RewriterBase &rewriter)
      : body(body), rewriter(rewriter) {}

  void addReader(Operation *reader, DestinationTarget &target) {
    if (!readers.insert({reader, &target}).second)
      return;
    reads[reader].push_back(&target);
    ++target.numPendingReaders;
  }

  void run(MutableArrayRef<DestinationTarget> targets) {
    for (DestinationTarget &target : targets)
      written[target.getWriter()].push_back(&target);
    addDependences();
    while (!ready.empty() || !blocked.empty()) {
      if (ready.empty())
        breakCycle();
      unsigned place = ready.top();
      ready.pop();
      append(operations[place]);
    }
    for (Operation *op : order)
      op->moveBefore(body->getTerminator());
  }

private:
  void addDependences();
  void breakCycle();
  void copySource(DestinationTarget &target);

  bool isBlocked(Operation *op) {
    auto it = written.find(op);
    return it != written.end() &&
           llvm::any_of(it->second, [&](DestinationTarget *target) {
             return target->getWriter() == op && target->numPendingReaders > 0;
           });
  }

  /// Lets an operation come that follows nothing any more but readers.
  void release(Operation *op) {
    if (isBlocked(op))
      blocked.insert(places[op]);
    else
      ready.push(places[op]);
  }

  void unblock(Operation *op) {
    if (blocked.count(places.lookup(op)) != 0 && !isBlocked(op)) {
      blocked.erase(places[op]);
      ready.push(places[op]);
    }
  }

  void forgetReads(Operation *op) {
    for (DestinationTarget *target : std::exchange(reads[op], {}))
      if (--target->numPendingReaders == 0)
        unblock(target->getWriter());
  }

  void append(Operation *op) {
    order.push_back(op);
    forgetReads(op);
    for (Operation *follower : followers[op])
      if (--numPending[follower] == 0)
        release(follower);
  }

  Block *body;
  RewriterBase &rewriter;
  /// The operations as they were, and the place of each.
  SmallVector<Operation *> operations;
  DenseMap<Operation *, unsigned> places;
  /// For each operation: how many others must come before it, and those that
  /// must come after it.
  DenseMap<Operation *, unsigned> numPending;
  DenseMap<Operation *, SmallVector<Operation *>> followers;
  /// The targets whose argument an operation reads, and those it writes.
  DenseMap<Operation *, SmallVector<DestinationTarget *>> reads, written;
  DenseSet<std::pair<Operation *, DestinationTarget *>> readers;
  /// Places of operations that can come next, and of those that wait for
  /// readers only.
  std::priority_queue<unsigned, std::vector<unsigned>, std::greater<unsigned>>
      ready;
  std::set<unsigned> blocked;
  SmallVector<Operation *> order;
};

} // namespace mlir::fisher

#endif // FISHER_LIB_TRANSFORMS_DESTINATIONSCHEDULE_H
