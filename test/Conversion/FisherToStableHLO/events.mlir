// RUN: fisher-opt --convert-fisher-to-stablehlo --allow-unregistered-dialect %s \
// RUN:   | FileCheck %s --implicit-check-not='{{(fisher|arith|math|linalg|tensor|scf)[.]}}'

// Families with event dimensions: maps and sums over the elements of all
// distributions, after the dimensions of the batch.

// CHECK-LABEL: func.func @rows(
// CHECK-SAME: %[[X:[^:]*]]: tensor<6x10xf32>
!c = !fisher.belief<#fisher.categorical<logits>, tensor<6x10xf32>>
func.func @rows(%x: tensor<6x10xf32>, %y: tensor<6x10xf32>) -> tensor<6xf32> {
  // CHECK: %[[LOW:.*]] = "stablehlo.constant"() {value = dense<0xFF800000> : tensor<f32>}
  // CHECK: %[[TOP:.*]] = "stablehlo.reduce"(%[[X]], %[[LOW]])
  // CHECK: "stablehlo.maximum"
  // CHECK: {dimensions = array<i64: 1>} : (tensor<6x10xf32>, tensor<f32>) -> tensor<6xf32>
  // CHECK: %[[EACH:.*]] = "stablehlo.broadcast_in_dim"(%[[TOP]]) {broadcast_dimensions = array<i64: 0>} : (tensor<6xf32>) -> tensor<6x10xf32>
  // CHECK: "stablehlo.subtract"(%{{.*}}, %[[EACH]])
  // CHECK: "stablehlo.reduce"
  // CHECK: {dimensions = array<i64: 1>} : (tensor<6x10xf64>, tensor<f64>) -> tensor<6xf64>
  %a = fisher.belief %x : !c
  %b = fisher.belief %y : !c
  %d = fisher.squared_distance %a, %b : !c -> tensor<6xf32>
  return %d : tensor<6xf32>
}

// Long loops carry all that they use; what indexes is the same for the batch.
// CHECK-LABEL: func.func @matrices(
!m = !fisher.belief<#fisher.centered_gaussian<covariance>, tensor<5x8x8xf32>>
func.func @matrices(%x: tensor<5x8x8xf32>, %y: tensor<5x8x8xf32>) -> tensor<5xf32> {
  // CHECK: "stablehlo.while"(%{{.*}}, %{{.*}}, %{{.*}}) ({
  // CHECK-NEXT: ^bb0(%[[I:[^:]*]]: tensor<i32>, %{{.*}}: tensor<5x8x8xf32>, %{{.*}}: tensor<5x8x8xf32>):
  // CHECK-NEXT: %[[END:.*]] = "stablehlo.constant"() {value = dense<8> : tensor<i32>}
  // CHECK-NEXT: %[[LESS:.*]] = "stablehlo.compare"(%[[I]], %[[END]]) {comparison_direction = #stablehlo<comparison_direction LT>}
  // CHECK-NEXT: "stablehlo.return"(%[[LESS]])
  // CHECK: "stablehlo.dynamic_slice"(%{{.*}}) {slice_sizes = array<i64: 5, 1, 1>} : (tensor<5x8x8xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<5x1x1xf32>
  // CHECK: "stablehlo.dynamic_update_slice"
  %a = fisher.belief %x : !m
  %b = fisher.belief %y : !m
  %d = fisher.kl_divergence %a, %b : !m -> tensor<5xf32>
  return %d : tensor<5xf32>
}

// Short ones are unrolled, and nothing is left of their indices.
// CHECK-LABEL: func.func @small(
!s = !fisher.belief<#fisher.centered_gaussian<cholesky>, tensor<1x1xf64>>
func.func @small(%x: tensor<1x1xf64>, %v: tensor<1x1xf64>) -> tensor<1x1xf64> {
  // CHECK-NOT: {{while|dynamic_slice}}
  // CHECK: "stablehlo.slice"(%{{.*}}) {limit_indices = array<i64: 1, 1>, start_indices = array<i64: 0, 0>, strides = array<i64: 1, 1>}
  // CHECK-NOT: {{while|dynamic_slice}}
  // CHECK: return
  %b = fisher.belief %x : !s
  %c = fisher.metric %b, %v : !s
  return %c : tensor<1x1xf64>
}
