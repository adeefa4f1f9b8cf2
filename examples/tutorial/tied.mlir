// Two layers whose weights have one standard deviation, softplus(rho), in common.
// The step has no loss of its own.
func.func @main(%a: tensor<3x2xf32> {fisher.name = "a.mu", fisher.role = "param"},
                %b: tensor<2xf32> {fisher.name = "b.mu", fisher.role = "param"},
                %rho: tensor<f32> {fisher.name = "rho", fisher.role = "param"})
    -> (tensor<f32> {fisher.role = "loss"},
        tensor<3x2xf32> {fisher.gradient_of = "a.mu"},
        tensor<2xf32> {fisher.gradient_of = "b.mu"},
        tensor<f32> {fisher.gradient_of = "rho"}) {
  %zero = arith.constant dense<0.0> : tensor<f32>
  %zero_a = arith.constant dense<0.0> : tensor<3x2xf32>
  %zero_b = arith.constant dense<0.0> : tensor<2xf32>
  return %zero, %zero_a, %zero_b, %zero
      : tensor<f32>, tensor<3x2xf32>, tensor<2xf32>, tensor<f32>
}

fisher.policy @default {
  fisher.regularize "(*).mu", "rho" as #fisher.gaussian<softplus>
      toward #fisher.prior<[0.0, 1.0]> weight 1.0e-2 mode coupled
}
