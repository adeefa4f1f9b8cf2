//===- NameKernels.cpp - Names and arguments of kernels -------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Pipelines/Passes.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/SymbolTable.h"

namespace mlir::fisher {
#define GEN_PASS_DEF_FISHERNAMEKERNELS
#include "fisher/Pipelines/Passes.h.inc"
} // namespace mlir::fisher

using namespace mlir;

/// What the module of all kernels is called.
static constexpr StringLiteral moduleName = "kernels";

/// A letter for the type of an argument.
static char getLetter(Type type) {
  if (isa<LLVM::LLVMPointerType>(type))
    return 'p';
  if (type.isF64())
    return 'd';
  if (type.isF32())
    return 'f';
  switch (type.getIntOrFloatBitWidth()) {
  case 64:
    return 'l';
  case 32:
    return 'i';
  case 16:
    return 's';
  default:
    return 'b';
  }
}

namespace {
struct NameKernels : fisher::impl::FisherNameKernelsBase<NameKernels> {
  /// Removes arguments that have no use, here and where it is launched.
  static void dropUnused(gpu::LaunchFuncOp launch, LLVM::LLVMFuncOp kernel) {
    llvm::BitVector unused(kernel.getNumArguments());
    for (BlockArgument argument : kernel.getArguments())
      if (argument.use_empty())
        unused.set(argument.getArgNumber());
    MutableOperandRange operands = launch.getKernelOperandsMutable();
    for (int i = unused.find_last(); i != -1; i = unused.find_prev(i))
      operands.erase(i);
    // Upstream's eraseArguments() fails for a function without a result.
    kernel.getBody().front().eraseArguments(unused);
    kernel.setFunctionType(LLVM::LLVMFunctionType::get(
        LLVM::LLVMVoidType::get(kernel.getContext()),
        llvm::to_vector(kernel.getBody().front().getArgumentTypes())));
  }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    SmallVector<gpu::LaunchFuncOp> launches;
    module.walk([&](gpu::LaunchFuncOp launch) { launches.push_back(launch); });
    if (launches.empty())
      return;
    OpBuilder b(&getContext());
    b.setInsertionPointToEnd(module.getBody());
    auto all = gpu::GPUModuleOp::create(b, module.getLoc(), moduleName);
    SymbolTable symbols(all);
    llvm::StringMap<int> numbers;
    llvm::SetVector<Operation *> emptied;
    for (gpu::LaunchFuncOp launch : launches) {
      auto kernel = SymbolTable::lookupNearestSymbolFrom<LLVM::LLVMFuncOp>(
          launch, launch.getKernel());
      dropUnused(launch, kernel);
      StringRef function =
          launch->getParentOfType<FunctionOpInterface>().getName();
      std::string name =
          (function + "_" + Twine(numbers[function]++) + "_").str();
      for (Type type : kernel.getArgumentTypes())
        name += getLetter(type);
      emptied.insert(kernel->getParentOp());
      // What is shared by kernels is the same wherever it has the same name.
      for (Operation &op : llvm::make_early_inc_range(
               *cast<gpu::GPUModuleOp>(kernel->getParentOp()).getBody())) {
        auto symbol = dyn_cast<SymbolOpInterface>(op);
        if (!symbol || &op == kernel || symbols.lookup(symbol.getName()))
          continue;
        op.remove();
        symbols.insert(&op);
      }
      kernel->remove();
      kernel.setName(name);
      symbols.insert(kernel);
      launch.setKernelAttr(
          SymbolRefAttr::get(&getContext(), moduleName,
                             {FlatSymbolRefAttr::get(&getContext(), name)}));
    }
    for (Operation *op : emptied)
      op->erase();
  }
};
} // namespace
