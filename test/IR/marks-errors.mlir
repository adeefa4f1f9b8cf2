// RUN: fisher-opt --split-input-file --verify-diagnostics %s | FileCheck %s --check-prefix=OUTPUT --allow-empty
// Every part fails, and so is not printed.
// OUTPUT-NOT: {{^[^/]}}

// expected-error@+1 {{'func.func' op expects 'fisher.name' to be a text that is not empty, got 3 : i64}}
func.func private @name_is_number(tensor<f32> {fisher.name = 3})

// -----

// expected-error@+1 {{'func.func' op expects 'fisher.name' to be a text that is not empty, got ""}}
func.func private @name_is_empty(tensor<f32> {fisher.name = ""})

// -----

// expected-error@+1 {{'func.func' op expects 'fisher.role' to be a text that is not empty, got unit}}
func.func private @result_without_text() -> (tensor<f32> {fisher.role})

// -----

// expected-error@+1 {{'func.func' op has two arguments with fisher.name = "w"; names must be unique}}
func.func private @same_name(tensor<f32> {fisher.name = "w"}, tensor<f32> {fisher.name = "w"})

// -----

// expected-error@+1 {{'func.func' op expects 'fisher.role' to be one of 'param', 'state', 'batch', 'eps', got 'loss'}}
func.func private @role_of_result_on_argument(tensor<f32> {fisher.role = "loss"})

// -----

// expected-error@+1 {{'func.func' op expects 'fisher.role' to be one of 'loss', 'grad', 'penalty', 'measurements', 'trace', got 'param'}}
func.func private @role_of_argument_on_result() -> (tensor<f32> {fisher.role = "param"})

// -----

// expected-error@+1 {{'func.func' op expects 'fisher.distribution' to be one of 'normal', 'uniform', got 'cauchy'}}
func.func private @unknown_distribution(tensor<f32> {fisher.distribution = "cauchy"})

// -----

// expected-error@+1 {{'func.func' op has no argument with fisher.name = "w", which 'fisher.initialize' refers to}}
func.func private @initialized_from_nothing(tensor<f32> {fisher.initialize = "w"})

// -----

// expected-error@+1 {{'func.func' op has no argument with fisher.name = "w", which 'fisher.updates' refers to}}
func.func private @updates_nothing(tensor<f32> {fisher.name = "v"}) -> (tensor<f32> {fisher.updates = "w"})

// -----

// expected-error@+1 {{'func.func' op has no argument with fisher.name = "w", which 'fisher.gradient_of' refers to}}
func.func private @gradient_of_nothing() -> (tensor<f32> {fisher.gradient_of = "w"})

// -----

// expected-error@+1 {{'func.func' op has an unknown mark 'fisher.updates' on an argument; known are 'fisher.name', 'fisher.role', 'fisher.initialize', 'fisher.distribution'}}
func.func private @unknown_on_argument(tensor<f32> {fisher.updates = "w"})

// -----

// expected-error@+1 {{'func.func' op has an unknown mark 'fisher.gradient' on a result; known are 'fisher.name', 'fisher.role', 'fisher.updates', 'fisher.gradient_of', 'fisher.beliefs', 'fisher.columns', 'fisher.trace_of', 'fisher.family'}}
func.func private @unknown_on_result() -> (tensor<f32> {fisher.gradient = "w"})

// -----

// expected-error@+1 {{'func.func' op has an attribute 'fisher.role' that the dialect does not know; marks belong on a function's arguments and results}}
func.func private @mark_on_function() attributes {fisher.role = "param"}

// -----

// expected-error@+1 {{'func.func' op expects 'fisher.regularized' to be a list of beliefs, each the list of its components' names, got [[1]]}}
func.func private @numbers() attributes {fisher.regularized = [[1]]}

// -----

// expected-error@+1 {{'func.func' op expects 'fisher.regularized' to be a list of beliefs, each the list of its components' names, got ["mu"]}}
func.func private @no_list() attributes {fisher.regularized = ["mu"]}

// -----

// expected-error@+1 {{'builtin.module' op has an attribute 'fisher.name' that the dialect does not know}}
module attributes {fisher.name = "m"} {}

// -----

func.func @no_work(%n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // expected-error@+1 {{'scf.for' op expects 'fisher.work' to be a positive i64, got 0 : i64}}
  scf.for %i = %c0 to %n step %c1 {
  } {fisher.work = 0 : i64}
  return
}

// -----

// expected-error@+1 {{'func.func' op has an attribute 'fisher.work' that the dialect does not know}}
func.func private @work_on_function() attributes {fisher.work = 1 : i64}

// -----

func.func @mark_on_operation() {
  // expected-error@+1 {{'arith.constant' op has an attribute 'fisher.name' that the dialect does not know}}
  %0 = arith.constant {fisher.name = "c"} 1.0 : f32
  return
}

// -----

// expected-error@+1 {{'func.func' op has two results with fisher.role = "loss"; only one can be meant}}
func.func private @two_losses() -> (tensor<f32> {fisher.role = "loss"}, tensor<f32> {fisher.role = "loss"})

// -----

// expected-error@+1 {{'func.func' op has two results with fisher.updates = "w"; only one can be meant}}
func.func private @two_updates(tensor<f32> {fisher.name = "w"}) -> (tensor<f32> {fisher.updates = "w"}, tensor<f32> {fisher.updates = "w"})

// -----

// expected-error@+1 {{'func.func' op has two results with fisher.gradient_of = "w"; only one can be meant}}
func.func private @two_gradients(tensor<f32> {fisher.name = "w"}) -> (tensor<f32> {fisher.gradient_of = "w"}, tensor<f32> {fisher.gradient_of = "w"})

// -----

// expected-error@+1 {{'func.func' op expects 'fisher.columns' to be a list of texts, got "moved"}}
func.func private @columns_are_one_text() -> (tensor<1x1xf64> {fisher.columns = "moved"})

// -----

// expected-error@+1 {{'func.func' op has 1 texts in 'fisher.beliefs', which is for a matrix with 2 rows, got 'tensor<1x1xf64>'}}
func.func private @no_row_for_all() -> (tensor<1x1xf64> {fisher.beliefs = ["w"]})

// -----

// expected-error@+1 {{'func.func' op has 2 texts in 'fisher.columns', which is for a matrix with 2 columns, got 'tensor<2xf64>'}}
func.func private @columns_of_a_row() -> (tensor<2xf64> {fisher.columns = ["a", "b"]})

// -----

// expected-error@+1 {{'func.func' op expects 'fisher.family' to be a family of distributions, got "gaussian"}}
func.func private @family_is_a_text() -> (tensor<1x3xf64> {fisher.family = "gaussian"})

// -----

// expected-error@+1 {{'func.func' op expects 'fisher.trace_of' to be a text}}
func.func private @trace_of_a_list() -> (tensor<1x3xf64> {fisher.trace_of = ["w.mu", "w.rho"]})
