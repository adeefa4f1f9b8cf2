// RUN: fisher-opt --convert-fisher-to-stablehlo --allow-unregistered-dialect %s | FileCheck %s
// RUN: fisher-opt --convert-fisher-to-stablehlo --allow-unregistered-dialect %s \
// RUN:   | FileCheck %s --check-prefix=REST --implicit-check-not='{{(fisher|arith|math|linalg|tensor|scf)[.]}}'

// Nothing but functions and StableHLO is left; marks are attributes.

// REST: fisher.name = "b.mean", fisher.role = "param"
// REST-SAME: fisher.name = "b.scale", fisher.role = "param"

!b = !fisher.belief<#fisher.exponential<rate>, tensor<4x2xf32>>
!g = !fisher.belief<#fisher.gaussian<log_sigma>, tensor<6xf32>>

// A belief is its components, wherever it is carried.
// CHECK-LABEL: func.func @functions(
// CHECK-SAME: %[[MEAN:.*]]: tensor<6xf32> {fisher.name = "b.mean", fisher.role = "param"},
// CHECK-SAME: %[[SCALE:.*]]: tensor<6xf32> {fisher.name = "b.scale", fisher.role = "param"})
// CHECK-SAME: -> (tensor<6xf32>, tensor<6xf32>)
func.func @functions(%b: !g {fisher.name = "b", fisher.role = "param"}) -> !g {
  // CHECK: %[[CALL:.*]]:2 = call @callee(%[[MEAN]], %[[SCALE]])
  %c = func.call @callee(%b) : (!g) -> !g
  // CHECK: return %[[CALL]]#0, %[[CALL]]#1
  return %c : !g
}

func.func private @callee(!g) -> !g

// A formula is elementwise, with constants of the shape that they meet.
// CHECK-LABEL: func.func @metric(
// CHECK-SAME: %[[RATE:.*]]: tensor<4x2xf32>, %[[V:.*]]: tensor<4x2xf32>)
func.func @metric(%rate: tensor<4x2xf32>, %v: tensor<4x2xf32>) -> tensor<4x2xf32> {
  %b = fisher.belief %rate : !b
  // CHECK: %[[ZERO:.*]] = "stablehlo.constant"() {value = dense<0.000000e+00> : tensor<4x2xf32>} : () -> tensor<4x2xf32>
  // CHECK: %[[IN:.*]] = "stablehlo.compare"(%[[RATE]], %[[ZERO]])
  // CHECK-SAME: {comparison_direction = #stablehlo<comparison_direction GT>}
  // CHECK-SAME: : (tensor<4x2xf32>, tensor<4x2xf32>) -> tensor<4x2xi1>
  // CHECK: "stablehlo.select"(%[[IN]], %{{.*}}) : (tensor<4x2xi1>, tensor<4x2xf32>, tensor<4x2xf32>) -> tensor<4x2xf32>
  %c = fisher.metric %b, %v : !b
  return %c : tensor<4x2xf32>
}

// 16-bit types are for storage.
// CHECK-LABEL: func.func @storage(
// CHECK-SAME: %[[X:.*]]: tensor<8xbf16>, %[[Y:.*]]: tensor<8xbf16>
!h = !fisher.belief<#fisher.poisson<log_rate>, tensor<8xbf16>>
func.func @storage(%x: tensor<8xbf16>, %y: tensor<8xbf16>) -> (tensor<8xf32>, tensor<8xbf16>) {
  // CHECK: "stablehlo.convert"(%[[X]]) : (tensor<8xbf16>) -> tensor<8xf32>
  // CHECK: "stablehlo.convert"(%[[Y]]) : (tensor<8xbf16>) -> tensor<8xf32>
  // CHECK: %[[G:.*]] = "stablehlo.convert"(%{{.*}}) : (tensor<8xf32>) -> tensor<8xbf16>
  // CHECK: return %{{.*}}, %[[G]] : tensor<8xf32>, tensor<8xbf16>
  %a = fisher.belief %x : !h
  %b = fisher.belief %y : !h
  %d, %g = fisher.squared_distance_with_gradient %a, %b : !h -> tensor<8xf32>, tensor<8xbf16>
  return %d, %g : tensor<8xf32>, tensor<8xbf16>
}

// The sum is in f64; a weight that is no constant is a tensor of rank zero.
// CHECK-LABEL: func.func @penalty(
// CHECK-SAME: %[[W:[^:]*]]: tensor<f32>)
func.func @penalty(%x: tensor<4x2xf32>, %y: tensor<4x2xf32>, %weight: tensor<f32>)
    -> (tensor<f32>, tensor<4x2xf32>) {
  // CHECK: %[[ALL:.*]] = "stablehlo.broadcast_in_dim"(%[[W]]) {broadcast_dimensions = array<i64>} : (tensor<f32>) -> tensor<4x2xf32>
  // CHECK: %[[G:.*]] = "stablehlo.multiply"(%[[ALL]], %{{.*}}) : (tensor<4x2xf32>, tensor<4x2xf32>)
  // CHECK: %[[ZERO:.*]] = "stablehlo.constant"() {value = dense<0.000000e+00> : tensor<f64>}
  // CHECK: %[[WIDE:.*]] = "stablehlo.convert"(%{{.*}}) : (tensor<4x2xf32>) -> tensor<4x2xf64>
  // CHECK: %[[SUM:.*]] = "stablehlo.reduce"(%[[WIDE]], %[[ZERO]]) ({
  // CHECK-NEXT: ^bb0(%[[A:.*]]: tensor<f64>, %[[B:.*]]: tensor<f64>):
  // CHECK-NEXT: %[[ADD:.*]] = "stablehlo.add"(%[[A]], %[[B]])
  // CHECK-NEXT: "stablehlo.return"(%[[ADD]])
  // CHECK-NEXT: }) {dimensions = array<i64: 0, 1>}
  // CHECK: %[[W64:.*]] = "stablehlo.convert"(%[[W]]) : (tensor<f32>) -> tensor<f64>
  // CHECK: %[[P64:.*]] = "stablehlo.multiply"(%[[W64]], %[[SUM]])
  // CHECK: %[[P:.*]] = "stablehlo.convert"(%[[P64]]) : (tensor<f64>) -> tensor<f32>
  // CHECK: return %[[P]], %[[G]]
  %w = tensor.extract %weight[] : tensor<f32>
  %a = fisher.belief %x : !b
  %b = fisher.belief %y : !b
  %p, %g = fisher.penalty_with_gradient %a toward %b weight %w : !b -> tensor<f32>, tensor<4x2xf32>
  return %p, %g : tensor<f32>, tensor<4x2xf32>
}

// What is computed is rounded before a formula uses it: XLA finds no product
// behind a choice of NaN for NaN.
// CHECK-LABEL: func.func @computed(
// CHECK-SAME: %[[X:.*]]: tensor<8xbf16>)
func.func @computed(%x: tensor<8xbf16>) -> tensor<8xf32> {
  // CHECK: %[[Y:.*]] = "stablehlo.multiply"(%[[X]], %[[X]])
  // CHECK: %[[IS:.*]] = "stablehlo.compare"(%[[Y]], %[[Y]]) {comparison_direction = #stablehlo<comparison_direction EQ>}
  // CHECK: %[[NAN:.*]] = "stablehlo.constant"() {value = dense<0x7FC0> : tensor<8xbf16>}
  // CHECK: %[[SAME:.*]] = "stablehlo.select"(%[[IS]], %[[Y]], %[[NAN]])
  // CHECK-NOT: (%[[Y]]
  // CHECK: return
  %y = "stablehlo.multiply"(%x, %x) : (tensor<8xbf16>, tensor<8xbf16>) -> tensor<8xbf16>
  %a = fisher.belief %x : !h
  %b = fisher.belief %y : !h
  %d = fisher.squared_distance %a, %b : !h -> tensor<8xf32>
  return %d : tensor<8xf32>
}

// Other operations, and those of StableHLO, are around; regions, too.
// CHECK-LABEL: func.func @inside(
func.func @inside(%x: tensor<4xf32>, %n: tensor<i32>) -> tensor<4xf32> {
  // CHECK: "stablehlo.while"
  // CHECK: "stablehlo.multiply"
  // CHECK: "stablehlo.return"
  %r = "stablehlo.while"(%x) ({
  ^bb0(%y: tensor<4xf32>):
    %t = "stablehlo.constant"() {value = dense<true> : tensor<i1>} : () -> tensor<i1>
    "stablehlo.return"(%t) : (tensor<i1>) -> ()
  }, {
  ^bb0(%y: tensor<4xf32>):
    %b = fisher.belief %y : !fisher.belief<#fisher.poisson<rate>, tensor<4xf32>>
    %c = fisher.convert %b : !fisher.belief<#fisher.poisson<rate>, tensor<4xf32>>
        to !fisher.belief<#fisher.poisson<rate>, tensor<4xf64>>
    %d = fisher.convert %c : !fisher.belief<#fisher.poisson<rate>, tensor<4xf64>>
        to !fisher.belief<#fisher.poisson<rate>, tensor<4xf32>>
    %e = fisher.components %d : !fisher.belief<#fisher.poisson<rate>, tensor<4xf32>>
    %f = arith.mulf %e, %e : tensor<4xf32>
    "stablehlo.return"(%f) : (tensor<4xf32>) -> ()
  }) : (tensor<4xf32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}
