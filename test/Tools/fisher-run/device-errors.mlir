// RUN: not fisher-run %s --device=gpu --set x=1 2>&1 | FileCheck %s --check-prefix=WORD
// WORD: error: --device=gpu: there are cpu, cuda, hip and opencl

// RUN: not fisher-run %s --device=opencl --mcpu=generic --set x=1 2>&1 | FileCheck %s --check-prefix=CPU
// CPU: error: --mcpu is for a CPU; leave it out or leave out --device
// RUN: not fisher-run %s --device=opencl --parallel=true --set x=1 2>&1 | FileCheck %s --check-prefix=PARALLEL
// PARALLEL: error: --parallel is for a CPU; leave it out or leave out --device
// RUN: not fisher-run %s --device=opencl --parallel=true --emit=object -o %t.o 2>&1 | FileCheck %s --check-prefix=PARALLEL

// What is compiled for a device that is not looked for needs its chip.
// RUN: rm -f %t.o
// RUN: not fisher-run %s --device=cuda --emit=object -o %t.o 2>&1 | FileCheck %s --check-prefix=NO-CHIP
// NO-CHIP: error: --emit with --device=cuda needs --chip, such as --chip=sm_90, the compute capability of the GPU
// RUN: not fisher-run %s --device=hip --emit=object -o %t.o 2>&1 | FileCheck %s --check-prefix=NO-HIP-CHIP
// NO-HIP-CHIP: error: --emit with --device=hip needs --chip, such as --chip=gfx942, as rocminfo names it
// RUN: not fisher-run %s --device=cuda --chip=gfx942 --emit=object -o %t.o 2>&1 | FileCheck %s --check-prefix=CHIP
// CHIP: error: there is no chip 'gfx942' of the target 'nvptx'; one is 'sm_80'
// RUN: not fisher-run %s --device=hip --chip=sm_90 --emit=object -o %t.o 2>&1 | FileCheck %s --check-prefix=HIP-CHIP
// HIP-CHIP: error: there is no chip 'sm_90' of the target 'amdgpu'; one is 'gfx90a'
// RUN: not fisher-run %s --device=opencl --chip=sm_90 --emit=object -o %t.o 2>&1 | FileCheck %s --check-prefix=NONE
// NONE: error: --chip is not for opencl, whose code is for any device; leave it out
// RUN: not fisher-run %s --chip=sm_90 --emit=object -o %t.o 2>&1 | FileCheck %s --check-prefix=NO-DEVICE
// NO-DEVICE: error: --chip is for a GPU; give --device=cuda or --device=hip too
// RUN: not ls %t.o
func.func @main(%x: tensor<4xf32> {fisher.name = "x"}) -> tensor<4xf32> {
  %0 = arith.addf %x, %x : tensor<4xf32>
  return %0 : tensor<4xf32>
}
