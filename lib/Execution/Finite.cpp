//===- Finite.cpp - Numbers that are not finite ---------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Execution/Finite.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Sequence.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <cmath>

using namespace mlir;
using namespace mlir::fisher;

/// Whether no element has all bits of the exponent set. Blocks without a branch
/// in them become vector instructions.
template <typename T>
static bool isFinite(const T *bits, int64_t count, T exponent) {
  constexpr int64_t block = 4096;
  for (int64_t first = 0; first < count; first += block) {
    T found = 0;
    int64_t end = std::min(count, first + block);
    for (int64_t i = first; i < end; ++i)
      found |= (bits[i] & exponent) == exponent;
    if (found)
      return false;
  }
  return true;
}

/// The elements from `first` on.
static bool isFinite(const Array &array, int64_t first, int64_t count) {
  switch (array.getKind()) {
  case ElementKind::BFloat16:
    return ::isFinite<uint16_t>(array.getDataAs<uint16_t>() + first, count,
                                0x7f80);
  case ElementKind::Float16:
    return ::isFinite<uint16_t>(array.getDataAs<uint16_t>() + first, count,
                                0x7c00);
  case ElementKind::Float32:
    return ::isFinite<uint32_t>(array.getDataAs<uint32_t>() + first, count,
                                0x7f800000);
  case ElementKind::Float64:
    return ::isFinite<uint64_t>(array.getDataAs<uint64_t>() + first, count,
                                0x7ff0000000000000);
  default:
    return true;
  }
}

bool fisher::isFinite(const Array &array) {
  return ::isFinite(array, 0, array.getNumElements());
}

StringRef fisher::getNonFiniteName(double number) {
  if (std::isnan(number))
    return "nan";
  return number > 0 ? "inf" : "-inf";
}

static void printIndex(ArrayRef<int64_t> shape, int64_t position,
                       raw_ostream &os) {
  SmallVector<int64_t> index;
  for (int64_t size : llvm::reverse(shape)) {
    index.push_back(position % size);
    position /= size;
  }
  os << '[';
  llvm::interleaveComma(llvm::reverse(index), os);
  os << ']';
}

std::optional<std::string>
fisher::describeNonFinite(const Array &array,
                          std::optional<ArrayRef<int64_t>> rows) {
  if (!isFloat(array.getKind()) || array.getNumElements() == 0)
    return std::nullopt;
  int64_t rowSize = array.getNumElements();
  if (rows)
    rowSize /= array.getShape().front();
  SmallVector<int64_t> sorted =
      rows ? SmallVector<int64_t>(*rows) : SmallVector<int64_t>{0};
  llvm::sort(sorted);
  std::optional<int64_t> first;
  int64_t count = 0;
  for (int64_t row : sorted) {
    int64_t begin = row * rowSize;
    if (::isFinite(array, begin, rowSize))
      continue;
    for (int64_t i = begin, e = begin + rowSize; i != e; ++i) {
      if (std::isfinite(array.get(i)))
        continue;
      ++count;
      if (!first)
        first = i;
    }
  }
  if (!first)
    return std::nullopt;
  std::string text;
  llvm::raw_string_ostream os(text);
  os << getNonFiniteName(array.get(*first));
  if (array.getRank() > 0) {
    os << " at ";
    printIndex(array.getShape(), *first, os);
  }
  if (count > 1)
    os << ", and " << count - 1 << " more of "
       << static_cast<int64_t>(sorted.size()) * rowSize << " elements";
  return text;
}
