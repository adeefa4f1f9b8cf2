// RUN: fisher-opt --convert-fisher-to-linalg --split-input-file --verify-diagnostics %s | FileCheck %s --check-prefix=OUTPUT --allow-empty
// Every part fails, and so is not printed.
// OUTPUT-NOT: {{^[^/]}}

!b = !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>>
func.func @too_few_components(%mu: tensor<4xf32>) -> !b {
  // expected-error@+1 {{custom op 'fisher.belief' number of operands and types do not match: got 1 operands and 2 types}}
  %b = fisher.belief %mu : !b
  return %b : !b
}

// -----

!b = !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>>
func.func @too_many_components(%mu: tensor<4xf32>) -> !b {
  // expected-error@+1 {{'components' must be one for each component of 'belief', of the component type}}
  %b = "fisher.belief"(%mu, %mu, %mu) : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> !b
  return %b : !b
}

// -----

!b = !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>>
func.func @no_components() -> !b {
  // expected-error@+1 {{'components' must be one for each component of 'belief', of the component type}}
  %b = "fisher.belief"() : () -> !b
  return %b : !b
}

// -----

!b = !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>>
func.func @components_of_other_types(%mu: tensor<4xf32>, %sigma: tensor<5xf32>) -> !b {
  // expected-error@+1 {{'components' must be one for each component of 'belief', of the component type}}
  %b = "fisher.belief"(%mu, %sigma) : (tensor<4xf32>, tensor<5xf32>) -> !b
  return %b : !b
}

// -----

func.func @belief_is_a_tensor(%mu: tensor<4xf32>) {
  // expected-error@+1 {{'fisher.belief' op result #0 must be beliefs: points on the statistical manifold of a family, but got 'tensor<4xf32>'}}
  %b = "fisher.belief"(%mu, %mu) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

!b = !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>>
func.func @components_are_scalars(%mu: f32) {
  // expected-error@+1 {{'fisher.belief' op operand #0 must be variadic of ranked tensor of any type values, but got 'f32'}}
  %b = "fisher.belief"(%mu, %mu) : (f32, f32) -> !b
  return
}

// -----

func.func @sigma_is_zero(%mu: tensor<4xf32>) -> !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>> {
  // expected-note@+1 {{the constant is here}}
  %zero = arith.constant dense<0.0> : tensor<4xf32>
  // expected-error@+1 {{'fisher.belief' op has a constant outside the domain of component 'scale' of #fisher.gaussian<sigma>: needs sigma > 0}}
  %b = fisher.belief %mu, %zero : !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>>
  return %b : !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>>
}

// -----

func.func @one_variance_is_negative(%mu: tensor<3xf64>) -> !fisher.belief<#fisher.gaussian<variance>, tensor<3xf64>> {
  // expected-note@+1 {{the constant is here}}
  %c = arith.constant dense<[1.0, -1.0e-300, 2.0]> : tensor<3xf64>
  // expected-error@+1 {{outside the domain of component 'scale' of #fisher.gaussian<variance>: needs variance > 0}}
  %b = fisher.belief %mu, %c : !fisher.belief<#fisher.gaussian<variance>, tensor<3xf64>>
  return %b : !fisher.belief<#fisher.gaussian<variance>, tensor<3xf64>>
}

// -----

func.func @precision_is_infinite(%mu: tensor<bf16>) -> !fisher.belief<#fisher.gaussian<precision>, tensor<bf16>> {
  // expected-note@+1 {{the constant is here}}
  %c = arith.constant dense<0x7F80> : tensor<bf16>
  // expected-error@+1 {{outside the domain of component 'scale' of #fisher.gaussian<precision>: needs precision > 0}}
  %b = fisher.belief %mu, %c : !fisher.belief<#fisher.gaussian<precision>, tensor<bf16>>
  return %b : !fisher.belief<#fisher.gaussian<precision>, tensor<bf16>>
}

// -----

func.func @mean_is_no_number(%rho: tensor<2xf32>) -> !fisher.belief<#fisher.gaussian<log_sigma>, tensor<2xf32>> {
  // expected-note@+1 {{the constant is here}}
  %c = arith.constant dense<[0.0, 0x7FC00000]> : tensor<2xf32>
  // expected-error@+1 {{outside the domain of component 'mean' of #fisher.gaussian<log_sigma>: needs a finite number}}
  %b = fisher.belief %c, %rho : !fisher.belief<#fisher.gaussian<log_sigma>, tensor<2xf32>>
  return %b : !fisher.belief<#fisher.gaussian<log_sigma>, tensor<2xf32>>
}

// -----

func.func @components_of_a_tensor(%t: tensor<4xf32>) {
  // expected-error@+1 {{'fisher.components' op needs one belief}}
  %a, %b = fisher.components %t : tensor<4xf32>
  return
}

// -----

func.func @components_of_nothing() {
  // expected-error@+1 {{'fisher.components' op requires a single operand}}
  %a, %b = "fisher.components"() : () -> (tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

func.func @components_of_a_scalar(%t: f32) {
  // expected-error@+1 {{'fisher.components' op operand #0 must be beliefs: points on the statistical manifold of a family, but got 'f32'}}
  %a, %b = "fisher.components"(%t) : (f32) -> (tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

!b = !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>>
func.func @components_have_other_types(%b: !b) {
  // expected-error@+2 {{'fisher.components' op failed to infer returned types}}
  // expected-error@+1 {{'fisher.components' op inferred type(s) 'tensor<4xf32>', 'tensor<4xf32>' are incompatible with return type(s) of operation 'tensor<4xf32>'}}
  %a = "fisher.components"(%b) : (!b) -> tensor<4xf32>
  return
}

// -----

func.func @convert_shape(%b: !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>>) {
  // expected-error@+1 {{'fisher.convert' op cannot change the shape of 'tensor<4xf32>' into that of 'tensor<?xf32>'}}
  %c = fisher.convert %b : !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>> to !fisher.belief<#fisher.gaussian<sigma>, tensor<?xf32>>
  return
}

// -----

!b = !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>>
!c = !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>
func.func @distance_of_two_charts(%b: !b, %c: !c) {
  // expected-error@+1 {{'fisher.squared_distance' op failed to verify that all of {a, b} have same type}}
  %d = "fisher.squared_distance"(%b, %c) : (!b, !c) -> tensor<4xf32>
  return
}

// -----

!b = !fisher.belief<#fisher.gaussian<sigma>, tensor<4xbf16>>
func.func @distance_in_storage_type(%b: !b) {
  // expected-error@+1 {{'distance' must be a tensor of the compute type with one element for each distribution of 'a'}}
  %d = fisher.squared_distance %b, %b : !b -> tensor<4xbf16>
  return
}

// -----

func.func @distance_of_tensors(%t: tensor<4xf32>) {
  // expected-error@+1 {{'fisher.squared_distance' op operand #0 must be beliefs: points on the statistical manifold of a family, but got 'tensor<4xf32>'}}
  %d = "fisher.squared_distance"(%t, %t) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @distance_of_nothing() {
  // expected-error@+1 {{'fisher.squared_distance' op expected 2 operands, but found 0}}
  %d = "fisher.squared_distance"() : () -> tensor<4xf32>
  return
}

// -----

!b = !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>>
func.func @gradient_of_other_count(%b: !b) {
  // expected-error@+1 {{'gradient' must be one for each component of 'a', of the component type}}
  %d, %g = fisher.squared_distance_with_gradient %b, %b : !b -> tensor<4xf32>, tensor<4xf32>
  return
}

// -----

!b = !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>>
func.func @divergence_of_other_shape(%b: !b) {
  // expected-error@+1 {{'divergence' must be a tensor of the compute type with one element for each distribution of 'a'}}
  %k = fisher.kl_divergence %b, %b : !b -> tensor<f32>
  return
}

// -----

!b = !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>>
func.func @negative_weight(%b: !b, %ref: !b) {
  %w = arith.constant -1.0e-3 : f32
  // expected-error@+1 {{'fisher.penalty' op needs a weight that is not negative, got -1.000000e-03}}
  %p = fisher.penalty %b toward %ref weight %w : !b -> tensor<f32>
  return
}

// -----

!b = !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf64>>
func.func @weight_is_no_number(%b: !b, %ref: !b) {
  %w = arith.constant 0x7FF8000000000000 : f64
  // expected-error@+1 {{'fisher.penalty_with_gradient' op needs a weight that is not negative, got nan}}
  %p:3 = fisher.penalty_with_gradient %b toward %ref weight %w : !b -> tensor<f64>, tensor<4xf64>, tensor<4xf64>
  return
}

// -----

!b = !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf16>>
func.func @weight_in_storage_type(%b: !b, %w: f16) {
  // expected-error@+1 {{'weight' must be of the compute type of 'belief'}}
  %p = "fisher.penalty"(%b, %b, %w) : (!b, !b, f16) -> tensor<f32>
  return
}

// -----

!b = !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>>
func.func @weight_is_an_integer(%b: !b, %w: i32) {
  // expected-error@+1 {{'fisher.penalty' op operand #2 must be floating-point, but got 'i32'}}
  %p = "fisher.penalty"(%b, %b, %w) : (!b, !b, i32) -> tensor<f32>
  return
}

// -----

!b = !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>>
func.func @penalty_for_each_element(%b: !b, %w: f32) {
  // expected-error@+1 {{'penalty' must be a tensor of rank zero of the compute type of 'belief'}}
  %p = fisher.penalty %b toward %b weight %w : !b -> tensor<4xf32>
  return
}

// -----

!b = !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>>
func.func @penalty_with_half_a_gradient(%b: !b, %w: f32) {
  // expected-error@+1 {{'gradient' must be one for each component of 'belief', of the component type}}
  %p:2 = fisher.penalty_with_gradient %b toward %b weight %w : !b -> tensor<f32>, tensor<4xf32>
  return
}

// -----

!b = !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf64>>
func.func @fraction_of_other_type(%b: !b, %t: f32) {
  // expected-error@+1 {{'t' must be of the compute type of 'a'}}
  %q = "fisher.geodesic"(%b, %b, %t) : (!b, !b, f32) -> !b
  return
}

// -----

!b = !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf64>>
!c = !fisher.belief<#fisher.gaussian<variance>, tensor<4xf64>>
func.func @geodesic_into_another_chart(%b: !b, %t: f64) {
  // expected-error@+1 {{'fisher.geodesic' op failed to verify that all of {a, b, result} have same type}}
  %q = "fisher.geodesic"(%b, %b, %t) : (!b, !b, f64) -> !c
  return
}

// -----

!b = !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>>
func.func @negative_strength(%b: !b, %ref: !b) {
  %s = arith.constant -2.0 : f32
  // expected-error@+1 {{'fisher.proximal_step' op needs a strength that is not negative, got -2.000000e+00}}
  %q = fisher.proximal_step %b toward %ref strength %s : !b
  return
}

// -----

!b = !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>>
func.func @strength_of_other_type(%b: !b, %s: f64) {
  // expected-error@+1 {{'strength' must be of the compute type of 'belief'}}
  %q = "fisher.proximal_step"(%b, %b, %s) : (!b, !b, f64) -> !b
  return
}

// -----

!b = !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>>
func.func @log_without_results(%b: !b) {
  // expected-error@+1 {{'tangent' must be one for each component of 'a', of the component type}}
  "fisher.log"(%b, %b) : (!b, !b) -> ()
  return
}

// -----

!b = !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>>
func.func @exp_without_tangent(%b: !b) {
  // expected-error@+1 {{'tangent' must be one for each component of 'a', of the component type}}
  %q = "fisher.exp"(%b) : (!b) -> !b
  return
}

// -----

func.func @exp_of_nothing() {
  // expected-error@+1 {{'fisher.exp' op expected 1 or more operands, but found 0}}
  %q = "fisher.exp"() : () -> !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>>
  return
}

// -----

!b = !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>>
func.func @metric_of_half_a_vector(%b: !b, %v: tensor<4xf32>) {
  // expected-error@+1 {{'tangent' must be one for each component of 'at', of the component type}}
  %c:2 = "fisher.metric"(%b, %v) : (!b, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

!b = !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>>
func.func @covector_of_other_type(%b: !b, %v: tensor<4xf32>) {
  // expected-error@+1 {{'covector' must be one for each component of 'at', of the component type}}
  %c:2 = "fisher.metric"(%b, %v, %v) : (!b, tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf64>)
  return
}

// -----

!b = !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>>
func.func @natural_gradient_of_other_type(%b: !b, %g: tensor<4xf64>) {
  // expected-error@+1 {{'gradient' must be one for each component of 'at', of the component type}}
  %c:2 = "fisher.natural_gradient"(%b, %g, %g) : (!b, tensor<4xf64>, tensor<4xf64>) -> (tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

!b = !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>>
func.func @pullback_of_half_a_covector(%b: !b, %t: f32, %c: tensor<4xf32>) {
  // expected-error@+1 {{'covector' must be one for each component of 'a', of the component type}}
  %r:5 = "fisher.geodesic_pullback"(%b, %b, %t, %c) : (!b, !b, f32, tensor<4xf32>)
      -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

!b = !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>>
func.func @pullback_at_another_type(%b: !b, %t: f64, %c: tensor<4xf32>) {
  // expected-error@+1 {{'t' must be of the compute type of 'a'}}
  %r:5 = "fisher.geodesic_pullback"(%b, %b, %t, %c, %c) : (!b, !b, f64, tensor<4xf32>, tensor<4xf32>)
      -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

!b = !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>>
func.func @divergence_gradients_of_other_type(%b: !b) {
  // expected-error@+1 {{'gradient_b' must be one for each component of 'a', of the component type}}
  %r:5 = "fisher.kl_divergence_with_gradients"(%b, %b) : (!b, !b)
      -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf64>)
  return
}

// -----

!b = !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>>
func.func @natural_gradient_pullback_along_half(%b: !b, %c: tensor<4xf32>) {
  // expected-error@+1 {{must be one for each component of 'at', of the component type}}
  %r:4 = "fisher.natural_gradient_pullback"(%b, %c, %c) : (!b, tensor<4xf32>, tensor<4xf32>)
      -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

func.func @not_an_operation() {
  // expected-error@+1 {{custom op 'fisher.distance' is unknown}}
  fisher.distance
  return
}

// -----

func.func @one_probability_is_negative() -> !fisher.belief<#fisher.categorical<probabilities>, tensor<2x2xf32>> {
  // expected-note@+1 {{the constant is here}}
  %c = arith.constant dense<[[0.5, 0.5], [1.5, -0.5]]> : tensor<2x2xf32>
  // expected-error@+1 {{outside the domain of component 'probabilities' of #fisher.categorical<probabilities>: needs probabilities >= 0, not all 0}}
  %b = fisher.belief %c : !fisher.belief<#fisher.categorical<probabilities>, tensor<2x2xf32>>
  return %b : !fisher.belief<#fisher.categorical<probabilities>, tensor<2x2xf32>>
}

// -----

// One of the distributions has no outcome; the elements are in the domain.
func.func @no_outcome_is_possible() -> !fisher.belief<#fisher.categorical<probabilities>, tensor<2x2xf32>> {
  // expected-note@+1 {{the constant is here}}
  %c = arith.constant dense<[[0.0, 0.5], [0.0, 0.0]]> : tensor<2x2xf32>
  // expected-error@+1 {{needs probabilities >= 0, not all 0}}
  %b = fisher.belief %c : !fisher.belief<#fisher.categorical<probabilities>, tensor<2x2xf32>>
  return %b : !fisher.belief<#fisher.categorical<probabilities>, tensor<2x2xf32>>
}

// -----

func.func @every_logit_is_minus_infinity() -> !fisher.belief<#fisher.categorical<logits>, tensor<3xf64>> {
  // expected-note@+1 {{the constant is here}}
  %c = arith.constant dense<0xFFF0000000000000> : tensor<3xf64>
  // expected-error@+1 {{needs finite numbers, or minus infinity for some outcomes}}
  %b = fisher.belief %c : !fisher.belief<#fisher.categorical<logits>, tensor<3xf64>>
  return %b : !fisher.belief<#fisher.categorical<logits>, tensor<3xf64>>
}

// -----

func.func @indefinite() -> !fisher.belief<#fisher.centered_gaussian<covariance>, tensor<2x2xf64>> {
  // expected-note@+1 {{the constant is here}}
  %c = arith.constant dense<1.0> : tensor<2x2xf64>
  // expected-error@+1 {{outside the domain of component 'covariance' of #fisher.centered_gaussian<covariance>: needs a symmetric positive definite matrix}}
  %b = fisher.belief %c : !fisher.belief<#fisher.centered_gaussian<covariance>, tensor<2x2xf64>>
  return %b : !fisher.belief<#fisher.centered_gaussian<covariance>, tensor<2x2xf64>>
}

// -----

func.func @not_symmetric() -> !fisher.belief<#fisher.centered_gaussian<covariance>, tensor<2x2xf64>> {
  // expected-note@+1 {{the constant is here}}
  %c = arith.constant dense<[[1.0, 0.5], [0.25, 1.0]]> : tensor<2x2xf64>
  // expected-error@+1 {{needs a symmetric positive definite matrix}}
  %b = fisher.belief %c : !fisher.belief<#fisher.centered_gaussian<covariance>, tensor<2x2xf64>>
  return %b : !fisher.belief<#fisher.centered_gaussian<covariance>, tensor<2x2xf64>>
}

// -----

func.func @factor_with_negative_diagonal() -> !fisher.belief<#fisher.centered_gaussian<cholesky>, tensor<2x2xf64>> {
  // expected-note@+1 {{the constant is here}}
  %c = arith.constant dense<[[1.0, 0.0], [0.25, -1.0]]> : tensor<2x2xf64>
  // expected-error@+1 {{outside the domain of component 'cholesky' of #fisher.centered_gaussian<cholesky>: needs a lower triangle with a positive diagonal}}
  %b = fisher.belief %c : !fisher.belief<#fisher.centered_gaussian<cholesky>, tensor<2x2xf64>>
  return %b : !fisher.belief<#fisher.centered_gaussian<cholesky>, tensor<2x2xf64>>
}
