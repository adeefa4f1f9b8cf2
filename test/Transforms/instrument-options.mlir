// The options of fisher-instrument, alone and after fisher-insert.

// RUN: split-file %s %t

// RUN: fisher-opt %t/step.mlir --fisher-instrument="policy-file=%t/two.mlir policy=second entry=step" | FileCheck %s
// CHECK: func.func @step(
// CHECK-SAME: fisher.beliefs = ["q"]

// The module's own policy is inserted, kept, and measured: its penalty is the one
// that is measured, and what the loss is.
// RUN: fisher-opt %t/own.mlir --fisher-insert=keep-policy --fisher-instrument --cse 2> /dev/null | FileCheck %s --check-prefix=OWN
// OWN: func.func @main(%[[P:[a-z0-9]+]]: tensor<4xf32> {fisher.name = "p"}
// OWN: fisher.beliefs = ["p"]
// OWN: fisher.regularized = {{\[\[}}"p"]]
// OWN: fisher.penalty_with_gradient
// OWN: fisher.penalty
// OWN-NOT: fisher.policy

// RUN: fisher-opt %t/own.mlir --fisher-insert --verify-diagnostics | FileCheck %s --check-prefix=GONE
// GONE-NOT: fisher.policy

// Averages are known once the policy is inserted.
// RUN: fisher-opt %t/average.mlir --fisher-insert=keep-policy --fisher-instrument 2> /dev/null | FileCheck %s --check-prefix=AVERAGE
// AVERAGE: %[[P:[a-z0-9]+]]: tensor<4xf32> {fisher.name = "p"}
// AVERAGE-SAME: %[[AVERAGE:[a-z0-9]+]]: tensor<4xf32> {fisher.initialize = "p", fisher.name = "p.average"
// AVERAGE-SAME: fisher.name = "p.frozen"
// AVERAGE: %[[BELIEF:.*]] = fisher.belief %[[P]]
// AVERAGE: %[[REFERENCE:.*]] = fisher.belief %[[AVERAGE]]
// AVERAGE: fisher.penalty_with_gradient
// AVERAGE: fisher.penalty %{{.*}} toward %{{.*}} weight
// AVERAGE: return

// What keeps the beliefs before is kept once.
// RUN: fisher-opt %t/previous.mlir --fisher-insert=keep-policy --fisher-instrument 2> /dev/null | FileCheck %s --check-prefix=PREVIOUS
// PREVIOUS-COUNT-1: fisher.name = "p.previous"
// PREVIOUS-NOT: fisher.name = "p.previous"
// PREVIOUS: fisher.updates = "p.previous"
// PREVIOUS-NOT: fisher.updates = "p.previous"
// PREVIOUS: return

// Between calls, there are steps that are not seen.
// RUN: fisher-opt %t/new.mlir --fisher-instrument=sampled | FileCheck %s --check-prefix=SAMPLED
// SAMPLED: %[[P:[a-z0-9]+]]: tensor<4xf32> {fisher.name = "p"}
// SAMPLED-SAME: %[[OLD:[a-z0-9]+]]: tensor<4xf32> {fisher.initialize = "p", fisher.name = "p.previous"
// SAMPLED: %[[NOW:.*]] = fisher.belief %[[P]]
// SAMPLED: %[[LAST:.*]] = fisher.belief %[[OLD]]
// SAMPLED: fisher.penalty %[[NOW]] toward %[[LAST]]
// SAMPLED: return %{{.*}}, %[[P]],

// Where only the sums are kept, the arguments are the same, and the results the first.
// RUN: fisher-opt %t/new.mlir --fisher-instrument="totals-only trace=2" | FileCheck %s --check-prefix=TOTALS
// TOTALS: %[[P:[a-z0-9]+]]: tensor<4xf32> {fisher.name = "p"}
// TOTALS-SAME: fisher.name = "p.frozen"
// TOTALS-SAME: -> (tensor<4xf32> {fisher.updates = "p"}, tensor<2x4xf64> {fisher.updates = "fisher.totals"}) {
// TOTALS-COUNT-1: fisher.penalty
// TOTALS-NOT: fisher.penalty
// TOTALS: fisher.kl_divergence
// TOTALS-NOT: fisher.penalty
// TOTALS: return %{{.*}}, %{{.*}} : tensor<4xf32>, tensor<2x4xf64>

//--- new.mlir
func.func @main(%p: tensor<4xf32> {fisher.name = "p"}, %g: tensor<4xf32>)
    -> (tensor<4xf32> {fisher.updates = "p"}) {
  %0 = arith.subf %p, %g : tensor<4xf32>
  return %0 : tensor<4xf32>
}
fisher.policy @p {
  fisher.regularize "p" as #fisher.bernoulli<logit> toward #fisher.prior<[0.5]> weight 1.0 mode coupled
}
//--- step.mlir
func.func @step(%p: tensor<4xf32> {fisher.name = "p"}, %q: tensor<4xf32> {fisher.name = "q"}) {
  return
}
func.func @other() {
  return
}
//--- two.mlir
fisher.policy @first {
  fisher.regularize "p" as #fisher.bernoulli<logit> toward #fisher.prior<[0.5]> weight 1.0 mode coupled
}
fisher.policy @second {
  fisher.regularize "q" as #fisher.bernoulli<logit> toward #fisher.prior<[0.5]> weight 1.0 mode coupled
}
//--- own.mlir
func.func @main(%p: tensor<4xf32> {fisher.name = "p"}, %g: tensor<4xf32>, %l: tensor<f32>)
    -> (tensor<4xf32> {fisher.gradient_of = "p"}, tensor<f32> {fisher.role = "loss"}) {
  return %g, %l : tensor<4xf32>, tensor<f32>
}
fisher.policy @p {
  // expected-remark@+1 {{regularized 'p'}}
  fisher.regularize "p" as #fisher.bernoulli<logit> toward #fisher.prior<[0.5]> weight 1.0 mode coupled
}
//--- average.mlir
func.func @main(%p: tensor<4xf32> {fisher.name = "p"}, %g: tensor<4xf32>)
    -> (tensor<4xf32> {fisher.gradient_of = "p"}) {
  return %g : tensor<4xf32>
}
fisher.policy @p {
  fisher.regularize "p" as #fisher.bernoulli<logit> toward #fisher.moving_average<0.9> weight 1.0 mode coupled
}
//--- previous.mlir
func.func @main(%p: tensor<4xf32> {fisher.name = "p"}, %g: tensor<4xf32>)
    -> (tensor<4xf32> {fisher.gradient_of = "p"}) {
  return %g : tensor<4xf32>
}
fisher.policy @p {
  fisher.regularize "p" as #fisher.bernoulli<logit> toward #fisher.previous weight 1.0 mode coupled
}
