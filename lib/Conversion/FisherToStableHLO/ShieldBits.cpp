//===- ShieldBits.cpp - What XLA's simplifier may not rewrite -------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Batcher.h"

#include "llvm/ADT/SmallVectorExtras.h"

using namespace mlir;
using namespace mlir::fisher;

static bool isNamed(Operation *op, StringRef name) {
  StringRef full = op ? op->getName().getStringRef() : "";
  return full.consume_front("stablehlo.") && full == name;
}

bool Batcher::isConstant(Value tensor) {
  auto [known, isNew] = isKnownConstant.try_emplace(tensor, false);
  if (!isNew)
    return known->second;
  Operation *op = tensor.getDefiningOp();
  bool result = isNamed(op, "constant") ||
                (op && op->hasTrait<OpTrait::ConstantLike>()) ||
                (op && op->getNumOperands() != 0 && op->getNumRegions() == 0 &&
                 llvm::all_of(op->getOperands(), [&](Value operand) {
                   return isConstant(operand);
                 }));
  return isKnownConstant[tensor] = result;
}

/// Whether a tensor is the result of one of some operations, an operand of
/// which is constant.
bool Batcher::isWithConstant(Value tensor, ArrayRef<StringRef> names) {
  Operation *op = tensor.getDefiningOp();
  return llvm::any_of(names,
                      [&](StringRef name) { return isNamed(op, name); }) &&
         !isConstant(tensor) &&
         llvm::any_of(op->getOperands(),
                      [&](Value operand) { return isConstant(operand); });
}

/// The same number, in a way that XLA does not see through but LLVM does: its
/// bits, with one that is zero whatever the bits of `by` are, which is not
/// constant.
Value Batcher::shield(Value tensor, Value by) {
  auto type = cast<RankedTensorType>(tensor.getType());
  IntegerType element = builder.getIntegerType(type.getElementTypeBitWidth());
  RankedTensorType bitsType = type.clone(element);
  Value bits =
      stablehlo::create(builder, loc, "bitcast_convert", bitsType, tensor);
  auto getBits = [&](Value value) {
    return value == tensor ? bits
                           : stablehlo::create(builder, loc, "bitcast_convert",
                                               bitsType, value);
  };
  auto getZero = [&](Value any) {
    Value one = getConstant(builder.getIntegerAttr(element, 1), bitsType);
    Value lowest =
        stablehlo::createElementwise(builder, loc, "and", {any, one});
    return stablehlo::createElementwise(builder, loc, "shift_right_logical",
                                        {lowest, one});
  };
  // Inputs are at hand in every loop that XLA makes. All of them are taken: the
  // caller's program may have constants for some, but not for all, or XLA has
  // nothing to rewrite.
  auto likeThis = llvm::filter_to_vector(inputs, [&](Value input) {
    return input.getType() == type && !isConstant(input) &&
           input.getParentBlock() == builder.getInsertionBlock();
  });
  Value zero;
  if (likeThis.empty())
    zero = getZero(getBits(by));
  else
    zero = buildOnce(zeros, Type(bitsType), [&] {
      Value any = getBits(likeThis.front());
      for (Value input : llvm::drop_begin(likeThis))
        any = stablehlo::createElementwise(builder, loc, "or",
                                           {any, getBits(input)});
      return getZero(any);
    });
  return stablehlo::create(
      builder, loc, "bitcast_convert", type,
      stablehlo::createElementwise(builder, loc, "or", {bits, zero}));
}

/// XLA's simplifier takes numbers for real ones where it can save an operation.
/// What it would rewrite so is written in a way that it does not know:
///
///   (a + c) - c, in which rounding is meant, and (a c) d, which may overflow;
///   a c + b c for powers of two, where a + b may overflow;
///   a / (b / c), (a / b) / c, and divisors that are constant, roots, or the
///   same for many elements, with whose reciprocals it would multiply.
void Batcher::shieldOperands(StringRef name, MutableArrayRef<Value> operands) {
  if (operands.size() != 2)
    return;
  Value &a = operands[0], &b = operands[1];
  bool isSum = name == "add" || name == "subtract";
  if (isSum) {
    if ((isWithConstant(a, {"add", "subtract"}) && isConstant(b)) ||
        (isWithConstant(a, {"multiply"}) && isWithConstant(b, {"multiply"})))
      a = shield(a);
    else if (isWithConstant(b, {"add", "subtract"}) && isConstant(a))
      b = shield(b);
  } else if (name == "multiply") {
    auto isFactor = [&](Value value) {
      return isConstant(value) || isWithConstant(value, {"multiply"}) ||
             isNamed(value.getDefiningOp(), "broadcast_in_dim");
    };
    if (isWithConstant(a, {"multiply"}) && isFactor(b))
      a = shield(a);
    else if (isWithConstant(b, {"multiply"}) && isFactor(a))
      b = shield(b);
  } else if (name == "divide" && !(isConstant(a) && isConstant(b))) {
    if (isNamed(a.getDefiningOp(), "divide") && !isConstant(a))
      a = shield(a);
    if (isConstant(b))
      b = shield(b, /*by=*/a);
    else if (isNamed(b.getDefiningOp(), "divide") ||
             isNamed(b.getDefiningOp(), "sqrt") ||
             isNamed(b.getDefiningOp(), "broadcast_in_dim"))
      b = shield(b);
  }
}
