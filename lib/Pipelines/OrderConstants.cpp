//===- OrderConstants.cpp - An order of constants by their uses -----------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Pipelines/Passes.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/SymbolTable.h"

#include "llvm/ADT/MapVector.h"

namespace mlir::fisher {
#define GEN_PASS_DEF_FISHERORDERCONSTANTS
#include "fisher/Pipelines/Passes.h.inc"
} // namespace mlir::fisher

using namespace mlir;

/// The name that bufferization makes of a constant's type, without the number
/// that tells it from others; nothing for other names.
static StringRef getStem(StringRef name) {
  if (!name.starts_with("__constant_"))
    return {};
  auto [stem, number] = name.rsplit('_');
  unsigned ignored;
  return number.getAsInteger(10, ignored) ? name : stem;
}

namespace {
struct OrderConstants
    : public fisher::impl::FisherOrderConstantsBase<OrderConstants> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    SymbolTable symbols(module);
    llvm::MapVector<memref::GlobalOp, SmallVector<memref::GetGlobalOp>> uses;
    module.walk([&](memref::GetGlobalOp use) {
      auto constant = symbols.lookup<memref::GlobalOp>(use.getName());
      if (constant && constant.isPrivate() && constant.getConstant() &&
          !getStem(constant.getSymName()).empty())
        uses[constant].push_back(use);
    });
    for (memref::GlobalOp constant : llvm::make_first_range(uses)) {
      symbols.remove(constant);
      constant->remove();
    }
    Block::iterator end = module.getBody()->begin();
    for (auto &[constant, users] : uses) {
      constant.setSymName(getStem(constant.getSymName()));
      StringAttr name = symbols.insert(constant, end);
      for (memref::GetGlobalOp use : users)
        use.setNameAttr(FlatSymbolRefAttr::get(name));
    }
  }
};
} // namespace
