// What cannot be compiled for C says so, and no file is written.

// RUN: split-file %s %t
// RUN: not fisher-run %t/fine.mlir --emit=object 2>&1 | FileCheck %s --check-prefix=NO-PATH
// NO-PATH: error: --emit needs --o

// RUN: not fisher-run %t/fine.mlir -o %t/a.o 2>&1 | FileCheck %s --check-prefix=NO-EMIT
// NO-EMIT: error: --o is for compiling; give --emit too

// RUN: not fisher-run %t/fine.mlir --emit=object -o %t/a.o --set x=1 2>&1 | FileCheck %s --check-prefix=RUNNING
// RUNNING: error: --set is for running; leave it out or leave out --emit

// RUN: not fisher-run %t/fine.mlir --emit=object -o %t/a.o --steps=1 2>&1 | FileCheck %s --check-prefix=STEPS
// STEPS: error: --steps is for running

// RUN: not fisher-run %t/fine.mlir --emit=object,header -o %t/missing/a 2>&1 | FileCheck %s --check-prefix=FOLDER
// FOLDER: error: {{.*}}missing/a.o: cannot be written: {{.*}}No such file or directory

// RUN: not fisher-run %t/fine.mlir --emit=header -o %t/a.h --mcpu=frobnitz 2>&1 | FileCheck %s --check-prefix=CPU
// RUN: not fisher-run %t/fine.mlir --mcpu=frobnitz --set x=1 2>&1 | FileCheck %s --check-prefix=CPU
// CPU: fine.mlir:{{.*}}: error: there is no CPU 'frobnitz' of the architecture

// RUN: not fisher-run %t/fine.mlir --emit=header -o %t/a.h --symbol=a-b 2>&1 | FileCheck %s --check-prefix=SYMBOL
// SYMBOL: error: 'a-b' is no name of a C function

// RUN: not env CC=no-such-compiler fisher-run %t/fine.mlir --emit=shared -o %t/a.so 2>&1 | FileCheck %s --check-prefix=NO-COMPILER
// NO-COMPILER: error: a shared library needs a C compiler to link it, but there is none

// RUN: not env CC=false fisher-run %t/fine.mlir --emit=shared -o %t/a.so 2>&1 | FileCheck %s --check-prefix=LINK
// LINK: error: {{.*}}a.so: {{.*}}false cannot link it

// RUN: not fisher-run %t/size.mlir --emit=object -o %t/a.o 2>&1 | FileCheck %s --check-prefix=SIZE
// SIZE: size.mlir:1:1: error: result 'out0' of type 'tensor<?xf32>': the size of dimension 0 is not that of an argument, so C cannot make room for it; make it static, or add an argument of the result's type and mark the result with fisher.updates

// RUN: not fisher-run %t/blocks.mlir --emit=object -o %t/a.o 2>&1 | FileCheck %s --check-prefix=BLOCKS
// BLOCKS: error: a function of several blocks cannot be exported; use scf instead of cf

// RUN: not fisher-run %t/called.mlir --entry=main --emit=object -o %t/a.o 2>&1 | FileCheck %s --check-prefix=CALLED
// CALLED: error: a function that is called in its module cannot be exported

// RUN: not fisher-run %t/called.mlir --entry=helped --emit=object -o %t/a.o --symbol=helper 2>&1 | FileCheck %s --check-prefix=TAKEN
// TAKEN: error: there is another function 'helper' in the module

// RUN: ls %t | FileCheck %s --check-prefix=FILES
// FILES-NOT: {{^a|tmp}}

//--- fine.mlir
func.func @main(%x: tensor<f32> {fisher.name = "x"}) -> tensor<f32> {
  %0 = arith.addf %x, %x : tensor<f32>
  return %0 : tensor<f32>
}
//--- size.mlir
func.func @main(%a: tensor<?xf32>, %b: tensor<?xf32>) -> tensor<?xf32> {
  %0 = tensor.concat dim(0) %a, %b : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}
//--- blocks.mlir
func.func @main(%c: i1, %a: tensor<4xf32>, %b: tensor<4xf32>) -> tensor<4xf32> {
  cf.cond_br %c, ^bb1, ^bb2
^bb1:
  return %a : tensor<4xf32>
^bb2:
  return %b : tensor<4xf32>
}
//--- called.mlir
func.func @main(%a: tensor<4xf32>) -> tensor<4xf32> {
  %0 = call @main(%a) : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
func.func @helper(%a: tensor<4xf32>) -> tensor<4xf32> {
  return %a : tensor<4xf32>
}
func.func @helped(%a: tensor<4xf32>) -> tensor<4xf32> {
  %0 = call @helper(%a) : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
