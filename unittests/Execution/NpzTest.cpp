//===- NpzTest.cpp - Archives of arrays -----------------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Execution/Npz.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "gtest/gtest.h"

#include <cstring>

using namespace mlir;
using namespace mlir::fisher;

namespace {
/// A folder of its own for each test.
class NpzTest : public ::testing::Test {
protected:
  void SetUp() override {
    ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("npz", folder));
  }
  void TearDown() override { (void)llvm::sys::fs::remove_directories(folder); }

  std::string getPath(StringRef name) const {
    llvm::SmallString<128> path(folder);
    llvm::sys::path::append(path, name);
    return std::string(path);
  }
  unsigned countFiles() const {
    std::error_code code;
    unsigned count = 0;
    for (llvm::sys::fs::directory_iterator it(folder, code), end; it != end;
         it.increment(code))
      ++count;
    return count;
  }

  llvm::SmallString<128> folder;
};
} // namespace

static std::string readBytes(StringRef path) {
  auto buffer = llvm::MemoryBuffer::getFile(path);
  return buffer ? (*buffer)->getBuffer().str() : "";
}

static void writeBytes(StringRef path, StringRef bytes) {
  std::error_code code;
  llvm::raw_fd_ostream os(path, code);
  os << bytes;
}

static Array makeCounting(ElementKind kind, ArrayRef<int64_t> shape) {
  Array array(kind, shape);
  for (int64_t i = 0; i < array.getNumElements(); ++i)
    array.set(i, i);
  return array;
}

TEST_F(NpzTest, ReadsWhatItWrites) {
  NamedArrays arrays = {
      {"weights.mu", makeCounting(ElementKind::Float32, {2, 3})},
      {"scalar", makeCounting(ElementKind::Float64, {})},
      {"empty", makeCounting(ElementKind::Int8, {0, 4})},
      {"small", makeCounting(ElementKind::BFloat16, {7})}};
  std::string path = getPath("a.npz");
  ASSERT_FALSE(static_cast<bool>(writeNpz(path, arrays)));
  EXPECT_EQ(countFiles(), 1u);
  llvm::Expected<NpzReader> reader = NpzReader::open(path);
  ASSERT_TRUE(static_cast<bool>(reader));
  EXPECT_EQ(reader->getNames().size(), arrays.size());
  for (const auto &[name, expected] : arrays) {
    ASSERT_TRUE(reader->contains(name));
    llvm::Expected<Array> array = reader->read(name);
    ASSERT_TRUE(static_cast<bool>(array));
    EXPECT_EQ(array->describe(), expected.describe());
    EXPECT_EQ(std::memcmp(array->getData(), expected.getData(),
                          expected.getByteSize()),
              0);
  }
}

TEST_F(NpzTest, EqualArraysGiveEqualBytes) {
  NamedArrays arrays = {{"x", makeCounting(ElementKind::Float32, {5})}};
  ASSERT_FALSE(static_cast<bool>(writeNpz(getPath("a.npz"), arrays)));
  ASSERT_FALSE(static_cast<bool>(writeNpz(getPath("b.npz"), arrays)));
  EXPECT_EQ(readBytes(getPath("a.npz")), readBytes(getPath("b.npz")));
}

TEST_F(NpzTest, ReplacesWhatWasThere) {
  std::string path = getPath("a.npz");
  writeBytes(path, "something else");
  ASSERT_FALSE(static_cast<bool>(
      writeNpz(path, {{"x", makeCounting(ElementKind::Float32, {5})}})));
  llvm::Expected<NpzReader> reader = NpzReader::open(path);
  ASSERT_TRUE(static_cast<bool>(reader));
  EXPECT_EQ(reader->getNames(), std::vector<std::string>{"x"});
}

TEST_F(NpzTest, LeavesNothingWhereItCannotWrite) {
  llvm::Error err = writeNpz(getPath("no/a.npz"),
                             {{"x", makeCounting(ElementKind::Float32, {5})}});
  ASSERT_TRUE(static_cast<bool>(err));
  EXPECT_NE(llvm::toString(std::move(err)).find("a.npz"), std::string::npos);
  EXPECT_EQ(countFiles(), 0u);
}

TEST_F(NpzTest, NoticesChangedBytes) {
  std::string path = getPath("a.npz");
  ASSERT_FALSE(static_cast<bool>(
      writeNpz(path, {{"x", makeCounting(ElementKind::Float32, {64})}})));
  std::string bytes = readBytes(path);
  bytes[300] ^= 1;
  writeBytes(path, bytes);
  llvm::Expected<NpzReader> reader = NpzReader::open(path);
  ASSERT_TRUE(static_cast<bool>(reader));
  llvm::Expected<Array> array = reader->read("x");
  ASSERT_FALSE(static_cast<bool>(array));
  EXPECT_NE(llvm::toString(array.takeError()).find("CRC error"),
            std::string::npos);
}

TEST_F(NpzTest, RefusesACutFile) {
  std::string path = getPath("a.npz");
  ASSERT_FALSE(static_cast<bool>(
      writeNpz(path, {{"x", makeCounting(ElementKind::Float32, {64})}})));
  std::string bytes = readBytes(path);
  for (size_t size :
       {size_t(0), size_t(10), bytes.size() / 2, bytes.size() - 1}) {
    writeBytes(path, StringRef(bytes).take_front(size));
    llvm::Expected<NpzReader> reader = NpzReader::open(path);
    ASSERT_FALSE(static_cast<bool>(reader)) << size;
    EXPECT_NE(llvm::toString(reader.takeError()).find("cut off"),
              std::string::npos);
  }
}
