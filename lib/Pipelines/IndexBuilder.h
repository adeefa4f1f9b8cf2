//===- IndexBuilder.h - Arithmetic on indices -------------------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_PIPELINES_INDEXBUILDER_H
#define FISHER_LIB_PIPELINES_INDEXBUILDER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace mlir::fisher {

/// A builder of index arithmetic, which folds.
class IndexBuilder : public ImplicitLocOpBuilder {
public:
  using ImplicitLocOpBuilder::ImplicitLocOpBuilder;

  Value index(int64_t number) {
    return arith::ConstantIndexOp::create(*this, number).getResult();
  }
  Value add(Value a, Value b) { return createOrFold<arith::AddIOp>(a, b); }
  Value subtract(Value a, Value b) { return createOrFold<arith::SubIOp>(a, b); }
  Value multiply(Value a, Value b) { return createOrFold<arith::MulIOp>(a, b); }
  Value divide(Value a, Value b) { return createOrFold<arith::DivUIOp>(a, b); }
  Value ceilDivide(Value a, Value b) {
    return createOrFold<arith::CeilDivUIOp>(a, b);
  }
  Value min(Value a, Value b) { return createOrFold<arith::MinUIOp>(a, b); }
  Value max(Value a, Value b) { return createOrFold<arith::MaxUIOp>(a, b); }
  Value isLess(Value a, Value b) {
    return createOrFold<arith::CmpIOp>(arith::CmpIPredicate::ult, a, b);
  }
  Value roundUp(Value a, int64_t multiple) {
    return multiply(ceilDivide(a, index(multiple)), index(multiple));
  }

  /// A loop that carries values.
  SmallVector<Value>
  loop(Value lower, Value upper, Value step, ValueRange carried,
       llvm::function_ref<SmallVector<Value>(Value, ValueRange)> body) {
    auto loop = scf::ForOp::create(
        *this, lower, upper, step, carried,
        [&](OpBuilder &nested, Location, Value iv, ValueRange values) {
          OpBuilder::InsertionGuard guard(*this);
          setInsertionPointToEnd(nested.getInsertionBlock());
          scf::YieldOp::create(*this, body(iv, values));
        });
    return SmallVector<Value>(loop.getResults());
  }
};

} // namespace mlir::fisher

#endif // FISHER_LIB_PIPELINES_INDEXBUILDER_H
