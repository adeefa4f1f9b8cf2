//===- ContractionTiling.cpp - How a matrix product is cut ----------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ContractionEmitter.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::fisher;

/// Two fused multiply-adds start in each cycle and take four.
static constexpr int64_t accumulatorsInFlight = 8;
/// The panel of the right operand is read again for each tile. It comes from
/// the second-level cache, fast enough for the arithmetic: the longer a sum is,
/// the more seldom is the result read and written.
static constexpr int64_t panelBytes = 128 << 10;
/// Of a packed row; with both operands' panels a block takes most of 1 MB.
static constexpr int64_t maxDepthBytes = 2048;
static constexpr int64_t maxBlockRows = 192, maxBlockColumns = 256;
/// Below this many multiplications nothing is gained by threads.
static constexpr int64_t minParallelWork = 1 << 19;
/// An operand that fits into half of the first-level cache is not packed.
static constexpr int64_t maxDirectBytes = 16 << 10;
/// A right operand that would have to be transposed for so few rows is read
/// along the depth, if the sums are as long as that for each of them: it takes
/// time to add the lanes.
static constexpr int64_t maxRowsAlongDepth = 8, minDepthForRow = 32;

/// Cuts `size` into equal blocks of at most `maximum`, in multiples of `unit`.
static int64_t balance(int64_t size, int64_t maximum, int64_t unit) {
  maximum = std::max(maximum / unit, int64_t(1)) * unit;
  if (ShapedType::isDynamic(size))
    return maximum;
  int64_t blocks = std::max(llvm::divideCeil(size, maximum), uint64_t(1));
  return std::max(int64_t(llvm::alignTo(llvm::divideCeil(size, blocks), unit)),
                  unit);
}

/// The tile that takes the fewest cycles for an m x n result, edges included.
void ContractionEmitter::chooseTile(int64_t resultRows, int64_t resultColumns,
                                    int64_t registers) {
  constexpr int64_t large = 1 << 12;
  auto orLarge = [](int64_t size) {
    return ShapedType::isDynamic(size) ? large : std::max(size, int64_t(1));
  };
  resultRows = orLarge(resultRows);
  resultColumns = orLarge(resultColumns);
  double best = std::numeric_limits<double>::max();
  for (int64_t vectors = 1; vectors <= 8; ++vectors) {
    // The accumulators, a row of the right operand and one broadcast.
    int64_t maxRows = (registers - 1 - vectors) / vectors;
    for (int64_t rows = 1; rows <= maxRows; ++rows) {
      double tiles =
          double(llvm::divideCeil(resultRows, rows)) *
          double(llvm::divideCeil(resultColumns, vectors * tiling.lanes));
      // Loads beside the arithmetic are cheap, not free.
      double cycles =
          std::max({rows * vectors, rows + vectors, accumulatorsInFlight}) +
          0.1 * double(rows + vectors);
      if (tiles * cycles < best) {
        best = tiles * cycles;
        tiling.rows = rows;
        tiling.vectors = vectors;
      }
    }
  }
}

/// Whether the right operand would be transposed for little.
bool ContractionEmitter::prefersDepth() const {
  int64_t rows = m ? getStaticSize(m) : 1, depth = getStaticSize(k);
  return left.isContiguous(k) && right.isContiguous(k) &&
         !right.isContiguous(n) && dims.m.empty() &&
         !ShapedType::isDynamic(rows) && rows <= maxRowsAlongDepth &&
         (ShapedType::isDynamic(depth) || depth >= rows * minDepthForRow);
}

/// A tile has a vector of columns.
void ContractionEmitter::chooseDepthTiling(int64_t registers) {
  constexpr int64_t maxRows = 3, maxDepth = 1 << 13, maxColumns = 64;
  int64_t rows = m ? std::max(getStaticSize(m), int64_t(1)) : 1;
  tiling.vectors = 1;
  tiling.rows = llvm::divideCeil(rows, llvm::divideCeil(rows, maxRows));
  tiling.columnsAtOnce = std::min(tiling.lanes, registers / 4);
  tiling.depth = balance(getStaticSize(k), maxDepth, tiling.lanes);
  tiling.blockRows = balance(rows, maxBlockRows, tiling.rows);
  tiling.blockColumns = balance(getStaticSize(n), maxColumns, tiling.lanes);
  packsLeft = packsRight = false;
}

void ContractionEmitter::chooseTiling(int64_t vectorBits) {
  int64_t bytes = sumType.getIntOrFloatBitWidth() / 8;
  int64_t rows = m ? getStaticSize(m) : 1, columns = getStaticSize(n),
          depth = getStaticSize(k);
  tiling.lanes = std::max<int64_t>(vectorBits / 8 / bytes, 2);
  int64_t registers = vectorBits >= 512 ? 32 : 16;
  chooseTile(rows, columns, registers);
  int64_t depthThatFits =
      std::min(panelBytes / tiling.getColumns(), maxDepthBytes) / bytes;
  depth = chooseInnerDepth(depth, depthThatFits);
  tiling.depth = balance(depth, depthThatFits, tiling.lanes);
  tiling.blockRows = balance(rows, maxBlockRows, tiling.rows);
  tiling.blockColumns = balance(columns, maxBlockColumns, tiling.getColumns());

  auto known = [](int64_t size) { return !ShapedType::isDynamic(size); };
  int64_t work = 1;
  for (unsigned dim = 0, e = op.getNumLoops(); dim != e; ++dim)
    work = known(getStaticSize(dim)) && work < minParallelWork
               ? work * getStaticSize(dim)
               : minParallelWork;
  isParallel = work >= minParallelWork;
  isAlongDepth = prefersDepth();
  if (isAlongDepth) {
    chooseDepthTiling(registers);
    return;
  }

  chooseBlocksForThreads();

  // A panel that is read once or twice is not worth a copy, nor is one that
  // would be the same again.
  auto isSmall = [&](const Operand &operand) {
    return operand.getType().hasStaticShape() &&
           operand.getType().getNumElements() * bytes <= maxDirectBytes;
  };
  auto isNarrow = [&](const Operand &operand) {
    return operand.getType().getElementType() != sumType;
  };
  packsLeft = isNarrow(left) || !innerDepth.empty() ||
              !(isSmall(left) ||
                (known(columns) && columns <= 2 * tiling.getColumns()));
  packsRight = isNarrow(right) || !innerDepth.empty() ||
               !right.isContiguous(n) ||
               !(isSmall(right) || (known(rows) && rows <= 2 * tiling.rows) ||
                 (known(columns) && columns <= tiling.getColumns()));
  int64_t run = getStaticSize(k);
  leftByRows = !left.isContiguous(m) ||
               (left.isContiguous(k) && (!known(run) || run >= tiling.lanes));
}

/// Rows are in smaller blocks where there are few blocks for threads.
void ContractionEmitter::chooseBlocksForThreads() {
  constexpr int64_t minBlocks = 4;
  int64_t rows = m ? getStaticSize(m) : 1, columns = getStaticSize(n);
  if (!isParallel || ShapedType::isDynamic(rows) ||
      ShapedType::isDynamic(columns))
    return;
  int64_t others = llvm::divideCeil(columns, tiling.blockColumns);
  for (ArrayRef<unsigned> outer : {dims.batch, dims.m, dims.n})
    for (unsigned dim : outer) {
      if (ShapedType::isDynamic(getStaticSize(dim)))
        return;
      others *= std::max(getStaticSize(dim), int64_t(1));
    }
  int64_t rowBlocks = llvm::divideCeil(minBlocks, std::max(others, int64_t(1)));
  tiling.blockRows =
      std::min(tiling.blockRows,
               balance(rows, llvm::divideCeil(rows, rowBlocks), tiling.rows));
}

/// A filter of few channels sums over little in each of its loops, together
/// they are worth a tile. Returns the depth of all.
int64_t ContractionEmitter::chooseInnerDepth(int64_t depth, int64_t maximum) {
  constexpr int64_t enough = 64;
  while (!dims.k.empty() && !ShapedType::isDynamic(depth) && depth < enough) {
    int64_t size = getStaticSize(dims.k.back());
    if (ShapedType::isDynamic(size) || depth * size > maximum)
      break;
    depth *= size;
    innerDepth.insert(innerDepth.begin(), dims.k.pop_back_val());
  }
  return depth;
}

/// A convolution's rows are short. Unless they are needed to keep threads busy,
/// several make up a block.
void ContractionEmitter::chooseInnerRows() {
  constexpr int64_t minBlocks = 8;
  if (!packsRight || out.getType().getElementType() != sumType)
    return;
  int64_t blocks = 1;
  for (ArrayRef<unsigned> outer : {dims.batch, dims.m, dims.n})
    for (unsigned dim : outer) {
      if (ShapedType::isDynamic(getStaticSize(dim)))
        return;
      blocks *= std::max(getStaticSize(dim), int64_t(1));
    }
  int64_t rows = tiling.blockRows;
  while (!dims.m.empty() && rows < maxBlockRows) {
    int64_t size = std::max(getStaticSize(dims.m.back()), int64_t(1));
    if (blocks / size < minBlocks && isParallel)
      return;
    blocks /= size;
    rows *= size;
    innerRows.insert(innerRows.begin(), dims.m.pop_back_val());
  }
}
