//===- LinalgKernel.h - Kernels of loops over buffers -----------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_PIPELINES_GPU_LINALGKERNEL_H
#define FISHER_LIB_PIPELINES_GPU_LINALGKERNEL_H

#include "Kernel.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace mlir::fisher {

/// Replaces a loop over buffers on the host by kernels. Fills are those before
/// it of results that nothing else uses in between; they need not be run where
/// the loop sums all into one number, or is a contraction.
void launchLoop(linalg::GenericOp loop, HostCode &host,
                ArrayRef<linalg::FillOp> fills);

} // namespace mlir::fisher

#endif // FISHER_LIB_PIPELINES_GPU_LINALGKERNEL_H
