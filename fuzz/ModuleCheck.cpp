//===- ModuleCheck.cpp - From text to compiled code, watched --------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ModuleCheck.h"

#include "Counts.h"
#include "ModuleGenerator.h"

#include "fisher/Conversion/Passes.h"
#include "fisher/Execution/Jit.h"
#include "fisher/IR/Fisher.h"
#include "fisher/IR/ParseModule.h"
#include "fisher/InitFisher.h"
#include "fisher/Pipelines/Pipelines.h"
#include "fisher/Transforms/Passes.h"

#include "mlir/Analysis/CallGraph.h"
#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/ADT/SCCIterator.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdlib>
#include <cstring>
#include <random>

using namespace mlir;
using namespace mlir::fisher;
using namespace mlir::fisher::fuzz;

/// Tells what is wrong and ends the process, as a failed assertion does.
[[noreturn]] static void report(const Twine &what, StringRef text,
                                StringRef detail = "") {
  llvm::errs() << "FINDING: " << what << "\n"
               << detail << "\n--- module\n"
               << text << "\n--- end of module\n";
  std::abort();
}

//===----------------------------------------------------------------------===//
// Context
//===----------------------------------------------------------------------===//

static DialectRegistry &getRegistry() {
  static DialectRegistry registry = [] {
    DialectRegistry registry;
    mlir::registerAllDialects(registry);
    registerAllExtensions(registry);
    registerAllToLLVMIRTranslations(registry);
    fisher::registerAllDialects(registry);
    return registry;
  }();
  return registry;
}

/// A context, which keeps types and attributes for ever: a new one now and
/// then.
static MLIRContext &getContext() {
  static std::unique_ptr<MLIRContext> context;
  static unsigned age = 0;
  constexpr unsigned lifetime = 500;
  if (!context || ++age == lifetime) {
    context.reset();
    context = std::make_unique<MLIRContext>(getRegistry(),
                                            MLIRContext::Threading::DISABLED);
    context->allowUnregisteredDialects();
    age = 0;
  }
  return *context;
}

namespace {

/// Keeps the errors that are emitted while it lives.
class Errors {
public:
  explicit Errors(MLIRContext &context, StringRef text)
      : text(text), handler(&context, [this](Diagnostic &diagnostic) {
          if (diagnostic.getSeverity() != DiagnosticSeverity::Error)
            return success();
          ++count;
          llvm::raw_string_ostream os(all);
          os << diagnostic.getLocation() << ": " << diagnostic << "\n";
          for (Diagnostic &note : diagnostic.getNotes())
            os << "  " << note.getLocation() << ": " << note << "\n";
          if (isa<UnknownLoc>(diagnostic.getLocation()))
            hasLost = true;
          return success();
        }) {}

  /// A failure must have said why, and where.
  void checkFailure(const Twine &what) {
    if (!count)
      report(what + " failed without an error", text);
    if (hasLost)
      report(what + " failed with an error that does not say where", text, all);
  }
  StringRef get() const { return all; }

private:
  StringRef text;
  unsigned count = 0;
  bool hasLost = false;
  std::string all;
  ScopedDiagnosticHandler handler;
};

/// Verifies after each pass that succeeded.
class VerifyAfterPasses : public PassInstrumentation {
public:
  explicit VerifyAfterPasses(StringRef text) : text(text) {}

  void runAfterPass(Pass *pass, Operation *op) override {
    Errors errors(*op->getContext(), text);
    if (succeeded(verify(op)))
      return;
    std::string detail = errors.get().str();
    llvm::raw_string_ostream os(detail);
    op->print(os, OpPrintingFlags().printGenericOpForm());
    report("what '" + pass->getName() + "' makes does not verify", text,
           detail);
  }

private:
  StringRef text;
};

} // namespace

/// Runs passes on the module; whether they succeeded.
static bool runPasses(ModuleOp module, StringRef text, const Twine &what,
                      llvm::function_ref<void(OpPassManager &)> build) {
  PassManager pm(module.getContext());
  pm.enableVerifier(false);
  pm.addInstrumentation(std::make_unique<VerifyAfterPasses>(text));
  build(pm);
  Errors errors(*module.getContext(), text);
  if (succeeded(pm.run(module)))
    return true;
  errors.checkFailure(what);
  countError(what.str(), errors.get());
  return false;
}

//===----------------------------------------------------------------------===//
// Stages
//===----------------------------------------------------------------------===//

static OwningOpRef<ModuleOp> parse(StringRef text, MLIRContext &context) {
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(llvm::MemoryBuffer::getMemBuffer(text, "", false),
                             {});
  return parseModule(sources, ParserConfig(&context));
}

static std::string print(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream os(text);
  module.print(os, OpPrintingFlags().enableDebugInfo());
  return text;
}

/// What is printed, and what is written as bytecode, must come back.
static void checkRoundTrip(ModuleOp module, StringRef text) {
  MLIRContext &context = *module.getContext();
  std::string printed = print(module);
  Errors errors(context, text);
  OwningOpRef<ModuleOp> again = parse(printed, context);
  if (!again)
    report("what is printed does not parse", text,
           (errors.get() + printed).str());
  if (print(*again) != printed)
    report("what is printed changes when it is read", text,
           printed + "\n--- becomes\n" + print(*again));
  std::string bytes;
  llvm::raw_string_ostream os(bytes);
  if (failed(writeBytecodeToFile(module, os)))
    report("bytecode cannot be written", text, errors.get());
  OwningOpRef<ModuleOp> read = parse(bytes, context);
  if (!read)
    report("bytecode does not come back", text, errors.get());
  if (print(*read) != printed)
    report("bytecode changes what it holds", text,
           printed + "\n--- becomes\n" + print(*read));
}

static bool hasPolicy(ModuleOp module) {
  return !module.getOps<PolicyOp>().empty();
}

/// The passes for steps, in one of several orders.
static bool runStepPasses(ModuleOp module, StringRef text,
                          const CheckOptions &options) {
  std::string policy = options.policyPath.str();
  bool isInserted = true;
  if (hasPolicy(module) || !policy.empty()) {
    FisherInsertOptions insert;
    insert.policyFile = policy;
    insert.penaltyResult = options.choice & 1;
    insert.keepPolicy = (options.choice & 6) == 2;
    insert.stepSize = options.choice & 8 ? 0.25 : 0.0;
    FisherInstrumentOptions instrument;
    instrument.policyFile = policy;
    instrument.sampled = options.choice & 16;
    instrument.trace = options.choice & 32 ? 2 : 0;
    bool first = (options.choice & 6) == 4;
    if (first) {
      OwningOpRef<ModuleOp> copy = module.clone();
      runPasses(*copy, text, "fisher-instrument", [&](OpPassManager &pm) {
        pm.addPass(createFisherInstrument(instrument));
      });
    }
    if ((options.choice & 0xC0) == 0xC0) {
      OwningOpRef<ModuleOp> copy = module.clone();
      runPasses(*copy, text, "fisher-upgrade",
                [](OpPassManager &pm) { pm.addPass(createFisherUpgrade()); });
    }
    isInserted =
        runPasses(module, text, "fisher-insert", [&](OpPassManager &pm) {
          pm.addPass(createFisherInsert(insert));
          if (insert.keepPolicy || !policy.empty())
            pm.addPass(createFisherInstrument(instrument));
        });
  } else if (options.choice & 1) {
    runPasses(module, text, "fisher-recognize", [](OpPassManager &pm) {
      pm.addPass(createFisherRecognize());
      pm.addPass(createFisherStripMarks());
    });
  }
  return isInserted;
}

/// Bytes beside an array's elements, which must stay as they are.
static constexpr size_t margin = 64;
static constexpr char filling = '\x5A';

static Array makeGuarded(ElementKind kind, ArrayRef<int64_t> shape) {
  size_t size = *getNumElements(shape) * getByteSize(kind);
  size_t total = llvm::alignTo(size + 2 * margin, margin);
  std::shared_ptr<void> owner(std::aligned_alloc(margin, total), std::free);
  char *start = static_cast<char *>(owner.get());
  std::memset(start, filling, total);
  return Array(kind, shape, owner, start + margin);
}

static bool isIntact(const Array &array) {
  auto isFilling = [](char c) { return c == filling; };
  const char *data = array.getData();
  return llvm::all_of(ArrayRef(data - margin, margin), isFilling) &&
         llvm::all_of(ArrayRef(data + array.getByteSize(), margin), isFilling);
}

static void fill(Array &array, std::mt19937 &random) {
  for (int64_t i = 0; i < array.getNumElements(); ++i)
    array.set(i, isFloat(array.getKind()) ? 0.25 + (random() % 1000) * 1e-3
                                          : random() % 2);
}

/// Whether a function may call itself, for ever.
static bool isRecursive(ModuleOp module) {
  CallGraph graph(module);
  for (auto scc = llvm::scc_begin<const CallGraph *>(&graph); !scc.isAtEnd();
       ++scc)
    if (scc.hasCycle())
      return true;
  return false;
}

/// Compiles the module's entry and calls it, if it can be called.
static void compileAndRun(OwningOpRef<ModuleOp> module, StringRef text,
                          const CheckOptions &options) {
  // Sizes that are said to be equal and are not end the process: where one
  // size is known and another is not, it would be this one.
  func::FuncOp entry;
  for (func::FuncOp function : module->getOps<func::FuncOp>())
    if (!function.isExternal() && (!entry || function.getName() == "main"))
      entry = function;
  if (!entry)
    return;
  bool isDynamic = false, isLarge = false;
  auto look = [&](Type type) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor)
      return;
    isDynamic |= !tensor.hasStaticShape();
    int64_t count = 1;
    for (int64_t size : tensor.getShape())
      if (llvm::MulOverflow(
              count, ShapedType::isDynamic(size) ? sizeAtRunTime : size, count))
        isLarge = true;
    constexpr int64_t limit = 1 << 16;
    isLarge |= count > limit;
  };
  module->walk([&](Operation *op) {
    llvm::for_each(op->getResultTypes(), look);
    llvm::for_each(op->getOperandTypes(), look);
    for (Region &region : op->getRegions())
      for (Block &block : region)
        llvm::for_each(block.getArgumentTypes(), look);
  });
  if (isLarge)
    return;
  bool mayRun = !isRecursive(*module);
  CPUPipelineOptions pipeline;
  pipeline.donate = !(options.choice & 1);
  pipeline.fuse = !(options.choice & 2);
  pipeline.threads = options.choice & 4;
  Program program{std::move(module), entry};
  MLIRContext &context = *entry.getContext();
  Errors errors(context, text);
  FailureOr<CompiledFunction> function = CompiledFunction::compile(
      std::move(program), pipeline, [&](PassManager &pm) {
        pm.enableVerifier(false);
        pm.addInstrumentation(std::make_unique<VerifyAfterPasses>(text));
        return success();
      });
  if (failed(function)) {
    errors.checkFailure("compiling");
    countError("compiling", errors.get());
    return;
  }
  countStage("compiled");
  if (options.depth < Depth::Run || !mayRun ||
      (isDynamic && text.contains("cf.assert")))
    return;
  std::mt19937 random(options.choice);
  auto make = [&](const Port &port) {
    SmallVector<int64_t> shape(port.getShape());
    for (int64_t &size : shape)
      if (ShapedType::isDynamic(size))
        size = sizeAtRunTime;
    return makeGuarded(port.getKind(), shape);
  };
  SmallVector<Array> arguments, results;
  for (const Port &port : function->getSignature().arguments) {
    arguments.push_back(make(port));
    fill(arguments.back(), random);
  }
  for (const Port &port : function->getSignature().results)
    results.push_back(isa<TensorType>(port.type) ? make(port)
                                                 : Array(port.getKind(), {}));
  SmallVector<Array> given(results);
  // Twice: the second call gets what the first one wrote.
  for (int i = 0; i < 2; ++i)
    function->callInPlace(arguments, results);
  if (!llvm::all_of(arguments, isIntact))
    report("compiled code writes beside an argument", text);
  for (auto [array, port] : llvm::zip(given, function->getSignature().results))
    if (isa<TensorType>(port.type) && !isIntact(array))
      report("compiled code writes beside a result", text);
  countStage("run");
}

void mlir::fisher::fuzz::checkModule(StringRef text,
                                     const CheckOptions &options) {
  MLIRContext &context = getContext();
  OwningOpRef<ModuleOp> module;
  {
    Errors errors(context, text);
    module = parse(text, context);
    if (!module) {
      errors.checkFailure("parsing");
      countError("parsing", errors.get());
      countStage("refused");
      return;
    }
  }
  countStage("verified");
  if (options.depth == Depth::Parse && options.choice % 4)
    return;
  checkRoundTrip(*module, text);
  if (options.depth == Depth::Parse)
    return;
  countStage("passes");
  if (options.choice & 128)
    if (!runPasses(*module, text, "canonicalize", [](OpPassManager &pm) {
          pm.addPass(createCanonicalizerPass());
          pm.addPass(createCSEPass());
        }))
      report("canonicalization fails", text);
  if (!runStepPasses(*module, text, options) || options.depth < Depth::Lower)
    return;
  countStage("lowered");
  OwningOpRef<ModuleOp> copy = module->clone();
  runPasses(*copy, text, "convert-fisher-to-stablehlo", [](OpPassManager &pm) {
    pm.addPass(createConvertFisherToStableHLO());
  });
  copy = module->clone();
  ConvertFisherToLinalgOptions linalg;
  linalg.vectorBits = options.choice & 1 ? 512 : 0;
  linalg.mapDistributions = options.choice & 2;
  bool isLowered = runPasses(*copy, text, "convert-fisher-to-linalg",
                             [&](OpPassManager &pm) {
                               pm.addPass(createConvertFisherToLinalg(linalg));
                               pm.addPass(createFisherRaiseContractions());
                               pm.addPass(createFisherFuseElementwise());
                               pm.addPass(createFisherFuse());
                             });
  if (isLowered && options.depth >= Depth::Compile)
    compileAndRun(std::move(module), text, options);
}
