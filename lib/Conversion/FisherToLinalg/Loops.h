//===- Loops.h - Loops over distributions ---------------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What an operation on beliefs becomes: a loop over the distributions of its
// first operand, around the family's formula.
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_CONVERSION_FISHERTOLINALG_LOOPS_H
#define FISHER_LIB_CONVERSION_FISHERTOLINALG_LOOPS_H

#include "fisher/Conversion/FisherToLinalg/FisherToLinalg.h"
#include "fisher/Math/Array.h"

#include "mlir/IR/Operation.h"

namespace mlir::fisher {

/// Computes the results for one distribution, in the compute type, from the
/// elements of the inputs, or from their arrays of event elements.
using PointwiseFormula =
    llvm::function_ref<SmallVector<Value>(FormulaBuilder &, ArrayRef<Scalar>)>;
using EventFormula = llvm::function_ref<SmallVector<Value>(
    FormulaBuilder &, ArrayRef<EventArray>)>;

/// `value` as a number of type `type`.
Value castFloat(OpBuilder &builder, Location loc, Value value, Type type);

/// Emits one loop nest for `op` that reads each element of `inputs`, which are
/// shaped like its first operand's components, and stores what `formula` makes
/// of them in tensors of the types `results`.
///
/// With `sum`, the formula's first result is summed instead, in f64: the loop
/// then returns the sum, a tensor of rank zero, before the others. Elements
/// are added in their order, so that the sum has the same bits every time.
SmallVector<Value> buildPointwiseLoop(OpBuilder &builder, Operation *op,
                                      ValueRange inputs, ArrayRef<Type> results,
                                      bool sum, PointwiseFormula formula);

/// The same for a family with event dimensions. The loop is parallel over the
/// other dimensions; a result is one number for each distribution, or an array
/// shaped like the inputs.
/// With `vectorBits`, distributions of few outcomes go through the formula
/// side by side, each in a lane of vectors of so many bits. With
/// `mapDistributions`, loops are mapped to a device's blocks, and one
/// distribution has a loop, too.
SmallVector<Value> buildEventLoop(OpBuilder &builder, Operation *op,
                                  ValueRange inputs, ArrayRef<Type> results,
                                  bool sum, EventLoopOptions options,
                                  EventFormula formula);

} // namespace mlir::fisher

#endif // FISHER_LIB_CONVERSION_FISHERTOLINALG_LOOPS_H
