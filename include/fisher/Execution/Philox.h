//===- Philox.h - Counter-based random numbers ------------------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Philox 4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy
// as 1, 2, 3; 2011). A number depends only on the seed and on what it is for,
// so that nothing drawn elsewhere changes it.
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_EXECUTION_PHILOX_H
#define FISHER_EXECUTION_PHILOX_H

#include "fisher/Execution/Array.h"

#include <array>

namespace mlir::fisher {

/// The block of four random words at `counter` of the generator with `key`.
std::array<uint32_t, 4> philox(std::array<uint32_t, 4> counter,
                               std::array<uint32_t, 2> key);

/// What random numbers are drawn for.
enum class RandomUse : uint8_t { Initialize, Shuffle, Noise, Evaluate };

/// An endless sequence of random words that is identified by the seed, its
/// use, a name and a step. Words are drawn in any order.
class RandomSequence {
public:
  RandomSequence(uint64_t seed, RandomUse use, StringRef name, uint64_t step);

  /// 64 random bits.
  uint64_t getBits(uint64_t index) const;
  /// A number in [0, 1) that is a multiple of 2^-precision.
  double getUniform(uint64_t index, unsigned precision = 53) const;

private:
  std::array<uint32_t, 2> key;
  std::array<uint32_t, 4> counter;
};

/// Fills a floating-point array with numbers that are uniform in [0, 1).
void fillUniform(Array &array, const RandomSequence &sequence);
/// Fills a floating-point array with normal numbers of mean 0 and the given
/// standard deviation, by the method of Box and Muller.
void fillNormal(Array &array, const RandomSequence &sequence,
                double deviation = 1);

} // namespace mlir::fisher

#endif // FISHER_EXECUTION_PHILOX_H
