// REQUIRES: opencl

// A function on a device gives what it gives on the CPU: results that update
// arguments, new ones, those of dynamic shape, and numbers.
// RUN: %python %S/Inputs/npz.py write %t.in.npz 'w=float32([1, -2, 3])' 'x=float32([1, 2, 3, 4, 5])' 'k=int32([7])' 'scale=float32(2)'
// RUN: fisher-run %s --inputs=%t.in.npz --outputs=%t.cpu.npz
// RUN: fisher-run %s --device=opencl --inputs=%t.in.npz --compare=%t.cpu.npz --tolerance=1e-6 --outputs=%t.out.npz | FileCheck %s
// RUN: fisher-run %s --device=opencl --donate=false --inputs=%t.in.npz --compare=%t.cpu.npz --tolerance=1e-6 | FileCheck %s
// CHECK-COUNT-5: {{out[0-4]: max}}
// RUN: %python %S/Inputs/npz.py print %t.out.npz | FileCheck %s --check-prefix=OUT
// OUT: out0 float32 (3,) [2.0, -4.0, 6.0]
// OUT: out1 float32 (5,) [3.0, 4.0, 5.0, 6.0, 7.0]
// OUT: out2 float32 () 15.0
// OUT: out3 int32 (1,) [14]
// OUT: out4 float32 () 4.0

// The pipeline's steps can be shown.
// RUN: fisher-run %s --device=opencl --inputs=%t.in.npz --mlir-print-ir-after-all 2>&1 \
// RUN:   | FileCheck %s --check-prefix=PRINT
// PRINT: IR Dump After FisherMapToGPU

// Training gives the same numbers as on the CPU, too.
// RUN: %python %S/Inputs/npz.py write %t.data.npz 'x=linspace(-1, 1, 100).astype(float32)' 'y=(2 * linspace(-1, 1, 100) - 1).astype(float32)'
// RUN: fisher-run %S/train.mlir --data=%t.data.npz --steps=50 --set lr=0.1 --log-every=10 --metrics=%t.cpu.jsonl --outputs=%t.cpu.npz
// RUN: fisher-run %S/train.mlir --device=opencl --data=%t.data.npz --steps=50 --set lr=0.1 --log-every=10 --metrics=%t.out.jsonl --outputs=%t.out.npz
// RUN: cmp %t.cpu.npz %t.out.npz
// RUN: cmp %t.cpu.jsonl %t.out.jsonl
// RUN: fisher-run %S/train.mlir --device=opencl --donate=false --data=%t.data.npz --steps=50 --set lr=0.1 --log-every=10 --outputs=%t.out.npz
// RUN: cmp %t.cpu.npz %t.out.npz

// A batch and noise are new at each step; the host changes what has gradients.
// RUN: fisher-run %S/train-noise.mlir --device=opencl --steps=2 --seed=7 --outputs=%t.npz
// RUN: %python %S/Inputs/check_noise.py %t.npz
// RUN: fisher-run %S/train-gradients.mlir --device=opencl --steps=2 --optimizer=sgd --learning-rate=0.25 --momentum=0.5 --set w=4 --set v=0 --outputs=%t.npz
// RUN: %python %S/Inputs/npz.py print %t.npz | FileCheck %S/train-gradients.mlir --check-prefix=MOMENTUM
func.func @main(%w: tensor<3xf32> {fisher.name = "w"},
                %x: tensor<?xf32> {fisher.name = "x"},
                %k: tensor<1xi32> {fisher.name = "k"},
                %scale: f32 {fisher.name = "scale"})
    -> (tensor<3xf32> {fisher.updates = "w"}, tensor<?xf32>, tensor<f32>,
        tensor<1xi32>, f32) {
  %factor = tensor.splat %scale : tensor<3xf32>
  %0 = arith.mulf %w, %factor : tensor<3xf32>
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?xf32>
  %offset = tensor.splat %scale[%n] : tensor<?xf32>
  %1 = arith.addf %x, %offset : tensor<?xf32>
  %zero = arith.constant dense<0.0> : tensor<f32>
  %sum = linalg.reduce { arith.addf } ins(%x : tensor<?xf32>)
      outs(%zero : tensor<f32>) dimensions = [0]
  %2 = arith.addi %k, %k : tensor<1xi32>
  %3 = arith.mulf %scale, %scale : f32
  return %0, %1, %sum, %2, %3
      : tensor<3xf32>, tensor<?xf32>, tensor<f32>, tensor<1xi32>, f32
}
