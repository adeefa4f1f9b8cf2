// Compiled for C: an object file and a header that a C program uses without MLIR.

// RUN: rm -rf %t && mkdir %t
// RUN: fisher-run %s --emit=object,header -o %t/step --parallel=false
// RUN: FileCheck %s --input-file=%t/step.h
// RUN: %cc -std=c99 -pedantic -Wall -Wextra -Werror -I%t %S/Inputs/emit.c %t/step.o -lm -o %t/program
// RUN: %t/program 3 2>&1 | FileCheck %s --check-prefix=NUMBERS
// An assertion that does not hold ends the program.
// RUN: not --crash %t/program 3 0 2>&1 | FileCheck %s --check-prefix=ASSERTION
// ASSERTION: the flag is not set
// ASSERTION-NOT: mu
// RUN: fisher-run %s --emit=header -o - --parallel=false | FileCheck %s
// C++ sees the same function.
// RUN: %cc -x c++ -fsyntax-only -Wall -Wextra -Werror %t/step.h

// Odd characters make names for C; the comments have what they stand for.
// CHECK: /* fisher_main: made by fisher-run from emit.mlir
// CHECK: * Needs the C library: abort, {{.*}}puts
// CHECK-NEXT: * Needs the math library (-lm): cbrtf
// CHECK-NOT: OpenMP
// CHECK: #ifndef FISHER_MAIN_H
// CHECK: extern "C" {
// CHECK: void fisher_main(
// CHECK-NEXT: /* argument 'fc.mu' (arg0): float32 [fc_mu_size0, 2], replaced by result 0 */
// CHECK-NEXT: float *fc_mu,
// CHECK-NEXT: int64_t fc_mu_size0,
// CHECK-NEXT: /* argument 'int' (arg1): float64 [] */
// CHECK-NEXT: const double *int_,
// CHECK-NEXT: /* argument 'fc mu*?' (arg2): float32 */
// CHECK-NEXT: float fc_mu__,
// CHECK-NEXT: /* argument 'fc-mu*' (arg3): bfloat16 as its 16 bits [2] */
// CHECK-NEXT: const uint16_t *fc_mu_,
// CHECK-NEXT: /* argument 'arg4': bool, 0 or 1, */
// CHECK-NEXT: uint8_t arg4,
// CHECK-NEXT: /* result 'out1': float64 [] */
// CHECK-NEXT: double *loss,
// CHECK-NEXT: /* result 'out2': float32 [fc_mu_size0, 2], gradient of 'fc.mu' */
// CHECK-NEXT: float *grad_fc_mu,
// CHECK-NEXT: /* result 'out3': float32 */
// CHECK-NEXT: float *out3,
// CHECK-NEXT: /* result 'out4': bfloat16 as its 16 bits [2] */
// CHECK-NEXT: uint16_t *out4,
// CHECK-NEXT: /* result 'out5': bool, 0 or 1, */
// CHECK-NEXT: uint8_t *out5);

// NUMBERS: mu 2 4 6 8 10 12
// NUMBERS-NEXT: loss 21.5
// NUMBERS-NEXT: gradient 1.0000 1.2599 1.4422 1.5874 1.7100 1.8171
// NUMBERS-NEXT: scalar 1.5
// NUMBERS-NEXT: bfloat16 4000 4080
// NUMBERS-NEXT: flag 1

// A shared library does as well; the name of the function can be chosen.
// RUN: fisher-run %s --emit=shared -o %t/libstep.so --symbol=my_step --parallel=false
// RUN: %python -c "import ctypes; ctypes.CDLL('%t/libstep.so').my_step; print('found')" | FileCheck %s --check-prefix=FOUND
// FOUND: found
// All three at once, over what is there; and nothing else is left.
// RUN: fisher-run %s --emit=shared,object,header -o %t/step.so --parallel=false
// RUN: ls %t | FileCheck %s --check-prefix=FILES
// FILES: libstep.so
// FILES-NEXT: program
// FILES-NEXT: step.h
// FILES-NEXT: step.o
// FILES-NEXT: step.so
// FILES-NOT: {{.}}

// Code for any CPU of the architecture has no wide vectors.
// RUN: fisher-run %s --emit=object -o %t/generic.o --mcpu=generic --parallel=false
// RUN: llvm-objdump -d %t/generic.o | FileCheck %s --check-prefix=GENERIC
// GENERIC-NOT: {{[yz]mm}}
// RUN: %cc -I%t %S/Inputs/emit.c %t/generic.o -lm -o %t/program
// RUN: %t/program 3 2>&1 | FileCheck %s --check-prefix=NUMBERS

func.func @main(%mu: tensor<?x2xf32> {fisher.name = "fc.mu", fisher.role = "param"},
                %int: tensor<f64> {fisher.name = "int"},
                %s: f32 {fisher.name = "fc mu*/"},
                %h: tensor<2xbf16> {fisher.name = "fc-mu\2a"}, %flag: i1)
    -> (tensor<?x2xf32> {fisher.updates = "fc.mu"}, tensor<f64> {fisher.role = "loss"},
        tensor<?x2xf32> {fisher.gradient_of = "fc.mu"}, f32, tensor<2xbf16>, i1) {
  cf.assert %flag, "the flag is not set"
  %0 = arith.addf %mu, %mu : tensor<?x2xf32>
  %1 = math.cbrt %mu : tensor<?x2xf32>
  %wide = arith.extf %mu : tensor<?x2xf32> to tensor<?x2xf64>
  %sum = linalg.reduce {arith.addf} ins(%wide : tensor<?x2xf64>) outs(%int : tensor<f64>) dimensions = [0, 1]
  %x = arith.addf %s, %s : f32
  %e = arith.addf %h, %h : tensor<2xbf16>
  return %0, %sum, %1, %x, %e, %flag
      : tensor<?x2xf32>, tensor<f64>, tensor<?x2xf32>, f32, tensor<2xbf16>, i1
}
