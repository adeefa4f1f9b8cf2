//===- JaxMarks.h - What JAX says of arguments and results ----------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_IR_JAXMARKS_H
#define FISHER_IR_JAXMARKS_H

#include "mlir/Interfaces/FunctionInterfaces.h"

namespace mlir::fisher {

/// JAX's mark of an argument whose memory a result may take: the result.
inline constexpr llvm::StringLiteral aliasingOutput = "tf.aliasing_output";

/// Gives a function that JAX wrote the marks that it lacks, from what JAX says
/// itself:
///
/// - an argument without a name that of its location, `params['fc0']['mu']`
///   being `params.fc0.mu`;
/// - a result that takes the place of an argument (`tf.aliasing_output`) the
///   mark that it updates this argument;
/// - any other result without a name that of its `jax.result_info`;
/// - if no result has a role, the only one that is one floating-point number
///   the role of the loss.
///
/// A function about which JAX says nothing stays as it is.
void adoptJaxMarks(FunctionOpInterface function);

/// The marks of a function's arguments and results.
struct StepMarks {
  SmallVector<NamedAttrList> arguments, results;

  /// The text of a mark; empty if there is none.
  static StringRef getText(const NamedAttrList &list, StringRef mark);
  /// The number of the argument with this name.
  std::optional<unsigned> findArgument(StringRef name) const;
};

/// The marks that a function has and those that it would be given.
StepMarks getMarks(FunctionOpInterface function);

} // namespace mlir::fisher

#endif // FISHER_IR_JAXMARKS_H
