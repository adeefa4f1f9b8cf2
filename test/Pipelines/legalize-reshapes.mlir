// RUN: fisher-opt %s --fisher-legalize-reshapes | FileCheck %s
// RUN: fisher-opt %s --fisher-cpu-pipeline | FileCheck %s --check-prefix=LLVM
// RUN: fisher-opt %s --fisher-gpu-pipeline="target=spirv" | FileCheck %s --check-prefix=LLVM

// LLVM-NOT: memref.
// LLVM: llvm.func @whole(

// CHECK-LABEL: func.func @whole(
// CHECK-SAME: %[[A:.*]]: memref<?x3xf32>, %[[M:.*]]: index, %[[N:.*]]: index)
// CHECK: %[[BASE:.*]], %{{.*}}, %{{.*}}:2, %[[STRIDE:.*]]:2 = memref.extract_strided_metadata %[[A]]
// CHECK: %[[ROWS:.*]] = arith.muli %[[STRIDE]]#0, %[[N]] : index
// CHECK: memref.reinterpret_cast %[[BASE]] to offset: [0], sizes: [%[[M]], %[[N]], 3], strides: [%[[ROWS]], 3, 1] : memref<f32> to memref<?x?x3xf32>
func.func @whole(%a: memref<?x3xf32>, %m: index, %n: index) -> memref<?x?x3xf32> {
  %view = memref.expand_shape %a [[0, 1], [2]] output_shape [%m, %n, 3]
      : memref<?x3xf32> into memref<?x?x3xf32>
  return %view : memref<?x?x3xf32>
}

// Gaps, and a known size in between.

// CHECK-LABEL: func.func @gaps(
// CHECK-SAME: %[[A:.*]]: memref<?xf32, strided<[?], offset: ?>>, %[[M:.*]]: index, %[[N:.*]]: index)
// CHECK: %[[BASE:.*]], %[[OFFSET:.*]], %{{.*}}, %[[STRIDE:.*]] = memref.extract_strided_metadata %[[A]]
// CHECK: %[[FOUR:.*]] = arith.muli %[[STRIDE]], %[[N]] : index
// CHECK: %[[ROWS:.*]] = arith.muli %[[FOUR]], %c4
// CHECK: memref.reinterpret_cast %[[BASE]] to offset: [%[[OFFSET]]], sizes: [%[[M]], 4, %[[N]]], strides: [%[[ROWS]], %[[FOUR]], %[[STRIDE]]]
func.func @gaps(%a: memref<?xf32, strided<[?], offset: ?>>, %m: index, %n: index)
    -> memref<?x4x?xf32, strided<[?, ?, ?], offset: ?>> {
  %view = memref.expand_shape %a [[0, 1, 2]] output_shape [%m, 4, %n]
      : memref<?xf32, strided<[?], offset: ?>> into memref<?x4x?xf32, strided<[?, ?, ?], offset: ?>>
  return %view : memref<?x4x?xf32, strided<[?, ?, ?], offset: ?>>
}

// Upstream computes one size from the others.

// CHECK-LABEL: func.func @one(
// CHECK: memref.expand_shape
// CHECK-NOT: memref.reinterpret_cast
func.func @one(%a: memref<?xf32>, %m: index) -> memref<?x4xf32> {
  %view = memref.expand_shape %a [[0, 1]] output_shape [%m, 4]
      : memref<?xf32> into memref<?x4xf32>
  return %view : memref<?x4xf32>
}

// Rows of categorical distributions are computed side by side, whatever the
// shape of the batch.

// CHECK-LABEL: func.func @geodesic(
!t = tensor<?x?x3xf32>
!b = !fisher.belief<#fisher.categorical<logits>, !t>
func.func @geodesic(%a: !b, %b: !b) -> !b {
  %t = arith.constant 0.5 : f32
  %q = fisher.geodesic %a, %b at %t : !b
  return %q : !b
}
