//===- Batcher.h - One distribution's program on all of them --------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_CONVERSION_FISHERTOSTABLEHLO_BATCHER_H
#define FISHER_LIB_CONVERSION_FISHERTOSTABLEHLO_BATCHER_H

#include "StableHLO.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/DenseMap.h"

namespace mlir::fisher {

/// Whether a batcher translates operations like this one.
bool isBatchable(Operation *op);

/// Translates a program on numbers and tensors, in arith, math, linalg, tensor
/// and scf, to one in StableHLO that does the same for each element of a batch
/// at once: a number becomes a tensor of the batch's shape, a tensor one with
/// the batch's dimensions before its own. Indices become i32.
///
/// What does not depend on the batch is computed once, without its dimensions,
/// and broadcast where it meets what does. Both sides of `scf.if` are computed.
class Batcher {
public:
  Batcher(OpBuilder &builder, ArrayRef<int64_t> batch);

  /// `source` has been translated to a tensor with the batch's dimensions, or
  /// one without them.
  void setBatched(Value source, Value tensor);
  void setUniform(Value source, Value tensor);

  /// Appends what an operation becomes; emits an error and fails if there is
  /// nothing in StableHLO for it.
  LogicalResult translate(Operation *op);
  LogicalResult translate(Block &block);

  /// What a value has become, with the batch's dimensions.
  Value getBatched(Value source);

private:
  /// Loops of linalg add their dimensions behind those of the batch. A value
  /// has the dimensions of a level: none, the batch's, or also the loops'.
  struct Translated {
    Value tensor;
    /// Instead of a tensor, for what is a constant.
    TypedAttr constant;
    unsigned level = 0;
  };

  unsigned getLevel() const { return levels.size() - 1; }
  Translated look(Value source) const;
  void set(Value source, Value tensor, unsigned level) {
    values[source] = {tensor, nullptr, level};
  }
  /// The highest level of some values.
  unsigned getLevel(ValueRange sources) const;
  /// What a value has become, with the dimensions of a level.
  Value get(Value source, unsigned level);
  /// The type of values like `source` at a level.
  RankedTensorType getType(Type source, unsigned level) const;
  /// The type of elements in StableHLO.
  static Type getElementType(Type source);
  /// What was built for a key in the block that is built now: those of loops
  /// use little from outside.
  template <typename Key, typename Build>
  Value buildOnce(llvm::DenseMap<Key, Value> &known, const Key &key,
                  Build build) {
    Value value = known.lookup(key);
    if (!value || value.getParentBlock() != builder.getInsertionBlock())
      known[key] = value = build();
    return value;
  }
  Value getConstant(TypedAttr attr, RankedTensorType type);
  Value buildSelect(Value condition, Value ifTrue, Value ifFalse,
                    unsigned level);
  /// A constant index, if the value is one.
  std::optional<int64_t> getIndex(Value source) const;

  bool fold(Operation *op);

  // BatchElementwise.cpp: what is done with each number alone.
  LogicalResult translateElementwise(Operation *op);
  /// What an operation becomes for these operands, of one shape; null if there
  /// is nothing for it.
  Value buildElementwise(Operation *op, MutableArrayRef<Value> operands);
  /// The name of what does the same element by element; empty if there is none.
  static StringRef getName(Operation *op);

  // ShieldBits.cpp: what XLA's simplifier may not rewrite.
  bool isConstant(Value tensor);
  bool isWithConstant(Value tensor, ArrayRef<StringRef> names);
  Value shield(Value tensor) { return shield(tensor, tensor); }
  Value shield(Value tensor, Value by);
  void shieldOperands(StringRef name, MutableArrayRef<Value> operands);

  // BatchControlFlow.cpp: loops and branches.
  LogicalResult translateLoop(scf::ForOp op);
  LogicalResult translateUnrolled(scf::ForOp op, int64_t lower, int64_t upper);
  LogicalResult translateBoth(scf::IfOp op);

  // BatchTensors.cpp: loops over the elements of events, and single ones.
  LogicalResult translateGeneric(linalg::GenericOp op);
  LogicalResult translateExtract(Operation *op, Value tensor,
                                 ValueRange indices);
  LogicalResult translateInsert(Operation *op, Value number, Value tensor,
                                ValueRange indices);
  LogicalResult translateReshape(Operation *op);
  /// The place of an element of an event in a tensor of a level; fails if the
  /// indices depend on the batch.
  FailureOr<SmallVector<Value>> getStarts(Operation *op, ValueRange indices,
                                          unsigned level);

  LogicalResult refuse(Operation *op, const Twine &why);

  OpBuilder &builder;
  Location loc;
  /// The dimensions of each level.
  SmallVector<SmallVector<int64_t>> levels;
  llvm::DenseMap<Value, Translated> values;
  /// What was broadcast already to a type, and what constants have been built.
  llvm::DenseMap<std::pair<Value, Type>, Value> broadcasts;
  llvm::DenseMap<std::pair<Attribute, Type>, Value> constants;
  SmallVector<Value> inputs;
  /// Zeros that nobody can tell to be, of a type, and what is constant.
  llvm::DenseMap<Type, Value> zeros;
  llvm::DenseMap<Value, bool> isKnownConstant;
};

} // namespace mlir::fisher

#endif // FISHER_LIB_CONVERSION_FISHERTOSTABLEHLO_BATCHER_H
