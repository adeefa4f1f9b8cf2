//===- ByteSource.h - Choices made by bytes ---------------------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// What the fuzzer gives is a row of choices: a byte each, or eight for a
// number. After the last one every choice is the first, so that shorter inputs
// make simpler modules.
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_FUZZ_BYTESOURCE_H
#define FISHER_FUZZ_BYTESOURCE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <cassert>
#include <cstdint>

namespace mlir::fisher::fuzz {

class ByteSource {
public:
  explicit ByteSource(llvm::ArrayRef<uint8_t> bytes) : bytes(bytes) {}

  bool isEmpty() const { return bytes.empty(); }

  uint8_t takeByte() {
    if (bytes.empty())
      return 0;
    uint8_t byte = bytes.front();
    bytes = bytes.drop_front();
    return byte;
  }

  /// A number below `count`, which is at most 256.
  unsigned pick(unsigned count) {
    assert(count > 0 && count <= 256);
    return count == 1 ? 0 : takeByte() % count;
  }

  template <typename T>
  const T &pickOf(llvm::ArrayRef<T> list) {
    return list[pick(list.size())];
  }
  const char *pickOf(std::initializer_list<const char *> list) {
    return list.begin()[pick(list.size())];
  }

  /// True once in `times`.
  bool once(unsigned times) { return pick(times) == times - 1; }

private:
  llvm::ArrayRef<uint8_t> bytes;
};

} // namespace mlir::fisher::fuzz

#endif // FISHER_FUZZ_BYTESOURCE_H
