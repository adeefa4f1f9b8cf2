//===- BatchElementwise.cpp - Element by element on all distributions -----===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Batcher.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::fisher;

StringRef Batcher::getName(Operation *op) {
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
