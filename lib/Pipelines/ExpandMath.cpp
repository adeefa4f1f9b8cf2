//===- ExpandMath.cpp - Portable functions --------------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Pipelines/Passes.h"

#include "fisher/Math/Functions.h"
#include "fisher/Math/Trigonometry.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/TypeSwitch.h"

namespace mlir::fisher {
#define GEN_PASS_DEF_FISHEREXPANDMATH
#include "fisher/Pipelines/Passes.h.inc"
} // namespace mlir::fisher

using namespace mlir;
using namespace mlir::fisher;

/// A power of f32, by way of f64: its logarithm times the exponent is off by
/// less than f32 tells apart, wherever the result is finite. There is none of
/// f64, for which that is not so.
static Value buildPower(Operation *op, FormulaBuilder &b) {
  if (!getElementTypeOrSelf(op->getResult(0).getType()).isF32())
    return {};
  auto wide = [&](unsigned i) {
    return Scalar(
        b, convertFloat(b, b.getLoc(), op->getOperand(i), b.getF64Type()));
  };
  auto isWhole = [&](Scalar x) {
    Scalar nearest(b, math::RoundEvenOp::create(b, x.getValue()));
    return nearest >= x && nearest <= x;
  };
  Scalar base = wide(0), exponent = wide(1);
  Scalar size = exp(exponent * log(abs(base)));
  size = select(abs(base) >= 1.0 && abs(base) <= 1.0, 1.0, size);
  size = select(exponent >= 0.0 && exponent <= 0.0, 1.0, size);
  // Of a negative number, odd powers are negative, and there are no others
  // than whole ones.
  Scalar odd = select(isWhole(0.5 * exponent), size, copysign(size, base));
  Scalar power = select(base < 0.0 && base >= -1e300 && !isWhole(exponent),
                        base.nan(), select(isWhole(exponent), odd, size));
  return convertFloat(b, b.getLoc(), power.getValue(), b.getF32Type());
}

/// The value of a function of the math dialect; null if there is no formula.
static Value build(Operation *op, FormulaBuilder &b) {
  auto operand = [&](unsigned i) { return Scalar(b, op->getOperand(i)); };
  auto unary = [&](Scalar (*function)(Scalar)) {
    return function(operand(0)).getValue();
  };
  return llvm::TypeSwitch<Operation *, Value>(op)
      .Case([&](math::ExpOp) { return unary(fisher::exp); })
      .Case([&](math::ExpM1Op) { return unary(fisher::expm1); })
      .Case([&](math::LogOp) { return unary(fisher::log); })
      .Case([&](math::Log1pOp) { return unary(fisher::log1p); })
      .Case([&](math::ErfOp) { return unary(fisher::erf); })
      .Case([&](math::SinhOp) { return unary(fisher::sinh); })
      .Case([&](math::CoshOp) { return unary(fisher::cosh); })
      .Case([&](math::TanhOp) { return unary(fisher::tanh); })
      .Case([&](math::TanOp) { return unary(fisher::tan); })
      .Case([&](math::AsinOp) { return unary(fisher::asin); })
      .Case([&](math::AtanOp) { return unary(fisher::atan); })
      .Case([&](math::SinOp) { return sinCos(operand(0)).sin.getValue(); })
      .Case([&](math::CosOp) { return sinCos(operand(0)).cos.getValue(); })
      .Case([&](math::Atan2Op) {
        return atan2(operand(0), operand(1)).getValue();
      })
      .Case([&](math::PowFOp) { return buildPower(op, b); })
      .Case([&](math::RsqrtOp) { return (1.0 / sqrt(operand(0))).getValue(); })
      .Default([](Operation *) { return Value(); });
}

namespace {
struct ExpandMath : fisher::impl::FisherExpandMathBase<ExpandMath> {
  void runOnOperation() override {
    SmallVector<Operation *> functions;
    getOperation()->walk([&](Operation *op) {
      if (!isa_and_nonnull<math::MathDialect>(op->getDialect()) ||
          op->getNumResults() != 1)
        return;
      Type element = getElementTypeOrSelf(op->getResult(0).getType());
      if (!isa<TensorType>(op->getResult(0).getType()) &&
          (element.isF32() || element.isF64()))
        functions.push_back(op);
    });
    for (Operation *op : functions) {
      FormulaBuilder b(op->getLoc(), op->getContext());
      b.setInsertionPoint(op);
      Value value = build(op, b);
      if (!value)
        continue;
      op->replaceAllUsesWith(ValueRange(value));
      op->erase();
      ++numExpanded;
    }
  }
};
} // namespace
