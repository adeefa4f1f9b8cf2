//===- BeliefMeasurer.h - How far beliefs have moved ------------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_TRANSFORMS_BELIEFMEASURER_H
#define FISHER_LIB_TRANSFORMS_BELIEFMEASURER_H

#include "BeliefBuilder.h"
#include "Broadcast.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SmallVectorExtras.h"

#include <limits>

namespace mlir::fisher {

/// What is kept of each belief between steps.
enum Total { Steps, Length, Action, Information, NumTotals };

/// The family in whose chart elements of a belief are shown; null if it has
/// none.
FamilyInterface getTracedFamily(const Belief &belief);

/// The type of a tensor of elements, of which each has a number and
/// coordinates.
RankedTensorType getTraceType(const Belief &belief, unsigned size);

/// Fills in what one return gives back.
class BeliefMeasurer {
public:
  BeliefMeasurer(FunctionOpInterface function, Operation *returnOp,
                 const InsertionPlan &plan, bool hasUpdates, bool totalsOnly,
                 const llvm::MapVector<unsigned, unsigned> &starts,
                 const llvm::MapVector<unsigned, unsigned> &previous,
                 Value totals)
      : function(function), returnOp(returnOp), plan(plan),
        hasUpdates(hasUpdates), totalsOnly(totalsOnly), starts(starts),
        previous(previous), totals(totals), builder(returnOp),
        packed(function, builder) {}

  /// Returns the components `renewed` and so many elements of beliefs, too.
  void measure(ArrayRef<unsigned> renewed, unsigned traceSize);

private:
  /// What is added up over the elements of a belief, in f64.
  struct Sums {
    /// What the sums over steps are made of: the square of the distance moved.
    Value moved, divergence;
    /// Squares of the distances to the reference and from the start. These and
    /// the rest are null where only the sums over steps are kept.
    Value reference, displacement;
    Value penalty, gradientSquare;
  };

  Sums measure(const Belief &belief);
  /// The belief that this step has come to.
  Value packCurrent(const Belief &belief);
  Value trace(const Belief &belief, RankedTensorType type, unsigned size);
  // Sums over all elements.
  Value sumSquaredDistances(const Belief &belief, Value a, Value b);
  Value sumDivergences(const Belief &belief, Value a, Value b);
  /// Of the gradient's square in the inverse metric.
  Value sumGradientSquares(const Belief &belief, Value at);
  Value sumAll(const Belief &belief, Value tensor);
  Sums add(const Sums &a, const Sums &b);
  /// Appends a row to both tables.
  void addRow(const Sums &sums);

  Value getTotal(Total total) {
    Value row = arith::ConstantIndexOp::create(builder, loc,
                                               newTotals.size() / NumTotals);
    Value column = arith::ConstantIndexOp::create(builder, loc, total);
    return tensor::ExtractOp::create(builder, loc, totals,
                                     ValueRange{row, column});
  }
  Value getNumber(double number) {
    return arith::ConstantOp::create(builder, loc,
                                     builder.getF64FloatAttr(number));
  }
  Value getNothing() {
    return getNumber(std::numeric_limits<double>::quiet_NaN());
  }
  /// A tensor of rank zero as a number.
  Value getScalar(Value tensor) {
    Value wide = castElements(builder, loc, tensor, builder.getF64Type());
    return tensor::ExtractOp::create(builder, loc, wide);
  }
  SmallVector<Value> getReturned(ArrayRef<unsigned> results) {
    return llvm::map_to_vector(
        results, [&](unsigned result) { return returnOp->getOperand(result); });
  }
  SmallVector<Value> getKept(const Belief &belief,
                             const llvm::MapVector<unsigned, unsigned> &kept) {
    return llvm::map_to_vector(belief.components, [&](unsigned component) {
      return Value(function.getArgument(kept.lookup(component)));
    });
  }

  FunctionOpInterface function;
  Operation *returnOp;
  const InsertionPlan &plan;
  bool hasUpdates, totalsOnly;
  const llvm::MapVector<unsigned, unsigned> &starts, &previous;
  Value totals;
  OpBuilder builder;
  BeliefBuilder packed;
  Location loc = function.getLoc();
  SmallVector<Value> measured, newTotals;
};

} // namespace mlir::fisher

#endif // FISHER_LIB_TRANSFORMS_BELIEFMEASURER_H
