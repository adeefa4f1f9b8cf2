//===- Scalar.cpp - Arithmetic on IR values -------------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Math/Scalar.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/TypeUtilities.h"

#include <limits>
#include <optional>

using namespace mlir;
using namespace mlir::fisher;

FloatType Scalar::getElementType() const {
  return cast<FloatType>(getElementTypeOrSelf(getType()));
}

Scalar Scalar::constant(double number) const {
  TypedAttr attr = FloatAttr::get(getElementType(), number);
  if (auto shaped = dyn_cast<ShapedType>(getType()))
    attr = SplatElementsAttr::get(shaped, Attribute(attr));
  return {*builder, builder->get<arith::ConstantOp>(attr)};
}

Scalar Scalar::nan() const {
  return constant(std::numeric_limits<double>::quiet_NaN());
}

template <typename OpTy>
static Scalar build(Scalar a) {
  return {a.getBuilder(), a.getBuilder().get<OpTy>(a.getValue())};
}

/// `x` as a value of the type of `other`, if that is a vector.
static Scalar broadcastLike(Scalar x, Scalar other) {
  if (x.getType() == other.getType() || !isa<VectorType>(other.getType()))
    return x;
  FormulaBuilder &b = x.getBuilder();
  return {b, b.get<vector::BroadcastOp>(other.getType(), x.getValue())};
}

template <typename OpTy>
static Scalar build(Scalar a, Scalar b) {
  std::tie(a, b) = std::pair(broadcastLike(a, b), broadcastLike(b, a));
  return {a.getBuilder(), a.getBuilder().get<OpTy>(a.getValue(), b.getValue())};
}

static Condition compare(arith::CmpFPredicate predicate, Scalar a, Scalar b) {
  std::tie(a, b) = std::pair(broadcastLike(a, b), broadcastLike(b, a));
  return {a.getBuilder(), a.getBuilder().get<arith::CmpFOp>(
                              predicate, a.getValue(), b.getValue())};
}

namespace mlir::fisher {

Scalar operator-(Scalar a) { return build<arith::NegFOp>(a); }
Scalar operator+(Scalar a, Scalar b) { return build<arith::AddFOp>(a, b); }
Scalar operator-(Scalar a, Scalar b) { return build<arith::SubFOp>(a, b); }
Scalar operator*(Scalar a, Scalar b) { return build<arith::MulFOp>(a, b); }
Scalar operator/(Scalar a, Scalar b) { return build<arith::DivFOp>(a, b); }

Scalar multiplyAdd(Scalar a, Scalar b, Scalar c) {
  FormulaBuilder &builder = a.getBuilder();
  auto contract = arith::FastMathFlagsAttr::get(builder.getContext(),
                                                arith::FastMathFlags::contract);
  std::tie(a, b) = std::pair(broadcastLike(a, b), broadcastLike(b, a));
  Scalar product(builder, builder.get<arith::MulFOp>(a.getValue(), b.getValue(),
                                                     contract));
  std::tie(product, c) =
      std::pair(broadcastLike(product, c), broadcastLike(c, product));
  return {builder, builder.get<arith::AddFOp>(product.getValue(), c.getValue(),
                                              contract)};
}

Condition operator<(Scalar a, Scalar b) {
  return compare(arith::CmpFPredicate::OLT, a, b);
}
Condition operator<=(Scalar a, Scalar b) {
  return compare(arith::CmpFPredicate::OLE, a, b);
}
Condition operator>(Scalar a, Scalar b) {
  return compare(arith::CmpFPredicate::OGT, a, b);
}
Condition operator>=(Scalar a, Scalar b) {
  return compare(arith::CmpFPredicate::OGE, a, b);
}

Condition operator&&(Condition a, Condition b) {
  return {a.getBuilder(),
          a.getBuilder().get<arith::AndIOp>(a.getValue(), b.getValue())};
}
Condition operator||(Condition a, Condition b) {
  return {a.getBuilder(),
          a.getBuilder().get<arith::OrIOp>(a.getValue(), b.getValue())};
}
/// What is true where an ordered comparison of sizes is not, if it is one.
static std::optional<arith::CmpFPredicate>
negate(arith::CmpFPredicate predicate) {
  switch (predicate) {
  case arith::CmpFPredicate::OLT:
    return arith::CmpFPredicate::UGE;
  case arith::CmpFPredicate::OLE:
    return arith::CmpFPredicate::UGT;
  case arith::CmpFPredicate::OGT:
    return arith::CmpFPredicate::ULE;
  case arith::CmpFPredicate::OGE:
    return arith::CmpFPredicate::ULT;
  default:
    return std::nullopt;
  }
}

// A comparison is negated by another, because the regions of a choice by a
// negation would change places, and the rare one is the first.
Condition operator!(Condition a) {
  FormulaBuilder &b = a.getBuilder();
  if (auto comparison = a.getValue().getDefiningOp<arith::CmpFOp>())
    if (auto negated = negate(comparison.getPredicate()))
      return compare(*negated, {b, comparison.getLhs()},
                     {b, comparison.getRhs()});
  Value ones = b.get<arith::ConstantOp>(b.getOneAttr(a.getValue().getType()));
  return {b, b.get<arith::XOrIOp>(a.getValue(), ones)};
}

Scalar select(Condition condition, Scalar whenTrue, Scalar whenFalse) {
  FormulaBuilder &b = condition.getBuilder();
  std::tie(whenTrue, whenFalse) = std::pair(broadcastLike(whenTrue, whenFalse),
                                            broadcastLike(whenFalse, whenTrue));
  if (auto type = dyn_cast<VectorType>(condition.getValue().getType());
      type && !isa<VectorType>(whenTrue.getType())) {
    Type values = type.clone(whenTrue.getElementType());
    whenTrue = {b, b.get<vector::BroadcastOp>(values, whenTrue.getValue())};
    whenFalse = {b, b.get<vector::BroadcastOp>(values, whenFalse.getValue())};
  }
  return {b, b.get<arith::SelectOp>(condition.getValue(), whenTrue.getValue(),
                                    whenFalse.getValue())};
}

SmallVector<Scalar>
selectRarely(Condition condition,
             llvm::function_ref<SmallVector<Scalar>()> whenTrue,
             ArrayRef<Scalar> whenFalse) {
  FormulaBuilder &b = condition.getBuilder();
  Value any = condition.getValue();
  bool isVector = isa<VectorType>(any.getType());
  if (isVector)
    any = vector::ReductionOp::create(b, vector::CombiningKind::OR, any);
  SmallVector<Value> others;
  for (Scalar value : whenFalse)
    others.push_back(value.getValue());
  auto choice = scf::IfOp::create(b, ValueRange(others).getTypes(), any,
                                  /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToEnd(choice.thenBlock());
  SmallVector<Value> values;
  for (auto [value, other] : llvm::zip_equal(whenTrue(), whenFalse))
    values.push_back(
        (isVector ? select(condition, value, other) : value).getValue());
  scf::YieldOp::create(b, values);
  b.setInsertionPointToEnd(choice.elseBlock());
  scf::YieldOp::create(b, others);
  SmallVector<Scalar> results;
  for (Value result : choice.getResults())
    results.emplace_back(b, result);
  return results;
}

Scalar abs(Scalar x) { return build<math::AbsFOp>(x); }
Scalar sqrt(Scalar x) { return build<math::SqrtOp>(x); }
Scalar copysign(Scalar magnitude, Scalar sign) {
  return build<math::CopySignOp>(magnitude, sign);
}
Scalar max(Scalar a, Scalar b) { return build<arith::MaximumFOp>(a, b); }
Scalar min(Scalar a, Scalar b) { return build<arith::MinimumFOp>(a, b); }

// Knuth's two-sum, which holds whichever operand is larger.
Difference exactDifference(Scalar a, Scalar b) {
  Scalar rounded = a - b;
  Scalar taken = rounded - a;
  Scalar lost = (a - (rounded - taken)) - (b + taken);
  Condition isFinite = abs(rounded) < std::numeric_limits<double>::infinity();
  return {rounded, select(isFinite, lost, 0.0)};
}

Value convertFloat(OpBuilder &builder, Location loc, Value value,
                   FloatType type) {
  auto from = cast<FloatType>(getElementTypeOrSelf(value.getType()));
  if (from == type)
    return value;
  // Between f16 and bf16, neither of which holds the other's numbers.
  if (from.getWidth() == type.getWidth())
    value = convertFloat(builder, loc, value, builder.getF32Type());
  Type to = type;
  if (auto vector = dyn_cast<VectorType>(value.getType()))
    to = vector.clone(type);
  if (from.getWidth() < type.getWidth())
    return arith::ExtFOp::create(builder, loc, to, value);
  return arith::TruncFOp::create(builder, loc, to, value);
}

} // namespace mlir::fisher
