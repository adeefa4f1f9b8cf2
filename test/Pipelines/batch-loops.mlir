// RUN: fisher-opt --fisher-batch-loops --split-input-file %s | FileCheck %s
// RUN: fisher-opt --pass-pipeline="builtin.module(func.func(fisher-batch-loops{distinct-arguments}))" --split-input-file %s | FileCheck %s --check-prefixes=CHECK,DISTINCT

// Five iterations of two loops are five chunks of the same work. A chunk has
// the iterations that start in it.

// CHECK-LABEL: func @chunks(
// CHECK-SAME: %[[V:.*]]: f32
// CHECK: %[[A:.*]] = memref.alloc() : memref<3xf32>
// CHECK: %[[B:.*]] = memref.alloc() : memref<2xf32>
// CHECK: scf.parallel (%[[CHUNK:.*]]) = (%c0{{.*}}) to (%c5{{.*}}) step (%c1{{.*}}) {
// CHECK: %[[FROM:.*]] = arith.muli %[[CHUNK]], %c1200000{{.*}} : index
// CHECK: %[[TO:.*]] = arith.addi %[[FROM]], %c1200000{{.*}} : index
// CHECK-DAG: %[[STARTS:.*]] = arith.cmpi ult, %[[FROM]], %c3600000{{.*}} : index
// CHECK-DAG: %[[ENDS:.*]] = arith.cmpi ult, %c0{{.*}}, %[[TO]] : index
// CHECK: %[[OVERLAPS:.*]] = arith.andi %[[STARTS]], %[[ENDS]]
// CHECK: scf.if %[[OVERLAPS]] {
// CHECK: arith.divui
// CHECK: %[[FIRST:.*]] = arith.minui %{{.*}}, %c3{{.*}} : index
// CHECK: arith.divui
// CHECK: %[[END:.*]] = arith.minui %{{.*}}, %c3{{.*}} : index
// CHECK: scf.for %[[I:.*]] = %[[FIRST]] to %[[END]] step %c1{{.*}} {
// CHECK-NEXT: memref.store %[[V]], %[[A]][%[[I]]]
// CHECK: scf.if
// CHECK: arith.minui %{{.*}}, %c2{{.*}} : index
// CHECK: scf.for %[[J:.*]] =
// CHECK-NEXT: memref.store %[[V]], %[[B]][%[[J]]]
// CHECK-NOT: scf.parallel
// CHECK: return %[[A]], %[[B]]
func.func @chunks(%v: f32) -> (memref<3xf32>, memref<2xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %a = memref.alloc() : memref<3xf32>
  scf.parallel (%i) = (%c0) to (%c3) step (%c1) {
    memref.store %v, %a[%i] : memref<3xf32>
  } {fisher.work = 3600000 : i64}
  %b = memref.alloc() : memref<2xf32>
  scf.parallel (%i) = (%c0) to (%c2) step (%c1) {
    memref.store %v, %b[%i] : memref<2xf32>
  } {fisher.work = 2400000 : i64}
  return %a, %b : memref<3xf32>, memref<2xf32>
}

// -----

// Sums that need what the loops leave, and loops that need the sums, are behind
// them: two regions, however many tensors there are. Buffers are allocated
// where they are needed, and freed as soon as they are not.

// CHECK-LABEL: func @chains(
// CHECK-SAME: %[[X:[^:]*]]: memref<8xf32>,
// CHECK: %[[A:.*]] = memref.alloc() : memref<8xf32>
// CHECK: %[[B:.*]] = memref.alloc() : memref<8xf32>
// CHECK: scf.parallel
// CHECK-COUNT-2: memref.load %[[X]]
// CHECK: scf.reduce
// CHECK: %[[C:.*]] = memref.alloc() : memref<8xf32>
// CHECK: memref.load %[[A]][%c0]
// CHECK: %[[D:.*]] = memref.alloc() : memref<8xf32>
// CHECK: memref.load %[[B]][%c0]
// CHECK: memref.dealloc %[[B]]
// CHECK: scf.parallel
// CHECK: memref.store %{{.*}}, %[[C]]
// CHECK: memref.store %{{.*}}, %[[D]]
// CHECK: scf.reduce
// CHECK: memref.dealloc %[[A]]
// CHECK-NOT: scf.parallel
// CHECK: return
func.func @chains(%x: memref<8xf32>, %v: f32) -> (memref<8xf32>, memref<8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %a = memref.alloc() : memref<8xf32>
  %c = memref.alloc() : memref<8xf32>
  scf.parallel (%i) = (%c0) to (%c8) step (%c1) {
    %0 = memref.load %x[%i] : memref<8xf32>
    memref.store %0, %a[%i] : memref<8xf32>
  } {fisher.work = 8000000 : i64}
  %first = memref.load %a[%c0] : memref<8xf32>
  scf.parallel (%i) = (%c0) to (%c8) step (%c1) {
    %0 = memref.load %a[%i] : memref<8xf32>
    %1 = arith.addf %0, %first : f32
    memref.store %1, %c[%i] : memref<8xf32>
  } {fisher.work = 8000000 : i64}
  memref.dealloc %a : memref<8xf32>
  %b = memref.alloc() : memref<8xf32>
  %d = memref.alloc() : memref<8xf32>
  scf.parallel (%i) = (%c0) to (%c8) step (%c1) {
    %0 = memref.load %x[%i] : memref<8xf32>
    memref.store %0, %b[%i] : memref<8xf32>
  } {fisher.work = 8000000 : i64}
  %second = memref.load %b[%c0] : memref<8xf32>
  scf.parallel (%i) = (%c0) to (%c8) step (%c1) {
    memref.store %second, %d[%i] : memref<8xf32>
  } {fisher.work = 8000000 : i64}
  memref.dealloc %b : memref<8xf32>
  return %c, %d : memref<8xf32>, memref<8xf32>
}

// -----

// Arguments may share memory, unless it is known that they do not. To read the
// same is no dependence.

// CHECK-LABEL: func @arguments(
// CHECK: scf.parallel
// CHECK-NOT: scf.for
// DISTINCT: scf.for
// CHECK: memref.store %{{.*}}, %arg0
// DISTINCT-NOT: scf.parallel
// CHECK: memref.store %{{.*}}, %arg1
// CHECK: return
func.func @arguments(%x: memref<8xf32>, %y: memref<8xf32>, %z: memref<8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.parallel (%i) = (%c0) to (%c8) step (%c1) {
    %0 = memref.load %z[%i] : memref<8xf32>
    memref.store %0, %x[%i] : memref<8xf32>
  } {fisher.work = 8000000 : i64}
  scf.parallel (%i) = (%c0) to (%c8) step (%c1) {
    %0 = memref.load %z[%i] : memref<8xf32>
    memref.store %0, %y[%i] : memref<8xf32>
  } {fisher.work = 8000000 : i64}
  return
}

// What is read stays unchanged until it was read, and what is written twice has
// the last value: views of one buffer are that buffer, and one of several is
// any of them.

// CHECK-LABEL: func @dependent(
// CHECK-NOT: scf.for
// CHECK: memref.store %arg1
// CHECK-NOT: scf.for
// CHECK: memref.store %arg2
// CHECK-NOT: scf.for
// CHECK: memref.store %arg3
// CHECK-NOT: scf.for
// CHECK: memref.load
// CHECK-NOT: scf.for
// CHECK: memref.store %arg4
// CHECK-NOT: scf.for
// CHECK: return
func.func @dependent(%x: memref<8xf32>, %u: f32, %v: f32, %w: f32, %t: f32, %is: i1) -> (memref<8xf32>, memref<8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %a = memref.alloc() : memref<8xf32>
  %b = memref.alloc() : memref<8xf32>
  %low = memref.subview %a[0] [4] [1] : memref<8xf32> to memref<4xf32, strided<[1]>>
  %high = memref.subview %a[2] [4] [1] : memref<8xf32> to memref<4xf32, strided<[1], offset: 2>>
  %some = arith.select %is, %a, %b : memref<8xf32>
  scf.parallel (%i) = (%c0) to (%c4) step (%c1) {
    memref.store %u, %low[%i] : memref<4xf32, strided<[1]>>
  } {fisher.work = 4000000 : i64}
  scf.parallel (%i) = (%c0) to (%c4) step (%c1) {
    memref.store %v, %high[%i] : memref<4xf32, strided<[1], offset: 2>>
  } {fisher.work = 4000000 : i64}
  scf.parallel (%i) = (%c0) to (%c4) step (%c1) {
    memref.store %w, %some[%i] : memref<8xf32>
  } {fisher.work = 4000000 : i64}
  scf.parallel (%i) = (%c0) to (%c4) step (%c1) {
    %0 = memref.load %b[%i] : memref<8xf32>
    memref.store %0, %x[%i] : memref<8xf32>
  } {fisher.work = 4000000 : i64}
  scf.parallel (%i) = (%c0) to (%c4) step (%c1) {
    memref.store %t, %b[%i] : memref<8xf32>
  } {fisher.work = 4000000 : i64}
  return %a, %b : memref<8xf32>, memref<8xf32>
}

// -----

// Too little work for two threads stays as it is, and where it is.

// CHECK-LABEL: func @little(
// CHECK: memref.alloc
// CHECK: scf.parallel
// CHECK-NOT: scf.for
// CHECK: memref.load
// CHECK: memref.alloc
// CHECK: scf.parallel
// CHECK-NOT: scf.for
// CHECK: return
func.func @little(%v: f32) -> (memref<8xf32>, memref<8xf32>, f32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %a = memref.alloc() : memref<8xf32>
  scf.parallel (%i) = (%c0) to (%c8) step (%c1) {
    memref.store %v, %a[%i] : memref<8xf32>
  } {fisher.work = 900000 : i64}
  %0 = memref.load %a[%c0] : memref<8xf32>
  %b = memref.alloc() : memref<8xf32>
  scf.parallel (%i) = (%c0) to (%c8) step (%c1) {
    memref.store %v, %b[%i] : memref<8xf32>
  } {fisher.work = 900000 : i64}
  return %a, %b, %0 : memref<8xf32>, memref<8xf32>, f32
}

// -----

// Large loops have threads of their own; loops that do not tell their work, or
// their number of iterations, may be large.

// CHECK-LABEL: func @others(
// CHECK-COUNT-4: scf.parallel
// CHECK-NOT: scf.for
// CHECK: return
func.func @others(%v: f32, %n: index) -> (memref<8xf32>, memref<8xf32>, memref<8xf32>, memref<8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %a = memref.alloc() : memref<8xf32>
  %b = memref.alloc() : memref<8xf32>
  %c = memref.alloc() : memref<8xf32>
  %d = memref.alloc() : memref<8xf32>
  scf.parallel (%i) = (%c0) to (%c8) step (%c1) {
    memref.store %v, %a[%i] : memref<8xf32>
  } {fisher.work = 8000000 : i64}
  scf.parallel (%i) = (%c0) to (%c8) step (%c1) {
    memref.store %v, %b[%i] : memref<8xf32>
  } {fisher.work = 80000000 : i64}
  scf.parallel (%i) = (%c0) to (%c8) step (%c1) {
    memref.store %v, %c[%i] : memref<8xf32>
  }
  scf.parallel (%i) = (%c0) to (%n) step (%c1) {
    memref.store %v, %d[%i] : memref<8xf32>
  } {fisher.work = 8000000 : i64}
  return %a, %b, %c, %d : memref<8xf32>, memref<8xf32>, memref<8xf32>, memref<8xf32>
}

// -----

// Nothing moves across what is unknown.

func.func private @f()

// CHECK-LABEL: func @call(
// CHECK: scf.parallel
// CHECK-NOT: scf.for
// CHECK: call @f
// CHECK: scf.parallel
// CHECK-COUNT-2: scf.for
// CHECK: call @f
func.func @call(%v: f32) -> (memref<8xf32>, memref<8xf32>, memref<8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %a = memref.alloc() : memref<8xf32>
  %b = memref.alloc() : memref<8xf32>
  %c = memref.alloc() : memref<8xf32>
  scf.parallel (%i) = (%c0) to (%c8) step (%c1) {
    memref.store %v, %a[%i] : memref<8xf32>
  } {fisher.work = 8000000 : i64}
  func.call @f() : () -> ()
  scf.parallel (%i) = (%c0) to (%c8) step (%c1) {
    memref.store %v, %b[%i] : memref<8xf32>
  } {fisher.work = 8000000 : i64}
  scf.parallel (%i) = (%c0) to (%c8) step (%c1) {
    memref.store %v, %c[%i] : memref<8xf32>
  } {fisher.work = 8000000 : i64}
  func.call @f() : () -> ()
  return %a, %b, %c : memref<8xf32>, memref<8xf32>, memref<8xf32>
}

// -----

// Operations on large buffers keep their order, whatever the loops between
// them depend on: %late could be before the first loop otherwise.

// CHECK-LABEL: func @large(
// CHECK: scf.parallel
// CHECK-COUNT-2: scf.for
// CHECK: %[[EARLY:.*]] = memref.alloc(%{{.*}})
// CHECK: memref.store %{{.*}}, %[[EARLY]]
// CHECK: memref.dealloc %[[EARLY]]
// CHECK: %[[LATE:.*]] = memref.alloc(%{{.*}})
// CHECK: memref.store %{{.*}}, %[[LATE]]
// CHECK: return
func.func @large(%v: f32, %n: index) -> (memref<8xf32>, memref<?xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %a = memref.alloc() : memref<8xf32>
  %b = memref.alloc() : memref<8xf32>
  %early = memref.alloc(%n) : memref<?xf32>
  scf.parallel (%i) = (%c0) to (%c8) step (%c1) {
    memref.store %v, %a[%i] : memref<8xf32>
  } {fisher.work = 8000000 : i64}
  scf.parallel (%i) = (%c0) to (%c8) step (%c1) {
    memref.store %v, %b[%i] : memref<8xf32>
  } {fisher.work = 8000000 : i64}
  %0 = memref.load %b[%c0] : memref<8xf32>
  memref.store %0, %early[%c0] : memref<?xf32>
  memref.dealloc %early : memref<?xf32>
  %late = memref.alloc(%n) : memref<?xf32>
  memref.store %v, %late[%c0] : memref<?xf32>
  memref.dealloc %b : memref<8xf32>
  return %a, %late : memref<8xf32>, memref<?xf32>
}

// -----

// Each block by itself.

// CHECK-LABEL: func @nested(
// CHECK: scf.if
// CHECK: scf.parallel
// CHECK-COUNT-2: scf.for
// CHECK-NOT: scf.parallel
// CHECK: } else {
// CHECK: scf.parallel
// CHECK: scf.while
// CHECK: } do {
// CHECK: scf.parallel
// CHECK-COUNT-2: scf.for
// CHECK-NOT: scf.parallel
// CHECK: return
func.func @nested(%v: f32, %is: i1) -> (memref<8xf32>, memref<8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %a = memref.alloc() : memref<8xf32>
  %b = memref.alloc() : memref<8xf32>
  scf.if %is {
    scf.parallel (%i) = (%c0) to (%c8) step (%c1) {
      memref.store %v, %a[%i] : memref<8xf32>
    } {fisher.work = 8000000 : i64}
    scf.parallel (%i) = (%c0) to (%c8) step (%c1) {
      memref.store %v, %b[%i] : memref<8xf32>
    } {fisher.work = 8000000 : i64}
  } else {
    scf.parallel (%i) = (%c0) to (%c8) step (%c1) {
      memref.store %v, %a[%i] : memref<8xf32>
    } {fisher.work = 8000000 : i64}
  }
  scf.while (%i = %c0) : (index) -> index {
    %more = arith.cmpi ult, %i, %c8 : index
    scf.condition(%more) %i : index
  } do {
  ^bb0(%i: index):
    scf.parallel (%j) = (%c0) to (%c8) step (%c1) {
      memref.store %v, %a[%j] : memref<8xf32>
    } {fisher.work = 8000000 : i64}
    scf.parallel (%j) = (%c0) to (%c8) step (%c1) {
      memref.store %v, %b[%j] : memref<8xf32>
    } {fisher.work = 8000000 : i64}
    %next = arith.addi %i, %c1 : index
    scf.yield %next : index
  }
  return %a, %b : memref<8xf32>, memref<8xf32>
}
