// Each fold and canonicalization, and beside it what must not be folded.

// RUN: fisher-opt --canonicalize --split-input-file %s | FileCheck %s
// RUN: fisher-opt --canonicalize --split-input-file --mlir-print-debuginfo --mlir-print-local-scope %s | FileCheck %s --check-prefix=LOC

!b = !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>>
!dyn = !fisher.belief<#fisher.gaussian<sigma>, tensor<?x3x?xbf16>>

// CHECK-LABEL: func.func @distance_to_itself(
// CHECK: %[[ZERO:.*]] = arith.constant dense<0.000000e+00> : tensor<4xf32>
// CHECK-NEXT: return %[[ZERO]], %[[ZERO]]
func.func @distance_to_itself(%b: !b) -> (tensor<4xf32>, tensor<4xf32>) {
  %d = fisher.squared_distance %b, %b : !b -> tensor<4xf32>
  %k = fisher.kl_divergence %b, %b : !b -> tensor<4xf32>
  return %d, %k : tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: func.func @distance_to_itself_dynamic(
// CHECK-SAME: %[[B:.*]]: !fisher.belief
// CHECK-DAG: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-DAG: %[[MU:.*]]:2 = fisher.components %[[B]]
// CHECK-DAG: %[[D0:.*]] = tensor.dim %[[MU]]#0, %c0
// CHECK-DAG: %[[D2:.*]] = tensor.dim %[[MU]]#0, %c2
// CHECK: %[[ZEROS:.*]] = tensor.splat %[[ZERO]][%[[D0]], %[[D2]]] : tensor<?x3x?xf32>
// CHECK-NOT: fisher.squared_distance
// CHECK: return %[[ZEROS]]
func.func @distance_to_itself_dynamic(%b: !dyn) -> tensor<?x3x?xf32> {
  %d = fisher.squared_distance %b, %b : !dyn -> tensor<?x3x?xf32>
  return %d : tensor<?x3x?xf32>
}

// CHECK-LABEL: func.func @divergence_from_itself_dynamic(
// CHECK-NOT: fisher.kl_divergence
// CHECK: tensor.splat
func.func @divergence_from_itself_dynamic(%b: !dyn) -> tensor<?x3x?xf32> {
  %d = fisher.kl_divergence %b, %b : !dyn -> tensor<?x3x?xf32>
  return %d : tensor<?x3x?xf32>
}

// CHECK-LABEL: func.func @distance_between_two(
// CHECK: fisher.squared_distance
// CHECK: fisher.kl_divergence
func.func @distance_between_two(%a: !b, %b: !b) -> (tensor<4xf32>, tensor<4xf32>) {
  %d = fisher.squared_distance %a, %b : !b -> tensor<4xf32>
  %k = fisher.kl_divergence %b, %a : !b -> tensor<4xf32>
  return %d, %k : tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: func.func @divergence_and_gradients_from_itself(
// CHECK: %[[ZERO:.*]] = arith.constant dense<0.000000e+00> : tensor<4xf32>
// CHECK-NEXT: return %[[ZERO]], %[[ZERO]], %[[ZERO]]
func.func @divergence_and_gradients_from_itself(%b: !b) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %k:5 = fisher.kl_divergence_with_gradients %b, %b : !b
  return %k#0, %k#1, %k#4 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: func.func @divergence_without_gradients(
// CHECK: %[[K:.*]] = fisher.kl_divergence %{{.*}}, %{{.*}} : !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>> -> tensor<4xf32>
// CHECK-NEXT: return %[[K]]
func.func @divergence_without_gradients(%a: !b, %b: !b) -> tensor<4xf32> {
  %k:5 = fisher.kl_divergence_with_gradients %a, %b : !b
  return %k#0 : tensor<4xf32>
}

// One gradient is enough to keep all.
// CHECK-LABEL: func.func @divergence_with_a_gradient(
// CHECK: fisher.kl_divergence_with_gradients
func.func @divergence_with_a_gradient(%a: !b, %b: !b) -> tensor<4xf32> {
  %k:5 = fisher.kl_divergence_with_gradients %a, %b : !b
  return %k#4 : tensor<4xf32>
}

// The gradient has the storage type, the distance the compute type.
// CHECK-LABEL: func.func @gradient_at_itself(
// CHECK-DAG: %[[D:.*]] = arith.constant dense<0.000000e+00> : tensor<2xf32>
// CHECK-DAG: %[[G:.*]] = arith.constant dense<0.000000e+00> : tensor<2xf16>
// CHECK: return %[[D]], %[[G]], %[[G]]
func.func @gradient_at_itself(%b: !fisher.belief<#fisher.gaussian<sigma>, tensor<2xf16>>) -> (tensor<2xf32>, tensor<2xf16>, tensor<2xf16>) {
  %d:3 = fisher.squared_distance_with_gradient %b, %b
      : !fisher.belief<#fisher.gaussian<sigma>, tensor<2xf16>> -> tensor<2xf32>, tensor<2xf16>, tensor<2xf16>
  return %d#0, %d#1, %d#2 : tensor<2xf32>, tensor<2xf16>, tensor<2xf16>
}

// CHECK-LABEL: func.func @gradient_at_itself_dynamic(
// CHECK-NOT: fisher.squared_distance
// CHECK-DAG: %[[D:.*]] = tensor.splat %{{.*}} : tensor<?x3x?xf32>
// CHECK-DAG: %[[G0:.*]] = tensor.splat %{{.*}} : tensor<?x3x?xbf16>
// CHECK: return %[[D]],
func.func @gradient_at_itself_dynamic(%b: !dyn) -> (tensor<?x3x?xf32>, tensor<?x3x?xbf16>, tensor<?x3x?xbf16>) {
  %d:3 = fisher.squared_distance_with_gradient %b, %b
      : !dyn -> tensor<?x3x?xf32>, tensor<?x3x?xbf16>, tensor<?x3x?xbf16>
  return %d#0, %d#1, %d#2 : tensor<?x3x?xf32>, tensor<?x3x?xbf16>, tensor<?x3x?xbf16>
}

// -----

//===----------------------------------------------------------------------===//
// A gradient that nobody uses
//===----------------------------------------------------------------------===//

!b = !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>>

// CHECK-LABEL: func.func @unused_gradient_of_distance(
// CHECK-SAME: %[[A:.*]]: !fisher.belief<{{.*}}>, %[[B:.*]]: !fisher.belief
// CHECK: %[[D:.*]] = fisher.squared_distance %[[A]], %[[B]] {test.note = "kept"} : !fisher.belief
// CHECK: return %[[D]]
// LOC-LABEL: func.func @unused_gradient_of_distance(
// LOC: fisher.squared_distance {{.*}} loc("the distance")
func.func @unused_gradient_of_distance(%a: !b, %b: !b) -> tensor<4xf32> {
  %d:3 = fisher.squared_distance_with_gradient %a, %b {test.note = "kept"}
      : !b -> tensor<4xf32>, tensor<4xf32>, tensor<4xf32> loc("the distance")
  return %d#0 : tensor<4xf32>
}

// CHECK-LABEL: func.func @half_used_gradient_of_distance(
// CHECK: fisher.squared_distance_with_gradient
func.func @half_used_gradient_of_distance(%a: !b, %b: !b) -> tensor<4xf32> {
  %d:3 = fisher.squared_distance_with_gradient %a, %b
      : !b -> tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
  return %d#2 : tensor<4xf32>
}

// CHECK-LABEL: func.func @unused_gradient_of_penalty(
// CHECK-SAME: %[[B:.*]]: !fisher.belief<{{.*}}>, %[[REF:.*]]: !fisher.belief<{{.*}}>, %[[W:.*]]: f32)
// CHECK: %[[P:.*]] = fisher.penalty %[[B]] toward %[[REF]] weight %[[W]] {test.note = "kept"} : !fisher.belief
// CHECK: return %[[P]]
// LOC-LABEL: func.func @unused_gradient_of_penalty(
// LOC: fisher.penalty {{.*}} loc("the penalty")
func.func @unused_gradient_of_penalty(%b: !b, %ref: !b, %w: f32) -> tensor<f32> {
  %p:3 = fisher.penalty_with_gradient %b toward %ref weight %w {test.note = "kept"}
      : !b -> tensor<f32>, tensor<4xf32>, tensor<4xf32> loc("the penalty")
  return %p#0 : tensor<f32>
}

// CHECK-LABEL: func.func @used_gradient_of_penalty(
// CHECK: fisher.penalty_with_gradient
func.func @used_gradient_of_penalty(%b: !b, %ref: !b, %w: f32) -> tensor<4xf32> {
  %p:3 = fisher.penalty_with_gradient %b toward %ref weight %w
      : !b -> tensor<f32>, tensor<4xf32>, tensor<4xf32>
  return %p#1 : tensor<4xf32>
}

// CHECK-LABEL: func.func @used_by_nobody(
// CHECK-NEXT: return
func.func @used_by_nobody(%b: !b, %ref: !b, %w: f32, %mu: tensor<4xf32>) {
  %p:3 = fisher.penalty_with_gradient %b toward %ref weight %w : !b -> tensor<f32>, tensor<4xf32>, tensor<4xf32>
  %q = fisher.geodesic %b, %ref at %w : !b
  %v:2 = fisher.log %b, %q : !b
  %e = fisher.exp %b, %mu, %mu : !b
  %m:2 = fisher.metric %b, %mu, %mu : !b
  %c = fisher.convert %b : !b to !fisher.belief<#fisher.gaussian<variance>, tensor<4xf32>>
  %n = fisher.belief %mu, %mu : !b
  return
}

// -----

//===----------------------------------------------------------------------===//
// Penalties
//===----------------------------------------------------------------------===//

!b = !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>>
!dyn = !fisher.belief<#fisher.gaussian<sigma>, tensor<?xf64>>

// CHECK-LABEL: func.func @zero_weight(
// CHECK: %[[ZERO:.*]] = arith.constant dense<0.000000e+00> : tensor<f32>
// CHECK-NEXT: return %[[ZERO]]
func.func @zero_weight(%b: !b, %ref: !b) -> tensor<f32> {
  %w = arith.constant 0.0 : f32
  %p = fisher.penalty %b toward %ref weight %w : !b -> tensor<f32>
  return %p : tensor<f32>
}

// CHECK-LABEL: func.func @zero_weight_with_gradient(
// CHECK-DAG: %[[P:.*]] = arith.constant dense<0.000000e+00> : tensor<f32>
// CHECK-DAG: %[[G:.*]] = arith.constant dense<0.000000e+00> : tensor<4xf32>
// CHECK: return %[[P]], %[[G]], %[[G]]
func.func @zero_weight_with_gradient(%b: !b, %ref: !b) -> (tensor<f32>, tensor<4xf32>, tensor<4xf32>) {
  %w = arith.constant -0.0 : f32
  %p:3 = fisher.penalty_with_gradient %b toward %ref weight %w : !b -> tensor<f32>, tensor<4xf32>, tensor<4xf32>
  return %p#0, %p#1, %p#2 : tensor<f32>, tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: func.func @zero_weight_with_gradient_dynamic(
// CHECK-SAME: %[[B:.*]]: !fisher.belief
// CHECK-DAG: %[[P:.*]] = arith.constant dense<0.000000e+00> : tensor<f64>
// CHECK-DAG: %[[SIZE:.*]] = tensor.dim
// CHECK: %[[G:.*]] = tensor.splat %{{.*}}[%[[SIZE]]] : tensor<?xf64>
// CHECK-NOT: fisher.penalty
// CHECK: return %[[P]], %[[G]]
func.func @zero_weight_with_gradient_dynamic(%b: !dyn, %ref: !dyn) -> (tensor<f64>, tensor<?xf64>) {
  %w = arith.constant 0.0 : f64
  %p:3 = fisher.penalty_with_gradient %b toward %ref weight %w : !dyn -> tensor<f64>, tensor<?xf64>, tensor<?xf64>
  return %p#0, %p#1 : tensor<f64>, tensor<?xf64>
}

// CHECK-LABEL: func.func @penalty_toward_itself(
// CHECK-DAG: %[[P:.*]] = arith.constant dense<0.000000e+00> : tensor<f32>
// CHECK-DAG: %[[G:.*]] = arith.constant dense<0.000000e+00> : tensor<4xf32>
// CHECK: return %[[P]], %[[P]], %[[G]]
func.func @penalty_toward_itself(%b: !b, %w: f32) -> (tensor<f32>, tensor<f32>, tensor<4xf32>) {
  %p = fisher.penalty %b toward %b weight %w : !b -> tensor<f32>
  %q:3 = fisher.penalty_with_gradient %b toward %b weight %w : !b -> tensor<f32>, tensor<4xf32>, tensor<4xf32>
  return %p, %q#0, %q#2 : tensor<f32>, tensor<f32>, tensor<4xf32>
}

// CHECK-LABEL: func.func @small_weight(
// CHECK: fisher.penalty %
// CHECK: fisher.penalty_with_gradient
func.func @small_weight(%b: !b, %ref: !b) -> (tensor<f32>, tensor<4xf32>) {
  %w = arith.constant 1.0e-45 : f32
  %p = fisher.penalty %b toward %ref weight %w : !b -> tensor<f32>
  %q:3 = fisher.penalty_with_gradient %b toward %ref weight %w : !b -> tensor<f32>, tensor<4xf32>, tensor<4xf32>
  return %p, %q#1 : tensor<f32>, tensor<4xf32>
}

// -----

//===----------------------------------------------------------------------===//
// Geodesics and proximal steps
//===----------------------------------------------------------------------===//

!b = !fisher.belief<#fisher.gaussian<sigma>, tensor<?xf32>>

// CHECK-LABEL: func.func @ends_of_geodesic(
// CHECK-SAME: %[[A:.*]]: !fisher.belief<{{.*}}>, %[[B:.*]]: !fisher.belief
// CHECK-NEXT: return %[[A]], %[[B]]
func.func @ends_of_geodesic(%a: !b, %b: !b) -> (!b, !b) {
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %p = fisher.geodesic %a, %b at %zero : !b
  %q = fisher.geodesic %a, %b at %one : !b
  return %p, %q : !b, !b
}

// CHECK-LABEL: func.func @geodesic_to_itself(
// CHECK-SAME: %[[A:.*]]: !fisher.belief
// CHECK-NEXT: return %[[A]]
func.func @geodesic_to_itself(%a: !b, %t: f32) -> !b {
  %q = fisher.geodesic %a, %a at %t : !b
  return %q : !b
}

// CHECK-LABEL: func.func @inside_of_geodesic(
// CHECK-COUNT-4: fisher.geodesic
func.func @inside_of_geodesic(%a: !b, %b: !b, %t: f32) -> (!b, !b, !b, !b) {
  %half = arith.constant 0.5 : f32
  %minus = arith.constant -1.0 : f32
  %beyond = arith.constant 1.00000012 : f32
  %p = fisher.geodesic %a, %b at %half : !b
  %q = fisher.geodesic %a, %b at %minus : !b
  %r = fisher.geodesic %a, %b at %beyond : !b
  %s = fisher.geodesic %a, %b at %t : !b
  return %p, %q, %r, %s : !b, !b, !b, !b
}

// CHECK-LABEL: func.func @no_strength(
// CHECK-SAME: %[[B:.*]]: !fisher.belief<{{.*}}>, %{{.*}}: !fisher.belief
// CHECK-NEXT: return %[[B]], %[[B]]
func.func @no_strength(%b: !b, %ref: !b, %s: f32) -> (!b, !b) {
  %zero = arith.constant 0.0 : f32
  %p = fisher.proximal_step %b toward %ref strength %zero : !b
  %q = fisher.proximal_step %b toward %b strength %s : !b
  return %p, %q : !b, !b
}

// A strength of one is the middle, not the end.
// CHECK-LABEL: func.func @some_strength(
// CHECK-COUNT-2: fisher.proximal_step
func.func @some_strength(%b: !b, %ref: !b, %s: f32) -> (!b, !b) {
  %one = arith.constant 1.0 : f32
  %p = fisher.proximal_step %b toward %ref strength %one : !b
  %q = fisher.proximal_step %b toward %ref strength %s : !b
  return %p, %q : !b, !b
}

// -----

//===----------------------------------------------------------------------===//
// Tangent vectors
//===----------------------------------------------------------------------===//

!b = !fisher.belief<#fisher.gaussian<softplus>, tensor<4xf64>>

// CHECK-LABEL: func.func @exp_of_log(
// CHECK-SAME: %[[A:.*]]: !fisher.belief<{{.*}}>, %[[B:.*]]: !fisher.belief
// CHECK-NEXT: return %[[B]]
func.func @exp_of_log(%a: !b, %b: !b) -> !b {
  %v:2 = fisher.log %a, %b : !b
  %q = fisher.exp %a, %v#0, %v#1 : !b
  return %q : !b
}

// CHECK-LABEL: func.func @exp_elsewhere(
// CHECK: fisher.log
// CHECK: fisher.exp
func.func @exp_elsewhere(%a: !b, %b: !b) -> !b {
  %v:2 = fisher.log %a, %b : !b
  %q = fisher.exp %b, %v#0, %v#1 : !b
  return %q : !b
}

// CHECK-LABEL: func.func @exp_of_swapped_log(
// CHECK: fisher.log
// CHECK: fisher.exp
func.func @exp_of_swapped_log(%a: !b, %b: !b) -> !b {
  %v:2 = fisher.log %a, %b : !b
  %q = fisher.exp %a, %v#1, %v#0 : !b
  return %q : !b
}

// CHECK-LABEL: func.func @exp_of_zero(
// CHECK-SAME: %[[A:.*]]: !fisher.belief
// CHECK-NEXT: return %[[A]]
func.func @exp_of_zero(%a: !b) -> !b {
  %zero = arith.constant dense<0.0> : tensor<4xf64>
  %q = fisher.exp %a, %zero, %zero : !b
  return %q : !b
}

// CHECK-LABEL: func.func @exp_of_half_a_zero(
// CHECK: fisher.exp
func.func @exp_of_half_a_zero(%a: !b, %v: tensor<4xf64>) -> !b {
  %zero = arith.constant dense<0.0> : tensor<4xf64>
  %q = fisher.exp %a, %zero, %v : !b
  return %q : !b
}

// CHECK-LABEL: func.func @log_of_itself(
// CHECK: %[[ZERO:.*]] = arith.constant dense<0.000000e+00> : tensor<4xf64>
// CHECK-NEXT: return %[[ZERO]], %[[ZERO]]
func.func @log_of_itself(%a: !b) -> (tensor<4xf64>, tensor<4xf64>) {
  %v:2 = fisher.log %a, %a : !b
  return %v#0, %v#1 : tensor<4xf64>, tensor<4xf64>
}

// CHECK-LABEL: func.func @log_of_another(
// CHECK: fisher.log
func.func @log_of_another(%a: !b, %b: !b) -> (tensor<4xf64>, tensor<4xf64>) {
  %v:2 = fisher.log %a, %b : !b
  return %v#0, %v#1 : tensor<4xf64>, tensor<4xf64>
}

// CHECK-LABEL: func.func @natural_gradient_of_metric(
// CHECK-SAME: %{{.*}}: !fisher.belief<{{.*}}>, %[[V0:.*]]: tensor<4xf64>, %[[V1:.*]]: tensor<4xf64>)
// CHECK-NEXT: return %[[V0]], %[[V1]]
func.func @natural_gradient_of_metric(%b: !b, %v0: tensor<4xf64>, %v1: tensor<4xf64>) -> (tensor<4xf64>, tensor<4xf64>) {
  %c:2 = fisher.metric %b, %v0, %v1 : !b
  %n:2 = fisher.natural_gradient %b, %c#0, %c#1 : !b
  return %n#0, %n#1 : tensor<4xf64>, tensor<4xf64>
}

// CHECK-LABEL: func.func @natural_gradient_elsewhere(
// CHECK: fisher.metric
// CHECK: fisher.natural_gradient
func.func @natural_gradient_elsewhere(%a: !b, %b: !b, %v0: tensor<4xf64>) -> (tensor<4xf64>, tensor<4xf64>) {
  %c:2 = fisher.metric %a, %v0, %v0 : !b
  %n:2 = fisher.natural_gradient %b, %c#0, %c#1 : !b
  return %n#0, %n#1 : tensor<4xf64>, tensor<4xf64>
}

// CHECK-LABEL: func.func @natural_gradient_of_swapped_metric(
// CHECK: fisher.metric
// CHECK: fisher.natural_gradient
func.func @natural_gradient_of_swapped_metric(%b: !b, %v0: tensor<4xf64>, %v1: tensor<4xf64>) -> (tensor<4xf64>, tensor<4xf64>) {
  %c:2 = fisher.metric %b, %v0, %v1 : !b
  %n:2 = fisher.natural_gradient %b, %c#1, %c#0 : !b
  return %n#0, %n#1 : tensor<4xf64>, tensor<4xf64>
}

// -----

//===----------------------------------------------------------------------===//
// Packing and unpacking
//===----------------------------------------------------------------------===//

!b = !fisher.belief<#fisher.gaussian<sigma>, tensor<?xf32>>
!c = !fisher.belief<#fisher.gaussian<variance>, tensor<?xf32>>

// CHECK-LABEL: func.func @components_of_belief(
// CHECK-SAME: %[[MU:.*]]: tensor<?xf32>, %[[SIGMA:.*]]: tensor<?xf32>)
// CHECK-NEXT: return %[[MU]], %[[SIGMA]]
func.func @components_of_belief(%mu: tensor<?xf32>, %sigma: tensor<?xf32>) -> (tensor<?xf32>, tensor<?xf32>) {
  %b = fisher.belief %mu, %sigma : !b
  %x, %y = fisher.components %b : !b
  return %x, %y : tensor<?xf32>, tensor<?xf32>
}

// CHECK-LABEL: func.func @belief_of_components(
// CHECK-SAME: %[[B:.*]]: !fisher.belief
// CHECK-NEXT: return %[[B]]
func.func @belief_of_components(%b: !b) -> !b {
  %x, %y = fisher.components %b : !b
  %c = fisher.belief %x, %y : !b
  return %c : !b
}

// CHECK-LABEL: func.func @belief_of_swapped_components(
// CHECK: fisher.components
// CHECK: fisher.belief
func.func @belief_of_swapped_components(%b: !b) -> !b {
  %x, %y = fisher.components %b : !b
  %c = fisher.belief %y, %x : !b
  return %c : !b
}

// CHECK-LABEL: func.func @belief_in_another_chart(
// CHECK: fisher.components
// CHECK: fisher.belief
func.func @belief_in_another_chart(%b: !b) -> !c {
  %x, %y = fisher.components %b : !b
  %c = fisher.belief %x, %y : !c
  return %c : !c
}

// CHECK-LABEL: func.func @belief_of_two_beliefs(
// CHECK: fisher.belief
func.func @belief_of_two_beliefs(%a: !b, %b: !b) -> !b {
  %x:2 = fisher.components %a : !b
  %y:2 = fisher.components %b : !b
  %c = fisher.belief %x#0, %y#1 : !b
  return %c : !b
}

// -----

//===----------------------------------------------------------------------===//
// Conversions
//===----------------------------------------------------------------------===//

!sigma = !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>>
!variance = !fisher.belief<#fisher.gaussian<variance>, tensor<4xf32>>
!precision = !fisher.belief<#fisher.gaussian<precision>, tensor<4xf32>>
!wide = !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf64>>
!half = !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf16>>
!brain = !fisher.belief<#fisher.gaussian<sigma>, tensor<4xbf16>>

// CHECK-LABEL: func.func @convert_to_itself(
// CHECK-SAME: %[[B:.*]]: !fisher.belief
// CHECK-NEXT: return %[[B]]
func.func @convert_to_itself(%b: !sigma) -> !sigma {
  %c = fisher.convert %b : !sigma to !sigma
  return %c : !sigma
}

// CHECK-LABEL: func.func @convert_twice(
// CHECK-SAME: %[[B:.*]]: !fisher.belief
// CHECK-NEXT: %[[C:.*]] = fisher.convert %[[B]] : {{.*}}<sigma>, tensor<4xf32>> to {{.*}}<precision>, tensor<4xf32>>
// CHECK-NEXT: return %[[C]]
func.func @convert_twice(%b: !sigma) -> !precision {
  %c = fisher.convert %b : !sigma to !variance
  %d = fisher.convert %c : !variance to !precision
  return %d : !precision
}

// CHECK-LABEL: func.func @convert_forth_and_back(
// CHECK-SAME: %[[B:.*]]: !fisher.belief
// CHECK-NEXT: return %[[B]]
func.func @convert_forth_and_back(%b: !sigma) -> !sigma {
  %c = fisher.convert %b : !sigma to !variance
  %d = fisher.convert %c : !variance to !sigma
  return %d : !sigma
}

// CHECK-LABEL: func.func @convert_through_more_precision(
// CHECK-SAME: %[[B:.*]]: !fisher.belief
// CHECK-NEXT: return %[[B]]
func.func @convert_through_more_precision(%b: !sigma) -> !sigma {
  %c = fisher.convert %b : !sigma to !wide
  %d = fisher.convert %c : !wide to !sigma
  return %d : !sigma
}

// The value between is rounded, which one conversion would not do.
// CHECK-LABEL: func.func @convert_through_less_precision(
// CHECK-COUNT-2: fisher.convert
func.func @convert_through_less_precision(%b: !sigma) -> !sigma {
  %c = fisher.convert %b : !sigma to !half
  %d = fisher.convert %c : !half to !sigma
  return %d : !sigma
}

// CHECK-LABEL: func.func @convert_between_halves(
// CHECK-COUNT-2: fisher.convert
func.func @convert_between_halves(%b: !brain) -> !sigma {
  %c = fisher.convert %b : !brain to !half
  %d = fisher.convert %c : !half to !sigma
  return %d : !sigma
}

// The conversion between is used by others.
// CHECK-LABEL: func.func @convert_used_twice(
// CHECK-SAME: %[[B:.*]]: !fisher.belief
// CHECK-DAG: %[[C:.*]] = fisher.convert %[[B]] : {{.*}} to {{.*}}<variance>
// CHECK-DAG: %[[D:.*]] = fisher.convert %[[B]] : {{.*}} to {{.*}}<precision>
// CHECK: return %[[C]], %[[D]]
func.func @convert_used_twice(%b: !sigma) -> (!variance, !precision) {
  %c = fisher.convert %b : !sigma to !variance
  %d = fisher.convert %c : !variance to !precision
  return %c, %d : !variance, !precision
}

// CHECK-LABEL: func.func @merged_conversion_keeps_attributes(
// CHECK: fisher.convert %{{.*}} {test.note = "kept"} : {{.*}}<sigma>, {{.*}} to {{.*}}<precision>
// LOC-LABEL: func.func @merged_conversion_keeps_attributes(
// LOC: fisher.convert {{.*}} loc("outer")
func.func @merged_conversion_keeps_attributes(%b: !sigma) -> !precision {
  %c = fisher.convert %b : !sigma to !variance
  %d = fisher.convert %c {test.note = "kept"} : !variance to !precision loc("outer")
  return %d : !precision
}

// -----

// What is folded to a constant outside the domain still verifies: it is an error
// where beliefs are lowered.
// CHECK-LABEL: @folded_outside(
// CHECK: %[[ZERO:.*]] = arith.constant dense<0.000000e+00> : tensor<4xf32>
// CHECK: fisher.belief %{{.*}}, %[[ZERO]]
// CHECK-LABEL: @folded_negative(
// CHECK: %[[MINUS:.*]] = arith.constant -1.000000e+00 : f32
// CHECK: fisher.proximal_step %{{.*}} strength %[[MINUS]]
func.func @folded_outside(%a: !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>>) -> !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>> {
  %d, %g0, %g1 = fisher.squared_distance_with_gradient %a, %a
      : !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>> -> tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
  %b = fisher.belief %g0, %g1 : !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>>
  return %b : !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>>
}
func.func @folded_negative(%a: !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>>, %b: !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>>)
    -> !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>> {
  %one = arith.constant 1.0 : f32
  %two = arith.constant 2.0 : f32
  %minus = arith.subf %one, %two : f32
  %q = fisher.proximal_step %a toward %b strength %minus : !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>>
  return %q : !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>>
}
