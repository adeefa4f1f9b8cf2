//===- penalty-benchmark.cpp - Cost of a penalty against a copy -----------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Times fisher.penalty_with_gradient toward N(0, 1) as fisher-run compiles it,
// and a copy that moves the same bytes: the components are read and the
// gradient is written. The ratio of the two rates of a run is what counts.
//
//   apt-get install libbenchmark-dev
//   cmake -DFISHER_BUILD_BENCHMARKS=ON build
//   ninja -C build penalty-benchmark && build/bin/penalty-benchmark
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

#include <cmath>
#include <cstring>

using namespace mlir;
using namespace mlir::fisher;

static constexpr const char *moduleText = R"mlir(
!t = tensor<?x$ELEMENT>
!b = !fisher.belief<#fisher.gaussian<$CHART>, !t>
func.func @main(%mu: !t, %scale: !t, %n: tensor<1xi64>)
    -> (tensor<$ELEMENT>, !t, !t) {
  %weight = arith.constant 1.0e-3 : $ELEMENT
  %zero = arith.constant 0.0 : $ELEMENT
  %one = arith.constant 1.0 : $ELEMENT
  %c0 = arith.constant 0 : index
  %count = tensor.extract %n[%c0] : tensor<1xi64>
  %size = arith.index_cast %count : i64 to index
  %m = tensor.splat %zero[%size] : !t
  %s = tensor.splat %one[%size] : !t
  %belief = fisher.belief %mu, %scale : !b
  %reference = fisher.belief %m, %s : !b
  %p, %g0, %g1 = fisher.penalty_with_gradient %belief toward %reference
      weight %weight : !b -> tensor<$ELEMENT>, !t, !t
  return %p, %g0, %g1 : tensor<$ELEMENT>, !t, !t
}
)mlir";

static std::string replaceAll(std::string text, StringRef from, StringRef to) {
  for (size_t at; (at = text.find(from.str())) != std::string::npos;)
    text.replace(at, from.size(), to.str());
  return text;
}

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

/// Bytes that must move for `count` beliefs: two components in, two out.
static int64_t getBytes(int64_t count, ElementKind kind) {
  return 4 * count * static_cast<int64_t>(getByteSize(kind));
}

static void penalty(benchmark::State &state, const char *element,
                    const char *chart, ElementKind kind) {
  std::string text = replaceAll(
      replaceAll(moduleText, "$ELEMENT", element), "$CHART", chart);
  Program program;
  program.module = parseSourceString<ModuleOp>(text, &getContext());
  program.entry = program.module->lookupSymbol<func::FuncOp>("main");
  FailureOr<CompiledFunction> function =
      CompiledFunction::compile(std::move(program), {});
  if (failed(function)) {
    state.SkipWithError("cannot be compiled");
    return;
  }
  int64_t count = state.range(0);
  Array mu(kind, {count}), scale(kind, {count}), size(ElementKind::Int64, {1});
  for (int64_t i = 0; i != count; ++i) {
    mu.set(i, std::sin(double(i)));
    scale.set(i, 0.5 + 0.3 * std::cos(double(i)));
  }
  size.set(0, double(count));
  for (auto _ : state)
    benchmark::DoNotOptimize((*function)({mu, scale, size}));
  state.SetBytesProcessed(int64_t(state.iterations()) * getBytes(count, kind));
}

static void copy(benchmark::State &state, ElementKind kind) {
  int64_t count = state.range(0);
  Array from(kind, {2 * count}), to(kind, {2 * count});
  for (auto _ : state) {
    std::memcpy(to.getData(), from.getData(), to.getByteSize());
    benchmark::DoNotOptimize(to.getData());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(int64_t(state.iterations()) * getBytes(count, kind));
}

static constexpr int64_t small = 1 << 12, large = 1 << 22;

BENCHMARK_CAPTURE(copy, f32, ElementKind::Float32)->Arg(small)->Arg(large);
BENCHMARK_CAPTURE(penalty, f32_sigma, "f32", "sigma", ElementKind::Float32)
    ->Arg(small)
    ->Arg(large);
BENCHMARK_CAPTURE(penalty, f32_log_sigma, "f32", "log_sigma",
                  ElementKind::Float32)
    ->Arg(small)
    ->Arg(large);
BENCHMARK_CAPTURE(penalty, f32_softplus, "f32", "softplus",
                  ElementKind::Float32)
    ->Arg(small)
    ->Arg(large);
BENCHMARK_CAPTURE(copy, f64, ElementKind::Float64)->Arg(small)->Arg(large);
BENCHMARK_CAPTURE(penalty, f64_softplus, "f64", "softplus",
                  ElementKind::Float64)
    ->Arg(small)
    ->Arg(large);

BENCHMARK_MAIN();
