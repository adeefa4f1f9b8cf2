// RUN: fisher-opt --convert-fisher-to-linalg %s -split-input-file -verify-diagnostics | FileCheck %s --check-prefix=OUTPUT --allow-empty
// Every part fails, and so is not printed.
// OUTPUT-NOT: {{^[^/]}}

func.func @outside(%m: tensor<2xf32>) {
  // expected-note @below {{the constant is here}}
  %c = arith.constant dense<[0.0, -0.5]> : tensor<2xf32>
  // expected-error @below {{outside the domain of component 'concentration' of #fisher.von_mises<kappa>: needs kappa >= 0}}
  %b = fisher.belief %m, %c : !fisher.belief<#fisher.von_mises<kappa>, tensor<2xf32>>
  return
}

// -----

func.func @no_angle(%k: tensor<2xf32>) {
  // expected-note @below {{the constant is here}}
  %c = arith.constant dense<0x7F800000> : tensor<2xf32>
  // expected-error @below {{outside the domain of component 'direction' of #fisher.von_mises<kappa>: needs a finite number}}
  %b = fisher.belief %c, %k : !fisher.belief<#fisher.von_mises<kappa>, tensor<2xf32>>
  return
}

// -----

fisher.policy @no_such_prior {
  // expected-error @below {{a von Mises concentration must be finite and not negative, got -1.000000e+00}}
  fisher.regularize "a", "k" as #fisher.von_mises<kappa> toward #fisher.prior<[0.0, -1.0]> weight 1.0e-3 mode coupled
}

// -----

fisher.policy @uniform_prior {
  // expected-error @below {{a von Mises concentration of 0 has no finite log_kappa; store kappa}}
  fisher.regularize "a", "k" as #fisher.von_mises<log_kappa> toward #fisher.prior<[0.0, 0.0]> weight 1.0e-3 mode coupled
}

// -----

// expected-error @below {{expected one of [kappa, log_kappa, softplus] for}}
// expected-error @below {{failed to parse Fisher_VonMisesAttr parameter 'chart'}}
// expected-error @below {{failed to parse Fisher_BeliefType parameter 'family'}}
func.func private @chart() -> !fisher.belief<#fisher.von_mises<sigma>, tensor<2xf32>>
