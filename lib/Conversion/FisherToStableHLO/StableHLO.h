//===- StableHLO.h - Operations of StableHLO in generic form --------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// MLIR has no StableHLO dialect, so its operations are built by their names,
// and their attributes are opaque.
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_CONVERSION_FISHERTOSTABLEHLO_STABLEHLO_H
#define FISHER_LIB_CONVERSION_FISHERTOSTABLEHLO_STABLEHLO_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"

namespace mlir::fisher::stablehlo {

/// How `compare` compares.
enum class Comparison { EQ, NE, LT, LE, GT, GE };

/// The operation `stablehlo.NAME` with one result.
Value create(OpBuilder &b, Location loc, StringRef name, Type type,
             ValueRange operands, ArrayRef<NamedAttribute> attrs = {});

/// An operation on one or two tensors of one type, element by element.
Value createElementwise(OpBuilder &b, Location loc, StringRef name,
                        ValueRange operands);

Value createConstant(OpBuilder &b, Location loc, ElementsAttr value);
/// A tensor of this type whose elements are all `number`.
Value createSplat(OpBuilder &b, Location loc, RankedTensorType type,
                  Attribute number);
Value createCompare(OpBuilder &b, Location loc, Comparison comparison, Value x,
                    Value y);
/// `tensor` with the shape `shape`; its dimension i becomes `dimensions[i]`.
Value createBroadcast(OpBuilder &b, Location loc, Value tensor,
                      ArrayRef<int64_t> shape, ArrayRef<int64_t> dimensions);
/// `tensor` with as many elements in another shape.
Value createReshape(OpBuilder &b, Location loc, Value tensor,
                    ArrayRef<int64_t> shape);
/// Each element as one of another type; nothing if it is of that type.
Value createConvert(OpBuilder &b, Location loc, Value tensor, Type element);
/// What is left of some dimensions by the operation `stablehlo.NAME` on two
/// elements.
Value createReduce(OpBuilder &b, Location loc, StringRef name, Value tensor,
                   Value initial, ArrayRef<int64_t> dimensions);
void createReturn(OpBuilder &b, Location loc, ValueRange values);

} // namespace mlir::fisher::stablehlo

#endif // FISHER_LIB_CONVERSION_FISHERTOSTABLEHLO_STABLEHLO_H
