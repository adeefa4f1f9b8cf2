//===- Jit.cpp - Compiled functions ---------------------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Execution/Jit.h"
#include "Compile.h"
#include "Engine.h"
#include "fisher/Runtime/Runtime.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/ExecutionEngine/ExecutionEngine.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/Support/Compiler.h"

#include <cstdlib>
#include <cstring>

using namespace mlir;
using namespace mlir::fisher;

// Of LLVM's OpenMP runtime, which compiled code calls.
extern "C" int omp_get_max_threads();

//===----------------------------------------------------------------------===//
// Compiling
//===----------------------------------------------------------------------===//

/// Makes `entry` callable from here: by the C interface, with arguments that
/// are only read but for those that results are written into.
static void prepareEntry(func::FuncOp entry) {
  Builder builder(entry.getContext());
  entry->setAttr(LLVM::LLVMDialect::getEmitCWrapperAttrName(),
                 builder.getUnitAttr());
  for (BlockArgument argument : entry.getArguments())
    if (isa<TensorType>(argument.getType()))
      entry.setArgAttr(argument.getArgNumber(),
                       bufferization::BufferizationDialect::kWritableAttrName,
                       builder.getBoolAttr(false));
}

FailureOr<CompiledFunction>
CompiledFunction::compile(Program program, const CPUPipelineOptions &options,
                          PassConfiguration configure, StringRef cpu) {
  return compile(std::move(program), options.donate, Array::Place::Host, cpu,
                 [&](ModuleOp module, const llvm::TargetMachine &machine) {
                   return lowerForTarget(module, options, machine, configure);
                 });
}

FailureOr<CompiledFunction>
CompiledFunction::compileForDevice(Program program, const Device &device,
                                   bool donate, PassConfiguration configure) {
  auto lower = [&](ModuleOp module, const llvm::TargetMachine &) {
    GPUPipelineOptions options;
    options.donate = donate;
    return lowerForDevice(module, device, options, configure);
  };
  return compile(std::move(program), donate, Array::Place::Device,
                 /*cpu=*/{}, lower);
}

FailureOr<CompiledFunction> CompiledFunction::compile(
    Program program, bool donate, Array::Place memory, StringRef cpu,
    llvm::function_ref<LogicalResult(ModuleOp, const llvm::TargetMachine &)>
        lower) {
  ModuleOp module = *program.module;
  func::FuncOp entry = program.entry;
  FailureOr<Signature> signature = readSignature(entry);
  if (failed(signature))
    return failure();
  std::string name = ("_mlir_ciface_" + entry.getName()).str();
  prepareEntry(entry);
  if (failed(selectEntry(module, entry)))
    return failure();
  SmallVector<Destination> destinations(signature->results.size(),
                                        {Destination::Kind::Result});
  if (donate && SymbolTable::symbolKnownUseEmpty(entry, module)) {
    auto found = findDestinations(entry, /*dynamicResults=*/false);
    if (failed(found))
      return failure();
    destinations = std::move(*found);
  }
  auto machine = createTargetMachine(cpu, /*isForFile=*/false, signature->loc);
  if (failed(machine) || failed(lower(module, **machine)))
    return failure();

  const void *libraries[] = {
      reinterpret_cast<const void *>(&omp_get_max_threads),
      reinterpret_cast<const void *>(&fisherDeviceOpen)};
  auto engine = createEngine(module, name, std::move(*machine), libraries);
  if (!engine)
    return emitError(signature->loc)
           << "cannot compile: " << llvm::toString(engine.takeError());
  auto function = (*engine)->lookupPacked(name);
  if (!function)
    return emitError(signature->loc)
           << "cannot compile: " << llvm::toString(function.takeError());
  // It makes kernels known to the run-time library.
  if (memory == Array::Place::Device)
    (*engine)->initialize();
  return CompiledFunction(std::move(*signature), std::move(destinations),
                          memory, std::move(*engine), *function);
}

CompiledFunction::CompiledFunction(Signature signature,
                                   SmallVector<Destination> destinations,
                                   Array::Place memory,
                                   std::unique_ptr<ExecutionEngine> engine,
                                   void (*function)(void **))
    : signature(std::move(signature)), destinations(std::move(destinations)),
      memory(memory), engine(std::move(engine)), function(function) {}
CompiledFunction::CompiledFunction(CompiledFunction &&) = default;
CompiledFunction &CompiledFunction::operator=(CompiledFunction &&) = default;
CompiledFunction::~CompiledFunction() = default;

//===----------------------------------------------------------------------===//
// Calling
//===----------------------------------------------------------------------===//

// A tensor is passed as the address of a descriptor: two pointers (to free and
// to use), an offset, sizes and strides. Results are fields of one structure;
// only a single scalar is returned as it is.

static_assert(sizeof(void *) == sizeof(int64_t),
              "descriptors are written as 64-bit words");

static void appendDescriptor(const Array &array,
                             SmallVectorImpl<int64_t> &words) {
  auto address = reinterpret_cast<intptr_t>(array.getData());
  words.append({address, address, /*offset=*/0});
  llvm::append_range(words, array.getShape());
  size_t first = words.size();
  words.append(array.getRank(), 1);
  for (int64_t dim = array.getRank() - 1; dim > 0; --dim)
    words[first + dim - 1] = words[first + dim] * array.getShape()[dim];
}

static size_t getFieldSize(const Port &result) {
  if (isa<TensorType>(result.type))
    return (3 + 2 * result.getShape().size()) * sizeof(int64_t);
  return getByteSize(result.getKind());
}

static size_t getFieldAlignment(const Port &result) {
  return isa<TensorType>(result.type) ? sizeof(int64_t) : getFieldSize(result);
}

static SmallVector<size_t> getFieldOffsets(ArrayRef<Port> results,
                                           size_t &size) {
  SmallVector<size_t> offsets;
  size = 0;
  for (const Port &result : results) {
    size = llvm::alignTo(size, getFieldAlignment(result));
    offsets.push_back(size);
    size += getFieldSize(result);
  }
  return offsets;
}

/// Takes over the memory of a result. Results that share memory share its
/// owner, which `owners` holds by address.
static Array
takeResult(const Port &result, const char *field, Array::Place place,
           llvm::SmallDenseMap<void *, std::shared_ptr<void>> &owners) {
  if (!isa<TensorType>(result.type)) {
    Array scalar(result.getKind(), {});
    std::memcpy(scalar.getData(), field, scalar.getByteSize());
    return scalar;
  }
  // The pointers to free and to use come first.
  std::array<char *, 2> pointers;
  std::memcpy(static_cast<void *>(pointers.data()), field, sizeof(pointers));
  auto [allocated, aligned] = pointers;
  SmallVector<int64_t> words(getFieldSize(result) / sizeof(int64_t) - 2);
  std::memcpy(words.data(), field + sizeof(pointers),
              words.size() * sizeof(int64_t));
  char *data =
      aligned + words[0] * static_cast<int64_t>(getByteSize(result.getKind()));
  std::shared_ptr<void> &owner = owners[allocated];
  if (!owner)
    owner = place == Array::Place::Device
                ? ownDeviceMemory(allocated)
                : std::shared_ptr<void>(allocated, std::free);
  ArrayRef<int64_t> shape = ArrayRef(words).slice(1, result.getShape().size());
  return Array(result.getKind(), shape, owner, data, place);
}

Array CompiledFunction::place(size_t argument, const Array &array) const {
  bool isTensor = isa<TensorType>(signature.arguments[argument].type);
  return isOnDevice() && isTensor ? toDevice(array) : array;
}

Array CompiledFunction::makeArray(ElementKind kind,
                                  ArrayRef<int64_t> shape) const {
  return isOnDevice() ? makeDeviceArray(kind, shape) : Array(kind, shape);
}

SmallVector<Array>
CompiledFunction::operator()(ArrayRef<Array> arguments) const {
  SmallVector<Array> own, results;
  for (auto [index, argument] : llvm::enumerate(arguments))
    own.push_back(place(index, argument));
  for (Destination destination : destinations) {
    if (destination.kind != Destination::Kind::Updated)
      continue;
    Array &updated = own[destination.argument];
    if (updated.getData() != arguments[destination.argument].getData())
      continue;
    Array copy = makeArray(updated.getKind(), updated.getShape());
    copyElements(copy, updated);
    updated = std::move(copy);
  }
  callInPlace(own, results);
  for (Array &result : results)
    result = toHost(result);
  return results;
}

/// Whether what the last call wrote into `array` can be written over.
static bool fits(const Array &array, const Port &result) {
  return array.getData() && array.getKind() == result.getKind() &&
         array.getShape() == result.getShape();
}

// Compiled code lacks the description of its type that the sanitizer looks for
// in front of a function.
LLVM_NO_SANITIZE("function")
void CompiledFunction::callInPlace(ArrayRef<Array> arguments,
                                   SmallVectorImpl<Array> &results) const {
  assert(arguments.size() == signature.arguments.size() &&
         "wrong number of arguments");
  // What the function returns itself, and where that is in its structure.
  SmallVector<Port, 0> returned;
  results.resize(destinations.size());
  for (auto [index, destination] : llvm::enumerate(destinations)) {
    const Port &result = signature.results[index];
    if (destination.kind == Destination::Kind::Result)
      returned.push_back(result);
    else if (destination.kind == Destination::Kind::Updated)
      results[index] = arguments[destination.argument];
    else if (!fits(results[index], result))
      results[index] = makeArray(result.getKind(), result.getShape());
  }
  size_t size;
  SmallVector<size_t> offsets = getFieldOffsets(returned, size);
  SmallVector<int64_t> storage(llvm::divideCeil(size, sizeof(int64_t)));
  void *structure = storage.data();
  bool isPlainScalar =
      returned.size() == 1 && !isa<TensorType>(returned.front().type);

  // Pointers to what the function takes; a descriptor is taken by its address.
  SmallVector<int64_t, 256> descriptors;
  SmallVector<size_t, 64> places;
  auto addDescriptor = [&](const Array &array) {
    places.push_back(descriptors.size());
    appendDescriptor(array, descriptors);
  };
  for (auto [port, argument] : llvm::zip_equal(signature.arguments, arguments))
    if (isa<TensorType>(port.type))
      addDescriptor(argument);
  for (auto [destination, result] : llvm::zip_equal(destinations, results))
    if (destination.kind == Destination::Kind::Added)
      addDescriptor(result);
  SmallVector<void *, 64> addresses, packed;
  for (size_t place : places)
    addresses.push_back(&descriptors[place]);
  if (!returned.empty() && !isPlainScalar)
    packed.push_back(static_cast<void *>(&structure));
  void **address = addresses.begin();
  for (auto [port, argument] : llvm::zip_equal(signature.arguments, arguments))
    packed.push_back(isa<TensorType>(port.type)
                         ? static_cast<void *>(address++)
                         : const_cast<char *>(argument.getData()));
  while (address != addresses.end())
    packed.push_back(static_cast<void *>(address++));
  if (isPlainScalar)
    packed.push_back(structure);
  function(packed.data());

  llvm::SmallDenseMap<void *, std::shared_ptr<void>> owners;
  const size_t *offset = offsets.begin();
  for (auto [index, destination] : llvm::enumerate(destinations))
    if (destination.kind == Destination::Kind::Result)
      results[index] =
          takeResult(signature.results[index],
                     reinterpret_cast<const char *>(storage.data()) + *offset++,
                     memory, owners);
}
