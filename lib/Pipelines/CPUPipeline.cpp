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

static int64_t getVectorBits(const CPUPipelineOptions &options) {
  return options.vectorBits ? options.vectorBits : getHostVectorBits();
}

static void optimizeTensors(OpPassManager &pm,
                            const CPUPipelineOptions &options) {
  simplify(pm);
  pm.addNestedPass<func::FuncOp>(createFisherRaiseContractions());
  pm.addNestedPass<func::FuncOp>(createConvertElementwiseToLinalgPass());
  if (options.fuse) {
    pm.addPass(createLinalgFoldUnitExtentDimsPass());
    pm.addPass(createFisherFuseElementwise());
    simplify(pm);
    pm.addPass(createFisherFuse());
    simplify(pm);
  }
}

static void makeBuffers(OpPassManager &pm, const CPUPipelineOptions &cpu) {
  if (cpu.donate) {
    FisherAssignDestinationsOptions destinations;
    destinations.dynamicResults = cpu.dynamicDestinations;
    pm.addPass(createFisherAssignDestinations(destinations));
  }
  pm.addPass(bufferization::createEmptyTensorEliminationPass());
  bufferization::OneShotBufferizePassOptions options;
  options.bufferizeFunctionBoundaries = true;
  options.functionBoundaryTypeConversion =
      bufferization::LayoutMapOption::IdentityLayoutMap;
  pm.addPass(bufferization::createOneShotBufferizePass(options));
  pm.addPass(bufferization::createDropEquivalentBufferResultsPass());
  // A copy of a result that is in its place already goes.
  pm.addPass(createCanonicalizerPass());
  bufferization::buildBufferDeallocationPipeline(pm);
  pm.addPass(createConvertBufferizationToMemRefPass());
  pm.addNestedPass<func::FuncOp>(createFisherLegalizeCopies());
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
  // Scopes that allocate nothing are gone after it; their regions cannot
  // become blocks.
  simplify(pm);
}

/// bf16 and f16 are stored; the arithmetic that a CPU lacks for them is done in
/// f32 and rounded after each operation, as the IR says.
static void legalizeArithmetic(OpPassManager &pm) {
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
  ConvertFisherToLinalgOptions conversion;
  conversion.vectorBits = getVectorBits(options);
  pm.addPass(createConvertFisherToLinalg(conversion));
  optimizeTensors(pm, options);
  makeBuffers(pm, options);
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
}
