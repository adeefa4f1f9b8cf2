//===- StableHLO.cpp - Operations of StableHLO in generic form ------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "StableHLO.h"

#include "mlir/IR/BuiltinAttributes.h"

using namespace mlir;
using namespace mlir::fisher;

static RankedTensorType getType(Value tensor) {
  return cast<RankedTensorType>(tensor.getType());
}

Value stablehlo::create(OpBuilder &b, Location loc, StringRef name, Type type,
                        ValueRange operands, ArrayRef<NamedAttribute> attrs) {
  OperationState state(loc, ("stablehlo." + name).str(), operands, type, attrs);
  return b.create(state)->getResult(0);
}

Value stablehlo::createElementwise(OpBuilder &b, Location loc, StringRef name,
                                   ValueRange operands) {
  return create(b, loc, name, operands.front().getType(), operands);
}

Value stablehlo::createConstant(OpBuilder &b, Location loc,
                                ElementsAttr value) {
  return create(b, loc, "constant", value.getType(), {},
                b.getNamedAttr("value", value));
}

Value stablehlo::createSplat(OpBuilder &b, Location loc, RankedTensorType type,
                             Attribute number) {
  return createConstant(b, loc, DenseElementsAttr::get(type, number));
}

static StringRef getName(stablehlo::Comparison comparison) {
  switch (comparison) {
  case stablehlo::Comparison::EQ:
    return "EQ";
  case stablehlo::Comparison::NE:
    return "NE";
  case stablehlo::Comparison::LT:
    return "LT";
  case stablehlo::Comparison::LE:
    return "LE";
  case stablehlo::Comparison::GT:
    return "GT";
  case stablehlo::Comparison::GE:
    return "GE";
  }
  llvm_unreachable("covered switch");
}

Value stablehlo::createCompare(OpBuilder &b, Location loc,
                               Comparison comparison, Value x, Value y) {
  Attribute direction = OpaqueAttr::get(
      b.getStringAttr("stablehlo"),
      ("comparison_direction " + getName(comparison)).str(), b.getNoneType());
  return create(b, loc, "compare", getType(x).clone(b.getI1Type()), {x, y},
                b.getNamedAttr("comparison_direction", direction));
}

Value stablehlo::createBroadcast(OpBuilder &b, Location loc, Value tensor,
                                 ArrayRef<int64_t> shape,
                                 ArrayRef<int64_t> dimensions) {
  RankedTensorType type = getType(tensor);
  if (type.getShape() == shape &&
      llvm::equal(dimensions, llvm::seq<int64_t>(shape.size())))
    return tensor;
  return create(b, loc, "broadcast_in_dim", type.clone(shape), tensor,
                b.getNamedAttr("broadcast_dimensions",
                               b.getDenseI64ArrayAttr(dimensions)));
}

Value stablehlo::createReshape(OpBuilder &b, Location loc, Value tensor,
                               ArrayRef<int64_t> shape) {
  if (getType(tensor).getShape() == shape)
    return tensor;
  return create(b, loc, "reshape", getType(tensor).clone(shape), tensor);
}

Value stablehlo::createConvert(OpBuilder &b, Location loc, Value tensor,
                               Type element) {
  if (getType(tensor).getElementType() == element)
    return tensor;
  return create(b, loc, "convert", getType(tensor).clone(element), tensor);
}

Value stablehlo::createReduce(OpBuilder &b, Location loc, StringRef name,
                              Value tensor, Value initial,
                              ArrayRef<int64_t> dimensions) {
  if (dimensions.empty())
    return tensor;
  RankedTensorType type = getType(tensor);
  SmallVector<int64_t> left;
  for (auto [i, size] : llvm::enumerate(type.getShape()))
    if (!llvm::is_contained(dimensions, static_cast<int64_t>(i)))
      left.push_back(size);
  OperationState state(
      loc, "stablehlo.reduce", {tensor, initial}, type.clone(left),
      b.getNamedAttr("dimensions", b.getDenseI64ArrayAttr(dimensions)));
  {
    OpBuilder::InsertionGuard guard(b);
    Type element = type.clone(ArrayRef<int64_t>());
    Block *body =
        b.createBlock(state.addRegion(), {}, {element, element}, {loc, loc});
    createReturn(b, loc, createElementwise(b, loc, name, body->getArguments()));
  }
  return b.create(state)->getResult(0);
}

void stablehlo::createReturn(OpBuilder &b, Location loc, ValueRange values) {
  OperationState state(loc, "stablehlo.return", values, TypeRange());
  b.create(state);
}
