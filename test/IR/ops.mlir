// Every operation is read and written in its custom form, in the generic form
// and in bytecode.

// RUN: fisher-opt %s | FileCheck %s
// RUN: fisher-opt %s | fisher-opt | FileCheck %s
// RUN: fisher-opt --mlir-print-op-generic %s | fisher-opt | FileCheck %s
// RUN: fisher-opt --emit-bytecode %s | fisher-opt | FileCheck %s
// RUN: fisher-opt --mlir-print-op-generic %s | FileCheck %s --check-prefix=GENERIC

!b = !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>
!wide = !fisher.belief<#fisher.gaussian<precision>, tensor<4xf64>>

// CHECK-LABEL: func.func @belief(
// CHECK-SAME: %[[MU:.*]]: tensor<4xf32>, %[[RHO:.*]]: tensor<4xf32>)
// CHECK: fisher.belief %[[MU]], %[[RHO]] : !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>
// GENERIC: "fisher.belief"(%{{.*}}, %{{.*}}) : (tensor<4xf32>, tensor<4xf32>) -> !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>
func.func @belief(%mu: tensor<4xf32>, %rho: tensor<4xf32>) -> !b {
  %b = fisher.belief %mu, %rho : !b
  return %b : !b
}

// CHECK-LABEL: func.func @components(
// CHECK-SAME: %[[B:.*]]: !fisher.belief
// CHECK: %{{.*}}:2 = fisher.components %[[B]] : !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>
func.func @components(%b: !b) -> (tensor<4xf32>, tensor<4xf32>) {
  %mu, %rho = fisher.components %b : !b
  return %mu, %rho : tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: func.func @convert(
// CHECK-SAME: %[[B:.*]]: !fisher.belief
// CHECK: fisher.convert %[[B]] : !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>> to !fisher.belief<#fisher.gaussian<precision>, tensor<4xf64>>
func.func @convert(%b: !b) -> !wide {
  %c = fisher.convert %b : !b to !wide
  return %c : !wide
}

// CHECK-LABEL: func.func @squared_distance(
// CHECK-SAME: %[[A:.*]]: !fisher.belief<{{.*}}>, %[[B:.*]]: !fisher.belief
// CHECK: fisher.squared_distance %[[A]], %[[B]] : !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>> -> tensor<4xf32>
func.func @squared_distance(%a: !b, %b: !b) -> tensor<4xf32> {
  %d = fisher.squared_distance %a, %b : !b -> tensor<4xf32>
  return %d : tensor<4xf32>
}

// CHECK-LABEL: func.func @squared_distance_with_gradient(
// CHECK: fisher.squared_distance_with_gradient %{{.*}}, %{{.*}} : !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>> -> tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
func.func @squared_distance_with_gradient(%a: !b, %b: !b) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %d, %g0, %g1 = fisher.squared_distance_with_gradient %a, %b : !b -> tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
  return %d, %g0, %g1 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: func.func @kl_divergence(
// CHECK: fisher.kl_divergence %{{.*}}, %{{.*}} : !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>> -> tensor<4xf32>
func.func @kl_divergence(%a: !b, %b: !b) -> tensor<4xf32> {
  %k = fisher.kl_divergence %a, %b : !b -> tensor<4xf32>
  return %k : tensor<4xf32>
}

// CHECK-LABEL: func.func @kl_divergence_with_gradients(
// CHECK: %{{.*}}, %{{.*}}:2, %{{.*}}:2 = fisher.kl_divergence_with_gradients %{{.*}}, %{{.*}} : !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>
func.func @kl_divergence_with_gradients(%a: !b, %b: !b) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %k, %a0, %a1, %b0, %b1 = fisher.kl_divergence_with_gradients %a, %b : !b
  return %k, %a0, %b1 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: func.func @geodesic_pullback(
// CHECK-SAME: %[[A:[^ ]*]]: !fisher.belief<{{[^)]*}}>, %[[B:[^ ]*]]: !fisher.belief<{{[^)]*}}>, %[[T:.*]]: f32, %[[C0:.*]]: tensor<4xf32>, %[[C1:.*]]: tensor<4xf32>)
// CHECK: %{{.*}}:2, %{{.*}}:2, %{{.*}} = fisher.geodesic_pullback %[[A]], %[[B]] at %[[T]] along %[[C0]], %[[C1]] : !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>
func.func @geodesic_pullback(%a: !b, %b: !b, %t: f32, %c0: tensor<4xf32>, %c1: tensor<4xf32>)
    -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %a0, %a1, %b0, %b1, %r = fisher.geodesic_pullback %a, %b at %t along %c0, %c1 : !b
  return %a0, %b1, %r : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: func.func @natural_gradient_pullback(
// CHECK-SAME: %[[B:[^ ]*]]: !fisher.belief<{{[^)]*}}>, %[[G0:.*]]: tensor<4xf32>, %[[G1:.*]]: tensor<4xf32>, %[[C0:.*]]: tensor<4xf32>, %[[C1:.*]]: tensor<4xf32>)
// CHECK: %{{.*}}:2, %{{.*}}:2 = fisher.natural_gradient_pullback %[[B]], %[[G0]], %[[G1]] along %[[C0]], %[[C1]] : !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>
func.func @natural_gradient_pullback(%b: !b, %g0: tensor<4xf32>, %g1: tensor<4xf32>, %c0: tensor<4xf32>, %c1: tensor<4xf32>)
    -> (tensor<4xf32>, tensor<4xf32>) {
  %b0, %b1, %d0, %d1 = fisher.natural_gradient_pullback %b, %g0, %g1 along %c0, %c1 : !b
  return %b1, %d0 : tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: func.func @penalty(
// CHECK-SAME: %[[B:.*]]: !fisher.belief<{{.*}}>, %[[REF:.*]]: !fisher.belief<{{.*}}>, %[[W:.*]]: f32)
// CHECK: fisher.penalty %[[B]] toward %[[REF]] weight %[[W]] : !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>> -> tensor<f32>
func.func @penalty(%b: !b, %ref: !b, %w: f32) -> tensor<f32> {
  %p = fisher.penalty %b toward %ref weight %w : !b -> tensor<f32>
  return %p : tensor<f32>
}

// CHECK-LABEL: func.func @penalty_with_gradient(
// CHECK-SAME: %[[B:.*]]: !fisher.belief<{{.*}}>, %[[REF:.*]]: !fisher.belief<{{.*}}>, %[[W:.*]]: f32)
// CHECK: fisher.penalty_with_gradient %[[B]] toward %[[REF]] weight %[[W]] : !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>> -> tensor<f32>, tensor<4xf32>, tensor<4xf32>
func.func @penalty_with_gradient(%b: !b, %ref: !b, %w: f32) -> (tensor<f32>, tensor<4xf32>, tensor<4xf32>) {
  %p, %g0, %g1 = fisher.penalty_with_gradient %b toward %ref weight %w : !b -> tensor<f32>, tensor<4xf32>, tensor<4xf32>
  return %p, %g0, %g1 : tensor<f32>, tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: func.func @geodesic(
// CHECK-SAME: %[[A:.*]]: !fisher.belief<{{.*}}>, %[[B:.*]]: !fisher.belief<{{.*}}>, %[[T:.*]]: f32)
// CHECK: fisher.geodesic %[[A]], %[[B]] at %[[T]] : !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>
func.func @geodesic(%a: !b, %b: !b, %t: f32) -> !b {
  %q = fisher.geodesic %a, %b at %t : !b
  return %q : !b
}

// CHECK-LABEL: func.func @proximal_step(
// CHECK-SAME: %[[B:.*]]: !fisher.belief<{{.*}}>, %[[REF:.*]]: !fisher.belief<{{.*}}>, %[[S:.*]]: f32)
// CHECK: fisher.proximal_step %[[B]] toward %[[REF]] strength %[[S]] : !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>
func.func @proximal_step(%b: !b, %ref: !b, %s: f32) -> !b {
  %q = fisher.proximal_step %b toward %ref strength %s : !b
  return %q : !b
}

// CHECK-LABEL: func.func @log(
// CHECK: %{{.*}}:2 = fisher.log %{{.*}}, %{{.*}} : !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>
func.func @log(%a: !b, %b: !b) -> (tensor<4xf32>, tensor<4xf32>) {
  %v0, %v1 = fisher.log %a, %b : !b
  return %v0, %v1 : tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: func.func @exp(
// CHECK-SAME: %[[A:.*]]: !fisher.belief<{{.*}}>, %[[V0:.*]]: tensor<4xf32>, %[[V1:.*]]: tensor<4xf32>)
// CHECK: fisher.exp %[[A]], %[[V0]], %[[V1]] : !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>
func.func @exp(%a: !b, %v0: tensor<4xf32>, %v1: tensor<4xf32>) -> !b {
  %q = fisher.exp %a, %v0, %v1 : !b
  return %q : !b
}

// CHECK-LABEL: func.func @metric(
// CHECK: %{{.*}}:2 = fisher.metric %{{.*}}, %{{.*}}, %{{.*}} : !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>
func.func @metric(%b: !b, %v0: tensor<4xf32>, %v1: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %c0, %c1 = fisher.metric %b, %v0, %v1 : !b
  return %c0, %c1 : tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: func.func @natural_gradient(
// CHECK: %{{.*}}:2 = fisher.natural_gradient %{{.*}}, %{{.*}}, %{{.*}} : !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>
func.func @natural_gradient(%b: !b, %g0: tensor<4xf32>, %g1: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %n0, %n1 = fisher.natural_gradient %b, %g0, %g1 : !b
  return %n0, %n1 : tensor<4xf32>, tensor<4xf32>
}

// Attributes of other dialects stay on an operation.
// CHECK-LABEL: func.func @discardable(
// CHECK: fisher.belief %{{.*}}, %{{.*}} {test.note = "kept"} : !fisher.belief
// CHECK: fisher.penalty %{{.*}} toward %{{.*}} weight %{{.*}} {test.note = 7 : i32} : !fisher.belief
func.func @discardable(%mu: tensor<4xf32>, %rho: tensor<4xf32>, %w: f32) -> tensor<f32> {
  %b = fisher.belief %mu, %rho {test.note = "kept"} : !b
  %p = fisher.penalty %b toward %b weight %w {test.note = 7 : i32} : !b -> tensor<f32>
  return %p : tensor<f32>
}
