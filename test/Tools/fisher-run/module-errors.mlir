// What cannot be run is told where it stands.
// RUN: split-file %s %t
// RUN: not fisher-run %t/none.mlir 2>&1 | FileCheck %s --check-prefix=FILE
// FILE: error: cannot open input file '{{.*}}none.mlir': No such file or directory
// RUN: not fisher-run %t/text.mlir 2>&1 | FileCheck %s --check-prefix=TEXT
// TEXT: text.mlir:1:1: error: custom op 'step' is unknown
// TEXT: remark: MLIR text or bytecode is expected, such as a func.func on tensors
// RUN: %python %S/Inputs/npz.py write %t/binary.npz 'x=zeros(3)'
// RUN: not fisher-run %t/binary.npz 2>&1 | FileCheck %s --check-prefix=BINARY
// BINARY-NOT: PK
// BINARY: binary.npz:0:0: error: not an MLIR file; MLIR text or bytecode is expected
// RUN: not fisher-run %t/invalid.mlir 2>&1 | FileCheck %s --check-prefix=INVALID
// INVALID: invalid.mlir:2:{{.*}}: error: use of value '%y' expects different type
// RUN: not fisher-run %t/unended.mlir 2>&1 | FileCheck %s --check-prefix=UNENDED
// UNENDED: unended.mlir:5:{{.*}}: error: expected '"' in string literal
// RUN: not fisher-run %t/good.mlir --set arg0=1 --policy=%t/unended.mlir 2>&1 | FileCheck %s --check-prefix=UNENDED
// RUN: not fisher-run %t/unranked.mlir 2>&1 | FileCheck %s --check-prefix=UNRANKED
// UNRANKED: unranked.mlir:1:17: error: argument 'arg0' has type 'tensor<*xf32>'; only ranked tensors
// RUN: not fisher-run %t/memref.mlir 2>&1 | FileCheck %s --check-prefix=MEMREF
// MEMREF: memref.mlir:1:1: error: result 'out0' has type 'memref<2xf32>'; only ranked tensors
// RUN: not fisher-run %t/complex.mlir 2>&1 | FileCheck %s --check-prefix=COMPLEX
// COMPLEX: complex.mlir:1:17: error: argument 'x' (arg0) has element type 'complex<f32>'; use i1, i8, i16, i32, i64, index, bf16, f16, f32 or f64
// RUN: not fisher-run %t/narrow.mlir 2>&1 | FileCheck %s --check-prefix=NARROW
// NARROW: narrow.mlir:1:17: error: argument 'arg0' has element type 'i4'
// RUN: not fisher-run %t/twice.mlir 2>&1 | FileCheck %s --check-prefix=TWICE
// TWICE: twice.mlir:2:17: error: two arguments are named 'arg1'; give each its own fisher.name
// RUN: not fisher-run %t/unknown.mlir 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// UNKNOWN: unknown.mlir:2:8: error: operation 'stablehlo.abs' is of no dialect that is known here
// UNKNOWN: note: lower the function to linalg on tensors first
// RUN: not fisher-run %t/external.mlir --set arg0=1 2>&1 | FileCheck %s --check-prefix=EXTERNAL
// EXTERNAL: Symbols not found: [ fisher_no_such_function ]
// EXTERNAL: external.mlir:2:1: error: cannot compile

// Bytecode is read like text.
// RUN: mlir-opt %t/good.mlir --emit-bytecode -o %t/good.mlirbc
// RUN: fisher-run %t/good.mlirbc --set arg0=1

//--- unended.mlir
func.func @main() {
  return
}
!b = !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>>
" the rest of the file
//--- text.mlir
step one: take the gradient
//--- invalid.mlir
func.func @main(%x: tensor<2xf32>, %y: tensor<3xf32>) -> tensor<2xf32> {
  %0 = arith.addf %x, %y : tensor<2xf32>
  return %0 : tensor<2xf32>
}
//--- unranked.mlir
func.func @main(%x: tensor<*xf32>) { return }
//--- memref.mlir
func.func @main() -> memref<2xf32> {
  %0 = memref.alloc() : memref<2xf32>
  return %0 : memref<2xf32>
}
//--- complex.mlir
func.func @main(%x: tensor<2xcomplex<f32>> {fisher.name = "x"}) { return }
//--- narrow.mlir
func.func @main(%x: tensor<2xi4>) { return }
//--- twice.mlir
func.func @main(%x: tensor<2xf32> {fisher.name = "arg1"},
                %y: tensor<2xf32>) { return }
//--- unknown.mlir
func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> {
  %0 = "stablehlo.abs"(%x) : (tensor<2xf32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}
//--- external.mlir
func.func private @fisher_no_such_function(f32) -> f32
func.func @main(%x: f32) -> f32 {
  %0 = call @fisher_no_such_function(%x) : (f32) -> f32
  return %0 : f32
}
//--- good.mlir
func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> {
  return %x : tensor<2xf32>
}
