//===- EventKernel.h - Kernels of loops over distributions -------*- C++
//-*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_PIPELINES_EVENTKERNEL_H
#define FISHER_LIB_PIPELINES_EVENTKERNEL_H

#include "Kernel.h"

namespace mlir::fisher {

/// Replaces a loop on the host, whose iterations work on buffers and have
/// buffers of their own, by a kernel. Small iterations are one thread's, others
/// a block's: its threads share the iterations of the loops inside.
LogicalResult launchForall(scf::ForallOp forall, HostCode &host);

} // namespace mlir::fisher

#endif // FISHER_LIB_PIPELINES_EVENTKERNEL_H
