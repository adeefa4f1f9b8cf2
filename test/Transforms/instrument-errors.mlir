// What cannot be measured.

// RUN: fisher-opt --fisher-instrument --split-input-file --verify-diagnostics %s | FileCheck %s --check-prefix=OUTPUT --allow-empty
// Every part fails, and so is not printed.
// OUTPUT-NOT: {{^[^/]}}

// expected-error@+1 {{'main' has an argument 'fisher.totals', so it is measured already; leave out fisher-instrument}}
func.func @main(%p: tensor<f32> {fisher.name = "p"}, %t: tensor<2x4xf64> {fisher.name = "fisher.totals"}) {
  return
}
fisher.policy @p {
  fisher.regularize "p" as #fisher.bernoulli<logit> toward #fisher.prior<[0.5]> weight 1.0 mode coupled
}

// -----

// expected-note@+1 {{insert the policy first, by fisher-insert}}
func.func @main(%p: tensor<f32> {fisher.name = "p"}) {
  return
}
fisher.policy @p {
  // expected-error@+1 {{the reference of 'p' cannot be measured: no argument of the step keeps it}}
  fisher.regularize "p" as #fisher.bernoulli<logit> toward #fisher.moving_average<0.9> weight 1.0 mode coupled
}

// -----

// expected-note@+1 {{insert the policy first, by fisher-insert}}
func.func @main(%p: tensor<f32> {fisher.name = "p"}) {
  return
}
fisher.policy @p {
  // expected-error@+1 {{the reference of 'p' cannot be measured: no argument of the step keeps it}}
  fisher.regularize "p" as #fisher.bernoulli<logit> toward #fisher.previous weight 1.0 mode coupled
}

// -----

// What its spread was made of is not known any more.
// expected-note@+1 {{insert the policy first, by fisher-insert}}
func.func @main(%p: tensor<4xf32> {fisher.name = "p"}, %v: tensor<4xf32> {fisher.name = "v"}) {
  return
}
fisher.policy @p {
  // expected-error@+1 {{the reference of 'p' cannot be measured: no argument of the step keeps it}}
  fisher.regularize "p" as #fisher.gaussian_mean<sigma> from adam("v") count 10
      toward #fisher.frozen weight 1.0 mode coupled
}

// -----

// expected-note@+1 {{the step's parameters are 'p'}}
func.func @main(%p: tensor<f32> {fisher.name = "p"}) {
  return
}
fisher.policy @p {
  // expected-error@+1 {{'q' matches no parameter of the step}}
  fisher.regularize "q" as #fisher.bernoulli<logit> toward #fisher.prior<[0.5]> weight 1.0 mode coupled
}

// -----

// expected-note@+1 {{in this function}}
func.func @main(%p: tensor<4xf32> {fisher.name = "p"}, %q: tensor<f32>) -> (tensor<f32> {fisher.updates = "p"}) {
  return %q : tensor<f32>
}
fisher.policy @p {
  // expected-error@+1 {{result 0, the update of 'p', has another type than the parameter}}
  fisher.regularize "p" as #fisher.bernoulli<logit> toward #fisher.prior<[0.5]> weight 1.0 mode coupled
}

// -----

// expected-error@-2 {{the module has no policy; write a 'fisher.policy' into the module, or name a file that has one with the option policy-file}}
func.func @main() {
  return
}

// -----

// expected-error@+1 {{needs new arguments or results, but its callers would not give them}}
func.func @main(%p: tensor<4xf32> {fisher.name = "p"}) -> (tensor<4xf32> {fisher.updates = "p"}) {
  return %p : tensor<4xf32>
}
func.func @caller(%p: tensor<4xf32>) -> tensor<4xf32> {
  // expected-note@+1 {{it is used here}}
  %q = call @main(%p) : (tensor<4xf32>) -> tensor<4xf32>
  return %q : tensor<4xf32>
}
fisher.policy @p {
  fisher.regularize "p" as #fisher.bernoulli<logit> toward #fisher.prior<[0.5]> weight 1.0 mode coupled
}
