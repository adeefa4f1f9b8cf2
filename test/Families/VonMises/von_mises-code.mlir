// Long quadrature rules are loops, so that the code stays short, over tables that
// are constants of the module.

// RUN: fisher-opt %s --convert-fisher-to-linalg | FileCheck %s

!f32 = tensor<4xf32>
!f64 = tensor<4xf64>

// CHECK-LABEL: func.func @single(
// CHECK: arith.constant dense<{{.*}}> : tensor<12xf32>
// CHECK: scf.for
// CHECK: tensor.extract {{.*}} : tensor<12xf32>
// CHECK-NOT: tensor<32xf32>
// CHECK: return
func.func @single(%m: !f32, %k: !f32) -> !f32 {
  %b = fisher.belief %m, %k : !fisher.belief<#fisher.von_mises<kappa>, !f32>
  %r = fisher.belief %k, %m : !fisher.belief<#fisher.von_mises<kappa>, !f32>
  %d = fisher.squared_distance %b, %r : !fisher.belief<#fisher.von_mises<kappa>, !f32> -> !f32
  return %d : !f32
}

// CHECK-LABEL: func.func @double(
// CHECK: arith.constant dense<{{.*}}> : tensor<32xf64>
// CHECK: scf.for
// CHECK: tensor.extract {{.*}} : tensor<32xf64>
// CHECK: return
func.func @double(%m: !f64, %k: !f64) -> !f64 {
  %b = fisher.belief %m, %k : !fisher.belief<#fisher.von_mises<kappa>, !f64>
  %r = fisher.belief %k, %m : !fisher.belief<#fisher.von_mises<kappa>, !f64>
  %d = fisher.squared_distance %b, %r : !fisher.belief<#fisher.von_mises<kappa>, !f64> -> !f64
  return %d : !f64
}
