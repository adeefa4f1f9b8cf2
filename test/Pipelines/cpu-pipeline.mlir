// RUN: fisher-opt %s --fisher-cpu-pipeline | FileCheck %s
// RUN: fisher-opt %s --pass-pipeline="builtin.module(fisher-cpu-pipeline{fuse=true vector-bits=512})" | FileCheck %s --check-prefixes=CHECK,FUSED
// RUN: fisher-opt %s --pass-pipeline="builtin.module(fisher-cpu-pipeline{fuse=false vector-bits=512})" | FileCheck %s --check-prefixes=CHECK,SEPARATE
// RUN: fisher-opt %s --pass-pipeline="builtin.module(fisher-cpu-pipeline{donate=false})" | FileCheck %s --check-prefixes=CHECK,NEW

// Everything becomes LLVM; a result goes to an argument, or belongs to the caller.

// CHECK-NOT: {{func\.func|linalg|memref\.|arith|fisher}}
// CHECK-LABEL: llvm.func @main(
// NEW: llvm.call @malloc
// FUSED-NOT: llvm.alloca
// SEPARATE-COUNT-1: llvm.alloca
// Two elementwise operations are one loop, or two.
// FUSED-COUNT-1: llvm.intr.masked.store
// FUSED-NOT: llvm.intr.masked.store
// SEPARATE-COUNT-2: llvm.intr.masked.store
// SEPARATE-NOT: llvm.intr.masked.store
// CHECK: llvm.return
func.func @main(%x: tensor<8xf32> {fisher.name = "x", bufferization.writable = false}) -> tensor<8xf32> {
  %0 = arith.addf %x, %x : tensor<8xf32>
  %1 = math.log1p %0 : tensor<8xf32>
  return %1 : tensor<8xf32>
}

// Ops of the dialect are lowered on the way.

// CHECK-LABEL: llvm.func @distance(
// CHECK-NOT: fisher
func.func @distance(%mu: tensor<8xf32>, %rho: tensor<8xf32>) -> tensor<8xf32> {
  %0 = fisher.belief %mu, %rho : !fisher.belief<#fisher.gaussian<log_sigma>, tensor<8xf32>>
  %1 = fisher.belief %rho, %mu : !fisher.belief<#fisher.gaussian<log_sigma>, tensor<8xf32>>
  %2 = fisher.squared_distance %0, %1 : !fisher.belief<#fisher.gaussian<log_sigma>, tensor<8xf32>> -> tensor<8xf32>
  return %2 : tensor<8xf32>
}

// Vectors are this CPU's, or as wide as they should be.

// RUN: fisher-opt %s --pass-pipeline="builtin.module(fisher-cpu-pipeline{vector-bits=256})" | FileCheck %s --check-prefix=NARROW

// NARROW-LABEL: llvm.func @product(
// NARROW:       llvm.intr.fmuladd({{.*}}) : {{.*}}vector<8xf32>
// CHECK-LABEL:  llvm.func @product(
// CHECK:        llvm.intr.fmuladd
func.func @product(%a: tensor<8x8xf32>, %b: tensor<8x8xf32>, %c: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %0 = linalg.matmul ins(%a, %b : tensor<8x8xf32>, tensor<8x8xf32>) outs(%c : tensor<8x8xf32>) -> tensor<8x8xf32>
  return %0 : tensor<8x8xf32>
}

// Small tensors are shared out together, in one parallel region.

// RUN: fisher-opt %s --pass-pipeline="builtin.module(fisher-cpu-pipeline{vector-bits=256})" | FileCheck %s --check-prefix=MANY
// RUN: fisher-opt %s --pass-pipeline="builtin.module(fisher-cpu-pipeline{vector-bits=256 threads=false})" | FileCheck %s --check-prefix=SERIAL

// MANY-LABEL: llvm.func @many(
// MANY-COUNT-1: omp.parallel
// MANY-NOT: omp.parallel
// MANY: llvm.return
// SERIAL-NOT: omp.parallel
func.func @many(%x: tensor<20000xf32> {fisher.name = "x"}, %y: tensor<600x50xf32> {fisher.name = "y"}, %z: tensor<7xf32> {fisher.name = "z"})
    -> (tensor<20000xf32> {fisher.updates = "x"}, tensor<600x50xf32> {fisher.updates = "y"}, tensor<7xf32> {fisher.updates = "z"}) {
  %0 = arith.addf %x, %x : tensor<20000xf32>
  %1 = arith.addf %y, %y : tensor<600x50xf32>
  %2 = arith.addf %z, %z : tensor<7xf32>
  return %0, %1, %2 : tensor<20000xf32>, tensor<600x50xf32>, tensor<7xf32>
}
