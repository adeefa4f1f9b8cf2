//===- NpyHeaderTest.cpp - Headers of .npy files --------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Execution/NpyHeader.h"

#include "gtest/gtest.h"

using namespace mlir;
using namespace mlir::fisher;

/// A header of format version 1 with this dictionary.
static std::string makeHeader(StringRef dictionary) {
  std::string header("\x93NUMPY\1\0", 8);
  header += static_cast<char>(dictionary.size());
  header += '\0';
  return header + dictionary.str();
}

static std::string getError(StringRef bytes) {
  llvm::Expected<NpyHeader> header = parseNpyHeader(bytes);
  return header ? "" : llvm::toString(header.takeError());
}

TEST(NpyHeaderTest, ReadsWhatItWrites) {
  for (ElementKind kind :
       {ElementKind::Bool, ElementKind::Int8, ElementKind::Int16,
        ElementKind::Int32, ElementKind::Int64, ElementKind::UInt8,
        ElementKind::UInt16, ElementKind::UInt32, ElementKind::UInt64,
        ElementKind::BFloat16, ElementKind::Float16, ElementKind::Float32,
        ElementKind::Float64}) {
    for (const std::vector<int64_t> &shape :
         std::vector<std::vector<int64_t>>{{}, {5}, {2, 0}, {2, 3, 4}}) {
      std::string text = formatNpyHeader(Array(kind, shape));
      EXPECT_EQ(text.size() % 64, 0u);
      llvm::Expected<NpyHeader> header = parseNpyHeader(text);
      ASSERT_TRUE(static_cast<bool>(header));
      EXPECT_EQ(header->kind, kind);
      EXPECT_EQ(ArrayRef<int64_t>(header->shape), ArrayRef(shape));
      EXPECT_FALSE(header->fortranOrder);
      EXPECT_EQ(header->dataOffset, text.size());
    }
  }
}

TEST(NpyHeaderTest, ReadsAnyOrderAndSpacing) {
  llvm::Expected<NpyHeader> header = parseNpyHeader(makeHeader(
      "{ \"shape\":(2L ,3),'fortran_order' : True, 'descr': '>i2' }  \n"));
  ASSERT_TRUE(static_cast<bool>(header));
  EXPECT_EQ(header->kind, ElementKind::Int16);
  EXPECT_TRUE(header->fortranOrder);
  EXPECT_FALSE(header->littleEndian);
  EXPECT_EQ(header->shape.size(), 2u);
}

TEST(NpyHeaderTest, ReadsTheLayoutOfBFloat16) {
  for (StringRef description : {"<V2", "|V2", "bfloat16"}) {
    std::string text = "{'descr': '" + description.str() +
                       "', 'fortran_order': False, 'shape': (2,)}";
    llvm::Expected<NpyHeader> header = parseNpyHeader(makeHeader(text));
    ASSERT_TRUE(static_cast<bool>(header));
    EXPECT_EQ(header->kind, ElementKind::BFloat16);
  }
}

TEST(NpyHeaderTest, TellsWhereItIsWrong) {
  EXPECT_EQ(getError("PK"), "no .npy header (\\x93NUMPY) at offset 0");
  EXPECT_EQ(getError(StringRef("\x93NUMPY\1", 7)),
            "header cut off at offset 7");
  EXPECT_EQ(getError(StringRef("\x93NUMPY\4\0\0\0", 10)),
            "version 4 of the .npy format at offset 6; versions 1 to 3 are "
            "read");
  EXPECT_EQ(getError(makeHeader("{}").substr(0, 11)),
            "header cut off at offset 11");
  EXPECT_EQ(getError(makeHeader("{}")),
            "header without descr, fortran_order or shape in the dictionary at "
            "offset 10");
  EXPECT_EQ(getError(makeHeader("{'descr' '<f4'}")),
            "expected ':' in the header at offset 19");
  EXPECT_EQ(getError(makeHeader("{'shape': (1, -2)}")),
            "expected a size in the shape at offset 24");
  EXPECT_EQ(getError(makeHeader("{'shape': (4611686018427387904, 4)}")),
            "shape with too many elements at offset 20");
  EXPECT_EQ(getError(makeHeader("{'a': 1}")),
            "unexpected key 'a' in the header at offset 11");
  EXPECT_EQ(getError(makeHeader("{'fortran_order': 1}")),
            "expected True or False in the header at offset 28");
  EXPECT_EQ(getError(makeHeader("{'descr': '<f4}")),
            "unterminated string in the header at offset 20");
}

TEST(NpyHeaderTest, RefusesOtherElementTypes) {
  for (StringRef description :
       {"|O", "<U5", "|S3", "<c8", "<M8[ns]", "<f16", "<V4", "", "f4"}) {
    std::string error =
        getError(makeHeader("{'descr': '" + description.str() + "'}"));
    EXPECT_NE(error.find("element type '" + description.str() + "'"),
              std::string::npos)
        << error;
    EXPECT_NE(error.find("at offset 20"), std::string::npos) << error;
  }
  EXPECT_NE(getError(makeHeader("{'descr': [('x', '<f4')]}"))
                .find("structured element type"),
            std::string::npos);
}
