// Steps that return some elements of their beliefs, in standard coordinates.

// RUN: fisher-opt --fisher-instrument="trace=4" --canonicalize --split-input-file %s | FileCheck %s
// RUN: fisher-opt --fisher-instrument --split-input-file %s | FileCheck %s --check-prefix=NONE
// NONE-NOT: fisher.trace_of

// After the update, evenly spread; what has no standard chart is left out, and a
// belief with fewer elements has all of them.
// CHECK-LABEL: @main(
// CHECK-SAME: tensor<4x3xf64> {fisher.columns = ["element", "mean", "standard deviation"], fisher.family = #fisher.gaussian<sigma>, fisher.role = "trace", fisher.trace_of = "w.mu, w.rho"}
// CHECK-SAME: tensor<1x3xf64> {fisher.columns = ["element", "direction", "concentration"], fisher.family = #fisher.von_mises<kappa>, fisher.role = "trace", fisher.trace_of = "v.a, v.k"}
// CHECK-NOT: fisher.trace_of
// CHECK: %[[NEW:.*]] = arith.addf
// CHECK: %[[FLAT:.*]] = tensor.collapse_shape %[[NEW]] {{\[\[}}0, 1]]
// CHECK: %[[MEANS:.*]] = tensor.extract_slice %[[FLAT]][0] [4] [4] : tensor<15xf32> to tensor<4xf32>
// CHECK: %[[PART:.*]] = fisher.belief %[[MEANS]], %{{.*}} : !fisher.belief<#fisher.gaussian<softplus>, tensor<4xf32>>
// CHECK: fisher.convert %[[PART]] : !fisher.belief<#fisher.gaussian<softplus>, tensor<4xf32>> to !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf64>>
// CHECK: linalg.index 0
// CHECK: tensor.expand_shape %{{.*}} [] output_shape [1] : tensor<f64> into tensor<1xf64>
func.func @main(%mu: tensor<3x5xf32> {fisher.name = "w.mu"}, %rho: tensor<3x5xf32> {fisher.name = "w.rho"},
                %a: tensor<f64> {fisher.name = "v.a"}, %k: tensor<f64> {fisher.name = "v.k"},
                %p: tensor<9xf32> {fisher.name = "p"})
    -> (tensor<3x5xf32> {fisher.updates = "w.mu"}, tensor<3x5xf32> {fisher.updates = "w.rho"},
        tensor<f64> {fisher.updates = "v.a"}, tensor<f64> {fisher.updates = "v.k"},
        tensor<9xf32> {fisher.updates = "p"}) {
  %0 = arith.addf %mu, %mu : tensor<3x5xf32>
  return %0, %rho, %a, %k, %p : tensor<3x5xf32>, tensor<3x5xf32>, tensor<f64>, tensor<f64>, tensor<9xf32>
}
fisher.policy @p {
  fisher.regularize "(w).mu", "(w).rho" as #fisher.gaussian<softplus> toward #fisher.prior<[0.0, 1.0]> weight 1.0 mode coupled
  fisher.regularize "(v).a", "(v).k" as #fisher.von_mises<log_kappa> toward #fisher.prior<[0.0, 1.0]> weight 1.0 mode coupled
  fisher.regularize "p" as #fisher.bernoulli<logit> toward #fisher.prior<[0.5]> weight 1.0 mode coupled
}

// -----

// Without updates, what the step was given; sizes may be known at run time only.
// CHECK-LABEL: @main(
// CHECK-SAME: %[[MU:[a-z0-9]+]]: tensor<?xf32> {fisher.name = "w.mu"}
// CHECK-SAME: tensor<?x3xf64> {fisher.columns = ["element", "mean", "standard deviation"], fisher.family = #fisher.gaussian_mean<sigma>
// CHECK: %[[COUNT:.*]] = arith.minui %{{.*}}, %c4
// CHECK: tensor.extract_slice %[[MU]][0] [%[[COUNT]]] [%{{.*}}] : tensor<?xf32> to tensor<?xf32>
func.func @main(%mu: tensor<?xf32> {fisher.name = "w.mu"}, %sigma: tensor<?xf32> {fisher.name = "w.sigma"}) {
  return
}
fisher.policy @p {
  fisher.regularize "(*).mu", "(*).sigma" as #fisher.gaussian_mean<sigma> toward #fisher.prior<[0.0, 1.0]> weight 1.0 mode coupled
}
