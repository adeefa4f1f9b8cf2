//===- ScalarSum.cpp - Scalars that a step has ----------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ScalarSum.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <cmath>

using namespace mlir;
using namespace mlir::fisher;
using namespace mlir::fisher::recognition;

std::optional<double> ScalarSum::getNumber() const {
  double number = 0;
  for (const Product &product : products) {
    if (!product.powers.empty())
      return std::nullopt;
    number += product.coefficient;
  }
  return number;
}

/// A scalar of the function's block that is the expression.
static Value findScalarValue(Recognition &recognition, Expr expr) {
  for (Value value : recognition.findValues(expr)) {
    auto tensor = dyn_cast<RankedTensorType>(value.getType());
    Block &block =
        recognition.getGraph().getFunction().getFunctionBody().front();
    if (value.getParentBlock() == &block &&
        isa<FloatType>(getElementTypeOrSelf(value.getType())) &&
        (!isa<ShapedType>(value.getType()) ||
         (tensor && tensor.getRank() == 0)))
      return value;
  }
  return nullptr;
}

std::optional<ScalarSum> mlir::fisher::findScalar(Recognition &recognition,
                                                  Expr expr) {
  ScalarSum sum;
  if (std::optional<double> number = expr->getNumber()) {
    sum.products.push_back({*number, {}});
    return sum;
  }
  if (Value value = findScalarValue(recognition, expr)) {
    sum.products.push_back({1.0, {{value, 1}}});
    return sum;
  }
  Algebra &algebra = recognition.getGraph().getAlgebra();
  for (const Term &term : expr->terms) {
    ScalarSum::Product &product =
        sum.products.emplace_back(ScalarSum::Product{term.coefficient, {}});
    for (const Factor &factor : term.factors) {
      Value value = findScalarValue(
          recognition, algebra.getTerm({1.0, {{factor.atom, 1.0}}}));
      int power = static_cast<int>(factor.power);
      if (!value || power != factor.power)
        return std::nullopt;
      product.powers.push_back({value, power});
    }
  }
  return sum;
}

Value mlir::fisher::buildScalar(OpBuilder &builder, Location loc,
                                const ScalarSum &sum, FloatType type) {
  auto getConstant = [&](double number) -> Value {
    return arith::ConstantOp::create(builder, loc,
                                     FloatAttr::get(type, number));
  };
  if (std::optional<double> number = sum.getNumber())
    return getConstant(*number);
  Value total;
  for (const ScalarSum::Product &product : sum.products) {
    Value value;
    if (product.coefficient != 1.0 || product.powers.front().second < 0)
      value = getConstant(product.coefficient);
    for (auto [factor, power] : product.powers) {
      if (isa<RankedTensorType>(factor.getType()))
        factor = tensor::ExtractOp::create(builder, loc, factor);
      factor = convertScalarToDtype(builder, loc, factor, type,
                                    /*isUnsignedCast=*/false);
      for (int count = 0; count != std::abs(power); ++count) {
        if (power < 0)
          value = arith::DivFOp::create(builder, loc, value, factor);
        else
          value = value ? arith::MulFOp::create(builder, loc, value, factor)
                        : factor;
      }
    }
    total = total ? arith::AddFOp::create(builder, loc, total, value) : value;
  }
  return total;
}
