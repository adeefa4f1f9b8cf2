//===- contraction-benchmark.cpp - Speed of matrix products ---------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Times matrix products as fisher-run compiles them, in FLOP/s, and a loop of
// independent fused multiply-adds: what this CPU does at most. The arguments
// are batch, m, n and k.
//
//   apt-get install libbenchmark-dev
//   cmake -DFISHER_BUILD_BENCHMARKS=ON build
//   ninja -C build contraction-benchmark && build/bin/contraction-benchmark
//
//===----------------------------------------------------------------------===//

#include "fisher/Execution/Jit.h"
#include "fisher/InitFisher.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"

#include <benchmark/benchmark.h>

using namespace mlir;
using namespace mlir::fisher;

static MLIRContext &getContext() {
  static MLIRContext *context = [] {
    DialectRegistry registry;
    mlir::registerAllDialects(registry);
    registerAllExtensions(registry);
    registerAllToLLVMIRTranslations(registry);
    fisher::registerAllDialects(registry);
    return new MLIRContext(registry, MLIRContext::Threading::DISABLED);
  }();
  return *context;
}

static FailureOr<CompiledFunction> compile(StringRef text) {
  Program program;
  program.module = parseSourceString<ModuleOp>(text, &getContext());
  program.entry = program.module->lookupSymbol<func::FuncOp>("main");
  return CompiledFunction::compile(std::move(program), {});
}

static std::string makeTensor(ArrayRef<int64_t> shape, StringRef element) {
  std::string text = "tensor<";
  for (int64_t size : shape)
    text += std::to_string(size) + "x";
  return text + element.str() + ">";
}

/// A product of the layouts `left` and `right`, in loops (b, m, n, k).
static std::string makeModule(ArrayRef<Array> arguments, StringRef left,
                              StringRef right, StringRef element,
                              ArrayRef<int64_t> shape) {
  std::string a = makeTensor(arguments[0].getShape(), element),
              b = makeTensor(arguments[1].getShape(), element),
              c = makeTensor(shape, element), f = element.str();
  auto map = [](StringRef layout) {
    std::string dims;
    for (char dim : layout)
      dims += std::string(dims.empty() ? "" : ", ") + dim;
    return "affine_map<(b, m, n, k) -> (" + dims + ")>";
  };
  return "func.func @main(%a: " + a + ", %b: " + b + ") -> " + c +
         " {\n  %zero = arith.constant 0.0 : " + f +
         "\n  %empty = tensor.empty() : " + c +
         "\n  %start = linalg.fill ins(%zero : " + f + ") outs(%empty : " + c +
         ") -> " + c + "\n  %0 = linalg.generic {indexing_maps = [" +
         map(left) + ", " + map(right) + ", " + map("bmn") +
         "], iterator_types = [\"parallel\", \"parallel\", \"parallel\", "
         "\"reduction\"]} ins(%a, %b : " +
         a + ", " + b + ") outs(%start : " + c + ") {\n  ^bb0(%x: " + f +
         ", %y: " + f + ", %z: " + f + "):\n    %p = arith.mulf %x, %y : " + f +
         "\n    %s = arith.addf %z, %p : " + f +
         "\n    linalg.yield %s : " + f + "\n  } -> " + c +
         "\n  return %0 : " + c + "\n}\n";
}

static void contraction(benchmark::State &state, ElementKind kind,
                        StringRef element, StringRef left, StringRef right) {
  auto getShape = [&](StringRef layout) {
    SmallVector<int64_t> shape;
    for (char dim : layout)
      shape.push_back(state.range(StringRef("bmnk").find(dim)));
    return shape;
  };
  Array a(kind, getShape(left)), b(kind, getShape(right));
  for (Array *array : {&a, &b})
    for (int64_t i = 0; i != array->getNumElements(); ++i)
      array->set(i, double(i % 17) / 16 - 0.5);
  FailureOr<CompiledFunction> function =
      compile(makeModule({a, b}, left, right, element, getShape("bmn")));
  if (failed(function)) {
    state.SkipWithError("cannot be compiled");
    return;
  }
  for (auto _ : state)
    benchmark::DoNotOptimize((*function)({a, b}));
  double operations = 2;
  for (int i = 0; i != 4; ++i)
    operations *= double(state.range(i));
  state.counters["FLOP/s"] = benchmark::Counter(
      operations, benchmark::Counter::kIsIterationInvariantRate);
}

static void arguments(benchmark::internal::Benchmark *benchmark) {
  for (const auto &sizes :
       std::vector<std::vector<int64_t>>{{1, 64, 32, 64},
                                         {1, 64, 10, 32},
                                         {1, 256, 512, 784},
                                         {1, 256, 512, 512},
                                         {1, 256, 10, 512},
                                         {1, 512, 512, 256},
                                         {1, 512, 3072, 768},
                                         {1, 1024, 1024, 1024},
                                         {8, 512, 512, 64},
                                         {8, 512, 64, 512},
                                         {1, 1, 1024, 1024}})
    benchmark->Args(sizes);
}

#define CONTRACTIONS(element, kind)                                            \
  BENCHMARK_CAPTURE(contraction, element##_NN, kind, #element, "bmk", "bkn")   \
      ->Apply(arguments);                                                      \
  BENCHMARK_CAPTURE(contraction, element##_NT, kind, #element, "bmk", "bnk")   \
      ->Apply(arguments);                                                      \
  BENCHMARK_CAPTURE(contraction, element##_TN, kind, #element, "bkm", "bkn")   \
      ->Apply(arguments);                                                      \
  BENCHMARK_CAPTURE(contraction, element##_TT, kind, #element, "bkm", "bnk")   \
      ->Apply(arguments)

CONTRACTIONS(f32, ElementKind::Float32);
CONTRACTIONS(f64, ElementKind::Float64);
CONTRACTIONS(bf16, ElementKind::BFloat16);

/// 16 vectors of 16 floats, as many as hide the latency.
static void peak(benchmark::State &state) {
  using Vector = float __attribute__((vector_size(64)));
  Vector sums[16] = {}, x = Vector{} + 0.5f, y = Vector{} + 0.25f;
  benchmark::DoNotOptimize(x);
  benchmark::DoNotOptimize(y);
  constexpr int64_t rounds = 1 << 12;
  for (auto _ : state) {
    for (int64_t round = 0; round != rounds; ++round)
      for (Vector &sum : sums)
        sum = __builtin_elementwise_fma(x, y, sum);
    for (Vector &sum : sums)
      benchmark::DoNotOptimize(sum);
  }
  state.counters["FLOP/s"] =
      benchmark::Counter(double(rounds) * 16 * 16 * 2,
                         benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(peak);

BENCHMARK_MAIN();
