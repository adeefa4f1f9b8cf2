//===- Compile.cpp - From a program to code -------------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Compile.h"
#include "fisher/Execution/Array.h"

#include "mlir/IR/SymbolTable.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/ExecutionEngine/Orc/JITTargetMachineBuilder.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/MDBuilder.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/Support/TargetSelect.h"

using namespace mlir;
using namespace mlir::fisher;

FailureOr<std::unique_ptr<llvm::TargetMachine>>
fisher::createTargetMachine(StringRef cpu, bool isForFile, Location loc) {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  auto builder = llvm::orc::JITTargetMachineBuilder::detectHost();
  if (!builder)
    return emitError(loc) << llvm::toString(builder.takeError());
  builder->setCodeGenOptLevel(llvm::CodeGenOptLevel::Aggressive);
  if (!cpu.empty()) {
    builder->setCPU(cpu.str());
    builder->setFeatures("");
  }
  if (isForFile) {
    builder->setRelocationModel(llvm::Reloc::PIC_);
    builder->setCodeModel(llvm::CodeModel::Small);
  }
  auto machine = builder->createTargetMachine();
  if (!machine)
    return emitError(loc) << llvm::toString(machine.takeError());
  if (!cpu.empty() && !(*machine)->getMCSubtargetInfo()->isCPUStringValid(cpu))
    return emitError(loc)
           << "there is no CPU '" << cpu << "' of the architecture "
           << (*machine)->getTargetTriple().getArchName()
           << "; 'clang --print-supported-cpus' lists those that are known";
  return std::move(*machine);
}

LogicalResult fisher::selectEntry(ModuleOp module, func::FuncOp entry) {
  entry.setPublic();
  for (auto symbol : module.getOps<SymbolOpInterface>())
    if (symbol != entry.getOperation())
      symbol.setPrivate();
  PassManager manager(module->getName());
  manager.addPass(createSymbolDCEPass());
  if (failed(manager.run(module)))
    return failure();
  WalkResult result = module.walk([](Operation *op) {
    for (Type type : op->getResultTypes()) {
      auto tensor = dyn_cast<RankedTensorType>(type);
      if (tensor && tensor.hasStaticShape() &&
          !isAddressable(tensor.getShape())) {
        op->emitError() << "a value of type " << type
                        << " is more than can be addressed";
        return WalkResult::interrupt();
      }
    }
    if (op->isRegistered())
      return WalkResult::advance();
    InFlightDiagnostic diag = op->emitError()
                              << "operation '" << op->getName()
                              << "' is of no dialect that is known here";
    diag.attachNote() << "lower the function to linalg on tensors first";
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}

/// Bits of the vector registers in which masks of all types are as good as
/// shorter vectors.
static int64_t getVectorBits(const llvm::TargetMachine &machine) {
  const llvm::MCSubtargetInfo &target = *machine.getMCSubtargetInfo();
  if (!machine.getTargetTriple().isX86())
    return 128;
  if (target.checkFeatures("+avx512bw,+avx512vl"))
    return 512;
  return target.checkFeatures("+avx2") ? 256 : 128;
}

LogicalResult fisher::lowerForTarget(ModuleOp module,
                                     const CPUPipelineOptions &options,
                                     const llvm::TargetMachine &machine,
                                     PassConfiguration configure) {
  PassManager manager(module->getName());
  if (configure && failed(configure(manager)))
    return failure();
  CPUPipelineOptions own;
  own.copyOptionValuesFrom(options);
  if (own.vectorBits == 0)
    own.vectorBits = getVectorBits(machine);
  buildCPUPipeline(manager, own);
  return manager.run(module);
}

LogicalResult fisher::lowerForDevice(ModuleOp module, const Device &device,
                                     const GPUPipelineOptions &options,
                                     PassConfiguration configure) {
  PassManager manager(module->getName());
  if (configure && failed(configure(manager)))
    return failure();
  GPUPipelineOptions own;
  own.copyOptionValuesFrom(options);
  own.target = device.target;
  own.chip = device.chip;
  auto emitError = [&](const Twine &message) -> LogicalResult {
    return mlir::emitError(module.getLoc()) << message;
  };
  if (failed(buildGPUPipeline(manager, own, emitError)))
    return failure();
  return manager.run(module);
}

/// What is called from one place only, with all its results by value, is
/// inlined then instead of compiled as such, which takes long for many.
void fisher::internalize(llvm::Module &module, StringRef entry) {
  for (llvm::Function &function : module)
    if (!function.isDeclaration() && function.getName() != entry)
      function.setLinkage(llvm::GlobalValue::InternalLinkage);
}

void fisher::guardAllocations(llvm::Module &module) {
  llvm::Function *allocate = module.getFunction("malloc");
  if (!allocate || allocate->arg_size() != 1)
    return;
  llvm::LLVMContext &context = module.getContext();
  llvm::IRBuilder<> builder(context);
  llvm::Type *pointer = builder.getPtrTy();
  auto *guarded = llvm::Function::Create(allocate->getFunctionType(),
                                         llvm::GlobalValue::InternalLinkage,
                                         "fisher_allocate", module);
  allocate->replaceAllUsesWith(guarded);
  // Inlined, LLVM knows that what is allocated is new.
  guarded->addFnAttr(llvm::Attribute::AlwaysInline);
  auto addBlock = [&](StringRef name) {
    return llvm::BasicBlock::Create(context, name, guarded);
  };
  llvm::BasicBlock *entry = addBlock("entry"), *failed = addBlock("failed"),
                   *done = addBlock("done");
  builder.SetInsertPoint(entry);
  llvm::Value *memory = builder.CreateCall(allocate, guarded->getArg(0));
  builder.CreateCondBr(builder.CreateIsNull(memory), failed, done,
                       llvm::MDBuilder(context).createUnlikelyBranchWeights());
  builder.SetInsertPoint(failed);
  builder.CreateCall(
      module.getOrInsertFunction("puts", builder.getInt32Ty(), pointer),
      builder.CreateGlobalString("out of memory for a buffer of the function"));
  builder.CreateCall(module.getOrInsertFunction("abort", builder.getVoidTy()));
  builder.CreateUnreachable();
  builder.SetInsertPoint(done);
  builder.CreateRet(memory);
}
