// The class of row i is the sign of x; the logits are 0 and w x.
// RUN: split-file %s %t
// RUN: %python %S/Inputs/npz.py write %t/data.npz 'x=float32([5, 5, 5, 5, 5, 2, -3, 4, 0.5])' 'y=int64([0, 0, 0, 0, 1, 1, 0, 1, 0])' 'z=int8([0] * 9)'

// The last rows, as many as the function takes, are held out.
// RUN: fisher-run %t/step.mlir --data=%t/data.npz --steps=4 --set w=1 --evaluate=%t/predict.mlir --evaluate-every=2 --metrics=%t/run.jsonl | FileCheck %s
// RUN: FileCheck %s --check-prefix=METRICS --input-file=%t/run.jsonl
// CHECK: step 2 seen 5 accuracy 0.75 nll 0.29{{[0-9]+}} calibration_error 0.{{[0-9]+}}
// CHECK-NEXT: step 4 seen 5
// CHECK-NOT: step
// METRICS: {"step":1,"seen":5}
// METRICS: {"step":2,"seen":5,"accuracy":0.75,"nll":0.29{{[0-9]+}},"calibration_error":0.{{[0-9]+}}}

// Rows that do not fill the last batch count once.
// RUN: fisher-run %t/step.mlir --data=%t/data.npz --steps=1 --set w=1 --evaluate=%t/predict.mlir --evaluate-rows=4:9 | FileCheck %s --check-prefix=FIVE
// FIVE: accuracy 0.8
// RUN: fisher-run %t/step.mlir --data=%t/data.npz --steps=1 --set w=-1 --evaluate=%t/predict.mlir --evaluate-rows=4:7 --label=z | FileCheck %s --check-prefix=LABEL
// LABEL: accuracy 0.666667

// The seed is that of the noise of what is evaluated, too.
// RUN: fisher-run %t/step.mlir --data=%t/data.npz --steps=1 --seed=1 --evaluate=%t/noise.mlir | sed -e "s/seen [^ ]*//" > %t/seed1
// RUN: fisher-run %t/step.mlir --data=%t/data.npz --steps=1 --seed=1 --evaluate=%t/noise.mlir | sed -e "s/seen [^ ]*//" > %t/again
// RUN: fisher-run %t/step.mlir --data=%t/data.npz --steps=1 --seed=2 --evaluate=%t/noise.mlir | sed -e "s/seen [^ ]*//" > %t/seed2
// RUN: cmp %t/seed1 %t/again
// RUN: not cmp %t/seed1 %t/seed2

// RUN: not fisher-run %t/step.mlir --data=%t/data.npz --steps=1 --evaluate=%t/predict.mlir --label=x 2>&1 | FileCheck %s --check-prefix=FLOAT
// FLOAT: predict.mlir:2:1: error: array 'x' in {{.*}}data.npz is float32[9], but labels are an integer for each row
// RUN: not fisher-run %t/step.mlir --data=%t/data.npz --steps=1 --evaluate=%t/predict.mlir --label=c 2>&1 | FileCheck %s --check-prefix=NONE
// NONE: error: no labels: {{.*}}array 'c': not in the file, which has x, y, z; --label names the array of labels
// RUN: not fisher-run %t/step.mlir --data=%t/data.npz --steps=1 --evaluate=%t/predict.mlir --evaluate-rows=9: 2>&1 | FileCheck %s --check-prefix=EMPTY
// EMPTY: error: no rows to evaluate among the 9 of
// RUN: not fisher-run %t/step.mlir --data=%t/data.npz --steps=1 --evaluate=%t/other.mlir 2>&1 | FileCheck %s --check-prefix=OTHER
// OTHER: other.mlir:1:17: error: argument 'v' (arg0) is not an argument of the training step
// RUN: not fisher-run %t/step.mlir --data=%t/data.npz --steps=1 --evaluate=%t/type.mlir 2>&1 | FileCheck %s --check-prefix=TYPE
// TYPE: type.mlir:1:17: error: argument 'w' (arg0) has type 'tensor<f64>', but the training step's has type 'tensor<f32>'
// TYPE: step.mlir:1:17: note: here
// RUN: not fisher-run %t/step.mlir --data=%t/data.npz --steps=1 --evaluate=%t/step.mlir 2>&1 | FileCheck %s --check-prefix=LOGITS
// LOGITS: error: the first result of an evaluated function must be a floating-point tensor of logits, a row for each of the batch
// RUN: not fisher-run %t/step.mlir --data=%t/data.npz --steps=1 --evaluate-rows=1: 2>&1 | FileCheck %s --check-prefix=NEEDS
// NEEDS: error: --evaluate-rows needs --evaluate

//--- step.mlir
func.func @main(%w: tensor<f32> {fisher.name = "w", fisher.role = "param"},
                %x: tensor<1xf32> {fisher.name = "x", fisher.role = "batch"})
    -> (tensor<f32> {fisher.updates = "w"}, tensor<f32> {fisher.name = "seen"}) {
  %0 = tensor.collapse_shape %x [] : tensor<1xf32> into tensor<f32>
  return %w, %0 : tensor<f32>, tensor<f32>
}
//--- noise.mlir
func.func @main(%x: tensor<4xf32> {fisher.name = "x", fisher.role = "batch"},
                %n: tensor<4x2xf32> {fisher.name = "n", fisher.role = "eps"}) -> tensor<4x2xf32> {
  return %n : tensor<4x2xf32>
}
//--- predict.mlir
#rows = affine_map<(i, j) -> (i)>
func.func @main(%w: tensor<f32> {fisher.name = "w", fisher.role = "param"},
                %x: tensor<4xf32> {fisher.name = "x", fisher.role = "batch"})
    -> tensor<4x2xf32> {
  %empty = tensor.empty() : tensor<4x2xf32>
  %0 = linalg.generic {
      indexing_maps = [affine_map<(i, j) -> ()>, #rows, affine_map<(i, j) -> (i, j)>],
      iterator_types = ["parallel", "parallel"]}
      ins(%w, %x : tensor<f32>, tensor<4xf32>) outs(%empty : tensor<4x2xf32>) {
  ^bb0(%wi: f32, %xi: f32, %out: f32):
    %j = linalg.index 1 : index
    %1 = arith.index_cast %j : index to i32
    %2 = arith.sitofp %1 : i32 to f32
    %3 = arith.mulf %wi, %xi : f32
    %4 = arith.mulf %3, %2 : f32
    linalg.yield %4 : f32
  } -> tensor<4x2xf32>
  return %0 : tensor<4x2xf32>
}
//--- other.mlir
func.func @main(%v: tensor<f32> {fisher.name = "v", fisher.role = "param"},
                %x: tensor<4xf32> {fisher.name = "x", fisher.role = "batch"}) -> tensor<4x2xf32> {
  %0 = arith.constant dense<0.0> : tensor<4x2xf32>
  return %0 : tensor<4x2xf32>
}
//--- type.mlir
func.func @main(%w: tensor<f64> {fisher.name = "w", fisher.role = "param"},
                %x: tensor<4xf32> {fisher.name = "x", fisher.role = "batch"}) -> tensor<4x2xf32> {
  %0 = arith.constant dense<0.0> : tensor<4x2xf32>
  return %0 : tensor<4x2xf32>
}
