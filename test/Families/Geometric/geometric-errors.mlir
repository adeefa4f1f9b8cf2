// RUN: fisher-opt --convert-fisher-to-linalg --load-dialect-plugin=%fisher_build/lib/GeometricPlugin%shlibext %s -split-input-file -verify-diagnostics | FileCheck %s --check-prefix=OUTPUT --allow-empty
// Every part fails, and so is not printed.
// OUTPUT-NOT: {{^[^/]}}

func.func @constant_outside_the_domain() -> !fisher.belief<#testfam.geometric<probability>, tensor<2xf32>> {
  // expected-note@+1 {{the constant is here}}
  %p = arith.constant dense<[0.5, 1.0]> : tensor<2xf32>
  // expected-error@+1 {{has a constant outside the domain of component 'probability' of #testfam.geometric<probability>: needs 0 < probability < 1}}
  %b = fisher.belief %p : !fisher.belief<#testfam.geometric<probability>, tensor<2xf32>>
  return %b : !fisher.belief<#testfam.geometric<probability>, tensor<2xf32>>
}

// -----

fisher.policy @prior_outside_the_domain {
  // expected-error@+1 {{a geometric distribution's probability must be between 0 and 1, got 1.5}}
  fisher.regularize "w" as #testfam.geometric<logit> toward #fisher.prior<[1.5]> weight 1.0 mode coupled
}

// -----

fisher.policy @two_globs_for_one_component {
  // expected-error@+1 {{needs one glob for each component of family 'geometric' (probability)}}
  fisher.regularize "w", "v" as #testfam.geometric<logit> toward #fisher.frozen weight 1.0 mode coupled
}

// -----

// expected-error@+2 {{expected 'probability' or 'logit'}}
// expected-error@+1 {{failed to parse Fisher_BeliefType parameter 'family'}}
func.func private @chart() -> !fisher.belief<#testfam.geometric<odds>, tensor<2xf32>>
