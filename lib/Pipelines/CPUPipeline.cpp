//===- CPUPipeline.cpp - From tensors to LLVM for this CPU ----------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Stages.h"
#include "TargetInfo.h"

#include "fisher/Conversion/FisherToLinalg/FisherToLinalg.h"
#include "fisher/Pipelines/Passes.h"
#include "fisher/Pipelines/Pipelines.h"
#include "fisher/Transforms/Passes.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Bufferization/Pipelines/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/SCF/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace mlir::fisher;

static int64_t getVectorBits(const CPUPipelineOptions &options) {
  return options.vectorBits ? options.vectorBits : getHostVectorBits();
}

static void makeLoops(OpPassManager &pm, const CPUPipelineOptions &options) {
  FisherTileContractionsOptions tiling;
  tiling.vectorBits = getVectorBits(options);
  pm.addNestedPass<func::FuncOp>(createFisherTileContractions(tiling));
  pm.addPass(math::createMathExtendToSupportedTypes());
  pm.addPass(createFisherExpandMath());
  FisherVectorizeLoopsOptions vectors;
  vectors.vectorBits = getVectorBits(options);
  vectors.cacheBytes =
      options.cacheBytes ? options.cacheBytes : getHostCacheBytes();
  pm.addNestedPass<func::FuncOp>(createFisherVectorizeLoops(vectors));
  pm.addNestedPass<func::FuncOp>(createConvertLinalgToLoopsPass());
  pm.addNestedPass<func::FuncOp>(createConvertVectorToSCFPass());
  if (options.threads) {
    pm.addNestedPass<func::FuncOp>(createForallToParallelLoopPass());
    FisherBatchLoopsOptions batches;
    batches.distinctArguments = true;
    pm.addNestedPass<func::FuncOp>(createFisherBatchLoops(batches));
  } else {
    pm.addNestedPass<func::FuncOp>(createForallToForLoopPass());
  }
  simplify(pm);
  pm.addPass(createLoopInvariantCodeMotionPass());
  if (options.threads) {
    pm.addPass(createConvertSCFToOpenMPPass());
    pm.addPass(createFisherGuardThreads());
  }
  pm.addPass(createFisherHoistBuffers());
  pm.addPass(createFisherPlaceBuffers());
  pm.addPass(createFisherGuardSizes());
  // Scopes that allocate nothing are gone after it; their regions cannot
  // become blocks.
  simplify(pm);
}

static void lowerToLLVM(OpPassManager &pm) {
  pm.addPass(createSCFToControlFlowPass());
  lowerViews(pm);
  pm.addPass(createConvertVectorToLLVMPass());
  pm.addPass(createConvertToLLVMPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
}

void fisher::buildCPUPipeline(OpPassManager &pm,
                              const CPUPipelineOptions &options) {
  ConvertFisherToLinalgOptions conversion;
  conversion.vectorBits = getVectorBits(options);
  pm.addPass(createConvertFisherToLinalg(conversion));
  optimizeTensors(pm, options.fuse);
  makeBuffers(pm, options.donate, options.dynamicDestinations);
  makeLoops(pm, options);
  legalizeArithmetic(pm);
  pm.addPass(createFisherStripMarks());
  lowerToLLVM(pm);
}

void fisher::registerFisherPipelines() {
  registerFisherPipelinesPasses();
  PassPipelineRegistration<CPUPipelineOptions>(
      "fisher-cpu-pipeline",
      "Lower fisher, linalg, arith, math, tensor and scf on tensors to the "
      "LLVM "
      "dialect for this CPU",
      buildCPUPipeline);
  registerPassPipeline(
      "fisher-gpu-pipeline",
      "Lower fisher, linalg, arith, math, tensor and scf on tensors to the "
      "LLVM dialect for the host, and to code for a GPU",
      [](OpPassManager &pm, StringRef text,
         llvm::function_ref<LogicalResult(const Twine &)> emitError) {
        GPUPipelineOptions options;
        if (failed(options.parseFromString(text)))
          return failure();
        return buildGPUPipeline(pm, options, emitError);
      },
      [](llvm::function_ref<void(const mlir::detail::PassOptions &)> show) {
        show(GPUPipelineOptions());
      });
}
