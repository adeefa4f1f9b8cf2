// A step in place: with the regularizer that a policy inserts, the pipeline makes
// no buffer and copies none.

// RUN: fisher-opt %s --fisher-insert --fisher-cpu-pipeline --mlir-print-ir-after=convert-bufferization-to-memref \
// RUN:   -o /dev/null 2>&1 | FileCheck %s --implicit-check-not=memref.copy --implicit-check-not=memref.alloc
// RUN: fisher-opt %s --fisher-insert --fisher-cpu-pipeline=donate=false --mlir-print-ir-after=convert-bufferization-to-memref \
// RUN:   -o /dev/null 2>&1 | FileCheck %s --check-prefix=COPIES

// SGD with momentum, and a step toward the prior after it.

// CHECK-LABEL: func.func @sgd(
// CHECK: return{{$}}
// COPIES-LABEL: func.func @sgd(
// COPIES: memref.alloc
// COPIES: return %{{.*}} : memref<64x32xf32>
func.func @sgd(%mu: tensor<64x32xf32> {fisher.name = "fc.mu", fisher.role = "param"},
               %rho: tensor<64x32xf32> {fisher.name = "fc.rho", fisher.role = "param"},
               %v: tensor<64x32xf32> {fisher.name = "v", fisher.role = "state"},
               %g: tensor<64x32xf32>, %h: tensor<64x32xf32>)
    -> (tensor<64x32xf32> {fisher.updates = "fc.mu"}, tensor<64x32xf32> {fisher.updates = "fc.rho"},
        tensor<64x32xf32> {fisher.updates = "v"}) {
  %momentum = arith.constant dense<0.9> : tensor<64x32xf32>
  %rate = arith.constant dense<0.1> : tensor<64x32xf32>
  %0 = arith.mulf %momentum, %v : tensor<64x32xf32>
  %velocity = arith.addf %0, %g : tensor<64x32xf32>
  %1 = arith.mulf %rate, %velocity : tensor<64x32xf32>
  %newMu = arith.subf %mu, %1 : tensor<64x32xf32>
  %2 = arith.mulf %rate, %h : tensor<64x32xf32>
  %newRho = arith.subf %rho, %2 : tensor<64x32xf32>
  return %newMu, %newRho, %velocity : tensor<64x32xf32>, tensor<64x32xf32>, tensor<64x32xf32>
}

fisher.policy @default {
  fisher.regularize "(*).mu", "(*).rho" as #fisher.gaussian<softplus>
      toward #fisher.prior<[0.0, 1.0]> weight 1.0e-3 step_size 0.1 mode proximal
}
