// What is missing or unfit is told with the file, the array, what is expected
// and found, and where the argument is; no output is left.
// RUN: rm -rf %t && mkdir %t
// RUN: not fisher-run %s --outputs=%t/out.npz 2>&1 | FileCheck %s --check-prefix=NONE
// NONE: once-errors.mlir:[[#]]:17: error: argument 'x' (arg0) of type 'tensor<2xf32>' has no value; give --inputs=FILE.npz with an array 'x'

// RUN: %python %S/Inputs/npz.py write %t/in.npz 'y=float32([1, 2])'
// RUN: not fisher-run %s --inputs=%t/in.npz --outputs=%t/out.npz 2>&1 | FileCheck %s --check-prefix=MISSING
// MISSING: once-errors.mlir:[[#]]:17: error: argument 'x' (arg0) of type 'tensor<2xf32>' has no array in {{.*}}in.npz
// MISSING: note: add one named 'x' or 'arg0'; the file has y

// RUN: %python %S/Inputs/npz.py write %t/in.npz 'x=float32([1, 2, 3])'
// RUN: not fisher-run %s --inputs=%t/in.npz --outputs=%t/out.npz 2>&1 | FileCheck %s --check-prefix=SHAPE
// SHAPE: once-errors.mlir:[[#]]:17: error: argument 'x' (arg0) expects 'tensor<2xf32>', but array 'x' in {{.*}}in.npz is float32[3]

// RUN: %python %S/Inputs/npz.py write %t/in.npz 'arg0=int32([1, 2])'
// RUN: not fisher-run %s --inputs=%t/in.npz --outputs=%t/out.npz 2>&1 | FileCheck %s --check-prefix=TYPE
// TYPE: once-errors.mlir:[[#]]:17: error: argument 'x' (arg0) expects 'tensor<2xf32>', but array 'arg0' in {{.*}}in.npz is int32[2]

// RUN: not fisher-run %s --inputs=%t/no.npz --outputs=%t/out.npz 2>&1 | FileCheck %s --check-prefix=FILE
// FILE: error: {{.*}}no.npz: No such file

// RUN: not fisher-run %s --set x=1 --set z=2 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// UNKNOWN: error: no argument is named 'z', which --set gives a value

// RUN: not fisher-run %s --set x=one 2>&1 | FileCheck %s --check-prefix=NUMBER
// NUMBER: error: --set x=one: expected name=number
// RUN: not fisher-run %s --set x=1 --set x=2 2>&1 | FileCheck %s --check-prefix=TWICE
// TWICE: error: --set gives 'x' a value twice

// RUN: not fisher-run %s --set x=1 --outputs=%t/no/out.npz 2>&1 | FileCheck %s --check-prefix=FOLDER
// FOLDER: error: {{.*}}no/out.npz: cannot be written: No such file or directory

// RUN: not fisher-run %s --set x=1 --seed=1 2>&1 | FileCheck %s --check-prefix=MODE
// MODE: error: --seed is for training; give --steps too
// RUN: not fisher-run %s --set x=1 --tolerance=1 2>&1 | FileCheck %s --check-prefix=NEEDS
// NEEDS: error: --tolerance needs --compare

// RUN: not ls %t/out.npz

func.func @main(%x: tensor<2xf32> {fisher.name = "x"}) -> tensor<2xf32> {
  return %x : tensor<2xf32>
}
