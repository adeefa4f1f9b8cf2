// RUN: fisher-opt --fisher-guard-sizes %s | FileCheck %s

// CHECK-LABEL: func @two(
// CHECK-SAME: %[[N:.*]]: index, %[[M:.*]]: index
// CHECK: %[[KNOWN:.*]] = arith.constant 3.000000e+00 : f64
// CHECK: %[[N64:.*]] = arith.index_cast %[[N]] : index to i64
// CHECK: %[[NF:.*]] = arith.sitofp %[[N64]] : i64 to f64
// CHECK: %[[FIRST:.*]] = arith.mulf %[[KNOWN]], %[[NF]] : f64
// CHECK: %[[M64:.*]] = arith.index_cast %[[M]] : index to i64
// CHECK: %[[MF:.*]] = arith.sitofp %[[M64]] : i64 to f64
// CHECK: %[[COUNT:.*]] = arith.mulf %[[FIRST]], %[[MF]] : f64
// 2^55.
// CHECK: %[[MOST:.*]] = arith.constant 0x4360000000000000 : f64
// CHECK: %[[FITS:.*]] = arith.cmpf ole, %[[COUNT]], %[[MOST]] : f64
// CHECK: cf.assert %[[FITS]], "out of memory for a buffer of the function"
// CHECK: memref.alloc(%[[N]], %[[M]])
func.func @two(%n: index, %m: index) -> memref<?x3x?xf32> {
  %0 = memref.alloc(%n, %m) : memref<?x3x?xf32>
  return %0 : memref<?x3x?xf32>
}

// One size is that of an array that there is.

// CHECK-LABEL: func @one(
// CHECK-NOT: cf.assert
func.func @one(%n: index) -> (memref<?x3xf32>, memref<4xf32>) {
  %0 = memref.alloc(%n) : memref<?x3xf32>
  %1 = memref.alloc() : memref<4xf32>
  return %0, %1 : memref<?x3xf32>, memref<4xf32>
}
