// RUN: fisher-opt --fisher-place-buffers --split-input-file %s | FileCheck %s

// The first and the third are not in use together. The second is, through
// another name, until the third is used.

// CHECK-DAG: memref.global "private" @share_workspace : memref<4096xi8> = uninitialized {alignment = 64 : i64}
// CHECK-DAG: memref.global "private" @share_workspace_taken : memref<i32> = dense<0>
// CHECK-LABEL: func @share(
// CHECK-NOT: memref.alloc
// CHECK: %[[TAKEN:.*]] = memref.get_global @share_workspace_taken
// CHECK: %[[BEFORE:.*]] = memref.atomic_rmw assign %c1{{.*}}, %[[TAKEN]][]
// CHECK: %[[FREE:.*]] = arith.cmpi eq, %[[BEFORE]], %c0
// CHECK: %[[SPACE:.*]] = scf.if %[[FREE]] -> (memref<4096xi8>) {
// CHECK:   %[[KEPT:.*]] = memref.get_global @share_workspace :
// CHECK:   scf.yield %[[KEPT]]
// CHECK: } else {
// CHECK:   %[[OWN:.*]] = memref.alloc() {alignment = 64 : i64} : memref<4096xi8>
// CHECK:   scf.yield %[[OWN]]
// CHECK: %[[ZERO:.*]] = arith.constant 0 : index
// CHECK: %[[A:.*]] = memref.view %[[SPACE]][%[[ZERO]]][] : memref<4096xi8> to memref<512xf32>
// CHECK: %[[HALF:.*]] = arith.constant 2048 : index
// CHECK: %[[B:.*]] = memref.view %[[SPACE]][%[[HALF]]][]
// CHECK: %[[AGAIN:.*]] = arith.constant 0 : index
// CHECK: %[[C:.*]] = memref.view %[[SPACE]][%[[AGAIN]]][]
// CHECK-NOT: memref.{{alloc|dealloc}}
// CHECK: linalg.fill {{.*}} outs(%[[A]]
// CHECK: linalg.copy ins(%[[A]] {{.*}} outs(%[[B]]
// CHECK: linalg.fill {{.*}} outs(%[[C]]
// CHECK: scf.if %[[FREE]] {
// CHECK:   memref.atomic_rmw assign %c0{{.*}}, %[[TAKEN]][]
// CHECK: } else {
// CHECK:   memref.dealloc %[[SPACE]]
// CHECK: return
func.func @share(%x: f32, %y: memref<512xf32>) {
  %c0 = arith.constant 0 : index
  %a = memref.alloc() : memref<512xf32>
  %b = memref.alloc() : memref<512xf32>
  %c = memref.alloc() : memref<512xf32>
  %view = memref.expand_shape %b [[0, 1]] output_shape [2, 256] : memref<512xf32> into memref<2x256xf32>
  linalg.fill ins(%x : f32) outs(%a : memref<512xf32>)
  linalg.copy ins(%a : memref<512xf32>) outs(%b : memref<512xf32>)
  linalg.fill ins(%x : f32) outs(%c : memref<512xf32>)
  %0 = memref.load %view[%c0, %c0] : memref<2x256xf32>
  memref.store %0, %y[%c0] : memref<512xf32>
  memref.dealloc %a : memref<512xf32>
  memref.dealloc %b : memref<512xf32>
  memref.dealloc %c : memref<512xf32>
  return
}

// -----

// Whatever is used in a loop is in use as long as the loop runs. Places are on
// lines of the cache.

// CHECK: @loop_workspace : memref<96xi8>
// CHECK-LABEL: func @loop(
// CHECK: %[[FIRST:.*]] = arith.constant 0 : index
// CHECK: memref.view %{{.*}}[%[[FIRST]]][] : memref<96xi8> to memref<33xi1>
// CHECK: %[[LAST:.*]] = arith.constant 64 : index
// CHECK: memref.view %{{.*}}[%[[LAST]]][] : memref<96xi8> to memref<4xf64>
func.func @loop(%x: f64, %y: i1, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %a = memref.alloc() : memref<4xf64>
  %b = memref.alloc() : memref<33xi1>
  scf.for %i = %c0 to %n step %c1 {
    linalg.fill ins(%x : f64) outs(%a : memref<4xf64>)
    linalg.fill ins(%y : i1) outs(%b : memref<33xi1>)
  }
  memref.dealloc %a : memref<4xf64>
  memref.dealloc %b : memref<33xi1>
  return
}

// -----

// What has a size that is not known, outlives the function, is freed elsewhere,
// or has a name that is not followed, stays.

// CHECK-NOT: memref.global
// CHECK-LABEL: func @stay(
// CHECK-COUNT-4: memref.alloc(
// CHECK-NOT: memref.view
func.func private @other(memref<8xf32>) -> memref<8xf32>
func.func @stay(%x: f32, %n: index, %flag: i1) -> memref<8xf32> {
  %dynamic = memref.alloc(%n) : memref<?xf32>
  %result = memref.alloc() : memref<8xf32>
  %sometimes = memref.alloc() : memref<8xf32>
  %given = memref.alloc() : memref<8xf32>
  linalg.fill ins(%x : f32) outs(%dynamic : memref<?xf32>)
  linalg.fill ins(%x : f32) outs(%result : memref<8xf32>)
  linalg.fill ins(%x : f32) outs(%sometimes : memref<8xf32>)
  %same = func.call @other(%given) : (memref<8xf32>) -> memref<8xf32>
  linalg.fill ins(%x : f32) outs(%same : memref<8xf32>)
  scf.if %flag {
    memref.dealloc %sometimes : memref<8xf32>
  }
  memref.dealloc %dynamic : memref<?xf32>
  memref.dealloc %given : memref<8xf32>
  return %result : memref<8xf32>
}

// -----

// A workspace of more than 256 MB is not kept.

// CHECK-NOT: memref.global
// CHECK-LABEL: func @large(
// CHECK: %[[SPACE:.*]] = memref.alloc() {alignment = 64 : i64} : memref<268435460xi8>
// CHECK: memref.view %[[SPACE]]
// CHECK: memref.dealloc %[[SPACE]]
// CHECK-NEXT: return
func.func @large(%x: f32) {
  %a = memref.alloc() : memref<67108865xf32>
  linalg.fill ins(%x : f32) outs(%a : memref<67108865xf32>)
  memref.dealloc %a : memref<67108865xf32>
  return
}

// -----

// What is never freed may be in use for ever, and what is not used needs no place.

// CHECK-NOT: memref.global
// CHECK-LABEL: func @kept(
// CHECK: memref.alloc() : memref<512xf32>
// CHECK-NOT: memref.view
// CHECK: return
func.func @kept(%x: f32) {
  %a = memref.alloc() : memref<512xf32>
  %b = memref.alloc() : memref<256xf32>
  linalg.fill ins(%x : f32) outs(%a : memref<512xf32>)
  memref.dealloc %b : memref<256xf32>
  return
}
