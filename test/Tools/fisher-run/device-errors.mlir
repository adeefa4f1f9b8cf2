// RUN: not fisher-run %s --device=gpu --set x=1 2>&1 | FileCheck %s --check-prefix=WORD
// WORD: error: --device=gpu: there are cpu, cuda, hip and opencl

// RUN: not fisher-run %s --device=opencl --mcpu=generic --set x=1 2>&1 | FileCheck %s --check-prefix=CPU
// CPU: error: --mcpu is for a CPU; leave it out or leave out --device
// RUN: not fisher-run %s --device=opencl --parallel=true --set x=1 2>&1 | FileCheck %s --check-prefix=PARALLEL
// PARALLEL: error: --parallel is for a CPU; leave it out or leave out --device
// RUN: not fisher-run %s --device=opencl --emit=object -o %t.o 2>&1 | FileCheck %s --check-prefix=EMIT
// EMIT: error: --emit is for a CPU; leave it out or leave out --device
func.func @main(%x: tensor<4xf32> {fisher.name = "x"}) -> tensor<4xf32> {
  %0 = arith.addf %x, %x : tensor<4xf32>
  return %0 : tensor<4xf32>
}
