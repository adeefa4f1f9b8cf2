//===- LoopVectorizer.h - The vector form of a loop over buffers *- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_PIPELINES_LOOPVECTORIZER_H
#define FISHER_LIB_PIPELINES_LOOPVECTORIZER_H

#include "IndexBuilder.h"
#include "Reduction.h"
#include "fisher/Math/Scalar.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/PatternMatch.h"

namespace mlir::fisher {

/// A loop whose vector form is being built.
class LoopVectorizer {
public:
  LoopVectorizer(linalg::GenericOp loop, RewriterBase &rewriter,
                 int64_t vectorBits, int64_t cacheBytes)
      : loop(loop), b(loop.getLoc(), rewriter), vectorBits(vectorBits),
        cacheBytes(cacheBytes) {}

  /// Builds it before the loop; fails, and leaves all as it is, if the loop has
  /// no such form.
  LogicalResult run();

private:
  LogicalResult analyze();
  LogicalResult analyzeResult(OpOperand &init);

  static int64_t getElementBytes(Value value) {
    return getElementTypeOrSelf(value.getType()).getIntOrFloatBitWidth() / 8;
  }
  static bool isConstant(Value value, int64_t number) {
    return getConstantIntValue(value) == number;
  }
  bool isInner(AffineMap map) {
    return map.isFunctionOfDim(loop.getNumLoops() - 1);
  }
  bool isContiguous(OpOperand &operand);
  SmallVector<Value> getIndices(AffineMap map, ArrayRef<Value> at) const;

  Value load(OpOperand &operand, ArrayRef<Value> at, Value mask);
  void prefetch(OpOperand &operand, ArrayRef<Value> at);
  void store(OpOperand &operand, Value value, ArrayRef<Value> at, Value mask);
  SmallVector<Value> buildVector(ArrayRef<Value> at, Value mask,
                                 ValueRange accumulators);

  /// The accumulators before anything is added.
  SmallVector<Value> getNeutral();
  Value combine(const Reduction &reduction, Value a, Value c);
  /// A float in another type; integers stay as they are.
  Value convert(Value value, Type type) {
    auto floatType = dyn_cast<FloatType>(type);
    return floatType ? convertFloat(b, b.getLoc(), value, floatType) : value;
  }
  Value combineLanes(const Reduction &reduction, Value total);
  /// Combines a reduction's total with what its result has, and stores it
  /// there.
  void finish(const Reduction &reduction, Value total, ArrayRef<Value> at,
              Value mask = {});

  using ChunkFunction = llvm::function_ref<SmallVector<Value>(
      Value at, Value mask, ValueRange carried)>;
  /// Calls `body` for vectors of the innermost dimension from `lower` to
  /// `upper`.
  SmallVector<Value> forEachVector(Value lower, Value upper, ValueRange carried,
                                   ChunkFunction body);
  using NestFunction = llvm::function_ref<SmallVector<Value>(ValueRange)>;
  /// Calls `body` within loops over some dimensions, whose indices are put into
  /// `at`.
  SmallVector<Value> nest(ArrayRef<int64_t> dims, SmallVector<Value> &at,
                          ValueRange carried, NestFunction body);
  SmallVector<Value> sumRange(Value lower, Value upper, SmallVector<Value> &at,
                              ValueRange carried);
  void forEachBlock(
      Value size, Value blockSize,
      llvm::function_ref<void(Value number, Value lower, Value upper)> body);

  Value getBlockSize(int64_t dim);
  /// How many operations all iterations are, about; none if a size is unknown.
  std::optional<int64_t> getWork();
  /// One for each arrangement of the results.
  void buildFlat();
  void buildRows();
  void buildColumns();

  Value buildStreamCondition();
  SmallVector<Value> allocatePartials(std::optional<int64_t> number);
  Value combineBlocks(const Reduction &reduction, Value partials, Value number);

  linalg::GenericOp loop;
  IndexBuilder b;
  int64_t vectorBits, cacheBytes;

  SmallVector<Value> sizes;
  /// Results with an element for each iteration, and the others.
  SmallVector<OpOperand *> dense;
  SmallVector<Reduction> reductions;
  /// Dimensions that all reductions keep; the others.
  SmallVector<int64_t> kept, reduced;

  /// The operations of a block: some 10 us. A block has no more iterations than
  /// these, since short bodies wait for memory.
  static constexpr int64_t blockWork = 1000000, maxBlockLength = 16384;

  int64_t lanes = 0, numOps = 0, blockLength = 0;
  bool isParallel = false;
  /// Whether results are stored around the cache; null if they never are.
  Value streams;
};

} // namespace mlir::fisher

#endif // FISHER_LIB_PIPELINES_LOOPVECTORIZER_H
