// What fisher-insert refuses of components that no parameter holds.

// RUN: fisher-opt --fisher-insert --split-input-file --verify-diagnostics %s | FileCheck %s --check-prefix=OUTPUT --allow-empty
// Every part fails, and so is not printed.
// OUTPUT-NOT: {{^[^/]}}

// expected-note@+1 {{give the argument that holds it fisher.name = "adam.v.fc"}}
func.func @main(%w: tensor<4xf32> {fisher.name = "fc", fisher.role = "param"}, %l: tensor<f32>)
    -> (tensor<f32> {fisher.role = "loss"}) {
  return %l : tensor<f32>
}
fisher.policy @p {
  // expected-error@+1 {{the scale 'adam.v.fc' of 'fc' is no argument of the step}}
  fisher.regularize "(*)" as #fisher.gaussian_mean<sigma> from adam("adam.v.{0}") count 10 toward #fisher.frozen weight 1.0 mode loss_only
}

// -----

// expected-note@+1 {{in this function}}
func.func @main(%w: tensor<4xf32> {fisher.name = "fc", fisher.role = "param"}, %l: tensor<f32>)
    -> (tensor<f32> {fisher.role = "loss"}) {
  return %l : tensor<f32>
}
fisher.policy @p {
  // expected-error@+1 {{the scale 'adam.v.{0}' asks for more text than the globs capture (0)}}
  fisher.regularize "fc" as #fisher.gaussian_mean<sigma> from adam("adam.v.{0}") count 10 toward #fisher.frozen weight 1.0 mode loss_only
}

// -----

// expected-note@+1 {{in this function}}
func.func @main(%w: tensor<4xf32> {fisher.name = "fc", fisher.role = "param"},
                // expected-note@+1 {{the types are 'tensor<1xf32>' and 'tensor<4xf32>'}}
                %v: tensor<1xf32> {fisher.name = "v", fisher.role = "state"}, %l: tensor<f32>)
    -> (tensor<f32> {fisher.role = "loss"}) {
  return %l : tensor<f32>
}
fisher.policy @p {
  // expected-error@+1 {{'v', which the scale of 'fc' is made from, must be a float tensor of the same shape}}
  fisher.regularize "fc" as #fisher.gaussian_mean<sigma> from adam("v") count 10 toward #fisher.frozen weight 1.0 mode loss_only
}

// -----

// expected-note@+1 {{in this function}}
func.func @main(%w: tensor<4xf32> {fisher.name = "fc", fisher.role = "param"},
                // expected-note@+1 {{the types are 'tensor<4xi32>' and 'tensor<4xf32>'}}
                %v: tensor<4xi32> {fisher.name = "v", fisher.role = "state"}, %l: tensor<f32>)
    -> (tensor<f32> {fisher.role = "loss"}) {
  return %l : tensor<f32>
}
fisher.policy @p {
  // expected-error@+1 {{must be a float tensor of the same shape}}
  fisher.regularize "fc" as #fisher.gaussian_mean<sigma> from adam("v") count 10 toward #fisher.frozen weight 1.0 mode loss_only
}

// -----

// expected-note@+1 {{in this function}}
func.func @main(%w: tensor<4xf32> {fisher.name = "fc", fisher.role = "param"},
                // expected-note@+1 {{the types are 'tensor<f32>' and 'tensor<4xf32>'}}
                %v: tensor<f32> {fisher.name = "u"}, %l: tensor<f32>)
    -> (tensor<f32> {fisher.role = "loss"}) {
  return %l : tensor<f32>
}
fisher.policy @p {
  // expected-error@+1 {{'u', which the scale of 'fc' is made from, must be a float tensor of the same shape}}
  fisher.regularize "fc" as #fisher.gaussian_mean<sigma> from adam("v") count 10 toward #fisher.argument<"fc", "u"> weight 1.0 mode loss_only
}

// -----

// expected-note@+1 {{give that argument another name}}
func.func @main(%w: tensor<4xf32> {fisher.name = "fc", fisher.role = "param"},
                %v: tensor<4xf32> {fisher.name = "v"}, %u: tensor<4xf32> {fisher.name = "v.frozen"}, %l: tensor<f32>)
    -> (tensor<f32> {fisher.role = "loss"}) {
  return %l : tensor<f32>
}
fisher.policy @p {
  // expected-error@+1 {{the reference of 'v' needs a new argument 'v.frozen', but the step has one already}}
  fisher.regularize "fc" as #fisher.gaussian_mean<sigma> from adam("v") count 10 toward #fisher.frozen weight 1.0 mode loss_only
}

// -----

// expected-note@+1 {{in this function}}
func.func @main(%w: tensor<4xf16> {fisher.name = "fc", fisher.role = "param"}, %l: tensor<f32>)
    -> (tensor<f32> {fisher.role = "loss"}) {
  return %l : tensor<f32>
}
fisher.policy @p {
  // expected-error@+1 {{the fixed sigma 1.000000e-09 is 0.000000e+00 in 'f16'; needs sigma > 0}}
  fisher.regularize "fc" as #fisher.gaussian_mean<sigma> fixed sigma 1.0e-9 toward #fisher.frozen weight 1.0 mode loss_only
}

// -----

// expected-note@+1 {{use mode coupled or loss_only and another reference, or a family that keeps it, such as #fisher.gaussian_mean<sigma>}}
func.func @main(%w: tensor<4xf32> {fisher.name = "fc", fisher.role = "param"}, %l: tensor<f32>)
    -> (tensor<f32> {fisher.role = "loss"}, tensor<4xf32> {fisher.updates = "fc"}) {
  return %l, %w : tensor<f32>, tensor<4xf32>
}
fisher.policy @p {
  // expected-error@+1 {{mode proximal cannot be served: the scale of 'fc' is made, and geodesics of family 'gaussian' change it}}
  fisher.regularize "fc" as #fisher.gaussian<sigma> fixed sigma 0.1 toward #fisher.frozen weight 1.0 step_size 0.1 mode proximal
}

// -----

// expected-note@+1 {{use mode coupled or loss_only and another reference}}
func.func @main(%w: tensor<4xf32> {fisher.name = "fc", fisher.role = "param"}, %l: tensor<f32>)
    -> (tensor<f32> {fisher.role = "loss"}) {
  return %l : tensor<f32>
}
fisher.policy @p {
  // expected-error@+1 {{a moving average cannot be served: the scale of 'fc' is made}}
  fisher.regularize "fc" as #fisher.gaussian<sigma> fixed sigma 0.1 toward #fisher.moving_average<0.9> weight 1.0 mode loss_only
}
