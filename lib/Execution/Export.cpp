//===- Export.cpp - Compiling into files ----------------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Execution/Export.h"
#include "CFunction.h"
#include "fisher/Execution/Files.h"
#include "fisher/Runtime/Runtime.h"

#include "mlir/ExecutionEngine/OptUtils.h"
#include "mlir/Target/LLVMIR/Export.h"
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
  guardAllocations(*code);
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
  if (path == "-") {
    llvm::outs() << contents;
    return success();
  }
  if (llvm::Error err = replaceFile(path, contents))
    return emitError(loc) << llvm::toString(std::move(err));
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
  // The compiler writes where it is told to, which may be another's.
  if (llvm::Error err = checkReplaceable(path))
    return emitError(loc) << llvm::toString(std::move(err));
  std::string input = getTemporaryPath(path), output = getTemporaryPath(path),
              messages = getTemporaryPath(path);
  llvm::FileRemover removeInput(input), removeOutput(output),
      removeMessages(messages);
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

LogicalResult fisher::exportProgram(Program program,
                                    const ExportOptions &options,
                                    PassConfiguration configure) {
  ModuleOp module = *program.module;
  CFunctionOptions lowering;
  lowering.symbol = options.symbol;
  lowering.cpu = options.cpu;
  lowering.device = options.device;
  lowering.threads = options.threads;
  lowering.isForFile = true;
  FailureOr<CFunction> function = lowerToC(program, lowering, configure);
  if (failed(function))
    return failure();
  const CInterface &interface = *function->interface;
  Location loc = function->signature.loc;
  FailureOr<SmallVector<char, 0>> object =
      emitObject(module, interface.getSymbol(), *function->machine, loc);
  if (failed(object))
    return failure();
  llvm::Expected<Needs> needs = findNeeds(*object, function->declared);
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
