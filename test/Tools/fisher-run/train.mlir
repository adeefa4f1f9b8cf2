// A step that returns updates learns y = 2 x - 1 from rows of the data.
// RUN: %python %S/Inputs/npz.py write %t.data.npz 'x=linspace(-1, 1, 100).astype(float32)' 'y=(2 * linspace(-1, 1, 100) - 1).astype(float32)'
// RUN: fisher-run %s --data=%t.data.npz --steps=400 --seed=1 --set lr=0.1 --outputs=%t.1.npz --metrics=%t.1.jsonl | FileCheck %s
// RUN: %python %S/Inputs/npz.py print %t.1.npz | FileCheck %s --check-prefix=OUTPUTS
// CHECK: step 400  loss {{[0-9.e-]+}}  slope 2
// OUTPUTS: w float32 () {{1\.99|2\.00}}
// OUTPUTS: b float32 () -{{0\.99|1\.0}}
// OUTPUTS: count int32 () 400
// OUTPUTS-NOT: lr

// The same seed gives the same bits, another one does not.
// RUN: fisher-run %s --data=%t.data.npz --steps=400 --seed=1 --set lr=0.1 --outputs=%t.2.npz --metrics=%t.2.jsonl
// RUN: cmp %t.1.npz %t.2.npz
// RUN: cmp %t.1.jsonl %t.2.jsonl
// RUN: fisher-run %s --data=%t.data.npz --steps=400 --seed=2 --set lr=0.1 --outputs=%t.2.npz --metrics=%t.2.jsonl
// RUN: not cmp %t.1.jsonl %t.2.jsonl

// Steps write over their arguments; the numbers do not depend on it.
// RUN: fisher-run %s --donate=false --data=%t.data.npz --steps=400 --seed=1 --set lr=0.1 --outputs=%t.2.npz --metrics=%t.2.jsonl
// RUN: cmp %t.1.npz %t.2.npz
// RUN: cmp %t.1.jsonl %t.2.jsonl

// Nor do they depend on threads.
// RUN: fisher-run %s --parallel=false --data=%t.data.npz --steps=400 --seed=1 --set lr=0.1 --outputs=%t.2.npz
// RUN: cmp %t.1.npz %t.2.npz

// Outputs are fit to go on from.
// RUN: fisher-run %s --data=%t.data.npz --steps=1 --init=%t.1.npz --set lr=0 --outputs=%t.2.npz
// RUN: %python %S/Inputs/npz.py print %t.2.npz | FileCheck %s --check-prefix=RESUMED
// RESUMED: w float32 () {{1\.99|2\.00}}
// RESUMED: count int32 () 401

// A line of metrics for some steps, and for the last.
// RUN: fisher-run %s --data=%t.data.npz --steps=25 --set lr=0.1 --log-every=10 --rows=0:50 --metrics=%t.jsonl
// RUN: FileCheck %s --check-prefix=METRICS --input-file=%t.jsonl
// METRICS: {"step":10,"loss":{{[0-9.e-]+}},"slope":{{[0-9.e-]+}}}
// METRICS-NEXT: {"step":20,
// METRICS-NEXT: {"step":25,
// METRICS-NOT: step

// Without steps, the initial values are written.
// RUN: fisher-run %s --data=%t.data.npz --steps=0 --set lr=0.1 --set w=5 --outputs=%t.2.npz
// RUN: %python %S/Inputs/npz.py print %t.2.npz | FileCheck %s --check-prefix=ZERO
// ZERO: w float32 () 5.0
// ZERO: b float32 () 0.0
// ZERO: count int32 () 0

// No progress is shown where stderr is no terminal.
// RUN: fisher-run %s --data=%t.data.npz --steps=10 --set lr=0.1 2>&1 | FileCheck %s --check-prefix=QUIET
// QUIET-NOT: steps/s

// A loss that is not finite is told once, and written as a string, on demand.
// RUN: fisher-run %s --data=%t.data.npz --steps=3 --set lr=0.1 --set w=3e38 --non-finite=ignore --metrics=%t.jsonl 2>&1 | FileCheck %s --check-prefix=INFINITE
// RUN: FileCheck %s --check-prefix=STRING --input-file=%t.jsonl
// INFINITE: warning: step 1: the loss is inf
// INFINITE-NOT: warning
// STRING: {"step":1,"loss":"Infinity",

#rows = affine_map<(i) -> (i)>
#none = affine_map<(i) -> ()>
func.func @main(%w: tensor<f32> {fisher.name = "w", fisher.role = "param"},
                %b: tensor<f32> {fisher.name = "b", fisher.role = "param"},
                %count: tensor<i32> {fisher.name = "count", fisher.role = "state"},
                %x: tensor<10xf32> {fisher.name = "x", fisher.role = "batch"},
                %y: tensor<10xf32> {fisher.name = "y", fisher.role = "batch"},
                %lr: tensor<f32> {fisher.name = "lr"})
    -> (tensor<f32> {fisher.role = "loss"},
        tensor<f32> {fisher.updates = "b"},
        tensor<f32> {fisher.updates = "w"},
        tensor<i32> {fisher.updates = "count"},
        tensor<f32> {fisher.name = "slope"}) {
  %zero = arith.constant dense<0.0> : tensor<f32>
  %rows = arith.constant 10.0 : f32
  %loss, %db, %dw = linalg.generic {
      indexing_maps = [#none, #none, #rows, #rows, #none, #none, #none],
      iterator_types = ["reduction"]}
      ins(%w, %b, %x, %y : tensor<f32>, tensor<f32>, tensor<10xf32>, tensor<10xf32>)
      outs(%zero, %zero, %zero : tensor<f32>, tensor<f32>, tensor<f32>) {
  ^bb0(%wi: f32, %bi: f32, %xi: f32, %yi: f32, %l: f32, %gb: f32, %gw: f32):
    %0 = arith.mulf %wi, %xi : f32
    %1 = arith.addf %0, %bi : f32
    %2 = arith.subf %1, %yi : f32
    %3 = arith.divf %2, %rows : f32
    %4 = arith.mulf %3, %2 : f32
    %5 = arith.addf %l, %4 : f32
    %6 = arith.addf %gb, %3 : f32
    %7 = arith.mulf %3, %xi : f32
    %8 = arith.addf %gw, %7 : f32
    linalg.yield %5, %6, %8 : f32, f32, f32
  } -> (tensor<f32>, tensor<f32>, tensor<f32>)
  %0 = arith.mulf %lr, %db : tensor<f32>
  %1 = arith.subf %b, %0 : tensor<f32>
  %2 = arith.mulf %lr, %dw : tensor<f32>
  %3 = arith.subf %w, %2 : tensor<f32>
  %one = arith.constant dense<1> : tensor<i32>
  %4 = arith.addi %count, %one : tensor<i32>
  return %loss, %1, %3, %4, %3
      : tensor<f32>, tensor<f32>, tensor<f32>, tensor<i32>, tensor<f32>
}
