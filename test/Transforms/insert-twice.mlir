// Two policies regularize different parameters of one step, one after the
// other.

// RUN: fisher-opt %s --pass-pipeline="builtin.module(fisher-insert{policy=first},fisher-insert{policy=second})" \
// RUN:   2>/dev/null | FileCheck %s

// CHECK-LABEL: func.func @main(
// CHECK-SAME: attributes {fisher.regularized = {{\[\[}}"a.rate"], ["b.rate"]]}
// CHECK-COUNT-2: fisher.penalty
// CHECK-NOT: fisher.p{{enalty|olicy}}
func.func @main(%a: tensor<4xf32> {fisher.name = "a.rate"}, %b: tensor<4xf32> {fisher.name = "b.rate"}, %l: tensor<f32>)
    -> (tensor<f32> {fisher.role = "loss"}) {
  return %l : tensor<f32>
}
fisher.policy @first {
  fisher.regularize "a.rate" as #fisher.poisson<rate> toward #fisher.prior<[1.0]> weight 1.0 mode loss_only
}
fisher.policy @second {
  fisher.regularize "b.rate" as #fisher.exponential<rate> toward #fisher.prior<[1.0]> weight 1.0 mode loss_only
}
