// Beliefs through functions, calls and control flow, and the marks of
// functions that carry them.

// RUN: fisher-opt --convert-fisher-to-linalg --split-input-file %s | FileCheck %s --implicit-check-not=!fisher.
// RUN: fisher-opt --canonicalize --convert-fisher-to-linalg --split-input-file %s | FileCheck %s --check-prefix=CANON --implicit-check-not=!fisher.

!b = !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>>

// CHECK: func.func private @declared(tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>)
func.func private @declared(!b) -> !b

// CHECK-LABEL: func.func @call(
// CHECK-SAME: %[[MU:[^:]*]]: tensor<4xf32>, %[[S:[^:]*]]: tensor<4xf32>)
// CHECK: %[[R:.*]]:2 = call @declared(%[[MU]], %[[S]]) : (tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>)
// CHECK: return %[[R]]#0, %[[R]]#1
func.func @call(%a: !b) -> !b {
  %r = call @declared(%a) : (!b) -> !b
  return %r : !b
}

// CHECK-LABEL: func.func @if(
// CHECK-SAME: %[[C:[^:]*]]: i1, %[[A0:[^:]*]]: tensor<4xf32>, %[[A1:[^:]*]]: tensor<4xf32>, %[[B0:[^:]*]]: tensor<4xf32>, %[[B1:[^:]*]]: tensor<4xf32>)
// CHECK: %[[R:.*]]:2 = scf.if %[[C]] -> (tensor<4xf32>, tensor<4xf32>)
// CHECK: scf.yield %[[A0]], %[[A1]]
// CHECK: scf.yield %[[B0]], %[[B1]]
// CHECK: return %[[R]]#0, %[[R]]#1
// Canonicalized, it is a choice between beliefs.
// CANON-LABEL: func.func @if(
// CANON-NOT: scf.if
// CANON: linalg.generic
// CANON: arith.select
func.func @if(%c: i1, %a: !b, %b: !b) -> !b {
  %r = scf.if %c -> !b {
    scf.yield %a : !b
  } else {
    scf.yield %b : !b
  }
  return %r : !b
}

// CHECK-LABEL: func.func @select(
// CHECK-SAME: %[[C:[^:]*]]: i1, %[[A0:[^:]*]]: tensor<4xf32>, %[[A1:[^:]*]]: tensor<4xf32>, %[[B0:[^:]*]]: tensor<4xf32>, %[[B1:[^:]*]]: tensor<4xf32>)
// CHECK: linalg.generic {{.*}} ins(%[[C]], %[[A0]], %[[B0]] :
// CHECK: linalg.generic {{.*}} ins(%[[C]], %[[A1]], %[[B1]] :
func.func @select(%c: i1, %a: !b, %b: !b) -> !b {
  %r = arith.select %c, %a, %b : !b
  return %r : !b
}

// CHECK-LABEL: func.func @for(
// CHECK-SAME: %[[A0:[^:]*]]: tensor<4xf32>, %[[A1:[^:]*]]: tensor<4xf32>, %[[B0:[^:]*]]: tensor<4xf32>, %[[B1:[^:]*]]: tensor<4xf32>, %{{.*}}: f32)
// CHECK: %[[R:.*]]:2 = scf.for {{.*}} iter_args(%[[X0:.*]] = %[[A0]], %[[X1:.*]] = %[[A1]])
// CHECK: %[[Y:.*]]:2 = linalg.generic {{.*}} ins(%[[X0]], %[[X1]], %[[B0]], %[[B1]]
// CHECK: scf.yield %[[Y]]#0, %[[Y]]#1
// CHECK: return %[[R]]#0, %[[R]]#1
func.func @for(%n: index, %a: !b, %b: !b, %t: f32) -> !b {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%x = %a) -> !b {
    %y = fisher.geodesic %x, %b at %t : !b
    scf.yield %y : !b
  }
  return %r : !b
}

// CHECK-LABEL: func.func @while(
// CHECK: scf.while (%{{.*}} = %{{.*}}, %{{.*}} = %{{.*}}) : (tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>)
// CHECK: scf.condition(%{{.*}}) %{{.*}}, %{{.*}} : tensor<4xf32>, tensor<4xf32>
func.func @while(%c: i1, %a: !b, %b: !b, %t: f32) -> !b {
  %r = scf.while (%x = %a) : (!b) -> !b {
    scf.condition(%c) %x : !b
  } do {
  ^bb0(%x: !b):
    %y = fisher.geodesic %x, %b at %t : !b
    scf.yield %y : !b
  }
  return %r : !b
}

// CHECK-LABEL: func.func @switch(
// CHECK: scf.index_switch %{{.*}} -> tensor<4xf32>, tensor<4xf32>
func.func @switch(%i: index, %a: !b, %b: !b) -> !b {
  %r = scf.index_switch %i -> !b
  case 3 {
    scf.yield %a : !b
  }
  default {
    scf.yield %b : !b
  }
  return %r : !b
}

// CHECK-LABEL: func.func @branch(
// CHECK: cf.cond_br %{{.*}}, ^[[THEN:.*]](%{{.*}}, %{{.*}} : tensor<4xf32>, tensor<4xf32>), ^[[END:.*]](%{{.*}}, %{{.*}} : tensor<4xf32>, tensor<4xf32>)
// CHECK: ^[[THEN]](%[[X0:.*]]: tensor<4xf32>, %[[X1:.*]]: tensor<4xf32>):
// CHECK: %[[Y:.*]]:2 = linalg.generic {{.*}} ins(%[[X0]], %[[X1]],
// CHECK: cf.br ^[[END]](%[[Y]]#0, %[[Y]]#1 : tensor<4xf32>, tensor<4xf32>)
// CHECK: ^[[END]](%[[Z0:.*]]: tensor<4xf32>, %[[Z1:.*]]: tensor<4xf32>):
// CHECK: return %[[Z0]], %[[Z1]]
func.func @branch(%c: i1, %a: !b, %b: !b, %t: f32) -> !b {
  cf.cond_br %c, ^then(%a : !b), ^end(%b : !b)
^then(%x: !b):
  %y = fisher.geodesic %x, %b at %t : !b
  cf.br ^end(%y : !b)
^end(%z: !b):
  return %z : !b
}

// -----

//===----------------------------------------------------------------------===//
// Attributes of arguments and results
//===----------------------------------------------------------------------===//

!b = !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>>

// They stay with what they belong to; a belief's components are named after it.
// CHECK-LABEL: func.func @marks(
// CHECK-SAME: %{{[^:]*}}: tensor<4xf32>, %{{[^:]*}}: tensor<4xf32>,
// CHECK-SAME: %{{[^:]*}}: f32 {fisher.name = "w", test.note = "kept"},
// CHECK-SAME: %{{[^:]*}}: tensor<4xf32> {fisher.name = "b.mean", fisher.role = "param"},
// CHECK-SAME: %{{[^:]*}}: tensor<4xf32> {fisher.name = "b.scale", fisher.role = "param"})
// CHECK-SAME: -> (tensor<4xf32> {fisher.updates = "b.mean"}, tensor<4xf32> {fisher.updates = "b.scale"},
// CHECK-SAME: f32 {fisher.role = "loss"})
func.func @marks(%a: !b, %w: f32 {fisher.name = "w", test.note = "kept"},
                 %b: !b {fisher.name = "b", fisher.role = "param"})
    -> (!b {fisher.updates = "b"}, f32 {fisher.role = "loss"}) {
  return %a, %w : !b, f32
}

// CHECK: func.func private @declared_marks(tensor<4xf32> {test.note}, tensor<4xf32> {test.note}, f32 {fisher.name = "w"})
func.func private @declared_marks(!b {test.note}, f32 {fisher.name = "w"})

// -----

//===----------------------------------------------------------------------===//
// Arithmetic on tensors
//===----------------------------------------------------------------------===//

// Elementwise arithmetic on tensors, which fisher-insert adds, is lowered too;
// scalars, constants and unranked tensors stay.
// CHECK-LABEL: func.func @arithmetic(
// CHECK: arith.constant dense<2.000000e+00> : tensor<4xf32>
// CHECK-COUNT-3: linalg.generic
// CHECK-NOT: linalg.generic
// CHECK: arith.addf %{{.*}}, %{{.*}} : f32
// CHECK: arith.addf %{{.*}}, %{{.*}} : tensor<*xf32>
func.func @arithmetic(%a: tensor<4xf32>, %c: i1, %s: f32, %u: tensor<*xf32>)
    -> (tensor<4xf32>, tensor<4xf64>, f32, tensor<*xf32>) {
  %two = arith.constant dense<2.0> : tensor<4xf32>
  %x = arith.addf %a, %two : tensor<4xf32>
  %y = arith.select %c, %x, %a : tensor<4xf32>
  %z = arith.extf %y : tensor<4xf32> to tensor<4xf64>
  %t = arith.addf %s, %s : f32
  %v = arith.addf %u, %u : tensor<*xf32>
  return %y, %z, %t, %v : tensor<4xf32>, tensor<4xf64>, f32, tensor<*xf32>
}

// A function without beliefs stays as it is.
// CHECK-LABEL: func.func @untouched(
// CHECK-SAME: %[[X:.*]]: tensor<4xf32> {fisher.name = "x"})
// CHECK-NEXT: return %[[X]]
func.func @untouched(%x: tensor<4xf32> {fisher.name = "x"}) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}
