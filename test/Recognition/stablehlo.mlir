// RUN: fisher-opt %s --allow-unregistered-dialect --fisher-recognize | FileCheck %s

// StableHLO in generic form. Functions that are private are looked at where they
// are called.

// Names are those of JAX's locations; what is written over an argument updates it.
// CHECK-LABEL: func.func @jax(
// CHECK-SAME: fisher.findings = [#fisher.finding<sgd on ["params.fc.w"] {learning_rate = "rate"} at [{{.*}}]>, #fisher.finding<l2_loss on ["params.fc.w"] {strength = 5.000000e-01 : f64} at [{{.*}}]>]
func.func @jax(%w: tensor<4x3xf32> {tf.aliasing_output = 1 : i32} loc("params['fc']['w']"),
               %x: tensor<2x4xf32> loc("x"), %rate: tensor<f32> loc("rate"))
    -> (tensor<f32> {jax.result_info = "result[0]"},
        tensor<4x3xf32> {jax.result_info = "result[1]['fc']['w']"}) {
  %zero = "stablehlo.constant"() <{value = dense<0.0> : tensor<f32>}> : () -> tensor<f32>
  %half = "stablehlo.constant"() <{value = dense<0.25> : tensor<f32>}> : () -> tensor<f32>
  %double = "stablehlo.constant"() <{value = dense<0.5> : tensor<f32>}> : () -> tensor<f32>
  %ones = "stablehlo.constant"() <{value = dense<1.0> : tensor<2x3xf32>}> : () -> tensor<2x3xf32>
  %0 = "stablehlo.dot_general"(%x, %w) <{dot_dimension_numbers = #stablehlo.dot<lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [0]>}> : (tensor<2x4xf32>, tensor<4x3xf32>) -> tensor<2x3xf32>
  %1 = "stablehlo.reduce"(%0, %zero) <{dimensions = array<i64: 0, 1>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %s = "stablehlo.add"(%a, %b) : (tensor<f32>, tensor<f32>) -> tensor<f32>
    "stablehlo.return"(%s) : (tensor<f32>) -> ()
  }) : (tensor<2x3xf32>, tensor<f32>) -> tensor<f32>
  // The squares are a product of a tensor with itself.
  %2 = "stablehlo.dot_general"(%w, %w) <{dot_dimension_numbers = #stablehlo.dot<lhs_contracting_dimensions = [0, 1], rhs_contracting_dimensions = [0, 1]>}> : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<f32>
  %3 = "stablehlo.multiply"(%half, %2) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %loss = "stablehlo.add"(%1, %3) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %4 = "stablehlo.dot_general"(%ones, %x) <{dot_dimension_numbers = #stablehlo.dot<lhs_contracting_dimensions = [0], rhs_contracting_dimensions = [0]>}> : (tensor<2x3xf32>, tensor<2x4xf32>) -> tensor<3x4xf32>
  %5 = "stablehlo.transpose"(%4) <{permutation = array<i64: 1, 0>}> : (tensor<3x4xf32>) -> tensor<4x3xf32>
  %6 = "stablehlo.broadcast_in_dim"(%double) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<4x3xf32>
  %7 = "stablehlo.multiply"(%w, %6) : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<4x3xf32>
  %8 = "stablehlo.add"(%5, %7) : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<4x3xf32>
  %9 = "stablehlo.broadcast_in_dim"(%rate) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<4x3xf32>
  %10 = func.call @scaled(%9, %8) : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<4x3xf32>
  %11 = "stablehlo.subtract"(%w, %10) : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<4x3xf32>
  return %loss, %11 : tensor<f32>, tensor<4x3xf32>
}

// CHECK: func.func private @scaled(
// CHECK-NOT: fisher.findings
func.func private @scaled(%a: tensor<4x3xf32>, %b: tensor<4x3xf32>) -> tensor<4x3xf32> {
  %0 = "stablehlo.multiply"(%a, %b) : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<4x3xf32>
  return %0 : tensor<4x3xf32>
}

// Noise that is drawn here has no name.
// CHECK-LABEL: func.func @drawn(
// CHECK-SAME: fisher.findings = [#fisher.finding<dropout on [] {is_scaled = true, keep = 7.500000e-01 : f64} at [{{.*}}]>]
func.func @drawn(%x: tensor<4x3xf32>) -> tensor<4x3xf32> {
  %low = "stablehlo.constant"() <{value = dense<0.0> : tensor<f32>}> : () -> tensor<f32>
  %high = "stablehlo.constant"() <{value = dense<1.0> : tensor<f32>}> : () -> tensor<f32>
  %shape = "stablehlo.constant"() <{value = dense<[4, 3]> : tensor<2xi64>}> : () -> tensor<2xi64>
  %keep = "stablehlo.constant"() <{value = dense<0.75> : tensor<4x3xf32>}> : () -> tensor<4x3xf32>
  %zero = "stablehlo.constant"() <{value = dense<0.0> : tensor<4x3xf32>}> : () -> tensor<4x3xf32>
  %u = "stablehlo.rng"(%low, %high, %shape) <{rng_distribution = #stablehlo<rng_distribution UNIFORM>}> : (tensor<f32>, tensor<f32>, tensor<2xi64>) -> tensor<4x3xf32>
  %mask = "stablehlo.compare"(%u, %keep) <{comparison_direction = #stablehlo<comparison_direction LT>}> : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<4x3xi1>
  %h = "stablehlo.tanh"(%x) : (tensor<4x3xf32>) -> tensor<4x3xf32>
  %scaled = "stablehlo.divide"(%h, %keep) : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<4x3xf32>
  %0 = "stablehlo.select"(%mask, %scaled, %zero) : (tensor<4x3xi1>, tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<4x3xf32>
  return %0 : tensor<4x3xf32>
}

// Two draws are not the same: p - u + v is not p.
// CHECK-LABEL: func.func @two_draws(
// CHECK-SAME: fisher.findings = []
func.func @two_draws(%p: tensor<4xf32>, %g: tensor<4xf32>) -> tensor<4xf32> {
  %low = "stablehlo.constant"() <{value = dense<0.0> : tensor<f32>}> : () -> tensor<f32>
  %shape = "stablehlo.constant"() <{value = dense<4> : tensor<1xi64>}> : () -> tensor<1xi64>
  %rate = "stablehlo.constant"() <{value = dense<0.1> : tensor<4xf32>}> : () -> tensor<4xf32>
  %u = "stablehlo.rng"(%low, %low, %shape) <{rng_distribution = #stablehlo<rng_distribution UNIFORM>}> : (tensor<f32>, tensor<f32>, tensor<1xi64>) -> tensor<4xf32>
  %v = "stablehlo.rng"(%low, %low, %shape) <{rng_distribution = #stablehlo<rng_distribution UNIFORM>}> : (tensor<f32>, tensor<f32>, tensor<1xi64>) -> tensor<4xf32>
  %0 = "stablehlo.subtract"(%p, %u) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %1 = "stablehlo.add"(%0, %v) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %2 = "stablehlo.multiply"(%g, %rate) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %3 = "stablehlo.subtract"(%1, %2) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %3 : tensor<4xf32>
}
