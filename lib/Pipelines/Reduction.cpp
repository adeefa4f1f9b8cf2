//===- Reduction.cpp - What a loop sums -----------------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Reduction.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"

using namespace mlir;
using namespace mlir::fisher;

FailureOr<Reduction> mlir::fisher::matchReduction(linalg::GenericOp loop,
                                                  OpOperand &init) {
  BlockArgument out = loop.getMatchingBlockArgument(&init);
  if (!out.hasOneUse())
    return failure();
  Operation *combiner = *out.user_begin();
  std::optional<vector::CombiningKind> kind =
      linalg::getCombinerOpKind(combiner);
  std::optional<TypedAttr> neutral = arith::getNeutralElement(combiner);
  if (!kind || !neutral || combiner->getBlock() != loop.getBlock() ||
      loop.getMatchingYieldValue(&init)->get() != combiner->getResult(0) ||
      !combiner->hasOneUse())
    return failure();
  Value term = combiner->getOperand(combiner->getOperand(0) == out ? 1 : 0);
  Type type = out.getType();
  if (*kind == vector::CombiningKind::ADD && isa<FloatType>(type)) {
    type = Float64Type::get(type.getContext());
    neutral = FloatAttr::get(type, 0.0);
  }
  arith::FastMathFlagsAttr fastMath;
  if (auto op = dyn_cast<arith::ArithFastMathInterface>(combiner))
    fastMath = op.getFastMathFlagsAttr();
  return Reduction{*kind, &init, term, *neutral, type, fastMath};
}
