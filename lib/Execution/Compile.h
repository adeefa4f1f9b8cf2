//===- Compile.h - From a program to code -----------------------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What is common to compiling for this process and into files.
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_EXECUTION_COMPILE_H
#define FISHER_LIB_EXECUTION_COMPILE_H

#include "fisher/Execution/Device.h"
#include "fisher/Execution/Program.h"
#include "fisher/Pipelines/Pipelines.h"

#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"

namespace mlir::fisher {

/// Code for `cpu`, or for this CPU if it is empty; fit for libraries on demand.
/// Reports an unknown CPU.
FailureOr<std::unique_ptr<llvm::TargetMachine>>
createTargetMachine(StringRef cpu, bool isForFile, Location loc);

/// Makes the entry public and drops what it does not reach: that need not be
/// fit for a CPU. Reports operations of no known dialect.
LogicalResult selectEntry(ModuleOp module, func::FuncOp entry);

/// Runs `fisher-cpu-pipeline`, for the vectors that `machine` has unless
/// `options` says otherwise.
LogicalResult lowerForTarget(ModuleOp module, const CPUPipelineOptions &options,
                             const llvm::TargetMachine &machine,
                             PassConfiguration configure);

/// Runs `fisher-gpu-pipeline` for the chip of the device.
LogicalResult lowerForDevice(ModuleOp module, const Device &device,
                             const GPUPipelineOptions &options,
                             PassConfiguration configure);

/// Leaves only `entry` visible.
void internalize(llvm::Module &module, StringRef entry);

/// Ends the process, as an assertion that does not hold does, where there is no
/// memory for a buffer; MLIR's code would write to address 0.
void guardAllocations(llvm::Module &module);

} // namespace mlir::fisher

#endif // FISHER_LIB_EXECUTION_COMPILE_H
