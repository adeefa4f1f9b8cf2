//===- FormulaBuilder.cpp - A builder that builds nothing twice -----------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Math/FormulaBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace mlir::fisher;

Value FormulaBuilder::getIndex(int64_t number) {
  return get<arith::ConstantOp>(TypedAttr(getIndexAttr(number)));
}

bool FormulaBuilder::isVisible(Value value) const {
  if (!value)
    return false;
  // Operations are appended, so what is in the block came before.
  Block *home = value.getParentBlock();
  Block *block = getInsertionBlock();
  while (block && block != home) {
    Operation *parent = block->getParentOp();
    block = parent ? parent->getBlock() : nullptr;
  }
  return block;
}
