//===- fisher-run.cpp - Run and train MLIR functions ----------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Execution/Export.h"
#include "fisher/Execution/Once.h"
#include "fisher/Execution/Program.h"
#include "fisher/Execution/Trainer.h"
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
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/WithColor.h"

using namespace mlir;
using namespace mlir::fisher;

namespace cl = llvm::cl;

static constexpr char overview[] =
    R"(Runs functions on tensors, such as the training steps that JAX makes.

Once, on arrays from numpy, with the results compared to what is expected:
  fisher-run step.mlir --inputs=in.npz --outputs=out.npz --compare=expected.npz

Training, with a policy inserted, and evaluation on the last rows of the data:
  fisher-run step.mlir --policy=policy.mlir --data=digits.npz --steps=2000 \
    --evaluate=predict.mlir --outputs=final.npz --metrics=run.jsonl

Not at all, but compiled for a C program, which needs no MLIR then:
  fisher-run step.mlir --emit=object,header -o step
  fisher-run step.mlir --device=cuda --chip=sm_90 --emit=object,header -o step

The marks fisher.name and fisher.role of the arguments, and fisher.updates and
fisher.gradient_of of the results, tell where values come from and go to.
Exit status: 0; 1 after an error or a difference above the tolerance; 130 where
training was interrupted, after the outputs were written.
)";

//===----------------------------------------------------------------------===//
// Options
//===----------------------------------------------------------------------===//

static cl::OptionCategory generalCategory("Options");
static cl::OptionCategory onceCategory("Options to run once");
static cl::OptionCategory trainingCategory("Options to train");
static cl::OptionCategory exportCategory("Options to compile for C programs");

static cl::opt<std::string> modulePath(cl::Positional, cl::Required,
                                       cl::desc("<module.mlir>"),
                                       cl::cat(generalCategory));
static cl::opt<std::string>
    entryName("entry", cl::value_desc("name"), cl::cat(generalCategory),
              cl::desc("Function to run; default: main, or the only public "
                       "function"));
static cl::opt<std::string>
    policyPath("policy", cl::value_desc("file.mlir"), cl::cat(generalCategory),
               cl::desc("Insert this policy with fisher-insert first; "
                        "default: the module's own, if it has one"));
static cl::opt<double>
    stepSize("step-size", cl::value_desc("number"), cl::init(0),
             cl::cat(generalCategory),
             cl::desc("Step size of proximal entries of the policy that state "
                      "none; default: the learning rate that is recognized"));
static cl::opt<std::string> measuredPath(
    "measure", cl::value_desc("file.mlir"), cl::ValueOptional,
    cl::cat(generalCategory),
    cl::desc("Measure how the beliefs of this policy move with "
             "fisher-instrument, whatever is inserted; without a file, those "
             "of the policy that is inserted"));
static cl::opt<unsigned> traceSize(
    "trace", cl::value_desc("count"), cl::init(0), cl::cat(generalCategory),
    cl::desc("With --measure, also return so many elements of each belief in "
             "standard coordinates, such as mean and standard deviation; "
             "default: 0"));
static cl::opt<bool>
    donate("donate", cl::init(true), cl::cat(generalCategory),
           cl::desc("Write new parameters and states over the old ones; "
                    "default: true"));
static cl::opt<bool>
    parallel("parallel", cl::init(true), cl::cat(generalCategory),
             cl::desc("Use OpenMP threads for large tensors, which changes no "
                      "number; default: true"));
static cl::opt<std::string>
    cpu("mcpu", cl::value_desc("name"), cl::cat(generalCategory),
        cl::desc("CPU to compile for, as clang's -march names it; default: "
                 "this one"));
static cl::opt<std::string>
    deviceName("device", cl::value_desc("cpu|cuda|hip|opencl"), cl::init("cpu"),
               cl::cat(generalCategory),
               cl::desc("Where to run: on the CPU, or on the first GPU that "
                        "the driver of CUDA, HIP or OpenCL has, for whose chip "
                        "kernels are compiled; arguments stay in its memory "
                        "between steps; with --emit, what to compile for; "
                        "default: cpu"));
static cl::opt<std::string>
    chip("chip", cl::value_desc("name"), cl::cat(generalCategory),
         cl::desc("Chip of the GPU to compile kernels for, such as sm_90 of "
                  "CUDA or gfx942 of HIP; default: that of the device, which "
                  "--emit does not look for"));
static cl::list<std::string>
    dialectPlugins("load-dialect-plugin", cl::value_desc("file.so"),
                   cl::cat(generalCategory),
                   cl::desc("Load a dialect, such as one with a family of "
                            "distributions; can be repeated"));
static cl::opt<std::string>
    outputsPath("outputs", cl::value_desc("file.npz"), cl::cat(generalCategory),
                cl::desc("Where results are written: out0, out1, ..., or after "
                         "training the parameters and states by name"));
static cl::list<std::string>
    settings("set", cl::value_desc("name=value"), cl::cat(generalCategory),
             cl::desc("Value of an argument, or of each of its elements before "
                      "the first step; can be repeated"));

static cl::opt<std::string>
    inputsPath("inputs", cl::value_desc("file.npz"), cl::cat(onceCategory),
               cl::desc("Arrays for the arguments, by fisher.name or argN"));
static cl::opt<std::string>
    comparePath("compare", cl::value_desc("file.npz"), cl::cat(onceCategory),
                cl::desc("Compare the results with out0, out1, ... of this "
                         "file and fail above the tolerance"));
static cl::opt<double>
    tolerance("tolerance", cl::value_desc("number"), cl::init(1e-5),
              cl::cat(onceCategory),
              cl::desc("Largest max|difference|/max|expected| to accept, or "
                       "max|difference| where all expected numbers are zero; "
                       "default: 1e-5"));

static cl::opt<uint64_t> steps("steps", cl::value_desc("count"),
                               cl::cat(trainingCategory),
                               cl::desc("Train for this number of steps"));
static cl::opt<std::string>
    dataPath("data", cl::value_desc("file.npz"), cl::cat(trainingCategory),
             cl::desc("Rows of examples, by the fisher.name of the batch "
                      "arguments"));
static cl::opt<uint64_t>
    seed("seed", cl::value_desc("number"), cl::init(0),
         cl::cat(trainingCategory),
         cl::desc("Seed of all random numbers; the same seed gives the same "
                  "bits; default: 0"));
static cl::opt<std::string>
    initPath("init", cl::value_desc("file.npz"), cl::cat(trainingCategory),
             cl::desc("Values before the first step; default: parameters of "
                      "rank 2 and more normal with standard deviation "
                      "1/sqrt(fan-in), others zero"));
static cl::opt<std::string>
    rows("rows", cl::value_desc("first:end"), cl::cat(trainingCategory),
         cl::desc("Rows to train on, as in Python; default: those that are "
                  "not evaluated"));
static cl::opt<int64_t>
    batchSize("batch-size", cl::value_desc("rows"), cl::init(0),
              cl::cat(trainingCategory),
              cl::desc("Rows of a batch, where the function leaves it open"));
static cl::opt<std::string>
    optimizer("optimizer", cl::value_desc("sgd|adam"),
              cl::cat(trainingCategory),
              cl::desc("What drives a step that returns gradients"));
static cl::opt<double> learningRate("learning-rate", cl::value_desc("number"),
                                    cl::cat(trainingCategory),
                                    cl::desc("Step size of the optimizer"));
static cl::opt<double>
    momentum("momentum", cl::value_desc("number"), cl::init(0),
             cl::cat(trainingCategory),
             cl::desc("Momentum of --optimizer=sgd; default: 0"));
static cl::opt<std::string> metricsPath(
    "metrics", cl::value_desc("file.jsonl"), cl::cat(trainingCategory),
    cl::desc(
        "Write a JSON object a line: step, loss, penalty, "
        "named scalar results, scores, measurements, trace. Numbers that are "
        "not finite become \"NaN\", \"Infinity\" or "
        "\"-Infinity\""));
static cl::opt<uint64_t>
    logEvery("log-every", cl::value_desc("steps"), cl::init(1),
             cl::cat(trainingCategory),
             cl::desc("Steps between lines of --metrics; default: 1"));
static cl::opt<std::string>
    evaluatePath("evaluate", cl::value_desc("file.mlir"),
                 cl::cat(trainingCategory),
                 cl::desc("Function that predicts logits; scored on held-out "
                          "rows by accuracy, negative log-likelihood and "
                          "calibration error"));
static cl::opt<std::string>
    evaluateRows("evaluate-rows", cl::value_desc("first:end"),
                 cl::cat(trainingCategory),
                 cl::desc("Rows that are held out; default: the last ones, as "
                          "many as the function takes"));
static cl::opt<uint64_t>
    evaluateEvery("evaluate-every", cl::value_desc("steps"), cl::init(0),
                  cl::cat(trainingCategory),
                  cl::desc("Steps between evaluations; default: a twentieth of "
                           "--steps"));
static cl::opt<std::string>
    label("label", cl::value_desc("name"), cl::init("y"),
          cl::cat(trainingCategory),
          cl::desc("Array of --data with the class of each row; default: y"));

static cl::opt<uint64_t>
    measureEvery("measure-every", cl::value_desc("steps"), cl::init(1),
                 cl::cat(trainingCategory),
                 cl::desc("Steps from one that is measured to the next, which "
                          "is from where to where beliefs move then; steps "
                          "in between take no longer; default: 1"));

enum class Emitted : uint8_t { Object, Shared, Header };
static cl::list<Emitted> emitted(
    "emit", cl::CommaSeparated, cl::cat(exportCategory),
    cl::desc("Write compiled code that needs no MLIR, instead of running it:"),
    cl::values(clEnumValN(Emitted::Object, "object", "an object file"),
               clEnumValN(Emitted::Shared, "shared", "a shared library"),
               clEnumValN(Emitted::Header, "header", "a C header")));
static cl::opt<std::string>
    emittedPath("o", cl::value_desc("file"), cl::cat(exportCategory),
                cl::desc("Where it is written; several kinds end in .o, .so "
                         "and .h"));
static cl::opt<std::string>
    symbol("symbol", cl::value_desc("name"), cl::cat(exportCategory),
           cl::desc("Name of the C function; default: fisher_ and the name of "
                    "the function"));

static bool isGiven(const cl::Option &option) {
  return option.getNumOccurrences() > 0;
}

/// Refuses options of one mode where another is chosen.
static llvm::Error checkMode() {
  cl::OptionCategory *mode = isGiven(emitted) ? &exportCategory
                             : isGiven(steps) ? &trainingCategory
                                              : &onceCategory;
  auto refuse = [](const cl::Option &option, const Twine &why) {
    return llvm::createStringError("--" + option.ArgStr + why);
  };
  for (const auto &entry : cl::getRegisteredOptions()) {
    const cl::Option &option = *entry.second;
    auto belongsTo = [&](cl::OptionCategory &category) {
      return &category != mode &&
             llvm::is_contained(option.Categories, &category);
    };
    if (!isGiven(option))
      continue;
    if (belongsTo(exportCategory))
      return refuse(option, " is for compiling; give --emit too");
    bool isForRunning =
        llvm::is_contained({"outputs", "set", "donate"}, option.ArgStr);
    if (mode == &exportCategory && (isForRunning || belongsTo(onceCategory) ||
                                    belongsTo(trainingCategory)))
      return refuse(option,
                    " is for running; leave it out or leave out --emit");
    if (belongsTo(onceCategory))
      return refuse(option,
                    " is for running once; leave it out or leave out --steps");
    if (belongsTo(trainingCategory))
      return refuse(option, " is for training; give --steps too");
  }
  auto require = [](const cl::Option &option,
                    const cl::Option &other) -> llvm::Error {
    if (!isGiven(option) || isGiven(other))
      return llvm::Error::success();
    return llvm::createStringError("--" + option.ArgStr + " needs --" +
                                   other.ArgStr);
  };
  if (llvm::Error err = require(traceSize, measuredPath))
    return err;
  return llvm::joinErrors(
      llvm::joinErrors(require(optimizer, learningRate),
                       require(learningRate, optimizer)),
      llvm::joinErrors(
          llvm::joinErrors(require(momentum, optimizer),
                           require(evaluateRows, evaluatePath)),
          llvm::joinErrors(
              require(evaluateEvery, evaluatePath),
              llvm::joinErrors(
                  llvm::joinErrors(require(measureEvery, measuredPath),
                                   require(tolerance, comparePath)),
                  require(emitted, emittedPath)))));
}

static llvm::Expected<llvm::StringMap<double>> parseSettings() {
  llvm::StringMap<double> values;
  for (StringRef setting : settings) {
    auto [name, text] = setting.split('=');
    double value;
    if (name.empty() || text.getAsDouble(value))
      return llvm::createStringError("--set " + setting +
                                     ": expected name=number");
    if (!values.try_emplace(name, value).second)
      return llvm::createStringError("--set gives '" + name +
                                     "' a value twice");
  }
  return values;
}

static llvm::Expected<TrainingOptions> makeTrainingOptions() {
  TrainingOptions options;
  options.data = dataPath;
  options.init = initPath;
  options.outputs = outputsPath;
  options.metrics = metricsPath;
  options.steps = steps;
  options.seed = seed;
  options.batchSize = batchSize;
  options.optimizer = optimizer;
  options.optimizerOptions.learningRate = learningRate;
  options.optimizerOptions.momentum = momentum;
  options.logEvery = std::max<uint64_t>(logEvery, 1);
  options.measureEvery = std::max<uint64_t>(measureEvery, 1);
  options.evaluateEvery = evaluateEvery;
  options.label = label;
  auto parseRows = [](const cl::opt<std::string> &text,
                      std::optional<RowRange> &range) -> llvm::Error {
    if (!isGiven(text))
      return llvm::Error::success();
    llvm::Expected<RowRange> parsed = RowRange::parse(text);
    if (!parsed)
      return llvm::createStringError("--" + text.ArgStr + ": " +
                                     llvm::toString(parsed.takeError()));
    range = *parsed;
    return llvm::Error::success();
  };
  if (llvm::Error err =
          llvm::joinErrors(parseRows(rows, options.rows),
                           parseRows(evaluateRows, options.evaluateRows)))
    return err;
  llvm::Expected<llvm::StringMap<double>> values = parseSettings();
  if (!values)
    return values.takeError();
  options.settings = std::move(*values);
  return options;
}

static llvm::Expected<OnceOptions> makeOnceOptions() {
  OnceOptions options;
  options.inputs = inputsPath;
  options.outputs = outputsPath;
  options.compare = comparePath;
  options.tolerance = tolerance;
  llvm::Expected<llvm::StringMap<double>> values = parseSettings();
  if (!values)
    return values.takeError();
  options.settings = std::move(*values);
  return options;
}

//===----------------------------------------------------------------------===//
// Modes
//===----------------------------------------------------------------------===//

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
static llvm::Error loadPlugins(DialectRegistry &registry) {
  for (const std::string &path : dialectPlugins) {
    llvm::Expected<DialectPlugin> plugin = DialectPlugin::load(path);
    if (!plugin)
      return plugin.takeError();
    plugin->registerDialectRegistryCallbacks(registry);
  }
  return llvm::Error::success();
}

/// Opens the device of --device; nothing for the CPU. To compile for it, it
/// need not be there.
static llvm::Expected<std::optional<Device>> openDevice() {
  if (deviceName == "cpu") {
    if (isGiven(chip))
      return llvm::createStringError(
          "--chip is for a GPU; give --device=cuda or --device=hip too");
    return std::nullopt;
  }
  if (!llvm::is_contained({"cuda", "hip", "opencl"}, deviceName.getValue()))
    return llvm::createStringError("--device=" + deviceName +
                                   ": there are cpu, cuda, hip and opencl");
  // The host's part of what is written is for a CPU, too.
  for (const cl::Option *option :
       std::initializer_list<const cl::Option *>{&cpu, &parallel})
    if (isGiven(*option) && (option != &cpu || !isGiven(emitted)))
      return llvm::createStringError(
          "--" + option->ArgStr +
          " is for a CPU; leave it out or leave out --device");
  if (deviceName == "opencl" && isGiven(chip))
    return llvm::createStringError(
        "--chip is not for opencl, whose code is for any device; leave it out");
  if (isGiven(emitted)) {
    if (deviceName != "opencl" && chip.empty())
      return llvm::createStringError(
          "--emit with --device=" + deviceName +
          " needs --chip, such as --chip=" +
          (deviceName == "cuda" ? "sm_90, the compute capability of the GPU"
                                : "gfx942, as rocminfo names it"));
    return Device::get(deviceName, chip);
  }
  llvm::Expected<Device> device = Device::open(deviceName);
  if (!device)
    return llvm::createStringError("--device=" + deviceName + ": " +
                                   llvm::toString(device.takeError()) +
                                   "; without --device, the CPU is used");
  if (isGiven(chip))
    device->chip = chip;
  return std::move(*device);
}

static std::optional<Device> device;

static FailureOr<CompiledFunction> compile(Program program) {
  if (device)
    return CompiledFunction::compileForDevice(std::move(program), *device,
                                              donate, configure);
  CPUPipelineOptions options;
  options.donate = donate;
  options.threads = parallel;
  return CompiledFunction::compile(std::move(program), options, configure, cpu);
}

/// The step with its policy inserted. A policy that is to be measured is still
/// there.
static FailureOr<Program> loadStep(MLIRContext &context) {
  FailureOr<Program> program = loadProgram(modulePath, entryName, &context);
  if (failed(program))
    return failure();
  // While training, the penalty is one more number to show.
  if (failed(insertPolicy(*program, policyPath, stepSize,
                          /*returnPenalty=*/isGiven(steps),
                          /*keepPolicy=*/isGiven(measuredPath), configure)))
    return failure();
  return program;
}

/// Adds what --measure asks for.
static LogicalResult measure(Program &program) {
  if (!isGiven(measuredPath))
    return success();
  return measureBeliefs(program,
                        measuredPath.empty() ? policyPath : measuredPath,
                        /*sampled=*/measureEvery > 1, traceSize, configure);
}

/// Compiles the step as it is where it is not measured.
static FailureOr<CompiledFunction> compileUnmeasured(const Program &step) {
  Program program = step.clone();
  for (PolicyOp policy :
       llvm::make_early_inc_range(program.module->getOps<PolicyOp>()))
    policy.erase();
  return compile(std::move(program));
}

static FailureOr<CompiledFunction> compilePrediction(MLIRContext &context) {
  FailureOr<Program> program = loadProgram(evaluatePath, "", &context);
  if (failed(program))
    return failure();
  return compile(std::move(*program));
}

static int runOnce(MLIRContext &context) {
  llvm::Expected<OnceOptions> options = makeOnceOptions();
  if (!options)
    return reportOptionError(options.takeError());
  FailureOr<Program> step = loadStep(context);
  if (failed(step) || failed(measure(*step)))
    return failureStatus;
  FailureOr<CompiledFunction> function = compile(std::move(*step));
  if (failed(function) ||
      failed(fisher::runOnce(*function, *options, llvm::outs())))
    return failureStatus;
  return 0;
}

/// FILE with the ending of its kind, where several are written.
static std::string getEmittedPath(StringRef extension) {
  SmallString<128> path(emittedPath);
  if (llvm::SmallDenseSet<Emitted>(emitted.begin(), emitted.end()).size() == 1)
    return path.str().str();
  StringRef old = llvm::sys::path::extension(path);
  if (old == ".o" || old == ".so" || old == ".h")
    llvm::sys::path::replace_extension(path, extension);
  else
    path += extension;
  return path.str().str();
}

static int emit(MLIRContext &context) {
  ExportOptions options;
  for (Emitted kind : emitted) {
    if (kind == Emitted::Object)
      options.object = getEmittedPath(".o");
    else if (kind == Emitted::Shared)
      options.shared = getEmittedPath(".so");
    else
      options.header = getEmittedPath(".h");
  }
  options.symbol = symbol;
  options.cpu = cpu;
  options.device = device;
  options.threads = parallel;
  options.origin = llvm::sys::path::filename(modulePath).str();
  FailureOr<Program> program = loadStep(context);
  if (failed(program) || failed(measure(*program)) ||
      failed(exportProgram(std::move(*program), options, configure)))
    return failureStatus;
  return 0;
}

static int train(MLIRContext &context) {
  llvm::Expected<TrainingOptions> options = makeTrainingOptions();
  if (!options)
    return reportOptionError(options.takeError());
  FailureOr<Program> step = loadStep(context);
  if (failed(step))
    return failureStatus;
  std::optional<CompiledFunction> unmeasured, prediction;
  if (measureEvery > 1) {
    FailureOr<CompiledFunction> compiled = compileUnmeasured(*step);
    if (failed(compiled))
      return failureStatus;
    unmeasured.emplace(std::move(*compiled));
  }
  if (failed(measure(*step)))
    return failureStatus;
  FailureOr<CompiledFunction> function = compile(std::move(*step));
  if (failed(function))
    return failureStatus;
  if (isGiven(evaluatePath)) {
    FailureOr<CompiledFunction> compiled = compilePrediction(context);
    if (failed(compiled))
      return failureStatus;
    prediction.emplace(std::move(*compiled));
  }
  auto trainer = Trainer::create(*function, unmeasured ? &*unmeasured : nullptr,
                                 prediction ? &*prediction : nullptr, *options);
  if (failed(trainer))
    return failureStatus;
  FailureOr<Trainer::Outcome> outcome = (*trainer)->run(llvm::outs());
  if (failed(outcome))
    return failureStatus;
  return *outcome == Trainer::Outcome::Interrupted ? interruptedStatus : 0;
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  mlir::registerAllPasses();
  fisher::registerAllPasses();
  registerPassManagerCLOptions();
  registerDefaultTimingManagerCLOptions();
  cl::HideUnrelatedOptions(
      {&generalCategory, &onceCategory, &trainingCategory, &exportCategory});
  fisher::addVersionPrinter();
  cl::ParseCommandLineOptions(argc, argv, overview);
  if (llvm::Error err = checkMode())
    return reportOptionError(std::move(err));
  llvm::Expected<std::optional<Device>> opened = openDevice();
  if (!opened)
    return reportOptionError(opened.takeError());
  device = std::move(*opened);

  DialectRegistry registry;
  mlir::registerAllDialects(registry);
  registerAllExtensions(registry);
  registerAllToLLVMIRTranslations(registry);
  fisher::registerAllDialects(registry);
  if (llvm::Error err = loadPlugins(registry))
    return reportOptionError(std::move(err));
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.allowUnregisteredDialects();
  // A message names the line; the operation there may be the whole module.
  context.printOpOnDiagnostic(false);
  llvm::SourceMgr sources;
  SourceMgrDiagnosticHandler handler(sources, &context, llvm::errs());
  if (isGiven(emitted))
    return emit(context);
  return isGiven(steps) ? train(context) : runOnce(context);
}
