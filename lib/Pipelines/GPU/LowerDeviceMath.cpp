//===- LowerDeviceMath.cpp - Math without a library -----------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Pipelines/Passes.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/TypeSwitch.h"

namespace mlir::fisher {
#define GEN_PASS_DEF_FISHERLOWERDEVICEMATH
#include "fisher/Pipelines/Passes.h.inc"
} // namespace mlir::fisher

using namespace mlir;

/// The intrinsic of LLVM that every target has instructions for; empty if there
/// is none.
static StringRef getIntrinsic(Operation *op) {
  return llvm::TypeSwitch<Operation *, StringRef>(op)
      .Case<math::AbsFOp>([](Operation *) { return "llvm.fabs"; })
      .Case<math::CeilOp>([](Operation *) { return "llvm.ceil"; })
      .Case<math::CopySignOp>([](Operation *) { return "llvm.copysign"; })
      .Case<math::FloorOp>([](Operation *) { return "llvm.floor"; })
      .Case<math::FmaOp>([](Operation *) { return "llvm.fma"; })
      .Case<math::RoundEvenOp>([](Operation *) { return "llvm.roundeven"; })
      .Case<math::RoundOp>([](Operation *) { return "llvm.round"; })
      .Case<math::SqrtOp>([](Operation *) { return "llvm.sqrt"; })
      .Case<math::TruncOp>([](Operation *) { return "llvm.trunc"; })
      .Default([](Operation *) { return StringRef(); });
}

/// What upstream lowers without a function.
static bool isLowered(Operation *op) {
  return isa<math::AbsIOp, math::CountLeadingZerosOp,
             math::CountTrailingZerosOp, math::CtPopOp, math::IsFiniteOp,
             math::IsInfOp, math::IsNaNOp, math::IsNormalOp>(op);
}

namespace {
struct LowerDeviceMath
    : fisher::impl::FisherLowerDeviceMathBase<LowerDeviceMath> {
  void runOnOperation() override {
    WalkResult result = getOperation().walk([](Operation *op) {
      if (!isa_and_nonnull<math::MathDialect>(op->getDialect()) ||
          isLowered(op))
        return WalkResult::advance();
      StringRef name = getIntrinsic(op);
      Type type = op->getResult(0).getType();
      if (name.empty() || !isa<FloatType>(type)) {
        op->emitError("there is no code for this operation on ")
            << type << " that needs no library of the device's maker";
        return WalkResult::interrupt();
      }
      OpBuilder b(op);
      std::string full;
      llvm::raw_string_ostream(full) << name << "." << type;
      auto call = LLVM::CallIntrinsicOp::create(
          b, op->getLoc(), type, b.getStringAttr(full), op->getOperands());
      op->replaceAllUsesWith(call);
      op->erase();
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }
};
} // namespace
