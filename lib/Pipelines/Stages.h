//===- Stages.h - What pipelines have in common -----------------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_PIPELINES_STAGES_H
#define FISHER_LIB_PIPELINES_STAGES_H

namespace mlir {
class OpPassManager;
} // namespace mlir

namespace mlir::fisher {

void simplify(OpPassManager &pm);

/// Work on tensors of linalg, after the conversion of beliefs.
void optimizeTensors(OpPassManager &pm, bool fuse);

/// From tensors to buffers that are allocated and freed.
void makeBuffers(OpPassManager &pm, bool donate, bool dynamicDestinations);

/// bf16 and f16 are stored; the arithmetic that a target lacks for them is done
/// in f32 and rounded after each operation, as the IR says. A target that knows
/// no f16 has neither.
void legalizeArithmetic(OpPassManager &pm, bool hasHalf = true);

/// Views of buffers become arithmetic on their sizes and strides.
void lowerViews(OpPassManager &pm);

} // namespace mlir::fisher

#endif // FISHER_LIB_PIPELINES_STAGES_H
