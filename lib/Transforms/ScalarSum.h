//===- ScalarSum.h - Scalars that a step has --------------------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_TRANSFORMS_SCALARSUM_H
#define FISHER_LIB_TRANSFORMS_SCALARSUM_H

#include "fisher/Recognition/Recognition.h"

#include "mlir/IR/Builders.h"

namespace mlir::fisher {

/// A sum of products of scalars that the step has.
struct ScalarSum {
  struct Product {
    double coefficient;
    SmallVector<std::pair<Value, int>> powers;

    bool operator==(const Product &other) const {
      return coefficient == other.coefficient && powers == other.powers;
    }
  };
  SmallVector<Product> products;

  bool operator==(const ScalarSum &other) const {
    return products == other.products;
  }
  /// The number that it is, if it is one.
  std::optional<double> getNumber() const;
};

/// An expression of scalars, if it is made of values of the step and numbers.
std::optional<ScalarSum> findScalar(recognition::Recognition &recognition,
                                    recognition::Expr expr);

/// The scalar, of the type `type`.
Value buildScalar(OpBuilder &builder, Location loc, const ScalarSum &sum,
                  FloatType type);

} // namespace mlir::fisher

#endif // FISHER_LIB_TRANSFORMS_SCALARSUM_H
