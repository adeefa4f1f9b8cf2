//===- CFunction.h - Lowering an entry to a C function --------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What is common to writing a C function into a file and to calling it here.
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_EXECUTION_CFUNCTION_H
#define FISHER_LIB_EXECUTION_CFUNCTION_H

#include "Compile.h"
#include "fisher/Execution/CInterface.h"

#include <memory>
#include <optional>

namespace mlir::fisher {

struct CFunctionOptions {
  /// The function's name; by default `fisher_` and the entry's name.
  std::string symbol;
  /// What LLVM calls the CPU; by default this one, or for a device, which may
  /// be in another machine, any of the architecture.
  std::string cpu;
  /// What the kernels are for, if the code is not for the CPU.
  std::optional<Device> device;
  bool threads = true;
  /// Whether the code goes into a file and not into this process.
  bool isForFile = false;
};

/// A module in the LLVM dialect that has a C function, and what is known of it.
struct CFunction {
  Signature signature;
  std::unique_ptr<CInterface> interface;
  std::unique_ptr<llvm::TargetMachine> machine;
  /// Functions that the module itself knows of only by name.
  llvm::StringSet<> declared;
};

/// Lowers the module of `program` for a CPU or a device, and adds the C
/// function of its entry. Whatever is wrong is reported.
FailureOr<CFunction> lowerToC(Program &program, const CFunctionOptions &options,
                              PassConfiguration configure);

} // namespace mlir::fisher

#endif // FISHER_LIB_EXECUTION_CFUNCTION_H
