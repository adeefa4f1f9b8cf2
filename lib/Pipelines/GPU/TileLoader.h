//===- TileLoader.h - Pieces of a product's operands -----------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_PIPELINES_GPU_TILELOADER_H
#define FISHER_LIB_PIPELINES_GPU_TILELOADER_H

#include "Kernel.h"
#include "KernelLoop.h"

namespace mlir::fisher::tiles {

/// Whether elements are neighbours in memory whose `dim` differs by one.
bool isContiguous(AffineMap map, MemRefType type, unsigned dim);
/// Puts a loop along which an operand is contiguous last. Returns whether there
/// is one.
bool moveContiguousLast(SmallVector<unsigned> &dims, AffineMap map,
                        MemRefType type);

Value getZero(IndexBuilder &b, Type type);
Value getElement(IndexBuilder &b, Value vector, int64_t i);
Value getVector(IndexBuilder &b, ArrayRef<Value> elements);

/// A buffer in a kernel, as a range of memory and how each loop moves in it.
struct Operand {
  Operand(IndexBuilder &b, Value buffer, AffineMap map);

  Type getElement() const { return getElementTypeOrSelf(flat.getType()); }
  int64_t getBytes() const { return getElement().getIntOrFloatBitWidth() / 8; }

  Value flat, offset;
  /// By loop.
  SmallVector<Value> strides;
  SmallVector<bool> isUnit;
};

/// Loops of the host that are one in a kernel, which imported their sizes.
struct Group {
  SmallVector<unsigned> dims;
  SmallVector<Value> sizes;
  Value size;

  /// How far an operand's element with a number is from its first.
  Value getOffset(IndexBuilder &b, const Operand &operand, Value number) const {
    Value offset = b.index(0);
    for (auto [dim, index] :
         llvm::zip_equal(dims, delinearize(b, number, sizes)))
      offset = b.add(offset, b.multiply(index, operand.strides[dim]));
    return offset;
  }
};

/// The remainders, whose bits are collected, of the addresses of an operand at
/// which a run along the last of `inner`'s loops may start. What is known
/// decides alone if it does.
Value getMisalignment(IndexBuilder &b, const Operand &operand,
                      ArrayRef<const Group *> groups, const Group &inner,
                      int64_t lanes);

/// Brings pieces of an operand, `rows` by `depth`, into shared memory.
class Loader {
public:
  Loader(Kernel &kernel, Operand source, const Group &batch, const Group &group,
         const Group &steps, int64_t rows, int64_t depth, Type element,
         bool keepsLayout, int64_t number);

  /// Not zero where vectors may not be moved.
  Value getMisalignment();
  /// Goes to the piece's rows.
  void setTile(Value batchIndex, Value row);
  /// A thread's part of the piece at some depth, all of which is there.
  SmallVector<Value> load(Value depth);
  /// The same at the end, with zeros behind it; in registers for a moment only.
  void copyChecked(Value depth, Value base);
  void store(ValueRange loaded, Value base);
  /// The number of elements of a piece in shared memory.
  int64_t getSize() const { return pitch * (isDepthMajor ? depth : rows); }
  Value getIndex(Value row, Value step, Value base) {
    if (isDepthMajor)
      std::swap(row, step);
    return b.add(base, b.add(b.multiply(row, b.index(pitch)), step));
  }

  Value shared;
  /// The rows of a step are next to each other in shared memory, not the steps
  /// of a row.
  bool isDepthMajor;

private:
  Value getAddress(Value row, Value step) {
    return b.add(tileOffset, b.add(group.getOffset(b, source, row),
                                   steps.getOffset(b, source, step)));
  }

  IndexBuilder &b;
  Operand source;
  const Group &batch, &group, &steps;
  int64_t rows, depth, blockSize;
  Value thread;
  Type element;
  /// Vectors, which lie along the rows or the depth, of which a thread takes
  /// some.
  int64_t lanes, count, pitch;
  bool isAlongDepth, hasVectors;
  /// Of each vector's first element, in a piece.
  SmallVector<Value> row, step;
  Value tileOffset, firstRow;
};

} // namespace mlir::fisher::tiles

#endif // FISHER_LIB_PIPELINES_GPU_TILELOADER_H
