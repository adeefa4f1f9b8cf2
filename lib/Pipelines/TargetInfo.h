//===- TargetInfo.h - What this CPU has -------------------------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_PIPELINES_TARGETINFO_H
#define FISHER_LIB_PIPELINES_TARGETINFO_H

#include <cstdint>

namespace mlir::fisher {

/// Bits of the widest vector registers that this CPU computes with.
int64_t getHostVectorBits();

} // namespace mlir::fisher

#endif // FISHER_LIB_PIPELINES_TARGETINFO_H
