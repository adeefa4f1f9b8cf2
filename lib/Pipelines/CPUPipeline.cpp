//===- CPUPipeline.cpp - From tensors to LLVM for this CPU ----------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TargetInfo.h"

#include "fisher/Conversion/FisherToLinalg/FisherToLinalg.h"
#include "fisher/Pipelines/Passes.h"
#include "fisher/Pipelines/Pipelines.h"
#include "fisher/Transforms/Passes.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Affine/Transforms/Passes.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Bufferization/Pipelines/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/SCF/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace mlir::fisher;

static void simplify(OpPassManager &pm) {
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

static void optimizeTensors(OpPassManager &pm,
                            const CPUPipelineOptions &options) {
  simplify(pm);
  pm.addNestedPass<func::FuncOp>(createFisherRaiseContractions());
  pm.addNestedPass<func::FuncOp>(createConvertElementwiseToLinalgPass());
  if (options.fuse) {
    pm.addPass(createFisherFuseElementwise());
    simplify(pm);
  }
}

static void makeBuffers(OpPassManager &pm) {
  bufferization::OneShotBufferizePassOptions options;
  options.bufferizeFunctionBoundaries = true;
  options.functionBoundaryTypeConversion =
      bufferization::LayoutMapOption::IdentityLayoutMap;
  pm.addPass(bufferization::createOneShotBufferizePass(options));
  bufferization::buildBufferDeallocationPipeline(pm);
  pm.addPass(createConvertBufferizationToMemRefPass());
}

static void tileContractions(OpPassManager &pm,
                             const CPUPipelineOptions &options) {
  FisherTileContractionsOptions tiling;
  tiling.vectorBits =
      options.vectorBits ? options.vectorBits : getHostVectorBits();
  pm.addNestedPass<func::FuncOp>(createFisherTileContractions(tiling));
}

static void makeLoops(OpPassManager &pm) {
  pm.addNestedPass<func::FuncOp>(createConvertLinalgToLoopsPass());
  pm.addNestedPass<func::FuncOp>(createConvertVectorToSCFPass());
  pm.addNestedPass<func::FuncOp>(createForallToForLoopPass());
}

/// bf16 and f16 are stored; the arithmetic that a CPU lacks for them is done in
/// f32 and rounded after each operation, as the IR says.
static void legalizeArithmetic(OpPassManager &pm) {
  pm.addPass(math::createMathExtendToSupportedTypes());
  arith::ArithEmulateUnsupportedFloatsOptions emulation;
  emulation.sourceTypeStrs = {"bf16"};
  emulation.targetTypeStr = "f32";
  pm.addPass(arith::createArithEmulateUnsupportedFloats(emulation));
  pm.addPass(createConvertMathToFuncs());
  pm.addPass(createConvertComplexToStandardPass());
  pm.addPass(createFisherLegalizeFloats());
}

static void lowerToLLVM(OpPassManager &pm) {
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  simplify(pm);
  pm.addPass(createConvertVectorToLLVMPass());
  pm.addPass(createConvertToLLVMPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
}

void fisher::buildCPUPipeline(OpPassManager &pm,
                              const CPUPipelineOptions &options) {
  pm.addPass(createConvertFisherToLinalg());
  optimizeTensors(pm, options);
  makeBuffers(pm);
  tileContractions(pm, options);
  makeLoops(pm);
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
}
