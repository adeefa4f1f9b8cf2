//===- fisher-run.cpp - Run and train MLIR functions ----------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Options.h"
#include "fisher/Execution/Program.h"
#include "fisher/IR/Fisher.h"
#include "fisher/InitFisher.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/Timing.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"
#include "mlir/Tools/Plugins/DialectPlugin.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/WithColor.h"

#include <climits>
#include <csignal>
#include <cstdlib>

using namespace mlir;
using namespace mlir::fisher;

static constexpr int failureStatus = 1, interruptedStatus = 130;

static int reportOptionError(llvm::Error err) {
  llvm::WithColor::error(llvm::errs(), "fisher-run")
      << llvm::toString(std::move(err)) << '\n';
  return failureStatus;
}

/// Applies options such as --mlir-print-ir-after-all.
static LogicalResult configure(PassManager &manager) {
  applyDefaultTimingPassManagerCLOptions(manager);
  return applyPassManagerCLOptions(manager);
}

/// Registers the dialects of the plugins that were asked for.
static llvm::Error loadPlugins(ArrayRef<std::string> paths,
                               DialectRegistry &registry) {
  for (const std::string &path : paths) {
    llvm::Expected<DialectPlugin> plugin = DialectPlugin::load(path);
    if (!plugin)
      return plugin.takeError();
    plugin->registerDialectRegistryCallbacks(registry);
  }
  return llvm::Error::success();
}

/// LLVM's OpenMP runtime asserts that it understood the number of threads, even
/// where the value was empty.
static void checkThreadCount() {
  constexpr char variable[] = "OMP_NUM_THREADS";
  const char *value = std::getenv(variable);
  if (!value)
    return;
  auto isCount = [](StringRef text) {
    unsigned count;
    return !text.trim().getAsInteger(10, count) && count <= INT_MAX;
  };
  SmallVector<StringRef> counts;
  StringRef(value).split(counts, ',');
  if (llvm::all_of(counts, isCount))
    return;
  if (*value != '\0')
    llvm::WithColor::warning(llvm::errs(), "fisher-run")
        << variable << "='" << value
        << "' is no number of threads, and left out\n";
  unsetenv(variable);
}

/// Without LLVM's request to report a bug: the user asked for too much.
[[noreturn]] static void exitOutOfMemory(void *, const char *reason, bool) {
  llvm::errs() << "fisher-run: error: " << reason << '\n';
  std::_Exit(failureStatus);
}

//===----------------------------------------------------------------------===//
// Compiling
//===----------------------------------------------------------------------===//

static FailureOr<CompiledFunction> compile(Program program,
                                           const RunOptions &options) {
  if (options.device)
    return CompiledFunction::compileForDevice(
        std::move(program), *options.device, options.donate, configure);
  CPUPipelineOptions pipeline;
  pipeline.donate = options.donate;
  pipeline.threads = options.parallel;
  return CompiledFunction::compile(std::move(program), pipeline, configure,
                                   options.cpu);
}

/// The step with its policy inserted. A policy that is to be measured is still
/// there.
static FailureOr<Program> loadStep(const RunOptions &options,
                                   MLIRContext &context) {
  FailureOr<Program> program =
      loadProgram(options.module, options.entry, &context);
  if (failed(program))
    return failure();
  // While training, the penalty is one more number to show.
  if (failed(insertPolicy(*program, options.policy, options.stepSize,
                          /*returnPenalty=*/options.mode == RunMode::Train,
                          /*keepPolicy=*/options.measured.has_value(),
                          configure)))
    return failure();
  return program;
}

/// Adds what --measure asks for.
static LogicalResult measure(Program &program, const RunOptions &options,
                             bool totalsOnly = false) {
  if (!options.measured)
    return success();
  MeasuringOptions measuring;
  measuring.sampled = options.training.measureEvery > 1;
  measuring.totalsOnly = totalsOnly;
  measuring.traceSize = options.traceSize;
  return measureBeliefs(
      program, options.measured->empty() ? options.policy : *options.measured,
      measuring, configure);
}

/// Compiles the step for those steps whose measurements nobody reads.
static FailureOr<CompiledFunction> compileBetween(const Program &step,
                                                  const RunOptions &options) {
  Program program = step.clone();
  if (options.training.measureEvery <= 1) {
    if (failed(measure(program, options, /*totalsOnly=*/true)))
      return failure();
    return compile(std::move(program), options);
  }
  for (PolicyOp policy :
       llvm::make_early_inc_range(program.module->getOps<PolicyOp>()))
    policy.erase();
  return compile(std::move(program), options);
}

static FailureOr<CompiledFunction> compilePrediction(const RunOptions &options,
                                                     MLIRContext &context) {
  FailureOr<Program> program = loadProgram(*options.evaluate, "", &context);
  if (failed(program))
    return failure();
  return compile(std::move(*program), options);
}

//===----------------------------------------------------------------------===//
// Modes
//===----------------------------------------------------------------------===//

static int runOnce(const RunOptions &options, MLIRContext &context) {
  FailureOr<Program> step = loadStep(options, context);
  if (failed(step) || failed(measure(*step, options)))
    return failureStatus;
  FailureOr<CompiledFunction> function = compile(std::move(*step), options);
  if (failed(function) ||
      failed(fisher::runOnce(*function, options.once, llvm::outs())))
    return failureStatus;
  return 0;
}

static int emit(const RunOptions &options, MLIRContext &context) {
  FailureOr<Program> program = loadStep(options, context);
  if (failed(program) || failed(measure(*program, options)) ||
      failed(exportProgram(std::move(*program), options.exported, configure)))
    return failureStatus;
  return 0;
}

static int train(const RunOptions &options, MLIRContext &context) {
  FailureOr<Program> step = loadStep(options, context);
  if (failed(step))
    return failureStatus;
  std::optional<CompiledFunction> between, prediction;
  if (options.training.measureEvery > 1 ||
      (options.measured && options.training.logEvery > 1)) {
    FailureOr<CompiledFunction> compiled = compileBetween(*step, options);
    if (failed(compiled))
      return failureStatus;
    between.emplace(std::move(*compiled));
  }
  if (failed(measure(*step, options)))
    return failureStatus;
  TrainingOptions training = options.training;
  if (!training.checkpoint.empty() || !training.resume.empty())
    training.program = hashProgram(*step);
  FailureOr<CompiledFunction> function = compile(std::move(*step), options);
  if (failed(function))
    return failureStatus;
  if (options.evaluate) {
    FailureOr<CompiledFunction> compiled = compilePrediction(options, context);
    if (failed(compiled))
      return failureStatus;
    prediction.emplace(std::move(*compiled));
  }
  auto trainer = Trainer::create(*function, between ? &*between : nullptr,
                                 prediction ? &*prediction : nullptr, training);
  if (failed(trainer))
    return failureStatus;
  FailureOr<Trainer::Outcome> outcome = (*trainer)->run(llvm::outs());
  if (failed(outcome))
    return failureStatus;
  return *outcome == Trainer::Outcome::Interrupted ? interruptedStatus : 0;
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  llvm::install_bad_alloc_error_handler(exitOutOfMemory);
  // A file that grows beyond a limit is an error that is told with its name.
  std::signal(SIGXFSZ, SIG_IGN);
  checkThreadCount();
  mlir::registerAllPasses();
  fisher::registerAllPasses();
  registerPassManagerCLOptions();
  registerDefaultTimingManagerCLOptions();
  fisher::addVersionPrinter();
  llvm::Expected<RunOptions> options = parseOptions(argc, argv);
  if (!options)
    return reportOptionError(options.takeError());

  DialectRegistry registry;
  mlir::registerAllDialects(registry);
  registerAllExtensions(registry);
  registerAllToLLVMIRTranslations(registry);
  fisher::registerAllDialects(registry);
  if (llvm::Error err = loadPlugins(options->dialectPlugins, registry))
    return reportOptionError(std::move(err));
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.allowUnregisteredDialects();
  // A message names the line; the operation there may be the whole module.
  context.printOpOnDiagnostic(false);
  llvm::SourceMgr sources;
  SourceMgrDiagnosticHandler handler(sources, &context, llvm::errs());
  switch (options->mode) {
  case RunMode::Once:
    return runOnce(*options, context);
  case RunMode::Train:
    return train(*options, context);
  case RunMode::Emit:
    return emit(*options, context);
  }
  llvm_unreachable("unknown mode");
}
