//===- Unused.cpp - Erases what nothing needs any more --------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Recognition/Removal.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Interfaces/CallInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

/// Whether nothing but its results tells that an operation was there.
static bool hasNoEffects(Operation &op, unsigned depth = 0) {
  if (isMemoryEffectFree(&op))
    return true;
  // A function, as calls have no effects of their own.
  if (auto call = dyn_cast<CallOpInterface>(op)) {
    auto callee = dyn_cast_or_null<FunctionOpInterface>(call.resolveCallable());
    // Recursion ends, too.
    if (!callee || !callee.getFunctionBody().hasOneBlock() || depth == 16)
      return false;
    return llvm::all_of(
        callee.getFunctionBody().front().without_terminator(),
        [&](Operation &inner) { return hasNoEffects(inner, depth + 1); });
  }
  StringRef name = op.getName().getStringRef();
  return name.consume_front("stablehlo.") &&
         !llvm::is_contained({"custom_call", "infeed", "outfeed", "send",
                              "recv", "rng", "composite", "while", "case",
                              "if"},
                             name);
}

llvm::DenseSet<Operation *>
mlir::fisher::recognition::findUnused(FunctionOpInterface function) {
  llvm::DenseSet<Operation *> unused;
  for (Operation &op : function.getFunctionBody().front())
    if (op.use_empty())
      unused.insert(&op);
  return unused;
}

void mlir::fisher::recognition::eraseUnused(
    FunctionOpInterface function, const llvm::DenseSet<Operation *> &except) {
  Block &block = function.getFunctionBody().front();
  for (Operation &op :
       llvm::make_early_inc_range(llvm::drop_begin(llvm::reverse(block))))
    if (op.use_empty() && !except.contains(&op) && hasNoEffects(op))
      op.erase();
  // What loops do not need any more.
  SmallVector<Operation *> loops;
  for (auto generic : block.getOps<linalg::GenericOp>()) {
    for (Operation &op :
         llvm::make_early_inc_range(llvm::reverse(*generic.getBlock())))
      if (isOpTriviallyDead(&op))
        op.erase();
    loops.push_back(generic);
  }
  RewritePatternSet patterns(function.getContext());
  linalg::populateEraseUnusedOperandsAndResultsPatterns(patterns);
  (void)applyOpPatternsGreedily(loops, std::move(patterns));
}
