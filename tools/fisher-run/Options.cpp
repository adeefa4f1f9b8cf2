//===- Options.cpp - What fisher-run is asked for -------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Options.h"
#include "fisher/InitFisher.h"

#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Path.h"

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
             cl::desc("Steps between lines of --metrics, and between those "
                      "whose measurements are computed in full; default: 1"));
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

static cl::opt<std::string> checkpointPath(
    "checkpoint", cl::value_desc("file.npz"), cl::cat(trainingCategory),
    cl::desc("Write now and then what the run can go on from by --resume: "
             "parameters, states, and what else the next steps depend on"));
static cl::opt<uint64_t>
    checkpointEvery("checkpoint-every", cl::value_desc("steps"), cl::init(0),
                    cl::cat(trainingCategory),
                    cl::desc("Steps between checkpoints; there is one after "
                             "the last step, too; default: a twentieth of "
                             "--steps"));
static cl::opt<std::string> resumePath(
    "resume", cl::value_desc("file.npz"), cl::ValueOptional,
    cl::cat(trainingCategory),
    cl::desc("Go on from this checkpoint, with the outputs and metrics of a "
             "run that was not stopped; without a file, from that of "
             "--checkpoint if there is one, else from the beginning"));
static cl::opt<NonFinitePolicy> nonFinite(
    "non-finite", cl::init(NonFinitePolicy::Stop), cl::cat(trainingCategory),
    cl::desc("What to do where data, parameters, the loss or the penalty are "
             "NaN or infinite:"),
    cl::values(
        clEnumValN(NonFinitePolicy::Stop, "stop",
                   "fail, name it and the step, and write no outputs; default"),
        clEnumValN(NonFinitePolicy::Skip, "skip",
                   "undo the step, and count it in the metrics"),
        clEnumValN(NonFinitePolicy::Ignore, "ignore",
                   "warn of the loss, and go on")));

namespace {
enum class Emitted : uint8_t { Object, Shared, Header };
} // namespace

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

static RunMode getMode() {
  return isGiven(emitted) ? RunMode::Emit
         : isGiven(steps) ? RunMode::Train
                          : RunMode::Once;
}

static cl::OptionCategory *getCategory(RunMode mode) {
  switch (mode) {
  case RunMode::Once:
    return &onceCategory;
  case RunMode::Train:
    return &trainingCategory;
  case RunMode::Emit:
    return &exportCategory;
  }
  llvm_unreachable("unknown mode");
}

/// Refuses options of one mode where another is chosen.
static llvm::Error checkMode() {
  cl::OptionCategory *mode = getCategory(getMode());
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
  const std::pair<const cl::Option &, const cl::Option &> requirements[] = {
      {traceSize, measuredPath},         {optimizer, learningRate},
      {learningRate, optimizer},         {momentum, optimizer},
      {evaluateRows, evaluatePath},      {evaluateEvery, evaluatePath},
      {checkpointEvery, checkpointPath}, {measureEvery, measuredPath},
      {tolerance, comparePath},          {emitted, emittedPath}};
  for (auto [option, other] : requirements)
    if (isGiven(option) && !isGiven(other))
      return llvm::createStringError("--" + option.ArgStr + " needs --" +
                                     other.ArgStr);
  if (isGiven(resumePath) && resumePath.empty() && !isGiven(checkpointPath))
    return llvm::createStringError(
        "--resume without a file needs --checkpoint");
  return llvm::Error::success();
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
  options.checkpoint = checkpointPath;
  options.checkpointEvery = checkpointEvery;
  options.resume =
      resumePath.empty() && isGiven(resumePath) ? checkpointPath : resumePath;
  options.resumesAlways = !resumePath.empty();
  options.nonFinite = nonFinite;
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

static ExportOptions makeExportOptions(const std::optional<Device> &device) {
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
  return options;
}

llvm::Expected<RunOptions> fisher::parseOptions(int argc, char **argv) {
  cl::HideUnrelatedOptions(
      {&generalCategory, &onceCategory, &trainingCategory, &exportCategory});
  cl::ParseCommandLineOptions(argc, argv, overview);
  if (llvm::Error err = checkMode())
    return err;
  RunOptions options;
  options.mode = getMode();
  options.module = modulePath;
  options.entry = entryName;
  options.policy = policyPath;
  options.stepSize = stepSize;
  if (isGiven(measuredPath))
    options.measured = measuredPath;
  options.traceSize = traceSize;
  options.donate = donate;
  options.parallel = parallel;
  options.cpu = cpu;
  options.dialectPlugins = dialectPlugins;
  if (isGiven(evaluatePath))
    options.evaluate = evaluatePath;
  if (llvm::Error err = openDevice().moveInto(options.device))
    return err;
  switch (options.mode) {
  case RunMode::Once:
    if (llvm::Error err = makeOnceOptions().moveInto(options.once))
      return err;
    break;
  case RunMode::Train:
    if (llvm::Error err = makeTrainingOptions().moveInto(options.training))
      return err;
    break;
  case RunMode::Emit:
    options.exported = makeExportOptions(options.device);
    break;
  }
  return options;
}
