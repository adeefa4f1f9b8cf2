// Steps that return what is measured of their beliefs.

// RUN: fisher-opt --fisher-instrument="entry=main" --split-input-file %s | FileCheck %s

// What a reference keeps is the start; the totals and the measurements come last.
// CHECK-LABEL: @main(
// CHECK-SAME: %[[MU:[a-z0-9]+]]: tensor<?xf32> {fisher.name = "w.mu"}, %[[RHO:[a-z0-9]+]]: tensor<?xf32> {fisher.name = "w.rho"}
// CHECK-SAME: %[[MU0:[a-z0-9]+]]: tensor<?xf32> {fisher.initialize = "w.mu", fisher.name = "w.mu.frozen", fisher.role = "state"}
// CHECK-SAME: %[[RHO0:[a-z0-9]+]]: tensor<?xf32> {fisher.initialize = "w.rho", fisher.name = "w.rho.frozen", fisher.role = "state"}
// CHECK-SAME: %[[TOTALS:[a-z0-9]+]]: tensor<2x4xf64> {fisher.name = "fisher.totals", fisher.role = "state"}
// CHECK-SAME: tensor<2x4xf64> {fisher.updates = "fisher.totals"}
// CHECK-SAME: tensor<2x10xf64> {fisher.beliefs = ["w.mu, w.rho"], fisher.columns = ["moved", "reference", "kl", "penalty", "gradient_norm", "length", "action", "displacement", "information", "efficiency"], fisher.role = "measurements"}
// CHECK: %[[BEFORE:.*]] = fisher.belief %[[MU]], %[[RHO]]
// CHECK: %[[AFTER:.*]] = fisher.belief %[[NEW:.*]], %[[RHO]]
// CHECK: fisher.penalty %[[AFTER]] toward %[[BEFORE]]
// CHECK: fisher.kl_divergence %[[AFTER]], %[[BEFORE]]
// CHECK: %[[START:.*]] = fisher.belief %[[MU0]], %[[RHO0]]
// CHECK: fisher.penalty %[[AFTER]] toward %[[START]]
// CHECK-NOT: fisher.natural_gradient
// CHECK: fisher.penalty %[[BEFORE]] toward %[[START]]
// CHECK: return %[[NEW]], %[[RHO]], %{{.*}}, %{{.*}} : tensor<?xf32>, tensor<?xf32>, tensor<2x4xf64>, tensor<2x10xf64>
// CHECK-NOT: fisher.policy
func.func @main(%mu: tensor<?xf32> {fisher.name = "w.mu"}, %rho: tensor<?xf32> {fisher.name = "w.rho"})
    -> (tensor<?xf32> {fisher.updates = "w.mu"}, tensor<?xf32> {fisher.updates = "w.rho"}) {
  %0 = arith.mulf %mu, %mu : tensor<?xf32>
  return %0, %rho : tensor<?xf32>, tensor<?xf32>
}
fisher.policy @p {
  fisher.regularize "(*).mu", "(*).rho" as #fisher.gaussian<sigma> toward #fisher.frozen weight 1.0 mode coupled
}

// -----

// Without the new value, what moved is told in the next step, and the gradient's
// length is there.
// CHECK-LABEL: @main(
// CHECK-SAME: %[[P:[a-z0-9]+]]: tensor<f64> {fisher.name = "p"}
// CHECK-SAME: %[[P0:[a-z0-9]+]]: tensor<f64> {fisher.initialize = "p", fisher.name = "p.frozen", fisher.role = "state"}
// CHECK-SAME: %[[OLD:[a-z0-9]+]]: tensor<f64> {fisher.initialize = "p", fisher.name = "p.previous", fisher.role = "state"}
// CHECK-SAME: tensor<f64> {fisher.updates = "p.previous"}, tensor<2x4xf64>
// CHECK: %[[NOW:.*]] = fisher.belief %[[P]]
// CHECK: %[[BEFORE:.*]] = fisher.belief %[[OLD]]
// CHECK: fisher.penalty %[[NOW]] toward %[[BEFORE]]
// CHECK: fisher.natural_gradient %[[NOW]], %[[P]]
// CHECK: return %[[P]], %[[P]], %{{.*}}, %{{.*}} :
func.func @main(%p: tensor<f64> {fisher.name = "p"}) -> (tensor<f64> {fisher.gradient_of = "p"}) {
  return %p : tensor<f64>
}
fisher.policy @p {
  fisher.regularize "p" as #fisher.bernoulli<logit> toward #fisher.prior<[0.5]> weight 1.0 mode coupled
}

// -----

// Two beliefs that have a component in common, and one that is a result: it does
// not move, and is in no row but its own. What one number holds for all elements
// has no gradient of each element.
// CHECK-LABEL: @main(
// CHECK-SAME: tensor<4x4xf64> {fisher.name = "fisher.totals"
// CHECK-SAME: fisher.beliefs = ["a.mu, rho", "b.mu, rho", "z.mu, z.rho"]
// CHECK-COUNT-7: fisher.penalty
// CHECK-NOT: fisher.penalty
// CHECK-NOT: fisher.natural_gradient
func.func @main(%a: tensor<4xf32> {fisher.name = "a.mu"}, %b: tensor<4xf32> {fisher.name = "b.mu"},
                %rho: tensor<1xf32> {fisher.name = "rho"}, %g: tensor<4xf32>, %h: tensor<1xf32>)
    -> (tensor<4xf32> {fisher.updates = "a.mu"}, tensor<4xf32> {fisher.updates = "b.mu"},
        tensor<1xf32> {fisher.updates = "rho"}, tensor<f32> {fisher.role = "loss"},
        tensor<4xf32> {fisher.gradient_of = "a.mu"}, tensor<4xf32> {fisher.gradient_of = "b.mu"},
        tensor<1xf32> {fisher.gradient_of = "rho"},
        tensor<4xf32> {fisher.name = "z.mu"}, tensor<4xf32> {fisher.name = "z.rho"}) {
  %l = arith.constant dense<0.0> : tensor<f32>
  return %b, %a, %rho, %l, %g, %g, %h, %g, %g
      : tensor<4xf32>, tensor<4xf32>, tensor<1xf32>, tensor<f32>, tensor<4xf32>, tensor<4xf32>, tensor<1xf32>, tensor<4xf32>, tensor<4xf32>
}
fisher.policy @p {
  fisher.regularize "(*).mu", "rho" as #fisher.gaussian<softplus> toward #fisher.prior<[0.0, 1.0]> weight 1.0 mode coupled
  fisher.regularize "(z).mu", "(z).rho" as #fisher.gaussian<softplus> toward #fisher.prior<[0.0, 1.0]> weight 1.0 mode loss_only
}

// -----

// A policy without beliefs to measure together.
// CHECK-LABEL: @main(
// CHECK-SAME: tensor<1x4xf64>
// CHECK-SAME: fisher.beliefs = []
func.func @main(%a: tensor<4xf32> {fisher.name = "a"}) -> tensor<4xf32> {
  return %a : tensor<4xf32>
}
fisher.policy @p {
}
