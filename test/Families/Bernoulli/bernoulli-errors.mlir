// RUN: fisher-opt --convert-fisher-to-linalg %s -split-input-file -verify-diagnostics | FileCheck %s --check-prefix=OUTPUT --allow-empty
// Every part fails, and so is not printed.
// OUTPUT-NOT: {{^[^/]}}

func.func @outside() {
  // expected-note @below {{the constant is here}}
  %c = arith.constant dense<[0.5, 1.5]> : tensor<2xf32>
  // expected-error @below {{outside the domain of component 'probability' of #fisher.bernoulli<probability>: needs 0 <= probability <= 1}}
  %b = fisher.belief %c : !fisher.belief<#fisher.bernoulli<probability>, tensor<2xf32>>
  return
}

// -----

fisher.policy @no_such_prior {
  // expected-error @below {{a Bernoulli probability of 1.000000e+00 has no finite logit; store the probability}}
  fisher.regularize "a" as #fisher.bernoulli<logit> toward #fisher.prior<[1.0]> weight 1.0e-3 mode coupled
}

// -----

fisher.policy @two_globs {
  // expected-error @below {{needs one glob for each component of family 'bernoulli'}}
  fisher.regularize "a", "b" as #fisher.bernoulli<logit> toward #fisher.frozen weight 1.0e-3 mode coupled
}

// -----

// expected-error @below {{expected one of [logit, probability] for}}
// expected-error @below {{failed to parse Fisher_BernoulliAttr parameter 'chart'}}
// expected-error @below {{failed to parse Fisher_BeliefType parameter 'family'}}
func.func private @chart() -> !fisher.belief<#fisher.bernoulli<sigma>, tensor<2xf32>>

// -----

func.func @other_family(%b: !fisher.belief<#fisher.bernoulli<logit>, tensor<2xf32>>) {
  // expected-error @below {{cannot turn family 'bernoulli' into 'gaussian'}}
  %c = fisher.convert %b : !fisher.belief<#fisher.bernoulli<logit>, tensor<2xf32>> to !fisher.belief<#fisher.gaussian<sigma>, tensor<2xf32>>
  return
}
