// RUN: fisher-opt --convert-scf-to-openmp --fisher-hoist-buffers --canonicalize %s | FileCheck %s

// CHECK-LABEL: func @sequential(
// CHECK: %[[BUFFER:.*]] = memref.alloc(%{{.*}}) : memref<?xf32>
// CHECK: scf.for
// CHECK-NOT: memref.alloc
// CHECK: }
// CHECK: memref.dealloc %[[BUFFER]]
func.func @sequential(%n: index, %m: index, %zero: f32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    %buffer = memref.alloc(%m) : memref<?xf32>
    linalg.fill ins(%zero : f32) outs(%buffer : memref<?xf32>)
    memref.dealloc %buffer : memref<?xf32>
  }
  return
}

// Each thread has its own, and small ones are on its stack.

// CHECK-LABEL: func @parallel(
// CHECK: omp.parallel {
// CHECK-DAG: %[[SMALL:.*]] = memref.alloca() : memref<8xf64>
// CHECK-DAG: %[[VECTORS:.*]] = memref.alloca() : memref<8xvector<16xf32>>
// CHECK-DAG: %[[LARGE:.*]] = memref.alloc(%{{.*}}) : memref<?xf32>
// CHECK: omp.wsloop {
// CHECK-NOT: alloc
// CHECK: linalg.fill {{.*}} outs(%[[LARGE]]
// CHECK: linalg.fill {{.*}} outs(%[[SMALL]]
// CHECK: linalg.fill {{.*}} outs(%[[VECTORS]]
// CHECK: memref.dealloc %[[LARGE]]
// CHECK: omp.terminator
func.func @parallel(%n: index, %m: index, %zero: f32, %wide: f64,
                    %vector: vector<16xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.parallel (%i) = (%c0) to (%n) step (%c1) {
    %large = memref.alloc(%m) : memref<?xf32>
    %small = memref.alloc() : memref<8xf64>
    %vectors = memref.alloc() : memref<8xvector<16xf32>>
    linalg.fill ins(%zero : f32) outs(%large : memref<?xf32>)
    linalg.fill ins(%wide : f64) outs(%small : memref<8xf64>)
    linalg.fill ins(%vector : vector<16xf32>) outs(%vectors : memref<8xvector<16xf32>>)
    memref.dealloc %vectors : memref<8xvector<16xf32>>
    memref.dealloc %large : memref<?xf32>
    memref.dealloc %small : memref<8xf64>
  }
  return
}

// Sizes that change from iteration to iteration, and buffers that outlive it.

// CHECK-LABEL: func @stays(
// CHECK: scf.for
// CHECK: memref.alloc
// CHECK: scf.for
// CHECK: memref.alloc
func.func @stays(%n: index, %x: memref<?xf32>, %zero: f32) -> memref<?xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    %buffer = memref.alloc(%i) : memref<?xf32>
    linalg.fill ins(%zero : f32) outs(%buffer : memref<?xf32>)
    memref.dealloc %buffer : memref<?xf32>
  }
  %last = scf.for %i = %c0 to %n step %c1 iter_args(%before = %x) -> memref<?xf32> {
    %buffer = memref.alloc(%n) : memref<?xf32>
    linalg.fill ins(%zero : f32) outs(%buffer : memref<?xf32>)
    scf.yield %buffer : memref<?xf32>
  }
  return %last : memref<?xf32>
}
