// RUN: fisher-opt --fisher-serialize-kernels --split-input-file --verify-diagnostics %s | FileCheck %s

// CHECK: gpu.binary @nvidia [#gpu.object<#nvvm.target<chip = "sm_90", features = "+ptx80">, {{.*}}assembly = {{.*}}.target sm_90{{.*}}.entry kernel(
gpu.module @nvidia [#nvvm.target<chip = "sm_90", features = "+ptx80">] {
  llvm.func @kernel(%x: !llvm.ptr<1>) attributes {gpu.kernel, nvvm.kernel} {
    llvm.return
  }
}

// -----

// CHECK: gpu.binary @amd [#gpu.object<#rocdl.target<chip = "gfx90a">, bin = "\7FELF
gpu.module @amd [#rocdl.target<chip = "gfx90a">] {
  llvm.func @kernel(%x: !llvm.ptr<1>) attributes {gpu.kernel, rocdl.kernel} {
    llvm.return
  }
}

// -----

// The first words of SPIR-V 1.2. Zeros are numbers, and bf16 is moved as an
// integer.

// CHECK: gpu.binary @opencl [#gpu.object<#spirv.target_env<{{.*}}>, bin = "\03\02#\07\00\02\01\00
gpu.module @opencl [#spirv.target_env<#spirv.vce<v1.2, [Kernel, Addresses], []>, #spirv.resource_limits<>>] {
  llvm.func spir_kernelcc @kernel(%x: !llvm.ptr<1>, %y: !llvm.ptr<1>) attributes {gpu.kernel} {
    %0 = llvm.load %x : !llvm.ptr<1> -> bf16
    llvm.store %0, %y : bf16, !llvm.ptr<1>
    llvm.return
  }
}

// -----

// expected-error@+1 {{needs one target}}
gpu.module @none {
}
