// RUN: fisher-opt --fisher-strip-marks %s | FileCheck %s --implicit-check-not=fisher.

// The marks go, in every function; what others put there stays.

// CHECK-LABEL: func.func @main
// CHECK-SAME: (%{{[^:]*}}: tensor<4xf32> {tf.aliasing_output = 0 : i32}, %{{[^:]*}}: tensor<f32>)
// CHECK-SAME: -> (tensor<4xf32> {jax.result_info = "result[0]"}, tensor<f32>)
func.func @main(
    %mu: tensor<4xf32> {fisher.name = "mu", fisher.role = "param", tf.aliasing_output = 0 : i32},
    %loss: tensor<f32> {fisher.name = "eps", fisher.role = "eps", fisher.distribution = "uniform"})
    -> (tensor<4xf32> {fisher.updates = "mu", jax.result_info = "result[0]"},
        tensor<f32> {fisher.role = "loss"}) {
  return %mu, %loss : tensor<4xf32>, tensor<f32>
}

// CHECK-LABEL: func.func private @gradient(tensor<f32>) -> tensor<f32>
func.func private @gradient(tensor<f32> {fisher.name = "w"})
    -> (tensor<f32> {fisher.role = "grad", fisher.gradient_of = "w"})
