// weight times the sum of the squared distances of Gaussian beliefs to N(0, 1),
// with the gradient: one pass over any number of means and log standard deviations.
//
//   build/bin/fisher-run examples/gpu/regularizer.mlir --device=cuda --chip=sm_90 \
//     --emit=object,header -o build/gpu-examples/regularizer

!beliefs = !fisher.belief<#fisher.gaussian<log_sigma>, tensor<?xf32>>

func.func @regularizer(%mu: tensor<?xf32> {fisher.name = "mu"},
                       %log_sigma: tensor<?xf32> {fisher.name = "log_sigma"},
                       %weight: f32 {fisher.name = "weight"})
    -> (tensor<f32> {fisher.name = "penalty"},
        tensor<?xf32> {fisher.gradient_of = "mu"},
        tensor<?xf32> {fisher.gradient_of = "log_sigma"}) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %mu, %c0 : tensor<?xf32>
  %empty = tensor.empty(%n) : tensor<?xf32>
  %zeros = linalg.fill ins(%zero : f32) outs(%empty : tensor<?xf32>) -> tensor<?xf32>
  %belief = fisher.belief %mu, %log_sigma : !beliefs
  %prior = fisher.belief %zeros, %zeros : !beliefs
  %penalty, %grad_mu, %grad_log_sigma =
      fisher.penalty_with_gradient %belief toward %prior weight %weight
      : !beliefs -> tensor<f32>, tensor<?xf32>, tensor<?xf32>
  return %penalty, %grad_mu, %grad_log_sigma : tensor<f32>, tensor<?xf32>, tensor<?xf32>
}
