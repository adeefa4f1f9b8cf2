// Quadrature nodes come four at a time in f64, one by one in f32, where the
// elements themselves are to become vectors.

// RUN: fisher-opt %s --convert-fisher-to-linalg | FileCheck %s

!f32 = tensor<4xf32>
!f64 = tensor<4xf64>

// CHECK-LABEL: func.func @single(
// CHECK-NOT: vector
// CHECK: return
func.func @single(%m: !f32, %k: !f32) -> !f32 {
  %b = fisher.belief %m, %k : !fisher.belief<#fisher.von_mises<kappa>, !f32>
  %r = fisher.belief %k, %m : !fisher.belief<#fisher.von_mises<kappa>, !f32>
  %d = fisher.squared_distance %b, %r : !fisher.belief<#fisher.von_mises<kappa>, !f32> -> !f32
  return %d : !f32
}

// CHECK-LABEL: func.func @double(
// CHECK: vector.broadcast {{.*}} : f64 to vector<4xf64>
// CHECK: vector.reduction <add>, {{.*}} : vector<4xf64> into f64
// CHECK: return
func.func @double(%m: !f64, %k: !f64) -> !f64 {
  %b = fisher.belief %m, %k : !fisher.belief<#fisher.von_mises<kappa>, !f64>
  %r = fisher.belief %k, %m : !fisher.belief<#fisher.von_mises<kappa>, !f64>
  %d = fisher.squared_distance %b, %r : !fisher.belief<#fisher.von_mises<kappa>, !f64> -> !f64
  return %d : !f64
}
