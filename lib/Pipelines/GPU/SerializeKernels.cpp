//===- SerializeKernels.cpp - From kernels to code ------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// Upstream's gpu-module-to-binary has no SPIR-V of OpenCL's kind from the LLVM
// dialect, and it links code of AMD's processors with the linker of an
// installation of ROCm only. PTX is written by upstream's target attribute.
//
//===----------------------------------------------------------------------===//

#include "fisher/Pipelines/Passes.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/LLVMIR/ROCDLDialect.h"
#include "mlir/Dialect/SPIRV/IR/SPIRVAttributes.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/Interfaces/DataLayoutInterfaces.h"
#include "mlir/Target/LLVM/ModuleToObject.h"
#include "mlir/Target/LLVM/NVVM/Target.h"
#include "mlir/Target/LLVM/ROCDL/Utils.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/GPU/GPUToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/NVVM/NVVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/ROCDL/ROCDLToLLVMIRTranslation.h"
#include "llvm/CodeGen/CodeGenTargetMachineImpl.h"
#include "llvm/CodeGen/MachineFunction.h"
#include "llvm/CodeGen/MachineModuleInfo.h"
#include "llvm/CodeGen/TargetPassConfig.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/InstCombine/InstCombine.h"
#include "llvm/Transforms/Scalar/EarlyCSE.h"
#include "llvm/Transforms/Scalar/SROA.h"
#include "llvm/Transforms/Scalar/SimplifyCFG.h"

#include <list>
#include <mutex>

namespace mlir::fisher {
#define GEN_PASS_DEF_FISHERSERIALIZEKERNELS
#include "fisher/Pipelines/Passes.h.inc"
} // namespace mlir::fisher

using namespace mlir;

/// SPIR-V whose zeros are numbers. LLVM writes them as null constants, of which
/// older readers know those of composite types only.
static SmallVector<char, 0> writeZeros(ArrayRef<char> code) {
  // Of the specification of SPIR-V: the words before the instructions, and the
  // numbers of instructions.
  constexpr unsigned headerWords = 5;
  enum { typeInt = 21, typeFloat = 22, constant = 43, constantNull = 46 };
  ArrayRef<uint32_t> words(reinterpret_cast<const uint32_t *>(code.data()),
                           code.size() / 4);
  SmallVector<uint32_t, 0> written(words.take_front(headerWords));
  llvm::DenseMap<uint32_t, uint32_t> widths;
  for (words = words.drop_front(headerWords); !words.empty();) {
    uint32_t opcode = words[0] & 0xffff;
    ArrayRef<uint32_t> op = words.take_front(words[0] >> 16);
    words = words.drop_front(op.size());
    if (opcode == typeInt || opcode == typeFloat)
      widths[op[1]] = op[2];
    uint32_t width = opcode == constantNull ? widths.lookup(op[1]) : 0;
    if (width == 0) {
      llvm::append_range(written, op);
      continue;
    }
    uint32_t length = width > 32 ? 2 : 1;
    llvm::append_values(written, (3 + length) << 16 | constant, op[1], op[2]);
    written.append(length, 0);
  }
  ArrayRef<char> bytes(reinterpret_cast<const char *>(written.data()),
                       written.size() * 4);
  return SmallVector<char, 0>(bytes);
}

namespace {
/// SPIR-V for OpenCL.
class SPIRVSerializer : public LLVM::ModuleToObject {
public:
  explicit SPIRVSerializer(Operation &module)
      // With plain spirv64, the version is one that OpenCL 2.2 has not.
      : ModuleToObject(module, "spirv64v1.2-unknown-unknown", "") {
    LLVMInitializeSPIRVTargetInfo();
    LLVMInitializeSPIRVTarget();
    LLVMInitializeSPIRVTargetMC();
    LLVMInitializeSPIRVAsmPrinter();
  }

protected:
  LogicalResult optimizeModule(llvm::Module &llvmModule, int) override;

  FailureOr<SmallVector<char, 0>>
  moduleToObject(llvm::Module &llvmModule) override;
};

/// Code objects for AMD's processors.
class AMDGPUSerializer : public ROCDL::SerializeGPUModuleBase {
public:
  AMDGPUSerializer(Operation &module, ROCDL::ROCDLTargetAttr target)
      : SerializeGPUModuleBase(module, target) {
    SerializeGPUModuleBase::init();
  }

protected:
  FailureOr<SmallVector<char, 0>>
  moduleToObject(llvm::Module &llvmModule) override;

private:
  FailureOr<SmallVector<char, 0>> link(ArrayRef<char> object);
  InFlightDiagnostic emitError() { return getOperation().emitError(); }
};
} // namespace

/// What reads the code optimizes it. Here goes what is superfluous; passes that
/// change loops make integers of 5 bits, say, which LLVM's target takes for
/// ones of 8.
LogicalResult SPIRVSerializer::optimizeModule(llvm::Module &llvmModule, int) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder;
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  llvm::FunctionPassManager passes;
  passes.addPass(llvm::SROAPass(llvm::SROAOptions::ModifyCFG));
  passes.addPass(llvm::EarlyCSEPass(/*UseMemorySSA=*/true));
  passes.addPass(llvm::InstCombinePass());
  passes.addPass(llvm::SimplifyCFGPass());
  llvm::ModulePassManager manager;
  manager.addPass(llvm::createModuleToFunctionPassAdaptor(std::move(passes)));
  manager.run(llvmModule, modules);
  return success();
}

/// As TargetMachine::addPassesToEmitFile() does, but for the last pass, which
/// frees the functions of the machine. LLVM 22 finds the label of a block by
/// the address of its function, and for as long as the process lives: a
/// function where another one was would have its labels, next to new ones that
/// are the same.
static bool writeObject(llvm::CodeGenTargetMachineImpl &machine,
                        llvm::Module &llvmModule, llvm::raw_pwrite_stream &os) {
  static std::mutex mutex;
  static auto *kept = new std::list<llvm::MachineModuleInfo>;
  std::lock_guard<std::mutex> lock(mutex);
  llvm::legacy::PassManager passes;
  llvm::TargetPassConfig *config = machine.createPassConfig(passes);
  passes.add(config);
  auto *info = new llvm::MachineModuleInfoWrapperPass(&machine);
  passes.add(info);
  if (config->addISelPasses())
    return false;
  config->addMachinePasses();
  config->setInitialized();
  if (machine.addAsmPrinter(passes, os, nullptr,
                            llvm::CodeGenFileType::ObjectFile,
                            info->getMMI().getContext()))
    return false;
  passes.run(llvmModule);
  // Their addresses are kept, not what is in them.
  for (const llvm::Function &function : llvmModule)
    if (auto *ofMachine = info->getMMI().getMachineFunction(function))
      ofMachine->reset();
  kept->emplace_back(std::move(info->getMMI()));
  return true;
}

FailureOr<SmallVector<char, 0>>
SPIRVSerializer::moduleToObject(llvm::Module &llvmModule) {
  FailureOr<llvm::TargetMachine *> machine = getOrCreateTargetMachine();
  if (failed(machine))
    return getOperation().emitError("LLVM has no target for SPIR-V");
  // Loops are not made anew, as above.
  (*machine)->setOptLevel(llvm::CodeGenOptLevel::None);
  SmallVector<char, 0> object;
  llvm::raw_svector_ostream stream(object);
  if (!writeObject(static_cast<llvm::CodeGenTargetMachineImpl &>(**machine),
                   llvmModule, stream))
    return getOperation().emitError("LLVM writes no SPIR-V");
  return writeZeros(object);
}

FailureOr<SmallVector<char, 0>> AMDGPUSerializer::link(ArrayRef<char> object) {
  std::string linker;
  for (StringRef name : {"ld.lld-" LLVM_MAJOR, "ld.lld"}) {
    if (auto found = llvm::sys::findProgramByName(name)) {
      linker = *found;
      break;
    }
  }
  if (linker.empty())
    return emitError() << "needs LLVM's linker; install lld-" LLVM_MAJOR
                          ", or put ld.lld into PATH";
  SmallString<128> from, to;
  if (llvm::sys::fs::createTemporaryFile("kernels", "o", from) ||
      llvm::sys::fs::createTemporaryFile("kernels", "hsaco", to))
    return emitError() << "cannot make temporary files";
  llvm::FileRemover removeFrom(from), removeTo(to);
  {
    std::error_code error;
    llvm::raw_fd_ostream stream(from, error);
    stream << StringRef(object.data(), object.size());
    stream.close();
    if (error || stream.has_error())
      return emitError() << "cannot write " << from;
  }
  std::string message;
  if (llvm::sys::ExecuteAndWait(linker, {linker, "-shared", from, "-o", to},
                                /*Env=*/std::nullopt, /*Redirects=*/{},
                                /*SecondsToWait=*/0, /*MemoryLimit=*/0,
                                &message))
    return emitError() << linker << " failed: " << message;
  auto linked = llvm::MemoryBuffer::getFile(to, /*IsText=*/false);
  if (!linked)
    return emitError() << "cannot read " << to;
  StringRef bytes = (*linked)->getBuffer();
  return SmallVector<char, 0>(bytes.begin(), bytes.end());
}

FailureOr<SmallVector<char, 0>>
AMDGPUSerializer::moduleToObject(llvm::Module &llvmModule) {
  auto fail = [&] { return emitError(); };
  FailureOr<llvm::TargetMachine *> machine = getOrCreateTargetMachine();
  if (failed(machine))
    return emitError() << "LLVM has no target for AMD's processors";
  FailureOr<SmallString<0>> isa =
      translateModuleToISA(llvmModule, **machine, fail);
  if (failed(isa))
    return failure();
  FailureOr<SmallVector<char, 0>> object = ROCDL::assembleIsa(
      *isa, target.getTriple(), target.getChip(), target.getFeatures(), fail);
  if (failed(object))
    return failure();
  return link(*object);
}

/// Barriers are for what is in the memory of the device, too; upstream's
/// conversion fences the memory of the work group alone.
static void fenceAllMemory(gpu::GPUModuleOp module) {
  module.walk([](LLVM::CallOp call) {
    if (call.getCallee() != "_Z7barrierj")
      return;
    OpBuilder b(call);
    call->setOperand(
        0, LLVM::ConstantOp::create(b, call.getLoc(), b.getI32IntegerAttr(3)));
  });
}

/// Where nothing is said of how many blocks run together, ptxas rather spills
/// than lets fewer run than it thinks best.
static void allowFewBlocks(gpu::GPUModuleOp module) {
  Builder b(module.getContext());
  module.walk([&](LLVM::LLVMFuncOp function) {
    if (function->hasAttr(gpu::GPUDialect::getKernelFuncAttrName()) ||
        function->hasAttr(NVVM::NVVMDialect::getKernelFuncAttrName()))
      function->setAttr(NVVM::NVVMDialect::getMinctasmAttrName(),
                        b.getI32IntegerAttr(1));
  });
}

/// Kernels that share much memory bring it there while they compute, and wait
/// for each other: ptxas leaves registers for a second block, to go on then.
static void leaveRoomForSecondBlock(gpu::GPUModuleOp module) {
  constexpr int64_t muchBytes = 16 << 10, manyThreads = 256;
  constexpr unsigned workgroupSpace = 3;
  SymbolTable symbols(module);
  for (auto kernel : module.getOps<LLVM::LLVMFuncOp>()) {
    llvm::SmallPtrSet<Operation *, 4> buffers;
    int64_t bytes = 0;
    kernel.walk([&](LLVM::AddressOfOp address) {
      auto buffer = symbols.lookup<LLVM::GlobalOp>(address.getGlobalName());
      if (!buffer || buffer.getAddrSpace() != workgroupSpace ||
          !buffers.insert(buffer).second)
        return;
      bytes += DataLayout::closest(module).getTypeSize(buffer.getGlobalType());
    });
    auto threads = kernel->getAttrOfType<DenseI32ArrayAttr>(
        NVVM::NVVMDialect::getMaxntidAttrName());
    if (bytes >= muchBytes && threads && threads[0] <= manyThreads)
      kernel->setAttr(NVVM::NVVMDialect::getMinctasmAttrName(),
                      Builder(module).getI32IntegerAttr(2));
  }
}

static void replaceTypes(gpu::GPUModuleOp module, AttrTypeReplacer &replacer) {
  replacer.recursivelyReplaceElementsIn(module, /*replaceAttrs=*/true,
                                        /*replaceLocs=*/false,
                                        /*replaceTypes=*/true);
}

/// What one thread sees has an address space of its own for AMD's processors
/// only.
static void usePlainStack(gpu::GPUModuleOp module) {
  constexpr unsigned privateSpace = 5;
  AttrTypeReplacer replacer;
  replacer.addReplacement(
      [](LLVM::LLVMPointerType type) -> std::optional<Type> {
        if (type.getAddressSpace() != privateSpace)
          return std::nullopt;
        return LLVM::LLVMPointerType::get(type.getContext());
      });
  replaceTypes(module, replacer);
}

/// OpenCL knows no bf16, and f16 not everywhere. Where they are left, they are
/// only moved.
static void moveIntegers(gpu::GPUModuleOp module) {
  Type integer = IntegerType::get(module.getContext(), 16);
  AttrTypeReplacer replacer;
  replacer.addReplacement([&](Type type) -> std::optional<Type> {
    return type.isBF16() || type.isF16() ? std::optional(integer)
                                         : std::nullopt;
  });
  replacer.addReplacement([&](FloatAttr attr) -> std::optional<Attribute> {
    if (!attr.getType().isBF16() && !attr.getType().isF16())
      return std::nullopt;
    return IntegerAttr::get(integer, attr.getValue().bitcastToAPInt());
  });
  replaceTypes(module, replacer);
}

namespace {
struct SerializeKernels
    : fisher::impl::FisherSerializeKernelsBase<SerializeKernels> {
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<gpu::GPUDialect, LLVM::LLVMDialect, NVVM::NVVMDialect,
                    ROCDL::ROCDLDialect>();
    registerBuiltinDialectTranslation(registry);
    registerGPUDialectTranslation(registry);
    registerLLVMDialectTranslation(registry);
    registerNVVMDialectTranslation(registry);
    registerROCDLDialectTranslation(registry);
    NVVM::registerNVVMTargetInterfaceExternalModels(registry);
  }

  /// The code of a module; null if there was an error.
  Attribute serialize(gpu::GPUModuleOp module, Attribute target) {
    std::optional<SmallVector<char, 0>> code;
    auto format = gpu::CompilationTarget::Binary;
    DictionaryAttr properties;
    if (auto amd = dyn_cast<ROCDL::ROCDLTargetAttr>(target)) {
      code = AMDGPUSerializer(*module, amd).run();
    } else if (isa<spirv::TargetEnvAttr>(target)) {
      usePlainStack(module);
      fenceAllMemory(module);
      moveIntegers(module);
      code = SPIRVSerializer(*module).run();
    } else if (auto other = dyn_cast<gpu::TargetAttrInterface>(target)) {
      usePlainStack(module);
      allowFewBlocks(module);
      leaveRoomForSecondBlock(module);
      gpu::TargetOptions options({}, {}, {}, {},
                                 gpu::CompilationTarget::Assembly);
      code = other.serializeToObject(module, options);
      format = gpu::CompilationTarget::Assembly;
      // How much the driver optimizes. Upstream says how long it took here,
      // too.
      Builder b(&getContext());
      properties =
          b.getDictionaryAttr(b.getNamedAttr("O", b.getI32IntegerAttr(3)));
    }
    if (!code)
      return {};
    return gpu::ObjectAttr::get(
        target, format,
        StringAttr::get(&getContext(), StringRef(code->data(), code->size())),
        properties);
  }

  void runOnOperation() override {
    for (auto module : llvm::make_early_inc_range(
             getOperation().getOps<gpu::GPUModuleOp>())) {
      ArrayAttr targets = module.getTargetsAttr();
      if (!targets || targets.size() != 1) {
        module.emitError("needs one target");
        return signalPassFailure();
      }
      Attribute object = serialize(module, targets[0]);
      if (!object)
        return signalPassFailure();
      OpBuilder b(module);
      gpu::BinaryOp::create(b, module.getLoc(), module.getName(),
                            /*offloadingHandler=*/Attribute(), object);
      module.erase();
    }
  }
};
} // namespace
