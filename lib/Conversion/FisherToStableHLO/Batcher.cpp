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
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/SmallVectorExtras.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::fisher;

/// Loops that become at most so many operations are unrolled. XLA needs more
/// time to compile those than to run a loop.
static constexpr int64_t maxUnrolled = 24;

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

/// The type of elements in StableHLO.
static Type getElementType(Type source) {
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

/// What was built for a key in the block that is built now: those of loops use
/// little from outside.
template <typename Key, typename Build>
static Value buildOnce(llvm::DenseMap<Key, Value> &known, const Key &key,
                       OpBuilder &builder, Build build) {
  Value value = known.lookup(key);
  if (!value || value.getParentBlock() != builder.getInsertionBlock())
    known[key] = value = build();
  return value;
}

Value Batcher::getConstant(TypedAttr attr, RankedTensorType type) {
  return buildOnce(constants, {attr, type}, builder, [&]() -> Value {
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
  return buildOnce(broadcasts, {translated.tensor, type}, builder, [&] {
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

//===----------------------------------------------------------------------===//
// Elementwise operations
//===----------------------------------------------------------------------===//

/// The name of what does the same element by element; empty if there is none.
static StringRef getName(Operation *op) {
  return llvm::TypeSwitch<Operation *, StringRef>(op)
      .Case<arith::AddFOp, arith::AddIOp>([](auto) { return "add"; })
      .Case<arith::SubFOp, arith::SubIOp>([](auto) { return "subtract"; })
      .Case<arith::MulFOp, arith::MulIOp>([](auto) { return "multiply"; })
      .Case<arith::DivFOp>([](auto) { return "divide"; })
      .Case<arith::NegFOp>([](auto) { return "negate"; })
      .Case<arith::MaximumFOp>([](auto) { return "maximum"; })
      .Case<arith::MinimumFOp>([](auto) { return "minimum"; })
      .Case<arith::AndIOp>([](auto) { return "and"; })
      .Case<arith::OrIOp>([](auto) { return "or"; })
      .Case<arith::XOrIOp>([](auto) { return "xor"; })
      .Case<arith::ShLIOp>([](auto) { return "shift_left"; })
      .Case<arith::ShRUIOp>([](auto) { return "shift_right_logical"; })
      .Case<math::AbsFOp>([](auto) { return "abs"; })
      .Case<math::SqrtOp>([](auto) { return "sqrt"; })
      .Default([](Operation *op) {
        // Indices are not negative.
        return isa<arith::RemUIOp>(op) && op->getResult(0).getType().isIndex()
                   ? "remainder"
                   : "";
      });
}

using Comparison = stablehlo::Comparison;

/// A comparison of numbers, and whether its opposite is meant: StableHLO's are
/// false where an operand is not a number, but for NE.
static std::optional<std::pair<Comparison, bool>>
getComparison(arith::CmpFPredicate predicate) {
  switch (predicate) {
  case arith::CmpFPredicate::OEQ:
    return std::pair(Comparison::EQ, false);
  case arith::CmpFPredicate::OLT:
    return std::pair(Comparison::LT, false);
  case arith::CmpFPredicate::OLE:
    return std::pair(Comparison::LE, false);
  case arith::CmpFPredicate::OGT:
    return std::pair(Comparison::GT, false);
  case arith::CmpFPredicate::OGE:
    return std::pair(Comparison::GE, false);
  case arith::CmpFPredicate::UNE:
    return std::pair(Comparison::NE, false);
  case arith::CmpFPredicate::ULT:
    return std::pair(Comparison::GE, true);
  case arith::CmpFPredicate::ULE:
    return std::pair(Comparison::GT, true);
  case arith::CmpFPredicate::UGT:
    return std::pair(Comparison::LE, true);
  case arith::CmpFPredicate::UGE:
    return std::pair(Comparison::LT, true);
  default:
    return std::nullopt;
  }
}

/// For integers that are signed, or indices, which are not negative.
static std::optional<Comparison> getComparison(arith::CmpIPredicate predicate,
                                               bool isIndex) {
  switch (predicate) {
  case arith::CmpIPredicate::eq:
    return Comparison::EQ;
  case arith::CmpIPredicate::ne:
    return Comparison::NE;
  case arith::CmpIPredicate::slt:
    return Comparison::LT;
  case arith::CmpIPredicate::sle:
    return Comparison::LE;
  case arith::CmpIPredicate::sgt:
    return Comparison::GT;
  case arith::CmpIPredicate::sge:
    return Comparison::GE;
  case arith::CmpIPredicate::ult:
    return isIndex ? std::optional(Comparison::LT) : std::nullopt;
  case arith::CmpIPredicate::ule:
    return isIndex ? std::optional(Comparison::LE) : std::nullopt;
  case arith::CmpIPredicate::ugt:
    return isIndex ? std::optional(Comparison::GT) : std::nullopt;
  case arith::CmpIPredicate::uge:
    return isIndex ? std::optional(Comparison::GE) : std::nullopt;
  }
  llvm_unreachable("covered switch");
}

/// The magnitude of the first number with the sign of the second.
static Value buildCopySign(OpBuilder &b, Location loc, Value magnitude,
                           Value sign) {
  auto type = cast<RankedTensorType>(magnitude.getType());
  unsigned width = type.getElementTypeBitWidth();
  RankedTensorType bits = type.clone(b.getIntegerType(width));
  auto masked = [&](Value number, const APInt &mask) {
    return stablehlo::createElementwise(
        b, loc, "and",
        {stablehlo::create(b, loc, "bitcast_convert", bits, number),
         stablehlo::createSplat(
             b, loc, bits, b.getIntegerAttr(bits.getElementType(), mask))});
  };
  Value both = stablehlo::createElementwise(
      b, loc, "or",
      {masked(magnitude, APInt::getSignedMaxValue(width)),
       masked(sign, APInt::getSignMask(width))});
  return stablehlo::create(b, loc, "bitcast_convert", type, both);
}

//===----------------------------------------------------------------------===//
// What compilers may not rewrite
//===----------------------------------------------------------------------===//

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
    zero = buildOnce(zeros, Type(bitsType), builder, [&] {
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
    if (isWithConstant(a, {"add", "subtract"}) && isConstant(b))
      a = shield(a);
    else if (isWithConstant(b, {"add", "subtract"}) && isConstant(a))
      b = shield(b);
    else if (isWithConstant(a, {"multiply"}) && isWithConstant(b, {"multiply"}))
      a = shield(a);
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

//===----------------------------------------------------------------------===//
// Elementwise operations in StableHLO
//===----------------------------------------------------------------------===//

/// What an operation becomes for these operands, of one shape; null if there is
/// nothing for it.
Value Batcher::buildElementwise(Operation *op,
                                MutableArrayRef<Value> operands) {
  if (StringRef name = getName(op); !name.empty()) {
    if (isa<FloatType>(getElementTypeOrSelf(operands[0].getType())))
      shieldOperands(name, operands);
    return stablehlo::createElementwise(builder, loc, name, operands);
  }
  auto type = cast<RankedTensorType>(operands.front().getType());
  Type element = getElementType(op->getResult(0).getType());
  return llvm::TypeSwitch<Operation *, Value>(op)
      .Case<arith::CmpFOp>([&](arith::CmpFOp compare) -> Value {
        auto comparison = getComparison(compare.getPredicate());
        if (!comparison)
          return nullptr;
        Value result = stablehlo::createCompare(builder, loc, comparison->first,
                                                operands[0], operands[1]);
        return comparison->second
                   ? stablehlo::createElementwise(builder, loc, "not", result)
                   : result;
      })
      .Case<arith::CmpIOp>([&](arith::CmpIOp compare) -> Value {
        auto comparison = getComparison(compare.getPredicate(),
                                        compare.getLhs().getType().isIndex());
        if (!comparison)
          return nullptr;
        return stablehlo::createCompare(builder, loc, *comparison, operands[0],
                                        operands[1]);
      })
      .Case<arith::BitcastOp>([&](auto) {
        return stablehlo::create(builder, loc, "bitcast_convert",
                                 type.clone(element), operands[0]);
      })
      .Case<arith::TruncIOp>([&](auto) -> Value {
        if (!element.isInteger(1))
          return stablehlo::createConvert(builder, loc, operands[0], element);
        // A conversion to i1 would tell whether any bit is set.
        Type bits = type.getElementType();
        auto splat = [&](int64_t number) {
          return stablehlo::createSplat(builder, loc, type,
                                        builder.getIntegerAttr(bits, number));
        };
        Value lowest = stablehlo::createElementwise(builder, loc, "and",
                                                    {operands[0], splat(1)});
        return stablehlo::createCompare(builder, loc, Comparison::NE, lowest,
                                        splat(0));
      })
      .Case<arith::ExtFOp, arith::TruncFOp, arith::SIToFPOp, arith::FPToSIOp,
            arith::ExtSIOp>([&](auto) {
        return stablehlo::createConvert(builder, loc, operands[0], element);
      })
      .Case<math::CopySignOp>([&](auto) {
        return buildCopySign(builder, loc, operands[0], operands[1]);
      })
      .Default(Value());
}

LogicalResult Batcher::translateElementwise(Operation *op) {
  if (op->getNumResults() != 1 || op->getNumRegions() != 0 ||
      op->getNumOperands() == 0)
    return refuse(op, "'" + op->getName().getStringRef() +
                          "' has no counterpart there");
  unsigned level = getLevel(op->getOperands());
  Value result;
  if (auto select = dyn_cast<arith::SelectOp>(op)) {
    result = buildSelect(select.getCondition(), select.getTrueValue(),
                         select.getFalseValue(), level);
  } else {
    SmallVector<Value> operands;
    for (Value operand : op->getOperands())
      operands.push_back(get(operand, level));
    result = buildElementwise(op, operands);
  }
  if (!result)
    return refuse(op, "'" + op->getName().getStringRef() +
                          "' has no counterpart there");
  set(op->getResult(0), result, level);
  return success();
}

//===----------------------------------------------------------------------===//
// Loops over elements
//===----------------------------------------------------------------------===//

LogicalResult Batcher::translateGeneric(linalg::GenericOp op) {
  Block &body = *op.getBody();
  // What depends on nothing of the batch has none of its dimensions.
  unsigned outer = getLevel(op->getOperands());
  op.getRegion().walk([&](Operation *inner) {
    outer = std::max(outer, getLevel(inner->getOperands()));
  });
  SmallVector<int64_t> shape = levels[outer];
  int64_t first = shape.size();
  llvm::append_range(shape, op.getStaticLoopRanges());
  levels.push_back(shape);
  unsigned inner = getLevel();

  for (OpOperand &operand : op->getOpOperands()) {
    BlockArgument element = op.getMatchingBlockArgument(&operand);
    AffineMap map = op.getMatchingIndexingMap(&operand);
    // What was reduced so far is no element.
    if (element.use_empty() ||
        (op.isDpsInit(&operand) && map.getNumResults() != op.getNumLoops()))
      continue;
    if (!map.isProjectedPermutation())
      return refuse(op, "its elements are not read in their order");
    if (!isa<RankedTensorType>(operand.get().getType())) {
      values[element] = look(operand.get());
      continue;
    }
    unsigned level = look(operand.get()).level;
    auto dimensions = llvm::to_vector(llvm::seq<int64_t>(levels[level].size()));
    for (AffineExpr expr : map.getResults())
      dimensions.push_back(first + cast<AffineDimExpr>(expr).getPosition());
    set(element,
        stablehlo::createBroadcast(builder, loc, get(operand.get(), level),
                                   shape, dimensions),
        inner);
  }

  // What combines a term with what was reduced so far is not in the loop.
  auto yield = cast<linalg::YieldOp>(body.getTerminator());
  llvm::SmallPtrSet<Operation *, 2> combining;
  for (unsigned k = 0; k != op.getNumDpsInits(); ++k)
    if (op.getMatchingIndexingMap(op.getDpsInitOperand(k)).getNumResults() !=
        op.getNumLoops())
      combining.insert(yield.getOperand(k).getDefiningOp());
  for (Operation &each : body.without_terminator())
    if (!combining.contains(&each) && failed(translate(&each)))
      return failure();

  SmallVector<Value> results;
  for (unsigned k = 0; k != op.getNumDpsInits(); ++k) {
    OpOperand *init = op.getDpsInitOperand(k);
    AffineMap map = op.getMatchingIndexingMap(init);
    Value yielded = yield.getOperand(k);
    loc = op.getLoc();
    if (map.isIdentity()) {
      results.push_back(get(yielded, inner));
      continue;
    }
    Operation *combine = yielded.getDefiningOp();
    BlockArgument carried = op.getMatchingBlockArgument(init);
    if (!combine || combine->getBlock() != &body ||
        combine->getNumOperands() != 2 || !map.isProjectedPermutation() ||
        !llvm::is_sorted(map.getResults(),
                         [](AffineExpr a, AffineExpr b) {
                           return cast<AffineDimExpr>(a).getPosition() <
                                  cast<AffineDimExpr>(b).getPosition();
                         }) ||
        !llvm::is_contained(combine->getOperands(), carried))
      return refuse(op, "it is neither elementwise nor a reduction");
    std::optional<TypedAttr> neutral = arith::getNeutralElement(combine);
    StringRef name = ::getName(combine);
    if (!neutral || name.empty())
      return refuse(combine, "nothing can be reduced by it");
    Value term = combine->getOperand(combine->getOperand(0) == carried);
    SmallVector<int64_t> dimensions;
    for (unsigned i = 0; i != op.getNumLoops(); ++i)
      if (!map.isFunctionOfDim(i))
        dimensions.push_back(first + i);
    Value reduced = stablehlo::createReduce(
        builder, loc, name, get(term, inner),
        stablehlo::createSplat(builder, loc,
                               RankedTensorType::get({}, neutral->getType()),
                               *neutral),
        dimensions);
    Translated start = look(init->get());
    bool isNeutral = start.constant == *neutral;
    if (auto elements = dyn_cast_or_null<DenseElementsAttr>(start.constant))
      isNeutral =
          elements.isSplat() && elements.getSplatValue<Attribute>() == *neutral;
    if (!isNeutral)
      reduced = stablehlo::createElementwise(
          builder, loc, name, {reduced, get(init->get(), outer)});
    results.push_back(reduced);
  }
  levels.pop_back();
  for (auto [result, value] : llvm::zip_equal(op.getResults(), results))
    set(result, value, outer);
  return success();
}

//===----------------------------------------------------------------------===//
// Control flow
//===----------------------------------------------------------------------===//

LogicalResult Batcher::translateBoth(scf::IfOp op) {
  if (op.getElseRegion().empty())
    return refuse(op, "it has one side only");
  if (failed(translate(*op.thenBlock())) || failed(translate(*op.elseBlock())))
    return failure();
  loc = op.getLoc();
  for (auto [result, ifTrue, ifFalse] :
       llvm::zip_equal(op.getResults(), op.thenYield().getOperands(),
                       op.elseYield().getOperands())) {
    unsigned level = getLevel({op.getCondition(), ifTrue, ifFalse});
    set(result, buildSelect(op.getCondition(), ifTrue, ifFalse, level), level);
  }
  return success();
}

static int64_t countOperations(Region &region) {
  int64_t count = 0;
  region.walk([&](Operation *) { ++count; });
  return count;
}

LogicalResult Batcher::translateUnrolled(scf::ForOp op, int64_t lower,
                                         int64_t upper) {
  SmallVector<Translated> carried;
  for (Value init : op.getInitArgs())
    carried.push_back(look(init));
  for (int64_t i = lower; i < upper; ++i) {
    values[op.getInductionVar()] = {nullptr, builder.getI32IntegerAttr(i), 0};
    for (auto [argument, value] :
         llvm::zip_equal(op.getRegionIterArgs(), carried))
      values[argument] = value;
    if (failed(translate(*op.getBody())))
      return failure();
    for (auto [value, yielded] :
         llvm::zip_equal(carried, op.getYieldedValues()))
      value = look(yielded);
  }
  for (auto [result, value] : llvm::zip_equal(op.getResults(), carried))
    values[result] = value;
  return success();
}

/// A `stablehlo.while` like this one, which is erased, that carries also what
/// its regions use from outside: not every reader of StableHLO lets them look
/// there.
static Operation *carryCaptured(OpBuilder &builder, Operation *loop) {
  llvm::SetVector<Value> captured;
  getUsedValuesDefinedAbove(loop->getRegions(), captured);
  OperationState state(loop->getLoc(), loop->getName().getStringRef(),
                       loop->getOperands(), loop->getResultTypes());
  for (Value value : captured) {
    for (Region &region : loop->getRegions())
      replaceAllUsesInRegionWith(
          value, region.addArgument(value.getType(), loop->getLoc()), region);
    Block &body = loop->getRegion(1).front();
    Operation *end = &body.back();
    end->insertOperands(end->getNumOperands(), body.getArguments().back());
    state.addOperands(value);
    state.addTypes(value.getType());
  }
  for (Region &region : loop->getRegions())
    state.addRegion()->takeBody(region);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(loop);
  Operation *carrying = builder.create(state);
  loop->erase();
  return carrying;
}

LogicalResult Batcher::translateLoop(scf::ForOp op) {
  std::optional<int64_t> lower = getIndex(op.getLowerBound());
  std::optional<int64_t> upper = getIndex(op.getUpperBound());
  std::optional<int64_t> step = getIndex(op.getStep());
  if (lower && upper && step == 1 &&
      (*upper - *lower) * countOperations(op.getRegion()) <= maxUnrolled)
    return translateUnrolled(op, *lower, *upper);

  unsigned level = getLevel();
  SmallVector<Value> operands{get(op.getLowerBound(), 0)};
  for (Value init : op.getInitArgs())
    operands.push_back(get(init, level));
  SmallVector<Type> types(ValueRange(operands).getTypes());
  SmallVector<Location> locs(types.size(), op.getLoc());
  OperationState state(op.getLoc(), "stablehlo.while", operands, types);
  state.addRegion();
  state.addRegion();
  Operation *loop = builder.create(state);
  OpBuilder::InsertionGuard guard(builder);

  Block *condition = builder.createBlock(&loop->getRegion(0), {}, types, locs);
  stablehlo::createReturn(builder, op.getLoc(),
                          stablehlo::createCompare(builder, op.getLoc(),
                                                   Comparison::LT,
                                                   condition->getArgument(0),
                                                   get(op.getUpperBound(), 0)));

  Block *body = builder.createBlock(&loop->getRegion(1), {}, types, locs);
  set(op.getInductionVar(), body->getArgument(0), 0);
  for (auto [argument, value] : llvm::zip_equal(
           op.getRegionIterArgs(), body->getArguments().drop_front()))
    set(argument, value, level);
  if (failed(translate(*op.getBody())))
    return failure();
  loc = op.getLoc();
  SmallVector<Value> next{stablehlo::createElementwise(
      builder, loc, "add", {body->getArgument(0), get(op.getStep(), 0)})};
  for (Value yielded : op.getYieldedValues())
    next.push_back(get(yielded, level));
  stablehlo::createReturn(builder, loc, next);

  loop = carryCaptured(builder, loop);
  for (auto [result, value] :
       llvm::zip(op.getResults(), loop->getResults().drop_front()))
    set(result, value, level);
  return success();
}

//===----------------------------------------------------------------------===//
// Elements of tensors
//===----------------------------------------------------------------------===//

FailureOr<SmallVector<Value>>
Batcher::getStarts(Operation *op, ValueRange indices, unsigned level) {
  SmallVector<Value> starts;
  if (!levels[level].empty())
    starts.assign(
        levels[level].size(),
        stablehlo::createSplat(builder, loc,
                               RankedTensorType::get({}, builder.getI32Type()),
                               builder.getI32IntegerAttr(0)));
  for (Value index : indices) {
    if (look(index).level != 0)
      return refuse(op, "its indices differ from distribution to distribution");
    starts.push_back(get(index, 0));
  }
  return starts;
}

LogicalResult Batcher::translateExtract(Operation *op, Value tensor,
                                        ValueRange indices) {
  unsigned level = look(tensor).level;
  Value source = get(tensor, level);
  auto type = cast<RankedTensorType>(source.getType());
  SmallVector<int64_t> sizes = levels[level];
  sizes.append(indices.size(), 1);
  Value slice;
  if (indices.empty()) {
    slice = source;
  } else if (llvm::all_of(indices,
                          [&](Value index) { return getIndex(index); })) {
    SmallVector<int64_t> starts(levels[level].size(), 0);
    for (Value index : indices)
      starts.push_back(*getIndex(index));
    SmallVector<int64_t> limits(starts);
    for (auto [limit, size] : llvm::zip_equal(limits, sizes))
      limit += size;
    SmallVector<int64_t> strides(starts.size(), 1);
    slice = stablehlo::create(
        builder, loc, "slice", type.clone(sizes), source,
        {builder.getNamedAttr("start_indices",
                              builder.getDenseI64ArrayAttr(starts)),
         builder.getNamedAttr("limit_indices",
                              builder.getDenseI64ArrayAttr(limits)),
         builder.getNamedAttr("strides",
                              builder.getDenseI64ArrayAttr(strides))});
  } else {
    FailureOr<SmallVector<Value>> operands = getStarts(op, indices, level);
    if (failed(operands))
      return failure();
    operands->insert(operands->begin(), source);
    slice = stablehlo::create(
        builder, loc, "dynamic_slice", type.clone(sizes), *operands,
        builder.getNamedAttr("slice_sizes",
                             builder.getDenseI64ArrayAttr(sizes)));
  }
  set(op->getResult(0),
      stablehlo::createReshape(builder, loc, slice, levels[level]), level);
  return success();
}

LogicalResult Batcher::translateInsert(Operation *op, Value number,
                                       Value tensor, ValueRange indices) {
  unsigned level = getLevel({number, tensor});
  SmallVector<int64_t> sizes = levels[level];
  sizes.append(indices.size(), 1);
  FailureOr<SmallVector<Value>> starts = getStarts(op, indices, level);
  if (failed(starts))
    return failure();
  Value into = get(tensor, level);
  SmallVector<Value> operands{
      into, stablehlo::createReshape(builder, loc, get(number, level), sizes)};
  llvm::append_range(operands, *starts);
  set(op->getResult(0),
      stablehlo::create(builder, loc, "dynamic_update_slice", into.getType(),
                        operands),
      level);
  return success();
}

/// Operations that change a shape alone.
LogicalResult Batcher::translateReshape(Operation *op) {
  if (op->getNumOperands() != 1)
    return refuse(op, "it has more than one element");
  Translated source = look(op->getOperand(0));
  if (auto elements = dyn_cast_or_null<ElementsAttr>(source.constant);
      source.constant && (!elements || elements.isSplat())) {
    values[op->getResult(0)] = source;
    return success();
  }
  unsigned level = source.level;
  Type type = op->getResult(0).getType();
  set(op->getResult(0),
      stablehlo::createReshape(builder, loc, get(op->getOperand(0), level),
                               getType(type, level).getShape()),
      level);
  return success();
}
