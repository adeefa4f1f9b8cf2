//===- fisher-run.cpp - Run and train MLIR functions ----------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Execution/Once.h"
#include "fisher/Execution/Program.h"
#include "fisher/InitFisher.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/Timing.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/WithColor.h"

using namespace mlir;
using namespace mlir::fisher;

namespace cl = llvm::cl;

static cl::OptionCategory category("fisher-run options");

static cl::opt<std::string> modulePath(cl::Positional, cl::Required,
                                       cl::desc("<module.mlir>"),
                                       cl::cat(category));
static cl::opt<std::string>
    entryName("entry", cl::value_desc("name"), cl::cat(category),
              cl::desc("Function to run; default: main, or the only public "
                       "function"));
static cl::opt<std::string>
    policyPath("policy", cl::value_desc("file.mlir"), cl::cat(category),
               cl::desc("Insert this fisher.policy first"));
static cl::opt<std::string>
    inputsPath("inputs", cl::value_desc("file.npz"), cl::cat(category),
               cl::desc("Arrays for the arguments, by fisher.name or argN"));
static cl::opt<std::string>
    outputsPath("outputs", cl::value_desc("file.npz"), cl::cat(category),
                cl::desc("Where the results are written, as out0, out1, ..."));
static cl::opt<std::string>
    comparePath("compare", cl::value_desc("file.npz"), cl::cat(category),
                cl::desc("Compare the results with the arrays out0, out1, ... "
                         "of this file"));
static cl::opt<double>
    tolerance("tolerance", cl::init(1e-5), cl::cat(category),
              cl::desc("Largest max|difference|/max|expected| that --compare "
                       "accepts; default: 1e-5"));

static LogicalResult run(MLIRContext &context) {
  FailureOr<Program> program = loadProgram(modulePath, entryName, &context);
  if (failed(program))
    return failure();
  if (!policyPath.empty() && failed(insertPolicy(*program, policyPath)))
    return failure();
  FailureOr<CompiledFunction> function =
      CompiledFunction::compile(*program->module, program->entry, {});
  if (failed(function))
    return failure();
  OnceOptions options;
  options.inputs = inputsPath;
  options.outputs = outputsPath;
  options.compare = comparePath;
  options.tolerance = tolerance;
  return runOnce(*function, options, llvm::outs());
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  registerPassManagerCLOptions();
  registerDefaultTimingManagerCLOptions();
  cl::HideUnrelatedOptions(category);
  cl::ParseCommandLineOptions(argc, argv, "Runs MLIR functions on arrays\n");

  DialectRegistry registry;
  mlir::registerAllDialects(registry);
  registerAllExtensions(registry);
  registerAllToLLVMIRTranslations(registry);
  fisher::registerAllDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.allowUnregisteredDialects();
  llvm::SourceMgr sources;
  SourceMgrDiagnosticHandler handler(sources, &context, llvm::errs());
  return failed(run(context));
}
