// What fisher-insert refuses of beliefs that have a component in common.

// RUN: fisher-opt --fisher-insert --split-input-file --verify-diagnostics %s | FileCheck %s --check-prefix=OUTPUT --allow-empty
// Every part fails, and so is not printed.
// OUTPUT-NOT: {{^[^/]}}

// Each of the two would have to be repeated.
func.func @main(  // expected-note {{counted from the last dimension, one of the two must have size 1 or no dimension wherever they differ}}
    %mu: tensor<4x1xf32> {fisher.name = "mu"},
    %rho: tensor<1x4xf32> {fisher.name = "rho"}) {  // expected-note {{their types are 'tensor<4x1xf32>' and 'tensor<1x4xf32>'}}
  return
}
fisher.policy @p {
  // expected-error@+1 {{the components of a belief must have one shape, or shapes that can be broadcast to it, but 'mu' (mean) and 'rho' (scale) differ}}
  fisher.regularize "mu", "rho" as #fisher.gaussian<softplus> toward #fisher.frozen weight 1.0 mode coupled
}

// -----

// Dimensions are counted from the last.
func.func @main(  // expected-note {{counted from the last dimension}}
    %mu: tensor<4x3xf32> {fisher.name = "mu"},
    %rho: tensor<4xf32> {fisher.name = "rho"}) {  // expected-note {{their types are 'tensor<4x3xf32>' and 'tensor<4xf32>'}}
  return
}
fisher.policy @p {
  // expected-error@+1 {{the components of a belief must have one shape, or shapes that can be broadcast to it}}
  fisher.regularize "mu", "rho" as #fisher.gaussian<softplus> toward #fisher.frozen weight 1.0 mode coupled
}

// -----

// A size known at run time only is not taken for one.
func.func @main(  // expected-note {{counted from the last dimension}}
    %mu: tensor<4xf32> {fisher.name = "mu"},
    %rho: tensor<?xf32> {fisher.name = "rho"}) {  // expected-note {{their types are 'tensor<4xf32>' and 'tensor<?xf32>'}}
  return
}
fisher.policy @p {
  // expected-error@+1 {{the components of a belief must have one shape, or shapes that can be broadcast to it}}
  fisher.regularize "mu", "rho" as #fisher.gaussian<softplus> toward #fisher.frozen weight 1.0 mode coupled
}

// -----

// expected-note@+1 {{use mode coupled or loss_only, or give each element a number of its own}}
func.func @main(%mu: tensor<4xf32> {fisher.name = "mu"}, %rho: tensor<f32> {fisher.name = "rho"})
    -> (tensor<4xf32> {fisher.updates = "mu"}, tensor<f32> {fisher.updates = "rho"}) {
  return %mu, %rho : tensor<4xf32>, tensor<f32>
}
fisher.policy @p {
  // expected-error@+1 {{mode proximal cannot be served: 'rho' is a number that several elements have in common, whose steps would each change it differently}}
  fisher.regularize "mu", "rho" as #fisher.gaussian<sigma> toward #fisher.prior<[0, 1]> weight 1.0 step_size 0.1 mode proximal
}

// -----

// One shape, but several beliefs.
// expected-note@+1 {{use mode coupled or loss_only, or give each element a number of its own}}
func.func @main(%a: tensor<4xf32> {fisher.name = "a.mu"}, %b: tensor<4xf32> {fisher.name = "b.mu"},
                %rho: tensor<4xf32> {fisher.name = "rho"})
    -> (tensor<4xf32> {fisher.gradient_of = "a.mu"}, tensor<4xf32> {fisher.gradient_of = "b.mu"},
        tensor<4xf32> {fisher.gradient_of = "rho"}) {
  return %a, %b, %rho : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}
fisher.policy @p {
  // expected-error@+1 {{mode natural cannot be served: 'rho' is a number that several elements have in common, and the inverse metric is that of each alone}}
  fisher.regularize "(*).mu", "rho" as #fisher.gaussian<sigma> toward #fisher.prior<[0, 1]> weight 1.0 mode natural
}

// -----

// expected-note@+1 {{use a reference that is a prior, frozen, previous or an argument}}
func.func @main(%mu: tensor<4xf32> {fisher.name = "mu"}, %rho: tensor<1xf32> {fisher.name = "rho"}, %l: tensor<f32>)
    -> (tensor<f32> {fisher.role = "loss"}) {
  return %l : tensor<f32>
}
fisher.policy @p {
  // expected-error@+1 {{the reference cannot be kept for 'rho', which several elements have in common: on their geodesics it would become another number for each}}
  fisher.regularize "mu", "rho" as #fisher.gaussian<sigma> toward #fisher.moving_average<0.9> weight 1.0 mode loss_only
}

// -----

// A reference is stored like what it is the reference of.
func.func @main(  // expected-note {{in this function}}
    %mu: tensor<4xf32> {fisher.name = "mu"}, %rho: tensor<f32> {fisher.name = "rho"},
    %ref: tensor<4xf32> {fisher.name = "ref"}) {  // expected-note {{the types are 'tensor<4xf32>' and 'tensor<f32>'}}
  return
}
fisher.policy @p {
  // expected-error@+1 {{the reference 'ref' must have the type of 'rho'}}
  fisher.regularize "mu", "rho" as #fisher.gaussian<sigma> toward #fisher.argument<"ref", "ref"> weight 1.0 mode coupled
}

// -----

// The gradient of a component has its type, not that of the beliefs.
// expected-note@+1 {{in this function}}
func.func @main(%mu: tensor<4xf32> {fisher.name = "mu"}, %rho: tensor<f32> {fisher.name = "rho"})
    -> (tensor<4xf32> {fisher.gradient_of = "mu"}, tensor<4xf32> {fisher.gradient_of = "rho"}) {
  return %mu, %mu : tensor<4xf32>, tensor<4xf32>
}
fisher.policy @p {
  // expected-error@+1 {{mode coupled cannot be served: result 1, the gradient of 'rho', has another type than the parameter}}
  fisher.regularize "mu", "rho" as #fisher.gaussian<sigma> toward #fisher.frozen weight 1.0 mode coupled
}

// -----

// Entries have nothing in common.
// expected-note@+1 {{in this function}}
func.func @main(%a: tensor<4xf32> {fisher.name = "a.mu"}, %b: tensor<4xf32> {fisher.name = "b.mu"},
                %rho: tensor<f32> {fisher.name = "rho"}, %l: tensor<f32>)
    -> (tensor<f32> {fisher.role = "loss"}) {
  return %l : tensor<f32>
}
fisher.policy @p {
  // expected-note@+1 {{it is matched here, too}}
  fisher.regularize "a.mu", "rho" as #fisher.gaussian<sigma> toward #fisher.frozen weight 1.0 mode loss_only
  // expected-error@+1 {{'rho' is matched twice; a parameter can be regularized once}}
  fisher.regularize "(b).mu", "rho" as #fisher.gaussian<sigma> toward #fisher.frozen weight 1.0 mode loss_only
}

// -----

// A mean of one belief and the scale of all.
// expected-note@+1 {{in this function}}
func.func @main(%a: tensor<4xf32> {fisher.name = "a.mu"}, %b: tensor<4xf32> {fisher.name = "b.mu"}, %l: tensor<f32>)
    -> (tensor<f32> {fisher.role = "loss"}) {
  return %l : tensor<f32>
}
fisher.policy @p {
  // expected-note@+2 {{it is matched here, too}}
  // expected-error@+1 {{'b.mu' is matched twice; a parameter can be regularized once}}
  fisher.regularize "(*).mu", "b.mu" as #fisher.gaussian<sigma> toward #fisher.frozen weight 1.0 mode loss_only
}

// -----

// Components of one belief are all parameters or all results.
// expected-note@+1 {{in this function}}
func.func @main(%rho: tensor<f32> {fisher.name = "rho"}, %l: tensor<f32>)
    -> (tensor<f32> {fisher.role = "loss"}, tensor<f32> {fisher.name = "latent.mu"}) {
  return %l, %l : tensor<f32>, tensor<f32>
}
fisher.policy @p {
  // expected-error@+1 {{the components of a belief must all be parameters or all be results, but 'latent.mu' and 'rho' differ}}
  fisher.regularize "(*).mu", "rho" as #fisher.gaussian<sigma> toward #fisher.prior<[0, 1]> weight 1.0 mode loss_only
}
