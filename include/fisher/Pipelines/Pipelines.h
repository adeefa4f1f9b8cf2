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
#include "mlir/Support/LLVM.h"

namespace mlir {
class OpPassManager;
} // namespace mlir

namespace mlir::fisher {

/// Options of what pipelines do before they make loops or kernels.
template <typename OptionsT>
struct TensorPipelineOptions : public PassPipelineOptions<OptionsT> {
  mlir::detail::PassOptions::Option<bool> fuse{
      *this, "fuse",
      llvm::cl::desc("Fuse elementwise operations on tensors before loops or "
                     "kernels are made"),
      llvm::cl::init(true)};
  mlir::detail::PassOptions::Option<bool> donate{
      *this, "donate",
      llvm::cl::desc("Write results into arguments: into those that they "
                     "update, or into new ones"),
      llvm::cl::init(true)};
  mlir::detail::PassOptions::Option<bool> dynamicDestinations{
      *this, "dynamic-destinations",
      llvm::cl::desc("With donate, write results of dynamic shape into new "
                     "arguments, too; the caller knows their sizes"),
      llvm::cl::init(false)};
};

/// Options of `fisher-cpu-pipeline`.
struct CPUPipelineOptions : public TensorPipelineOptions<CPUPipelineOptions> {
  PassOptions::Option<int64_t> vectorBits{
      *this, "vector-bits",
      llvm::cl::desc("Bits of a vector register (0: those of this CPU)"),
      llvm::cl::init(0)};
  PassOptions::Option<int64_t> cacheBytes{
      *this, "cache-bytes",
      llvm::cl::desc("Size of the last cache; what loops over more write is "
                     "stored around it (0: that of this CPU, -1: never)"),
      llvm::cl::init(0)};
  PassOptions::Option<bool> threads{
      *this, "threads",
      llvm::cl::desc("Use OpenMP threads; the results do not depend on their "
                     "number"),
      llvm::cl::init(true)};
};

/// Appends to `pm`, which works on a module, the passes from fisher, linalg,
/// arith, math, tensor and scf on tensors to the LLVM dialect for this CPU.
///
/// Functions take and return buffers of identity layout. With `donate`,
/// functions that nothing in the module refers to write their results into
/// arguments, as `fisher-assign-destinations` says: into the old value of what
/// a result updates, which is lost, or into a new last argument where the shape
/// is static, or with `dynamicDestinations` any. Other arguments are only read.
/// Without `donate`, an argument is only read where it has
/// `bufferization.writable = false`. Either way, an argument that is written
/// must share no memory with another.
///
/// A result that stays one belongs to the caller, who frees it; one buffer may
/// be returned as several results.
void buildCPUPipeline(OpPassManager &pm, const CPUPipelineOptions &options);

/// Options of `fisher-gpu-pipeline`.
struct GPUPipelineOptions : public TensorPipelineOptions<GPUPipelineOptions> {
  PassOptions::Option<std::string> target{
      *this, "target",
      llvm::cl::desc("What the kernels are for: nvptx, amdgpu or spirv"),
      llvm::cl::init("nvptx")};
  PassOptions::Option<std::string> chip{
      *this, "chip",
      llvm::cl::desc("The chip, such as sm_90 or gfx942 (default: sm_80, "
                     "gfx90a; none for spirv)"),
      llvm::cl::init("")};
  PassOptions::Option<bool> wait{
      *this, "wait",
      llvm::cl::desc("Wait for the kernels before functions return; without, "
                     "only where the host needs a number"),
      llvm::cl::init(true)};
};

/// Appends to `pm`, which works on a module, the passes from fisher, linalg,
/// arith, math, tensor and scf on tensors to the LLVM dialect for the host,
/// with a `gpu.binary` of the kernels. Buffers that functions take and return
/// are in the memory of the device; what else is said of the CPU's pipeline
/// holds here too. docs/gpu.md says what the host's code calls.
LogicalResult
buildGPUPipeline(OpPassManager &pm, const GPUPipelineOptions &options,
                 llvm::function_ref<LogicalResult(const Twine &)> emitError);

/// Registers the pipelines, and the passes that only they use, by name.
void registerFisherPipelines();

} // namespace mlir::fisher

#endif // FISHER_PIPELINES_PIPELINES_H
