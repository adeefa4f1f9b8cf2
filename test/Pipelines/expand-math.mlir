// RUN: fisher-opt --fisher-expand-math %s | FileCheck %s

// CHECK-LABEL: func @numbers(
// CHECK-NOT: math.{{exp|log|tanh|sin|cos|atan|rsqrt|erf}}
// CHECK: return
func.func @numbers(%x: f32, %y: f64) -> (f32, f32, f64, f64, f64) {
  %0 = math.expm1 %x : f32
  %1 = math.rsqrt %0 : f32
  %2 = math.tanh %y : f64
  %3 = math.atan2 %2, %y : f64
  %4 = math.sin %y : f64
  %5 = math.erf %x : f32
  return %5, %1, %2, %3, %4 : f32, f32, f64, f64, f64
}

// CHECK-LABEL: func @vectors(
// CHECK-NOT: math.log
// CHECK: arith.mulf %{{.*}} : vector<16xf32>
func.func @vectors(%x: vector<16xf32>) -> vector<16xf32> {
  %0 = math.log1p %x : vector<16xf32>
  return %0 : vector<16xf32>
}

// CHECK-LABEL: func @power(
// CHECK-NOT: math.powf
// CHECK: return
func.func @power(%x: f32, %y: f32) -> f32 {
  %0 = math.powf %x, %y : f32
  return %0 : f32
}

// What there is no formula for, other types, and tensors stay.

// CHECK-LABEL: func @others(
// CHECK: math.cbrt
// CHECK: math.exp %{{.*}} : f16
// CHECK: math.exp %{{.*}} : tensor<4xf32>
// CHECK: math.powf %{{.*}} : f64
func.func @others(%x: f32, %y: f16, %z: tensor<4xf32>, %w: f64) -> (f32, f16, tensor<4xf32>, f64) {
  %0 = math.cbrt %x : f32
  %1 = math.exp %y : f16
  %2 = math.exp %z : tensor<4xf32>
  %3 = math.powf %w, %w : f64
  return %0, %1, %2, %3 : f32, f16, tensor<4xf32>, f64
}
