//===- Formulas.h - What operations compute for one distribution ----------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The operations that are a formula for each distribution, whatever they are
// lowered to: which method of the family each one is, and how its operands and
// results are values of one distribution.
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_CONVERSION_COMMON_FORMULAS_H
#define FISHER_LIB_CONVERSION_COMMON_FORMULAS_H

#include "fisher/IR/Fisher.h"
#include "fisher/Math/Array.h"

#include "mlir/IR/Operation.h"

namespace mlir::fisher {

/// The type of an operation's first operand, whose family's geometry it is in.
BeliefType getBeliefType(Operation *op);

/// What the formula of `op` is evaluated in; a conversion is in the wider of
/// its two element types.
FloatType getComputeType(Operation *op);

/// What an operation computes for one distribution, in the compute type, from
/// its operands that are beliefs or tensors, and from those that are numbers.
/// The first result of a penalty is the squared distance: weight and sum are
/// its lowering's.
SmallVector<Value> buildFormula(FormulaBuilder &b, Operation *op,
                                ArrayRef<Scalar> elements, ValueRange numbers);
SmallVector<Value> buildFormula(FormulaBuilder &b, Operation *op,
                                ArrayRef<EventArray> arrays,
                                ValueRange numbers);

/// The operands of an operation once beliefs are their components.
struct FormulaOperands {
  explicit FormulaOperands(ArrayRef<ValueRange> operands);

  SmallVector<Value> inputs, numbers;
};

/// For each result of `op` those of `values` that stand for it: a belief is as
/// many as it has components.
SmallVector<ValueRange> groupByResults(Operation *op, ValueRange values);

} // namespace mlir::fisher

#endif // FISHER_LIB_CONVERSION_COMMON_FORMULAS_H
