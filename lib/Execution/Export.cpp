//===- Export.cpp - Compiling into files ----------------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Execution/Export.h"
#include "Compile.h"
#include "fisher/Conversion/FisherToLinalg/FisherToLinalg.h"
#include "fisher/Execution/CInterface.h"
#include "fisher/Runtime/Runtime.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/ExecutionEngine/OptUtils.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ValueBoundsOpInterface.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/Object/ObjectFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Program.h"

#include <dlfcn.h>

using namespace mlir;
using namespace mlir::fisher;

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

/// The dimension of an argument that is as long as dimension `dim` of `value`.
static std::optional<ArgumentSize> findSize(Value value, int64_t dim) {
  if (auto argument = dyn_cast<BlockArgument>(value))
    return ArgumentSize{argument.getArgNumber(), dim};
  AffineMap bound;
  ValueDimList operands;
  auto isArgument = [](Value operand, std::optional<int64_t>,
                       ValueBoundsConstraintSet &) {
    return isa<BlockArgument>(operand);
  };
  if (failed(ValueBoundsConstraintSet::computeBound(
          bound, operands, presburger::BoundType::EQ, {value, dim},
          isArgument)) ||
      operands.size() != 1 || !operands[0].second)
    return std::nullopt;
  AffineExpr expr = bound.getResult(0);
  if (!isa<AffineDimExpr, AffineSymbolExpr>(expr))
    return std::nullopt;
  return ArgumentSize{cast<BlockArgument>(operands[0].first).getArgNumber(),
                      *operands[0].second};
}

/// Finds the sizes of results that no argument is updated by among those of
/// the arguments.
static FailureOr<ResultSizes> findSizes(ModuleOp module, func::FuncOp entry,
                                        const Signature &signature,
                                        ArrayRef<Destination> destinations) {
  ResultSizes sizes(destinations.size());
  auto isOpen = [&](size_t result) {
    return destinations[result].kind == Destination::Kind::Added &&
           !signature.results[result].hasStaticShape();
  };
  if (llvm::none_of(llvm::seq(destinations.size()), isOpen))
    return sizes;

  // Operations that say how the sizes of their results follow.
  OwningOpRef<ModuleOp> copy = module.clone();
  PassManager manager(module->getName());
  manager.addPass(createConvertFisherToLinalg());
  manager.addNestedPass<func::FuncOp>(createConvertElementwiseToLinalgPass());
  manager.addPass(createCanonicalizerPass());
  if (failed(manager.run(*copy)))
    return failure();
  auto function = copy->lookupSymbol<func::FuncOp>(entry.getName());
  Operation *terminator = function.getBody().front().getTerminator();
  for (auto [result, port] : llvm::enumerate(signature.results)) {
    if (!isOpen(result))
      continue;
    for (auto [dim, size] : llvm::enumerate(port.getShape())) {
      if (!ShapedType::isDynamic(size))
        continue;
      std::optional<ArgumentSize> found =
          findSize(terminator->getOperand(result), dim);
      if (!found)
        return emitError(port.loc)
               << port.describe() << " of type " << port.type
               << ": the size of dimension " << dim
               << " is not that of an argument, so C cannot make room for it; "
                  "make it static, or add an argument of the result's type and "
                  "mark the result with fisher.updates";
      sizes[result].push_back(*found);
    }
  }
  return sizes;
}

//===----------------------------------------------------------------------===//
// Code
//===----------------------------------------------------------------------===//

/// Only what C can hold as it is stays a result.
static LogicalResult checkDestinations(func::FuncOp entry, ModuleOp module,
                                       const Signature &signature,
                                       ArrayRef<Destination> destinations) {
  if (!SymbolTable::symbolKnownUseEmpty(entry, module))
    return emitError(signature.loc)
           << "a function that is called in its module cannot be exported";
  for (auto [port, destination] :
       llvm::zip_equal(signature.results, destinations))
    if (destination.kind == Destination::Kind::Result &&
        isa<TensorType>(port.type))
      return emitError(signature.loc)
             << "a function of several blocks cannot be exported; use scf "
                "instead of cf";
  return success();
}

/// Makes tensors of the numbers that a function returns, so that they stay in
/// the memory of the device and nobody waits for them.
static void returnTensors(func::FuncOp entry) {
  OpBuilder builder(entry.getContext());
  builder.getContext()->getOrLoadDialect<tensor::TensorDialect>();
  auto getTensor = [](Type type) -> Type {
    return isa<ShapedType>(type) ? type : RankedTensorType::get({}, type);
  };
  for (auto end : entry.getOps<func::ReturnOp>()) {
    builder.setInsertionPoint(end);
    for (OpOperand &operand : end->getOpOperands()) {
      Type type = operand.get().getType();
      if (Type tensor = getTensor(type); tensor != type)
        operand.set(tensor::FromElementsOp::create(builder, end.getLoc(),
                                                   tensor, operand.get()));
    }
  }
  FunctionType type = entry.getFunctionType();
  entry.setFunctionType(type.clone(
      type.getInputs(), llvm::map_to_vector(type.getResults(), getTensor)));
}

/// Lets an assertion's message out of its buffer before the program aborts.
static void flushBeforeAbort(llvm::Module &module) {
  llvm::Function *abort = module.getFunction("abort");
  if (!abort)
    return;
  auto *pointer = llvm::PointerType::getUnqual(module.getContext());
  llvm::FunctionCallee flush = module.getOrInsertFunction(
      "fflush", llvm::Type::getInt32Ty(module.getContext()), pointer);
  for (llvm::User *user : abort->users())
    if (auto *call = dyn_cast<llvm::CallInst>(user))
      llvm::CallInst::Create(flush, {llvm::ConstantPointerNull::get(pointer)},
                             "", call->getIterator());
}

static FailureOr<SmallVector<char, 0>> emitObject(ModuleOp module,
                                                  StringRef symbol,
                                                  llvm::TargetMachine &machine,
                                                  Location loc) {
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> code = translateModuleToLLVMIR(module, context);
  if (!code)
    return failure();
  code->setTargetTriple(machine.getTargetTriple());
  code->setDataLayout(machine.createDataLayout());
  code->setPICLevel(llvm::PICLevel::BigPIC);
  internalize(*code, symbol);
  flushBeforeAbort(*code);
  auto optimize =
      makeOptimizingTransformer(/*optLevel=*/3, /*sizeLevel=*/0, &machine);
  if (llvm::Error err = optimize(code.get()))
    return emitError(loc) << "cannot compile: "
                          << llvm::toString(std::move(err));
  SmallVector<char, 0> object;
  llvm::raw_svector_ostream os(object);
  llvm::legacy::PassManager passes;
  if (machine.addPassesToEmitFile(passes, os, nullptr,
                                  llvm::CodeGenFileType::ObjectFile))
    return emitError(loc) << "cannot write object files for this CPU";
  passes.run(*code);
  return object;
}

namespace {
/// What an object file takes from elsewhere.
struct Needs {
  SmallVector<std::string> c, math, openmp, runtime, others;

  /// What a header says of it.
  SmallVector<std::string> describe() const {
    SmallVector<std::string> lines;
    auto add = [&](StringRef what, ArrayRef<std::string> names) {
      if (!names.empty())
        lines.push_back((what + ": " + llvm::join(names, ", ")).str());
    };
    add("Needs the C library", c);
    add("Needs the math library (-lm)", math);
    add("Needs LLVM's OpenMP runtime (-lomp)", openmp);
    add("Needs Fisher's run-time library (-lFisherRuntime)", runtime);
    add("Needs functions of yours, as the module declares them", others);
    if (lines.empty())
      lines.push_back("Needs no library.");
    return lines;
  }
};
} // namespace

/// `declared` are functions that the module itself knows of only by name.
static llvm::Expected<Needs> findNeeds(ArrayRef<char> object,
                                       const llvm::StringSet<> &declared) {
  static const llvm::StringSet<> libc = {
      "abort",          "fflush", "aligned_alloc", "calloc",  "free",
      "malloc",         "memcmp", "memcpy",        "memmove", "memset",
      "puts",           "printf", "realloc",       "bcmp",    "stpcpy",
      "posix_memalign", "putchar"};
  auto file = llvm::object::ObjectFile::createObjectFile(
      llvm::MemoryBufferRef(StringRef(object.data(), object.size()), "object"));
  if (!file)
    return file.takeError();
  Needs needs;
  for (const llvm::object::SymbolRef &symbol : (*file)->symbols()) {
    llvm::Expected<uint32_t> flags = symbol.getFlags();
    if (!flags)
      return flags.takeError();
    llvm::Expected<StringRef> name = symbol.getName();
    if (!name)
      return name.takeError();
    if (!(*flags & llvm::object::SymbolRef::SF_Undefined) || name->empty())
      continue;
    if (name->starts_with("__kmpc_") || name->starts_with("omp_"))
      needs.openmp.push_back(name->str());
    else if (name->starts_with("mgpu") || name->starts_with("fisherDevice"))
      needs.runtime.push_back(name->str());
    else if (declared.contains(*name))
      needs.others.push_back(name->str());
    else if (libc.contains(*name))
      needs.c.push_back(name->str());
    else if (!name->starts_with("_"))
      needs.math.push_back(name->str());
    // The rest is the compiler's own, such as __truncsfhf2, which it links.
  }
  for (auto *names :
       {&needs.c, &needs.math, &needs.openmp, &needs.runtime, &needs.others})
    llvm::sort(*names);
  return needs;
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

static LogicalResult writeFile(StringRef path, StringRef contents,
                               Location loc) {
  // Writes beside the file and renames.
  llvm::Error err = llvm::writeToOutput(path, [&](raw_ostream &os) {
    os << contents;
    return llvm::Error::success();
  });
  if (err)
    return emitError(loc) << path << ": cannot be written: "
                          << llvm::toString(std::move(err));
  return success();
}

/// The C compiler that links: $CC, or the first of the usual names.
static llvm::ErrorOr<std::string> findCompiler() {
  if (std::optional<std::string> chosen = llvm::sys::Process::GetEnv("CC"))
    return llvm::sys::findProgramByName(*chosen);
  llvm::ErrorOr<std::string> path = llvm::sys::findProgramByName("cc");
  for (StringRef name : {"clang", "gcc"})
    if (!path)
      path = llvm::sys::findProgramByName(name);
  return path;
}

/// The folder of the run-time library that this process uses.
static std::string findRuntimeFolder() {
  Dl_info info = {};
  if (!dladdr(reinterpret_cast<void *>(&fisherDeviceOpen), &info))
    return ".";
  return llvm::sys::path::parent_path(info.dli_fname).str();
}

static LogicalResult linkLibrary(StringRef path, StringRef object,
                                 const Needs &needs, Location loc) {
  llvm::ErrorOr<std::string> compiler = findCompiler();
  if (!compiler)
    return emitError(loc)
           << "a shared library needs a C compiler to link it, but there is "
              "none (cc, clang, gcc, or what CC says); an object file does not";
  auto makeTemporary = [](StringRef model, SmallVectorImpl<char> &name) {
    return llvm::sys::fs::createUniqueFile(model + "-%%%%%%.tmp", name);
  };
  SmallString<128> input, output, messages;
  std::error_code code = makeTemporary(path, input);
  llvm::FileRemover removeInput(input);
  if (!code)
    code = makeTemporary(path, output);
  llvm::FileRemover removeOutput(output);
  if (!code)
    code = makeTemporary(path, messages);
  llvm::FileRemover removeMessages(messages);
  if (code)
    return emitError(loc) << path << ": cannot be written: " << code.message();
  if (failed(writeFile(input, object, loc)))
    return failure();

  SmallVector<StringRef> command = {*compiler, "-shared", "-x", "none",
                                    "-o",      output,    input};
  if (!needs.math.empty())
    command.push_back("-lm");
  if (!needs.openmp.empty())
    llvm::append_values(command, "-L" FISHER_LLVM_LIBRARY_DIR,
                        "-Wl,-rpath," FISHER_LLVM_LIBRARY_DIR, "-lomp");
  std::string folder = findRuntimeFolder();
  std::string search = "-L" + folder, runPath = "-Wl,-rpath," + folder;
  if (!needs.runtime.empty())
    llvm::append_values(command, search, runPath, "-lFisherRuntime");
  std::string reason;
  std::optional<StringRef> redirects[] = {StringRef(""), StringRef(messages),
                                          StringRef(messages)};
  int status = llvm::sys::ExecuteAndWait(*compiler, command, std::nullopt,
                                         redirects, 0, 0, &reason);
  if (status != 0) {
    if (auto text = llvm::MemoryBuffer::getFile(messages))
      reason += (*text)->getBuffer();
    return emitError(loc) << path << ": " << *compiler
                          << " cannot link it: " << StringRef(reason).trim();
  }
  if (std::error_code renamed = llvm::sys::fs::rename(output, path))
    return emitError(loc) << path
                          << ": cannot be written: " << renamed.message();
  removeOutput.releaseFile();
  return success();
}

//===----------------------------------------------------------------------===//
// All of it
//===----------------------------------------------------------------------===//

static LogicalResult lower(ModuleOp module, const ExportOptions &options,
                           const llvm::TargetMachine &machine,
                           PassConfiguration configure) {
  if (options.device) {
    GPUPipelineOptions pipeline;
    pipeline.dynamicDestinations = true;
    pipeline.wait = false;
    return lowerForDevice(module, *options.device, pipeline, configure);
  }
  CPUPipelineOptions pipeline;
  pipeline.dynamicDestinations = true;
  pipeline.threads = options.threads;
  return lowerForTarget(module, pipeline, machine, configure);
}

LogicalResult fisher::exportProgram(Program program,
                                    const ExportOptions &options,
                                    PassConfiguration configure) {
  ModuleOp module = *program.module;
  func::FuncOp entry = program.entry;
  if (options.device && SymbolTable::symbolKnownUseEmpty(entry, module))
    returnTensors(entry);
  FailureOr<Signature> signature = readSignature(entry);
  if (failed(signature) || failed(selectEntry(module, entry)))
    return failure();
  Location loc = signature->loc;
  std::string name = entry.getName().str();
  auto destinations = findDestinations(entry, /*dynamicResults=*/true);
  if (failed(destinations) ||
      failed(checkDestinations(entry, module, *signature, *destinations)))
    return failure();
  auto sizes = findSizes(module, entry, *signature, *destinations);
  StringRef cpu = options.cpu;
  if (cpu.empty() && options.device)
    cpu = "generic";
  auto machine = createTargetMachine(cpu, /*isForFile=*/true, loc);
  if (failed(sizes) || failed(machine))
    return failure();

  std::string symbol = options.symbol.empty()
                           ? CInterface::makeIdentifier("fisher_" + name)
                           : options.symbol;
  if (!CInterface::isIdentifier(symbol))
    return emitError(loc) << "'" << symbol << "' is no name of a C function";
  CInterface interface(*signature, *destinations, *sizes, symbol,
                       options.device ? options.device->api : "");
  llvm::StringSet<> declared;
  for (auto function : module.getOps<func::FuncOp>()) {
    if (function.isExternal())
      declared.insert(function.getName());
    if (function != entry && function.getName() == symbol)
      return emitError(loc)
             << "there is another function '" << symbol << "' in the module";
  }
  if (failed(lower(module, options, **machine, configure)))
    return failure();
  interface.addFunction(module.lookupSymbol<LLVM::LLVMFuncOp>(name));
  FailureOr<SmallVector<char, 0>> object =
      emitObject(module, symbol, **machine, loc);
  if (failed(object))
    return failure();
  llvm::Expected<Needs> needs = findNeeds(*object, declared);
  if (!needs)
    return emitError(loc) << llvm::toString(needs.takeError());

  StringRef code(object->data(), object->size());
  std::string header;
  llvm::raw_string_ostream os(header);
  interface.writeHeader(
      os, options.origin, needs->describe(),
      llvm::is_contained(needs->runtime, "mgpuStreamSynchronize"));
  if (!options.object.empty() && failed(writeFile(options.object, code, loc)))
    return failure();
  if (!options.shared.empty() &&
      failed(linkLibrary(options.shared, code, *needs, loc)))
    return failure();
  if (!options.header.empty() && failed(writeFile(options.header, header, loc)))
    return failure();
  return success();
}
