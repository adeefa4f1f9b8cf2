// Large loops use threads: the header says what to link, and a shared library
// finds it by itself. Without threads, the numbers are the same.

// RUN: rm -rf %t && mkdir %t
// RUN: fisher-run %s --emit=shared,header -o %t/threads
// RUN: FileCheck %s --check-prefix=THREADS --input-file=%t/threads.h
// THREADS: Needs LLVM's OpenMP runtime (-lomp): __kmpc_{{.*}}
// RUN: fisher-run %s --emit=shared,header -o %t/serial --parallel=false
// RUN: FileCheck %s --check-prefix=SERIAL --input-file=%t/serial.h
// SERIAL-NOT: OpenMP
// RUN: %python %S/Inputs/check_library.py %t/threads.so %t/serial.so

func.func @main(%a: tensor<1000000xf32> {fisher.name = "a"}, %b: tensor<1000000xf32> {fisher.name = "b"})
    -> (tensor<1000000xf32> {fisher.updates = "a"}, tensor<f32>) {
  %0 = arith.mulf %b, %b : tensor<1000000xf32>
  %1 = arith.addf %a, %0 : tensor<1000000xf32>
  %zero = arith.constant dense<0.0> : tensor<f32>
  %sum = linalg.reduce {arith.addf} ins(%1 : tensor<1000000xf32>) outs(%zero : tensor<f32>) dimensions = [0]
  return %1, %sum : tensor<1000000xf32>, tensor<f32>
}
