//===- FunctionsTest.cpp - Accuracy of the elementary functions -----------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each function is compiled to the host, for scalars and for vectors, and
// compared with the 80-bit one of the C library over random points.
//
//===----------------------------------------------------------------------===//

#include "fisher/Math/Functions.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/ExecutionEngine/ExecutionEngine.h"
#include "mlir/ExecutionEngine/OptUtils.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Transforms/Passes.h"

#include "llvm/Support/TargetSelect.h"

#include "gtest/gtest.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <type_traits>

using namespace mlir;

static_assert(std::numeric_limits<long double>::digits >= 64,
              "the reference needs an extended format");

namespace {

/// How many points a compiled function takes at once.
constexpr int64_t blockSize = 4096;
constexpr int64_t blocksPerRange = 64;
constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double notANumber = std::numeric_limits<double>::quiet_NaN();

using Formula = fisher::Scalar (*)(fisher::Scalar);
using Reference = long double (*)(long double);

struct Range {
  double low, high;
};

struct SpecialValue {
  double argument, result;
};

/// A function under test. The bounds are those that Functions.h states.
struct Function {
  const char *name;
  Formula formula;
  Reference reference;
  double boundF32, boundF64;
  /// Where to compare, sampled evenly and evenly in the exponent.
  std::vector<Range> rangesF32, rangesF64;
  std::vector<SpecialValue> specialValues;
};

void PrintTo(const Function &function, std::ostream *stream) {
  *stream << function.name;
}

//===----------------------------------------------------------------------===//
// References, good to a few units of the 80-bit format
//===----------------------------------------------------------------------===//

long double expm1Quotient(long double x) { return x ? expm1l(x) / x : 1; }

long double log1pRemainder(long double y) {
  if (std::fabs(y) > 0.125L)
    return y - log1pl(y);
  // y²/2 − y³/3 + …, 64 bits after 24 terms.
  long double sum = 0;
  for (int k = 24; k >= 2; --k)
    sum = 1 / static_cast<long double>(k) - y * sum;
  return y * y * sum;
}

long double asinhRootQuotient(long double x) {
  return x ? asinhl(sqrtl(x)) / sqrtl(x) : 1;
}

long double sigmoid(long double x) {
  return x < 0 ? expl(x) / (1 + expl(x)) : 1 / (1 + expl(-x));
}

long double softplus(long double x) {
  return x > 0 ? x + log1pl(expl(-x)) : log1pl(expl(x));
}

long double softplusInverse(long double y) {
  if (y > 1)
    return y + logl(-expm1l(-y));
  if (y < 0.5L)
    return logl(expm1l(y));
  // ln 2 to 100 bits, as doubles differ from it by as little as 2^-56.
  constexpr long double ln2 = 0x1.62e42fefa39efp-1L,
                        rest = 0x1.abc9e3b39803f2f7p-56L;
  return log1pl(2 * expm1l((y - ln2) - rest));
}

/// The exponents are numbers of f32, so that both types have the same function.
fisher::Scalar powerUp(fisher::Scalar x) {
  return fisher::power(x, x.constant(2.375));
}
fisher::Scalar powerDown(fisher::Scalar x) {
  return fisher::power(x, x.constant(-0.28125));
}

const std::vector<Function> functions = {
    {"exp",
     fisher::exp,
     expl,
     0.8,
     0.8,
     {{-110, 90}, {1e-40, 1}, {-1, -1e-40}},
     {{-750, 711}, {1e-310, 1}, {-1, -1e-310}},
     {{0, 1}, {inf, inf}, {-inf, 0}, {1e4, inf}, {-1e4, 0}}},
    {"expm1",
     fisher::expm1,
     expm1l,
     1.3,
     1.3,
     {{-110, 90}, {1e-45, 2}, {-2, -1e-45}},
     {{-750, 711}, {5e-324, 2}, {-2, -5e-324}},
     {{0, 0}, {-0.0, -0.0}, {inf, inf}, {-inf, -1}, {1e4, inf}, {-1e4, -1}}},
    {"expm1Quotient",
     fisher::expm1Quotient,
     expm1Quotient,
     1.9,
     1.8,
     {{-110, 95}, {1e-45, 2}, {-3e38, -1e-45}},
     {{-750, 720}, {5e-324, 2}, {-1e308, -5e-324}},
     {{0, 1}, {inf, inf}, {-inf, 0}, {1e4, inf}}},
    {"log",
     fisher::log,
     logl,
     1.0,
     1.0,
     {{1e-45, 3.4e38}, {0.3, 3}, {0.99, 1.01}},
     {{5e-324, 1.79e308}, {0.3, 3}, {0.99, 1.01}},
     {{1, 0},
      {0, -inf},
      {-0.0, -inf},
      {-1, notANumber},
      {inf, inf},
      {-inf, notANumber}}},
    {"log1p",
     fisher::log1p,
     log1pl,
     1.6,
     1.6,
     {{-0.99999994, 10}, {1e-45, 3.4e38}, {-0.999, -1e-45}},
     {{-0.9999999999999999, 10}, {5e-324, 1.79e308}, {-0.999, -5e-324}},
     {{0, 0}, {-1, -inf}, {-2, notANumber}, {inf, inf}, {-inf, notANumber}}},
    {"log1pRemainder",
     fisher::log1pRemainder,
     log1pRemainder,
     1.8,
     1.6,
     {{-0.99999994, 10}, {1e-45, 3.4e38}, {-0.999, -1e-45}},
     {{-0.9999999999999999, 10}, {5e-324, 1.79e308}, {-0.999, -5e-324}},
     {{0, 0}, {-1, inf}, {-2, notANumber}, {inf, inf}, {-inf, notANumber}}},
    {"powerUp",
     powerUp,
     [](long double x) { return powl(x, 2.375L); },
     2.3,
     2.2,
     {{1e-45, 2.4e16}, {0, 3}},
     {{5e-324, 7.8e129}, {0, 3}},
     {{0, 0}, {1, 1}, {-1, notANumber}, {inf, inf}}},
    {"powerDown",
     powerDown,
     [](long double x) { return powl(x, -0.28125L); },
     2.3,
     2.2,
     {{1e-45, 3.4e38}, {0.1, 3}},
     {{5e-324, 1.79e308}, {0.1, 3}},
     {{1, 1}, {-1, notANumber}}},
    {"asinhRootQuotient",
     fisher::asinhRootQuotient,
     asinhRootQuotient,
     2.2,
     2.2,
     {{0, 2}, {1e-45, 3.4e38}, {0.5, 5}},
     {{0, 2}, {5e-324, 1.79e308}, {0.5, 5}},
     {{0, 1}, {inf, 0}}},
    {"sinh",
     fisher::sinh,
     sinhl,
     2.2,
     2.0,
     {{-91, 91}, {1e-45, 2}, {-2, -1e-45}},
     {{-712, 712}, {5e-324, 2}, {-2, -5e-324}},
     {{0, 0}, {-0.0, -0.0}, {inf, inf}, {-inf, -inf}, {1e4, inf}}},
    {"cosh",
     fisher::cosh,
     coshl,
     1.2,
     1.2,
     {{-91, 91}, {1e-45, 2}},
     {{-712, 712}, {5e-324, 2}},
     {{0, 1}, {inf, inf}, {-inf, inf}, {-1e4, inf}}},
    {"sigmoid",
     fisher::sigmoid,
     sigmoid,
     1.7,
     1.7,
     {{-110, 20}, {1e-45, 2}, {-2, -1e-45}},
     {{-750, 40}, {5e-324, 2}, {-2, -5e-324}},
     {{0, 0.5}, {inf, 1}, {-inf, 0}}},
    {"softplus",
     fisher::softplus,
     softplus,
     1.9,
     1.9,
     {{-110, 40}, {1e-45, 3.4e38}, {-2, -1e-45}},
     {{-750, 60}, {5e-324, 1.79e308}, {-2, -5e-324}},
     {{inf, inf}, {-inf, 0}}},
    {"softplusInverse",
     fisher::softplusInverse,
     softplusInverse,
     2.0,
     2.0,
     {{0, 30}, {1e-45, 3.4e38}, {0.1, 1.3}, {0.6931, 0.6932}},
     {{0, 60}, {5e-324, 1.79e308}, {0.1, 1.3}, {0.69314718, 0.69314719}},
     {{0, -inf}, {-1, notANumber}, {inf, inf}}},
};

//===----------------------------------------------------------------------===//
// Compilation
//===----------------------------------------------------------------------===//

/// A function as code of the host, four times: for both types, for scalars and
/// for vectors.
class Compiled {
public:
  explicit Compiled(const Function &function);

  /// Evaluates a block with the scalar or the vector form. Compiled code lacks
  /// the description of its type that the sanitizer looks for in front of it.
  template <typename T>
  LLVM_NO_SANITIZE("function")
  void evaluate(bool vectors, T *in, T *out) {
    auto address = engine->lookup(symbol(sizeof(T) == 8, vectors));
    if (!address)
      llvm::report_fatal_error(address.takeError());
    reinterpret_cast<void (*)(T *, T *)>(*address)(in, out);
  }

private:
  static std::string symbol(bool isDouble, bool vectors) {
    return std::string(isDouble ? "f64" : "f32") +
           (vectors ? "_vector" : "_scalar");
  }

  void build(ImplicitLocOpBuilder &b, const Function &function, bool isDouble,
             bool vectors);

  MLIRContext context;
  std::unique_ptr<ExecutionEngine> engine;
};

Compiled::Compiled(const Function &function) {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  context.loadDialect<arith::ArithDialect, func::FuncDialect, math::MathDialect,
                      memref::MemRefDialect, scf::SCFDialect,
                      vector::VectorDialect, LLVM::LLVMDialect>();
  registerBuiltinDialectTranslation(context);
  registerLLVMDialectTranslation(context);

  Location loc = UnknownLoc::get(&context);
  OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
  auto b = ImplicitLocOpBuilder::atBlockEnd(loc, module->getBody());
  for (bool isDouble : {false, true})
    for (bool vectors : {false, true})
      build(b, function, isDouble, vectors);

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

void Compiled::build(ImplicitLocOpBuilder &b, const Function &function,
                     bool isDouble, bool vectors) {
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
    Value y = function.formula({b, x}).getValue();
    vector::StoreOp::create(b, y, out, index);
    return;
  }
  Value x = memref::LoadOp::create(b, in, index);
  Value y = function.formula({b, x}).getValue();
  memref::StoreOp::create(b, y, out, index);
}

//===----------------------------------------------------------------------===//
// Measurement
//===----------------------------------------------------------------------===//

template <typename T>
using Word = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;

template <typename T>
Word<T> toBits(T x) {
  Word<T> bits;
  std::memcpy(&bits, &x, sizeof(x));
  return bits;
}

/// The distance of a result from the truth in units in the last place of the
/// truth. Overflow counts as the power of two that follows the largest number.
template <typename T>
double errorInUlp(T result, long double truth) {
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

/// Numbers of a range: every other one is spread evenly over the values, the
/// rest over the bit patterns, that is, over the exponents.
template <typename T>
class Sampler {
public:
  explicit Sampler(Range range)
      : low(static_cast<T>(range.low)), high(static_cast<T>(range.high)) {}

  T next() {
    long double part = static_cast<long double>(generator()) * 0x1p-64L;
    even = !even;
    if (even)
      return std::min<T>(low + part * (static_cast<long double>(high) - low),
                         high);
    // Negative patterns are ordered the other way round; 0 lies between.
    long double first = order(low), last = order(high);
    return fromOrder(static_cast<long double>(first + part * (last - first)));
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
  std::mt19937_64 generator{20240607};
};

class FunctionsTest : public testing::TestWithParam<Function> {
protected:
  /// Compares both forms with the reference over all ranges.
  template <typename T>
  void measure(const std::vector<Range> &ranges, double bound) {
    const Function &function = GetParam();
    std::vector<T> in(blockSize), scalar(blockSize), vector(blockSize);
    double worst = -1;
    T worstArgument = 0, worstResult = 0;
    for (Range range : ranges) {
      Sampler<T> sampler(range);
      for (int64_t block = 0; block < blocksPerRange; ++block) {
        for (T &x : in)
          x = sampler.next();
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
    }
    std::printf("%s: largest error %.3f ulp, at %.17g: %.17g, not %.17Lg\n",
                function.name, worst, double(worstArgument),
                double(worstResult), function.reference(worstArgument));
    EXPECT_LE(worst, bound);
  }

  template <typename T>
  void checkSpecialValues() {
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

private:
  template <typename T>
  void evaluateBoth(std::vector<T> &in, std::vector<T> &scalar,
                    std::vector<T> &vector) {
    compiled.evaluate(false, in.data(), scalar.data());
    compiled.evaluate(true, in.data(), vector.data());
    for (int64_t i = 0; i < blockSize; ++i)
      if (!std::isnan(scalar[i]) || !std::isnan(vector[i]))
        ASSERT_EQ(toBits(scalar[i]), toBits(vector[i])) << "at " << in[i];
  }

  Compiled compiled{GetParam()};
};

TEST_P(FunctionsTest, AccuracyF32) {
  measure<float>(GetParam().rangesF32, GetParam().boundF32);
}
TEST_P(FunctionsTest, AccuracyF64) {
  measure<double>(GetParam().rangesF64, GetParam().boundF64);
}
TEST_P(FunctionsTest, SpecialValuesF32) { checkSpecialValues<float>(); }
TEST_P(FunctionsTest, SpecialValuesF64) { checkSpecialValues<double>(); }

/// Other operations of math need a library on some target.
TEST_P(FunctionsTest, UsesPortableOperations) {
  MLIRContext context;
  context.loadDialect<arith::ArithDialect, math::MathDialect>();
  Location loc = UnknownLoc::get(&context);
  Block block;
  ImplicitLocOpBuilder b(loc, &context);
  b.setInsertionPointToStart(&block);
  GetParam().formula({b, block.addArgument(b.getF32Type(), loc)});
  for (Operation &op : block) {
    bool portable = isa<arith::ArithDialect>(op.getDialect()) ||
                    isa<math::AbsFOp, math::CopySignOp, math::SqrtOp>(op);
    EXPECT_TRUE(portable) << op.getName().getStringRef().str();
  }
  auto isWork = [](Operation &op) { return !isa<arith::ConstantOp>(op); };
  RecordProperty("operations", llvm::count_if(block, isWork));
}

INSTANTIATE_TEST_SUITE_P(, FunctionsTest, testing::ValuesIn(functions),
                         [](const auto &info) {
                           return std::string(info.param.name);
                         });

} // namespace
