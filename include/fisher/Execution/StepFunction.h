//===- StepFunction.h - What a function takes and returns -------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The marks on a function's arguments and results (`fisher.name`,
// `fisher.role`, `fisher.updates`, ...) tell the runner where a value comes
// from and where it goes.
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_EXECUTION_STEPFUNCTION_H
#define FISHER_EXECUTION_STEPFUNCTION_H

#include "fisher/Execution/Array.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace mlir::fisher {

/// An argument or result of a function.
struct Port {
  /// `fisher.name`, else `argN` for arguments and `outN` for results.
  std::string name;
  /// `argN` or `outN`.
  std::string position;
  /// `fisher.role`, or empty.
  std::string role;
  Type type;
  Location loc;
  /// Of an argument: the argument whose first value it starts from, or empty.
  std::string initialize;
  /// Of an argument: `fisher.distribution`, or empty.
  std::string distribution;
  /// Of a result: the argument that it is the next value of, or empty.
  std::string updates;
  /// Of a result: the argument that it is the loss's gradient in, or empty.
  std::string gradientOf;
  /// Of measurements: `fisher.beliefs`; of these and traces: `fisher.columns`.
  std::vector<std::string> beliefs, columns;
  /// Of a trace: `fisher.trace_of`, and `fisher.family` as it prints.
  std::string traceOf, family;

  ElementKind getKind() const;
  /// Sizes, `ShapedType::kDynamic` where unknown; empty for scalars.
  ArrayRef<int64_t> getShape() const;
  bool isScalar() const { return getShape().empty(); }
  bool hasStaticShape() const {
    return !ShapedType::isDynamicShape(getShape());
  }
  /// How diagnostics call it, such as "argument 'fc0.mu' (arg0)".
  std::string describe() const;
};

/// The arguments and results of a function, in order.
struct Signature {
  std::vector<Port> arguments;
  std::vector<Port> results;
  Location loc;

  /// Index of the argument of this name, or of this position (`argN`).
  std::optional<size_t> findArgument(StringRef name) const;
};

/// Reads the types and marks of `function`. Types that arrays cannot hold and
/// names that stand twice are reported as errors.
FailureOr<Signature> readSignature(func::FuncOp function);

/// Whether `array` can be passed for `argument`; if not, reports what is
/// expected and what was found in `origin`, such as "array 'x' in a.npz".
LogicalResult checkArgument(const Port &argument, const Array &array,
                            const Twine &origin);

} // namespace mlir::fisher

#endif // FISHER_EXECUTION_STEPFUNCTION_H
