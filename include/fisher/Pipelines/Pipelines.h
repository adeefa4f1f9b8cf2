//===- Pipelines.h - Named pipelines ----------------------------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_PIPELINES_PIPELINES_H
#define FISHER_PIPELINES_PIPELINES_H

#include "mlir/Pass/PassOptions.h"

namespace mlir {
class OpPassManager;
} // namespace mlir

namespace mlir::fisher {

/// Options of `fisher-cpu-pipeline`.
struct CPUPipelineOptions : public PassPipelineOptions<CPUPipelineOptions> {
  PassOptions::Option<bool> fuse{
      *this, "fuse",
      llvm::cl::desc("Fuse elementwise operations on tensors before loops are "
                     "made"),
      llvm::cl::init(true)};
  PassOptions::Option<int64_t> vectorBits{
      *this, "vector-bits",
      llvm::cl::desc("Bits of a vector register (0: those of this CPU)"),
      llvm::cl::init(0)};
};

/// Appends to `pm`, which works on a module, the passes from fisher, linalg,
/// arith, math, tensor and scf on tensors to the LLVM dialect for this CPU.
///
/// Functions take and return buffers of identity layout: an argument is only
/// read where it has `bufferization.writable = false`, and a result belongs to
/// the caller, who frees it; one buffer may be returned as several results.
/// A copy between buffers that are not both contiguous calls `memrefCopy` of
/// MLIR's C runner utilities.
void buildCPUPipeline(OpPassManager &pm, const CPUPipelineOptions &options);

/// Registers the pipelines, and the passes that only they use, by name.
void registerFisherPipelines();

} // namespace mlir::fisher

#endif // FISHER_PIPELINES_PIPELINES_H
