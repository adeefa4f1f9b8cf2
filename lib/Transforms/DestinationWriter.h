//===- DestinationWriter.h - Write results into arguments -------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_TRANSFORMS_DESTINATIONWRITER_H
#define FISHER_LIB_TRANSFORMS_DESTINATIONWRITER_H

#include "DestinationSchedule.h"
#include "fisher/Transforms/Destinations.h"

#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace mlir::fisher {

/// Rewrites a function so that its results are written into arguments.
class DestinationWriter {
public:
  DestinationWriter(func::FuncOp function, ArrayRef<Destination> destinations)
      : function(function), body(&function.getBody().front()),
        terminator(body->getTerminator()), destinations(destinations),
        rewriter(function.getContext()), analysis(options) {}

  void run() {
    addArguments();
    addStores();
    separateFills();
    for (DestinationTarget &target : targets)
      findFirstWriter(target);
    orderReadersBeforeWriters();
    for (DestinationTarget &target : targets) {
      if (target.first)
        writeInPlace(target);
      else
        checkSizes(target, target.store.getSource());
    }
    dropResults();
  }

private:
  void addArguments();
  void addStores();
  void separateFills();
  void findFirstWriter(DestinationTarget &target);
  SmallVector<OpOperand *> getUses(Value root, OpOperand *init);
  bool readsOnlyWhatItWrites(DestinationTarget &target, OpOperand &use);
  void orderReadersBeforeWriters();
  void writeInPlace(DestinationTarget &target);
  void setInit(DestinationTarget &target);
  void readThroughInit(DestinationTarget &target);
  void replaceWriter(Operation *op, Operation *replacement);
  void dropResults();
  void checkSizes(DestinationTarget &target, Value source);

  /// The operation of the body that `op` is or is in.
  Operation *getAncestor(Operation *op) {
    return body->findAncestorOpInBlock(*op);
  }

  func::FuncOp function;
  Block *body;
  Operation *terminator;
  ArrayRef<Destination> destinations;
  IRRewriter rewriter;
  bufferization::BufferizationOptions options;
  bufferization::AnalysisState analysis;
  SmallVector<DestinationTarget> targets;
  /// The values that are computed in place.
  DenseSet<Value> computed;
  /// For an operation that is the first to write: the targets of its results.
  DenseMap<Operation *, SmallVector<DestinationTarget *>> writers;
};

} // namespace mlir::fisher

#endif // FISHER_LIB_TRANSFORMS_DESTINATIONWRITER_H
