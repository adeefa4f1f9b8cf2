// RUN: fisher-opt --pass-pipeline='builtin.module(fisher-gpu-pipeline{target=nvptx chip=sm_90})' %s | FileCheck %s --check-prefixes=CHECK,PTX
// RUN: fisher-opt --pass-pipeline='builtin.module(fisher-gpu-pipeline{target=amdgpu chip=gfx942})' %s | FileCheck %s --check-prefixes=CHECK,AMD
// RUN: fisher-opt --pass-pipeline='builtin.module(fisher-gpu-pipeline{target=spirv})' %s | FileCheck %s --check-prefixes=CHECK,SPIRV

// The host's code is in the LLVM dialect, and calls what MLIR's runtimes have.

// CHECK-LABEL: llvm.func @main(
// CHECK: llvm.call @mgpuStreamCreate
// CHECK: gpu.launch_func <%{{.*}} : !llvm.ptr> @kernels::@main_0_ppppp
// CHECK: llvm.call @mgpuStreamSynchronize
// PTX: gpu.binary @kernels [#gpu.object<#nvvm.target<O = 3, chip = "sm_90", features = "+ptx80">, {{.*}}assembly = {{.*}}ld.global.v4.b32
// PTX-NOT: .ftz
// PTX-NOT: .approx
// AMD: gpu.binary @kernels [#gpu.object<#rocdl.target<{{.*}}chip = "gfx942"{{.*}}>, bin = "\7FELF
// SPIRV: gpu.binary @kernels [#gpu.object<#spirv.target_env<{{.*}}>, bin = "\03\02#\07
!t = tensor<4096xf32>
!b = !fisher.belief<#fisher.gaussian<log_sigma>, !t>
func.func @main(%mean: !t, %scale: !t, %mean0: !t, %scale0: !t) -> !t {
  %a = fisher.belief %mean, %scale : !b
  %b = fisher.belief %mean0, %scale0 : !b
  %d = fisher.squared_distance %a, %b : !b -> !t
  return %d : !t
}
