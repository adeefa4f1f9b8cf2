// RUN: fisher-opt --convert-scf-to-openmp --fisher-guard-threads %s | FileCheck %s

// CHECK-LABEL: func @loop(
// CHECK-SAME: %[[N:.*]]: index
// CHECK: %[[SECOND:.*]] = arith.addi %c0, %c1
// CHECK: %[[MANY:.*]] = arith.cmpi sgt, %[[N]], %[[SECOND]]
// CHECK: omp.parallel if(%[[MANY]]) {
func.func @loop(%n: index, %x: memref<?xf32>, %v: f32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.parallel (%i) = (%c0) to (%n) step (%c1) {
    memref.store %v, %x[%i] : memref<?xf32>
  }
  return
}

// What has a condition, or more than one loop, stays as it is.

// CHECK-LABEL: func @others(
// CHECK: omp.parallel if(%arg0) {
// CHECK: omp.parallel {
func.func @others(%condition: i1) {
  omp.parallel if(%condition) {
    omp.terminator
  }
  omp.parallel {
    omp.barrier
    omp.terminator
  }
  return
}
