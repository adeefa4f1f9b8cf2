// A step that drives its parameter nowhere, and a policy that draws it to p = 1/4.
// RUN: fisher-opt --load-dialect-plugin=%fisher_build/lib/GeometricPlugin%shlibext %s --fisher-insert 2> %t.log | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK < %t.log
// REMARK: step.mlir:[[#@LINE+23]]:3: remark: regularized 'w' as #testfam.geometric<logit>

// The prior is in the chart that the belief is stored in: log(1/3).
// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[W:[^:]*]]: tensor<?xf32> {fisher.name = "w"
// CHECK: %[[BELIEF:.*]] = fisher.belief %[[W]] : !fisher.belief<#testfam.geometric<logit>, tensor<?xf32>>
// CHECK: arith.constant -1.09861231 : f32
// CHECK: %[[PRIOR:.*]] = fisher.belief
// CHECK: %[[PENALTY:.*]], %[[GRADIENT:.*]] = fisher.penalty_with_gradient %[[BELIEF]] toward %[[PRIOR]]
// CHECK: %[[G:.*]] = arith.addf %{{.*}}, %[[GRADIENT]]
// CHECK: %[[L:.*]] = arith.addf %{{.*}}, %[[PENALTY]]
// CHECK: return %[[L]], %[[G]]

// RUN: fisher-opt --load-dialect-plugin=%fisher_build/lib/GeometricPlugin%shlibext %s 2>/dev/null \
// RUN:   --pass-pipeline="builtin.module(fisher-insert,canonicalize,cse,convert-fisher-to-linalg)" \
// RUN:   | FileCheck %s --check-prefix=LINALG --implicit-check-not='{{fisher\.[a-z_]+ %%}}' --implicit-check-not=testfam
// LINALG-LABEL: func.func @main(
// LINALG-NOT: math.{{(exp|log|pow|tanh|sinh|asinh)}}
// LINALG: linalg.generic
// LINALG-NOT: math.{{(exp|log|pow|tanh|sinh|asinh)}}
// LINALG: return

fisher.policy @default {
  fisher.regularize "w" as #testfam.geometric<logit>
      toward #fisher.prior<[0.25]> weight 0.5 mode coupled
}

func.func @main(%w: tensor<?xf32> {fisher.name = "w", fisher.role = "param"})
    -> (tensor<f32> {fisher.role = "loss"},
        tensor<?xf32> {fisher.gradient_of = "w"}) {
  %loss = arith.constant dense<0.0> : tensor<f32>
  %gradient = arith.subf %w, %w : tensor<?xf32>
  return %loss, %gradient : tensor<f32>, tensor<?xf32>
}
