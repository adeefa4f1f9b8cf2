//===- PolicySyntax.h - Custom syntax of the policy operations --*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the generated parsers and printers call.
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_IR_POLICYSYNTAX_H
#define FISHER_LIB_IR_POLICYSYNTAX_H

#include "fisher/IR/Fisher.h"

#include "mlir/IR/OpImplementation.h"

namespace mlir::fisher {

ParseResult parseGlobs(OpAsmParser &parser, ArrayAttr &globs);
void printGlobs(OpAsmPrinter &printer, Operation *op, ArrayAttr globs);
OptionalParseResult parseSource(OpAsmParser &parser, Attribute &source);
void printSource(OpAsmPrinter &printer, Operation *op, Attribute source);
ParseResult parseNumberOrName(OpAsmParser &parser, Attribute &value);
void printNumberOrName(OpAsmPrinter &printer, Operation *op, Attribute value);
ParseResult parseModeKeyword(OpAsmParser &parser, ModeAttr &mode);
void printModeKeyword(OpAsmPrinter &printer, Operation *op, ModeAttr mode);

} // namespace mlir::fisher

#endif // FISHER_LIB_IR_POLICYSYNTAX_H
