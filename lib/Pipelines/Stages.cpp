//===- Stages.cpp - What pipelines have in common -------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Stages.h"

#include "fisher/Pipelines/Passes.h"
#include "fisher/Transforms/Passes.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Affine/Transforms/Passes.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Bufferization/Pipelines/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace mlir::fisher;

void fisher::simplify(OpPassManager &pm) {
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

void fisher::optimizeTensors(OpPassManager &pm, bool fuse) {
  simplify(pm);
  pm.addNestedPass<func::FuncOp>(createFisherRaiseContractions());
  pm.addNestedPass<func::FuncOp>(createConvertElementwiseToLinalgPass());
  if (fuse) {
    pm.addPass(createLinalgFoldUnitExtentDimsPass());
    pm.addPass(createFisherFuseElementwise());
    simplify(pm);
    pm.addPass(createFisherFuse());
    simplify(pm);
  }
}

void fisher::makeBuffers(OpPassManager &pm, bool donate,
                         bool dynamicDestinations) {
  if (donate) {
    FisherAssignDestinationsOptions destinations;
    destinations.dynamicResults = dynamicDestinations;
    pm.addPass(createFisherAssignDestinations(destinations));
  }
  pm.addPass(bufferization::createEmptyTensorEliminationPass());
  bufferization::OneShotBufferizePassOptions options;
  options.bufferizeFunctionBoundaries = true;
  // Such as of a loop that swaps what it carries.
  options.allowReturnAllocsFromLoops = true;
  options.functionBoundaryTypeConversion =
      bufferization::LayoutMapOption::IdentityLayoutMap;
  pm.addPass(bufferization::createOneShotBufferizePass(options));
  pm.addPass(bufferization::createDropEquivalentBufferResultsPass());
  // A copy of a result that is in its place already goes.
  pm.addPass(createCanonicalizerPass());
  bufferization::buildBufferDeallocationPipeline(pm);
  pm.addPass(createConvertBufferizationToMemRefPass());
  pm.addPass(createFisherOrderConstants());
  pm.addNestedPass<func::FuncOp>(createFisherLegalizeCopies());
}

void fisher::legalizeArithmetic(OpPassManager &pm, bool hasHalf) {
  arith::ArithEmulateUnsupportedFloatsOptions emulation;
  emulation.sourceTypeStrs = {"bf16"};
  if (!hasHalf)
    emulation.sourceTypeStrs.push_back("f16");
  emulation.targetTypeStr = "f32";
  pm.addPass(arith::createArithEmulateUnsupportedFloats(emulation));
  pm.addPass(createConvertMathToFuncs());
  FisherLegalizeFloatsOptions floats;
  floats.expandHalf = !hasHalf;
  pm.addPass(createFisherLegalizeFloats(floats));
}

void fisher::lowerViews(OpPassManager &pm) {
  pm.addPass(createFisherLegalizeReshapes());
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  simplify(pm);
}
