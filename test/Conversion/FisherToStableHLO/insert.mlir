// RUN: fisher-opt --fisher-insert --canonicalize --cse --convert-fisher-to-stablehlo \
// RUN:     --allow-unregistered-dialect %s 2>/dev/null \
// RUN:   | FileCheck %s --implicit-check-not='{{(fisher[.](b|p)|(arith|math|linalg|tensor|scf)[.])}}'

// What fisher-insert adds beside operations on beliefs.

fisher.policy @default {
  fisher.regularize "mu", "rho" as #fisher.gaussian<softplus>
      toward #fisher.prior<[0.0, 1.0]> weight "beta" mode coupled
}

// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[MU:[^:]*]]: tensor<4x3xf16> {fisher.name = "mu", fisher.role = "param"},
// CHECK-SAME: %[[RHO:[^:]*]]: tensor<1x3xf16> {fisher.name = "rho", fisher.role = "param"},
// CHECK-SAME: %[[BETA:[^:]*]]: tensor<f64> {fisher.name = "beta"
// CHECK-SAME: %[[LOSS:[^:]*]]: tensor<f64>
// CHECK-SAME: %[[DMU:[^:]*]]: tensor<4x3xf16>
// CHECK-SAME: %[[DRHO:[^:]*]]: tensor<1x3xf16>
// CHECK-SAME: fisher.role = "loss"
// CHECK-SAME: fisher.gradient_of = "mu"
// CHECK-SAME: fisher.gradient_of = "rho"
// CHECK-SAME: fisher.regularized = {{\[\[}}"mu", "rho"]]
func.func @main(%mu: tensor<4x3xf16> {fisher.name = "mu", fisher.role = "param"},
                %rho: tensor<1x3xf16> {fisher.name = "rho", fisher.role = "param"},
                %beta: tensor<f64> {fisher.name = "beta", fisher.role = "state"},
                %loss: tensor<f64>, %dmu: tensor<4x3xf16>, %drho: tensor<1x3xf16>)
    -> (tensor<f64> {fisher.role = "loss"}, tensor<4x3xf16> {fisher.gradient_of = "mu"},
        tensor<1x3xf16> {fisher.gradient_of = "rho"}) {
  // The tied component is broadcast, the weight rounded.
  // CHECK: %[[ROW:.*]] = "stablehlo.reshape"(%[[RHO]]) : (tensor<1x3xf16>) -> tensor<3xf16>
  // CHECK: %[[FULL:.*]] = "stablehlo.broadcast_in_dim"(%[[ROW]]) {broadcast_dimensions = array<i64: 1>} : (tensor<3xf16>) -> tensor<4x3xf16>
  // CHECK: %[[W:.*]] = "stablehlo.convert"(%[[BETA]]) : (tensor<f64>) -> tensor<f32>
  // CHECK: %[[TIED:.*]] = "stablehlo.select"(%{{.*}}, %[[FULL]], %{{.*}})
  // CHECK: "stablehlo.convert"(%[[MU]]) : (tensor<4x3xf16>) -> tensor<4x3xf32>
  // CHECK: "stablehlo.convert"(%[[TIED]]) : (tensor<4x3xf16>) -> tensor<4x3xf32>
  // CHECK: %[[P:.*]] = "stablehlo.convert"(%{{.*}}) : (tensor<f64>) -> tensor<f32>
  // CHECK: %[[GMU:.*]] = "stablehlo.convert"(%{{.*}}) : (tensor<4x3xf32>) -> tensor<4x3xf16>
  // CHECK: %[[GRHO:.*]] = "stablehlo.convert"(%{{.*}}) : (tensor<4x3xf32>) -> tensor<4x3xf16>
  // CHECK: %[[NEWMU:.*]] = "stablehlo.add"(%[[DMU]], %[[GMU]])
  // The gradient of what is tied is summed in f64.
  // CHECK: %[[WIDE:.*]] = "stablehlo.convert"(%[[GRHO]]) : (tensor<4x3xf16>) -> tensor<4x3xf64>
  // CHECK: %[[SUM:.*]] = "stablehlo.reduce"(%[[WIDE]], %{{.*}})
  // CHECK: {dimensions = array<i64: 0>} : (tensor<4x3xf64>, tensor<f64>) -> tensor<3xf64>
  // CHECK: %[[P64:.*]] = "stablehlo.convert"(%[[P]]) : (tensor<f32>) -> tensor<f64>
  // CHECK: %[[NEWLOSS:.*]] = "stablehlo.add"(%[[LOSS]], %[[P64]])
  // CHECK: %[[NEWRHO:.*]] = "stablehlo.convert"(%{{.*}}) : (tensor<1x3xf64>) -> tensor<1x3xf16>
  // CHECK: return %[[NEWLOSS]], %[[NEWMU]], %[[NEWRHO]]
  return %loss, %dmu, %drho : tensor<f64>, tensor<4x3xf16>, tensor<1x3xf16>
}
