// RUN: fisher-opt %s --pass-pipeline="builtin.module(func.func(fisher-legalize-copies))" | FileCheck %s

// CHECK-LABEL: func.func @gaps(
// CHECK-NOT: memref.copy
// CHECK: linalg.generic {{.*}}["parallel", "parallel"]} ins(%{{.*}} : memref<2x?xf32, strided<[3, 1]>>) outs(%{{.*}} : memref<2x?xf32>)
// CHECK: linalg.yield %in
// CHECK: linalg.generic {{.*}} ins(%{{.*}} : memref<2x?xf32>) outs(%{{.*}} : memref<2x?xf32, strided<[3, 1]>>)
func.func @gaps(%a: memref<2x?xf32, strided<[3, 1]>>, %b: memref<2x?xf32>) {
  memref.copy %a, %b : memref<2x?xf32, strided<[3, 1]>> to memref<2x?xf32>
  memref.copy %b, %a : memref<2x?xf32> to memref<2x?xf32, strided<[3, 1]>>
  return
}

// What is without gaps is moved as it is.

// CHECK-LABEL: func.func @contiguous(
// CHECK: memref.copy
// CHECK-NOT: linalg
func.func @contiguous(%a: memref<2x?xf32>, %b: memref<2x?xf32>) {
  memref.copy %a, %b : memref<2x?xf32> to memref<2x?xf32>
  return
}

// CHECK-LABEL: func.func @scalar(
// CHECK: linalg.generic {{.*}} ins(%{{.*}} : memref<f32, strided<[], offset: ?>>) outs(%{{.*}} : memref<f32>)
func.func @scalar(%a: memref<f32, strided<[], offset: ?>>, %b: memref<f32>) {
  memref.copy %a, %b : memref<f32, strided<[], offset: ?>> to memref<f32>
  return
}
