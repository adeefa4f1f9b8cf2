// RUN: fisher-opt %s --fisher-fuse-elementwise --split-input-file | FileCheck %s

// What computes an operand of a product, by a generic operation or not, stays
// apart, on the other side of a reshape too. The rest is fused.

#id = affine_map<(i, j) -> (i, j)>
#lhs = affine_map<(m, n, k) -> (m, k)>
#rhs = affine_map<(m, n, k) -> (k, n)>
#out = affine_map<(m, n, k) -> (m, n)>

// CHECK-LABEL: func @product(
// CHECK:       linalg.generic
// CHECK:         math.exp
// CHECK-NEXT:    math.absf
// CHECK-NEXT:    linalg.yield
// CHECK:       linalg.generic
// CHECK-NOT:     math
// CHECK:         arith.mulf
// CHECK:       tensor.expand_shape
// CHECK-NEXT:  return
func.func @product(%a: tensor<8x4xf32>, %b: tensor<4x6xf32>, %c: tensor<8x6xf32>) -> tensor<2x4x6xf32> {
  %e = tensor.empty() : tensor<8x4xf32>
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%a : tensor<8x4xf32>) outs(%e : tensor<8x4xf32>) {
  ^bb0(%x: f32, %old: f32):
    %y = math.exp %x : f32
    linalg.yield %y : f32
  } -> tensor<8x4xf32>
  %1 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%0 : tensor<8x4xf32>) outs(%e : tensor<8x4xf32>) {
  ^bb0(%x: f32, %old: f32):
    %y = math.absf %x : f32
    linalg.yield %y : f32
  } -> tensor<8x4xf32>
  %2 = linalg.generic {indexing_maps = [#lhs, #rhs, #out], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%1, %b : tensor<8x4xf32>, tensor<4x6xf32>) outs(%c : tensor<8x6xf32>) {
  ^bb0(%x: f32, %y: f32, %old: f32):
    %p = arith.mulf %x, %y : f32
    %s = arith.addf %p, %old : f32
    linalg.yield %s : f32
  } -> tensor<8x6xf32>
  %3 = tensor.expand_shape %2 [[0, 1], [2]] output_shape [2, 4, 6] : tensor<8x6xf32> into tensor<2x4x6xf32>
  return %3 : tensor<2x4x6xf32>
}
