// What the Python package makes of a belief with 512 elements and a policy: a function
// that stands for the training step, and what is to be added to it.
func.func @main(%mu: tensor<512xf32> {fisher.name = "w.mu", fisher.role = "param"},
                %rho: tensor<512xf32> {fisher.name = "w.rho", fisher.role = "param"},
                %loss: tensor<f32>, %g_mu: tensor<512xf32>, %g_rho: tensor<512xf32>)
    -> (tensor<f32> {fisher.role = "loss"}, tensor<512xf32> {fisher.gradient_of = "w.mu"},
        tensor<512xf32> {fisher.gradient_of = "w.rho"}) {
  return %loss, %g_mu, %g_rho : tensor<f32>, tensor<512xf32>, tensor<512xf32>
}

fisher.policy @default {
  fisher.regularize "(*).mu", "(*).rho" as #fisher.gaussian<softplus>
      toward #fisher.prior<[0.0, 1.0]> weight 1.0e-3 mode coupled
}
