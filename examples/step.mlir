// A training step with marks, whose body Fisher need not know, and a policy.
func.func @main(%mu: tensor<64x32xf32> {fisher.name = "fc.mu", fisher.role = "param"},
                %rho: tensor<64x32xf32> {fisher.name = "fc.rho", fisher.role = "param"},
                %x: tensor<128x64xf32> {fisher.name = "x", fisher.role = "batch"})
    -> (tensor<f32> {fisher.role = "loss"},
        tensor<64x32xf32> {fisher.gradient_of = "fc.mu"},
        tensor<64x32xf32> {fisher.gradient_of = "fc.rho"}) {
  %loss, %dmu, %drho = "any.body"(%mu, %rho, %x)
      : (tensor<64x32xf32>, tensor<64x32xf32>, tensor<128x64xf32>)
      -> (tensor<f32>, tensor<64x32xf32>, tensor<64x32xf32>)
  return %loss, %dmu, %drho : tensor<f32>, tensor<64x32xf32>, tensor<64x32xf32>
}
fisher.policy @default {
  fisher.regularize "(*).mu", "(*).rho" as #fisher.gaussian<softplus>
      toward #fisher.prior<[0.0, 1.0]> weight 1.0e-3 mode coupled
}
