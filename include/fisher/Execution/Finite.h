//===- Finite.h - Numbers that are not finite -------------------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_EXECUTION_FINITE_H
#define FISHER_EXECUTION_FINITE_H

#include "fisher/Execution/Array.h"

#include <string>

namespace mlir::fisher {

/// What becomes of a training run whose numbers are no longer finite.
enum class NonFinitePolicy : uint8_t { Stop, Skip, Ignore };

/// Whether no element is infinite or NaN. Integers are finite.
bool isFinite(const Array &array);

/// What is not finite in an array that has such elements, as in "nan at [3, 1],
/// and 4 more of 64". Without `rows`, the first dimension is looked at as a
/// whole, else only these indices of it.
std::optional<std::string>
describeNonFinite(const Array &array,
                  std::optional<llvm::ArrayRef<int64_t>> rows = std::nullopt);

/// "nan", "inf" or "-inf".
llvm::StringRef getNonFiniteName(double number);

} // namespace mlir::fisher

#endif // FISHER_EXECUTION_FINITE_H
