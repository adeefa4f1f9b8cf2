// Each operation becomes one loop nest over the distributions, and no
// operation or type of the dialect is left.

// RUN: fisher-opt --convert-fisher-to-linalg --split-input-file %s | FileCheck %s --implicit-check-not='{{fisher\.[a-z_]+ %}}' --implicit-check-not='!fisher'
// RUN: fisher-opt --convert-fisher-to-linalg --split-input-file --canonicalize --cse %s | fisher-opt --split-input-file > /dev/null

// CHECK-DAG: #[[$ID:.*]] = affine_map<(d0) -> (d0)>
!b = !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>>

// Packing and unpacking cost nothing.
// CHECK-LABEL: func.func @belief(
// CHECK-SAME: %[[MU:.*]]: tensor<4xf32>, %[[SIGMA:.*]]: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>)
// CHECK-NEXT: return %[[MU]], %[[SIGMA]]
func.func @belief(%mu: tensor<4xf32>, %sigma: tensor<4xf32>) -> !b {
  %b = fisher.belief %mu, %sigma : !b
  return %b : !b
}

// CHECK-LABEL: func.func @components(
// CHECK-SAME: %[[MU:.*]]: tensor<4xf32>, %[[SIGMA:.*]]: tensor<4xf32>)
// CHECK-NEXT: return %[[SIGMA]]
func.func @components(%b: !b) -> tensor<4xf32> {
  %mu, %sigma = fisher.components %b : !b
  return %sigma : tensor<4xf32>
}

// CHECK-LABEL: func.func @squared_distance(
// CHECK-SAME: %[[MU1:[^:]*]]: tensor<4xf32>, %[[S1:[^:]*]]: tensor<4xf32>, %[[MU2:[^:]*]]: tensor<4xf32>, %[[S2:[^:]*]]: tensor<4xf32>) -> tensor<4xf32>
// CHECK: %[[OUT:.*]] = tensor.empty() : tensor<4xf32>
// CHECK: %[[D:.*]] = linalg.generic
// CHECK-SAME: indexing_maps = [#[[$ID]], #[[$ID]], #[[$ID]], #[[$ID]], #[[$ID]]], iterator_types = ["parallel"]
// CHECK-SAME: ins(%[[MU1]], %[[S1]], %[[MU2]], %[[S2]] :
// CHECK-SAME: outs(%[[OUT]] : tensor<4xf32>)
// CHECK: arith.subf %{{.*}}, %{{.*}} : f32
// CHECK: linalg.yield %{{.*}} : f32
// CHECK: return %[[D]]
func.func @squared_distance(%a: !b, %b: !b) -> tensor<4xf32> {
  %d = fisher.squared_distance %a, %b : !b -> tensor<4xf32>
  return %d : tensor<4xf32>
}

// CHECK-LABEL: func.func @squared_distance_with_gradient(
// CHECK: %[[D:.*]]:3 = linalg.generic
// CHECK-SAME: ["parallel"]
// CHECK-NOT: linalg.generic
// CHECK: linalg.yield %{{.*}}, %{{.*}}, %{{.*}} : f32, f32, f32
// CHECK: return %[[D]]#0, %[[D]]#1, %[[D]]#2
func.func @squared_distance_with_gradient(%a: !b, %b: !b) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %d:3 = fisher.squared_distance_with_gradient %a, %b : !b -> tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
  return %d#0, %d#1, %d#2 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: func.func @kl_divergence(
// CHECK: linalg.generic
// CHECK: linalg.yield %{{.*}} : f32
func.func @kl_divergence(%a: !b, %b: !b) -> tensor<4xf32> {
  %d = fisher.kl_divergence %a, %b : !b -> tensor<4xf32>
  return %d : tensor<4xf32>
}

// CHECK-LABEL: func.func @geodesic(
// CHECK-SAME: %[[T:[^:]*]]: f32) -> (tensor<4xf32>, tensor<4xf32>)
// CHECK: linalg.generic
// CHECK: arith.subf %{{.*}}, %[[T]] : f32
// CHECK: linalg.yield %{{.*}}, %{{.*}} : f32, f32
func.func @geodesic(%a: !b, %b: !b, %t: f32) -> !b {
  %q = fisher.geodesic %a, %b at %t : !b
  return %q : !b
}

// CHECK-LABEL: func.func @proximal_step(
// CHECK-SAME: %[[S:[^:]*]]: f32) -> (tensor<4xf32>, tensor<4xf32>)
// CHECK: linalg.generic
// CHECK: arith.divf %{{.*}}, %[[S]] : f32
// CHECK: linalg.yield %{{.*}}, %{{.*}} : f32, f32
func.func @proximal_step(%a: !b, %b: !b, %s: f32) -> !b {
  %q = fisher.proximal_step %a toward %b strength %s : !b
  return %q : !b
}

// CHECK-LABEL: func.func @log(
// CHECK: linalg.generic
// CHECK: linalg.yield %{{.*}}, %{{.*}} : f32, f32
func.func @log(%a: !b, %b: !b) -> (tensor<4xf32>, tensor<4xf32>) {
  %v:2 = fisher.log %a, %b : !b
  return %v#0, %v#1 : tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: func.func @exp(
// CHECK-SAME: %[[A0:[^:]*]]: tensor<4xf32>, %[[A1:[^:]*]]: tensor<4xf32>, %[[V0:[^:]*]]: tensor<4xf32>, %[[V1:[^:]*]]: tensor<4xf32>)
// CHECK: linalg.generic
// CHECK-SAME: ins(%[[A0]], %[[A1]], %[[V0]], %[[V1]] :
func.func @exp(%a: !b, %v0: tensor<4xf32>, %v1: tensor<4xf32>) -> !b {
  %q = fisher.exp %a, %v0, %v1 : !b
  return %q : !b
}

// CHECK-LABEL: func.func @metric(
// CHECK: linalg.generic
// CHECK: linalg.yield %{{.*}}, %{{.*}} : f32, f32
func.func @metric(%a: !b, %v0: tensor<4xf32>, %v1: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %c:2 = fisher.metric %a, %v0, %v1 : !b
  return %c#0, %c#1 : tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: func.func @natural_gradient(
// CHECK: linalg.generic
// CHECK: linalg.yield %{{.*}}, %{{.*}} : f32, f32
func.func @natural_gradient(%a: !b, %v0: tensor<4xf32>, %v1: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %c:2 = fisher.natural_gradient %a, %v0, %v1 : !b
  return %c#0, %c#1 : tensor<4xf32>, tensor<4xf32>
}

// -----

//===----------------------------------------------------------------------===//
// Penalties: the sum is f64, in the order of the elements, in one loop.
//===----------------------------------------------------------------------===//

// CHECK-DAG: #[[$ID:.*]] = affine_map<(d0, d1) -> (d0, d1)>
// CHECK-DAG: #[[$SUM:.*]] = affine_map<(d0, d1) -> ()>
!b = !fisher.belief<#fisher.gaussian<sigma>, tensor<4x?xf32>>

// CHECK-LABEL: func.func @penalty(
// CHECK-SAME: %[[W:[^:]*]]: f32)
// CHECK: %[[ZERO:.*]] = arith.constant dense<0.000000e+00> : tensor<f64>
// CHECK: %[[S:.*]] = linalg.generic
// CHECK-SAME: indexing_maps = [#[[$ID]], #[[$ID]], #[[$ID]], #[[$ID]], #[[$SUM]]], iterator_types = ["reduction", "reduction"]
// CHECK-SAME: outs(%[[ZERO]] : tensor<f64>)
// CHECK-NEXT: ^bb0(%{{.*}}: f32, %{{.*}}: f32, %{{.*}}: f32, %{{.*}}: f32, %[[ACC:.*]]: f64):
// CHECK: %[[WIDE:.*]] = arith.extf %{{.*}} : f32 to f64
// CHECK-NEXT: %[[NEXT:.*]] = arith.addf %[[ACC]], %[[WIDE]] : f64
// CHECK-NEXT: linalg.yield %[[NEXT]] : f64
// CHECK: %[[X:.*]] = tensor.extract %[[S]][] : tensor<f64>
// CHECK: %[[W64:.*]] = arith.extf %[[W]] : f32 to f64
// CHECK: %[[P64:.*]] = arith.mulf %[[W64]], %[[X]] : f64
// CHECK: %[[P:.*]] = arith.truncf %[[P64]] : f64 to f32
// CHECK: %[[R:.*]] = tensor.from_elements %[[P]] : tensor<f32>
// CHECK: return %[[R]]
func.func @penalty(%a: !b, %b: !b, %w: f32) -> tensor<f32> {
  %p = fisher.penalty %a toward %b weight %w : !b -> tensor<f32>
  return %p : tensor<f32>
}

// The weight is in the gradient.
// CHECK-LABEL: func.func @penalty_with_gradient(
// CHECK-SAME: %[[MU1:[^:]*]]: tensor<4x?xf32>
// CHECK-SAME: %[[W:[^:]*]]: f32)
// CHECK-COUNT-3: cf.assert %{{.*}}, "fisher.penalty_with_gradient: the components differ in size along dimension 1"
// CHECK: %[[C1:.*]] = arith.constant 1 : index
// CHECK: %[[SIZE:.*]] = tensor.dim %[[MU1]], %[[C1]]
// CHECK: tensor.empty(%[[SIZE]]) : tensor<4x?xf32>
// CHECK: %[[S:.*]]:3 = linalg.generic
// CHECK-SAME: iterator_types = ["reduction", "reduction"]
// CHECK-NOT: linalg.generic
// CHECK: arith.mulf %[[W]], %{{.*}} : f32
// CHECK: linalg.yield %{{.*}}, %{{.*}}, %{{.*}} : f64, f32, f32
// CHECK: return %{{.*}}, %[[S]]#1, %[[S]]#2
func.func @penalty_with_gradient(%a: !b, %b: !b, %w: f32) -> (tensor<f32>, tensor<4x?xf32>, tensor<4x?xf32>) {
  %p:3 = fisher.penalty_with_gradient %a toward %b weight %w : !b -> tensor<f32>, tensor<4x?xf32>, tensor<4x?xf32>
  return %p#0, %p#1, %p#2 : tensor<f32>, tensor<4x?xf32>, tensor<4x?xf32>
}

// -----

//===----------------------------------------------------------------------===//
// Element types
//===----------------------------------------------------------------------===//

!half = !fisher.belief<#fisher.gaussian<variance>, tensor<4xbf16>>
!f16 = !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf16>>
!wide = !fisher.belief<#fisher.gaussian<precision>, tensor<4xf64>>

// Stored in bf16, computed in f32, the gradient rounded once.
// CHECK-LABEL: func.func @bf16(
// CHECK: linalg.generic
// CHECK-NEXT: ^bb0(%[[I0:.*]]: bf16, %[[I1:.*]]: bf16, %[[I2:.*]]: bf16, %[[I3:.*]]: bf16, %{{.*}}: f32, %{{.*}}: bf16, %{{.*}}: bf16):
// CHECK-DAG: arith.extf %[[I0]] : bf16 to f32
// CHECK-DAG: arith.extf %[[I1]] : bf16 to f32
// CHECK-DAG: arith.extf %[[I2]] : bf16 to f32
// CHECK-DAG: arith.extf %[[I3]] : bf16 to f32
// CHECK-NOT: arith.{{[a-z]+f}} {{.*}} : bf16{{$}}
// CHECK: %[[G0:.*]] = arith.truncf %{{.*}} : f32 to bf16
// CHECK: %[[G1:.*]] = arith.truncf %{{.*}} : f32 to bf16
// CHECK: linalg.yield %{{.*}}, %[[G0]], %[[G1]] : f32, bf16, bf16
func.func @bf16(%a: !half, %b: !half) -> (tensor<4xf32>, tensor<4xbf16>, tensor<4xbf16>) {
  %d:3 = fisher.squared_distance_with_gradient %a, %b : !half -> tensor<4xf32>, tensor<4xbf16>, tensor<4xbf16>
  return %d#0, %d#1, %d#2 : tensor<4xf32>, tensor<4xbf16>, tensor<4xbf16>
}

// CHECK-LABEL: func.func @f16(
// CHECK: arith.extf %{{.*}} : f16 to f32
// CHECK: arith.truncf %{{.*}} : f32 to f16
func.func @f16(%a: !f16, %b: !f16, %t: f32) -> !f16 {
  %q = fisher.geodesic %a, %b at %t : !f16
  return %q : !f16
}

// CHECK-LABEL: func.func @f64(
// CHECK: linalg.generic
// CHECK-NOT: arith.truncf
// CHECK: linalg.yield %{{.*}} : f64
// CHECK-NOT: arith.truncf
// CHECK: arith.mulf %{{.*}}, %{{.*}} : f64
// CHECK: return %{{.*}} : tensor<f64>
func.func @f64(%a: !wide, %b: !wide, %w: f64) -> tensor<f64> {
  %p = fisher.penalty %a toward %b weight %w : !wide -> tensor<f64>
  return %p : tensor<f64>
}

// -----

//===----------------------------------------------------------------------===//
// Conversions
//===----------------------------------------------------------------------===//

!sigma = !fisher.belief<#fisher.gaussian<sigma>, tensor<?xf32>>
!wide = !fisher.belief<#fisher.gaussian<variance>, tensor<?xf64>>
!half = !fisher.belief<#fisher.gaussian<variance>, tensor<?xf16>>

// CHECK-LABEL: func.func @convert_to_less(
// CHECK: linalg.generic
// CHECK-NEXT: ^bb0(%[[MU:.*]]: f32, %[[S:.*]]: f32, %{{.*}}: f16, %{{.*}}: f16):
// CHECK: arith.mulf %{{.*}}, %{{.*}} : f32
// CHECK: %[[OUT:.*]] = arith.truncf %[[MU]] : f32 to f16
// CHECK: linalg.yield %[[OUT]], %{{.*}} : f16, f16
func.func @convert_to_less(%b: !sigma) -> !half {
  %c = fisher.convert %b : !sigma to !half
  return %c : !half
}

// CHECK-LABEL: func.func @convert_from_more(
// CHECK: linalg.generic
// CHECK: math.sqrt %{{.*}} : f64
// CHECK: arith.truncf %{{.*}} : f64 to f32
func.func @convert_from_more(%b: !wide) -> !sigma {
  %c = fisher.convert %b : !wide to !sigma
  return %c : !sigma
}

// The narrower type's formula would lose digits that the wider one keeps.
// CHECK-LABEL: func.func @convert_to_more(
// CHECK: linalg.generic
// CHECK: arith.extf %{{.*}} : f32 to f64
// CHECK: arith.mulf %{{.*}}, %{{.*}} : f64
func.func @convert_to_more(%b: !sigma) -> !wide {
  %c = fisher.convert %b : !sigma to !wide
  return %c : !wide
}

// -----

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

!scalar = !fisher.belief<#fisher.gaussian<softplus>, tensor<f32>>
!empty = !fisher.belief<#fisher.gaussian<softplus>, tensor<0x3xf32>>
!dynamic = !fisher.belief<#fisher.gaussian<log_variance>, tensor<?x3x?xf64>>

// CHECK-LABEL: func.func @rank_zero(
// CHECK: linalg.generic {{.*}} iterator_types = []
func.func @rank_zero(%a: !scalar, %b: !scalar, %w: f32) -> (tensor<f32>, tensor<f32>) {
  %d = fisher.squared_distance %a, %b : !scalar -> tensor<f32>
  %p = fisher.penalty %a toward %b weight %w : !scalar -> tensor<f32>
  return %d, %p : tensor<f32>, tensor<f32>
}

// CHECK-LABEL: func.func @empty(
// CHECK: tensor.empty() : tensor<0x3xf32>
func.func @empty(%a: !empty, %b: !empty) -> tensor<0x3xf32> {
  %d = fisher.squared_distance %a, %b : !empty -> tensor<0x3xf32>
  return %d : tensor<0x3xf32>
}

// CHECK-LABEL: func.func @dynamic(
// CHECK-SAME: %[[MU:[^:]*]]: tensor<?x3x?xf64>
// CHECK-COUNT-3: cf.assert %{{.*}}, "fisher.squared_distance: the components differ in size along dimension 0"
// CHECK-COUNT-3: cf.assert %{{.*}}, "fisher.squared_distance: the components differ in size along dimension 2"
// CHECK: %[[C0:.*]] = arith.constant 0 : index
// CHECK: %[[D0:.*]] = tensor.dim %[[MU]], %[[C0]]
// CHECK: %[[C2:.*]] = arith.constant 2 : index
// CHECK: %[[D2:.*]] = tensor.dim %[[MU]], %[[C2]]
// CHECK: tensor.empty(%[[D0]], %[[D2]]) : tensor<?x3x?xf64>
// CHECK: linalg.generic
func.func @dynamic(%a: !dynamic, %b: !dynamic) -> tensor<?x3x?xf64> {
  %d = fisher.squared_distance %a, %b : !dynamic -> tensor<?x3x?xf64>
  return %d : tensor<?x3x?xf64>
}

// -----

// Neither f16 nor bf16 holds the other's numbers: f32 is between.
// CHECK-LABEL: func.func @between_halves(
// CHECK: %[[WIDE:.*]] = arith.extf %{{.*}} : f16 to f32
// CHECK: arith.truncf %[[WIDE]] : f32 to bf16
func.func @between_halves(%a: !fisher.belief<#fisher.bernoulli<logit>, tensor<4xf16>>)
    -> !fisher.belief<#fisher.bernoulli<logit>, tensor<4xbf16>> {
  %c = fisher.convert %a : !fisher.belief<#fisher.bernoulli<logit>, tensor<4xf16>> to !fisher.belief<#fisher.bernoulli<logit>, tensor<4xbf16>>
  return %c : !fisher.belief<#fisher.bernoulli<logit>, tensor<4xbf16>>
}
