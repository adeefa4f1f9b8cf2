//===- ReturnWriter.h - What a return gives back, regularized ---*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_TRANSFORMS_RETURNWRITER_H
#define FISHER_LIB_TRANSFORMS_RETURNWRITER_H

#include "BeliefBuilder.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SmallVectorExtras.h"

namespace mlir::fisher {

/// Adds the regularizers of beliefs to what one return of the function gives
/// back: each belief changes the values that the ones before it left.
class ReturnWriter {
public:
  ReturnWriter(FunctionOpInterface function, Operation *returnOp)
      : function(function), returnOp(returnOp), builder(returnOp),
        packed(function, builder), returned(returnOp->getOperands()) {
    returned.resize(function.getNumResults());
  }

  /// Returns the gradients that optimizers are given now.
  SmallVector<Value> write(const InsertionPlan &plan, bool penaltyResult,
                           FunctionOpInterface other);

private:
  /// What is known of a belief before its update is.
  struct Before {
    Value belief, toward, penalty;
  };
  Before pack(const Belief &belief);
  /// Changes what the optimizers are given.
  void changeHidden(const InsertionPlan &plan, OptimizerInputs &inputs,
                    MutableArrayRef<Before> before);

  // The steps for each belief, in order. A null value is none.
  Value stepProximally(const Belief &belief, Value after, Value toward);
  Value addGradients(const Belief &belief, Value before, Value toward);
  void updateState(const Belief &belief, Value state, Value before,
                   Value after);
  // The steps for all of them.
  void addSumsOfTied();
  Value sumPenalties(ArrayRef<Value> penalties, RankedTensorType type);
  void compare(ArrayRef<Belief> beliefs, FunctionOpInterface other);

  SmallVector<Value> getReturned(ArrayRef<unsigned> numbers) {
    return llvm::map_to_vector(
        numbers, [&](unsigned number) { return returned[number]; });
  }

  FunctionOpInterface function;
  Operation *returnOp;
  OpBuilder builder;
  BeliefBuilder packed;
  /// What is returned so far; null for results that are still to be filled in.
  SmallVector<Value> returned;
  /// The gradients that are not returned; null where no value is the gradient,
  /// then what is added to it.
  SmallVector<Value> hidden;
  Value &getGradient(const Belief &belief, size_t component) {
    unsigned number = belief.gradients[component];
    return belief.isHidden[component] ? hidden[number] : returned[number];
  }
  /// For gradients of components that are tied: what all beliefs so far add to
  /// them, in f64, and the component.
  struct SumOfTied {
    Value sum;
    const Belief *belief;
    size_t component;
  };
  llvm::MapVector<std::pair<unsigned, unsigned>, SumOfTied> sumsOfTied;
};

} // namespace mlir::fisher

#endif // FISHER_LIB_TRANSFORMS_RETURNWRITER_H
