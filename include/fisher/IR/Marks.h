//===- Marks.h - What training steps say of their arguments and results ---===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_IR_MARKS_H
#define FISHER_IR_MARKS_H

#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/StringRef.h"

#include <optional>

namespace mlir::fisher::marks {

/// The name that policies and data files use for an argument or a result.
inline constexpr llvm::StringLiteral name = "fisher.name";
/// param, state, batch or eps on an argument; loss or grad on a result.
inline constexpr llvm::StringLiteral role = "fisher.role";
/// On a result: the argument whose value after the step this is.
inline constexpr llvm::StringLiteral updates = "fisher.updates";
/// On a result: the argument that the loss is differentiated by.
inline constexpr llvm::StringLiteral gradientOf = "fisher.gradient_of";
/// On an argument: the argument of which it starts as a copy.
inline constexpr llvm::StringLiteral initialize = "fisher.initialize";
/// On a noise argument: normal or uniform.
inline constexpr llvm::StringLiteral distribution = "fisher.distribution";
/// On a function: the beliefs that policies regularize in it already, each the
/// names of its components.
inline constexpr llvm::StringLiteral regularized = "fisher.regularized";
/// On a function: the optimizers and regularizers that were recognized in it.
inline constexpr llvm::StringLiteral findings = "fisher.findings";
/// On measurements: the beliefs of the rows, and what the columns are.
inline constexpr llvm::StringLiteral beliefs = "fisher.beliefs";
inline constexpr llvm::StringLiteral columns = "fisher.columns";
/// On a trace: the belief whose elements it has, and the family in the chart
/// that their numbers are in.
inline constexpr llvm::StringLiteral traceOf = "fisher.trace_of";
inline constexpr llvm::StringLiteral family = "fisher.family";
/// On a module: the version of the dialect that wrote it.
inline constexpr llvm::StringLiteral version = "fisher.version";
/// On a loop: how many operations all its iterations are, about.
inline constexpr llvm::StringLiteral work = "fisher.work";

} // namespace mlir::fisher::marks

namespace mlir::fisher {

// The dialect must be loaded to find marks, which every pass that depends on it
// makes sure of.

/// The number of the first argument whose mark `mark` is `text`.
std::optional<unsigned> findArgument(FunctionOpInterface function,
                                     StringRef mark, StringRef text);

/// The number of the first result whose mark `mark` is `text`.
std::optional<unsigned> findResult(FunctionOpInterface function, StringRef mark,
                                   StringRef text);

/// The text of an argument's mark; empty if it has none.
StringRef getArgumentMark(FunctionOpInterface function, unsigned argument,
                          StringRef mark);

} // namespace mlir::fisher

#endif // FISHER_IR_MARKS_H
