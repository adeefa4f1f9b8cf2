// Beliefs that the step computes are results with names.

// RUN: fisher-opt %s --fisher-insert -split-input-file 2>&1 | FileCheck %s

fisher.policy @default {
  fisher.regularize "(*).mu", "(*).logvar" as #fisher.gaussian<log_variance>
      toward #fisher.prior<[0.0, 1.0]> weight 0.5 mode loss_only
}

// CHECK: remark: regularized 'w.mu', 'w.logvar'
// CHECK: remark: regularized 'latent.mu', 'latent.logvar' as #fisher.gaussian<log_variance>, 8 elements
// CHECK-NOT: remark
// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[WMU:.*]]: tensor<8xf32> {fisher.name = "w.mu"
// CHECK-SAME: %[[WVAR:.*]]: tensor<8xf32> {fisher.name = "w.logvar"
func.func @main(%wmu: tensor<8xf32> {fisher.name = "w.mu", fisher.role = "param"},
                %wvar: tensor<8xf32> {fisher.name = "w.logvar", fisher.role = "param"},
                %loss: tensor<f32>)
    -> (tensor<8xf32> {fisher.name = "latent.mu"}, tensor<f32> {fisher.role = "loss"},
        tensor<8xf32> {fisher.name = "latent.logvar"}) {
  // CHECK: %[[MU:.*]] = math.tanh
  // CHECK: %[[VAR:.*]] = math.absf
  %mu = math.tanh %wmu : tensor<8xf32>
  %var = math.absf %wvar : tensor<8xf32>
  // CHECK-DAG: %[[W:.*]] = fisher.belief %[[WMU]], %[[WVAR]]
  // CHECK-DAG: %[[LATENT:.*]] = fisher.belief %[[MU]], %[[VAR]]
  // CHECK-DAG: fisher.penalty %[[W]] toward
  // CHECK-DAG: fisher.penalty %[[LATENT]] toward
  // CHECK: %[[LOSS:.*]] = arith.addf
  // CHECK: return %[[MU]], %{{.*}}, %[[VAR]]
  return %mu, %loss, %var : tensor<8xf32>, tensor<f32>, tensor<8xf32>
}
