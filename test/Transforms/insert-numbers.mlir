// Weights and step sizes that arguments hold, of every float type, and what
// is between the belief's compute type and the loss's type.

// RUN: fisher-opt --fisher-insert --split-input-file %s 2>/dev/null | FileCheck %s

// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[BETA:[^:]*]]: tensor<f32> {fisher.name = "beta"
// CHECK: %[[W:.*]] = tensor.extract %[[BETA]][] : tensor<f32>
// CHECK: fisher.penalty %{{.*}} toward %{{.*}} weight %[[W]]
func.func @main(%mu: tensor<4xf32> {fisher.name = "mu"}, %rho: tensor<4xf32> {fisher.name = "rho"},
                %beta: tensor<f32> {fisher.name = "beta", fisher.role = "batch"}, %l: tensor<f32>)
    -> (tensor<f32> {fisher.role = "loss"}) {
  return %l : tensor<f32>
}
fisher.policy @p {
  fisher.regularize "mu", "rho" as #fisher.gaussian<softplus> toward #fisher.prior<[0, 1]> weight "beta" mode loss_only
}

// -----

// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[BETA:[^:]*]]: f32 {fisher.name = "beta"
// CHECK: fisher.penalty %{{.*}} toward %{{.*}} weight %[[BETA]]
func.func @main(%mu: tensor<4xf32> {fisher.name = "mu"}, %rho: tensor<4xf32> {fisher.name = "rho"},
                %beta: f32 {fisher.name = "beta"}, %l: tensor<f32>)
    -> (tensor<f32> {fisher.role = "loss"}) {
  return %l : tensor<f32>
}
fisher.policy @p {
  fisher.regularize "mu", "rho" as #fisher.gaussian<softplus> toward #fisher.prior<[0, 1]> weight "beta" mode loss_only
}

// -----

// The weight is rounded to the compute type, the penalty widened to the loss's.
// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[BETA:[^:]*]]: tensor<f64> {fisher.name = "beta"}, %[[L:[^:]*]]: tensor<f64>)
// CHECK: %[[WIDE:.*]] = tensor.extract %[[BETA]][] : tensor<f64>
// CHECK: %[[W:.*]] = arith.truncf %[[WIDE]] : f64 to f32
// CHECK: %[[P:.*]] = fisher.penalty %{{.*}} toward %{{.*}} weight %[[W]] : {{.*}} -> tensor<f32>
// CHECK: %[[PWIDE:.*]] = arith.extf %[[P]] : tensor<f32> to tensor<f64>
// CHECK: arith.addf %[[L]], %[[PWIDE]] : tensor<f64>
func.func @main(%mu: tensor<4xf32> {fisher.name = "mu"}, %rho: tensor<4xf32> {fisher.name = "rho"},
                %beta: tensor<f64> {fisher.name = "beta"}, %l: tensor<f64>)
    -> (tensor<f64> {fisher.role = "loss"}) {
  return %l : tensor<f64>
}
fisher.policy @p {
  fisher.regularize "mu", "rho" as #fisher.gaussian<softplus> toward #fisher.prior<[0, 1]> weight "beta" mode loss_only
}

// -----

// bf16 parameters, gradients and loss; the penalty and its sum are f32.
// CHECK-LABEL: func.func @main(
// CHECK: %[[W:.*]] = arith.extf %{{.*}} : bf16 to f32
// CHECK: %[[P:.*]], %[[G:.*]]:2 = fisher.penalty_with_gradient {{.*}} weight %[[W]] : {{.*}} -> tensor<f32>, tensor<4xbf16>, tensor<4xbf16>
// CHECK-DAG: arith.addf %{{.*}}, %[[G]]#0 : tensor<4xbf16>
// CHECK-DAG: %[[NARROW:.*]] = arith.truncf %[[P]] : tensor<f32> to tensor<bf16>
// CHECK: arith.addf %{{.*}}, %[[NARROW]] : tensor<bf16>
func.func @main(%mu: tensor<4xbf16> {fisher.name = "mu"}, %rho: tensor<4xbf16> {fisher.name = "rho"},
                %beta: bf16 {fisher.name = "beta"}, %l: tensor<bf16>)
    -> (tensor<bf16> {fisher.role = "loss"}, tensor<4xbf16> {fisher.gradient_of = "mu"},
        tensor<4xbf16> {fisher.gradient_of = "rho"}) {
  return %l, %mu, %rho : tensor<bf16>, tensor<4xbf16>, tensor<4xbf16>
}
fisher.policy @p {
  fisher.regularize "mu", "rho" as #fisher.gaussian<softplus> toward #fisher.prior<[0, 1]> weight "beta" mode coupled
}

// -----

// f64 parameters with a loss in f32.
// CHECK-LABEL: func.func @main(
// CHECK: arith.constant dense<0.54132485461291{{[0-9]*}}> : tensor<4xf64>
// CHECK: %[[W:.*]] = arith.constant 1.000000e-01 : f64
// CHECK: %[[P:.*]] = fisher.penalty {{.*}} weight %[[W]] : {{.*}} -> tensor<f64>
// CHECK: arith.truncf %[[P]] : tensor<f64> to tensor<f32>
func.func @main(%mu: tensor<4xf64> {fisher.name = "mu"}, %rho: tensor<4xf64> {fisher.name = "rho"}, %l: tensor<f32>)
    -> (tensor<f32> {fisher.role = "loss"}) {
  return %l : tensor<f32>
}
fisher.policy @p {
  fisher.regularize "mu", "rho" as #fisher.gaussian<softplus> toward #fisher.prior<[0, 1]> weight 0.1 mode loss_only
}

// -----

// Step size and weight from arguments: the strength is computed.
// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[LR:[^:]*]]: f32 {fisher.name = "lr"}, %[[BETA:[^:]*]]: tensor<f32> {fisher.name = "beta"})
// CHECK: tensor.extract %[[BETA]][]
// CHECK: %[[TWO:.*]] = arith.constant 2.000000e+00 : f32
// CHECK: %[[HW:.*]] = arith.mulf %[[LR]], %extracted{{.*}} : f32
// CHECK: %[[S:.*]] = arith.mulf %[[TWO]], %[[HW]] : f32
// CHECK: fisher.proximal_step {{.*}} strength %[[S]]
func.func @main(%mu: tensor<4xf32> {fisher.name = "mu"}, %rho: tensor<4xf32> {fisher.name = "rho"},
                %lr: f32 {fisher.name = "lr"}, %beta: tensor<f32> {fisher.name = "beta"})
    -> (tensor<4xf32> {fisher.updates = "mu"}, tensor<4xf32> {fisher.updates = "rho"}) {
  return %mu, %rho : tensor<4xf32>, tensor<4xf32>
}
fisher.policy @p {
  fisher.regularize "mu", "rho" as #fisher.gaussian<softplus> toward #fisher.previous
      weight "beta" step_size "lr" mode proximal
}

// -----

// Step size from an argument, weight a number.
// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[LR:[^:]*]]: tensor<f64> {fisher.name = "lr"})
// CHECK: %[[WIDE:.*]] = tensor.extract %[[LR]][]
// CHECK: %[[H:.*]] = arith.truncf %[[WIDE]] : f64 to f32
// CHECK: arith.mulf %[[H]], %{{.*}} : f32
// CHECK: fisher.proximal_step
func.func @main(%mu: tensor<4xf32> {fisher.name = "mu"}, %rho: tensor<4xf32> {fisher.name = "rho"},
                %lr: tensor<f64> {fisher.name = "lr"})
    -> (tensor<4xf32> {fisher.updates = "mu"}, tensor<4xf32> {fisher.updates = "rho"}) {
  return %mu, %rho : tensor<4xf32>, tensor<4xf32>
}
fisher.policy @p {
  fisher.regularize "mu", "rho" as #fisher.gaussian<softplus> toward #fisher.previous
      weight 0.5 step_size "lr" mode proximal
}

// -----

// The prior in each chart: mean 3, standard deviation 2.
// CHECK-LABEL: func.func @main(
// CHECK-DAG: %[[MEAN:.*]] = arith.constant dense<3.000000e+00> : tensor<f64>
// CHECK-DAG: %[[SIGMA:.*]] = arith.constant dense<2.000000e+00> : tensor<f64>
// CHECK: fisher.belief %{{.*}}, %{{.*}} : !fisher.belief<#fisher.gaussian<sigma>, tensor<f64>>
// CHECK: arith.constant dense<0.69314718055994{{[0-9]*}}> : tensor<f64>
// CHECK: fisher.belief %{{.*}}, %{{.*}} : !fisher.belief<#fisher.gaussian<log_sigma>, tensor<f64>>
// CHECK: arith.constant dense<1.8545865421311{{[0-9]*}}> : tensor<f64>
// CHECK: fisher.belief %{{.*}}, %{{.*}} : !fisher.belief<#fisher.gaussian<softplus>, tensor<f64>>
// CHECK: arith.constant dense<4.000000e+00> : tensor<f64>
// CHECK: fisher.belief %{{.*}}, %{{.*}} : !fisher.belief<#fisher.gaussian<variance>, tensor<f64>>
// CHECK: arith.constant dense<1.3862943611198{{[0-9]*}}> : tensor<f64>
// CHECK: fisher.belief %{{.*}}, %{{.*}} : !fisher.belief<#fisher.gaussian<log_variance>, tensor<f64>>
// CHECK: arith.constant dense<2.500000e-01> : tensor<f64>
// CHECK: fisher.belief %{{.*}}, %{{.*}} : !fisher.belief<#fisher.gaussian<precision>, tensor<f64>>
func.func @main(
    %m0: tensor<f64> {fisher.name = "m0"}, %s0: tensor<f64> {fisher.name = "s0"},
    %m1: tensor<f64> {fisher.name = "m1"}, %s1: tensor<f64> {fisher.name = "s1"},
    %m2: tensor<f64> {fisher.name = "m2"}, %s2: tensor<f64> {fisher.name = "s2"},
    %m3: tensor<f64> {fisher.name = "m3"}, %s3: tensor<f64> {fisher.name = "s3"},
    %m4: tensor<f64> {fisher.name = "m4"}, %s4: tensor<f64> {fisher.name = "s4"},
    %m5: tensor<f64> {fisher.name = "m5"}, %s5: tensor<f64> {fisher.name = "s5"}, %l: tensor<f64>)
    -> (tensor<f64> {fisher.role = "loss"}) {
  return %l : tensor<f64>
}
fisher.policy @p {
  fisher.regularize "m0", "s0" as #fisher.gaussian<sigma> toward #fisher.prior<[3, 2]> weight 1.0 mode loss_only
  fisher.regularize "m1", "s1" as #fisher.gaussian<log_sigma> toward #fisher.prior<[3, 2]> weight 1.0 mode loss_only
  fisher.regularize "m2", "s2" as #fisher.gaussian<softplus> toward #fisher.prior<[3, 2]> weight 1.0 mode loss_only
  fisher.regularize "m3", "s3" as #fisher.gaussian<variance> toward #fisher.prior<[3, 2]> weight 1.0 mode loss_only
  fisher.regularize "m4", "s4" as #fisher.gaussian<log_variance> toward #fisher.prior<[3, 2]> weight 1.0 mode loss_only
  fisher.regularize "m5", "s5" as #fisher.gaussian<precision> toward #fisher.prior<[3, 2]> weight 1.0 mode loss_only
}
