// RUN: fisher-opt --convert-fisher-to-linalg --allow-unregistered-dialect --split-input-file --verify-diagnostics %s

!b = !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>>
func.func @unknown_operation(%b: !b) -> !b {
  // expected-error@+1 {{failed to legalize operation 'test.op'}}
  %c = "test.op"(%b) : (!b) -> !b
  return %c : !b
}

// -----

!b = !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>>
func.func @unknown_result() -> tensor<4xf32> {
  // expected-error@+1 {{failed to legalize operation 'test.op'}}
  %c = "test.op"() : () -> !b
  %d = fisher.kl_divergence %c, %c : !b -> tensor<4xf32>
  return %d : tensor<4xf32>
}

// -----

!b = !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>>
func.func @unknown_region(%b: !b) {
  "test.op"() ({
  ^bb0(%x: !b):
    // expected-error@+1 {{failed to legalize unresolved materialization}}
    %c:2 = fisher.components %x : !b
    // expected-note@+1 {{see existing live user here}}
    "test.yield"(%c#0) : (tensor<4xf32>) -> ()
  }) : () -> ()
  return
}

// -----

!b = !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>>
func.func @tensor_of_beliefs(%t: tensor<2x!b>, %i: index) -> !b {
  // expected-error@+1 {{failed to legalize operation 'tensor.extract'}}
  %b = tensor.extract %t[%i] : tensor<2x!b>
  return %b : !b
}

// -----

// expected-warning@+1 {{is dropped without effect; run fisher-insert before}}
fisher.policy @forgotten {
  fisher.regularize "a", "b" as #fisher.gaussian<sigma> toward #fisher.frozen weight 1.0 mode coupled
}

// -----

module @inner {
  // expected-warning@+1 {{is dropped without effect; run fisher-insert before}}
  fisher.policy @forgotten {}
}
