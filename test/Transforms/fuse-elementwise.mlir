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

// -----

// Nobody reads an array of equal elements, however many want to.

#id = affine_map<(i) -> (i)>

// CHECK-LABEL: func @uniform(
// CHECK-SAME:  %[[X:.*]]: tensor<8xf32>, %[[Y:.*]]: tensor<8xf32>, %[[SCALE:.*]]: f32)
// CHECK:       %[[A:.*]] = linalg.generic {{.*}} ins(%[[X]] : tensor<8xf32>)
// CHECK:         arith.maximumf %{{.*}}, %[[SCALE]]
// CHECK:       %[[B:.*]] = linalg.generic {{.*}} ins(%[[Y]] : tensor<8xf32>)
// CHECK:         arith.maximumf %{{.*}}, %[[SCALE]]
// CHECK:       return %[[A]], %[[B]]
func.func @uniform(%x: tensor<8xf32>, %y: tensor<8xf32>, %scale: f32) -> (tensor<8xf32>, tensor<8xf32>) {
  %e = tensor.empty() : tensor<8xf32>
  %0 = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel"]} outs(%e : tensor<8xf32>) {
  ^bb0(%old: f32):
    linalg.yield %scale : f32
  } -> tensor<8xf32>
  %1 = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel"]}
      ins(%x, %0 : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) {
  ^bb0(%a: f32, %b: f32, %old: f32):
    %m = arith.maximumf %a, %b : f32
    linalg.yield %m : f32
  } -> tensor<8xf32>
  %2 = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel"]}
      ins(%y, %0 : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) {
  ^bb0(%a: f32, %b: f32, %old: f32):
    %m = arith.maximumf %a, %b : f32
    linalg.yield %m : f32
  } -> tensor<8xf32>
  return %1, %2 : tensor<8xf32>, tensor<8xf32>
}

// -----

// What is in another shape in between is fused in one of the shapes.

#id = affine_map<(i) -> (i)>
#two = affine_map<(i, j) -> (i, j)>

// CHECK-LABEL: func @reshaped(
// CHECK:         math.exp
// CHECK-NEXT:    math.sqrt
// CHECK-NEXT:    linalg.yield
func.func @reshaped(%x: tensor<12xf32>) -> tensor<4x3xf32> {
  %e = tensor.empty() : tensor<12xf32>
  %e2 = tensor.empty() : tensor<4x3xf32>
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<12xf32>) outs(%e : tensor<12xf32>) {
  ^bb0(%a: f32, %o: f32):
    %1 = math.exp %a : f32
    linalg.yield %1 : f32
  } -> tensor<12xf32>
  %2 = tensor.expand_shape %0 [[0, 1]] output_shape [4, 3] : tensor<12xf32> into tensor<4x3xf32>
  %3 = linalg.generic {indexing_maps = [#two, #two], iterator_types = ["parallel", "parallel"]}
      ins(%2 : tensor<4x3xf32>) outs(%e2 : tensor<4x3xf32>) {
  ^bb0(%a: f32, %o: f32):
    %4 = math.sqrt %a : f32
    linalg.yield %4 : f32
  } -> tensor<4x3xf32>
  return %3 : tensor<4x3xf32>
}

// CHECK-LABEL: func @flat(
// CHECK:         math.sqrt
// CHECK-NEXT:    math.exp
// CHECK-NEXT:    linalg.yield
func.func @flat(%x: tensor<4x3xf32>) -> tensor<12xf32> {
  %e = tensor.empty() : tensor<12xf32>
  %e2 = tensor.empty() : tensor<4x3xf32>
  %3 = linalg.generic {indexing_maps = [#two, #two], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<4x3xf32>) outs(%e2 : tensor<4x3xf32>) {
  ^bb0(%a: f32, %o: f32):
    %4 = math.sqrt %a : f32
    linalg.yield %4 : f32
  } -> tensor<4x3xf32>
  %2 = tensor.collapse_shape %3 [[0, 1]] : tensor<4x3xf32> into tensor<12xf32>
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%2 : tensor<12xf32>) outs(%e : tensor<12xf32>) {
  ^bb0(%a: f32, %o: f32):
    %1 = math.exp %a : f32
    linalg.yield %1 : f32
  } -> tensor<12xf32>
  return %0 : tensor<12xf32>
}
