// RUN: fisher-opt %s --fisher-raise-contractions --split-input-file | FileCheck %s

// What JAX writes for x @ w, with the body's sum in either order.

// CHECK-DAG: #[[$MK:.*]] = affine_map<(d0, d1, d2) -> (d0, d2)>
// CHECK-DAG: #[[$KN:.*]] = affine_map<(d0, d1, d2) -> (d2, d1)>
// CHECK-DAG: #[[$MN:.*]] = affine_map<(d0, d1, d2) -> (d0, d1)>
// CHECK-LABEL: func @product(
// CHECK-SAME:    %[[A:.*]]: tensor<4x8xf32>, %[[B:.*]]: tensor<8x6xf32>, %[[C:.*]]: tensor<4x6xf32>)
// CHECK-NEXT: %[[R:.*]] = linalg.contract indexing_maps = [#[[$MK]], #[[$KN]], #[[$MN]]] ins(%[[A]], %[[B]] : {{.*}}) outs(%[[C]] : tensor<4x6xf32>)
// CHECK-NEXT: return %[[R]]
func.func @product(%a: tensor<4x8xf32>, %b: tensor<8x6xf32>, %c: tensor<4x6xf32>) -> tensor<4x6xf32> {
  %0 = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>,
                                        affine_map<(m, n, k) -> (k, n)>,
                                        affine_map<(m, n, k) -> (m, n)>],
                       iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : tensor<4x8xf32>, tensor<8x6xf32>) outs(%c : tensor<4x6xf32>) {
  ^bb0(%x: f32, %y: f32, %old: f32):
    %p = arith.mulf %x, %y : f32
    %s = arith.addf %p, %old : f32
    linalg.yield %s : f32
  } -> tensor<4x6xf32>
  return %0 : tensor<4x6xf32>
}

// -----

// Operands are read from where they were before a transposition or an
// extension, also if that is needed otherwise.

// CHECK-DAG: #[[$KM:.*]] = affine_map<(d0, d1, d2) -> (d2, d0)>
// CHECK-DAG: #[[$NK:.*]] = affine_map<(d0, d1, d2) -> (d1, d2)>
// CHECK-LABEL: func @operands(
// CHECK-SAME:    %[[A:.*]]: tensor<8x4xbf16>, %[[B:.*]]: tensor<6x8xf32>
// CHECK: linalg.contract indexing_maps = [#[[$KM]], #[[$NK]], #{{.*}}] ins(%[[A]], %[[B]] :
func.func @operands(%a: tensor<8x4xbf16>, %b: tensor<6x8xf32>, %e: tensor<8x6xf32>, %f: tensor<4x8xf32>,
                    %c: tensor<4x6xf32>) -> (tensor<4x6xf32>, tensor<4x8xf32>) {
  %wide = arith.extf %a : tensor<8x4xbf16> to tensor<8x4xf32>
  %at = linalg.generic {indexing_maps = [affine_map<(i, j) -> (j, i)>, affine_map<(i, j) -> (i, j)>],
                        iterator_types = ["parallel", "parallel"]}
      ins(%wide : tensor<8x4xf32>) outs(%f : tensor<4x8xf32>) {
  ^bb0(%x: f32, %old: f32):
    linalg.yield %x : f32
  } -> tensor<4x8xf32>
  %bt = linalg.transpose ins(%b : tensor<6x8xf32>) outs(%e : tensor<8x6xf32>) permutation = [1, 0]
  %0 = linalg.matmul ins(%at, %bt : tensor<4x8xf32>, tensor<8x6xf32>) outs(%c : tensor<4x6xf32>) -> tensor<4x6xf32>
  return %0, %at : tensor<4x6xf32>, tensor<4x8xf32>
}

// -----

// CHECK-DAG: #[[$NM:.*]] = affine_map<(d0, d1, d2) -> (d1, d0)>
// CHECK-LABEL: func @result(
// CHECK: %[[FILL:.*]] = linalg.fill {{.*}} -> tensor<6x4xf32>
// CHECK: %[[R:.*]] = linalg.contract indexing_maps = [#{{.*}}, #{{.*}}, #[[$NM]]] {{.*}} outs(%[[FILL]] : tensor<6x4xf32>)
// CHECK: return %[[R]]
func.func @result(%a: tensor<4x8xf32>, %b: tensor<8x6xf32>) -> tensor<6x4xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x6xf32>
  %t = tensor.empty() : tensor<6x4xf32>
  %c = linalg.fill ins(%zero : f32) outs(%e : tensor<4x6xf32>) -> tensor<4x6xf32>
  %0 = linalg.matmul ins(%a, %b : tensor<4x8xf32>, tensor<8x6xf32>) outs(%c : tensor<4x6xf32>) -> tensor<4x6xf32>
  %1 = linalg.transpose ins(%0 : tensor<4x6xf32>) outs(%t : tensor<6x4xf32>) permutation = [1, 0]
  return %1 : tensor<6x4xf32>
}

// -----

// The transposed sum starts from a matrix that is not transposed.

// CHECK-LABEL: func @result_starts_from_matrix(
// CHECK: linalg.matmul
// CHECK: linalg.transpose
func.func @result_starts_from_matrix(%a: tensor<4x8xf32>, %b: tensor<8x6xf32>, %c: tensor<4x6xf32>) -> tensor<6x4xf32> {
  %t = tensor.empty() : tensor<6x4xf32>
  %0 = linalg.matmul ins(%a, %b : tensor<4x8xf32>, tensor<8x6xf32>) outs(%c : tensor<4x6xf32>) -> tensor<4x6xf32>
  %1 = linalg.transpose ins(%0 : tensor<4x6xf32>) outs(%t : tensor<6x4xf32>) permutation = [1, 0]
  return %1 : tensor<6x4xf32>
}

// -----

// Rows of two indices are one loop, if their number is known or one of the two
// is.

// CHECK-LABEL: func @two_row_indices(
// CHECK: linalg.contract {{.*}} ins({{.*}} : tensor<15x8xf32>, tensor<8x6xf32>) outs({{.*}} : tensor<15x6xf32>)
// CHECK: linalg.contract {{.*}} ins({{.*}} : tensor<?x8xf32>, tensor<8x6xf32>) outs({{.*}} : tensor<?x6xf32>)
// CHECK: linalg.contract {{.*}} ins({{.*}} : tensor<?x?x8xf32>, tensor<8x6xf32>)
#a = affine_map<(b, m, n, k) -> (b, m, k)>
#b = affine_map<(b, m, n, k) -> (k, n)>
#c = affine_map<(b, m, n, k) -> (b, m, n)>
func.func @two_row_indices(
    %a0: tensor<3x5x8xf32>, %c0: tensor<3x5x6xf32>, %a1: tensor<?x5x8xf32>, %c1: tensor<?x5x6xf32>,
    %a2: tensor<?x?x8xf32>, %c2: tensor<?x?x6xf32>, %b: tensor<8x6xf32>)
    -> (tensor<3x5x6xf32>, tensor<?x5x6xf32>, tensor<?x?x6xf32>) {
  %0 = linalg.contract indexing_maps = [#a, #b, #c]
      ins(%a0, %b : tensor<3x5x8xf32>, tensor<8x6xf32>) outs(%c0 : tensor<3x5x6xf32>) -> tensor<3x5x6xf32>
  %1 = linalg.contract indexing_maps = [#a, #b, #c]
      ins(%a1, %b : tensor<?x5x8xf32>, tensor<8x6xf32>) outs(%c1 : tensor<?x5x6xf32>) -> tensor<?x5x6xf32>
  %2 = linalg.contract indexing_maps = [#a, #b, #c]
      ins(%a2, %b : tensor<?x?x8xf32>, tensor<8x6xf32>) outs(%c2 : tensor<?x?x6xf32>) -> tensor<?x?x6xf32>
  return %0, %1, %2 : tensor<3x5x6xf32>, tensor<?x5x6xf32>, tensor<?x?x6xf32>
}

// -----

// A column is a vector.

// CHECK-LABEL: func @column(
// CHECK: linalg.contract {{.*}} ins({{.*}} : tensor<4x8xf32>, tensor<8xf32>) outs({{.*}} : tensor<4xf32>)
func.func @column(%a: tensor<4x8xf32>, %b: tensor<8x1xf32>, %c: tensor<4x1xf32>) -> tensor<4x1xf32> {
  %0 = linalg.matmul ins(%a, %b : tensor<4x8xf32>, tensor<8x1xf32>) outs(%c : tensor<4x1xf32>) -> tensor<4x1xf32>
  return %0 : tensor<4x1xf32>
}

// -----

// Not a contraction of floats: another sum, a sum of one operand, integers.

// CHECK-LABEL: func @others(
// CHECK-NOT: linalg.contract
#lhs = affine_map<(m, n, k) -> (m, k)>
#rhs = affine_map<(m, n, k) -> (k, n)>
#out = affine_map<(m, n, k) -> (m, n)>
func.func @others(%a: tensor<4x8xf32>, %b: tensor<8x6xf32>, %c: tensor<4x6xf32>, %w: tensor<4x8x6xf32>,
                  %ia: tensor<4x8xi32>, %ib: tensor<8x6xi32>, %ic: tensor<4x6xi32>)
    -> (tensor<4x6xf32>, tensor<4x6xf32>, tensor<4x6xi32>) {
  %0 = linalg.generic {indexing_maps = [#lhs, #rhs, #out],
                       iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : tensor<4x8xf32>, tensor<8x6xf32>) outs(%c : tensor<4x6xf32>) {
  ^bb0(%x: f32, %y: f32, %old: f32):
    %p = arith.mulf %x, %y : f32
    %s = arith.maximumf %p, %old : f32
    linalg.yield %s : f32
  } -> tensor<4x6xf32>
  %1 = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k, n)>, affine_map<(m, n, k) -> (m, n)>, #out],
                       iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%w, %c : tensor<4x8x6xf32>, tensor<4x6xf32>) outs(%c : tensor<4x6xf32>) {
  ^bb0(%x: f32, %y: f32, %old: f32):
    %p = arith.mulf %x, %y : f32
    %s = arith.addf %p, %old : f32
    linalg.yield %s : f32
  } -> tensor<4x6xf32>
  %2 = linalg.matmul ins(%ia, %ib : tensor<4x8xi32>, tensor<8x6xi32>) outs(%ic : tensor<4x6xi32>) -> tensor<4x6xi32>
  return %0, %1, %2 : tensor<4x6xf32>, tensor<4x6xf32>, tensor<4x6xi32>
}
