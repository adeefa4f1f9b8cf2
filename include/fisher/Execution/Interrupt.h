//===- Interrupt.h - Stopping by Ctrl-C -------------------------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_EXECUTION_INTERRUPT_H
#define FISHER_EXECUTION_INTERRUPT_H

namespace mlir::fisher {

/// While one lives, the first interrupt from the keyboard, or the first request
/// to terminate, is only noted; the second one ends the process.
class Interrupt {
public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt &) = delete;
  Interrupt &operator=(const Interrupt &) = delete;

  bool isRequested() const;
};

} // namespace mlir::fisher

#endif // FISHER_EXECUTION_INTERRUPT_H
