// Bayesian linear regression: each of three weights is a belief
// N(mu, softplus(rho)^2), of which a step draws a sample.

// One step as a framework differentiates it: the loss and its gradient.
func.func @main(%mu: tensor<3xf32> {fisher.name = "w.mu", fisher.role = "param"},
                %rho: tensor<3xf32> {fisher.name = "w.rho", fisher.role = "param"},
                %x: tensor<16x3xf32> {fisher.name = "x", fisher.role = "batch"},
                %y: tensor<16xf32> {fisher.name = "y", fisher.role = "batch"},
                %eps: tensor<3xf32> {fisher.name = "w.eps", fisher.role = "eps"})
    -> (tensor<f32> {fisher.role = "loss"},
        tensor<3xf32> {fisher.gradient_of = "w.mu"},
        tensor<3xf32> {fisher.gradient_of = "w.rho"}) {
  %loss, %dmu, %drho = call @differentiate(%mu, %rho, %x, %y, %eps)
      : (tensor<3xf32>, tensor<3xf32>, tensor<16x3xf32>, tensor<16xf32>, tensor<3xf32>)
      -> (tensor<f32>, tensor<3xf32>, tensor<3xf32>)
  return %loss, %dmu, %drho : tensor<f32>, tensor<3xf32>, tensor<3xf32>
}

// The same with the optimizer in it: plain gradient descent with step size lr.
// It also cools beta, which a policy may use as a weight.
func.func @sgd(%mu: tensor<3xf32> {fisher.name = "w.mu", fisher.role = "param"},
               %rho: tensor<3xf32> {fisher.name = "w.rho", fisher.role = "param"},
               %x: tensor<16x3xf32> {fisher.name = "x", fisher.role = "batch"},
               %y: tensor<16xf32> {fisher.name = "y", fisher.role = "batch"},
               %eps: tensor<3xf32> {fisher.name = "w.eps", fisher.role = "eps"},
               %lr: tensor<f32> {fisher.name = "lr"},
               %beta: tensor<f32> {fisher.name = "beta", fisher.role = "state"})
    -> (tensor<f32> {fisher.role = "loss"},
        tensor<3xf32> {fisher.updates = "w.mu"},
        tensor<3xf32> {fisher.updates = "w.rho"},
        tensor<f32> {fisher.updates = "beta"}) {
  %loss, %dmu, %drho = call @differentiate(%mu, %rho, %x, %y, %eps)
      : (tensor<3xf32>, tensor<3xf32>, tensor<16x3xf32>, tensor<16xf32>, tensor<3xf32>)
      -> (tensor<f32>, tensor<3xf32>, tensor<3xf32>)
  %h = tensor.extract %lr[] : tensor<f32>
  %hs = tensor.splat %h : tensor<3xf32>
  %mu_step = arith.mulf %hs, %dmu : tensor<3xf32>
  %rho_step = arith.mulf %hs, %drho : tensor<3xf32>
  %new_mu = arith.subf %mu, %mu_step : tensor<3xf32>
  %new_rho = arith.subf %rho, %rho_step : tensor<3xf32>
  %cooling = arith.constant dense<0.999> : tensor<f32>
  %new_beta = arith.mulf %beta, %cooling : tensor<f32>
  return %loss, %new_mu, %new_rho, %new_beta
      : tensor<f32>, tensor<3xf32>, tensor<3xf32>, tensor<f32>
}

func.func private @differentiate(%mu: tensor<3xf32>, %rho: tensor<3xf32>,
                                 %x: tensor<16x3xf32>, %y: tensor<16xf32>,
                                 %eps: tensor<3xf32>)
    -> (tensor<f32>, tensor<3xf32>, tensor<3xf32>) {
  // A sample of the weights, w = mu + softplus(rho) eps.
  %one = arith.constant dense<1.0> : tensor<3xf32>
  %exp = math.exp %rho : tensor<3xf32>
  %sigma = math.log1p %exp : tensor<3xf32>
  %noise = arith.mulf %sigma, %eps : tensor<3xf32>
  %w = arith.addf %mu, %noise : tensor<3xf32>

  // Half the mean of the squared errors e = x w - y.
  %minus_y = arith.negf %y : tensor<16xf32>
  %e = linalg.matvec ins(%x, %w : tensor<16x3xf32>, tensor<3xf32>)
      outs(%minus_y : tensor<16xf32>) -> tensor<16xf32>
  %share = arith.constant dense<0.0625> : tensor<16xf32>
  %de = arith.mulf %e, %share : tensor<16xf32>
  %zero = arith.constant dense<0.0> : tensor<f32>
  %mean = linalg.dot ins(%e, %de : tensor<16xf32>, tensor<16xf32>)
      outs(%zero : tensor<f32>) -> tensor<f32>
  %half = arith.constant dense<0.5> : tensor<f32>
  %loss = arith.mulf %mean, %half : tensor<f32>

  // By w, which is the gradient by mu, and by rho.
  %zeros = arith.constant dense<0.0> : tensor<3xf32>
  %dmu = linalg.vecmat ins(%de, %x : tensor<16xf32>, tensor<16x3xf32>)
      outs(%zeros : tensor<3xf32>) -> tensor<3xf32>
  %more = arith.addf %one, %exp : tensor<3xf32>
  %slope = arith.divf %exp, %more : tensor<3xf32>
  %dsigma = arith.mulf %dmu, %eps : tensor<3xf32>
  %drho = arith.mulf %dsigma, %slope : tensor<3xf32>
  return %loss, %dmu, %drho : tensor<f32>, tensor<3xf32>, tensor<3xf32>
}
