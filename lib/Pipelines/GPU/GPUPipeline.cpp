//===- GPUPipeline.cpp - From tensors to code for a GPU -------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "../Stages.h"

#include "fisher/Conversion/FisherToLinalg/FisherToLinalg.h"
#include "fisher/Pipelines/Passes.h"
#include "fisher/Pipelines/Pipelines.h"
#include "fisher/Transforms/Passes.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/GPU/Transforms/Passes.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"

using namespace mlir;
using namespace mlir::fisher;

namespace {
/// What kernels are for.
struct Device {
  StringRef name, triple, chip;
  int64_t constantSpace, subgroupSize;
  bool hasShuffles;
};
} // namespace

static constexpr Device devices[] = {
    {"nvptx", "nvptx64-nvidia-cuda", "sm_80", 1, 32, true},
    {"amdgpu", "amdgcn-amd-amdhsa", "gfx90a", 1, 64, true},
    {"spirv", "spirv64v1.2-unknown-unknown", "", 2, 32, false},
};

static void initializeTargets() {
  LLVMInitializeNVPTXTargetInfo();
  LLVMInitializeNVPTXTarget();
  LLVMInitializeNVPTXTargetMC();
  LLVMInitializeAMDGPUTargetInfo();
  LLVMInitializeAMDGPUTarget();
  LLVMInitializeAMDGPUTargetMC();
}

/// The number in the name of a chip of NVIDIA's, such as sm_90a.
static unsigned getNumber(StringRef chip) {
  unsigned number = 0;
  StringRef digits = chip.drop_front(3);
  digits.consumeInteger(10, number);
  return number;
}

/// Why there are no kernels for a chip, or nothing.
static std::string findFault(const Device &device, StringRef chip) {
  initializeTargets();
  llvm::Triple triple(device.triple);
  std::string error;
  const llvm::Target *target =
      llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target)
    return error;
  auto getInfo = [&](StringRef cpu) {
    return std::unique_ptr<llvm::MCSubtargetInfo>(
        target->createMCSubtargetInfo(triple, cpu, ""));
  };
  // One that is not known would be told of otherwise.
  if (!getInfo("")->isCPUStringValid(chip))
    return ("there is no chip '" + chip + "' of the target '" + device.name +
            "'; one is '" + device.chip + "'")
        .str();
  if (device.name == "nvptx" && getNumber(chip) < getNumber(device.chip))
    return ("the chip '" + chip + "' is too old; kernels are for '" +
            device.chip + "' and later")
        .str();
  if (device.name == "amdgpu" &&
      !getInfo(chip)->checkFeatures("+wavefrontsize64"))
    return ("the chip '" + chip +
            "' is of another kind; kernels are for waves of 64 threads, as '" +
            device.chip + "' has them")
        .str();
  return "";
}

/// The oldest PTX that knows the chip.
static StringRef getFeatures(StringRef chip) {
  unsigned number = getNumber(chip);
  if (number >= 103)
    return "+ptx88";
  if (number >= 100)
    return llvm::isDigit(chip.back()) ? "+ptx86" : "+ptx87";
  return "+ptx80";
}

static void makeKernels(OpPassManager &pm, const Device &device) {
  pm.addPass(math::createMathExtendToSupportedTypes());
  pm.addPass(createFisherExpandMath());
  FisherMapToGPUOptions options;
  options.constantSpace = device.constantSpace;
  options.subgroupSize = device.subgroupSize;
  options.shuffle = device.hasShuffles;
  options.tensorCores = device.name == "nvptx";
  pm.addPass(createFisherMapToGPU(options));
  pm.addNestedPass<func::FuncOp>(createConvertLinalgToLoopsPass());
  pm.addPass(createGpuLaunchSinkIndexComputationsPass());
  pm.addPass(createGpuKernelOutliningPass());
  pm.addPass(createSymbolDCEPass());
  simplify(pm);
  pm.addPass(createLoopInvariantCodeMotionPass());
  lowerViews(pm);
  pm.addPass(createFisherBareKernels());
  // Before other functions become calls of the host's library.
  pm.nest<gpu::GPUModuleOp>().addPass(createFisherLowerDeviceMath());
}

static void lowerKernels(OpPassManager &pm, const Device &device,
                         StringRef chip) {
  OpPassManager &kernels = pm.nest<gpu::GPUModuleOp>();
  // LLVM takes OpenCL's fmax(), which drops what is not a number, for
  // llvm.maximum.
  if (device.name == "spirv")
    kernels.addPass(arith::createArithExpandOpsPass());
  kernels.addPass(createConvertVectorToLLVMPass());
  if (device.name == "nvptx") {
    kernels.addPass(createSCFToControlFlowPass());
    kernels.addPass(createConvertGpuOpsToNVVMOps());
  } else if (device.name == "amdgpu") {
    ConvertGpuOpsToROCDLOpsOptions options;
    options.chipset = chip;
    kernels.addPass(createSCFToControlFlowPass());
    kernels.addPass(createConvertGpuOpsToROCDLOps(options));
  } else {
    ConvertGpuOpsToLLVMSPVOpsOptions options;
    options.use64bitIndex = true;
    kernels.addPass(createConvertGpuOpsToLLVMSPVOps(options));
    kernels.addPass(createSCFToControlFlowPass());
  }
  kernels.addPass(createConvertToLLVMPass());
  kernels.addPass(createReconcileUnrealizedCastsPass());
  simplify(kernels);
  pm.addPass(createFisherNameKernels());
}

static void writeCode(OpPassManager &pm, const Device &device, StringRef chip) {
  if (device.name == "nvptx") {
    GpuNVVMAttachTargetOptions target;
    target.chip = chip;
    target.features = getFeatures(chip);
    target.optLevel = 3;
    pm.addPass(createGpuNVVMAttachTarget(target));
  } else if (device.name == "amdgpu") {
    GpuROCDLAttachTargetOptions target;
    target.chip = chip;
    target.optLevel = 3;
    target.correctSqrtFlag = true;
    pm.addPass(createGpuROCDLAttachTarget(target));
  } else {
    GpuSPIRVAttachTargetOptions target;
    target.spirvVersion = "v1.2";
    target.spirvCapabilities = {"Kernel", "Addresses", "Int64", "Float64"};
    pm.addPass(createGpuSPIRVAttachTarget(target));
  }
  pm.addPass(createFisherSerializeKernels());
}

static void lowerHost(OpPassManager &pm, bool wait) {
  pm.addNestedPass<func::FuncOp>(createGpuAsyncRegionPass());
  if (!wait)
    pm.addNestedPass<func::FuncOp>(createFisherDropWaits());
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(createGpuToLLVMConversionPass());
  pm.addPass(createConvertToLLVMPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
  simplify(pm);
}

LogicalResult fisher::buildGPUPipeline(
    OpPassManager &pm, const GPUPipelineOptions &options,
    llvm::function_ref<LogicalResult(const Twine &)> emitError) {
  const auto *device = llvm::find_if(devices, [&](const Device &device) {
    return device.name == options.target.getValue();
  });
  if (device == std::end(devices))
    return emitError("there is no target '" + options.target.getValue() +
                     "' of kernels; there are nvptx, amdgpu and spirv");
  StringRef chip = options.chip.getValue();
  if (chip.empty())
    chip = device->chip;
  else if (device->chip.empty())
    return emitError("the target '" + device->name + "' has no chips");
  if (!chip.empty())
    if (std::string fault = findFault(*device, chip); !fault.empty())
      return emitError(fault);
  ConvertFisherToLinalgOptions conversion;
  conversion.mapDistributions = true;
  pm.addPass(createConvertFisherToLinalg(conversion));
  optimizeTensors(pm, options.fuse);
  makeBuffers(pm, options.donate, options.dynamicDestinations);
  makeKernels(pm, *device);
  legalizeArithmetic(pm, /*hasHalf=*/device->name != "spirv");
  pm.addPass(createFisherStripMarks());
  lowerKernels(pm, *device, chip);
  writeCode(pm, *device, chip);
  lowerHost(pm, options.wait);
  return success();
}
