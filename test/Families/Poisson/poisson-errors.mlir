// RUN: fisher-opt --convert-fisher-to-linalg %s -split-input-file -verify-diagnostics | FileCheck %s --check-prefix=OUTPUT --allow-empty
// Every part fails, and so is not printed.
// OUTPUT-NOT: {{^[^/]}}

func.func @outside() {
  // expected-note @below {{the constant is here}}
  %c = arith.constant dense<[0.5, -1.0]> : tensor<2xf32>
  // expected-error @below {{outside the domain of component 'rate' of #fisher.poisson<rate>: needs rate > 0}}
  %b = fisher.belief %c : !fisher.belief<#fisher.poisson<rate>, tensor<2xf32>>
  return
}

// -----

fisher.policy @no_such_prior {
  // expected-error @below {{a Poisson rate must be positive, got 0.000000e+00}}
  fisher.regularize "a" as #fisher.poisson<log_rate> toward #fisher.prior<[0.0]> weight 1.0e-3 mode coupled
}

// -----

fisher.policy @two_globs {
  // expected-error @below {{needs one glob for each component of family 'poisson'}}
  fisher.regularize "a", "b" as #fisher.poisson<log_rate> toward #fisher.frozen weight 1.0e-3 mode coupled
}

// -----

// expected-error @below {{expected one of [log_rate, rate] for}}
// expected-error @below {{failed to parse Fisher_PoissonAttr parameter 'chart'}}
// expected-error @below {{failed to parse Fisher_BeliefType parameter 'family'}}
func.func private @chart() -> !fisher.belief<#fisher.poisson<sigma>, tensor<2xf32>>

// -----

func.func @other_family(%b: !fisher.belief<#fisher.poisson<log_rate>, tensor<2xf32>>) {
  // expected-error @below {{cannot turn family 'poisson' into 'gaussian'}}
  %c = fisher.convert %b : !fisher.belief<#fisher.poisson<log_rate>, tensor<2xf32>> to !fisher.belief<#fisher.gaussian<sigma>, tensor<2xf32>>
  return
}
