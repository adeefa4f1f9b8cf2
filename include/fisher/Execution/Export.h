//===- Export.h - Compiling into files --------------------------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_EXECUTION_EXPORT_H
#define FISHER_EXECUTION_EXPORT_H

#include "fisher/Execution/Device.h"
#include "fisher/Execution/Program.h"
#include "fisher/Pipelines/Pipelines.h"

#include <optional>
#include <string>

namespace mlir::fisher {

/// What to write of a program, and where. Empty paths stand for no file.
struct ExportOptions {
  /// An object file, a shared library, and a C header.
  std::string object, shared, header;
  /// The name of the C function; by default `fisher_` and the entry's name.
  std::string symbol;
  /// What LLVM calls the CPU; by default this one, or for a device, which may
  /// be in another machine, any of the architecture.
  std::string cpu;
  /// What the kernels are for, if the code is not for the CPU.
  std::optional<Device> device;
  /// Whether the code uses OpenMP, whose runtime must be linked then.
  bool threads = true;
  /// What the header says it was made from.
  std::string origin;
};

/// Compiles the entry as a C function, which needs no MLIR at run time (see
/// `CInterface`), and writes files, each of them wholly or not at all. Whatever
/// is wrong is reported.
LogicalResult exportProgram(Program program, const ExportOptions &options,
                            PassConfiguration configure = {});

} // namespace mlir::fisher

#endif // FISHER_EXECUTION_EXPORT_H
