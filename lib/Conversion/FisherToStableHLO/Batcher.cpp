//===- Batcher.cpp - One distribution's program on all of them ------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Batcher.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::fisher;

bool mlir::fisher::isBatchable(Operation *op) {
  return isa_and_nonnull<arith::ArithDialect, linalg::LinalgDialect,
                         math::MathDialect, scf::SCFDialect,
                         tensor::TensorDialect>(op->getDialect());
}

Batcher::Batcher(OpBuilder &builder, ArrayRef<int64_t> batch)
    : builder(builder), loc(builder.getUnknownLoc()) {
  levels.emplace_back();
  if (!batch.empty())
    levels.emplace_back(batch);
}

LogicalResult Batcher::refuse(Operation *op, const Twine &why) {
  return op->emitError() << "cannot be written in StableHLO: " << why;
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

void Batcher::setBatched(Value source, Value tensor) {
  set(source, tensor, getLevel());
  inputs.push_back(tensor);
}

void Batcher::setUniform(Value source, Value tensor) { set(source, tensor, 0); }

Value Batcher::getBatched(Value source) { return get(source, getLevel()); }

Type Batcher::getElementType(Type source) {
  Type element = getElementTypeOrSelf(source);
  return element.isIndex() ? IntegerType::get(source.getContext(), 32)
                           : element;
}

RankedTensorType Batcher::getType(Type source, unsigned level) const {
  SmallVector<int64_t> shape = levels[level];
  if (auto tensor = dyn_cast<RankedTensorType>(source))
    llvm::append_range(shape, tensor.getShape());
  return RankedTensorType::get(shape, getElementType(source));
}

Batcher::Translated Batcher::look(Value source) const {
  auto found = values.find(source);
  // What is not of the program is a tensor outside.
  return found == values.end() ? Translated{source, nullptr, 0} : found->second;
}

unsigned Batcher::getLevel(ValueRange sources) const {
  unsigned level = 0;
  for (Value source : sources)
    level = std::max(level, look(source).level);
  return level;
}

Value Batcher::getConstant(TypedAttr attr, RankedTensorType type) {
  return buildOnce(constants, {attr, type}, [&]() -> Value {
    auto elements = dyn_cast<ElementsAttr>(attr);
    if (elements && elements.getType() == type)
      return stablehlo::createConstant(builder, loc, elements);
    return stablehlo::createSplat(builder, loc, type,
                                  elements ? elements.getSplatValue<Attribute>()
                                           : attr);
  });
}

Value Batcher::get(Value source, unsigned level) {
  Translated translated = look(source);
  RankedTensorType type = getType(source.getType(), level);
  if (translated.constant) {
    auto elements = dyn_cast<ElementsAttr>(translated.constant);
    if (!elements || elements.isSplat() || level == 0)
      return getConstant(translated.constant, type);
    translated.tensor =
        getConstant(translated.constant, getType(source.getType(), 0));
  } else if (translated.level == level) {
    return translated.tensor;
  }
  return buildOnce(broadcasts, {translated.tensor, type}, [&] {
    // The dimensions of the lower level are the first ones of the higher, and
    // those of an event are last.
    int64_t rank =
        cast<RankedTensorType>(translated.tensor.getType()).getRank();
    int64_t own = levels[translated.level].size();
    SmallVector<int64_t> dimensions;
    for (int64_t i = 0; i != rank; ++i)
      dimensions.push_back(i < own ? i : i + type.getRank() - rank);
    return stablehlo::createBroadcast(builder, loc, translated.tensor,
                                      type.getShape(), dimensions);
  });
}

Value Batcher::buildSelect(Value condition, Value ifTrue, Value ifFalse,
                           unsigned level) {
  Value whenTrue = get(ifTrue, level);
  auto type = cast<RankedTensorType>(whenTrue.getType());
  // One truth value may be for all elements.
  bool isOne =
      look(condition).level == 0 && !isa<RankedTensorType>(condition.getType());
  Value chosen = get(condition, isOne ? 0 : level);
  if (int64_t rank = cast<RankedTensorType>(chosen.getType()).getRank();
      !isOne && rank != type.getRank())
    chosen =
        stablehlo::createBroadcast(builder, loc, chosen, type.getShape(),
                                   llvm::to_vector(llvm::seq<int64_t>(rank)));
  return stablehlo::create(builder, loc, "select", type,
                           {chosen, whenTrue, get(ifFalse, level)});
}

std::optional<int64_t> Batcher::getIndex(Value source) const {
  auto number = dyn_cast_or_null<IntegerAttr>(look(source).constant);
  return number ? std::optional(number.getInt()) : std::nullopt;
}

//===----------------------------------------------------------------------===//
// Programs
//===----------------------------------------------------------------------===//

LogicalResult Batcher::translate(Block &block) {
  for (Operation &op : block)
    if (!op.hasTrait<OpTrait::IsTerminator>() && failed(translate(&op)))
      return failure();
  return success();
}

LogicalResult Batcher::translate(Operation *op) {
  loc = op->getLoc();
  for (Value operand : op->getOperands())
    if (!values.count(operand) && !isa<RankedTensorType>(operand.getType()))
      return refuse(op, "it uses a number that is not a tensor");
  if (fold(op))
    return success();
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case<linalg::GenericOp>([&](auto op) { return translateGeneric(op); })
      .Case<scf::ForOp>([&](auto op) { return translateLoop(op); })
      .Case<scf::IfOp>([&](auto op) { return translateBoth(op); })
      .Case<tensor::ExtractOp>([&](tensor::ExtractOp op) {
        return translateExtract(op, op.getTensor(), op.getIndices());
      })
      .Case<tensor::InsertOp>([&](tensor::InsertOp op) {
        return translateInsert(op, op.getScalar(), op.getDest(),
                               op.getIndices());
      })
      .Case<tensor::CollapseShapeOp, tensor::ExpandShapeOp,
            tensor::FromElementsOp>(
          [&](Operation *op) { return translateReshape(op); })
      .Default([&](Operation *op) { return translateElementwise(op); });
}

/// Constants, and what is one because its operands are indices that are: loops
/// that are unrolled make those.
bool Batcher::fold(Operation *op) {
  if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    TypedAttr value = constant.getValue();
    if (value.getType().isIndex())
      value = builder.getI32IntegerAttr(cast<IntegerAttr>(value).getInt());
    values[op->getResult(0)] = {nullptr, value, 0};
    return true;
  }
  if (auto empty = dyn_cast<tensor::EmptyOp>(op)) {
    values[op->getResult(0)] = {
        nullptr, cast<TypedAttr>(builder.getZeroAttr(empty.getType())), 0};
    return true;
  }
  if (auto select = dyn_cast<arith::SelectOp>(op)) {
    auto condition =
        dyn_cast_or_null<BoolAttr>(look(select.getCondition()).constant);
    if (!condition)
      return false;
    values[op->getResult(0)] = look(
        condition.getValue() ? select.getTrueValue() : select.getFalseValue());
    return true;
  }
  if (op->getNumResults() != 1 || op->getNumRegions() != 0 ||
      !isa<arith::ArithDialect>(op->getDialect()))
    return false;
  SmallVector<Attribute> constants;
  for (Value operand : op->getOperands()) {
    std::optional<int64_t> index = getIndex(operand);
    if (!index || !operand.getType().isIndex())
      return false;
    constants.push_back(builder.getIndexAttr(*index));
  }
  SmallVector<OpFoldResult> results;
  if (failed(op->fold(constants, results)) || results.size() != 1)
    return false;
  if (auto value = dyn_cast<Value>(results[0])) {
    values[op->getResult(0)] = look(value);
    return true;
  }
  auto number = dyn_cast<IntegerAttr>(cast<Attribute>(results[0]));
  if (!number)
    return false;
  if (number.getType().isIndex())
    number = builder.getI32IntegerAttr(number.getInt());
  values[op->getResult(0)] = {nullptr, number, 0};
  return true;
}
