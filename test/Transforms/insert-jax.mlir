// RUN: fisher-opt %s --fisher-insert=step-size=0.1 --allow-unregistered-dialect -split-input-file 2>&1 | FileCheck %s

// Where marks are absent, what JAX says of arguments and results stands in.

fisher.policy @default {
  fisher.regularize "params.(*).mu", "params.(*).rho" as #fisher.gaussian<softplus>
      toward #fisher.prior<[0.0, 1.0]> weight 0.5 mode loss_only
}

// CHECK: remark: regularized 'params.fc0.mu', 'params.fc0.rho'
// CHECK-LABEL: func.func @main(
// CHECK-SAME: %{{.*}}: tensor<3xf32> {fisher.name = "params.fc0.mu", tf.aliasing_output = 0 : i32}
// CHECK-SAME: %{{.*}}: tensor<3xf32> {fisher.name = "params.fc0.rho", tf.aliasing_output = 1 : i32}
// CHECK-SAME: %{{.*}}: tensor<3xf32> {fisher.name = "state.0.m.a.b"}
// CHECK-SAME: %{{.*}}: tensor<2xf32> {fisher.name = "x"}
// CHECK-SAME: %{{.*}}: tensor<2xf32> {fisher.name = "y"}
// CHECK-SAME: %{{[^{]*}}: tensor<2xf32>,
// CHECK-SAME: %{{[^{]*}}: tensor<2xf32>)
// CHECK-SAME: -> (tensor<3xf32> {fisher.updates = "params.fc0.mu", jax.result_info = "result[0]['fc0']['mu']"}
// CHECK-SAME: tensor<3xf32> {fisher.updates = "params.fc0.rho", jax.result_info = "result[0]['fc0']['rho']"}
// CHECK-SAME: tensor<3xf32> {fisher.name = "result.1.m", jax.result_info = "result[1].m"}
// CHECK-SAME: tensor<f32> {fisher.name = "result.2", fisher.role = "loss", jax.result_info = "result[2]"}
func.func @main(%mu: tensor<3xf32> {tf.aliasing_output = 0 : i32} loc("params['fc0']['mu']"),
                %rho: tensor<3xf32> {tf.aliasing_output = 1 : i32} loc("params[\"fc0\"]['rho']"),
                %m: tensor<3xf32> loc("state[0].m['a.b']"),
                %x: tensor<2xf32> loc("x"),
                %y: tensor<2xf32> {fisher.name = "y"} loc("batch"),
                // No names: one is there already, the other is no place in a tree.
                %z: tensor<2xf32> loc("x"), %u: tensor<2xf32> loc("a b"))
    -> (tensor<3xf32> {jax.result_info = "result[0]['fc0']['mu']"},
        tensor<3xf32> {jax.result_info = "result[0]['fc0']['rho']"},
        tensor<3xf32> {jax.result_info = "result[1].m"},
        tensor<f32> {jax.result_info = "result[2]"}) {
  %loss = "stablehlo.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  // CHECK: %[[P:.*]] = fisher.penalty
  // CHECK: %[[L:.*]] = arith.addf %{{.*}}, %[[P]]
  // CHECK: return %{{.*}}, %{{.*}}, %{{.*}}, %[[L]]
  return %mu, %rho, %m, %loss : tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<f32>
}

// -----

fisher.policy @default {
  fisher.regularize "w" as #fisher.poisson<log_rate>
      toward #fisher.prior<[1.0]> weight 0.5 mode proximal
}

// JAX pairs buffers by types: what ends in another key is no update. Two
// numbers are no loss.
// CHECK-LABEL: func.func @main(
// CHECK-SAME: %{{.*}}: tensor<3xf32> {fisher.name = "w", tf.aliasing_output = 1 : i32}
// CHECK-SAME: %{{.*}}: tensor<3xf32> {fisher.name = "v", tf.aliasing_output = 2 : i32}
// CHECK-SAME: -> (tensor<f32> {fisher.name = "result.0", jax.result_info = "result[0]"}
// CHECK-SAME: tensor<3xf32> {fisher.updates = "w", jax.result_info = "result[1]"}
// CHECK-SAME: tensor<3xf32> {fisher.name = "result.2.gradient", jax.result_info = "result[2]['gradient']"}
// CHECK-SAME: tensor<f32> {fisher.name = "result.3", jax.result_info = "result[3]"})
func.func @main(%w: tensor<3xf32> {tf.aliasing_output = 1 : i32} loc("w"),
                %v: tensor<3xf32> {tf.aliasing_output = 2 : i32} loc("v"), %a: tensor<f32>)
    -> (tensor<f32> {jax.result_info = "result[0]"},
        tensor<3xf32> {jax.result_info = "result[1]"},
        tensor<3xf32> {jax.result_info = "result[2]['gradient']"},
        tensor<f32> {jax.result_info = "result[3]"}) {
  // CHECK: fisher.proximal_step
  return %a, %w, %v, %a : tensor<f32>, tensor<3xf32>, tensor<3xf32>, tensor<f32>
}

// -----

fisher.policy @default {
  fisher.regularize "w" as #fisher.poisson<log_rate>
      toward #fisher.prior<[1.0]> weight 0.5 mode loss_only
}

// Marks that are there are left, and no loss is guessed beside a role.
// CHECK-LABEL: func.func @main(
// CHECK-SAME: %{{.*}}: tensor<3xf32> {fisher.name = "w", fisher.role = "param"
// CHECK-SAME: -> (tensor<2xf32> {fisher.role = "grad", jax.result_info = "result[0]"}
// CHECK-SAME: tensor<f32> {fisher.name = "mine", jax.result_info = "result[1]"}
// CHECK-SAME: tensor<f32> {fisher.role = "loss"
func.func @main(%w: tensor<3xf32> {fisher.name = "w", fisher.role = "param"} loc("params['w']"),
                %x: tensor<2xf32> {tf.aliasing_output = 0 : i32}, %a: tensor<f32>)
    -> (tensor<2xf32> {fisher.role = "grad", jax.result_info = "result[0]"},
        tensor<f32> {fisher.name = "mine", jax.result_info = "result[1]"},
        tensor<f32> {fisher.role = "loss", jax.result_info = "result[2]"}) {
  return %x, %a, %a : tensor<2xf32>, tensor<f32>, tensor<f32>
}
