// The buffers of a function are kept from call to call. Calls at the same time
// have their own.

// RUN: rm -rf %t && mkdir %t
// RUN: fisher-run %s --emit=shared,header -o %t/step --parallel=false
// RUN: %python %S/Inputs/check_concurrent.py %t/step.so

// The product of two matrices needs a buffer: a * (a * b).

func.func @main(%a: tensor<128x128xf32> {fisher.name = "a"},
                %b: tensor<128x128xf32> {fisher.name = "b"})
    -> (tensor<128x128xf32> {fisher.updates = "b"}) {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<128x128xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<128x128xf32>) -> tensor<128x128xf32>
  %0 = linalg.matmul ins(%a, %b : tensor<128x128xf32>, tensor<128x128xf32>)
      outs(%fill : tensor<128x128xf32>) -> tensor<128x128xf32>
  %1 = linalg.matmul ins(%a, %0 : tensor<128x128xf32>, tensor<128x128xf32>)
      outs(%fill : tensor<128x128xf32>) -> tensor<128x128xf32>
  return %1 : tensor<128x128xf32>
}
