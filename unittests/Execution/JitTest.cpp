//===- JitTest.cpp - Compiled functions -----------------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "JitFixture.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace mlir::fisher;

TEST_F(JitTest, DynamicSizes) {
  StringRef text = R"(
    func.func @main(%a: tensor<?x2xf32>, %b: tensor<?x2xf32>)
        -> tensor<?x2xf32> {
      %0 = arith.addf %a, %b : tensor<?x2xf32>
      return %0 : tensor<?x2xf32>
    })";
  FailureOr<CompiledFunction> function = compile(text);
  ASSERT_TRUE(succeeded(function));
  for (int64_t rows : {0, 1, 3}) {
    Array a(ElementKind::Float32, {rows, 2});
    for (int64_t i = 0; i < a.getNumElements(); ++i)
      a.set(i, i);
    Array sum = (*function)({a, a}).front();
    EXPECT_EQ(sum.getShape(), a.getShape());
    for (int64_t i = 0; i < a.getNumElements(); ++i)
      EXPECT_EQ(sum.get(i), 2 * i);
  }
}

TEST_F(JitTest, RankZero) {
  SmallVector<Array> results = run(R"(
    func.func @main(%a: tensor<f64>) -> tensor<f64> {
      %0 = arith.mulf %a, %a : tensor<f64>
      return %0 : tensor<f64>
    })",
                                   {makeArray(ElementKind::Float64, {}, {3})});
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(getNumbers(results[0]), Numbers{9});
}

TEST_F(JitTest, EveryElementType) {
  struct Case {
    StringRef type, op;
    ElementKind kind;
  };
  for (Case c : {Case{"i8", "addi", ElementKind::Int8},
                 Case{"i16", "addi", ElementKind::UInt16},
                 Case{"i32", "addi", ElementKind::Int32},
                 Case{"i64", "addi", ElementKind::Int64},
                 Case{"index", "addi", ElementKind::Int64},
                 Case{"bf16", "addf", ElementKind::BFloat16},
                 Case{"f16", "addf", ElementKind::Float16},
                 Case{"f32", "addf", ElementKind::Float32},
                 Case{"f64", "addf", ElementKind::Float64}}) {
    std::string tensor = "tensor<3x" + c.type.str() + ">";
    std::string text = "func.func @main(%a: " + tensor + ") -> " + tensor +
                       " {\n%0 = arith." + c.op.str() + " %a, %a : " + tensor +
                       "\nreturn %0 : " + tensor + "\n}";
    SmallVector<Array> results =
        run(text, {makeArray(c.kind, {3}, {1, 2, 50})});
    ASSERT_EQ(results.size(), 1u) << c.type.str();
    EXPECT_EQ(getNumbers(results[0]), (Numbers{2, 4, 100})) << c.type.str();
  }
}

TEST_F(JitTest, TruthValues) {
  SmallVector<Array> results = run(
      R"(
    func.func @main(%a: tensor<4xi1>, %b: tensor<4xf32>)
        -> (tensor<4xi1>, tensor<4xi1>) {
      %0 = arith.cmpf olt, %b, %b : tensor<4xf32>
      %1 = arith.xori %a, %0 : tensor<4xi1>
      return %0, %1 : tensor<4xi1>, tensor<4xi1>
    })",
      {makeArray(ElementKind::Bool, {4}, {1, 0, 0, 1}),
       makeArray(ElementKind::Float32, {4}, {1, 2, 3, 4})});
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(getNumbers(results[0]), (Numbers{0, 0, 0, 0}));
  EXPECT_EQ(getNumbers(results[1]), (Numbers{1, 0, 0, 1}));
}

TEST_F(JitTest, ScalarsBesideTensors) {
  SmallVector<Array> results = run(
      R"(
    func.func @main(%flag: i1, %n: i32, %t: tensor<2xf32>, %x: f64)
        -> (i1, tensor<2xf32>, i32, f64) {
      %0 = arith.addi %n, %n : i32
      %1 = arith.addf %x, %x : f64
      return %flag, %t, %0, %1 : i1, tensor<2xf32>, i32, f64
    })",
      {makeArray(ElementKind::Bool, {}, {1}),
       makeArray(ElementKind::Int32, {}, {21}),
       makeArray(ElementKind::Float32, {2}, {5, 6}),
       makeArray(ElementKind::Float64, {}, {0.5})});
  ASSERT_EQ(results.size(), 4u);
  EXPECT_EQ(getNumbers(results[0]), Numbers{1});
  EXPECT_EQ(getNumbers(results[1]), (Numbers{5, 6}));
  EXPECT_EQ(getNumbers(results[2]), Numbers{42});
  EXPECT_EQ(getNumbers(results[3]), Numbers{1});
}

TEST_F(JitTest, ASingleScalar) {
  SmallVector<Array> results = run(R"(
    func.func @main(%x: f32) -> f32 {
      %0 = arith.negf %x : f32
      return %0 : f32
    })",
                                   {makeArray(ElementKind::Float32, {}, {2})});
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(getNumbers(results[0]), Numbers{-2});
}

TEST_F(JitTest, NoResults) {
  EXPECT_TRUE(run("func.func @main() { return }", {}).empty());
}

TEST_F(JitTest, ArgumentsAreOnlyRead) {
  // An operation that could be done in the argument's memory.
  Array a = makeArray(ElementKind::Float32, {2}, {1, 2});
  SmallVector<Array> results =
      run(R"(
    func.func @main(%a: tensor<2xf32>, %x: f32) -> tensor<2xf32> {
      %c0 = arith.constant 0 : index
      %0 = tensor.insert %x into %a[%c0] : tensor<2xf32>
      return %0 : tensor<2xf32>
    })",
          {a, makeArray(ElementKind::Float32, {}, {9})});
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(getNumbers(results[0]), (Numbers{9, 2}));
  EXPECT_EQ(getNumbers(a), (Numbers{1, 2}));
}

TEST_F(JitTest, ResultsOutliveTheFunctionAndMayShareMemory) {
  SmallVector<Array> results =
      run(R"(
    func.func @main(%a: tensor<2xf32>)
        -> (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) {
      %c = arith.constant dense<[7.0, 8.0]> : tensor<2xf32>
      %0 = arith.addf %a, %a : tensor<2xf32>
      return %a, %c, %0, %0
          : tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>
    })",
          {makeArray(ElementKind::Float32, {2}, {1, 2})});
  ASSERT_EQ(results.size(), 4u);
  EXPECT_EQ(getNumbers(results[0]), (Numbers{1, 2}));
  EXPECT_EQ(getNumbers(results[1]), (Numbers{7, 8}));
  EXPECT_EQ(getNumbers(results[2]), (Numbers{2, 4}));
  EXPECT_EQ(getNumbers(results[3]), (Numbers{2, 4}));
}

TEST_F(JitTest, CopiesStridedParts) {
  SmallVector<Array> results =
      run(R"(
    func.func @main(%a: tensor<2x3xf32>) -> tensor<2x2xf32> {
      %0 = tensor.extract_slice %a[0, 1] [2, 2] [1, 1]
          : tensor<2x3xf32> to tensor<2x2xf32>
      return %0 : tensor<2x2xf32>
    })",
          {makeArray(ElementKind::Float32, {2, 3}, {0, 1, 2, 3, 4, 5})});
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(getNumbers(results[0]), (Numbers{1, 2, 4, 5}));
}

TEST_F(JitTest, SmallNumbersKeepTheirDigits) {
  Numbers xs = {1e-30, -1e-12, 1e-5, 0.5, -0.5};
  SmallVector<Array> results = run(R"(
    func.func @main(%a: tensor<5xf64>) -> (tensor<5xf64>, tensor<5xf64>) {
      %0 = math.log1p %a : tensor<5xf64>
      %1 = math.expm1 %a : tensor<5xf64>
      return %0, %1 : tensor<5xf64>, tensor<5xf64>
    })",
                                   {makeArray(ElementKind::Float64, {5}, xs)});
  ASSERT_EQ(results.size(), 2u);
  for (auto [index, x] : llvm::enumerate(xs)) {
    EXPECT_EQ(results[0].get(index), std::log1p(x));
    EXPECT_EQ(results[1].get(index), std::expm1(x));
  }
}

TEST_F(JitTest, BFloat16RoundsToNearestEven) {
  // Halfway cases, the smallest normal and a subnormal number, overflow.
  Numbers xs = {1 + 0x1p-8,
                1 + 0x1.8p-7,
                0x1p-126,
                0x1.02p-128,
                0x1.ffp127,
                std::numeric_limits<double>::infinity(),
                std::numeric_limits<double>::quiet_NaN()};
  SmallVector<Array> results = run(R"(
    func.func @main(%a: tensor<7xf32>) -> tensor<7xbf16> {
      %0 = arith.truncf %a : tensor<7xf32> to tensor<7xbf16>
      return %0 : tensor<7xbf16>
    })",
                                   {makeArray(ElementKind::Float32, {7}, xs)});
  ASSERT_EQ(results.size(), 1u);
  Array expected = makeArray(ElementKind::BFloat16, {7}, xs);
  for (int64_t i = 0; i < 6; ++i)
    EXPECT_EQ(results[0].get(i), expected.get(i)) << i;
  EXPECT_TRUE(std::isnan(results[0].get(6)));
}

TEST_F(JitTest, DoublesRoundToBFloat16Once) {
  // Beside a tie of bf16 by less than f32 can tell, on both sides; ties; beside
  // the largest number; below f32's range; exact, and not finite.
  Numbers xs = {1 + 0x1p-8 + 0x1p-40,
                1 + 0x1p-8 - 0x1p-40,
                -1 - 0x1.8p-7 - 0x1p-50,
                -1 - 0x1.8p-7 + 0x1p-50,
                1 + 0x1p-8,
                1 + 0x1.8p-7,
                0x1.fefffffffp127,
                0x1.ffp127,
                1e300,
                -1e300,
                0x1.01p-133,
                1e-300,
                3.5,
                -0.0,
                std::numeric_limits<double>::infinity(),
                std::numeric_limits<double>::quiet_NaN()};
  SmallVector<Array> results = run(R"(
    func.func @main(%a: tensor<16xf64>) -> tensor<16xbf16> {
      %0 = arith.truncf %a : tensor<16xf64> to tensor<16xbf16>
      return %0 : tensor<16xbf16>
    })",
                                   {makeArray(ElementKind::Float64, {16}, xs)});
  ASSERT_EQ(results.size(), 1u);
  Array expected = makeArray(ElementKind::BFloat16, {16}, xs);
  for (int64_t i = 0; i < 15; ++i)
    EXPECT_EQ(results[0].get(i), expected.get(i)) << xs[i];
  EXPECT_TRUE(std::isnan(results[0].get(15)));
}

TEST_F(JitTest, SmallFloatsComputeInSingle) {
  for (StringRef type : {"bf16", "f16"}) {
    std::string tensor = "tensor<2x" + type.str() + ">";
    std::string text = "func.func @main(%a: " + tensor + ") -> " + tensor +
                       " {\n%0 = math.log1p %a : " + tensor +
                       "\n%1 = arith.divf %0, %a : " + tensor +
                       "\nreturn %1 : " + tensor + "\n}";
    ElementKind kind =
        type == "bf16" ? ElementKind::BFloat16 : ElementKind::Float16;
    SmallVector<Array> results =
        run(text, {makeArray(kind, {2}, {0x1p-12, 1})});
    ASSERT_EQ(results.size(), 1u);
    EXPECT_EQ(results[0].get(0), 1);
    EXPECT_NEAR(results[0].get(1), std::log(2), 4e-3);
  }
}

// Vectors that are not this CPU's are legal too. Sums of small integers are
// exact in any order.
TEST_F(JitTest, VectorBits) {
  StringRef text = R"(
    func.func @main(%a: tensor<?x?xf32>, %b: tensor<?x?xf32>, %c: tensor<?x?xf32>)
        -> tensor<?x?xf32> {
      %0 = linalg.contract
          indexing_maps = [affine_map<(m, n, k) -> (m, k)>,
                           affine_map<(m, n, k) -> (n, k)>,
                           affine_map<(m, n, k) -> (m, n)>]
          ins(%a, %b : tensor<?x?xf32>, tensor<?x?xf32>)
          outs(%c : tensor<?x?xf32>) -> tensor<?x?xf32>
      return %0 : tensor<?x?xf32>
    }
  )";
  constexpr int64_t m = 37, n = 41, k = 43;
  Array a(ElementKind::Float32, {m, k}), b(ElementKind::Float32, {n, k}),
      c(ElementKind::Float32, {m, n});
  for (int64_t i = 0; i != m * k; ++i)
    a.set(i, double(i % 7 - 3));
  for (int64_t i = 0; i != n * k; ++i)
    b.set(i, double(i % 5 - 2));
  for (int64_t i = 0; i != m * n; ++i)
    c.set(i, double(i % 3));
  for (int64_t bits : {128, 256, 512}) {
    auto module = parseSourceString<ModuleOp>(text, context.get());
    auto entry = module->lookupSymbol<func::FuncOp>("main");
    CPUPipelineOptions options;
    options.vectorBits = bits;
    FailureOr<CompiledFunction> function =
        CompiledFunction::compile({std::move(module), entry}, options);
    ASSERT_TRUE(succeeded(function));
    Array result = (*function)({a, b, c}).front();
    for (int64_t i = 0; i != m; ++i)
      for (int64_t j = 0; j != n; ++j) {
        double sum = c.get(i * n + j);
        for (int64_t l = 0; l != k; ++l)
          sum += a.get(i * k + l) * b.get(j * k + l);
        ASSERT_EQ(result.get(i * n + j), sum)
            << bits << " bits, " << i << ", " << j;
      }
  }
}

TEST_F(JitTest, OtherFunctionsNeedNotBeFit) {
  SmallVector<Array> results = run(R"(
    func.func @other(%a: tensor<*xf32>) -> tensor<*xf32> {
      return %a : tensor<*xf32>
    }
    func.func @main(%a: tensor<1xf32>) -> tensor<1xf32> {
      return %a : tensor<1xf32>
    })",
                                   {makeArray(ElementKind::Float32, {1}, {4})});
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(getNumbers(results[0]), Numbers{4});
}
