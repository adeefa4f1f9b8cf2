// RUN: fisher-opt %s --fisher-legalize-floats | FileCheck %s

// Functions for which LLVM has no accurate intrinsic are called.

// CHECK-LABEL: func @library(
// CHECK-SAME:    %[[X:.*]]: f32, %[[Y:.*]]: f64)
func.func @library(%x: f32, %y: f64) -> (f32, f64, f32) {
  // CHECK: call @log1pf(%[[X]]) : (f32) -> f32
  %0 = math.log1p %x : f32
  // CHECK: call @expm1(%[[Y]]) : (f64) -> f64
  %1 = math.expm1 %y : f64
  // CHECK: call @atanhf(%[[X]]) : (f32) -> f32
  %2 = math.atanh %x : f32
  return %0, %1, %2 : f32, f64, f32
}

// The others stay.

// CHECK-LABEL: func @intrinsics(
func.func @intrinsics(%x: f32) -> f32 {
  // CHECK: math.sqrt
  %0 = math.sqrt %x : f32
  // CHECK: math.absf
  %1 = math.absf %0 : f32
  // CHECK: math.copysign
  %2 = math.copysign %1, %x : f32
  // CHECK: math.fma
  %3 = math.fma %2, %x, %x : f32
  // CHECK: math.exp
  %4 = math.exp %3 : f32
  return %4 : f32
}

// CHECK-LABEL: func @vectors(
func.func @vectors(%x: vector<2xf32>) -> vector<2xf32> {
  // CHECK-COUNT-2: call @log1pf
  // CHECK-NOT: math
  %0 = math.log1p %x : vector<2xf32>
  return %0 : vector<2xf32>
}

// bf16 is the upper half of f32, rounded to nearest even.

// CHECK-LABEL: func @bfloat16(
func.func @bfloat16(%x: f32, %y: bf16, %z: f16) -> (bf16, f32, f32) {
  // CHECK-NOT: arith.truncf
  // CHECK: arith.shrui
  %0 = arith.truncf %x : f32 to bf16
  // CHECK: arith.shli
  %1 = arith.extf %y : bf16 to f32
  // CHECK: arith.extf %{{.*}} : f16 to f32
  %2 = arith.extf %z : f16 to f32
  return %0, %1, %2 : bf16, f32, f32
}

// What is wider still goes by way of it.

// CHECK-LABEL: func @bfloat16_to_double(
func.func @bfloat16_to_double(%x: bf16, %y: vector<4xbf16>) -> (f64, vector<4xf64>) {
  // CHECK: arith.shli
  // CHECK: arith.extf %{{.*}} : f32 to f64
  %0 = arith.extf %x : bf16 to f64
  // CHECK: arith.shli
  // CHECK: arith.extf %{{.*}} : vector<4xf32> to vector<4xf64>
  %1 = arith.extf %y : vector<4xbf16> to vector<4xf64>
  return %0, %1 : f64, vector<4xf64>
}
