// RUN: fisher-opt --convert-fisher-to-linalg %s -split-input-file -verify-diagnostics | FileCheck %s --check-prefix=OUTPUT --allow-empty
// Every part fails, and so is not printed.
// OUTPUT-NOT: {{^[^/]}}

func.func @outside() {
  // expected-note @below {{the constant is here}}
  %c = arith.constant dense<[0.5, 0.0]> : tensor<2xf32>
  // expected-error @below {{outside the domain of component 'rate' of #fisher.exponential<rate>: needs rate > 0}}
  %b = fisher.belief %c : !fisher.belief<#fisher.exponential<rate>, tensor<2xf32>>
  return
}

// -----

fisher.policy @no_such_prior {
  // expected-error @below {{an exponential rate must be positive, got -1.000000e+00}}
  fisher.regularize "a" as #fisher.exponential<log_rate> toward #fisher.prior<[-1.0]> weight 1.0e-3 mode coupled
}

// -----

fisher.policy @two_globs {
  // expected-error @below {{needs one glob for each component of family 'exponential'}}
  fisher.regularize "a", "b" as #fisher.exponential<log_rate> toward #fisher.frozen weight 1.0e-3 mode coupled
}

// -----

// expected-error @below {{expected one of [log_rate, rate] for}}
// expected-error @below {{failed to parse Fisher_ExponentialAttr parameter 'chart'}}
// expected-error @below {{failed to parse Fisher_BeliefType parameter 'family'}}
func.func private @chart() -> !fisher.belief<#fisher.exponential<sigma>, tensor<2xf32>>

// -----

func.func @other_family(%b: !fisher.belief<#fisher.exponential<log_rate>, tensor<2xf32>>) {
  // expected-error @below {{cannot turn family 'exponential' into 'gaussian'}}
  %c = fisher.convert %b : !fisher.belief<#fisher.exponential<log_rate>, tensor<2xf32>> to !fisher.belief<#fisher.gaussian<sigma>, tensor<2xf32>>
  return
}
