//===- KernelLoop.h - Iterations of a loop in a kernel ----------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_PIPELINES_GPU_KERNELLOOP_H
#define FISHER_LIB_PIPELINES_GPU_KERNELLOOP_H

#include "../IndexBuilder.h"
#include "../Reduction.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/IRMapping.h"

namespace mlir::fisher {

/// What memory moves at once, in bytes.
inline constexpr int64_t transferBytes = 16;

/// Builds the iterations of a loop over buffers in a kernel. All that it takes
/// from outside is looked up in `mapping`.
class KernelLoop {
public:
  KernelLoop(linalg::GenericOp loop, IndexBuilder &b, IRMapping &mapping)
      : loop(loop), b(b), mapping(mapping) {}

  /// Analyses the results of a loop: fills what each reduction combines.
  /// Fails if a result is neither a reduction nor has an element for each
  /// iteration.
  static LogicalResult analyze(linalg::GenericOp loop,
                               SmallVectorImpl<Reduction> &reductions);

  /// One iteration: stores the dense results, and returns `accumulators`, of
  /// the reductions, with the iteration's terms.
  SmallVector<Value> buildIteration(ArrayRef<Value> at,
                                    ArrayRef<Reduction> reductions,
                                    ValueRange accumulators);
  /// `lanes` iterations of a loop over one dimension, whose operands are
  /// ranges of memory, which are aligned or not, or one number.
  SmallVector<Value> buildVector(Value start, int64_t lanes, bool isAligned,
                                 ArrayRef<Reduction> reductions,
                                 ValueRange accumulators);
  /// All iterations along some dimensions, one after the other, as the body
  /// says: what is reduced is carried, or stays in its buffer.
  void buildSequence(SmallVector<Value> &at, ArrayRef<int64_t> dims,
                     ArrayRef<Value> sizes);
  /// The same for the iterations from `first` to `end`, in steps, of those
  /// along the parallel dimensions.
  void buildSequences(Value first, Value end, Value step,
                      ArrayRef<Value> sizes);
  /// From now on, what each thread has of a buffer for itself is at one place,
  /// whatever the iteration.
  void setOwn(const llvm::DenseSet<Value> &buffers, Value place) {
    own = &buffers;
    ownPlace = place;
  }
  /// Combines a total with `start`, or else what a result has, and stores it.
  void finish(const Reduction &reduction, Value total, ArrayRef<Value> at,
              Value start = {});

private:
  Value getBuffer(OpOperand &operand) const {
    return mapping.lookupOrDefault(operand.get());
  }
  SmallVector<Value> getIndices(OpOperand &operand, ArrayRef<Value> at);
  Value load(OpOperand &operand, ArrayRef<Value> at);
  /// Builds the body for elements; returns what was built for its values.
  IRMapping buildBody(ArrayRef<Value> at, ValueRange elements);
  Value combine(const Reduction &reduction, Value a, Value c);
  /// The terms of a body that was built, combined with accumulators that are
  /// not null.
  SmallVector<Value> combineTerms(const IRMapping &built,
                                  ArrayRef<Reduction> reductions,
                                  ValueRange accumulators);

  linalg::GenericOp loop;
  IndexBuilder &b;
  IRMapping &mapping;
  const llvm::DenseSet<Value> *own = nullptr;
  Value ownPlace;
};

/// The indices of the element with a number, in a space of some sizes.
SmallVector<Value> delinearize(IndexBuilder &b, Value number,
                               ArrayRef<Value> sizes);
Value getProduct(IndexBuilder &b, ArrayRef<Value> sizes);

/// The sizes of a loop's dimensions, and those of its parallel ones.
SmallVector<Value> getSizes(IndexBuilder &b, linalg::LinalgOp loop);
SmallVector<Value> getParallelSizes(linalg::LinalgOp loop,
                                    ArrayRef<Value> sizes);

/// A float in another type; integers stay as they are.
Value convertTo(IndexBuilder &b, Value value, Type type);

SmallVector<Value> getNeutral(IndexBuilder &b, ArrayRef<Reduction> reductions);

} // namespace mlir::fisher

#endif // FISHER_LIB_PIPELINES_GPU_KERNELLOOP_H
