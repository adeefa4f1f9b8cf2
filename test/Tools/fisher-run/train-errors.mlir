// What a training run lacks is told before it starts; no file is written.
// RUN: split-file %s %t
// RUN: %python %S/Inputs/npz.py write %t/data.npz 'x=zeros((10, 3), float32)' 'y=zeros(9, int32)'

// RUN: not fisher-run %t/step.mlir --steps=1 2>&1 | FileCheck %s --check-prefix=DATA
// DATA: step.mlir:2:17: error: argument 'x' (arg1) has role batch; give --data=FILE.npz with an array 'x'
// RUN: %python %S/Inputs/npz.py write %t/none.npz 'z=zeros(3)'
// RUN: not fisher-run %t/step.mlir --steps=1 --data=%t/none.npz 2>&1 | FileCheck %s --check-prefix=ABSENT
// ABSENT: step.mlir:2:17: error: no data for argument 'x' (arg1) of type 'tensor<4x3xf32>': {{.*}}none.npz: array 'x': not in the file, which has z
// RUN: %python %S/Inputs/npz.py write %t/wide.npz 'x=zeros((10, 4), float32)'
// RUN: not fisher-run %t/step.mlir --steps=1 --data=%t/wide.npz 2>&1 | FileCheck %s --check-prefix=WIDE
// WIDE: step.mlir:2:17: error: argument 'x' (arg1) expects 'tensor<?x3xf32>', but array 'x' in {{.*}}wide.npz is float32[10,4]
// RUN: %python %S/Inputs/npz.py write %t/few.npz 'x=zeros((3, 3), float32)'
// RUN: not fisher-run %t/step.mlir --steps=1 --data=%t/few.npz --set lr=1 2>&1 | FileCheck %s --check-prefix=FEW
// FEW: error: a batch takes 4 rows, but there are 3 to train on among the 3 of {{.*}}few.npz
// RUN: not fisher-run %t/step.mlir --steps=1 --data=%t/data.npz --rows=:2 --set lr=1 2>&1 | FileCheck %s --check-prefix=ROWS
// ROWS: error: a batch takes 4 rows, but there are 2 to train on among the 10
// RUN: not fisher-run %t/step.mlir --steps=1 --data=%t/data.npz --rows=3 2>&1 | FileCheck %s --check-prefix=RANGE
// RANGE: error: --rows: '3' is no range of rows; give first:end, such as 0:1437 or -360:

// RUN: not fisher-run %t/step.mlir --steps=1 --data=%t/data.npz 2>&1 | FileCheck %s --check-prefix=SET
// SET: step.mlir:3:17: error: argument 'lr' (arg2) of type 'tensor<f32>' has no value
// SET: note: give --set lr=VALUE
// RUN: not fisher-run %t/step.mlir --steps=1 --data=%t/data.npz --set x=1 2>&1 | FileCheck %s --check-prefix=DRAWN
// DRAWN: error: argument 'x' (arg1) has role batch and cannot be given by --set: it is drawn for each step
// RUN: not fisher-run %t/step.mlir --steps=1 --data=%t/data.npz --set lr=1 --init=%t/none.npz 2>&1 | FileCheck %s --check-prefix=INIT
// INIT: step.mlir:1:17: error: argument 'w' (arg0) of type 'tensor<3xf32>' has no array in {{.*}}none.npz
// RUN: not fisher-run %t/step.mlir --steps=1 --data=%t/data.npz --set lr=1 --batch-size=5 2>&1 | FileCheck %s --check-prefix=BATCH
// BATCH: error: --batch-size=5, but the function takes batches of 4
// RUN: not fisher-run %t/step.mlir --steps=1 --data=%t/data.npz --set lr=1 --optimizer=sgd --learning-rate=1 2>&1 | FileCheck %s --check-prefix=OPTIMIZER
// OPTIMIZER: error: --optimizer=sgd has nothing to do: no result is marked fisher.gradient_of
// RUN: not fisher-run %t/step.mlir --steps=1 --data=%t/data.npz --set lr=1 --outputs=%t/no/out.npz 2>&1 | FileCheck %s --check-prefix=FOLDER
// RUN: not fisher-run %t/step.mlir --steps=1 --data=%t/data.npz --set lr=1 --metrics=%t/no/out.npz 2>&1 | FileCheck %s --check-prefix=FOLDER
// FOLDER: error: {{.*}}no/out.npz: cannot be written: No such file or directory
// RUN: not fisher-run %t/step.mlir --steps=1 --inputs=%t/data.npz 2>&1 | FileCheck %s --check-prefix=MODE
// MODE: error: --inputs is for running once; leave it out or leave out --steps

// RUN: not fisher-run %t/unmarked.mlir --steps=1 2>&1 | FileCheck %s --check-prefix=UNMARKED
// UNMARKED: unmarked.mlir:1:1: error: no result changes an argument, so there is nothing to train
// UNMARKED: note: mark a result that is the new value of an argument with {fisher.updates = "name"}
// RUN: not fisher-run %t/sizes.mlir --steps=1 --data=%t/data.npz 2>&1 | FileCheck %s --check-prefix=SIZES
// SIZES: sizes.mlir:3:17: error: argument 'y' (arg2) of type 'tensor<5xi32>' has another number of rows than the other batch arguments
// RUN: %python %S/Inputs/npz.py write %t/both.npz 'x=zeros((9, 3), float32)' 'y=zeros(9, int32)'
// RUN: sed -e 's/4x3/0x3/' %t/step.mlir > %t/zero.mlir
// RUN: not fisher-run %t/zero.mlir --steps=1 --data=%t/data.npz 2>&1 | FileCheck %s --check-prefix=NOROWS
// NOROWS: zero.mlir:2:17: error: argument 'x' (arg1) of type 'tensor<0x3xf32>' has role batch, but no rows
// RUN: not fisher-run %t/dynamic.mlir --steps=1 --data=%t/both.npz 2>&1 | FileCheck %s --check-prefix=DYNAMIC
// DYNAMIC: error: the function takes batches of any number of rows; give --batch-size
// RUN: not fisher-run %t/dynamic.mlir --steps=1 --batch-size=2 --data=%t/data.npz 2>&1 | FileCheck %s --check-prefix=UNEQUAL
// UNEQUAL: error: no data for argument 'y' (arg2) of type 'tensor<?xi32>': {{.*}}data.npz: array 'y' is int32[9], but the other arrays have 10 rows
// RUN: not fisher-run %t/initialize.mlir --steps=1 2>&1 | FileCheck %s --check-prefix=INITIALIZE
// INITIALIZE: error: argument 's' (arg1) has fisher.initialize = "n", which names no parameter or earlier state

//--- step.mlir
func.func @main(%w: tensor<3xf32> {fisher.name = "w", fisher.role = "param"},
                %x: tensor<4x3xf32> {fisher.name = "x", fisher.role = "batch"},
                %lr: tensor<f32> {fisher.name = "lr"})
    -> (tensor<3xf32> {fisher.updates = "w"}) {
  return %w : tensor<3xf32>
}
//--- unmarked.mlir
func.func @main(%w: tensor<3xf32>) -> tensor<3xf32> {
  return %w : tensor<3xf32>
}
//--- sizes.mlir
func.func @main(%w: tensor<3xf32> {fisher.name = "w", fisher.role = "param"},
                %x: tensor<4x3xf32> {fisher.name = "x", fisher.role = "batch"},
                %y: tensor<5xi32> {fisher.name = "y", fisher.role = "batch"})
    -> (tensor<3xf32> {fisher.updates = "w"}) {
  return %w : tensor<3xf32>
}
//--- dynamic.mlir
func.func @main(%w: tensor<3xf32> {fisher.name = "w", fisher.role = "param"},
                %x: tensor<?x3xf32> {fisher.name = "x", fisher.role = "batch"},
                %y: tensor<?xi32> {fisher.name = "y", fisher.role = "batch"})
    -> (tensor<3xf32> {fisher.updates = "w"}) {
  return %w : tensor<3xf32>
}
//--- initialize.mlir
func.func @main(%w: tensor<3xf32> {fisher.name = "w", fisher.role = "param"},
                %s: tensor<3xf32> {fisher.name = "s", fisher.role = "state", fisher.initialize = "n"},
                %n: tensor<3xf32> {fisher.name = "n", fisher.role = "eps"})
    -> (tensor<3xf32> {fisher.updates = "w"}) {
  return %w : tensor<3xf32>
}
