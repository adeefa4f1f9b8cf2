// The entry is main, or the only public function, or what --entry says.
// RUN: split-file %s %t
// RUN: fisher-run %t/main.mlir --outputs=%t/out.npz
// RUN: %python %S/Inputs/npz.py print %t/out.npz | FileCheck %s --check-prefix=MAIN
// RUN: fisher-run %t/main.mlir --entry=other --outputs=%t/out.npz
// RUN: %python %S/Inputs/npz.py print %t/out.npz | FileCheck %s --check-prefix=OTHER
// RUN: fisher-run %t/only.mlir --outputs=%t/out.npz
// RUN: %python %S/Inputs/npz.py print %t/out.npz | FileCheck %s --check-prefix=ONLY
// MAIN: out0 float32 () 1.0
// OTHER: out0 float32 () 2.0
// ONLY: out0 float32 () 3.0

// RUN: not fisher-run %t/main.mlir --entry=none 2>&1 | FileCheck %s --check-prefix=NONE
// NONE: main.mlir:1:1: error: no function 'none' to run
// NONE: main.mlir:[[#]]:1: note: --entry=main would run this function
// NONE: main.mlir:[[#]]:1: note: --entry=other would run this function
// RUN: not fisher-run %t/two.mlir 2>&1 | FileCheck %s --check-prefix=TWO
// TWO: two.mlir:1:1: error: no function 'main' to run
// TWO: note: --entry=a would run this function
// TWO: note: --entry=b would run this function
// RUN: not fisher-run %t/empty.mlir 2>&1 | FileCheck %s --check-prefix=EMPTY
// EMPTY: error: no function 'main' to run
// EMPTY: note: the module defines no func.func

//--- main.mlir
func.func @main() -> f32 {
  %0 = arith.constant 1.0 : f32
  return %0 : f32
}
func.func @other() -> f32 {
  %0 = arith.constant 2.0 : f32
  return %0 : f32
}
//--- only.mlir
func.func private @helper() -> f32 {
  %0 = arith.constant 3.0 : f32
  return %0 : f32
}
func.func @step() -> f32 {
  %0 = call @helper() : () -> f32
  return %0 : f32
}
//--- two.mlir
func.func @a() { return }
func.func @b() { return }
//--- empty.mlir
module {}
