// An operation on beliefs with event dimensions is a parallel loop over the
// distributions, and loops over the elements of one inside; no function of a
// math library is called.

// RUN: fisher-opt --convert-fisher-to-linalg --split-input-file %s | FileCheck %s

!b = !fisher.belief<#fisher.categorical<logits>, tensor<?x5x?xf16>>

// CHECK-LABEL: func.func @distance(
// CHECK-SAME: %[[A:.*]]: tensor<?x5x?xf16>, %[[B:.*]]: tensor<?x5x?xf16>)
// CHECK: cf.assert %{{.*}}, "fisher.squared_distance: the components differ in size along dimension 0"
// CHECK: cf.assert %{{.*}}, "fisher.squared_distance: the components differ in size along dimension 2"
// CHECK: %[[D:.*]] = scf.forall (%[[I:.*]], %[[J:.*]]) in (%{{.*}}, 5) shared_outs(%[[OUT:.*]] = %{{.*}}) -> (tensor<?x5xf32>)
// CHECK: tensor.extract_slice %[[A]][%[[I]], %[[J]], 0] [1, 1, %{{.*}}] [1, 1, 1] : tensor<?x5x?xf16> to tensor<?xf16>
// CHECK: scf.for
// CHECK-NOT: math.{{(exp|log|sin|cos|tanh|pow|erf|cbrt|fma|asinh|sinh|cosh|asin|acos)}}
// CHECK: tensor.parallel_insert_slice %{{.*}} into %[[OUT]][%[[I]], %[[J]]] [1, 1] [1, 1] : tensor<f32> into tensor<?x5xf32>
// CHECK: return %[[D]]
func.func @distance(%a: !b, %b: !b) -> tensor<?x5xf32> {
  %d = fisher.squared_distance %a, %b : !b -> tensor<?x5xf32>
  return %d : tensor<?x5xf32>
}

// -----

!b = !fisher.belief<#fisher.centered_gaussian<cholesky>, tensor<3x3xf64>>

// One distribution needs no loop over them.
// CHECK-LABEL: func.func @one(
// CHECK-NOT: scf.forall
// CHECK: scf.for
// CHECK-NOT: !fisher
// CHECK: return
func.func @one(%a: !b, %b: !b, %t: f64) -> !b {
  %q = fisher.geodesic %a, %b at %t : !b
  return %q : !b
}

// -----

!b = !fisher.belief<#fisher.categorical<probabilities>, tensor<6x4xbf16>>

// The sum is over the distributions, in their order.
// CHECK-LABEL: func.func @penalty(
// CHECK: %[[R:.*]]:2 = scf.forall {{.*}} -> (tensor<6xf32>, tensor<6x4xbf16>)
// CHECK: linalg.generic {{.*}} iterator_types = ["reduction"]} ins(%[[R]]#0 : tensor<6xf32>) outs(%{{.*}} : tensor<f64>)
// CHECK: return %{{.*}}, %[[R]]#1
func.func @penalty(%a: !b, %b: !b, %w: f32) -> (tensor<f32>, tensor<6x4xbf16>) {
  %p, %g = fisher.penalty_with_gradient %a toward %b weight %w : !b -> tensor<f32>, tensor<6x4xbf16>
  return %p, %g : tensor<f32>, tensor<6x4xbf16>
}
