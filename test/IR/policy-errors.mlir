// RUN: fisher-opt --split-input-file --verify-diagnostics %s | FileCheck %s --check-prefix=OUTPUT --allow-empty
// Every part fails, and so is not printed.
// OUTPUT-NOT: {{^[^/]}}

fisher.policy @unknown_mode {
  // expected-error@+1 {{expected a mode ('coupled', 'loss_only', 'proximal' or 'natural'), got 'decoupled'}}
  fisher.regularize "a", "b" as #fisher.gaussian<sigma> toward #fisher.frozen weight 1.0 mode decoupled
}

// -----

fisher.policy @unknown_chart {
  // expected-error@+2 {{expected one of [sigma, log_sigma, softplus, variance, log_variance, precision] for how a Gaussian's scale is stored, got: std}}
  // expected-error@+1 {{failed to parse Fisher_GaussianAttr parameter 'chart'}}
  fisher.regularize "a", "b" as #fisher.gaussian<std> toward #fisher.frozen weight 1.0 mode coupled
}

// -----

fisher.policy @unknown_reference {
  // expected-error@+1 {{unknown attribute `last` in dialect `fisher`; it has }}
  fisher.regularize "a", "b" as #fisher.gaussian<sigma> toward #fisher.last weight 1.0 mode coupled
}

// -----

fisher.policy @family_is_a_reference {
  // expected-error@+1 {{'fisher.regularize' op expects a family after 'as', such as #fisher.gaussian<softplus>, got #fisher.frozen}}
  fisher.regularize "a", "b" as #fisher.frozen toward #fisher.frozen weight 1.0 mode coupled
}

// -----

fisher.policy @reference_is_a_family {
  // expected-error@+1 {{'fisher.regularize' op expects a reference after 'toward', such as #fisher.frozen, got #fisher.gaussian<sigma>}}
  fisher.regularize "a", "b" as #fisher.gaussian<sigma> toward #fisher.gaussian<sigma> weight 1.0 mode coupled
}

// -----

fisher.policy @too_few_globs {
  // expected-error@+1 {{'fisher.regularize' op needs one glob for each component of family 'gaussian' (mean, scale), got 1}}
  fisher.regularize "(*).mu" as #fisher.gaussian<sigma> toward #fisher.frozen weight 1.0 mode coupled
}

// -----

fisher.policy @too_many_globs {
  // expected-error@+1 {{'fisher.regularize' op needs one glob for each component of family 'gaussian' (mean, scale), got 3}}
  fisher.regularize "a", "b", "c" as #fisher.gaussian<sigma> toward #fisher.frozen weight 1.0 mode coupled
}

// -----

fisher.policy @no_globs {
  // expected-error@+1 {{'fisher.regularize' op needs one glob for each component of family 'gaussian' (mean, scale), got 0}}
  "fisher.regularize"() {names = [], family = #fisher.gaussian<sigma>, reference = #fisher.frozen, weight = 1.0 : f64, mode = #fisher<mode coupled>} : () -> ()
}

// -----

fisher.policy @empty_glob {
  // expected-error@+1 {{'fisher.regularize' op a glob must not be empty}}
  fisher.regularize "a", "" as #fisher.gaussian<sigma> toward #fisher.frozen weight 1.0 mode coupled
}

// -----

fisher.policy @group_is_not_closed {
  // expected-error@+1 {{'fisher.regularize' op glob '(*.mu' opens a parenthesis that it does not close; write '\(' for the character}}
  fisher.regularize "(*.mu", "b" as #fisher.gaussian<sigma> toward #fisher.frozen weight 1.0 mode coupled
}

// -----

fisher.policy @group_is_not_opened {
  // expected-error@+1 {{'fisher.regularize' op glob '*).mu' closes a parenthesis that it has not opened; write '\)' for the character}}
  fisher.regularize "*).mu", "b" as #fisher.gaussian<sigma> toward #fisher.frozen weight 1.0 mode coupled
}

// -----

fisher.policy @ends_in_a_backslash {
  // expected-error@+1 {{'fisher.regularize' op glob '*.mu\' ends in a backslash; write '\\' for the character}}
  fisher.regularize "*.mu\\", "b" as #fisher.gaussian<sigma> toward #fisher.frozen weight 1.0 mode coupled
}

// -----

fisher.policy @negative_weight {
  // expected-error@+1 {{'fisher.regularize' op needs a weight that is finite and not negative, got -1.000000e-03}}
  fisher.regularize "a", "b" as #fisher.gaussian<sigma> toward #fisher.frozen weight -1.0e-3 mode coupled
}

// -----

fisher.policy @infinite_weight {
  // expected-error@+1 {{'fisher.regularize' op needs a weight that is finite and not negative, got INF}}
  fisher.regularize "a", "b" as #fisher.gaussian<sigma> toward #fisher.frozen weight 0x7FF0000000000000 mode coupled
}

// -----

fisher.policy @weight_is_no_number {
  // expected-error@+1 {{'fisher.regularize' op needs a weight that is finite and not negative, got nan}}
  fisher.regularize "a", "b" as #fisher.gaussian<sigma> toward #fisher.frozen weight 0x7FF8000000000000 mode coupled
}

// -----

fisher.policy @weight_is_an_integer {
  // expected-error@+2 {{unexpected decimal integer literal for a floating point value}}
  // expected-note@+1 {{add a trailing dot to make the literal a float}}
  fisher.regularize "a", "b" as #fisher.gaussian<sigma> toward #fisher.frozen weight 1 mode coupled
}

// -----

fisher.policy @weight_without_name {
  // expected-error@+1 {{'fisher.regularize' op has an empty name as weight}}
  fisher.regularize "a", "b" as #fisher.gaussian<sigma> toward #fisher.frozen weight "" mode coupled
}

// -----

fisher.policy @negative_step_size {
  // expected-error@+1 {{'fisher.regularize' op needs a step_size that is finite and not negative, got -1.000000e-01}}
  fisher.regularize "a", "b" as #fisher.gaussian<sigma> toward #fisher.frozen weight 1.0 step_size -0.1 mode proximal
}

// -----

fisher.policy @step_size_without_name {
  // expected-error@+1 {{'fisher.regularize' op has an empty name as step_size}}
  fisher.regularize "a", "b" as #fisher.gaussian<sigma> toward #fisher.frozen weight 1.0 step_size "" mode proximal
}

// -----

fisher.policy @prior_of_text {
  // expected-error@+1 {{a prior's coordinates must be numbers, got "one"}}
  fisher.regularize "a", "b" as #fisher.gaussian<sigma> toward #fisher.prior<[0.0, "one"]> weight 1.0 mode coupled
}

// -----

fisher.policy @prior_of_truth {
  // expected-error@+1 {{a prior's coordinates must be numbers, got true}}
  fisher.regularize "a", "b" as #fisher.gaussian<sigma> toward #fisher.prior<[0.0, true]> weight 1.0 mode coupled
}

// -----

fisher.policy @prior_of_one_number {
  // expected-error@+1 {{'fisher.regularize' op a prior of family 'gaussian' needs 2 numbers (mean, standard deviation), got 1}}
  fisher.regularize "a", "b" as #fisher.gaussian<sigma> toward #fisher.prior<[0.0]> weight 1.0 mode coupled
}

// -----

fisher.policy @prior_of_nothing {
  // expected-error@+1 {{'fisher.regularize' op a prior of family 'gaussian' needs 2 numbers (mean, standard deviation), got 0}}
  fisher.regularize "a", "b" as #fisher.gaussian<sigma> toward #fisher.prior<[]> weight 1.0 mode coupled
}

// -----

// A prior is in standard coordinates in every chart.
fisher.policy @prior_of_zero_sigma {
  // expected-error@+1 {{'fisher.regularize' op a Gaussian's standard deviation must be positive, got 0.000000e+00}}
  fisher.regularize "a", "b" as #fisher.gaussian<log_sigma> toward #fisher.prior<[0.0, 0.0]> weight 1.0 mode coupled
}

// -----

fisher.policy @prior_of_negative_sigma {
  // expected-error@+1 {{'fisher.regularize' op a Gaussian's standard deviation must be positive, got -1.000000e+00}}
  fisher.regularize "a", "b" as #fisher.gaussian<precision> toward #fisher.prior<[0, -1]> weight 1.0 mode coupled
}

// -----

fisher.policy @prior_of_infinite_mean {
  // expected-error@+1 {{'fisher.regularize' op a Gaussian's mean must be finite, got -INF}}
  fisher.regularize "a", "b" as #fisher.gaussian<sigma> toward #fisher.prior<[0xFFF0000000000000 : f64, 1.0]> weight 1.0 mode coupled
}

// -----

fisher.policy @decay_is_one {
  // expected-error@+1 {{a moving average's decay must be in [0, 1), got 1.000000e+00}}
  fisher.regularize "a", "b" as #fisher.gaussian<sigma> toward #fisher.moving_average<1.0> weight 1.0 mode coupled
}

// -----

fisher.policy @decay_is_negative {
  // expected-error@+1 {{a moving average's decay must be in [0, 1), got -1.000000e-01}}
  fisher.regularize "a", "b" as #fisher.gaussian<sigma> toward #fisher.moving_average<-0.1> weight 1.0 mode coupled
}

// -----

fisher.policy @one_argument_for_two_components {
  // expected-error@+1 {{'fisher.regularize' op a reference in arguments needs one name for each of the 2 components of family 'gaussian', got 1}}
  fisher.regularize "a", "b" as #fisher.gaussian<sigma> toward #fisher.argument<"ref"> weight 1.0 mode coupled
}

// -----

fisher.policy @argument_without_name {
  // expected-error@+1 {{an argument's name must not be empty}}
  fisher.regularize "a", "b" as #fisher.gaussian<sigma> toward #fisher.argument<"a", ""> weight 1.0 mode coupled
}

// -----

fisher.policy @other_operation {
  // expected-error@+1 {{'arith.constant' op is not an entry of a policy; only 'fisher.regularize' is}}
  %w = arith.constant 1.0 : f32
}

// -----

// expected-error@+1 {{'fisher.regularize' op expects parent op 'fisher.policy'}}
fisher.regularize "a", "b" as #fisher.gaussian<sigma> toward #fisher.frozen weight 1.0 mode coupled

// -----

fisher.policy @policy_in_policy {
  // expected-error@+1 {{'fisher.policy' op symbol's parent must have the SymbolTable trait}}
  fisher.policy @inner {}
}

// -----

// expected-note@+1 {{see existing symbol definition here}}
fisher.policy @twice {}
// expected-error@+1 {{redefinition of symbol named 'twice'}}
fisher.policy @twice {}

// -----

// expected-error@+1 {{'fisher.policy' op region #0 ('body') failed to verify constraint: region with 1 blocks}}
"fisher.policy"() ({}) {sym_name = "a"} : () -> ()

// -----

// expected-error@+1 {{'fisher.policy' op region should have no arguments}}
"fisher.policy"() ({^bb0(%a: f32):}) {sym_name = "a"} : () -> ()

// -----

// expected-error@+1 {{'fisher.policy' op requires attribute 'sym_name'}}
"fisher.policy"() ({^bb0:}) : () -> ()

// -----

fisher.policy @no_properties {
  // expected-error@+1 {{'fisher.regularize' op requires attribute 'family'}}
  "fisher.regularize"() : () -> ()
}

// -----

fisher.policy @weight_of_other_type {
  // expected-error@+1 {{'fisher.regularize' op attribute 'weight' failed to satisfy constraint: a number, or the name of an argument}}
  "fisher.regularize"() {names = ["a", "b"], family = #fisher.gaussian<sigma>, reference = #fisher.frozen, weight = 1.0 : f32, mode = #fisher<mode coupled>} : () -> ()
}

// -----

fisher.policy @glob_is_a_number {
  // expected-error@+1 {{'fisher.regularize' op attribute 'names' failed to satisfy constraint: string array attribute}}
  "fisher.regularize"() {names = ["a", 1], family = #fisher.gaussian<sigma>, reference = #fisher.frozen, weight = 1.0 : f64, mode = #fisher<mode coupled>} : () -> ()
}

// -----

fisher.policy @no_count {
  // expected-error@+1 {{expected 'count'}}
  fisher.regularize "a" as #fisher.gaussian_mean<sigma> from adam("v") toward #fisher.frozen weight 1.0 mode coupled
}

// -----

fisher.policy @count_of_nothing {
  // expected-error@+1 {{'fisher.regularize' op needs a count of examples that is positive, got 0}}
  fisher.regularize "a" as #fisher.gaussian_mean<sigma> from adam("v") count 0 toward #fisher.frozen weight 1.0 mode coupled
}

// -----

fisher.policy @negative_epsilon {
  // expected-error@+1 {{'fisher.regularize' op needs an epsilon that is finite and not negative, got -1.000000e+00}}
  fisher.regularize "a" as #fisher.gaussian_mean<sigma> from adam("v") count 10 epsilon -1.0 toward #fisher.frozen weight 1.0 mode coupled
}

// -----

fisher.policy @moment_without_a_name {
  // expected-error@+1 {{'fisher.regularize' op needs a name of Adam's second moment that is not empty}}
  fisher.regularize "a" as #fisher.gaussian_mean<sigma> from adam("") count 10 toward #fisher.frozen weight 1.0 mode coupled
}

// -----

fisher.policy @no_spread {
  // expected-error@+1 {{'fisher.regularize' op fixes sigma at 0.000000e+00; needs sigma > 0}}
  fisher.regularize "a" as #fisher.gaussian_mean<sigma> fixed sigma 0.0 toward #fisher.frozen weight 1.0 mode coupled
}

// -----

fisher.policy @endless_spread {
  // expected-error@+1 {{'fisher.regularize' op fixes sigma at INF; needs sigma > 0}}
  fisher.regularize "a" as #fisher.gaussian_mean<sigma> fixed sigma 1.0e400 toward #fisher.frozen weight 1.0 mode coupled
}

// -----

fisher.policy @another_coordinate {
  // expected-error@+1 {{'fisher.regularize' op fixes a 'kappa', but the last component of family 'gaussian_mean' is a 'sigma'}}
  fisher.regularize "a" as #fisher.gaussian_mean<sigma> fixed kappa 1.0 toward #fisher.frozen weight 1.0 mode coupled
}

// -----

fisher.policy @no_sigma {
  // expected-error@+1 {{'fisher.regularize' op makes a sigma of Adam's second moment, but the last component of family 'von_mises' is a kappa}}
  fisher.regularize "a" as #fisher.von_mises<kappa> from adam("v") count 10 toward #fisher.frozen weight 1.0 mode coupled
}

// -----

fisher.policy @one_component {
  // expected-error@+1 {{'fisher.regularize' op cannot make a component of family 'exponential'; 'from' and 'fixed' are for families such as #fisher.gaussian_mean<sigma>}}
  fisher.regularize "a" as #fisher.exponential<rate> fixed rate 1.0 toward #fisher.frozen weight 1.0 mode coupled
}

// -----

fisher.policy @chart_of_what_is_made {
  // expected-error@+1 {{'fisher.regularize' op makes the scale itself, which is stored in the chart 'sigma'; write #fisher.gaussian<sigma> after 'as', got #fisher.gaussian<softplus>}}
  fisher.regularize "a" as #fisher.gaussian<softplus> fixed sigma 0.1 toward #fisher.frozen weight 1.0 mode coupled
}

// -----

fisher.policy @glob_of_what_is_made {
  // expected-error@+1 {{'fisher.regularize' op needs one glob for each component of family 'gaussian' that is not made (mean), got 2}}
  fisher.regularize "a", "b" as #fisher.gaussian<sigma> fixed sigma 0.1 toward #fisher.frozen weight 1.0 mode coupled
}

// -----

fisher.policy @prior_of_what_is_made {
  // expected-error@+1 {{'fisher.regularize' op a prior of family 'gaussian' needs 1 number (mean), got 2; the standard deviation is made}}
  fisher.regularize "a" as #fisher.gaussian<sigma> fixed sigma 0.1 toward #fisher.prior<[0.0, 1.0]> weight 1.0 mode coupled
}

// -----

fisher.policy @not_a_source {
  // expected-error@+1 {{'fisher.regularize' op expects after 'from' what makes a component, such as adam("adam.v.{0}") count 60000, got #fisher.frozen}}
  fisher.regularize "a" as #fisher.gaussian<sigma> from #fisher.frozen toward #fisher.frozen weight 1.0 mode coupled
}

// -----

fisher.policy @names_of_the_reference {
  // expected-error@+1 {{'fisher.regularize' op a reference in arguments needs one name for each of the 1 component of family 'gaussian', got 2}}
  fisher.regularize "a" as #fisher.gaussian<sigma> fixed sigma 0.1 toward #fisher.argument<"b", "c"> weight 1.0 mode coupled
}
