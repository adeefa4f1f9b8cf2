//===- Marks.cpp - What training steps say of their arguments -------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/IR/Marks.h"

using namespace mlir;
using namespace mlir::fisher;

std::optional<unsigned> mlir::fisher::findArgument(FunctionOpInterface function,
                                                   StringRef mark,
                                                   StringRef text) {
  for (unsigned i = 0, e = function.getNumArguments(); i != e; ++i) {
    auto attr = function.getArgAttrOfType<StringAttr>(i, mark);
    if (attr && attr.getValue() == text)
      return i;
  }
  return std::nullopt;
}

std::optional<unsigned> mlir::fisher::findResult(FunctionOpInterface function,
                                                 StringRef mark,
                                                 StringRef text) {
  for (unsigned i = 0, e = function.getNumResults(); i != e; ++i) {
    auto attr = function.getResultAttrOfType<StringAttr>(i, mark);
    if (attr && attr.getValue() == text)
      return i;
  }
  return std::nullopt;
}

StringRef mlir::fisher::getArgumentMark(FunctionOpInterface function,
                                        unsigned argument, StringRef mark) {
  auto attr = function.getArgAttrOfType<StringAttr>(argument, mark);
  return attr ? attr.getValue() : StringRef();
}
