// The loop of a penalty with its gradient is vectors of the machine alone: no
// calls, and no division or root of one number, as a remainder would have.

// RUN: fisher-opt --fisher-cpu-pipeline="vector-bits=512 cache-bytes=1000000" %s | mlir-translate --mlir-to-llvmir \
// RUN:   | opt -O3 -mcpu=x86-64-v4 | llc -O3 -mcpu=x86-64-v4 --mattr=-prefer-256-bit \
// RUN:   | FileCheck %s --check-prefixes=CHECK,AVX512 --implicit-check-not='{{(call|jmp)q?[[:space:]]+(_?[a-z0-9]*(exp|log|sin|cos|tan|sqrt|pow|fma)|malloc|mem)}}' --implicit-check-not='{{v(div|sqrt)s[sd]}}'
// RUN: fisher-opt --fisher-cpu-pipeline="vector-bits=256 cache-bytes=1000000" %s | mlir-translate --mlir-to-llvmir \
// RUN:   | opt -O3 -mcpu=x86-64-v3 | llc -O3 -mcpu=x86-64-v3 \
// RUN:   | FileCheck %s --check-prefixes=CHECK,AVX2 --implicit-check-not='{{(call|jmp)q?[[:space:]]+(_?[a-z0-9]*(exp|log|sin|cos|tan|sqrt|pow|fma)|malloc|mem)}}' --implicit-check-not='{{v(div|sqrt)s[sd]}}'
// RUN: fisher-opt --fisher-cpu-pipeline="vector-bits=128 cache-bytes=1000000" %s | mlir-translate --mlir-to-llvmir \
// RUN:   | opt -O3 -mtriple=aarch64-linux-gnu -mcpu=neoverse-n1 | llc -O3 -mtriple=aarch64-linux-gnu -mcpu=neoverse-n1 \
// RUN:   | FileCheck %s --check-prefixes=CHECK,NEON --implicit-check-not='{{[[:space:]]bl?[[:space:]]+(_?[a-z0-9]*(exp|log|sin|cos|tan|sqrt|pow|fma)|malloc|mem)}}' --implicit-check-not='{{f(div|sqrt)[[:space:]]+[sd][0-9]}}'

!t = tensor<?xf32>
!gaussian = !fisher.belief<#fisher.gaussian<sigma>, !t>
!vonMises = !fisher.belief<#fisher.von_mises<log_kappa>, !t>

// CHECK-LABEL: gaussian:
// The arguments' sizes are compared, and threads started; the loop is in the
// function that they call.
// CHECK: __kmpc_fork_call
// CHECK-LABEL: gaussian..omp_par:
// AVX512: vsqrtps {{.*}}%zmm
// AVX512: vmovntps %zmm
// AVX2: vsqrtps {{.*}}%ymm
// AVX2: vmovntps %ymm
// NEON: fsqrt v{{[0-9]+}}.4s
func.func @gaussian(%mean: !t, %sigma: !t, %mean0: !t, %sigma0: !t,
    %g0: memref<?xf32>, %g1: memref<?xf32>) -> tensor<f32> {
  %w = arith.constant 1.0e-3 : f32
  %b = fisher.belief %mean, %sigma : !gaussian
  %r = fisher.belief %mean0, %sigma0 : !gaussian
  %p, %d0, %d1 = fisher.penalty_with_gradient %b toward %r weight %w
      : !gaussian -> tensor<f32>, !t, !t
  bufferization.materialize_in_destination %d0 in restrict writable %g0
      : (!t, memref<?xf32>) -> ()
  bufferization.materialize_in_destination %d1 in restrict writable %g1
      : (!t, memref<?xf32>) -> ()
  return %p : tensor<f32>
}

// CHECK-LABEL: vonMises:
// CHECK: __kmpc_fork_call
// CHECK-LABEL: vonMises..omp_par:
// AVX512: vdivps {{.*}}%zmm
// AVX2: vdivps {{.*}}%ymm
// NEON: fdiv v{{[0-9]+}}.4s
func.func @vonMises(%mean: !t, %kappa: !t, %mean0: !t, %kappa0: !t,
    %g0: memref<?xf32>, %g1: memref<?xf32>) -> tensor<f32> {
  %w = arith.constant 1.0e-3 : f32
  %b = fisher.belief %mean, %kappa : !vonMises
  %r = fisher.belief %mean0, %kappa0 : !vonMises
  %p, %d0, %d1 = fisher.penalty_with_gradient %b toward %r weight %w
      : !vonMises -> tensor<f32>, !t, !t
  bufferization.materialize_in_destination %d0 in restrict writable %g0
      : (!t, memref<?xf32>) -> ()
  bufferization.materialize_in_destination %d1 in restrict writable %g1
      : (!t, memref<?xf32>) -> ()
  return %p : tensor<f32>
}
