// Beliefs with event dimensions: priors are given for one distribution, and
// are the same for all.

// RUN: fisher-opt --fisher-insert --split-input-file --verify-diagnostics %s | FileCheck %s

// One number is for all outcomes alike.
// CHECK-LABEL: func.func @uniform(
// CHECK-DAG: %[[P:.*]] = arith.constant dense<2.500000e-01> : tensor<8x4xf32>
// CHECK-DAG: fisher.belief %[[P]] : !fisher.belief<#fisher.categorical<probabilities>, tensor<8x4xf32>>
// CHECK: fisher.penalty
fisher.policy @default {
  // expected-remark@+1 {{regularized 'p' as #fisher.categorical<probabilities>, 8 distributions, toward}}
  fisher.regularize "p" as #fisher.categorical<probabilities>
      toward #fisher.prior<[0.25]> weight 1.0 mode loss_only
}
func.func @uniform(%p: tensor<8x4xf32> {fisher.name = "p", fisher.role = "param"},
                   %loss: tensor<f32>) -> (tensor<f32> {fisher.role = "loss"}) {
  return %loss : tensor<f32>
}

// -----

// CHECK-LABEL: func.func @each_outcome(
// CHECK-DAG: %[[ONE:.*]] = arith.constant dense<[{{.*}}, {{.*}}]> : tensor<2xf64>
// CHECK: %[[EMPTY:.*]] = tensor.empty(%{{.*}}) : tensor<?x2xf64>
// CHECK: %[[ALL:.*]] = linalg.broadcast ins(%[[ONE]] : tensor<2xf64>) outs(%[[EMPTY]] : tensor<?x2xf64>) dimensions = [0]
// CHECK: fisher.belief %[[ALL]] : !fisher.belief<#fisher.categorical<logits>, tensor<?x2xf64>>
fisher.policy @default {
  // expected-remark@+1 {{regularized 'l' as #fisher.categorical<logits>, distributions of 'tensor<?x2xf64>', toward}}
  fisher.regularize "l" as #fisher.categorical<logits>
      toward #fisher.prior<[0.25, 0.75]> weight 1.0 mode loss_only
}
func.func @each_outcome(%l: tensor<?x2xf64> {fisher.name = "l", fisher.role = "param"},
                        %loss: tensor<f64>) -> (tensor<f64> {fisher.role = "loss"}) {
  return %loss : tensor<f64>
}

// -----

// CHECK-LABEL: func.func @covariance(
// CHECK: arith.constant dense<{{\[\[}}2.000000e+00, 0.000000e+00], [0.000000e+00, 2.000000e+00]]> : tensor<2x2xf32>
fisher.policy @default {
  // expected-remark@+1 {{1 distribution, toward}}
  fisher.regularize "s" as #fisher.centered_gaussian<covariance>
      toward #fisher.prior<[2.0]> weight 1.0 mode loss_only
}
func.func @covariance(%s: tensor<2x2xf32> {fisher.name = "s", fisher.role = "param"},
                      %loss: tensor<f32>) -> (tensor<f32> {fisher.role = "loss"}) {
  return %loss : tensor<f32>
}

// -----

fisher.policy @default {
  // expected-error@+1 {{a categorical prior needs one number for all outcomes alike, or one for each of the 4 outcomes; got 3}}
  fisher.regularize "p" as #fisher.categorical<probabilities> toward #fisher.prior<[0.2, 0.3, 0.5]> weight 1.0 mode loss_only
}
// expected-note@+1 {{in this function}}
func.func @wrong_number(%p: tensor<8x4xf32> {fisher.name = "p", fisher.role = "param"},
                        %loss: tensor<f32>) -> (tensor<f32> {fisher.role = "loss"}) {
  return %loss : tensor<f32>
}

// -----

fisher.policy @default {
  // expected-error@+1 {{or one for each of the outcomes, whose number must then be known in the type; got 2}}
  fisher.regularize "p" as #fisher.categorical<probabilities> toward #fisher.prior<[0.5, 0.5]> weight 1.0 mode loss_only
}
// expected-note@+1 {{in this function}}
func.func @unknown_number(%p: tensor<8x?xf32> {fisher.name = "p", fisher.role = "param"},
                          %loss: tensor<f32>) -> (tensor<f32> {fisher.role = "loss"}) {
  return %loss : tensor<f32>
}

// -----

fisher.policy @default {
  // expected-error@+1 {{a categorical prior's probabilities must not be negative, and not all be 0}}
  fisher.regularize "p" as #fisher.categorical<probabilities> toward #fisher.prior<[1.5, -0.5]> weight 1.0 mode loss_only
}
// expected-note@+1 {{in this function}}
func.func @negative(%p: tensor<2xf32> {fisher.name = "p", fisher.role = "param"},
                    %loss: tensor<f32>) -> (tensor<f32> {fisher.role = "loss"}) {
  return %loss : tensor<f32>
}

// -----

fisher.policy @default {
  // expected-error@+1 {{a centered Gaussian prior needs one number, the variance of every axis, or the 4 elements of the covariance row by row; got 2}}
  fisher.regularize "s" as #fisher.centered_gaussian<covariance> toward #fisher.prior<[1.0, 1.0]> weight 1.0 mode loss_only
}
// expected-note@+1 {{in this function}}
func.func @not_a_matrix(%s: tensor<2x2xf32> {fisher.name = "s", fisher.role = "param"},
                        %loss: tensor<f32>) -> (tensor<f32> {fisher.role = "loss"}) {
  return %loss : tensor<f32>
}

// -----

fisher.policy @default {
  // expected-error@+1 {{a centered Gaussian prior's covariance must be symmetric and positive definite}}
  fisher.regularize "s" as #fisher.centered_gaussian<cholesky> toward #fisher.prior<[1.0, 2.0, 2.0, 1.0]> weight 1.0 mode loss_only
}
// expected-note@+1 {{in this function}}
func.func @indefinite(%s: tensor<2x2xf32> {fisher.name = "s", fisher.role = "param"},
                      %loss: tensor<f32>) -> (tensor<f32> {fisher.role = "loss"}) {
  return %loss : tensor<f32>
}
