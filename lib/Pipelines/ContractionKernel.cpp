//===- ContractionKernel.cpp - Kernels of matrix products -----------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A block computes a tile of the result. Step by step along the depth, what is
// summed over, its threads bring a piece of each operand into the memory that
// they share, while they multiply the pieces before; the sums stay in
// registers. Loops of any number are three here, rows, columns and depth, and
// operands of any layout have an address for each row and for each step.
//
//===----------------------------------------------------------------------===//

#include "ContractionKernel.h"

#include "LinalgKernel.h"

#include "fisher/Transforms/Contractions.h"

#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/SmallVectorExtras.h"

using namespace mlir;
using namespace mlir::fisher;
using linalg::GenericOp;

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

namespace {
/// A block's tile of the result, how deep a step is, and what of the tile one
/// thread computes or, with tensor cores, one warp.
struct Tiling {
  int64_t rows, columns, depth, partRows, partColumns;

  int64_t getNumParts() const {
    return rows / partRows * (columns / partColumns);
  }
};
} // namespace

/// Fewer tiles than this leave too much of a device idle, so that smaller ones
/// are better; with the smallest, parts of the depth go to as many blocks.
static constexpr int64_t enoughTiles[] = {96, 128, 256};
/// From large to small: for f32, f64, and tensor cores.
static constexpr Tiling tilingsOfF32[] = {
    {128, 128, 8, 8, 8}, {64, 64, 16, 8, 4}, {32, 32, 32, 4, 4}};
static constexpr Tiling tilingsOfF64[] = {
    {64, 64, 16, 4, 4}, {64, 64, 16, 4, 4}, {32, 32, 32, 4, 4}};
static constexpr Tiling tilingsOfCores[] = {
    {128, 128, 32, 64, 32}, {64, 64, 32, 32, 32}, {32, 32, 64, 16, 16}};
/// Of a part of the depth, which has to be worth another kernel.
static constexpr int64_t minStepsOfPart = 4;
static constexpr int64_t maxParts = 64;
static constexpr int64_t transferBytes = 16, warpSize = 32;

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

/// By how many elements an index of a map moves with a loop.
static int64_t getCoefficient(AffineExpr expr, unsigned dim, unsigned numDims) {
  MLIRContext *context = expr.getContext();
  SmallVector<AffineExpr> at(numDims, getAffineConstantExpr(0, context));
  AffineExpr zero = expr.replaceDims(at);
  at[dim] = getAffineConstantExpr(1, context);
  return cast<AffineConstantExpr>(expr.replaceDims(at) - zero).getValue();
}

/// Whether elements are neighbours in memory whose `dim` differs by one.
static bool isContiguous(AffineMap map, MemRefType type, unsigned dim) {
  if (map.getNumResults() == 0 || !type.isLastDimUnitStride())
    return false;
  for (AffineExpr result : map.getResults().drop_back())
    if (result.isFunctionOfDim(dim))
      return false;
  return getCoefficient(map.getResults().back(), dim, map.getNumDims()) == 1;
}

/// Puts a loop along which an operand is contiguous last. Returns whether there
/// is one.
static bool moveContiguousLast(SmallVector<unsigned> &dims, AffineMap map,
                               MemRefType type) {
  for (unsigned dim : dims)
    if (isContiguous(map, type, dim)) {
      llvm::erase(dims, dim);
      dims.push_back(dim);
      return true;
    }
  return false;
}

static Value getZero(IndexBuilder &b, Type type) {
  return arith::ConstantOp::create(b, b.getZeroAttr(type));
}

static Value getElement(IndexBuilder &b, Value vector, int64_t i) {
  return vector::ExtractOp::create(b, vector, i);
}

static Value getVector(IndexBuilder &b, ArrayRef<Value> elements) {
  return vector::FromElementsOp::create(
      b, VectorType::get(elements.size(), elements.front().getType()),
      elements);
}

namespace {
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
} // namespace

Operand::Operand(IndexBuilder &b, Value buffer, AffineMap map) {
  auto type = cast<MemRefType>(buffer.getType());
  auto metadata = memref::ExtractStridedMetadataOp::create(b, buffer);
  auto get = [&](OpFoldResult value) {
    return getValueOrCreateConstantIndexOp(b, b.getLoc(), value);
  };
  offset = get(metadata.getConstifiedMixedOffset());
  SmallVector<Value> steps =
      llvm::map_to_vector(metadata.getConstifiedMixedStrides(), get);
  auto flatType =
      MemRefType::get(ShapedType::kDynamic, type.getElementType(),
                      MemRefLayoutAttrInterface(), type.getMemorySpace());
  // Addresses are checked by whoever takes them.
  Value unbounded = b.index(std::numeric_limits<int64_t>::max());
  flat = memref::ReinterpretCastOp::create(
      b, flatType, metadata.getBaseBuffer(), OpFoldResult(b.getIndexAttr(0)),
      {OpFoldResult(unbounded)}, {OpFoldResult(b.getIndexAttr(1))});
  SmallVector<AffineExpr> zero(map.getNumDims(), b.getAffineConstantExpr(0));
  for (auto [result, step] : llvm::zip_equal(map.getResults(), steps)) {
    auto first = cast<AffineConstantExpr>(result.replaceDims(zero)).getValue();
    offset = b.add(offset, b.multiply(b.index(first), step));
  }
  for (unsigned dim = 0; dim != map.getNumDims(); ++dim) {
    Value stride = b.index(0);
    for (auto [result, step] : llvm::zip_equal(map.getResults(), steps))
      if (result.isFunctionOfDim(dim))
        stride = b.add(
            stride,
            b.multiply(b.index(getCoefficient(result, dim, map.getNumDims())),
                       step));
    strides.push_back(stride);
    isUnit.push_back(isContiguous(map, type, dim));
  }
}

/// The remainders, whose bits are collected, of the addresses of an operand at
/// which a run along the last of `inner`'s loops may start. What is known
/// decides alone if it does.
static Value getMisalignment(IndexBuilder &b, const Operand &operand,
                             ArrayRef<const Group *> groups, const Group &inner,
                             int64_t lanes) {
  Value bytes = b.index(operand.getBytes());
  Value mask = b.index(lanes * operand.getBytes() - 1);
  SmallVector<Value> distances = {b.multiply(operand.offset, bytes),
                                  b.multiply(inner.sizes.back(), bytes)};
  for (const Group *group : groups)
    for (unsigned dim : group->dims)
      if (group != &inner || dim != inner.dims.back())
        distances.push_back(b.multiply(operand.strides[dim], bytes));
  Value bits = memref::ExtractAlignedPointerAsIndexOp::create(b, operand.flat);
  for (Value distance : distances) {
    Value remainder = b.createOrFold<arith::AndIOp>(distance, mask);
    if (getConstantIntValue(remainder).value_or(0) != 0)
      return remainder;
    bits = b.createOrFold<arith::OrIOp>(bits, distance);
  }
  return b.createOrFold<arith::AndIOp>(bits, mask);
}

//===----------------------------------------------------------------------===//
// Pieces of operands
//===----------------------------------------------------------------------===//

namespace {
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
} // namespace

Loader::Loader(Kernel &kernel, Operand from, const Group &batch,
               const Group &group, const Group &steps, int64_t rows,
               int64_t depth, Type element, bool keepsLayout, int64_t number)
    : b(kernel.b), source(std::move(from)), batch(batch), group(group),
      steps(steps), rows(rows), depth(depth), blockSize(kernel.blockSize),
      thread(kernel.thread), element(element) {
  bool hasRuns = !group.dims.empty() && source.isUnit[group.dims.back()];
  isAlongDepth = !hasRuns;
  lanes = std::min(transferBytes / source.getBytes(),
                   rows * depth / kernel.blockSize);
  hasVectors = hasRuns || source.isUnit[steps.dims.back()];
  hasVectors &= getConstantIntValue(getMisalignment()).value_or(0) == 0;
  if (!hasVectors)
    lanes = 1;
  count = rows * depth / lanes / kernel.blockSize;
  isDepthMajor = !keepsLayout || !isAlongDepth;
  // Rows that are not a multiple of all banks apart, but still aligned.
  pitch = (isDepthMajor ? rows : depth) +
          transferBytes * 8 / element.getIntOrFloatBitWidth();
  shared = kernel.getWorkgroupBuffer(element, 2 * getSize(), number);
  int64_t perLine = (isAlongDepth ? depth : rows) / lanes;
  for (int64_t i = 0; i != count; ++i) {
    Value vector = b.add(kernel.thread, b.index(i * kernel.blockSize));
    Value line = b.divide(vector, b.index(perLine));
    Value inLine =
        b.multiply(b.createOrFold<arith::RemUIOp>(vector, b.index(perLine)),
                   b.index(lanes));
    row.push_back(isAlongDepth ? line : inLine);
    step.push_back(isAlongDepth ? inLine : line);
  }
}

Value Loader::getMisalignment() {
  if (!hasVectors)
    return b.index(0);
  return ::getMisalignment(b, source, {&batch, &group, &steps},
                           isAlongDepth ? steps : group, lanes);
}

void Loader::setTile(Value batchIndex, Value first) {
  firstRow = first;
  tileOffset = b.add(source.offset, batch.getOffset(b, source, batchIndex));
}

/// What is computed of rows that are not there is not stored.
SmallVector<Value> Loader::load(Value start) {
  SmallVector<Value> loaded;
  Value last = b.subtract(group.size, b.index(isAlongDepth ? 1 : lanes));
  for (int64_t i = 0; i != count; ++i) {
    Value address =
        getAddress(b.min(b.add(firstRow, row[i]), last), b.add(start, step[i]));
    if (hasVectors)
      loaded.push_back(vector::LoadOp::create(
          b, VectorType::get(lanes, source.getElement()), source.flat, address,
          /*nontemporal=*/false, llvm::MaybeAlign(lanes * source.getBytes())));
    else
      loaded.push_back(memref::LoadOp::create(b, source.flat, address));
  }
  return loaded;
}

void Loader::copyChecked(Value start, Value base) {
  // Two are on their way at once. LLVM does not know how often this runs, and
  // so unrolls no more, which would take registers of the sums.
  constexpr int64_t atOnce = 2;
  Value lastRow = b.subtract(group.size, b.index(1));
  Value lastStep = b.subtract(steps.size, b.index(1));
  b.loop(thread, b.index(rows * depth), b.index(atOnce * blockSize), {},
         [&](Value first, ValueRange) -> SmallVector<Value> {
           SmallVector<std::array<Value, 3>> elements;
           for (int64_t i = 0; i != atOnce; ++i) {
             SmallVector<Value> at =
                 delinearize(b, b.add(first, b.index(i * blockSize)),
                             {b.index(isAlongDepth ? rows : depth),
                              b.index(isAlongDepth ? depth : rows)});
             if (!isAlongDepth)
               std::swap(at[0], at[1]);
             Value step = b.add(start, at[1]);
             Value loaded = memref::LoadOp::create(
                 b, source.flat,
                 getAddress(b.min(b.add(firstRow, at[0]), lastRow),
                            b.min(step, lastStep)));
             loaded = b.createOrFold<arith::SelectOp>(
                 b.isLess(step, steps.size), loaded,
                 getZero(b, source.getElement()));
             elements.push_back({at[0], at[1], loaded});
           }
           for (auto [row, step, value] : elements)
             memref::StoreOp::create(b, convertTo(b, value, element), shared,
                                     getIndex(row, step, base));
           return {};
         });
}

void Loader::store(ValueRange loaded, Value base) {
  int64_t bytes = element.getIntOrFloatBitWidth() / 8;
  int64_t width =
      isAlongDepth == isDepthMajor ? 1 : std::min(lanes, transferBytes / bytes);
  for (int64_t i = 0; i != count; ++i) {
    SmallVector<Value> elements;
    for (int64_t lane = 0; lane != lanes; ++lane)
      elements.push_back(convertTo(
          b, hasVectors ? getElement(b, loaded[i], lane) : loaded[i], element));
    for (int64_t lane = 0; lane != lanes; lane += width) {
      Value offset = b.index(lane);
      Value at = isAlongDepth ? getIndex(row[i], b.add(step[i], offset), base)
                              : getIndex(b.add(row[i], offset), step[i], base);
      if (width == 1)
        memref::StoreOp::create(b, elements[lane], shared, at);
      else
        vector::StoreOp::create(
            b, getVector(b, ArrayRef(elements).slice(lane, width)), shared, at,
            /*nontemporal=*/false, llvm::MaybeAlign(width * bytes));
    }
  }
}

//===----------------------------------------------------------------------===//
// Products of pieces
//===----------------------------------------------------------------------===//

namespace {
/// A few elements of the result's row that a thread has the sums of, by where
/// they are in the tile.
struct Run {
  Value row, column;
  SmallVector<Value> sums;
};

/// How the threads of a block share the arithmetic of a tile.
class Multiplier {
public:
  Multiplier(Kernel &kernel, const Tiling &tiling, Type type)
      : b(kernel.b), thread(kernel.thread), tiling(tiling), type(type) {}
  virtual ~Multiplier() = default;

  /// What the sums start from.
  virtual SmallVector<Value> getZeros() = 0;
  /// The sums with the products of the pieces that start at `base` of what the
  /// loaders have in shared memory.
  virtual SmallVector<Value> multiply(Loader &lhs, Loader &rhs, Value lhsBase,
                                      Value rhsBase, ValueRange sums) = 0;
  virtual SmallVector<Run> getRuns(ValueRange sums) = 0;
  virtual int64_t getRunLength() = 0;

protected:
  IndexBuilder &b;
  Value thread;
  Tiling tiling;
  Type type;
};

/// Each thread multiplies what it needs of a row and a column for each step.
class ThreadMultiplier : public Multiplier {
public:
  ThreadMultiplier(Kernel &kernel, const Tiling &tiling, Type type);

  int64_t getRunLength() override { return lanes; }
  SmallVector<Value> getZeros() override;
  SmallVector<Value> multiply(Loader &lhs, Loader &rhs, Value lhsBase,
                              Value rhsBase, ValueRange sums) override;
  SmallVector<Run> getRuns(ValueRange sums) override;

private:
  /// Vectors of 16 bytes, which neighbouring threads read side by side.
  int64_t lanes, rowVectors, columnVectors;
  SmallVector<Value> rows, columns;
};
} // namespace

ThreadMultiplier::ThreadMultiplier(Kernel &kernel, const Tiling &tiling,
                                   Type type)
    : Multiplier(kernel, tiling, type) {
  lanes = transferBytes * 8 / type.getIntOrFloatBitWidth();
  rowVectors = tiling.partRows / lanes;
  columnVectors = tiling.partColumns / lanes;
  // Threads that run together are eight columns by some rows.
  constexpr int64_t group = 8;
  int64_t columnThreads = tiling.columns / tiling.partColumns;
  int64_t rowThreads = tiling.rows / tiling.partRows;
  SmallVector<Value> at = delinearize(
      b, thread,
      {b.index(columnThreads / group), b.index(rowThreads), b.index(group)});
  Value columnThread = b.add(b.multiply(at[0], b.index(group)), at[2]);
  auto place = [&](Value number, int64_t numThreads, int64_t vectors,
                   SmallVector<Value> &places) {
    for (int64_t i = 0; i != vectors; ++i)
      places.push_back(
          b.multiply(b.add(number, b.index(i * numThreads)), b.index(lanes)));
  };
  place(at[1], rowThreads, rowVectors, rows);
  place(columnThread, columnThreads, columnVectors, columns);
}

SmallVector<Value> ThreadMultiplier::getZeros() {
  return SmallVector<Value>(tiling.partRows * columnVectors,
                            getZero(b, VectorType::get(lanes, type)));
}

SmallVector<Value> ThreadMultiplier::multiply(Loader &lhs, Loader &rhs,
                                              Value lhsBase, Value rhsBase,
                                              ValueRange sums) {
  SmallVector<Value> next(sums);
  auto vectorType = VectorType::get(lanes, type);
  auto load = [&](Loader &loader, Value at, Value step, Value base) {
    return vector::LoadOp::create(
        b, vectorType, loader.shared, loader.getIndex(at, step, base),
        /*nontemporal=*/false, llvm::MaybeAlign(transferBytes));
  };
  for (int64_t i = 0; i != tiling.depth; ++i) {
    Value step = b.index(i);
    SmallVector<Value> left, right;
    for (Value row : rows)
      left.push_back(load(lhs, row, step, lhsBase));
    for (Value column : columns)
      right.push_back(load(rhs, column, step, rhsBase));
    for (int64_t row = 0; row != tiling.partRows; ++row) {
      Value factor = vector::BroadcastOp::create(
          b, vectorType, getElement(b, left[row / lanes], row % lanes));
      for (int64_t column = 0; column != columnVectors; ++column) {
        Value &sum = next[row * columnVectors + column];
        sum = vector::FMAOp::create(b, factor, right[column], sum);
      }
    }
  }
  return next;
}

SmallVector<Run> ThreadMultiplier::getRuns(ValueRange sums) {
  SmallVector<Run> runs;
  for (int64_t row = 0; row != tiling.partRows; ++row)
    for (int64_t column = 0; column != columnVectors; ++column) {
      Run run{
          b.add(rows[row / lanes], b.index(row % lanes)), columns[column], {}};
      for (int64_t lane = 0; lane != lanes; ++lane)
        run.sums.push_back(
            getElement(b, sums[row * columnVectors + column], lane));
      runs.push_back(run);
    }
  return runs;
}

namespace {
/// Each warp multiplies by NVIDIA's tensor cores: bf16 or f16, with sums in
/// f32. Upstream's nvgpu.mma.sync and gpu.subgroup_mma_compute know no bf16, so
/// the instructions are those of the nvvm dialect.
class WarpMultiplier : public Multiplier {
public:
  WarpMultiplier(Kernel &kernel, const Tiling &tiling, Type operandType);

  int64_t getRunLength() override { return 2; }
  SmallVector<Value> getZeros() override {
    return SmallVector<Value>(4 * rowTiles * columnTiles,
                              getZero(b, b.getF32Type()));
  }
  SmallVector<Value> multiply(Loader &lhs, Loader &rhs, Value lhsBase,
                              Value rhsBase, ValueRange sums) override;
  SmallVector<Run> getRuns(ValueRange sums) override;

private:
  /// The instruction's sizes.
  static constexpr int64_t m = 16, n = 8, k = 16;

  SmallVector<Value> loadMatrices(Loader &loader, Value row, Value step,
                                  Value base);

  int64_t rowTiles, columnTiles;
  Value lane, warpRow, warpColumn;
};
} // namespace

WarpMultiplier::WarpMultiplier(Kernel &kernel, const Tiling &tiling,
                               Type operandType)
    : Multiplier(kernel, tiling, operandType), rowTiles(tiling.partRows / m),
      columnTiles(tiling.partColumns / n) {
  int64_t warpsOfColumns = tiling.columns / tiling.partColumns;
  SmallVector<Value> at =
      delinearize(b, thread,
                  {b.index(tiling.rows / tiling.partRows),
                   b.index(warpsOfColumns), b.index(warpSize)});
  warpRow = b.multiply(at[0], b.index(tiling.partRows));
  warpColumn = b.multiply(at[1], b.index(tiling.partColumns));
  lane = at[2];
}

/// Four matrices of 8 x 8. Each eight lanes tell where the lines of one are in
/// shared memory; each lane gets two elements, side by side along the depth, of
/// each matrix.
SmallVector<Value> WarpMultiplier::loadMatrices(Loader &loader, Value row,
                                                Value step, Value base) {
  Value address =
      b.add(memref::ExtractAlignedPointerAsIndexOp::create(b, loader.shared),
            b.multiply(loader.getIndex(row, step, base), b.index(2)));
  address = arith::IndexCastOp::create(b, b.getI64Type(), address);
  Value pointer = LLVM::IntToPtrOp::create(
      b, LLVM::LLVMPointerType::get(b.getContext(), AddressSpaces::workgroup),
      address);
  auto i32 = b.getI32Type();
  auto structType = LLVM::LLVMStructType::getLiteral(b.getContext(),
                                                     SmallVector<Type>(4, i32));
  // Lines along the rows are transposed on their way.
  Value loaded = NVVM::LdMatrixOp::create(
      b, structType, pointer, 4,
      loader.isDepthMajor ? NVVM::MMALayout::col : NVVM::MMALayout::row,
      NVVM::LdStMatrixShapeAttr::get(b.getContext(), 8, 8),
      NVVM::LdStMatrixEltType::B16);
  SmallVector<Value> registers;
  for (int64_t i = 0; i != 4; ++i) {
    Value pair = LLVM::ExtractValueOp::create(b, loaded, i);
    if (type.isF16())
      pair = LLVM::BitcastOp::create(b, VectorType::get(2, type), pair);
    registers.push_back(pair);
  }
  return registers;
}

SmallVector<Value> WarpMultiplier::multiply(Loader &lhs, Loader &rhs,
                                            Value lhsBase, Value rhsBase,
                                            ValueRange sums) {
  SmallVector<Value> next(sums);
  Value eight = b.index(8);
  auto getPart = [&](int64_t divisor, int64_t number) {
    return b.createOrFold<arith::RemUIOp>(b.divide(lane, b.index(divisor)),
                                          b.index(number));
  };
  Value line = getPart(1, 8);
  Value second = b.multiply(getPart(8, 2), eight);
  Value third = b.multiply(getPart(16, 2), eight);
  // Which matrix the addresses of a lane are of: those of the left operand go
  // down the rows first, those of the right one along the depth.
  Value lhsRow = second, lhsStep = third, rhsRow = third, rhsStep = second;
  (lhs.isDepthMajor ? lhsStep : lhsRow) =
      b.add(lhs.isDepthMajor ? lhsStep : lhsRow, line);
  (rhs.isDepthMajor ? rhsStep : rhsRow) =
      b.add(rhs.isDepthMajor ? rhsStep : rhsRow, line);
  lhsRow = b.add(lhsRow, warpRow);
  rhsRow = b.add(rhsRow, warpColumn);
  auto f32 = b.getF32Type();
  auto resultType = LLVM::LLVMStructType::getLiteral(b.getContext(),
                                                     SmallVector<Type>(4, f32));
  auto kind = type.isBF16() ? NVVM::MMATypes::bf16 : NVVM::MMATypes::f16;
  for (int64_t step = 0; step != tiling.depth; step += k) {
    SmallVector<SmallVector<Value>> left, right;
    for (int64_t i = 0; i != rowTiles; ++i)
      left.push_back(loadMatrices(lhs, b.add(lhsRow, b.index(i * m)),
                                  b.add(lhsStep, b.index(step)), lhsBase));
    // Two tiles of columns at once.
    for (int64_t i = 0; i != columnTiles; i += 2) {
      SmallVector<Value> both =
          loadMatrices(rhs, b.add(rhsRow, b.index(i * n)),
                       b.add(rhsStep, b.index(step)), rhsBase);
      right.push_back({both[0], both[1]});
      right.push_back({both[2], both[3]});
    }
    for (int64_t i = 0; i != rowTiles; ++i)
      for (int64_t j = 0; j != columnTiles; ++j) {
        MutableArrayRef<Value> sum =
            MutableArrayRef(next).slice(4 * (i * columnTiles + j), 4);
        Value product = NVVM::MmaOp::create(
            b, resultType, left[i], right[j], sum, {m, n, k}, std::nullopt,
            std::nullopt, std::array{kind, kind},
            std::array{NVVM::MMALayout::row, NVVM::MMALayout::col});
        for (int64_t e = 0; e != 4; ++e)
          sum[e] = LLVM::ExtractValueOp::create(b, product, e);
      }
  }
  return next;
}

SmallVector<Run> WarpMultiplier::getRuns(ValueRange sums) {
  SmallVector<Run> runs;
  Value row = b.add(warpRow, b.divide(lane, b.index(4)));
  Value column = b.add(
      warpColumn,
      b.multiply(b.createOrFold<arith::RemUIOp>(lane, b.index(4)), b.index(2)));
  for (int64_t i = 0; i != rowTiles; ++i)
    for (int64_t half = 0; half != 2; ++half)
      for (int64_t j = 0; j != columnTiles; ++j)
        runs.push_back({b.add(row, b.index(i * m + half * 8)),
                        b.add(column, b.index(j * n)),
                        SmallVector<Value>(sums.slice(
                            4 * (i * columnTiles + j) + 2 * half, 2))});
  return runs;
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

namespace {
class ContractionLauncher {
public:
  ContractionLauncher(GenericOp loop, HostCode &host, TypedAttr start);
  void run();

private:
  Value getSize(ArrayRef<unsigned> dims) {
    return getProduct(before, llvm::map_to_vector(dims, [&](unsigned dim) {
                        return sizes[dim];
                      }));
  }
  Group import(Kernel &kernel, ArrayRef<unsigned> dims);
  Operand import(Kernel &kernel, OpOperand *operand) {
    return Operand(kernel.b, kernel.import(operand->get()),
                   loop.getMatchingIndexingMap(operand));
  }
  Value getNumElements(IndexBuilder &at) {
    return at.multiply(numBatches, at.multiply(numRows, numColumns));
  }
  Value getNumTiles(IndexBuilder &at, const Tiling &tiling);
  ArrayRef<Tiling> getTilings() const;
  int64_t getFirstTiling() const;

  void choose(Operation *anchor, int64_t number);
  void launch(Operation *anchor, const Tiling &tiling, bool isSmallest);
  void buildKernel(Operation *anchor, const Tiling &tiling, Value parts,
                   Value partials);
  SmallVector<Value> buildSums(Kernel &kernel, Multiplier &multiplier,
                               Loader &left, Loader &right, const Group &steps,
                               const Tiling &tiling, Value first, Value last);
  void combineParts(Operation *anchor, Value parts, Value partials);

  GenericOp loop;
  HostCode &host;
  IndexBuilder before;
  TypedAttr start;
  SmallVector<Value> sizes;
  OpOperand *lhs, *rhs, *out;
  SmallVector<unsigned> batch, rows, columns, depth;
  Value numBatches, numRows, numColumns, numSteps;
  /// Of the sums, in registers.
  Type type;
  bool usesTensorCores;
};
} // namespace

ContractionLauncher::ContractionLauncher(GenericOp loop, HostCode &host,
                                         TypedAttr start)
    : loop(loop), host(host), before(loop.getLoc(), loop), start(start),
      lhs(loop.getDpsInputOperand(0)), rhs(loop.getDpsInputOperand(1)),
      out(loop.getDpsInitOperand(0)) {
  auto op = cast<linalg::LinalgOp>(loop.getOperation());
  ContractionDims dims = *matchContraction(op);
  sizes = getSizes(before, op);
  auto move = [&](SmallVector<unsigned> &group, OpOperand *operand) {
    return moveContiguousLast(group, loop.getMatchingIndexingMap(operand),
                              cast<MemRefType>(operand->get().getType()));
  };
  // The result's rows are as they lie in memory.
  if (move(dims.m, out)) {
    std::swap(lhs, rhs);
    std::swap(dims.m, dims.n);
  }
  move(dims.n, out);
  move(dims.m, lhs);
  move(dims.n, rhs);
  if (!move(dims.k, lhs))
    move(dims.k, rhs);
  batch = dims.batch;
  rows = dims.m;
  columns = dims.n;
  depth = dims.k;
  numBatches = getSize(batch);
  numRows = getSize(rows);
  numColumns = getSize(columns);
  numSteps = getSize(depth);
  Type left = getElementTypeOrSelf(lhs->get());
  Type right = getElementTypeOrSelf(rhs->get());
  Type result = getElementTypeOrSelf(out->get());
  type = result.isF64() ? result : before.getF32Type();
  usesTensorCores = host.hasTensorCores && left == right && !result.isF64() &&
                    (left.isBF16() || left.isF16());
}

Group ContractionLauncher::import(Kernel &kernel, ArrayRef<unsigned> dims) {
  Group group;
  for (unsigned dim : dims) {
    group.dims.push_back(dim);
    group.sizes.push_back(kernel.import(sizes[dim]));
  }
  group.size = getProduct(kernel.b, group.sizes);
  return group;
}

ArrayRef<Tiling> ContractionLauncher::getTilings() const {
  if (usesTensorCores)
    return tilingsOfCores;
  return type.isF64() ? ArrayRef(tilingsOfF64) : ArrayRef(tilingsOfF32);
}

Value ContractionLauncher::getNumTiles(IndexBuilder &at, const Tiling &tiling) {
  return at.multiply(
      numBatches,
      at.multiply(at.ceilDivide(numRows, at.index(tiling.rows)),
                  at.ceilDivide(numColumns, at.index(tiling.columns))));
}

/// Whether an operand's lines are known not to start where vectors may.
static bool isMisaligned(OpOperand *operand) {
  auto type = cast<MemRefType>(operand->get().getType());
  int64_t lanes = transferBytes * 8 / type.getElementTypeBitWidth();
  SmallVector<int64_t> strides = type.getStridesAndOffset().first;
  return llvm::any_of(ArrayRef(strides).drop_back(), [&](int64_t stride) {
    return !ShapedType::isDynamic(stride) && stride % lanes != 0;
  });
}

/// Tiles that are more than half empty are none. The largest leave no registers
/// for an address of each element.
int64_t ContractionLauncher::getFirstTiling() const {
  int64_t number = isMisaligned(lhs) || isMisaligned(rhs) ? 1 : 0;
  for (Value size : {numRows, numColumns})
    if (std::optional<int64_t> known = getConstantIntValue(size))
      while (number != 2 && getTilings()[number].rows >= 2 * *known)
        ++number;
  return number;
}

/// Takes the first of the tilings, from a number on, with enough tiles. Where
/// sizes are not known, the host finds out.
void ContractionLauncher::choose(Operation *anchor, int64_t number) {
  ArrayRef<Tiling> tilings = getTilings();
  if (number == 2)
    return launch(anchor, tilings[number], /*isSmallest=*/true);
  IndexBuilder at(loop.getLoc(), anchor);
  Value isEnough = at.createOrFold<arith::CmpIOp>(
      arith::CmpIPredicate::uge, getNumTiles(at, tilings[number]),
      at.index(enoughTiles[number]));
  if (std::optional<int64_t> known = getConstantIntValue(isEnough)) {
    if (*known)
      return launch(anchor, tilings[number], /*isSmallest=*/false);
    return choose(anchor, number + 1);
  }
  auto choice = scf::IfOp::create(at, isEnough, /*withElseRegion=*/true);
  launch(choice.thenBlock()->getTerminator(), tilings[number],
         /*isSmallest=*/false);
  choose(choice.elseBlock()->getTerminator(), number + 1);
}

void ContractionLauncher::launch(Operation *anchor, const Tiling &tiling,
                                 bool isSmallest) {
  IndexBuilder at(loop.getLoc(), anchor);
  Value parts = at.index(1);
  if (isSmallest) {
    Value wanted =
        at.ceilDivide(at.index(enoughTiles[2]), getNumTiles(at, tiling));
    Value worth = at.divide(at.ceilDivide(numSteps, at.index(tiling.depth)),
                            at.index(minStepsOfPart));
    parts =
        at.max(at.min(at.min(wanted, worth), at.index(maxParts)), at.index(1));
  }
  if (getConstantIntValue(parts) == 1)
    return buildKernel(anchor, tiling, parts, /*partials=*/{});
  Value number = at.multiply(parts, getNumElements(at));
  Value partials =
      gpu::AllocOp::create(at, MemRefType::get(ShapedType::kDynamic, type),
                           Type(), ValueRange(), number, ValueRange())
          .getMemref();
  buildKernel(anchor, tiling, parts, partials);
  combineParts(anchor, parts, partials);
  gpu::DeallocOp::create(at, TypeRange(), ValueRange(), partials);
}

/// The sums of a tile for the steps from `first` to `last`.
SmallVector<Value>
ContractionLauncher::buildSums(Kernel &kernel, Multiplier &multiplier,
                               Loader &left, Loader &right, const Group &steps,
                               const Tiling &tiling, Value first, Value last) {
  IndexBuilder &b = kernel.b;
  Value one = b.index(1), zero = b.index(0), step = b.index(tiling.depth);
  SmallVector<Value> zeros = multiplier.getZeros();
  Value lastWhole = b.min(last, b.divide(steps.size, step));
  auto getBase = [&](Loader &loader, Value number) {
    Value parity = b.createOrFold<arith::AndIOp>(number, one);
    return b.multiply(parity, b.index(loader.getSize()));
  };
  // Vectors are moved while the ones before are multiplied.
  Value isAligned = b.createOrFold<arith::CmpIOp>(
      arith::CmpIPredicate::eq,
      b.createOrFold<arith::OrIOp>(left.getMisalignment(),
                                   right.getMisalignment()),
      zero);
  isAligned =
      b.createOrFold<arith::AndIOp>(isAligned, b.isLess(first, lastWhole));
  SmallVector<Type> types(ValueRange(zeros).getTypes());
  types.push_back(b.getIndexType());
  auto choice = scf::IfOp::create(b, types, isAligned, /*withElseRegion=*/true);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToEnd(choice.thenBlock());
    Value start = b.multiply(first, step);
    SmallVector<Value> carried = zeros;
    llvm::append_range(carried, left.load(start));
    int64_t numLeft = carried.size() - zeros.size();
    llvm::append_range(carried, right.load(start));
    SmallVector<Value> sums = b.loop(
        first, lastWhole, one, carried,
        [&](Value number, ValueRange values) -> SmallVector<Value> {
          ValueRange before = values.take_front(zeros.size());
          ValueRange loaded = values.drop_front(zeros.size());
          Value leftBase = getBase(left, number);
          Value rightBase = getBase(right, number);
          left.store(loaded.take_front(numLeft), leftBase);
          right.store(loaded.drop_front(numLeft), rightBase);
          // Before the barrier, across which LLVM moves no loads to their use
          // in the next step. The last comes again, and is not used.
          Value next = b.multiply(
              b.min(b.add(number, one), b.subtract(lastWhole, one)), step);
          SmallVector<Value> ahead = left.load(next);
          llvm::append_range(ahead, right.load(next));
          gpu::BarrierOp::create(b);
          SmallVector<Value> sums =
              multiplier.multiply(left, right, leftBase, rightBase, before);
          llvm::append_range(sums, ahead);
          return sums;
        });
    sums.truncate(zeros.size());
    sums.push_back(lastWhole);
    scf::YieldOp::create(b, sums);
    b.setInsertionPointToEnd(choice.elseBlock());
    sums = zeros;
    sums.push_back(first);
    scf::YieldOp::create(b, sums);
  }
  // Elements one by one; at least what is left at the end.
  return b.loop(choice.getResults().back(), last, one,
                choice.getResults().drop_back(),
                [&](Value number, ValueRange sums) {
                  gpu::BarrierOp::create(b);
                  Value start = b.multiply(number, step);
                  left.copyChecked(start, zero);
                  right.copyChecked(start, zero);
                  gpu::BarrierOp::create(b);
                  return multiplier.multiply(left, right, zero, zero, sums);
                });
}

void ContractionLauncher::buildKernel(Operation *anchor, const Tiling &tiling,
                                      Value parts, Value partials) {
  IndexBuilder at(loop.getLoc(), anchor);
  Value tiles = at.multiply(parts, getNumTiles(at, tiling));
  // A tile for each, so that nothing is kept for the next.
  Kernel kernel(host, anchor, tiles,
                tiling.getNumParts() * (usesTensorCores ? warpSize : 1));
  IndexBuilder &b = kernel.b;
  Group batches = import(kernel, batch), rowGroup = import(kernel, rows),
        columnGroup = import(kernel, columns), steps = import(kernel, depth);
  Type element = usesTensorCores ? getElementTypeOrSelf(lhs->get()) : type;
  Loader left(kernel, import(kernel, lhs), batches, rowGroup, steps,
              tiling.rows, tiling.depth, element, usesTensorCores, 0);
  Loader right(kernel, import(kernel, rhs), batches, columnGroup, steps,
               tiling.columns, tiling.depth, element, usesTensorCores, 1);
  std::unique_ptr<Multiplier> multiplier;
  if (usesTensorCores)
    multiplier = std::make_unique<WarpMultiplier>(kernel, tiling, element);
  else
    multiplier = std::make_unique<ThreadMultiplier>(kernel, tiling, type);
  // Sums of parts lie one part after the other, as the result would.
  Operand result =
      partials ? Operand(b, kernel.import(partials), b.getDimIdentityMap())
               : import(kernel, out);
  Value numParts = kernel.import(parts);
  Value zero = b.index(0), step = b.index(tiling.depth);
  int64_t lanes = multiplier->getRunLength();
  bool hasRuns = partials || (!columnGroup.dims.empty() &&
                              result.isUnit[columnGroup.dims.back()]);
  Value hasVectors;
  if (partials)
    hasVectors =
        b.createOrFold<arith::RemUIOp>(columnGroup.size, b.index(lanes));
  else if (hasRuns)
    hasVectors = getMisalignment(b, result, {&batches, &rowGroup, &columnGroup},
                                 columnGroup, lanes);
  if (hasVectors)
    hasVectors = b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::eq,
                                               hasVectors, zero);
  Type stored = result.getElement();

  /// Stores sums, or adds them to what is there.
  auto store = [&](ArrayRef<Value> sums, Value address) {
    int64_t width = sums.size();
    auto vectorType = VectorType::get(width, stored);
    llvm::MaybeAlign alignment(width * result.getBytes());
    SmallVector<Value> values(sums);
    Value old;
    if (!partials && !start)
      old = width == 1
                ? memref::LoadOp::create(b, result.flat, address).getResult()
                : vector::LoadOp::create(b, vectorType, result.flat, address,
                                         /*nontemporal=*/false, alignment)
                      .getResult();
    for (auto [i, value] : llvm::enumerate(values)) {
      if (old)
        value = arith::AddFOp::create(
            b, convertTo(b, width == 1 ? old : getElement(b, old, i), type),
            value);
      else if (!partials && !matchPattern(start, m_AnyZeroFloat()))
        value = arith::AddFOp::create(
            b, convertTo(b, arith::ConstantOp::create(b, start), type), value);
      value = convertTo(b, value, stored);
    }
    if (width == 1)
      memref::StoreOp::create(b, values.front(), result.flat, address);
    else
      vector::StoreOp::create(b, getVector(b, values), result.flat, address,
                              /*nontemporal=*/false, alignment);
  };

  auto ifThen = [&](Value condition, llvm::function_ref<void()> build,
                    llvm::function_ref<void()> otherwise = {}) {
    auto choice = scf::IfOp::create(b, condition, static_cast<bool>(otherwise));
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(choice.thenBlock()->getTerminator());
    build();
    if (!otherwise)
      return;
    b.setInsertionPoint(choice.elseBlock()->getTerminator());
    otherwise();
  };

  SmallVector<Value> place =
      delinearize(b, kernel.block,
                  {numParts, batches.size,
                   b.ceilDivide(rowGroup.size, b.index(tiling.rows)),
                   b.ceilDivide(columnGroup.size, b.index(tiling.columns))});
  Value row = b.multiply(place[2], b.index(tiling.rows));
  Value column = b.multiply(place[3], b.index(tiling.columns));
  left.setTile(place[1], row);
  right.setTile(place[1], column);
  Value numSteps = b.ceilDivide(steps.size, step);
  Value perPart = b.ceilDivide(numSteps, numParts);
  Value first = b.min(b.multiply(place[0], perPart), numSteps);
  Value last = b.min(b.add(first, perPart), numSteps);
  SmallVector<Value> sums =
      buildSums(kernel, *multiplier, left, right, steps, tiling, first, last);
  Value base =
      partials ? b.multiply(b.add(b.multiply(place[0], batches.size), place[1]),
                            b.multiply(rowGroup.size, columnGroup.size))
               : b.add(result.offset, batches.getOffset(b, result, place[1]));
  auto getAddress = [&](Value rowStart, Value at) {
    return b.add(rowStart,
                 partials ? at : columnGroup.getOffset(b, result, at));
  };
  for (const Run &run : multiplier->getRuns(sums)) {
    Value rowAt = b.add(row, run.row);
    Value columnAt = b.add(column, run.column);
    ArrayRef<Value> values = run.sums;
    ifThen(b.isLess(rowAt, rowGroup.size), [&] {
      Value rowStart =
          b.add(base, partials ? b.multiply(rowAt, columnGroup.size)
                               : rowGroup.getOffset(b, result, rowAt));
      auto storeEach = [&] {
        for (int64_t lane = 0; lane != lanes; ++lane) {
          Value at = b.add(columnAt, b.index(lane));
          ifThen(b.isLess(at, columnGroup.size),
                 [&] { store(values[lane], getAddress(rowStart, at)); });
        }
      };
      if (!hasVectors)
        return storeEach();
      ifThen(
          hasVectors,
          [&] {
            ifThen(b.isLess(columnAt, columnGroup.size),
                   [&] { store(values, getAddress(rowStart, columnAt)); });
          },
          storeEach);
    });
  }
}

/// A thread adds the parts of an element, one after the other.
void ContractionLauncher::combineParts(Operation *anchor, Value parts,
                                       Value partials) {
  IndexBuilder at(loop.getLoc(), anchor);
  Value size = getNumElements(at);
  Value numBlocks = at.min(
      at.max(at.ceilDivide(size, at.index(defaultBlockSize)), at.index(1)),
      at.index(maxBlocks));
  Kernel kernel(host, anchor, numBlocks, defaultBlockSize);
  IndexBuilder &b = kernel.b;
  Group groups[] = {import(kernel, batch), import(kernel, rows),
                    import(kernel, columns)};
  Operand result = import(kernel, out);
  Value from = kernel.import(partials), numParts = kernel.import(parts);
  Value end = kernel.import(size);
  b.loop(
      kernel.globalThread, end, kernel.numThreads, {},
      [&](Value number, ValueRange) -> SmallVector<Value> {
        Value sum =
            b.loop(b.index(0), numParts, b.index(1), getZero(b, type),
                   [&](Value part, ValueRange sums) -> SmallVector<Value> {
                     Value address = b.add(b.multiply(part, end), number);
                     return {arith::AddFOp::create(
                         b, sums.front(),
                         memref::LoadOp::create(b, from, address))};
                   })
                .front();
        SmallVector<Value> place = delinearize(
            b, number, {groups[0].size, groups[1].size, groups[2].size});
        Value address = result.offset;
        for (auto [group, index] : llvm::zip_equal(groups, place))
          address = b.add(address, group.getOffset(b, result, index));
        Value old =
            start ? arith::ConstantOp::create(b, start).getResult()
                  : memref::LoadOp::create(b, result.flat, address).getResult();
        sum = arith::AddFOp::create(b, convertTo(b, old, type), sum);
        memref::StoreOp::create(b, convertTo(b, sum, result.getElement()),
                                result.flat, address);
        return {};
      });
}

/// Without elements there is nothing to launch. Kernels do not ask: PoCL 3.1
/// stores too much where all of a kernel is in one branch, barriers included.
void ContractionLauncher::run() {
  Value size = getNumElements(before);
  std::optional<int64_t> known = getConstantIntValue(size);
  if (known == 0)
    return;
  if (known)
    return choose(loop, getFirstTiling());
  auto choice =
      scf::IfOp::create(before,
                        before.createOrFold<arith::CmpIOp>(
                            arith::CmpIPredicate::ne, size, before.index(0)),
                        /*withElseRegion=*/false);
  choose(choice.thenBlock()->getTerminator(), getFirstTiling());
}

bool fisher::isTiledContraction(linalg::LinalgOp loop) {
  std::optional<ContractionDims> dims = matchContraction(loop);
  if (!dims || !loop.hasPureBufferSemantics())
    return false;
  if (!dims->m.empty() && !dims->n.empty())
    return true;
  OpOperand *matrix = loop.getDpsInputOperand(dims->m.empty() ? 1 : 0);
  AffineMap map = loop.getMatchingIndexingMap(matrix);
  if (!map.isProjectedPermutation())
    return false;
  // Elsewhere, products are of the body's type.
  Type type = getElementTypeOrSelf(loop.getDpsInits()[0]);
  return type.getIntOrFloatBitWidth() < 32 ||
         llvm::none_of(
             dims->k,
             [&](unsigned dim) {
               return isContiguous(
                   map, cast<MemRefType>(matrix->get().getType()), dim);
             });
}

void fisher::launchContraction(GenericOp loop, HostCode &host,
                               TypedAttr start) {
  ContractionLauncher(loop, host, start).run();
}
