// RUN: fisher-opt %s --fisher-insert -split-input-file -verify-diagnostics | FileCheck %s --check-prefix=OUTPUT --allow-empty
// Every part fails, and so is not printed.
// OUTPUT-NOT: {{^[^/]}}

// Results have no gradients or updates.
fisher.policy @coupled {
  // expected-error @below {{'latent.mu' matches no parameter of the step}}
  fisher.regularize "latent.mu", "latent.rho" as #fisher.gaussian<softplus>
      toward #fisher.prior<[0.0, 1.0]> weight 0.5 mode coupled
}
// expected-note @below {{the step's parameters are 'w'}}
func.func @main(%w: tensor<8xf32> {fisher.name = "w", fisher.role = "param"})
    -> (tensor<8xf32> {fisher.name = "latent.mu"}, tensor<8xf32> {fisher.name = "latent.rho"}) {
  return %w, %w : tensor<8xf32>, tensor<8xf32>
}

// -----

// Nor a value before the first step.
fisher.policy @frozen {
  // expected-error @below {{the reference of 'latent.mu' cannot be kept as state}}
  fisher.regularize "latent.mu", "latent.rho" as #fisher.gaussian<softplus>
      toward #fisher.frozen weight 0.5 mode loss_only
}
// expected-note @below {{in this function}}
func.func @main(%w: tensor<8xf32> {fisher.name = "w", fisher.role = "param"}, %loss: tensor<f32>)
    -> (tensor<f32> {fisher.role = "loss"}, tensor<8xf32> {fisher.name = "latent.mu"},
        tensor<8xf32> {fisher.name = "latent.rho"}) {
  return %loss, %w, %w : tensor<f32>, tensor<8xf32>, tensor<8xf32>
}

// -----

fisher.policy @mixed {
  // expected-error @below {{must all be parameters or all be results, but 'mu' and 'rho' differ}}
  fisher.regularize "mu", "rho" as #fisher.gaussian<softplus>
      toward #fisher.prior<[0.0, 1.0]> weight 0.5 mode loss_only
}
// expected-note @below {{in this function}}
func.func @main(%w: tensor<8xf32> {fisher.name = "mu", fisher.role = "param"}, %loss: tensor<f32>)
    -> (tensor<f32> {fisher.role = "loss"}, tensor<8xf32> {fisher.name = "rho"}) {
  return %loss, %w : tensor<f32>, tensor<8xf32>
}

// -----

fisher.policy @twins {
  // expected-error @below {{'latent.mu' matches both 'latent.mu' and 'latent.mu'}}
  fisher.regularize "latent.mu", "latent.rho" as #fisher.gaussian<softplus>
      toward #fisher.prior<[0.0, 1.0]> weight 0.5 mode loss_only
}
// expected-note @below {{in this function}}
func.func @main(%w: tensor<8xf32> {fisher.name = "w", fisher.role = "param"}, %loss: tensor<f32>)
    -> (tensor<f32> {fisher.role = "loss"}, tensor<8xf32> {fisher.name = "latent.mu"},
        tensor<8xf32> {fisher.name = "latent.mu"}, tensor<8xf32> {fisher.name = "latent.rho"}) {
  return %loss, %w, %w, %w : tensor<f32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>
}
