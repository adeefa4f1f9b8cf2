//===- XlaHandler.h - Kernels as XLA calls them ---------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_PYTHON_XLAHANDLER_H
#define FISHER_PYTHON_XLAHANDLER_H

namespace fisher::python {

/// The address of the handler that XLA's foreign function interface calls on
/// the host.
void *getXlaHandler();

} // namespace fisher::python

#endif // FISHER_PYTHON_XLAHANDLER_H
