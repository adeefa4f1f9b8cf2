// RUN: split-file %s %t
// RUN: fisher-opt %t/step.mlir --fisher-insert="compare-to=other penalty-result" | FileCheck %t/step.mlir
// RUN: not fisher-opt %t/step.mlir --fisher-insert="compare-to=another" 2>&1 | FileCheck %s --check-prefix=TYPE
// RUN: not fisher-opt %t/step.mlir --fisher-insert="compare-to=none" 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: not fisher-opt %t/step.mlir --fisher-insert="compare-to=main" 2>&1 | FileCheck %s --check-prefix=SELF
// RUN: fisher-opt %t/classical.mlir --fisher-upgrade=keep=before | FileCheck %t/classical.mlir

// How far new beliefs are from those of another step.

// TYPE: error: cannot be compared to 'main': both must have one block, and the same type
// NONE: error: has no function 'none', which the option compare-to names
// SELF: error: cannot be compared to 'main'

//--- step.mlir

// The proximal step is compared after it was taken, and the component that is
// made is the same in both.
// CHECK: func.func @main(%[[P:.*]]: tensor<4xf32> {fisher.name = "p"}, %[[X:.*]]: tensor<4xf32>)
// CHECK-SAME: -> (tensor<4xf32> {fisher.updates = "p"}, tensor<f64> {fisher.name = "nats.p"}, tensor<f32> {fisher.role = "penalty"})
// CHECK: %[[NEW:.*]]:2 = fisher.components
// CHECK: %[[EXP:.*]] = math.exp %[[X]]
// CHECK: %[[OTHER:.*]] = arith.subf %[[P]], %[[EXP]]
// CHECK: %[[A:.*]] = fisher.belief %[[NEW]]#0, %[[S:.*]] :
// CHECK: %[[B:.*]] = fisher.belief %[[OTHER]], %[[S]] :
// CHECK: %[[KL:.*]] = fisher.kl_divergence %[[A]], %[[B]]
// CHECK: %[[SUM:.*]] = linalg.reduce ins(%[[KL]] : tensor<4xf32>)
// CHECK: return %[[NEW]]#0, %[[SUM]], %{{.*}} : tensor<4xf32>, tensor<f64>, tensor<f32>
func.func @main(%p: tensor<4xf32> {fisher.name = "p"}, %x: tensor<4xf32>)
    -> (tensor<4xf32> {fisher.updates = "p"}) {
  %0 = arith.subf %p, %x : tensor<4xf32>
  return %0 : tensor<4xf32>
}
func.func private @other(%p: tensor<4xf32>, %x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = math.exp %x : tensor<4xf32>
  %1 = arith.subf %p, %0 : tensor<4xf32>
  return %1 : tensor<4xf32>
}
func.func private @another(%p: tensor<4xf32>) -> tensor<4xf32> {
  return %p : tensor<4xf32>
}
fisher.policy @p {
  fisher.regularize "p" as #fisher.gaussian_mean<sigma> fixed sigma 0.5
      toward #fisher.prior<[0.0]> weight 1.0 step_size 0.1 mode proximal
}

//--- classical.mlir

// CHECK: func.func @main
// CHECK-NOT: arith.addf
// CHECK: func.func private @before(%{{.*}}: tensor<4xf32>, %{{.*}}: tensor<4xf32>) -> tensor<4xf32>
// CHECK: call @add_l2
// CHECK: func.func private @add_l2
func.func @main(%w: tensor<4xf32>, %g: tensor<4xf32>) -> tensor<4xf32> {
  %rate = arith.constant dense<0.1> : tensor<4xf32>
  %0 = func.call @add_l2(%w, %g) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %1 = arith.mulf %0, %rate : tensor<4xf32>
  %2 = arith.subf %w, %1 : tensor<4xf32>
  return %2 : tensor<4xf32>
}
func.func private @add_l2(%w: tensor<4xf32>, %g: tensor<4xf32>) -> tensor<4xf32> {
  %strength = arith.constant dense<0.01> : tensor<4xf32>
  %0 = arith.mulf %w, %strength : tensor<4xf32>
  %1 = arith.addf %g, %0 : tensor<4xf32>
  return %1 : tensor<4xf32>
}
