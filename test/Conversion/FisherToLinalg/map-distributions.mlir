// RUN: fisher-opt --convert-fisher-to-linalg=map-distributions=true --canonicalize %s | FileCheck %s

// One distribution has a loop, too, which canonicalization leaves.

!belief = !fisher.belief<#fisher.categorical<logits>, tensor<5xf32>>
// CHECK-LABEL: func.func @one
// CHECK: scf.forall ({{.*}}) in (1) shared_outs
// CHECK: tensor.parallel_insert_slice {{.*}}[] [] [] : tensor<f32> into tensor<f32>
// CHECK: {mapping = [#gpu.block<linear_dim_0>]}
func.func @one(%a: !belief, %b: !belief) -> tensor<f32> {
  %0 = fisher.squared_distance %a, %b : !belief -> tensor<f32>
  return %0 : tensor<f32>
}

// CHECK-LABEL: func.func @batch
// CHECK: scf.forall ({{.*}}) in (1, %{{.*}}) shared_outs
// CHECK: {mapping = [#gpu.block<linear_dim_0>, #gpu.block<linear_dim_1>]}
!batch = !fisher.belief<#fisher.centered_gaussian<covariance>, tensor<1x?x3x3xf32>>
func.func @batch(%a: !batch, %b: !batch) -> tensor<1x?xf32> {
  %0 = fisher.squared_distance %a, %b : !batch -> tensor<1x?xf32>
  return %0 : tensor<1x?xf32>
}
