// RUN: fisher-opt --pass-pipeline="builtin.module(fisher-legalize-floats)" --split-input-file %s | FileCheck %s

// What LLVM has an accurate intrinsic for stays.
// CHECK-LABEL: func.func @stays(
// CHECK-NOT: call
// CHECK: math.sqrt
// CHECK: math.exp
// CHECK: math.log
// CHECK: math.fma
// CHECK: math.absf
func.func @stays(%x: f32, %v: vector<4xf64>) -> (f32, vector<4xf64>) {
  %0 = math.sqrt %x : f32
  %1 = math.exp %0 : f32
  %2 = math.log %1 : f32
  %3 = math.fma %2, %1, %0 : f32
  %4 = math.absf %v : vector<4xf64>
  return %3, %4 : f32, vector<4xf64>
}

// -----

// The rest is called from the C math library, for the elements of a vector too.
// CHECK-DAG: func.func private @log1pf(f32) -> f32
// CHECK-DAG: func.func private @expm1(f64) -> f64
// CHECK-DAG: func.func private @erff(f32) -> f32
// CHECK-LABEL: func.func @calls(
// CHECK: call @log1pf(%{{.*}}) : (f32) -> f32
// CHECK: call @expm1(%{{.*}}) : (f64) -> f64
// CHECK-COUNT-2: call @erff
// CHECK-NOT: math.
func.func @calls(%x: f32, %y: f64, %v: vector<2xf32>) -> (f32, f64, vector<2xf32>) {
  %0 = math.log1p %x : f32
  %1 = math.expm1 %y : f64
  %2 = math.erf %v : vector<2xf32>
  return %0, %1, %2 : f32, f64, vector<2xf32>
}

// -----

// bf16 is converted by integer arithmetic; f16 and f64 are the CPU's own.
// CHECK-LABEL: func.func @bf16(
// CHECK-NOT: arith.extf %{{.*}} : bf16
// CHECK-NOT: to bf16
// CHECK: arith.bitcast %{{.*}} : bf16 to i16
// CHECK: arith.shli
// CHECK: arith.bitcast %{{.*}} : i16 to bf16
func.func @bf16(%x: bf16) -> bf16 {
  %0 = arith.extf %x : bf16 to f32
  %1 = arith.mulf %0, %0 : f32
  %2 = arith.truncf %1 : f32 to bf16
  return %2 : bf16
}

// CHECK-LABEL: func.func @others(
// CHECK: arith.extf %{{.*}} : f16 to f32
// CHECK: arith.truncf %{{.*}} : f64 to f32
func.func @others(%x: f16, %y: f64) -> (f32, f32) {
  %0 = arith.extf %x : f16 to f32
  %1 = arith.truncf %y : f64 to f32
  return %0, %1 : f32, f32
}
