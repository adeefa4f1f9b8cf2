// Marks, odd names in them and in symbols, locations and attributes of other
// dialects survive every form.

// RUN: fisher-opt %s | FileCheck %s
// RUN: fisher-opt --mlir-print-op-generic %s | fisher-opt | FileCheck %s
// RUN: fisher-opt --emit-bytecode %s | fisher-opt | FileCheck %s
// RUN: fisher-opt --canonicalize --cse %s | FileCheck %s
// RUN: fisher-opt --mlir-print-debuginfo %s | fisher-opt --mlir-print-debuginfo | FileCheck %s --check-prefix=LOC

// CHECK: module @"a module" attributes {test.version = 3 : i32}
module @"a module" attributes {test.version = 3 : i32} {

// CHECK-LABEL: func.func @step(
// CHECK-SAME: %{{.*}}: tensor<4xf32> {fisher.name = "fc.mu", fisher.role = "param", test.sharding = "x"}
// CHECK-SAME: %{{.*}}: tensor<4xf32> {fisher.initialize = "fc.mu", fisher.name = "fc.mu.start", fisher.role = "state"}
// CHECK-SAME: %{{.*}}: tensor<4xf32> {fisher.distribution = "normal", fisher.name = "e", fisher.role = "eps"}
// CHECK-SAME: %{{.*}}: tensor<4xf32> {fisher.distribution = "uniform", fisher.name = "u", fisher.role = "eps"}
// CHECK-SAME: %{{.*}}: tensor<4xf32> {fisher.name = "x", fisher.role = "batch"}
// CHECK-SAME: -> (tensor<4xf32> {fisher.updates = "fc.mu"},
// CHECK-SAME: tensor<4xf32> {fisher.gradient_of = "fc.mu", fisher.role = "grad"},
// CHECK-SAME: tensor<f32> {fisher.name = "loss", fisher.role = "loss"},
// CHECK-SAME: tensor<f32> {fisher.role = "penalty"})
// CHECK-SAME: attributes {fisher.regularized = {{\[\[}}"fc.mu"]], test.note = "kept"}
// LOC: func.func @step(%{{.*}}: tensor<4xf32> {{.*}} loc("mu of \22fc\22"
func.func @step(
    %mu: tensor<4xf32> {fisher.name = "fc.mu", fisher.role = "param", test.sharding = "x"} loc("mu of \"fc\""),
    %start: tensor<4xf32> {fisher.name = "fc.mu.start", fisher.role = "state", fisher.initialize = "fc.mu"},
    %e: tensor<4xf32> {fisher.name = "e", fisher.role = "eps", fisher.distribution = "normal"},
    %u: tensor<4xf32> {fisher.name = "u", fisher.role = "eps", fisher.distribution = "uniform"},
    %x: tensor<4xf32> {fisher.name = "x", fisher.role = "batch"},
    %l: tensor<f32>)
    -> (tensor<4xf32> {fisher.updates = "fc.mu"},
        tensor<4xf32> {fisher.gradient_of = "fc.mu", fisher.role = "grad"},
        tensor<f32> {fisher.role = "loss", fisher.name = "loss"},
        tensor<f32> {fisher.role = "penalty"})
    attributes {fisher.regularized = [["fc.mu"]], test.note = "kept"} {
  return %mu, %x, %l, %l : tensor<4xf32>, tensor<4xf32>, tensor<f32>, tensor<f32>
}

// CHECK-LABEL: func.func @"odd names: (*), \22quoted\22, \\, \C3\BCn\C3\AF"(
// CHECK-SAME: {fisher.name = "(a)*?\\ \22b\22\0A"}
// CHECK-SAME: {fisher.name = "\F0\9F\8E\B2"}
// CHECK-SAME: -> (tensor<f32> {fisher.updates = "(a)*?\\ \22b\22\0A"})
func.func @"odd names: (*), \22quoted\22, \\, ünï"(
    %a: tensor<f32> {fisher.name = "(a)*?\\ \"b\"\n"},
    %b: tensor<f32> {fisher.name = "🎲"})
    -> (tensor<f32> {fisher.updates = "(a)*?\\ \"b\"\n"}) {
  return %a : tensor<f32>
}

// Declarations carry marks, too.
// CHECK: func.func private @declared(tensor<f32> {fisher.name = "x"}) -> (tensor<f32> {fisher.updates = "x"})
func.func private @declared(tensor<f32> {fisher.name = "x"}) -> (tensor<f32> {fisher.updates = "x"})

// A function of another dialect may be a step.
// CHECK: ml_program.func @other(%{{.*}}: tensor<f32> {fisher.name = "x"})
ml_program.func @other(%x: tensor<f32> {fisher.name = "x"}) -> tensor<f32> {
  ml_program.return %x : tensor<f32>
}
}
