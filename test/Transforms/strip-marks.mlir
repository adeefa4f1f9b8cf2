// RUN: fisher-opt --fisher-strip-marks --allow-unregistered-dialect %s | FileCheck %s
// RUN: fisher-opt --pass-pipeline="builtin.module(func.func(fisher-strip-marks))" --allow-unregistered-dialect %s | FileCheck %s --check-prefix=NESTED

// Marks go, attributes of others stay.
// CHECK-LABEL: func.func @main(
// CHECK-SAME: %{{[^:]*}}: tensor<4xf32> {test.sharding = "x"}, %{{[^:]*}}: tensor<f32>)
// CHECK-SAME: -> (tensor<4xf32> {test.sharding = "y"}, tensor<f32>)
// CHECK-SAME: attributes {test.note = "kept"}
// NESTED-LABEL: func.func @main(
// NESTED-NOT: fisher.
// NESTED: return
func.func @main(%mu: tensor<4xf32> {fisher.name = "mu", fisher.role = "param", test.sharding = "x"},
                %l: tensor<f32> {fisher.name = "l"})
    -> (tensor<4xf32> {fisher.updates = "mu", test.sharding = "y"}, tensor<f32> {fisher.role = "loss"})
    attributes {fisher.findings = [], fisher.regularized = [["mu"]], test.note = "kept"} {
  return %mu, %l : tensor<4xf32>, tensor<f32>
}

// CHECK-LABEL: func.func private @declared(tensor<f32>)
func.func private @declared(tensor<f32> {fisher.name = "x"})

// CHECK-LABEL: func.func private @without_marks(tensor<f32>) -> tensor<f32>
func.func private @without_marks(tensor<f32>) -> tensor<f32>

// CHECK-LABEL: llvm.func @of_llvm(
// CHECK-SAME: %{{[^:]*}}: !llvm.ptr {llvm.noalias})
llvm.func @of_llvm(%x: !llvm.ptr {fisher.name = "x", llvm.noalias}) {
  llvm.return
}

// Functions of inner modules, too.
// CHECK: module @inner
// CHECK: func.func private @inside(tensor<f32>)
module @inner {
  func.func private @inside(tensor<f32> {fisher.name = "x"})
}
// CHECK-NOT: fisher.
