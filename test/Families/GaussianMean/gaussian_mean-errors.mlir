// RUN: fisher-opt --convert-fisher-to-linalg %s -split-input-file -verify-diagnostics | FileCheck %s --check-prefix=OUTPUT --allow-empty
// Every part fails, and so is not printed.
// OUTPUT-NOT: {{^[^/]}}

func.func @outside(%m: tensor<2xf32>) {
  // expected-note @below {{the constant is here}}
  %c = arith.constant dense<[0.5, 0.0]> : tensor<2xf32>
  // expected-error @below {{outside the domain of component 'scale' of #fisher.gaussian_mean<precision>: needs precision > 0}}
  %b = fisher.belief %m, %c : !fisher.belief<#fisher.gaussian_mean<precision>, tensor<2xf32>>
  return
}

// -----

fisher.policy @no_such_prior {
  // expected-error @below {{a Gaussian's standard deviation must be positive, got 0.000000e+00}}
  fisher.regularize "a", "b" as #fisher.gaussian_mean<sigma> toward #fisher.prior<[0.0, 0.0]> weight 1.0e-3 mode coupled
}

// -----

func.func @other_family(%b: !fisher.belief<#fisher.gaussian_mean<sigma>, tensor<2xf32>>) {
  // expected-error @below {{cannot turn family 'gaussian_mean' into 'gaussian'}}
  %c = fisher.convert %b : !fisher.belief<#fisher.gaussian_mean<sigma>, tensor<2xf32>> to !fisher.belief<#fisher.gaussian<sigma>, tensor<2xf32>>
  return
}
