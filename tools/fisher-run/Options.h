//===- Options.h - What fisher-run is asked for -----------------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_TOOLS_FISHERRUN_OPTIONS_H
#define FISHER_TOOLS_FISHERRUN_OPTIONS_H

#include "fisher/Execution/Export.h"
#include "fisher/Execution/Once.h"
#include "fisher/Execution/Trainer.h"

namespace mlir::fisher {

/// What is done with the module.
enum class RunMode : uint8_t { Once, Train, Emit };

/// The command line, checked as far as it can be without the module.
struct RunOptions {
  RunMode mode = RunMode::Once;
  std::string module, entry, policy;
  /// The step size of proximal entries that state none, or 0.
  double stepSize = 0;
  /// The policy whose beliefs are measured, if any are; empty for the one that
  /// is inserted.
  std::optional<std::string> measured;
  unsigned traceSize = 0;
  bool donate = true;
  bool parallel = true;
  /// What LLVM calls the CPU; empty for this one.
  std::string cpu;
  /// The device that is opened or compiled for; nothing for the CPU.
  std::optional<Device> device;
  std::vector<std::string> dialectPlugins;
  /// The function that predicts, if there are evaluations.
  std::optional<std::string> evaluate;
  /// Those of the mode are set.
  OnceOptions once;
  TrainingOptions training;
  ExportOptions exported;
};

/// Parses the command line, and opens the device that it asks for. Errors name
/// the option. Ends the process where `--help` and the like are given, or an
/// option is unknown.
llvm::Expected<RunOptions> parseOptions(int argc, char **argv);

} // namespace mlir::fisher

#endif // FISHER_TOOLS_FISHERRUN_OPTIONS_H
