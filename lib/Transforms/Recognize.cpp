//===- Recognize.cpp - Find what a step has already -----------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/IR/Marks.h"
#include "fisher/Recognition/Recognition.h"
#include "fisher/Transforms/Passes.h"

#include "mlir/IR/BuiltinOps.h"

namespace mlir::fisher {
#define GEN_PASS_DEF_FISHERRECOGNIZE
#include "fisher/Transforms/Passes.h.inc"
} // namespace mlir::fisher

using namespace mlir;
using namespace mlir::fisher;
using namespace mlir::fisher::recognition;

namespace {
struct Recognize : fisher::impl::FisherRecognizeBase<Recognize> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<FunctionOpInterface>()) {
      if (!isRecognizable(function))
        continue;
      Recognition recognition(function);
      function->setAttr(
          marks::findings,
          ArrayAttr::get(
              &getContext(),
              getFindingAttributes(recognition, getArgumentNames(function))));
    }
  }
};
} // namespace
