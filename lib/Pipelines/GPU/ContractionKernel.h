//===- ContractionKernel.h - Kernels of matrix products ---------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_PIPELINES_GPU_CONTRACTIONKERNEL_H
#define FISHER_LIB_PIPELINES_GPU_CONTRACTIONKERNEL_H

#include "Kernel.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace mlir::fisher {

/// Whether blocks compute tiles of a contraction's result: of all but products
/// of a vector with a matrix of f32 or f64 whose rows are what is summed over,
/// which are read once and as they lie.
bool isTiledContraction(linalg::LinalgOp loop);

/// Builds the kernels of such a contraction. `start` is what its result is
/// filled with, if it is not what is there.
void launchContraction(linalg::GenericOp loop, HostCode &host, TypedAttr start);

} // namespace mlir::fisher

#endif // FISHER_LIB_PIPELINES_GPU_CONTRACTIONKERNEL_H
