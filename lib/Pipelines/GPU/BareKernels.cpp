//===- BareKernels.cpp - Pointers for kernels -----------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Pipelines/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/STLExtras.h"

namespace mlir::fisher {
#define GEN_PASS_DEF_FISHERBAREKERNELS
#include "fisher/Pipelines/Passes.h.inc"
} // namespace mlir::fisher

using namespace mlir;

/// A buffer of one element, as the descriptor that it becomes.
static Value buildBuffer(OpBuilder &b, Location loc, Value pointer,
                         MemRefType type) {
  auto structType = LLVM::LLVMStructType::getLiteral(
      b.getContext(), {pointer.getType(), pointer.getType(), b.getI64Type()});
  Value fields = LLVM::PoisonOp::create(b, loc, structType);
  Value zero = LLVM::ConstantOp::create(b, loc, b.getI64IntegerAttr(0));
  for (auto [i, field] : llvm::enumerate(ArrayRef{pointer, pointer, zero}))
    fields = LLVM::InsertValueOp::create(b, loc, fields, field,
                                         static_cast<int64_t>(i));
  return UnrealizedConversionCastOp::create(b, loc, type, fields).getResult(0);
}

static Value buildPointer(OpBuilder &b, Location loc, Value buffer, Type type) {
  Value address =
      memref::ExtractAlignedPointerAsIndexOp::create(b, loc, buffer);
  address = arith::IndexCastOp::create(b, loc, b.getI64Type(), address);
  return LLVM::IntToPtrOp::create(b, loc, type, address);
}

namespace {
struct BareKernels : fisher::impl::FisherBareKernelsBase<BareKernels> {
  void convert(gpu::LaunchFuncOp launch, gpu::GPUFuncOp kernel) {
    OpBuilder outside(launch);
    OpBuilder inside = OpBuilder::atBlockBegin(&kernel.getBody().front());
    Location loc = launch.getLoc();
    auto pointer = LLVM::LLVMPointerType::get(&getContext(), 1);
    for (auto [argument, operand] : llvm::zip_equal(
             kernel.getArguments(), launch.getKernelOperandsMutable())) {
      auto type = dyn_cast<MemRefType>(argument.getType());
      if (!type)
        continue;
      operand.set(buildPointer(outside, loc, operand.get(), pointer));
      auto uses = llvm::to_vector(llvm::make_pointer_range(argument.getUses()));
      argument.setType(pointer);
      Value buffer = buildBuffer(inside, loc, argument, type);
      for (OpOperand *use : uses)
        use->set(buffer);
    }
    kernel.setFunctionType(FunctionType::get(
        &getContext(), kernel.getBody().front().getArgumentTypes(), {}));
  }

  void runOnOperation() override {
    getOperation().walk([&](gpu::LaunchFuncOp launch) {
      convert(launch, SymbolTable::lookupNearestSymbolFrom<gpu::GPUFuncOp>(
                          launch, launch.getKernel()));
    });
  }
};
} // namespace
