//===- Marks.cpp - What training steps say of their arguments -------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/IR/Marks.h"

#include "fisher/IR/Fisher.h"

using namespace mlir;
using namespace mlir::fisher;

static MarkIndex &getMarkIndex(FunctionOpInterface function) {
  auto *dialect = function.getContext()->getLoadedDialect<FisherDialect>();
  assert(dialect && "marks are known to the dialect only");
  return dialect->getMarkIndex();
}

std::optional<unsigned> mlir::fisher::findArgument(FunctionOpInterface function,
                                                   StringRef mark,
                                                   StringRef text) {
  return getMarkIndex(function).find(function.getArgAttrsAttr(), mark, text);
}

std::optional<unsigned> mlir::fisher::findResult(FunctionOpInterface function,
                                                 StringRef mark,
                                                 StringRef text) {
  return getMarkIndex(function).find(function.getResAttrsAttr(), mark, text);
}

StringRef mlir::fisher::getArgumentMark(FunctionOpInterface function,
                                        unsigned argument, StringRef mark) {
  auto attr = function.getArgAttrOfType<StringAttr>(argument, mark);
  return attr ? attr.getValue() : StringRef();
}
