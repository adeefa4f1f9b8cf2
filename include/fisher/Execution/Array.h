//===- Array.h - Typed multidimensional arrays ------------------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_EXECUTION_ARRAY_H
#define FISHER_EXECUTION_ARRAY_H

#include "mlir/IR/Types.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"

#include <memory>
#include <optional>

namespace mlir::fisher {

/// What an element of an array is. The bits of signed and unsigned integers
/// both fit a signless integer type of MLIR.
enum class ElementKind : uint8_t {
  Bool,
  Int8,
  Int16,
  Int32,
  Int64,
  UInt8,
  UInt16,
  UInt32,
  UInt64,
  BFloat16,
  Float16,
  Float32,
  Float64
};

/// Bytes that an element takes in memory.
size_t getByteSize(ElementKind kind);
/// The name that numpy gives to the type, such as "float32".
llvm::StringRef getName(ElementKind kind);
bool isFloat(ElementKind kind);
/// Significant bits of a floating-point type, the implicit one included.
unsigned getPrecision(ElementKind kind);
/// The kind that stores elements of `type`: bool for i1, signed for signless
/// integers, int64 for index. Nothing for types that arrays cannot hold.
std::optional<ElementKind> getElementKind(Type type);
/// Whether an element of `kind` can be passed where `type` is expected, which
/// leaves the sign of integers open.
bool isCompatible(ElementKind kind, Type type);

/// Number of elements of a shape, or nothing if it does not fit 63 bits.
std::optional<int64_t> getNumElements(llvm::ArrayRef<int64_t> shape);

/// Whether the bytes of a shape fit 63 bits, whatever its elements. A zero
/// counts as one: strides and LLVM's types are such products where an array is
/// empty, too.
bool isAddressable(llvm::ArrayRef<int64_t> shape);

/// A contiguous row-major array. Copies of an `Array` share its elements;
/// `clone` makes them independent. Those in the memory of a device are out of
/// reach here: Device.h copies them.
class Array {
public:
  /// Whose memory the elements are in.
  enum class Place : uint8_t { Host, Device };

  Array() = default;

  /// An array of zeros, which starts at a multiple of 64 bytes. Running out of
  /// memory is fatal.
  Array(ElementKind kind, llvm::ArrayRef<int64_t> shape);

  /// A view of the row-major elements at `data`, which `owner` keeps alive.
  Array(ElementKind kind, llvm::ArrayRef<int64_t> shape,
        std::shared_ptr<void> owner, void *data, Place place = Place::Host);

  ElementKind getKind() const { return kind; }
  bool isOnHost() const { return place == Place::Host; }
  llvm::ArrayRef<int64_t> getShape() const { return shape; }
  int64_t getRank() const { return shape.size(); }
  int64_t getNumElements() const { return numElements; }
  size_t getByteSize() const { return numElements * fisher::getByteSize(kind); }

  char *getData() { return data; }
  const char *getData() const { return data; }
  template <typename T>
  T *getDataAs() {
    return reinterpret_cast<T *>(data);
  }
  template <typename T>
  const T *getDataAs() const {
    return reinterpret_cast<const T *>(data);
  }

  /// Element `index` in row-major order; exact but for integers beyond 2^53.
  double get(int64_t index) const;
  /// Stores `value`, rounded to nearest even, or to zero for integers.
  void set(int64_t index, double value);

  Array clone() const;
  /// The same elements under another shape with as many elements.
  Array reshape(llvm::ArrayRef<int64_t> newShape) const;

  /// Kind and shape as in "float32[64,32]".
  std::string describe() const;

private:
  ElementKind kind = ElementKind::Float32;
  Place place = Place::Host;
  llvm::SmallVector<int64_t, 4> shape;
  int64_t numElements = 0;
  std::shared_ptr<void> owner;
  char *data = nullptr;
};

} // namespace mlir::fisher

#endif // FISHER_EXECUTION_ARRAY_H
