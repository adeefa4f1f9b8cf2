//===- Philox.cpp - Counter-based random numbers --------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Execution/Philox.h"

#include "llvm/Support/MathExtras.h"
#include "llvm/Support/xxhash.h"

#include <cmath>

using namespace mlir;
using namespace mlir::fisher;

std::array<uint32_t, 4> fisher::philox(std::array<uint32_t, 4> counter,
                                       std::array<uint32_t, 2> key) {
  constexpr unsigned rounds = 10;
  constexpr uint64_t multipliers[] = {0xD2511F53, 0xCD9E8D57};
  // The golden ratio and sqrt(3) - 1.
  constexpr uint32_t increments[] = {0x9E3779B9, 0xBB67AE85};
  for (unsigned round = 0; round < rounds; ++round) {
    uint64_t a = multipliers[0] * counter[0];
    uint64_t b = multipliers[1] * counter[2];
    counter = {llvm::Hi_32(b) ^ counter[1] ^ key[0], llvm::Lo_32(b),
               llvm::Hi_32(a) ^ counter[3] ^ key[1], llvm::Lo_32(a)};
    key[0] += increments[0];
    key[1] += increments[1];
  }
  return counter;
}

// The words of the counter: block, name, low and high half of the step, with
// the use in the topmost byte.
RandomSequence::RandomSequence(uint64_t seed, RandomUse use, StringRef name,
                               uint64_t step)
    : key{llvm::Lo_32(seed), llvm::Hi_32(seed)},
      counter{0, llvm::Lo_32(llvm::xxh3_64bits(name)), llvm::Lo_32(step),
              llvm::Hi_32(step) | static_cast<uint32_t>(use) << 24} {}

uint64_t RandomSequence::getBits(uint64_t index) const {
  std::array<uint32_t, 4> position = counter;
  position[0] = static_cast<uint32_t>(index / 2);
  std::array<uint32_t, 4> block = philox(position, key);
  return index % 2 ? llvm::Make_64(block[3], block[2])
                   : llvm::Make_64(block[1], block[0]);
}

double RandomSequence::getUniform(uint64_t index, unsigned precision) const {
  return std::ldexp(static_cast<double>(getBits(index) >> (64 - precision)),
                    -static_cast<int>(precision));
}

void fisher::fillUniform(Array &array, const RandomSequence &sequence) {
  // More digits than the type has would round some numbers up to 1.
  unsigned precision = getPrecision(array.getKind());
  for (int64_t i = 0, e = array.getNumElements(); i < e; ++i)
    array.set(i, sequence.getUniform(i, precision));
}

void fisher::fillNormal(Array &array, const RandomSequence &sequence,
                        double deviation) {
  for (int64_t i = 0, e = array.getNumElements(); i < e; i += 2) {
    // 1 - u is in (0, 1], where the logarithm is finite.
    double radius =
        deviation * std::sqrt(-2 * std::log(1 - sequence.getUniform(i)));
    double angle = 2 * llvm::numbers::pi * sequence.getUniform(i + 1);
    array.set(i, radius * std::cos(angle));
    if (i + 1 < e)
      array.set(i + 1, radius * std::sin(angle));
  }
}
