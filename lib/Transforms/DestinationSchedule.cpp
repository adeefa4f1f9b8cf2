//===- DestinationSchedule.cpp - Readers before writers -------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DestinationSchedule.h"

#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;
using namespace mlir::fisher;

Value mlir::fisher::createCopy(RewriterBase &rewriter, Operation *op,
                               Value value) {
  rewriter.setInsertionPoint(op);
  return bufferization::AllocTensorOp::create(
      rewriter, op->getLoc(), cast<RankedTensorType>(value.getType()),
      /*dynamicSizes=*/ValueRange(), /*copy=*/value);
}

/// An operation follows those whose results it uses, and the last one before it
/// that has an effect.
void DestinationSchedule::addDependences() {
  Operation *lastEffect = nullptr;
  auto addDependence = [&](Operation *before, Operation *after) {
    followers[before].push_back(after);
    ++numPending[after];
  };
  for (Operation &op : body->without_terminator()) {
    places[&op] = operations.size();
    operations.push_back(&op);
    op.walk([&](Operation *nested) {
      for (Value operand : nested->getOperands())
        if (Operation *source = operand.getDefiningOp())
          if (source->getBlock() == body)
            addDependence(source, &op);
    });
    if (lastEffect)
      addDependence(lastEffect, &op);
    if (!isMemoryEffectFree(&op))
      lastEffect = &op;
  }
  for (Operation *op : operations)
    if (numPending[op] == 0)
      release(op);
}

void DestinationSchedule::breakCycle() {
  for (unsigned place : blocked) {
    Operation *op = operations[place];
    bool isDemoted = false;
    for (DestinationTarget *target :
         SmallVector<DestinationTarget *>(written[op]))
      if (target->first == op && target->numPendingReaders > 0) {
        target->first = nullptr;
        written[target->store].push_back(target);
        isDemoted = true;
      }
    if (isDemoted) {
      unblock(op);
      return;
    }
  }
  for (unsigned place : blocked) {
    Operation *op = operations[place];
    if (!reads[op].empty())
      return copySource(*written[op].front());
  }
  llvm_unreachable("only readers of arguments are waited for");
}

void DestinationSchedule::copySource(DestinationTarget &target) {
  Value copy = createCopy(rewriter, target.store, target.store.getSource());
  target.store.getSourceMutable().assign(copy);
  order.push_back(copy.getDefiningOp());
  forgetReads(target.store);
}
