// A step that returns gradients is driven by an optimizer: the loss w^2 + v^2.
// RUN: fisher-run %s --steps=1 --optimizer=sgd --learning-rate=0.25 --set w=4 --set v=1 --outputs=%t.npz
// RUN: %python %S/Inputs/npz.py print %t.npz | FileCheck %s --check-prefix=SGD
// SGD: w float32 () 2.0
// SGD: v float64 (1,) [0.5]

// RUN: fisher-run %s --steps=2 --optimizer=sgd --learning-rate=0.25 --momentum=0.5 --set w=4 --set v=0 --outputs=%t.npz
// RUN: %python %S/Inputs/npz.py print %t.npz | FileCheck %s --check-prefix=MOMENTUM
// MOMENTUM: w float32 () 0.0

// RUN: fisher-run %s --steps=1 --optimizer=adam --learning-rate=0.25 --set w=4 --set v=-1 --outputs=%t.npz
// RUN: %python %S/Inputs/npz.py print %t.npz | FileCheck %s --check-prefix=ADAM
// ADAM: w float32 () 3.75
// ADAM: v float64 (1,) [-0.75

// RUN: not fisher-run %s --steps=1 2>&1 | FileCheck %s --check-prefix=NONE
// NONE: error: result 'out1' is the gradient of 'w'; choose what to do with it by --optimizer=sgd or adam
// RUN: not fisher-run %s --steps=1 --optimizer=newton --learning-rate=1 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// UNKNOWN: error: unknown optimizer 'newton'; there are sgd and adam
// RUN: not fisher-run %s --steps=1 --optimizer=adam 2>&1 | FileCheck %s --check-prefix=RATE
// RATE: error: --optimizer needs --learning-rate

func.func @main(%w: tensor<f32> {fisher.name = "w", fisher.role = "param"},
                %v: tensor<1xf64> {fisher.name = "v", fisher.role = "param"})
    -> (tensor<f32> {fisher.role = "loss"},
        tensor<f32> {fisher.role = "grad", fisher.gradient_of = "w"},
        tensor<1xf64> {fisher.role = "grad", fisher.gradient_of = "v"}) {
  %0 = arith.addf %w, %w : tensor<f32>
  %1 = arith.addf %v, %v : tensor<1xf64>
  %2 = arith.mulf %w, %w : tensor<f32>
  %3 = arith.mulf %v, %v : tensor<1xf64>
  %4 = tensor.collapse_shape %3 [] : tensor<1xf64> into tensor<f64>
  %5 = arith.truncf %4 : tensor<f64> to tensor<f32>
  %6 = arith.addf %2, %5 : tensor<f32>
  return %6, %0, %1 : tensor<f32>, tensor<f32>, tensor<1xf64>
}
