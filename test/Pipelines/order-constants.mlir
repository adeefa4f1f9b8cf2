// RUN: fisher-opt %s --fisher-order-constants | FileCheck %s

// CHECK: memref.global "private" constant @__constant_2xf32 : memref<2xf32> = dense<[3.0{{.*}}, 4.0
// CHECK-NEXT: memref.global "private" constant @__constant_xf64 : memref<f64> = dense<5.0
// CHECK-NEXT: memref.global "private" constant @__constant_2xf32_0 : memref<2xf32> = dense<[1.0{{.*}}, 2.0
// What bufferization has not made stays as it is, used or not.
// CHECK-NEXT: memref.global "private" constant @table_7 :
// CHECK-NEXT: memref.global "private" constant @__constant_unused_4 :
// CHECK-NEXT: memref.global @__constant_3 :
memref.global "private" constant @__constant_2xf32 : memref<2xf32> = dense<[1.0, 2.0]>
memref.global "private" constant @table_7 : memref<2xf32> = dense<[7.0, 8.0]>
memref.global "private" constant @__constant_xf64 : memref<f64> = dense<5.0>
memref.global "private" constant @__constant_unused_4 : memref<1xf32> = dense<0.0>
memref.global "private" constant @__constant_2xf32_5 : memref<2xf32> = dense<[3.0, 4.0]>
memref.global @__constant_3 : memref<3xf32>

// CHECK-LABEL: func.func @first(
// CHECK: memref.get_global @__constant_2xf32 :
// CHECK: memref.get_global @__constant_xf64 :
func.func @first() -> (memref<2xf32>, memref<f64>) {
  %0 = memref.get_global @__constant_2xf32_5 : memref<2xf32>
  %1 = memref.get_global @__constant_xf64 : memref<f64>
  return %0, %1 : memref<2xf32>, memref<f64>
}

// CHECK-LABEL: func.func @second(
// CHECK: memref.get_global @table_7 :
// CHECK: memref.get_global @__constant_2xf32_0 :
// CHECK: memref.get_global @__constant_2xf32 :
// CHECK: memref.get_global @__constant_3 :
func.func @second() -> (memref<2xf32>, memref<2xf32>, memref<2xf32>, memref<3xf32>) {
  %0 = memref.get_global @table_7 : memref<2xf32>
  %1 = memref.get_global @__constant_2xf32 : memref<2xf32>
  %2 = memref.get_global @__constant_2xf32_5 : memref<2xf32>
  %3 = memref.get_global @__constant_3 : memref<3xf32>
  return %0, %1, %2, %3 : memref<2xf32>, memref<2xf32>, memref<2xf32>, memref<3xf32>
}
