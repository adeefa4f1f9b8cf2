//===- TileMultiplier.h - Products of pieces -------------------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_PIPELINES_GPU_TILEMULTIPLIER_H
#define FISHER_LIB_PIPELINES_GPU_TILEMULTIPLIER_H

#include "TileLoader.h"

namespace mlir::fisher::tiles {

/// Threads that run together on NVIDIA's devices.
inline constexpr int64_t warpSize = 32;

/// A block's tile of the result, how deep a step is, and what of the tile one
/// thread computes or, with tensor cores, one warp.
struct Tiling {
  int64_t rows, columns, depth, partRows, partColumns;

  int64_t getNumParts() const {
    return rows / partRows * (columns / partColumns);
  }
};

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

/// Each thread multiplies numbers of a type in its registers.
std::unique_ptr<Multiplier>
makeThreadMultiplier(Kernel &kernel, const Tiling &tiling, Type type);
/// Warps multiply bf16 or f16 by NVIDIA's tensor cores, with sums in f32.
std::unique_ptr<Multiplier>
makeWarpMultiplier(Kernel &kernel, const Tiling &tiling, Type operandType);

} // namespace mlir::fisher::tiles

#endif // FISHER_LIB_PIPELINES_GPU_TILEMULTIPLIER_H
