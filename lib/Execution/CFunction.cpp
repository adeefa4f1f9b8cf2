//===- CFunction.cpp - Lowering an entry to a C function ------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CFunction.h"
#include "fisher/Conversion/FisherToLinalg/FisherToLinalg.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ValueBoundsOpInterface.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

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
// Lowering
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

static LogicalResult lower(ModuleOp module, const CFunctionOptions &options,
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

FailureOr<CFunction> fisher::lowerToC(Program &program,
                                      const CFunctionOptions &options,
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
  if (cpu.empty() && options.device && options.isForFile)
    cpu = "generic";
  auto machine = createTargetMachine(cpu, options.isForFile, loc);
  if (failed(sizes) || failed(machine))
    return failure();

  std::string symbol = options.symbol.empty()
                           ? CInterface::makeIdentifier("fisher_" + name)
                           : options.symbol;
  if (!CInterface::isIdentifier(symbol))
    return emitError(loc) << "'" << symbol << "' is no name of a C function";
  CFunction function{
      *signature,
      std::make_unique<CInterface>(*signature, *destinations, *sizes, symbol,
                                   options.device ? options.device->api : ""),
      std::move(*machine),
      {}};
  for (auto other : module.getOps<func::FuncOp>()) {
    if (other.isExternal())
      function.declared.insert(other.getName());
    if (other != entry && other.getName() == symbol)
      return emitError(loc)
             << "there is another function '" << symbol << "' in the module";
  }
  if (failed(lower(module, options, *function.machine, configure)))
    return failure();
  function.interface->addFunction(module.lookupSymbol<LLVM::LLVMFuncOp>(name));
  return function;
}
