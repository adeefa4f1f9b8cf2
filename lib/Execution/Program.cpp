//===- Program.cpp - Loading modules to run -------------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Execution/Program.h"

#include "fisher/IR/Fisher.h"
#include "fisher/IR/ParseModule.h"
#include "fisher/Transforms/Passes.h"

#include "mlir/Bytecode/BytecodeReader.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/FileUtilities.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
using namespace mlir::fisher;

Program Program::clone() const {
  OwningOpRef<ModuleOp> copy = module.get().clone();
  auto function =
      copy->lookupSymbol<func::FuncOp>(func::FuncOp(entry).getName());
  return {std::move(copy), function};
}

/// Finds the function to run; `loc` stands for the whole file.
static FailureOr<func::FuncOp> findEntry(ModuleOp module, StringRef name,
                                         Location loc) {
  SmallVector<func::FuncOp> candidates;
  for (auto function : module.getOps<func::FuncOp>())
    if (!function.isDeclaration())
      candidates.push_back(function);

  StringRef wanted = name.empty() ? "main" : name;
  for (func::FuncOp function : candidates)
    if (function.getName() == wanted)
      return function;
  if (name.empty()) {
    SmallVector<func::FuncOp> publicOnes = llvm::to_vector(
        llvm::make_filter_range(candidates, [](func::FuncOp function) {
          return function.isPublic();
        }));
    if (publicOnes.size() == 1)
      return publicOnes.front();
  }

  InFlightDiagnostic diag = emitError(loc)
                            << "no function '" << wanted << "' to run";
  if (candidates.empty())
    diag.attachNote() << "the module defines no func.func";
  for (func::FuncOp function : candidates)
    diag.attachNote(function.getLoc())
        << "--entry=" << function.getName() << " would run this function";
  return diag;
}

static OwningOpRef<ModuleOp> readModule(StringRef path, MLIRContext *context) {
  std::string message;
  auto buffer = openInputFile(path, &message);
  if (!buffer) {
    emitError(UnknownLoc::get(context)) << message;
    return nullptr;
  }
  Location loc = FileLineColLoc::get(context, path, 1, 1);
  constexpr llvm::StringLiteral hint(
      "MLIR text or bytecode is expected, such as a func.func on tensors");
  bool isBinary = buffer->getBuffer().contains('\0');
  if (isBinary && !isBytecode(*buffer)) {
    // No line: it would be shown, and could upset a terminal.
    emitError(FileLineColLoc::get(context, path, 0, 0))
        << "not an MLIR file; " << hint;
    return nullptr;
  }
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(std::move(buffer), llvm::SMLoc());
  ParserConfig config(context, /*verifyAfterParse=*/false);
  auto module = parseModule(sources, config);
  if (!module)
    emitRemark(loc) << hint;
  else if (failed(verify(*module)))
    return nullptr;
  return module;
}

FailureOr<Program> fisher::loadProgram(StringRef path, StringRef entryName,
                                       MLIRContext *context) {
  Program program;
  program.module = readModule(path, context);
  if (!program.module)
    return failure();
  FailureOr<func::FuncOp> entry = findEntry(
      *program.module, entryName, FileLineColLoc::get(context, path, 1, 1));
  if (failed(entry))
    return failure();
  program.entry = *entry;
  return program;
}

static LogicalResult runPass(Program &program, std::unique_ptr<Pass> pass,
                             PassConfiguration configure) {
  PassManager manager(program.module->getContext());
  if (configure && failed(configure(manager)))
    return failure();
  manager.addPass(std::move(pass));
  return manager.run(*program.module);
}

LogicalResult fisher::insertPolicy(Program &program, StringRef policyPath,
                                   double stepSize, bool returnPenalty,
                                   bool keepPolicy,
                                   PassConfiguration configure) {
  if (policyPath.empty() && program.module->getOps<PolicyOp>().empty())
    return success();
  FisherInsertOptions options;
  options.policyFile = policyPath.str();
  options.entry = program.entry.getName().str();
  options.stepSize = stepSize;
  options.penaltyResult = returnPenalty;
  options.keepPolicy = keepPolicy;
  return runPass(program, createFisherInsert(options), configure);
}

LogicalResult fisher::measureBeliefs(Program &program, StringRef policyPath,
                                     const MeasuringOptions &measuring,
                                     PassConfiguration configure) {
  FisherInstrumentOptions options;
  options.trace = measuring.traceSize;
  options.policyFile = policyPath.str();
  options.entry = program.entry.getName().str();
  options.sampled = measuring.sampled;
  options.totalsOnly = measuring.totalsOnly;
  return runPass(program, createFisherInstrument(options), configure);
}

uint64_t fisher::hashProgram(const Program &program) {
  std::string text;
  llvm::raw_string_ostream os(text);
  OpPrintingFlags flags;
  flags.printGenericOpForm().enableDebugInfo(false).assumeVerified();
  program.module.get()->print(os, flags);
  os << func::FuncOp(program.entry).getName();
  return llvm::xxh3_64bits(text);
}
