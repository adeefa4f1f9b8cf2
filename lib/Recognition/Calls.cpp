//===- Calls.cpp - Bodies of functions in place of their calls ------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Recognition/Calls.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/CallInterfaces.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;

bool mlir::fisher::recognition::inlineCall(Operation *op) {
  auto call = dyn_cast<CallOpInterface>(op);
  if (!call)
    return false;
  auto callee = dyn_cast_or_null<FunctionOpInterface>(call.resolveCallable());
  if (!callee || !callee.getFunctionBody().hasOneBlock())
    return false;
  Block &body = callee.getFunctionBody().front();
  Operation *end = body.getTerminator();
  if (&body == op->getBlock() ||
      body.getArgumentTypes() != op->getOperandTypes() ||
      end->getOperandTypes() != op->getResultTypes())
    return false;
  IRMapping mapping;
  mapping.map(body.getArguments(), op->getOperands());
  OpBuilder builder(op);
  for (Operation &inner : body.without_terminator())
    builder.clone(inner, mapping);
  for (auto [result, value] :
       llvm::zip_equal(op->getResults(), end->getOperands()))
    result.replaceAllUsesWith(mapping.lookupOrDefault(value));
  op->erase();
  return true;
}
