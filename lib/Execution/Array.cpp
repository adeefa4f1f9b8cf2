//===- Array.cpp - Typed multidimensional arrays --------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Execution/Array.h"

#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdlib>
#include <cstring>
#include <limits>

using namespace mlir;
using namespace mlir::fisher;

size_t fisher::getByteSize(ElementKind kind) {
  switch (kind) {
  case ElementKind::Bool:
  case ElementKind::Int8:
  case ElementKind::UInt8:
    return 1;
  case ElementKind::Int16:
  case ElementKind::UInt16:
  case ElementKind::BFloat16:
  case ElementKind::Float16:
    return 2;
  case ElementKind::Int32:
  case ElementKind::UInt32:
  case ElementKind::Float32:
    return 4;
  case ElementKind::Int64:
  case ElementKind::UInt64:
  case ElementKind::Float64:
    return 8;
  }
  llvm_unreachable("unknown kind");
}

StringRef fisher::getName(ElementKind kind) {
  switch (kind) {
  case ElementKind::Bool:
    return "bool";
  case ElementKind::Int8:
    return "int8";
  case ElementKind::Int16:
    return "int16";
  case ElementKind::Int32:
    return "int32";
  case ElementKind::Int64:
    return "int64";
  case ElementKind::UInt8:
    return "uint8";
  case ElementKind::UInt16:
    return "uint16";
  case ElementKind::UInt32:
    return "uint32";
  case ElementKind::UInt64:
    return "uint64";
  case ElementKind::BFloat16:
    return "bfloat16";
  case ElementKind::Float16:
    return "float16";
  case ElementKind::Float32:
    return "float32";
  case ElementKind::Float64:
    return "float64";
  }
  llvm_unreachable("unknown kind");
}

bool fisher::isFloat(ElementKind kind) {
  return kind == ElementKind::BFloat16 || kind == ElementKind::Float16 ||
         kind == ElementKind::Float32 || kind == ElementKind::Float64;
}

unsigned fisher::getPrecision(ElementKind kind) {
  switch (kind) {
  case ElementKind::BFloat16:
    return 8;
  case ElementKind::Float16:
    return 11;
  case ElementKind::Float32:
    return 24;
  case ElementKind::Float64:
    return 53;
  default:
    llvm_unreachable("not a floating-point kind");
  }
}

std::optional<ElementKind> fisher::getElementKind(Type type) {
  if (type.isBF16())
    return ElementKind::BFloat16;
  if (type.isF16())
    return ElementKind::Float16;
  if (type.isF32())
    return ElementKind::Float32;
  if (type.isF64())
    return ElementKind::Float64;
  if (isa<IndexType>(type))
    return ElementKind::Int64;
  auto integer = dyn_cast<IntegerType>(type);
  if (!integer)
    return std::nullopt;
  bool isUnsigned = integer.isUnsigned();
  switch (integer.getWidth()) {
  case 1:
    return ElementKind::Bool;
  case 8:
    return isUnsigned ? ElementKind::UInt8 : ElementKind::Int8;
  case 16:
    return isUnsigned ? ElementKind::UInt16 : ElementKind::Int16;
  case 32:
    return isUnsigned ? ElementKind::UInt32 : ElementKind::Int32;
  case 64:
    return isUnsigned ? ElementKind::UInt64 : ElementKind::Int64;
  default:
    return std::nullopt;
  }
}

bool fisher::isCompatible(ElementKind kind, Type type) {
  std::optional<ElementKind> expected = getElementKind(type);
  if (!expected)
    return false;
  if (kind == *expected)
    return true;
  return type.isSignlessIntOrIndex() && !isFloat(kind) &&
         kind != ElementKind::Bool && *expected != ElementKind::Bool &&
         getByteSize(kind) == getByteSize(*expected);
}

std::optional<int64_t> fisher::getNumElements(ArrayRef<int64_t> shape) {
  // A zero makes an array empty however large the other sizes are.
  if (llvm::is_contained(shape, 0))
    return 0;
  int64_t count = 1;
  for (int64_t size : shape)
    if (size < 0 || llvm::MulOverflow(count, size, count))
      return std::nullopt;
  return count;
}

bool fisher::isAddressable(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> sizes(shape);
  llvm::replace(sizes, 0, 1);
  std::optional<int64_t> count = getNumElements(sizes);
  // No element is larger than 16 bytes.
  return count && *count <= std::numeric_limits<int64_t>::max() / 16;
}

static int64_t countElements(ArrayRef<int64_t> shape) {
  std::optional<int64_t> count = getNumElements(shape);
  assert(count && "shape too large");
  return *count;
}

static std::string describe(ElementKind kind, ArrayRef<int64_t> shape) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << getName(kind) << "[";
  llvm::interleave(shape, os, ",");
  os << "]";
  return text;
}

/// Zeros, from the start of a line of the cache to the end of one, so that
/// vectors of no width straddle two.
static void *allocate(ElementKind kind, ArrayRef<int64_t> shape) {
  auto numElements = static_cast<size_t>(countElements(shape));
  size_t elementSize = getByteSize(kind);
  constexpr size_t alignment = 64;
  constexpr size_t maximum = std::numeric_limits<int64_t>::max() - alignment;
  void *memory = nullptr;
  size_t size = 0;
  if (numElements <= maximum / elementSize) {
    size = llvm::alignTo(std::max<size_t>(numElements * elementSize, 1),
                         alignment);
    memory = std::aligned_alloc(alignment, size);
  }
  if (!memory)
    llvm::report_bad_alloc_error(
        ("out of memory for an array " + describe(kind, shape)).c_str());
  return std::memset(memory, 0, size);
}

Array::Array(ElementKind kind, ArrayRef<int64_t> shape)
    : kind(kind), shape(shape), numElements(countElements(shape)),
      owner(allocate(kind, shape), std::free),
      data(static_cast<char *>(owner.get())) {}

Array::Array(ElementKind kind, ArrayRef<int64_t> shape,
             std::shared_ptr<void> owner, void *data, Place place)
    : kind(kind), place(place), shape(shape), numElements(countElements(shape)),
      owner(std::move(owner)), data(static_cast<char *>(data)) {}

template <typename T>
static double load(const char *data, int64_t index) {
  T value;
  std::memcpy(&value, data + index * sizeof(T), sizeof(T));
  return static_cast<double>(value);
}

template <typename T>
static void store(char *data, int64_t index, double value) {
  T converted = static_cast<T>(value);
  std::memcpy(data + index * sizeof(T), &converted, sizeof(T));
}

static double loadSmall(const llvm::fltSemantics &semantics, const char *data,
                        int64_t index) {
  uint16_t bits;
  std::memcpy(&bits, data + index * sizeof(bits), sizeof(bits));
  return llvm::APFloat(semantics, llvm::APInt(16, bits)).convertToDouble();
}

static void storeSmall(const llvm::fltSemantics &semantics, char *data,
                       int64_t index, double value) {
  llvm::APFloat number(value);
  bool losesInfo;
  number.convert(semantics, llvm::APFloat::rmNearestTiesToEven, &losesInfo);
  auto bits = static_cast<uint16_t>(number.bitcastToAPInt().getZExtValue());
  std::memcpy(data + index * sizeof(bits), &bits, sizeof(bits));
}

double Array::get(int64_t index) const {
  assert(isOnHost() && "elements of the device");
  switch (kind) {
  case ElementKind::Bool:
  case ElementKind::UInt8:
    return load<uint8_t>(data, index);
  case ElementKind::Int8:
    return load<int8_t>(data, index);
  case ElementKind::Int16:
    return load<int16_t>(data, index);
  case ElementKind::Int32:
    return load<int32_t>(data, index);
  case ElementKind::Int64:
    return load<int64_t>(data, index);
  case ElementKind::UInt16:
    return load<uint16_t>(data, index);
  case ElementKind::UInt32:
    return load<uint32_t>(data, index);
  case ElementKind::UInt64:
    return load<uint64_t>(data, index);
  case ElementKind::BFloat16:
    return loadSmall(llvm::APFloat::BFloat(), data, index);
  case ElementKind::Float16:
    return loadSmall(llvm::APFloat::IEEEhalf(), data, index);
  case ElementKind::Float32:
    return load<float>(data, index);
  case ElementKind::Float64:
    return load<double>(data, index);
  }
  llvm_unreachable("unknown kind");
}

void Array::set(int64_t index, double value) {
  assert(isOnHost() && "elements of the device");
  switch (kind) {
  case ElementKind::Bool:
    return store<uint8_t>(data, index, value != 0);
  case ElementKind::UInt8:
    return store<uint8_t>(data, index, value);
  case ElementKind::Int8:
    return store<int8_t>(data, index, value);
  case ElementKind::Int16:
    return store<int16_t>(data, index, value);
  case ElementKind::Int32:
    return store<int32_t>(data, index, value);
  case ElementKind::Int64:
    return store<int64_t>(data, index, value);
  case ElementKind::UInt16:
    return store<uint16_t>(data, index, value);
  case ElementKind::UInt32:
    return store<uint32_t>(data, index, value);
  case ElementKind::UInt64:
    return store<uint64_t>(data, index, value);
  case ElementKind::BFloat16:
    return storeSmall(llvm::APFloat::BFloat(), data, index, value);
  case ElementKind::Float16:
    return storeSmall(llvm::APFloat::IEEEhalf(), data, index, value);
  case ElementKind::Float32:
    return store<float>(data, index, value);
  case ElementKind::Float64:
    return store<double>(data, index, value);
  }
  llvm_unreachable("unknown kind");
}

Array Array::clone() const {
  assert(isOnHost() && "elements of the device");
  Array copy(kind, shape);
  std::memcpy(copy.data, data, getByteSize());
  return copy;
}

Array Array::reshape(ArrayRef<int64_t> newShape) const {
  assert(countElements(newShape) == numElements && "other number of elements");
  return Array(kind, newShape, owner, data, place);
}

std::string Array::describe() const { return ::describe(kind, shape); }
