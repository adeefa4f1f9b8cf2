#loc = loc("step.mlir":7:3)
#loc1 = loc("s":1:2)
module attributes {fisher.version = #fisher.version<1>} {
  module @ops {
    func.func @belief(%arg0: tensor<4xf32>, %arg1: tensor<4xf32>) -> !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>> {
      %0 = fisher.belief %arg0, %arg1 : !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>
      return %0 : !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>
    }
    func.func @components(%arg0: !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>) -> (tensor<4xf32>, tensor<4xf32>) {
      %0:2 = fisher.components %arg0 : !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>
      return %0#0, %0#1 : tensor<4xf32>, tensor<4xf32>
    }
    func.func @convert(%arg0: !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>) -> !fisher.belief<#fisher.gaussian<precision>, tensor<4xf64>> {
      %0 = fisher.convert %arg0 : !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>> to !fisher.belief<#fisher.gaussian<precision>, tensor<4xf64>>
      return %0 : !fisher.belief<#fisher.gaussian<precision>, tensor<4xf64>>
    }
    func.func @squared_distance(%arg0: !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>, %arg1: !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>) -> tensor<4xf32> {
      %0 = fisher.squared_distance %arg0, %arg1 : !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>> -> tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    func.func @squared_distance_with_gradient(%arg0: !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>, %arg1: !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
      %distance, %gradient:2 = fisher.squared_distance_with_gradient %arg0, %arg1 : !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>> -> tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
      return %distance, %gradient#0, %gradient#1 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
    }
    func.func @kl_divergence(%arg0: !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>, %arg1: !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>) -> tensor<4xf32> {
      %0 = fisher.kl_divergence %arg0, %arg1 : !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>> -> tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    func.func @kl_divergence_with_gradients(%arg0: !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>, %arg1: !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
      %divergence, %gradient_a:2, %gradient_b:2 = fisher.kl_divergence_with_gradients %arg0, %arg1 : !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>
      return %divergence, %gradient_a#0, %gradient_b#1 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
    }
    func.func @geodesic_pullback(%arg0: !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>, %arg1: !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>, %arg2: f32, %arg3: tensor<4xf32>, %arg4: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
      %gradient_a:2, %gradient_b:2, %gradient_t = fisher.geodesic_pullback %arg0, %arg1 at %arg2 along %arg3, %arg4 : !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>
      return %gradient_a#0, %gradient_b#1, %gradient_t : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
    }
    func.func @natural_gradient_pullback(%arg0: !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>, %arg1: tensor<4xf32>, %arg2: tensor<4xf32>, %arg3: tensor<4xf32>, %arg4: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
      %gradient_at:2, %gradient_gradient:2 = fisher.natural_gradient_pullback %arg0, %arg1, %arg2 along %arg3, %arg4 : !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>
      return %gradient_at#1, %gradient_gradient#0 : tensor<4xf32>, tensor<4xf32>
    }
    func.func @penalty(%arg0: !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>, %arg1: !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>, %arg2: f32) -> tensor<f32> {
      %0 = fisher.penalty %arg0 toward %arg1 weight %arg2 : !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>> -> tensor<f32>
      return %0 : tensor<f32>
    }
    func.func @penalty_with_gradient(%arg0: !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>, %arg1: !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>, %arg2: f32) -> (tensor<f32>, tensor<4xf32>, tensor<4xf32>) {
      %penalty, %gradient:2 = fisher.penalty_with_gradient %arg0 toward %arg1 weight %arg2 : !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>> -> tensor<f32>, tensor<4xf32>, tensor<4xf32>
      return %penalty, %gradient#0, %gradient#1 : tensor<f32>, tensor<4xf32>, tensor<4xf32>
    }
    func.func @geodesic(%arg0: !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>, %arg1: !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>, %arg2: f32) -> !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>> {
      %0 = fisher.geodesic %arg0, %arg1 at %arg2 : !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>
      return %0 : !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>
    }
    func.func @proximal_step(%arg0: !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>, %arg1: !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>, %arg2: f32) -> !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>> {
      %0 = fisher.proximal_step %arg0 toward %arg1 strength %arg2 : !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>
      return %0 : !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>
    }
    func.func @log(%arg0: !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>, %arg1: !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>) -> (tensor<4xf32>, tensor<4xf32>) {
      %0:2 = fisher.log %arg0, %arg1 : !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>
      return %0#0, %0#1 : tensor<4xf32>, tensor<4xf32>
    }
    func.func @exp(%arg0: !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>, %arg1: tensor<4xf32>, %arg2: tensor<4xf32>) -> !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>> {
      %0 = fisher.exp %arg0, %arg1, %arg2 : !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>
      return %0 : !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>
    }
    func.func @metric(%arg0: !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>, %arg1: tensor<4xf32>, %arg2: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
      %0:2 = fisher.metric %arg0, %arg1, %arg2 : !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>
      return %0#0, %0#1 : tensor<4xf32>, tensor<4xf32>
    }
    func.func @natural_gradient(%arg0: !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>, %arg1: tensor<4xf32>, %arg2: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
      %0:2 = fisher.natural_gradient %arg0, %arg1, %arg2 : !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>
      return %0#0, %0#1 : tensor<4xf32>, tensor<4xf32>
    }
    func.func @discardable(%arg0: tensor<4xf32>, %arg1: tensor<4xf32>, %arg2: f32) -> tensor<f32> {
      %0 = fisher.belief %arg0, %arg1 {test.note = "kept"} : !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>
      %1 = fisher.penalty %0 toward %0 weight %arg2 {test.note = 7 : i32} : !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>> -> tensor<f32>
      return %1 : tensor<f32>
    }
  }
  module @types {
    func.func private @sigma() -> !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>>
    func.func private @log_sigma() -> !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>
    func.func private @softplus() -> !fisher.belief<#fisher.gaussian<softplus>, tensor<4xf32>>
    func.func private @variance() -> !fisher.belief<#fisher.gaussian<variance>, tensor<4xf32>>
    func.func private @log_variance() -> !fisher.belief<#fisher.gaussian<log_variance>, tensor<4xf32>>
    func.func private @precision() -> !fisher.belief<#fisher.gaussian<precision>, tensor<4xf32>>
    func.func private @f64() -> !fisher.belief<#fisher.gaussian<sigma>, tensor<2x3xf64>>
    func.func private @bf16() -> !fisher.belief<#fisher.gaussian<sigma>, tensor<2x3xbf16>>
    func.func private @f16() -> !fisher.belief<#fisher.gaussian<sigma>, tensor<2x3xf16>>
    func.func private @dynamic() -> !fisher.belief<#fisher.gaussian<sigma>, tensor<?x8x?xf32>>
    func.func private @scalar() -> !fisher.belief<#fisher.gaussian<sigma>, tensor<f32>>
    func.func private @empty() -> !fisher.belief<#fisher.gaussian<sigma>, tensor<0x4xf32>>
    func.func @compute_in_f32(%arg0: !fisher.belief<#fisher.gaussian<sigma>, tensor<?xbf16>>, %arg1: !fisher.belief<#fisher.gaussian<sigma>, tensor<?xf16>>, %arg2: f32) -> (tensor<?xf32>, tensor<f32>) {
      %0 = fisher.squared_distance %arg0, %arg0 : !fisher.belief<#fisher.gaussian<sigma>, tensor<?xbf16>> -> tensor<?xf32>
      %1 = fisher.penalty %arg1 toward %arg1 weight %arg2 : !fisher.belief<#fisher.gaussian<sigma>, tensor<?xf16>> -> tensor<f32>
      return %0, %1 : tensor<?xf32>, tensor<f32>
    }
    func.func @distance_of_scalars(%arg0: !fisher.belief<#fisher.gaussian<variance>, tensor<f64>>) -> tensor<f64> {
      %0 = fisher.kl_divergence %arg0, %arg0 : !fisher.belief<#fisher.gaussian<variance>, tensor<f64>> -> tensor<f64>
      return %0 : tensor<f64>
    }
    func.func private @logits() -> !fisher.belief<#fisher.categorical<logits>, tensor<4x10xf32>>
    func.func private @probabilities() -> !fisher.belief<#fisher.categorical<probabilities>, tensor<?xbf16>>
    func.func private @covariance() -> !fisher.belief<#fisher.centered_gaussian<covariance>, tensor<?x32x32xf64>>
    func.func private @cholesky() -> !fisher.belief<#fisher.centered_gaussian<cholesky>, tensor<1x1xf16>>
  }
  module @policy {
    fisher.policy @references {
      fisher.regularize "(*).mu", "(*).rho" as #fisher.gaussian<softplus> toward #fisher.prior<[0.000000e+00, 1.000000e+00]> weight 1.000000e-03 mode coupled
      fisher.regularize "a", "b" as #fisher.gaussian<sigma> toward #fisher.frozen weight 0.000000e+00 mode loss_only
      fisher.regularize "a", "b" as #fisher.gaussian<variance> toward #fisher.previous weight "beta" step_size 5.000000e-02 mode proximal
      fisher.regularize "a", "b" as #fisher.gaussian<log_variance> toward #fisher.moving_average<0.98999999999999999> weight 1.000000e+00 mode natural
      fisher.regularize "(*).mu", "(*).rho" as #fisher.gaussian<precision> toward #fisher.argument<"{0}.mu.ref", "{0}.rho.ref"> weight 1.000000e+00 mode coupled
    }
    fisher.policy @numbers {
      fisher.regularize "a", "b" as #fisher.gaussian<sigma> toward #fisher.prior<[-1, 2]> weight 1.000000e-01 step_size "lr" mode proximal
      fisher.regularize "a", "b" as #fisher.gaussian<sigma> toward #fisher.moving_average<0.000000e+00> weight 0.33333333333333331 mode coupled
    }
    fisher.policy @"odd name \22q\22" attributes {test.note = "kept"} {
      fisher.regularize "\\(\\)\\*\\? \22x\22", "\C3\BC?[.+^$]{2}|" as #fisher.gaussian<sigma> toward #fisher.frozen weight "a b" mode coupled {test.note = 1 : i32}
    }
    fisher.policy @empty {
    }
    fisher.policy @private attributes {sym_visibility = "nested"} {
    }
    module @inner {
      fisher.policy @empty {
      }
    }
    fisher.policy @made {
      fisher.regularize "(*).w" as #fisher.gaussian_mean<sigma> from adam("adam.v.{0}") count 60000 toward #fisher.frozen weight 1.000000e+00 mode coupled
      fisher.regularize "a" as #fisher.gaussian<sigma> from adam("v") count 1 epsilon 0.000000e+00 toward #fisher.prior<[0.000000e+00]> weight 1.000000e+00 mode coupled
      fisher.regularize "a" as #fisher.gaussian_mean<sigma> fixed sigma 1.000000e-01 toward #fisher.argument<"b"> weight 1.000000e+00 mode coupled
      fisher.regularize "a" as #fisher.von_mises<kappa> fixed kappa 2.000000e+00 toward #fisher.previous weight 1.000000e+00 mode coupled
    }
  }
  module @"a module" attributes {test.version = 3 : i32} {
    func.func @step(%arg0: tensor<4xf32> {fisher.name = "fc.mu", fisher.role = "param", test.sharding = "x"}, %arg1: tensor<4xf32> {fisher.initialize = "fc.mu", fisher.name = "fc.mu.start", fisher.role = "state"}, %arg2: tensor<4xf32> {fisher.distribution = "normal", fisher.name = "e", fisher.role = "eps"}, %arg3: tensor<4xf32> {fisher.distribution = "uniform", fisher.name = "u", fisher.role = "eps"}, %arg4: tensor<4xf32> {fisher.name = "x", fisher.role = "batch"}, %arg5: tensor<f32>) -> (tensor<4xf32> {fisher.updates = "fc.mu"}, tensor<4xf32> {fisher.gradient_of = "fc.mu", fisher.role = "grad"}, tensor<f32> {fisher.name = "loss", fisher.role = "loss"}, tensor<f32> {fisher.role = "penalty"}) attributes {fisher.regularized = [["fc.mu"]], test.note = "kept"} {
      return %arg0, %arg4, %arg5, %arg5 : tensor<4xf32>, tensor<4xf32>, tensor<f32>, tensor<f32>
    }
    func.func @"odd names: (*), \22quoted\22, \\, \C3\BCn\C3\AF"(%arg0: tensor<f32> {fisher.name = "(a)*?\\ \22b\22\0A"}, %arg1: tensor<f32> {fisher.name = "\F0\9F\8E\B2"}) -> (tensor<f32> {fisher.updates = "(a)*?\\ \22b\22\0A"}) {
      return %arg0 : tensor<f32>
    }
    func.func private @declared(tensor<f32> {fisher.name = "x"}) -> (tensor<f32> {fisher.updates = "x"})
    ml_program.func @other(%arg0: tensor<f32> {fisher.name = "x"}) -> tensor<f32> {
      ml_program.return %arg0 : tensor<f32>
    }
  }
  module @findings {
    func.func private @step(tensor<4xf32>) attributes {fisher.findings = [#fisher.finding<l2_gradient on ["w", "v"] {of = "x", strength = 1.000000e-03 : f64} at [#loc]>]}
    func.func private @nothing() attributes {fisher.findings = []}
  }
  module @more {
    func.func private @bernoulli_logit(!fisher.belief<#fisher.bernoulli<logit>, tensor<3xf32>>)
    func.func private @bernoulli_probability(!fisher.belief<#fisher.bernoulli<probability>, tensor<3xf32>>)
    func.func private @exponential_log_rate(!fisher.belief<#fisher.exponential<log_rate>, tensor<3xf32>>)
    func.func private @exponential_rate(!fisher.belief<#fisher.exponential<rate>, tensor<3xf32>>)
    func.func private @poisson_log_rate(!fisher.belief<#fisher.poisson<log_rate>, tensor<3xf32>>)
    func.func private @poisson_rate(!fisher.belief<#fisher.poisson<rate>, tensor<3xf32>>)
    func.func private @von_mises_kappa(!fisher.belief<#fisher.von_mises<kappa>, tensor<3xf32>>)
    func.func private @von_mises_log_kappa(!fisher.belief<#fisher.von_mises<log_kappa>, tensor<3xf32>>)
    func.func private @von_mises_softplus(!fisher.belief<#fisher.von_mises<softplus>, tensor<3xf32>>)
    func.func private @sgd() attributes {fisher.findings = [#fisher.finding<sgd on ["w"] {decay = 9.000000e-01 : f64, learning_rate = "lr"} at [#loc1]>]}
    func.func private @momentum() attributes {fisher.findings = [#fisher.finding<momentum on ["w"] {decay = 9.000000e-01 : f64, learning_rate = "lr"} at [#loc1]>]}
    func.func private @nesterov() attributes {fisher.findings = [#fisher.finding<nesterov on ["w"] {decay = 9.000000e-01 : f64, learning_rate = "lr"} at [#loc1]>]}
    func.func private @adam() attributes {fisher.findings = [#fisher.finding<adam on ["w"] {decay = 9.000000e-01 : f64, learning_rate = "lr"} at [#loc1]>]}
    func.func private @adamw() attributes {fisher.findings = [#fisher.finding<adamw on ["w"] {decay = 9.000000e-01 : f64, learning_rate = "lr"} at [#loc1]>]}
    func.func private @rmsprop() attributes {fisher.findings = [#fisher.finding<rmsprop on ["w"] {decay = 9.000000e-01 : f64, learning_rate = "lr"} at [#loc1]>]}
    func.func private @l2_gradient() attributes {fisher.findings = [#fisher.finding<l2_gradient on ["w"] {decay = 9.000000e-01 : f64, learning_rate = "lr"} at [#loc1]>]}
    func.func private @l2_loss() attributes {fisher.findings = [#fisher.finding<l2_loss on ["w"] {decay = 9.000000e-01 : f64, learning_rate = "lr"} at [#loc1]>]}
    func.func private @weight_decay() attributes {fisher.findings = [#fisher.finding<weight_decay on ["w"] {decay = 9.000000e-01 : f64, learning_rate = "lr"} at [#loc1]>]}
    func.func private @moving_average() attributes {fisher.findings = [#fisher.finding<moving_average on ["w"] {decay = 9.000000e-01 : f64, learning_rate = "lr"} at [#loc1]>]}
    func.func private @dropout() attributes {fisher.findings = [#fisher.finding<dropout on ["w"] {decay = 9.000000e-01 : f64, learning_rate = "lr"} at [#loc1]>]}
    func.func private @kl_to_prior() attributes {fisher.findings = [#fisher.finding<kl_to_prior on ["w"] {decay = 9.000000e-01 : f64, learning_rate = "lr"} at [#loc1]>]}
    func.func private @entropy_bonus() attributes {fisher.findings = [#fisher.finding<entropy_bonus on ["w"] {decay = 9.000000e-01 : f64, learning_rate = "lr"} at [#loc1]>]}
    func.func private @sources() attributes {test.adam = #fisher.adam<"v" count 1 epsilon 0.000000e+00>, test.fixed = #fisher.fixed<"sigma" 1.000000e-01>}
  }
}

