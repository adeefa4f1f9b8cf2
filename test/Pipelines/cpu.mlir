// fisher-cpu-pipeline leaves nothing but the LLVM dialect, whatever the element
// types and shapes.

// DEFINE: %{others} = '{{(!fisher|[^.a-z_](fisher|func|linalg|arith|math|tensor|memref|scf|cf|affine|vector|bufferization|ub|complex)\.[a-z_]+|unrealized)}}'
// RUN: fisher-opt --fisher-insert --fisher-cpu-pipeline %s 2>/dev/null | FileCheck %s --implicit-check-not=%{others}
// RUN: fisher-opt --fisher-insert --fisher-cpu-pipeline=fuse=false %s 2>/dev/null | FileCheck %s --implicit-check-not=%{others}
// RUN: fisher-opt --pass-pipeline="builtin.module(fisher-insert,fisher-cpu-pipeline)" %s 2>/dev/null | FileCheck %s --implicit-check-not=%{others}
// RUN: fisher-opt --fisher-insert --fisher-cpu-pipeline %s 2>/dev/null | mlir-translate --mlir-to-llvmir | FileCheck %s --check-prefix=LLVM

// Each pass is visible with MLIR's own options.
// RUN: fisher-opt --fisher-insert --fisher-cpu-pipeline --mlir-print-ir-after-all --mlir-disable-threading %s 2>&1 >/dev/null \
// RUN:   | FileCheck %s --check-prefix=PRINT
// PRINT: IR Dump After FisherInsert
// PRINT: IR Dump After ConvertFisherToLinalg
// PRINT: IR Dump After FisherLegalizeFloats
// PRINT: IR Dump After FisherStripMarks

// CHECK-LABEL: llvm.func @main(
// CHECK: llvm.return
// LLVM: define {{.*}} @main(
func.func @main(
    %amu: tensor<4x8xf32> {fisher.name = "a.mu", fisher.role = "param", bufferization.writable = false},
    %arho: tensor<4x8xf32> {fisher.name = "a.rho", fisher.role = "param"},
    %bmu: tensor<?xbf16> {fisher.name = "b.mu", fisher.role = "param"},
    %brho: tensor<?xbf16> {fisher.name = "b.rho", fisher.role = "param"},
    %cmu: tensor<f64> {fisher.name = "c.mu", fisher.role = "param"},
    %crho: tensor<f64> {fisher.name = "c.rho", fisher.role = "param"},
    %dmu: tensor<3xf16> {fisher.name = "d.mu", fisher.role = "param"},
    %drho: tensor<3xf16> {fisher.name = "d.rho", fisher.role = "param"},
    %x: tensor<4x8xf32> {fisher.name = "x", fisher.role = "batch"},
    %beta: tensor<f32> {fisher.name = "beta", fisher.role = "batch"})
    -> (tensor<f32> {fisher.role = "loss"},
        tensor<4x8xf32> {fisher.gradient_of = "a.mu"}, tensor<4x8xf32> {fisher.gradient_of = "a.rho"},
        tensor<?xbf16> {fisher.updates = "b.mu"}, tensor<?xbf16> {fisher.updates = "b.rho"},
        tensor<f64> {fisher.gradient_of = "c.mu"}, tensor<f64> {fisher.gradient_of = "c.rho"}) {
  %e = math.exp %x : tensor<4x8xf32>
  %l = math.log1p %e : tensor<4x8xf32>
  %zero = arith.constant dense<0.0> : tensor<f32>
  %loss = linalg.reduce ins(%l : tensor<4x8xf32>) outs(%zero : tensor<f32>) dimensions = [0, 1]
    (%a: f32, %b: f32) {
      %s = arith.addf %a, %b : f32
      linalg.yield %s : f32
    }
  %g = arith.mulf %amu, %l : tensor<4x8xf32>
  return %loss, %g, %arho, %bmu, %brho, %cmu, %crho
      : tensor<f32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<?xbf16>, tensor<?xbf16>, tensor<f64>, tensor<f64>
}

fisher.policy @default {
  fisher.regularize "a.mu", "a.rho" as #fisher.gaussian<softplus>
      toward #fisher.moving_average<0.99> weight "beta" mode coupled
  fisher.regularize "b.mu", "b.rho" as #fisher.gaussian<log_variance>
      toward #fisher.previous weight 0.5 step_size 0.1 mode proximal
  fisher.regularize "c.mu", "c.rho" as #fisher.gaussian<precision>
      toward #fisher.prior<[0, 1]> weight 0.5 mode natural
  fisher.regularize "d.mu", "d.rho" as #fisher.gaussian<sigma>
      toward #fisher.frozen weight 0.5 mode loss_only
}
