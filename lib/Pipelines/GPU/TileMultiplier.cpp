//===- TileMultiplier.cpp - Products of pieces ----------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TileMultiplier.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::fisher;
using namespace mlir::fisher::tiles;

namespace {
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

std::unique_ptr<Multiplier>
tiles::makeThreadMultiplier(Kernel &kernel, const Tiling &tiling, Type type) {
  return std::make_unique<ThreadMultiplier>(kernel, tiling, type);
}

std::unique_ptr<Multiplier> tiles::makeWarpMultiplier(Kernel &kernel,
                                                      const Tiling &tiling,
                                                      Type operandType) {
  return std::make_unique<WarpMultiplier>(kernel, tiling, operandType);
}
