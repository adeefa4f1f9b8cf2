//===- FuzzPolicy.cpp - Fuzzes files of policies --------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// Inputs are policy files as bytes, which are inserted into one of a few steps,
// or, where they start with a zero byte, choices of the grammar.
//
//===----------------------------------------------------------------------===//

#include "ModuleCheck.h"
#include "ModuleGenerator.h"

#include "llvm/Support/xxhash.h"

#include <cstdlib>
#include <string>
#include <sys/mman.h>
#include <unistd.h>

using namespace mlir::fisher::fuzz;
using llvm::StringRef;

/// Steps with gradients, with an optimizer, with beliefs that it computes, and
/// with marks of JAX.
static constexpr const char *steps[] = {
    R"(func.func @main(%mu: tensor<4x3xf32> {fisher.name = "fc0.mu", fisher.role = "param"},
    %rho: tensor<4x3xf32> {fisher.name = "fc0.rho", fisher.role = "param"},
    %p: tensor<5xf64> {fisher.name = "a.p", fisher.role = "param"},
    %teacher: tensor<4x3xf32> {fisher.name = "fc0.mu.teacher"},
    %beta: tensor<f32> {fisher.name = "beta", fisher.role = "batch"})
    -> (tensor<f32> {fisher.role = "loss"}, tensor<4x3xf32> {fisher.gradient_of = "fc0.mu"},
        tensor<4x3xf32> {fisher.gradient_of = "fc0.rho"}, tensor<5xf64> {fisher.gradient_of = "a.p"}) {
  return %beta, %mu, %rho, %p : tensor<f32>, tensor<4x3xf32>, tensor<4x3xf32>, tensor<5xf64>
})",
    R"(func.func @main(%mu: tensor<4xf32> {fisher.name = "fc0.mu", fisher.role = "param"},
    %rho: tensor<4xf32> {fisher.name = "fc0.rho", fisher.role = "param"},
    %v: tensor<4xf32> {fisher.name = "adam.v.fc0.mu", fisher.role = "state"}, %x: tensor<4xf32>)
    -> (tensor<4xf32> {fisher.updates = "fc0.mu"}, tensor<4xf32> {fisher.updates = "fc0.rho"},
        tensor<4xf32> {fisher.updates = "adam.v.fc0.mu"}) {
  %rate = arith.constant dense<0.125> : tensor<4xf32>
  %g = arith.mulf %mu, %x : tensor<4xf32>
  %h = math.exp %rho : tensor<4xf32>
  %0 = arith.mulf %rate, %g : tensor<4xf32>
  %1 = arith.mulf %rate, %h : tensor<4xf32>
  %2 = arith.subf %mu, %0 : tensor<4xf32>
  %3 = arith.subf %rho, %1 : tensor<4xf32>
  return %2, %3, %v : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
})",
    R"(func.func @main(%x: tensor<?x3xbf16> {fisher.name = "x", fisher.role = "batch"})
    -> (tensor<f32> {fisher.role = "loss"}, tensor<?x3xbf16> {fisher.name = "z.mu"},
        tensor<?x3xbf16> {fisher.name = "z.rho"}, tensor<?x3xbf16> {fisher.name = "z.logits"}) {
  %loss = arith.constant dense<1.0> : tensor<f32>
  return %loss, %x, %x, %x : tensor<f32>, tensor<?x3xbf16>, tensor<?x3xbf16>, tensor<?x3xbf16>
})",
    R"(func.func public @main(%arg0: tensor<3x3xf32> {tf.aliasing_output = 1 : i32} loc("params['fc0']['cov']"),
    %arg1: tensor<f32> loc("params['fc0']['mu']"), %arg2: tensor<3xf32> loc("params['fc0']['rho']"))
    -> (tensor<f32> {jax.result_info = "result[0]"}, tensor<3x3xf32> {jax.result_info = "result[1]['fc0']['cov']"}) {
  return %arg1, %arg0 : tensor<f32>, tensor<3x3xf32>
})"};

static std::string writeFile(StringRef text) {
  static int file = memfd_create("policy", 0);
  if (file < 0 || ftruncate(file, 0) < 0 ||
      pwrite(file, text.data(), text.size(), 0) !=
          static_cast<ssize_t>(text.size()))
    std::abort();
  return "/proc/self/fd/" + std::to_string(file);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  StringRef text(reinterpret_cast<const char *>(data), size);
  if (text.starts_with("ML\xEFR"))
    return -1;
  uint64_t hash = llvm::xxh3_64bits(text);
  std::string made;
  if (text.starts_with(StringRef("\0", 1))) {
    ByteSource source(llvm::ArrayRef(data, size).drop_front());
    made = generatePolicy(source);
    text = made;
  }
  std::string path = writeFile(text);
  CheckOptions options;
  options.choice = hash & 0x7F;
  options.depth = hash % 64 == 0 ? Depth::Lower : Depth::Passes;
  options.policyPath = path;
  checkModule(steps[(hash >> 16) % std::size(steps)], options);
  return 0;
}
