//===- VectorBody.h - A loop's body on vectors ------------------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_PIPELINES_VECTORBODY_H
#define FISHER_LIB_PIPELINES_VECTORBODY_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"

namespace mlir::fisher {

/// Builds the operations of a loop's body for several iterations at once. What
/// is the same in all of them stays a scalar.
class VectorBody {
public:
  /// Gives the index of each iteration along a dimension.
  using IndexFunction = llvm::function_ref<Value(int64_t dim)>;

  VectorBody(OpBuilder &builder, Location loc, int64_t lanes)
      : builder(builder), loc(loc), lanes(lanes) {}

  /// Whether there is a vector form of all that a body does.
  static bool isSupported(Block &body);

  /// What stands for an argument of the body: a vector, or a scalar for all
  /// iterations.
  void map(Value argument, Value value) { mapping.map(argument, value); }

  void build(Block &body, IndexFunction index);

  /// What was built for a value of the body, or that value itself if it comes
  /// from outside.
  Value lookup(Value value) const { return mapping.lookupOrDefault(value); }
  Value lookupVector(Value value) { return asVector(lookup(value)); }

  /// A scalar as a vector.
  Value asVector(Value value);

private:
  void buildChoice(Operation *choice, IndexFunction index);
  void buildLoop(Operation *loop, IndexFunction index);

  OpBuilder &builder;
  Location loc;
  int64_t lanes;
  IRMapping mapping;
};

} // namespace mlir::fisher

#endif // FISHER_LIB_PIPELINES_VECTORBODY_H
