// RUN: not fisher-opt --pass-pipeline='builtin.module(fisher-gpu-pipeline{target=cuda})' %s 2>&1 | FileCheck %s --check-prefix=TARGET
// RUN: not fisher-opt --pass-pipeline='builtin.module(fisher-gpu-pipeline{target=nvptx chip=gfx90a})' %s 2>&1 | FileCheck %s --check-prefix=NVIDIA
// RUN: not fisher-opt --pass-pipeline='builtin.module(fisher-gpu-pipeline{target=amdgpu chip=sm_80})' %s 2>&1 | FileCheck %s --check-prefix=AMD
// RUN: not fisher-opt --pass-pipeline='builtin.module(fisher-gpu-pipeline{target=spirv chip=sm_80})' %s 2>&1 | FileCheck %s --check-prefix=SPIRV
// RUN: not fisher-opt --pass-pipeline='builtin.module(fisher-gpu-pipeline{target=nvptx chip=sm_999})' %s 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// RUN: not fisher-opt --pass-pipeline='builtin.module(fisher-gpu-pipeline{target=nvptx chip=sm_52})' %s 2>&1 | FileCheck %s --check-prefix=OLD
// RUN: not fisher-opt --pass-pipeline='builtin.module(fisher-gpu-pipeline{target=amdgpu chip=gfx1100})' %s 2>&1 | FileCheck %s --check-prefix=WAVES

// TARGET: error: there is no target 'cuda' of kernels; there are nvptx, amdgpu and spirv
// NVIDIA: error: there is no chip 'gfx90a' of the target 'nvptx'; one is 'sm_80'
// AMD: error: there is no chip 'sm_80' of the target 'amdgpu'; one is 'gfx90a'
// UNKNOWN-NOT: recognized
// UNKNOWN: error: there is no chip 'sm_999' of the target 'nvptx'; one is 'sm_80'{{$}}
// OLD: error: the chip 'sm_52' is too old; kernels are for 'sm_80' and later{{$}}
// WAVES: error: the chip 'gfx1100' is of another kind; kernels are for waves of 64 threads, as 'gfx90a' has them{{$}}
// SPIRV: error: the target 'spirv' has no chips
func.func @main() {
  return
}
