// RUN: fisher-opt --pass-pipeline='builtin.module(gpu.module(fisher-lower-device-math))' --split-input-file --verify-diagnostics %s | FileCheck %s

gpu.module @kernels {
  // CHECK-LABEL: gpu.func @instructions(
  // CHECK: llvm.call_intrinsic "llvm.sqrt.f32"(%{{.*}}) : (f32) -> f32
  // CHECK: llvm.call_intrinsic "llvm.copysign.f64"(%{{.*}}, %{{.*}}) : (f64, f64) -> f64
  // CHECK: math.isnan
  gpu.func @instructions(%x: f32, %y: f64) kernel {
    %0 = math.sqrt %x : f32
    %1 = math.copysign %y, %y : f64
    %2 = math.isnan %x : f32
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @function(%x: f32) kernel {
    // expected-error@+1 {{there is no code for this operation on 'f32' that needs no library of the device's maker}}
    %0 = math.erf %x : f32
    gpu.return
  }
}
