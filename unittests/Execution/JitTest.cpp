//===- JitTest.cpp - Compiled functions -----------------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Execution/Jit.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"
#include "gtest/gtest.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace mlir::fisher;

namespace {
/// Compiles functions of one module after another in one context.
class JitTest : public ::testing::Test {
protected:
  static void SetUpTestSuite() {
    DialectRegistry registry;
    mlir::registerAllDialects(registry);
    registerAllExtensions(registry);
    registerAllToLLVMIRTranslations(registry);
    context = std::make_unique<MLIRContext>(registry,
                                            MLIRContext::Threading::DISABLED);
  }
  static void TearDownTestSuite() { context.reset(); }

  struct OutOfPlace : CPUPipelineOptions {
    OutOfPlace() { donate = false; }
  };

  static FailureOr<CompiledFunction>
  compile(StringRef text, const CPUPipelineOptions &options = {}) {
    auto module = parseSourceString<ModuleOp>(text, context.get());
    if (!module)
      return failure();
    auto entry = module->lookupSymbol<func::FuncOp>("main");
    return CompiledFunction::compile({std::move(module), entry}, options);
  }

  /// Calls @main of the module, which must compile.
  static SmallVector<Array> run(StringRef text, ArrayRef<Array> arguments) {
    FailureOr<CompiledFunction> function = compile(text);
    if (failed(function)) {
      ADD_FAILURE() << "does not compile";
      return {};
    }
    return (*function)(arguments);
  }

  static std::unique_ptr<MLIRContext> context;
};
} // namespace

std::unique_ptr<MLIRContext> JitTest::context;

static Array makeArray(ElementKind kind, ArrayRef<int64_t> shape,
                       ArrayRef<double> numbers) {
  Array array(kind, shape);
  for (auto [index, number] : llvm::enumerate(numbers))
    array.set(index, number);
  return array;
}

static std::vector<double> getNumbers(const Array &array) {
  std::vector<double> numbers;
  for (int64_t i = 0; i < array.getNumElements(); ++i)
    numbers.push_back(array.get(i));
  return numbers;
}

using Numbers = std::vector<double>;

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

TEST_F(JitTest, StepsRunInPlace) {
  FailureOr<CompiledFunction> function = compile(R"(
    func.func @main(%p: tensor<3xf32> {fisher.name = "p"},
                    %g: tensor<3xf32>)
        -> (tensor<3xf32> {fisher.updates = "p"}, tensor<3xf32>, tensor<f32>) {
      %0 = arith.subf %p, %g : tensor<3xf32>
      %1 = arith.mulf %p, %p : tensor<3xf32>
      %zero = arith.constant dense<0.0> : tensor<f32>
      %2 = linalg.reduce {arith.addf} ins(%1 : tensor<3xf32>)
          outs(%zero : tensor<f32>) dimensions = [0]
      return %0, %1, %2 : tensor<3xf32>, tensor<3xf32>, tensor<f32>
    })");
  ASSERT_TRUE(succeeded(function));
  Array p = makeArray(ElementKind::Float32, {3}, {10, 20, 30});
  Array g = makeArray(ElementKind::Float32, {3}, {1, 2, 3});
  SmallVector<Array> results;
  function->callInPlace({p, g}, results);
  EXPECT_EQ(getNumbers(p), (Numbers{9, 18, 27}));
  EXPECT_EQ(getNumbers(g), (Numbers{1, 2, 3}));
  ASSERT_EQ(results.size(), 3u);
  EXPECT_EQ(results[0].getData(), p.getData());
  EXPECT_EQ(getNumbers(results[1]), (Numbers{100, 400, 900}));
  EXPECT_EQ(getNumbers(results[2]), Numbers{1400});

  // The second call writes over the results of the first.
  const char *squares = results[1].getData();
  const char *sum = results[2].getData();
  function->callInPlace({p, g}, results);
  EXPECT_EQ(getNumbers(p), (Numbers{8, 16, 24}));
  EXPECT_EQ(results[1].getData(), squares);
  EXPECT_EQ(results[2].getData(), sum);
  EXPECT_EQ(getNumbers(results[2]), Numbers{1134});
  // What is too small for a result is not written to.
  results[1] = makeArray(ElementKind::Float32, {2}, {5, 6});
  Array small = results[1];
  function->callInPlace({p, g}, results);
  EXPECT_EQ(getNumbers(small), (Numbers{5, 6}));
  EXPECT_EQ(getNumbers(results[1]), (Numbers{64, 256, 576}));
}

TEST_F(JitTest, DonationCanBeTurnedOff) {
  FailureOr<CompiledFunction> function = compile(R"(
    func.func @main(%p: tensor<2xf32> {fisher.name = "p"})
        -> (tensor<2xf32> {fisher.updates = "p"}) {
      %0 = arith.addf %p, %p : tensor<2xf32>
      return %0 : tensor<2xf32>
    })",
                                                 OutOfPlace());
  ASSERT_TRUE(succeeded(function));
  Array p = makeArray(ElementKind::Float32, {2}, {1, 2});
  SmallVector<Array> results;
  function->callInPlace({p}, results);
  EXPECT_EQ(getNumbers(p), (Numbers{1, 2}));
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(getNumbers(results[0]), (Numbers{2, 4}));
}

namespace {
/// The body of a function that updates %a and %b, and what it returns: the new
/// value of each, a result that stays one, and one that gets a new argument.
struct DonationCase {
  StringRef body;
  std::array<StringRef, 4> results;

  std::string getText() const {
    std::string text = R"(
      !t = tensor<2x2xf32>
      !d = tensor<?x2xf32>
      func.func @main(%a: !t {fisher.name = "a"}, %b: !t {fisher.name = "b"},
                      %d: !t) -> (!t {fisher.updates = "a"},
                      !t {fisher.updates = "b"}, !d, !t) {)";
    text += body;
    text += "\n%kept = tensor.cast " + results[2].str() + " : !t to !d\n";
    text += "return " + results[0].str() + ", " + results[1].str() +
            ", %kept, " + results[3].str() + " : !t, !t, !d, !t }";
    return text;
  }
};
} // namespace

// Values that are overwritten are wanted elsewhere, or it is not plain what can
// go where.
TEST_F(JitTest, DonationChangesNoNumber) {
  for (const DonationCase &c : std::initializer_list<DonationCase>{
           // A swap, and the old value of both.
           {"", {"%b", "%a", "%a", "%b"}},
           {"", {"%a", "%b", "%a", "%a"}},
           {"", {"%a", "%a", "%b", "%b"}},
           {"", {"%d", "%d", "%d", "%d"}},
           // One value at several places.
           {R"(%0 = arith.addf %a, %b : !t)", {"%0", "%0", "%0", "%0"}},
           // Each needs the other's old value.
           {R"(%0 = arith.addf %a, %b : !t
              %1 = arith.subf %a, %b : !t
              %2 = arith.mulf %0, %1 : !t)",
            {"%0", "%1", "%2", "%2"}},
           // The old value is read after the new one is there.
           {R"(%0 = arith.addf %a, %d : !t
              %1 = arith.mulf %0, %a : !t
              %2 = arith.mulf %1, %b : !t
              %3 = arith.mulf %a, %a : !t)",
            {"%0", "%1", "%2", "%3"}},
           // Each element needs others.
           {R"(%e = tensor.empty() : !t
              %0 = linalg.transpose ins(%a : !t) outs(%e : !t)
                  permutation = [1, 0]
              %1 = linalg.add ins(%b, %0 : !t, !t) outs(%e : !t) -> !t
              %2 = linalg.matmul ins(%b, %a : !t, !t) outs(%1 : !t) -> !t)",
            {"%0", "%2", "%1", "%2"}},
           // The function's own writes in place.
           {R"(%c0 = arith.constant 0 : index
              %x = tensor.extract %b[%c0, %c0] : !t
              %0 = tensor.insert %x into %a[%c0, %c0] : !t
              %1 = linalg.matmul ins(%d, %a : !t, !t) outs(%b : !t) -> !t
              %2 = arith.addf %0, %1 : !t)",
            {"%0", "%2", "%1", "%a"}},
           {R"(%c0 = arith.constant 0 : index
              %x = tensor.extract %b[%c0, %c0] : !t
              %0 = tensor.insert %x into %a[%c0, %c0] : !t
              %1 = arith.addf %0, %d : !t)",
            {"%d", "%0", "%0", "%1"}},
           // Through views, slices and control flow.
           {R"(%f = tensor.collapse_shape %a [[0, 1]] : !t into tensor<4xf32>
              %g = tensor.collapse_shape %b [[0, 1]] : !t into tensor<4xf32>
              %h = arith.addf %f, %g : tensor<4xf32>
              %0 = tensor.expand_shape %h [[0, 1]] output_shape [2, 2]
                  : tensor<4xf32> into !t
              %1 = tensor.expand_shape %f [[0, 1]] output_shape [2, 2]
                  : tensor<4xf32> into !t)",
            {"%0", "%1", "%1", "%1"}},
           {R"(%s = tensor.extract_slice %a[0, 0] [1, 2] [1, 1]
                  : !t to tensor<1x2xf32>
              %0 = tensor.insert_slice %s into %b[1, 0] [1, 2] [1, 1]
                  : tensor<1x2xf32> into !t
              %1 = tensor.insert_slice %s into %d[1, 0] [1, 2] [1, 1]
                  : tensor<1x2xf32> into !t)",
            {"%1", "%0", "%b", "%1"}},
           {R"(%c0 = arith.constant 0 : index
              %c1 = arith.constant 1 : index
              %c2 = arith.constant 2 : index
              %x = tensor.extract %d[%c0, %c0] : !t
              %z = arith.constant 0.0 : f32
              %p = arith.cmpf ogt, %x, %z : f32
              %0 = scf.if %p -> !t {
                scf.yield %a : !t
              } else {
                scf.yield %b : !t
              }
              %1 = scf.for %i = %c0 to %c2 step %c1 iter_args(%t = %a) -> !t {
                %y = tensor.extract %b[%i, %i] : !t
                %w = tensor.insert %y into %t[%i, %c0] : !t
                scf.yield %w : !t
              })",
            {"%0", "%1", "%a", "%0"}},
           {R"(%e = tensor.empty() : !t
              %0 = scf.forall (%i) in (2) shared_outs(%o = %e) -> !t {
                %j = arith.constant 1 : index
                %k = arith.subi %j, %i : index
                %s = tensor.extract_slice %a[%k, 0] [1, 2] [1, 1]
                    : !t to tensor<1x2xf32>
                scf.forall.in_parallel {
                  tensor.parallel_insert_slice %s into %o[%i, 0] [1, 2] [1, 1]
                      : tensor<1x2xf32> into !t
                }
              })",
            {"%0", "%0", "%b", "%0"}},
           // Constants, and what makes memory of its own.
           {R"(%0 = arith.constant dense<2.0> : !t
              %1 = arith.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : !t)",
            {"%0", "%1", "%1", "%0"}},
           {R"(%x = arith.constant 3.0 : f32
              %0 = tensor.from_elements %x, %x, %x, %x : !t
              %1 = tensor.splat %x : !t
              %2 = tensor.generate {
              ^bb0(%i: index, %j: index):
                %y = tensor.extract %a[%j, %i] : !t
                tensor.yield %y : f32
              } : !t
              %s = tensor.extract_slice %b[0, 0] [1, 2] [1, 1]
                  : !t to tensor<1x2xf32>
              %3 = tensor.pad %s low[1, 0] high[0, 0] {
              ^bb0(%i: index, %j: index):
                tensor.yield %x : f32
              } : tensor<1x2xf32> to !t)",
            {"%2", "%3", "%0", "%1"}},
       }) {
    std::string text = c.getText();
    FailureOr<CompiledFunction> donating = compile(text);
    FailureOr<CompiledFunction> copying = compile(text, OutOfPlace());
    ASSERT_TRUE(succeeded(donating) && succeeded(copying)) << text;
    SmallVector<Array> arguments = {
        makeArray(ElementKind::Float32, {2, 2}, {1, 2, 3, 4}),
        makeArray(ElementKind::Float32, {2, 2}, {5, 7, 11, 13}),
        makeArray(ElementKind::Float32, {2, 2}, {-1, 0.5, 17, 19})};
    SmallVector<Array> expected = (*copying)(arguments);
    SmallVector<Array> got = (*donating)(arguments);
    SmallVector<Array> inPlace;
    EXPECT_EQ(getNumbers(arguments[0]), (Numbers{1, 2, 3, 4})) << text;
    EXPECT_EQ(getNumbers(arguments[1]), (Numbers{5, 7, 11, 13})) << text;
    donating->callInPlace(arguments, inPlace);
    EXPECT_EQ(getNumbers(arguments[2]), (Numbers{-1, 0.5, 17, 19})) << text;
    for (unsigned i = 0; i < 4; ++i) {
      EXPECT_EQ(getNumbers(got[i]), getNumbers(expected[i])) << i << text;
      EXPECT_EQ(getNumbers(inPlace[i]), getNumbers(expected[i])) << i << text;
    }
    EXPECT_EQ(inPlace[0].getData(), arguments[0].getData());
    EXPECT_EQ(inPlace[1].getData(), arguments[1].getData());
  }
}

TEST_F(JitTest, DonatesArraysOfEveryShape) {
  for (StringRef type : {"tensor<f64>", "tensor<0xf64>", "tensor<3x0xf64>",
                         "tensor<?xf64>", "tensor<1x1x5xf64>"}) {
    std::string text =
        "func.func @main(%a: " + type.str() + " {fisher.name = \"a\"}) -> (" +
        type.str() + " {fisher.updates = \"a\"}, " + type.str() +
        ") {\n%0 = arith.addf %a, %a : " + type.str() +
        "\nreturn %0, %a : " + type.str() + ", " + type.str() + "\n}";
    FailureOr<CompiledFunction> function = compile(text);
    ASSERT_TRUE(succeeded(function)) << text;
    SmallVector<int64_t> shape(
        function->getSignature().arguments[0].getShape());
    for (int64_t &size : shape)
      if (ShapedType::isDynamic(size))
        size = 4;
    Array a(ElementKind::Float64, shape);
    for (int64_t i = 0; i < a.getNumElements(); ++i)
      a.set(i, i + 1);
    Numbers before = getNumbers(a);
    SmallVector<Array> results;
    function->callInPlace({a}, results);
    EXPECT_EQ(getNumbers(results[1]), before) << text;
    EXPECT_EQ(results[1].getShape(), a.getShape()) << text;
    for (double &number : before)
      number *= 2;
    EXPECT_EQ(getNumbers(a), before) << text;
  }
}
