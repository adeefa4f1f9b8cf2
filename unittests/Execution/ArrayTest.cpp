//===- ArrayTest.cpp - Arrays ---------------------------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Execution/Array.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/MLIRContext.h"
#include "gtest/gtest.h"

#include <algorithm>
#include <limits>

using namespace mlir;
using namespace mlir::fisher;

static const ElementKind allKinds[] = {
    ElementKind::Bool,     ElementKind::Int8,    ElementKind::Int16,
    ElementKind::Int32,    ElementKind::Int64,   ElementKind::UInt8,
    ElementKind::UInt16,   ElementKind::UInt32,  ElementKind::UInt64,
    ElementKind::BFloat16, ElementKind::Float16, ElementKind::Float32,
    ElementKind::Float64};

TEST(ArrayTest, HoldsEveryKind) {
  for (ElementKind kind : allKinds) {
    Array array(kind, {2, 3});
    EXPECT_EQ(array.getByteSize(), 6 * getByteSize(kind));
    array.set(5, 1);
    EXPECT_EQ(array.get(4), 0) << getName(kind).str();
    EXPECT_EQ(array.get(5), 1) << getName(kind).str();
  }
}

TEST(ArrayTest, RoundsToNearestEven) {
  Array array(ElementKind::BFloat16, {3});
  // Halfway between the neighbours 1 and 1 + 2^-7, and these and the next.
  array.set(0, 1 + 0x1p-8);
  array.set(1, 1 + 0x1.8p-7);
  array.set(2, std::numeric_limits<double>::infinity());
  EXPECT_EQ(array.get(0), 1);
  EXPECT_EQ(array.get(1), 1 + 0x1p-6);
  EXPECT_EQ(array.get(2), std::numeric_limits<double>::infinity());
}

TEST(ArrayTest, ScalarsAndEmptyArrays) {
  EXPECT_EQ(Array(ElementKind::Float32, {}).getNumElements(), 1);
  Array empty(ElementKind::Float32, {3, 0, 5});
  EXPECT_EQ(empty.getNumElements(), 0);
  EXPECT_EQ(empty.describe(), "float32[3,0,5]");
  EXPECT_EQ(empty.clone().getNumElements(), 0);
}

TEST(ArrayTest, StartsAtALineOfTheCache) {
  for (int64_t size : {0, 1, 7, 100, 1000000}) {
    Array array(ElementKind::BFloat16, {size});
    EXPECT_EQ(reinterpret_cast<uintptr_t>(array.getData()) % 64, 0u);
    EXPECT_TRUE(std::all_of(array.getData(),
                            array.getData() + array.getByteSize(),
                            [](char byte) { return byte == 0; }));
  }
}

TEST(ArrayTest, CopiesShareAndClonesDoNot) {
  Array array(ElementKind::Int32, {2});
  Array shared = array, cloned = array.clone();
  array.set(0, 7);
  EXPECT_EQ(shared.get(0), 7);
  EXPECT_EQ(cloned.get(0), 0);
}

TEST(ArrayTest, CountsElements) {
  EXPECT_EQ(getNumElements({2, 3}), 6);
  EXPECT_EQ(getNumElements({}), 1);
  EXPECT_EQ(getNumElements({int64_t(1) << 62, 4}), std::nullopt);
  EXPECT_EQ(getNumElements({int64_t(1) << 62, 4, 0}), 0);
}

TEST(ArrayTest, SignlessTypesTakeBothSigns) {
  MLIRContext context;
  Builder builder(&context);
  EXPECT_TRUE(isCompatible(ElementKind::UInt8, builder.getI8Type()));
  EXPECT_TRUE(isCompatible(ElementKind::Int8, builder.getI8Type()));
  EXPECT_TRUE(isCompatible(ElementKind::Bool, builder.getI1Type()));
  EXPECT_FALSE(isCompatible(ElementKind::Bool, builder.getI8Type()));
  EXPECT_FALSE(isCompatible(ElementKind::Int8, builder.getI1Type()));
  EXPECT_FALSE(isCompatible(ElementKind::Int32, builder.getF32Type()));
  EXPECT_FALSE(isCompatible(ElementKind::Float16, builder.getBF16Type()));
  Type isUnsigned = builder.getIntegerType(8, /*isSigned=*/false);
  EXPECT_FALSE(isCompatible(ElementKind::Int8, isUnsigned));
  EXPECT_EQ(getElementKind(builder.getIntegerType(4)), std::nullopt);
}
