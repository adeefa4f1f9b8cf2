//===- BeliefBuilder.h - Planned beliefs as values ------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_TRANSFORMS_BELIEFBUILDER_H
#define FISHER_LIB_TRANSFORMS_BELIEFBUILDER_H

#include "InsertionPlan.h"

#include "mlir/IR/Builders.h"

namespace mlir::fisher {

/// Packs the beliefs of a plan, where a builder stands.
class BeliefBuilder {
public:
  BeliefBuilder(FunctionOpInterface function, OpBuilder &builder)
      : function(function), builder(builder) {}

  /// The belief whose components the first of these values hold as the function
  /// does, and a component that is made.
  Value pack(const Belief &belief, ValueRange stored);
  /// The reference of a belief whose value before the update is `before`.
  Value packReference(const Belief &belief, Value before);
  Value getWeight(const Belief &belief);
  /// The strength 2 h w of a proximal step, for a step size h and a weight w.
  Value getStrength(const Belief &belief);

  SmallVector<Value> getArguments(ArrayRef<unsigned> numbers);

private:
  /// What the component of a belief and of its reference is made from; null if
  /// that is nothing.
  Value getSource(const Belief &belief);
  /// A number or an argument as a scalar of the type `type`.
  Value buildNumber(Location loc, const NumberOrArgument &number,
                    FloatType type);

  FunctionOpInterface function;
  OpBuilder &builder;
  /// The components that are made.
  llvm::DenseMap<const Belief *, Value> made;
};

/// The marks of a new argument that keeps what another one is at first.
DictionaryAttr getStateMarks(Builder &builder, const Twine &name,
                             StringRef initialize);

} // namespace mlir::fisher

#endif // FISHER_LIB_TRANSFORMS_BELIEFBUILDER_H
