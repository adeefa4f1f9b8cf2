// RUN: fisher-opt %s --fisher-assign-destinations --split-input-file --verify-diagnostics | FileCheck %s --check-prefix=OUTPUT --allow-empty
// Every part fails, and so is not printed.
// OUTPUT-NOT: {{^[^/]}}

// expected-error@+1 {{result 0 with fisher.updates = "a" has type 'tensor<2xf32>', but the argument has type 'tensor<4xf32>'}}
func.func @other_type(%a: tensor<4xf32> {fisher.name = "a"}, %b: tensor<2xf32>)
    -> (tensor<2xf32> {fisher.updates = "a"}) {
  return %b : tensor<2xf32>
}
