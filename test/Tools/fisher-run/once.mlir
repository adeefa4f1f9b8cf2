// Arrays are found by the arguments' names, else by their positions.
// RUN: %python %S/Inputs/npz.py write %t.in.npz 'x=float32([1, 2])' 'arg1=float32(3)'
// RUN: fisher-run %s --inputs=%t.in.npz --outputs=%t.out.npz
// RUN: %python %S/Inputs/npz.py print %t.out.npz | FileCheck %s

// CHECK: out0 float32 (2,) [3.0, 6.0]
// CHECK: out1 bool (2,) [True, False]

// Any CPU of the architecture can run code for the oldest one.
// RUN: fisher-run %s --mcpu=generic --inputs=%t.in.npz --outputs=%t.out.npz
// RUN: %python %S/Inputs/npz.py print %t.out.npz | FileCheck %s

// A name comes before a position, and --set before both.
// RUN: %python %S/Inputs/npz.py write %t.in.npz 'arg0=float32([9, 9])' 'x=float32([1, 2])' 'scale=float32(4)'
// RUN: fisher-run %s --inputs=%t.in.npz --outputs=%t.out.npz --set scale=5
// RUN: %python %S/Inputs/npz.py print %t.out.npz | FileCheck %s --check-prefix=SET
// RUN: fisher-run %s --set scale=5 --set arg0=2 --outputs=%t.out.npz
// RUN: %python %S/Inputs/npz.py print %t.out.npz | FileCheck %s --check-prefix=FILL

// SET: out0 float32 (2,) [5.0, 10.0]
// FILL: out0 float32 (2,) [10.0, 10.0]

// The same arrays give the same file.
// RUN: fisher-run %s --inputs=%t.in.npz --outputs=%t.1.npz
// RUN: fisher-run %s --inputs=%t.in.npz --outputs=%t.2.npz
// RUN: cmp %t.1.npz %t.2.npz

// Options of the pass manager are there.
// RUN: fisher-run %s --set x=1 --set scale=1 --mlir-print-ir-after-all 2>&1 \
// RUN:   | FileCheck %s --check-prefix=PRINT

// PRINT: IR Dump After OneShotBufferizePass
// PRINT: IR Dump After ConvertToLLVMPass

func.func @main(%x: tensor<2xf32> {fisher.name = "x"},
                %scale: tensor<f32> {fisher.name = "scale"})
    -> (tensor<2xf32>, tensor<2xi1> {fisher.name = "is.one"}) {
  %ones = arith.constant dense<1.0> : tensor<2xf32>
  %empty = tensor.empty() : tensor<2xf32>
  %scales = linalg.broadcast ins(%scale : tensor<f32>)
      outs(%empty : tensor<2xf32>) dimensions = [0]
  %0 = arith.mulf %x, %scales : tensor<2xf32>
  %1 = arith.cmpf oeq, %x, %ones : tensor<2xf32>
  return %0, %1 : tensor<2xf32>, tensor<2xi1>
}
