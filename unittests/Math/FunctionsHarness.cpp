//===- FunctionsHarness.cpp - Accuracy of compiled functions --------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiles functions, measures their errors and checks what they are made of.
//
//===----------------------------------------------------------------------===//

#include "FunctionsHarness.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/ExecutionEngine/OptUtils.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Transforms/Passes.h"

#include "llvm/Support/TargetSelect.h"

#include <cmath>
#include <cstring>
#include <random>
#include <type_traits>

using namespace mlir;
using namespace mlir::fisher;
using namespace mlir::fisher::test;

static_assert(std::numeric_limits<long double>::digits >= 64,
              "the reference needs an extended format");

static constexpr int64_t blocksPerRange = 64;

void mlir::fisher::test::PrintTo(const Function &function,
                                 std::ostream *stream) {
  *stream << function.name;
}

std::string
mlir::fisher::test::nameOf(const testing::TestParamInfo<Function> &info) {
  return info.param.name;
}

//===----------------------------------------------------------------------===//
// Compilation
//===----------------------------------------------------------------------===//

Compiled::Compiled(Formula formula) {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  context.loadDialect<arith::ArithDialect, func::FuncDialect, math::MathDialect,
                      memref::MemRefDialect, scf::SCFDialect,
                      vector::VectorDialect, LLVM::LLVMDialect>();
  registerBuiltinDialectTranslation(context);
  registerLLVMDialectTranslation(context);

  Location loc = UnknownLoc::get(&context);
  OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
  FormulaBuilder b(loc, OpBuilder::atBlockEnd(module->getBody()));
  for (bool isDouble : {false, true})
    for (bool vectors : {false, true})
      build(b, formula, isDouble, vectors);

  PassManager passes(&context);
  passes.addPass(createCSEPass());
  passes.addPass(createSCFToControlFlowPass());
  passes.addPass(createConvertVectorToLLVMPass());
  passes.addPass(createConvertMathToLLVMPass());
  passes.addPass(createArithToLLVMConversionPass());
  passes.addPass(createFinalizeMemRefToLLVMConversionPass());
  ConvertFuncToLLVMPassOptions options;
  options.useBarePtrCallConv = true;
  passes.addPass(createConvertFuncToLLVMPass(options));
  passes.addPass(createConvertControlFlowToLLVMPass());
  passes.addPass(createReconcileUnrealizedCastsPass());
  if (failed(passes.run(*module)))
    llvm::report_fatal_error("the function cannot be lowered");

  auto transformer = makeOptimizingTransformer(/*optLevel=*/2, /*sizeLevel=*/0,
                                               /*targetMachine=*/nullptr);
  ExecutionEngineOptions engineOptions;
  engineOptions.transformer = transformer;
  auto created = ExecutionEngine::create(*module, engineOptions);
  if (!created)
    llvm::report_fatal_error(created.takeError());
  engine = std::move(*created);
}

void Compiled::build(FormulaBuilder &b, Formula formula, bool isDouble,
                     bool vectors) {
  OpBuilder::InsertionGuard guard(b);
  Type element = isDouble ? Type(b.getF64Type()) : b.getF32Type();
  int64_t width = !vectors ? 1 : isDouble ? 4 : 8;
  auto buffer = MemRefType::get({blockSize}, element);
  auto func = func::FuncOp::create(b, symbol(isDouble, vectors),
                                   b.getFunctionType({buffer, buffer}, {}));
  Block *entry = func.addEntryBlock();
  Value in = entry->getArgument(0), out = entry->getArgument(1);
  b.setInsertionPointToStart(entry);
  Value zero = arith::ConstantIndexOp::create(b, 0);
  Value end = arith::ConstantIndexOp::create(b, blockSize);
  Value step = arith::ConstantIndexOp::create(b, width);
  auto loop = scf::ForOp::create(b, zero, end, step);
  func::ReturnOp::create(b);

  b.setInsertionPointToStart(loop.getBody());
  Value index = loop.getInductionVar();
  if (vectors) {
    auto type = VectorType::get({width}, element);
    Value x = vector::LoadOp::create(b, type, in, index);
    Value y = formula({b, x}).getValue();
    vector::StoreOp::create(b, y, out, index);
    return;
  }
  Value x = memref::LoadOp::create(b, in, index);
  Value y = formula({b, x}).getValue();
  memref::StoreOp::create(b, y, out, index);
}

//===----------------------------------------------------------------------===//
// Measurement
//===----------------------------------------------------------------------===//

template <typename T>
using Word = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;

template <typename T>
static Word<T> toBits(T x) {
  Word<T> bits;
  std::memcpy(&bits, &x, sizeof(x));
  return bits;
}

/// The distance of a result from the truth in units in the last place of the
/// truth. Overflow counts as the power of two that follows the largest number.
template <typename T>
static double errorInUlp(T result, long double truth) {
  using Limits = std::numeric_limits<T>;
  if (std::isnan(result))
    return inf;
  long double overflow = ldexpl(1, Limits::max_exponent);
  truth = std::min(std::max(truth, -overflow), overflow);
  long double value = result;
  if (std::isinf(result))
    value = copysignl(overflow, value);
  int exponent = truth == 0 ? Limits::min_exponent : std::ilogb(truth) + 1;
  exponent = std::min(std::max<int>(exponent, Limits::min_exponent),
                      Limits::max_exponent);
  return static_cast<double>(
      ldexpl(fabsl(value - truth), Limits::digits - exponent));
}

namespace {

/// Numbers of a range: every other one is spread evenly over the values, the
/// rest over the bit patterns, that is, over the exponents.
template <typename T>
class Sampler {
public:
  explicit Sampler(Interval range)
      : low(static_cast<T>(range.low)), high(static_cast<T>(range.high)) {}

  T next() {
    long double part = static_cast<long double>(generator()) * 0x1p-64L;
    even = !even;
    if (even)
      return std::min<T>(low + part * (static_cast<long double>(high) - low),
                         high);
    // Negative patterns are ordered the other way round; 0 lies between.
    long double first = order(low), last = order(high);
    return fromOrder(first + part * (last - first));
  }

private:
  static long double order(T x) {
    long double magnitude = toBits<T>(std::fabs(x));
    return std::signbit(x) ? -magnitude : magnitude;
  }
  static T fromOrder(long double position) {
    Word<T> bits = static_cast<Word<T>>(fabsl(position));
    T x;
    std::memcpy(&x, &bits, sizeof(x));
    return position < 0 ? -x : x;
  }

  T low, high;
  bool even = false;
  /// The same points in every run.
  // NOLINTNEXTLINE(bugprone-random-generator-seed)
  std::mt19937_64 generator{20240607};
};

} // namespace

template <typename T>
void FunctionsTest::evaluateBoth(std::vector<T> &in, std::vector<T> &scalar,
                                 std::vector<T> &vector) {
  compiled.evaluate(false, in.data(), scalar.data());
  compiled.evaluate(true, in.data(), vector.data());
  for (int64_t i = 0; i < blockSize; ++i)
    if (!std::isnan(scalar[i]) || !std::isnan(vector[i]))
      ASSERT_EQ(toBits(scalar[i]), toBits(vector[i])) << "at " << in[i];
}

template <typename T>
void FunctionsTest::measure(const std::vector<Interval> &ranges,
                            const std::optional<Multiples> &multiples,
                            double bound) {
  const Function &function = GetParam();
  std::vector<T> in(blockSize), scalar(blockSize), vector(blockSize);
  double worst = -1;
  T worstArgument = 0, worstResult = 0;
  auto compare = [&](llvm::function_ref<T()> next) {
    for (int64_t block = 0; block < blocksPerRange; ++block) {
      for (T &x : in)
        x = next();
      evaluateBoth(in, scalar, vector);
      for (int64_t i = 0; i < blockSize; ++i) {
        double error = errorInUlp(scalar[i], function.reference(in[i]));
        if (error <= worst)
          continue;
        worst = error;
        worstArgument = in[i];
        worstResult = scalar[i];
      }
    }
  };
  for (Interval range : ranges) {
    Sampler<T> sampler(range);
    compare([&] { return sampler.next(); });
  }
  if (multiples) {
    double limit = sizeof(T) == 8 ? multiples->limitF64 : multiples->limitF32;
    double count = std::floor(static_cast<double>(limit / multiples->unit));
    Sampler<double> sampler({1, count});
    compare([&] {
      return static_cast<T>(std::nearbyint(sampler.next()) * multiples->unit);
    });
  }
  std::printf("%s: largest error %.3f ulp, at %.17g: %.17g, not %.17Lg\n",
              function.name, worst, double(worstArgument), double(worstResult),
              function.reference(worstArgument));
  EXPECT_LE(worst, bound);
}

template <typename T>
void FunctionsTest::checkSpecialValues() {
  std::vector<SpecialValue> values = GetParam().specialValues;
  values.push_back({notANumber, notANumber});
  std::vector<T> in(blockSize), scalar(blockSize), vector(blockSize);
  for (size_t i = 0; i < values.size(); ++i)
    in[i] = static_cast<T>(values[i].argument);
  evaluateBoth(in, scalar, vector);
  for (size_t i = 0; i < values.size(); ++i) {
    T expected = static_cast<T>(values[i].result);
    if (std::isnan(expected))
      EXPECT_TRUE(std::isnan(scalar[i])) << "at " << in[i];
    else
      EXPECT_EQ(toBits(scalar[i]), toBits(expected))
          << scalar[i] << " at " << in[i];
  }
}

namespace mlir::fisher::test {

TEST_P(FunctionsTest, AccuracyF32) {
  measure<float>(GetParam().rangesF32, GetParam().multiples,
                 GetParam().boundF32);
}
TEST_P(FunctionsTest, AccuracyF64) {
  measure<double>(GetParam().rangesF64, GetParam().multiples,
                  GetParam().boundF64);
}
TEST_P(FunctionsTest, SpecialValuesF32) { checkSpecialValues<float>(); }
TEST_P(FunctionsTest, SpecialValuesF64) { checkSpecialValues<double>(); }

/// Other operations of math need a library on some target, and not every target
/// has f64.
TEST_P(FunctionsTest, UsesPortableOperations) {
  MLIRContext context;
  context.loadDialect<arith::ArithDialect, math::MathDialect>();
  Location loc = UnknownLoc::get(&context);
  for (unsigned width : {32, 64}) {
    Block block;
    FormulaBuilder b(loc, &context);
    b.setInsertionPointToStart(&block);
    Type type = width == 64 ? Type(b.getF64Type()) : b.getF32Type();
    GetParam().formula({b, block.addArgument(type, loc)});
    for (Operation &op : block) {
      bool portable = isa<arith::ArithDialect>(op.getDialect()) ||
                      isa<math::AbsFOp, math::CopySignOp, math::SqrtOp>(op);
      EXPECT_TRUE(portable) << op.getName().getStringRef().str();
      EXPECT_LE(op.getResult(0).getType().getIntOrFloatBitWidth(), width);
    }
    auto isWork = [](Operation &op) { return !isa<arith::ConstantOp>(op); };
    RecordProperty("operationsF" + std::to_string(width),
                   llvm::count_if(block, isWork));
  }
}

} // namespace mlir::fisher::test
