//===- Interrupt.cpp - Stopping by Ctrl-C ---------------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Execution/Interrupt.h"

#include "llvm/Support/Signals.h"

#include <csignal>

using namespace mlir::fisher;

static volatile std::sig_atomic_t requested = 0;

// LLVM removes its handlers before it calls this one, so that the next signal
// has its usual effect.
static void noteRequest() { requested = 1; }

Interrupt::Interrupt() {
  requested = 0;
  llvm::sys::SetInterruptFunction(noteRequest);
}

Interrupt::~Interrupt() { llvm::sys::SetInterruptFunction(nullptr); }

bool Interrupt::isRequested() const { return requested != 0; }
