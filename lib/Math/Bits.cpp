//===- Bits.cpp - Bit patterns of IR values -------------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Math/Bits.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace mlir::fisher;

/// `type`, a scalar or a vector, with elements of type `element`.
static Type withElementType(Type type, Type element) {
  if (auto shaped = dyn_cast<ShapedType>(type))
    return shaped.clone(element);
  return element;
}

static Value bitcast(FormulaBuilder &b, Value value, Type element) {
  return b.get<arith::BitcastOp>(withElementType(value.getType(), element),
                                 value);
}

Bits::Bits(Scalar x)
    : builder(&x.getBuilder()),
      value(bitcast(*builder, x.getValue(),
                    builder->getIntegerType(x.getElementType().getWidth()))) {}

Scalar Bits::toScalar() const {
  bool isDouble = getElementTypeOrSelf(value.getType()).isInteger(64);
  Type element = isDouble ? Type(builder->getF64Type()) : builder->getF32Type();
  return {*builder, bitcast(*builder, value, element)};
}

Condition Bits::isOdd() const {
  Type type = withElementType(value.getType(), builder->getI1Type());
  return {*builder, builder->get<arith::TruncIOp>(type, value)};
}

Bits Bits::constant(uint64_t bits) const {
  auto element = cast<IntegerType>(getElementTypeOrSelf(value.getType()));
  TypedAttr attr = IntegerAttr::get(
      element, APInt(64, bits).zextOrTrunc(element.getWidth()));
  if (auto shaped = dyn_cast<ShapedType>(value.getType()))
    attr = SplatElementsAttr::get(shaped, Attribute(attr));
  return {*builder, builder->get<arith::ConstantOp>(attr)};
}

template <typename OpTy>
static Bits build(Bits a, Bits b) {
  return {a.getBuilder(), a.getBuilder().get<OpTy>(a.getValue(), b.getValue())};
}

namespace mlir::fisher {

Bits operator+(Bits a, Bits b) { return build<arith::AddIOp>(a, b); }
Bits operator-(Bits a, Bits b) { return build<arith::SubIOp>(a, b); }
Bits operator&(Bits a, Bits b) { return build<arith::AndIOp>(a, b); }
Bits operator|(Bits a, Bits b) { return build<arith::OrIOp>(a, b); }
Bits operator<<(Bits a, unsigned count) {
  return build<arith::ShLIOp>(a, a.constant(count));
}
Bits operator>>(Bits a, unsigned count) {
  return build<arith::ShRUIOp>(a, a.constant(count));
}

} // namespace mlir::fisher
