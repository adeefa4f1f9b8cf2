// RUN: fisher-opt --fisher-legalize-floats='expand-half=true' %s | FileCheck %s
// RUN: fisher-opt --fisher-legalize-floats %s | FileCheck %s --check-prefix=PLAIN

// For targets that know no f16, its conversions are arithmetic on integers.

// CHECK-LABEL: func @conversions(
// CHECK-NOT: arith.{{extf|truncf}} %{{.*}} : {{f16 to|f32 to f16}}
// CHECK: arith.bitcast %{{.*}} : i16 to f16
// CHECK: return
// PLAIN-LABEL: func @conversions(
// PLAIN: arith.extf %{{.*}} : f16 to f32
// PLAIN: arith.truncf %{{.*}} : f32 to f16
func.func @conversions(%x: f16) -> f16 {
  %0 = arith.extf %x : f16 to f32
  %1 = arith.addf %0, %0 : f32
  %2 = arith.truncf %1 : f32 to f16
  return %2 : f16
}

// CHECK-LABEL: func @double(
// CHECK-NOT: arith.truncf %{{.*}} : {{.*}} to vector<2xf16>
// CHECK: arith.bitcast %{{.*}} : vector<2xi16> to vector<2xf16>
// CHECK: return
func.func @double(%x: vector<2xf64>) -> vector<2xf16> {
  %0 = arith.truncf %x : vector<2xf64> to vector<2xf16>
  return %0 : vector<2xf16>
}
