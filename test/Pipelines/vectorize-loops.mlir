// RUN: fisher-opt --fisher-vectorize-loops="vector-bits=512 cache-bytes=0" --canonicalize --split-input-file %s | FileCheck %s
// RUN: fisher-opt --fisher-vectorize-loops="vector-bits=512 cache-bytes=0" --split-input-file %s | FileCheck %s --check-prefix=WORK
// RUN: fisher-opt --fisher-vectorize-loops="vector-bits=512 cache-bytes=1000000" --canonicalize --split-input-file %s | FileCheck %s --check-prefix=STREAM

#id = affine_map<(i) -> (i)>

// Whole vectors of a known size need no tail; a short body takes four registers
// at once.

// CHECK-LABEL: func @whole(
// CHECK-NOT: scf.parallel
// CHECK: scf.for %[[I:.*]] = %{{.*}} to %c512 step %c64 {
// CHECK-NEXT: %[[X:.*]] = vector.load %{{.*}}[%[[I]]] : memref<512xf32>, vector<64xf32>
// CHECK-NEXT: %[[Y:.*]] = math.sqrt %[[X]] : vector<64xf32>
// CHECK-NEXT: vector.store %[[Y]], %{{.*}}[%[[I]]] : memref<512xf32>, vector<64xf32>
// CHECK-NOT: mask
// CHECK: return

// One block is a loop of one iteration, which tells its work: a short body is
// 61 operations, as it waits for memory.

// WORK-LABEL: func @whole(
// WORK: scf.parallel
// WORK: fisher.work = 31232 : i64
func.func @whole(%x: memref<512xf32>, %y: memref<512xf32>) {
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : memref<512xf32>) outs(%y : memref<512xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = math.sqrt %in : f32
    linalg.yield %0 : f32
  }
  return
}

// -----

#id = affine_map<(i, j) -> (i, j)>
#one = affine_map<(i, j) -> ()>

// Contiguous dimensions are one. Blocks are for threads; each leaves a partial
// sum in f64, and neighbours are added until one is left. The tail is masked.

// CHECK-LABEL: func @blocks(
// CHECK-SAME: %[[X:[^:]*]]: memref<?x?xf32>, %[[Y:[^:]*]]: memref<?x?xf32>, %[[S:[^:]*]]: memref<f32>
// CHECK: %[[PARTIALS:.*]] = memref.alloca() : memref<1024xf64>
// CHECK: memref.collapse_shape %[[X]]
// CHECK: scf.parallel (%[[BLOCK:.*]]) =
// CHECK: scf.for
// CHECK: vector.load %{{.*}} : memref<?xf32>, vector<64xf32>
// CHECK: vector.store
// CHECK: arith.extf %{{.*}} : vector<64xf32> to vector<64xf64>
// CHECK: arith.addf %{{.*}} : vector<64xf64>
// CHECK: scf.if
// CHECK: %[[MASK:.*]] = vector.create_mask
// CHECK: vector.maskedload %{{.*}}, %[[MASK]]
// CHECK: vector.maskedstore %{{.*}}, %[[MASK]]
// CHECK: arith.select %[[MASK]], %{{.*}} : vector<64xi1>, vector<64xf64>
// CHECK: %[[LOW:.*]] = vector.extract_strided_slice %[[LANES:.*]] {offsets = [0], sizes = [32], strides = [1]}
// CHECK: %[[HIGH:.*]] = vector.extract_strided_slice %[[LANES]] {offsets = [32], sizes = [32], strides = [1]}
// CHECK: arith.addf %[[LOW]], %[[HIGH]] : vector<32xf64>
// CHECK: %[[TOTAL:.*]] = vector.extract %{{.*}}[0] : f64 from vector<1xf64>
// CHECK: memref.store %[[TOTAL]], %[[PARTIALS]][%[[BLOCK]]]
// CHECK: scf.while
// CHECK: %[[SUM:.*]] = arith.truncf %{{.*}} : f64 to f32
// CHECK: memref.store %[[SUM]], %[[S]][]

// Large results that are not read are stored around the cache, where they are
// aligned.

// WORK-LABEL: func @blocks(
// WORK: scf.parallel
// WORK-NOT: fisher.work
// WORK: return

// STREAM-LABEL: func @blocks(
// STREAM: %[[ADDRESS:.*]] = memref.extract_aligned_pointer_as_index
// STREAM: %[[REST:.*]] = arith.remui %[[ADDRESS]], %c64
// STREAM: %[[ALIGNED:.*]] = arith.cmpi eq, %[[REST]], %c0
// STREAM: %[[LARGE:.*]] = arith.cmpi ugt, %{{.*}}, %c1000000
// STREAM: %[[STREAMS:.*]] = arith.andi %[[LARGE]], %[[ALIGNED]]
// STREAM: scf.if %[[STREAMS]] {
// STREAM-NEXT: vector.store %{{.*}} {alignment = 64 : i64, nontemporal = true}
// STREAM-NEXT: } else {
// STREAM-NEXT: vector.store
// STREAM-NOT: nontemporal
// STREAM: return
func.func @blocks(%x: memref<?x?xf32>, %y: memref<?x?xf32>, %s: memref<f32>) {
  linalg.generic {indexing_maps = [#id, #id, #one], iterator_types = ["reduction", "reduction"]}
      ins(%x : memref<?x?xf32>) outs(%y, %s : memref<?x?xf32>, memref<f32>) {
  ^bb0(%in: f32, %out: f32, %sum: f32):
    %0 = arith.mulf %in, %in : f32
    %1 = arith.addf %sum, %0 : f32
    linalg.yield %0, %1 : f32, f32
  }
  return
}

// -----

#id = affine_map<(i) -> (i)>

// What is written in place is in the cache already.

// STREAM-LABEL: func @inPlace(
// STREAM-NOT: nontemporal
// STREAM: return
func.func @inPlace(%x: memref<?xf32>) {
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : memref<?xf32>) outs(%x : memref<?xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = math.sqrt %in : f32
    linalg.yield %0 : f32
  }
  return
}

// -----

#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
#column = affine_map<(i, j) -> (j)>
#transposed = affine_map<(i, j) -> (j, i)>

// Along rows, and along columns.

// CHECK-LABEL: func @rows(
// CHECK: scf.for
// CHECK: vector.load %{{.*}} : memref<8x128xf32>, vector<64xf32>
// CHECK: arith.maximumf %{{.*}} : vector<1xf32>
// CHECK: vector.extract %{{.*}}[0] : f32 from vector<1xf32>
// CHECK: memref.store
func.func @rows(%x: memref<8x128xf32>, %y: memref<8xf32>) {
  linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<8x128xf32>) outs(%y : memref<8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.maximumf %in, %out : f32
    linalg.yield %0 : f32
  }
  return
}

// CHECK-LABEL: func @columns(
// CHECK: scf.for %[[J:.*]] = %{{.*}} to %c128 step %c64
// CHECK: scf.for %[[I:.*]] = %c0 to %c8 step %c1
// CHECK: vector.load %{{.*}}[%[[I]], %[[J]]]
// CHECK-NOT: vector.extract
// CHECK: vector.store %{{.*}}[%[[J]]] : memref<128xf32>, vector<64xf32>
func.func @columns(%x: memref<8x128xf32>, %y: memref<128xf32>) {
  linalg.generic {indexing_maps = [#id, #column], iterator_types = ["reduction", "parallel"]}
      ins(%x : memref<8x128xf32>) outs(%y : memref<128xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.maximumf %in, %out : f32
    linalg.yield %0 : f32
  }
  return
}

// Sums of columns go along the rows, whatever the order of the loops.

// CHECK-LABEL: func @columns_first(
// CHECK-SAME:  %[[X:.*]]: memref<64x2048xf32>
// CHECK:       scf.parallel
// CHECK:       scf.for
// CHECK:         scf.for
// CHECK:           vector.load %[[X]]
// CHECK-SAME:        vector<64xf32>
func.func @columns_first(%x: memref<64x2048xf32>, %y: memref<2048xf32>) {
  linalg.generic {indexing_maps = [#transposed, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<64x2048xf32>) outs(%y : memref<2048xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.addf %out, %in : f32
    linalg.yield %0 : f32
  }
  return
}

// A transposed operand is gathered, a broadcast one stays a number.

// CHECK-LABEL: func @operands(
// CHECK: vector.gather {{.*}} : memref<128x8xf32>
// CHECK: memref.load %{{.*}} : memref<8xf32>
func.func @operands(%x: memref<128x8xf32>, %b: memref<8xf32>, %y: memref<8x128xf32>) {
  linalg.generic {indexing_maps = [#transposed, #row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x, %b : memref<128x8xf32>, memref<8xf32>) outs(%y : memref<8x128xf32>) {
  ^bb0(%in: f32, %bias: f32, %out: f32):
    %0 = arith.addf %in, %bias : f32
    linalg.yield %0 : f32
  }
  return
}

// -----

#id = affine_map<(i) -> (i)>
#one = affine_map<(i) -> ()>

// In a loop, blocks are no threads. A fill is a loop too.

// WORK-LABEL: func @inner(
// WORK-NOT: scf.parallel
// WORK: return

// CHECK-LABEL: func @inner(
// CHECK-NOT: scf.parallel
// CHECK: vector.store
func.func @inner(%x: memref<?xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  scf.for %i = %c0 to %n step %c1 {
    linalg.fill ins(%zero : f32) outs(%x : memref<?xf32>)
  }
  return
}

// Two results that depend on each other, and bits, have no vector form here.

// CHECK-LABEL: func @unsupported(
// CHECK: linalg.generic
// CHECK: linalg.generic
func.func @unsupported(%x: memref<?xf32>, %most: memref<f32>, %at: memref<i32>, %bits: memref<?xi1>) {
  linalg.generic {indexing_maps = [#id, #one, #one], iterator_types = ["reduction"]}
      ins(%x : memref<?xf32>) outs(%most, %at : memref<f32>, memref<i32>) {
  ^bb0(%in: f32, %m: f32, %k: i32):
    %i = linalg.index 0 : index
    %c = arith.index_cast %i : index to i32
    %more = arith.cmpf ogt, %in, %m : f32
    %0 = arith.select %more, %in, %m : f32
    %1 = arith.select %more, %c, %k : i32
    linalg.yield %0, %1 : f32, i32
  }
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : memref<?xf32>) outs(%bits : memref<?xi1>) {
  ^bb0(%in: f32, %out: i1):
    %0 = arith.cmpf ogt, %in, %in : f32
    linalg.yield %0 : i1
  }
  return
}

// -----

#id = affine_map<(i) -> (i)>

// While much is computed from a row, the next one is asked for, 16 floats a
// time; not behind what is no row of something larger.

// CHECK-LABEL: func @next_row(
// CHECK-SAME: %{{.*}}: memref<?x256xf32>, %[[Y:.*]]: memref<256xf32>
// CHECK: %[[ROW:.*]] = memref.subview
// CHECK: scf.for %[[I:.*]] = %{{.*}} to %c256 step %[[STEP:.*]] {
// CHECK: vector.load %[[ROW]][%[[I]]]
// CHECK: %[[NEXT:.*]] = arith.addi %[[I]], %c256
// CHECK: memref.prefetch %[[ROW]][%[[NEXT]]], read, locality<2>, data
// CHECK: %[[LINE:.*]] = arith.addi %[[I]], %c272
// CHECK: memref.prefetch %[[ROW]][%[[LINE]]], read, locality<2>, data
// CHECK-NOT: memref.prefetch %[[Y]]
// CHECK: vector.store
func.func @next_row(%x: memref<?x256xf32>, %y: memref<256xf32>, %z: memref<256xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = memref.dim %x, %c0 : memref<?x256xf32>
  scf.for %i = %c0 to %n step %c1 {
    %row = memref.subview %x[%i, 0] [1, 256] [1, 1] : memref<?x256xf32> to memref<256xf32, strided<[1], offset: ?>>
    linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel"]}
        ins(%row, %y : memref<256xf32, strided<[1], offset: ?>>, memref<256xf32>)
        outs(%z : memref<256xf32>) {
    ^bb0(%a: f32, %b: f32, %out: f32):
      %0 = arith.mulf %a, %b : f32
      %1 = arith.addf %0, %a : f32
      %2 = arith.mulf %1, %b : f32
      %3 = arith.addf %2, %a : f32
      %4 = arith.mulf %3, %b : f32
      %5 = arith.addf %4, %a : f32
      %6 = arith.mulf %5, %b : f32
      %7 = arith.addf %6, %a : f32
      %8 = arith.mulf %7, %b : f32
      %9 = arith.addf %8, %a : f32
      %10 = arith.mulf %9, %b : f32
      %11 = arith.addf %10, %a : f32
      %12 = arith.mulf %11, %b : f32
      %13 = arith.addf %12, %a : f32
      %14 = arith.mulf %13, %b : f32
      %15 = arith.addf %14, %a : f32
      linalg.yield %15 : f32
    }
  }
  return
}

// A row that is written is asked for however short the body is, once.

// CHECK-LABEL: func @written_row(
// CHECK: %[[ROW:.*]] = memref.subview
// CHECK-NOT: memref.prefetch
// CHECK: vector.store %{{.*}}, %[[ROW]][%[[I:[a-z0-9]+]]]
// CHECK: %[[NEXT:.*]] = arith.addi %[[I]], %c256
// CHECK-NEXT: memref.prefetch %[[ROW]][%[[NEXT]]], write, locality<2>, data
// CHECK-COUNT-3: memref.prefetch %[[ROW]][%{{.*}}], write, locality<2>, data
// CHECK-NOT: memref.prefetch
func.func @written_row(%x: memref<?x256xf32>, %y: memref<256xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = memref.dim %x, %c0 : memref<?x256xf32>
  scf.for %i = %c0 to %n step %c1 {
    %row = memref.subview %x[%i, 0] [1, 256] [1, 1] : memref<?x256xf32> to memref<256xf32, strided<[1], offset: ?>>
    linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
        ins(%y : memref<256xf32>)
        outs(%row : memref<256xf32, strided<[1], offset: ?>>) {
    ^bb0(%a: f32, %before: f32):
      %0 = arith.addf %a, %before : f32
      linalg.yield %0 : f32
    }
  }
  return
}

// CHECK-LABEL: func @next_block(
// CHECK: %[[BLOCK:.*]] = memref.collapse_shape
// CHECK: %[[NEXT:.*]] = arith.addi %{{.*}}, %c16
// CHECK: memref.prefetch %[[BLOCK]][%[[NEXT]]], read, locality<2>, data
// CHECK-NEXT: vector.transfer_read %[[BLOCK]][%c16]
// CHECK: memref.prefetch %[[BLOCK]][%{{.*}}], write, locality<2>, data
// CHECK-NEXT: vector.transfer_write %{{.*}}, %[[BLOCK]][%c0]
func.func @next_block(%x: memref<?x3xf32>, %rows: index) {
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  %zero = arith.constant 0.0 : f32
  %n = memref.dim %x, %c0 : memref<?x3xf32>
  scf.for %i = %c0 to %n step %rows {
    %block = memref.subview %x[%i, 0] [%rows, 3] [1, 1] : memref<?x3xf32> to memref<?x3xf32, strided<[3, 1], offset: ?>>
    %flat = memref.collapse_shape %block [[0, 1]] : memref<?x3xf32, strided<[3, 1], offset: ?>> into memref<?xf32, strided<[1], offset: ?>>
    %v = vector.transfer_read %flat[%c16], %zero : memref<?xf32, strided<[1], offset: ?>>, vector<16xf32>
    vector.transfer_write %v, %flat[%c0] : vector<16xf32>, memref<?xf32, strided<[1], offset: ?>>
  }
  return
}

// -----

#id = affine_map<(i) -> (i)>
#one = affine_map<(i) -> ()>

// Sums leave registers for the rest: 64 numbers at once would take 24 for three
// sums in f64. They are added with the flags that they have in the body.

// CHECK-LABEL: func @many_sums(
// CHECK: scf.for %{{.*}} step %c32
// CHECK-COUNT-3: arith.addf %{{.*}} fastmath<contract> : vector<32xf64>
func.func @many_sums(%x: memref<4096xf32>, %y: memref<4096xf32>, %s: memref<f64>, %t: memref<f64>, %u: memref<f64>) {
  linalg.generic {indexing_maps = [#id, #id, #one, #one, #one], iterator_types = ["reduction"]}
      ins(%x, %y : memref<4096xf32>, memref<4096xf32>) outs(%s, %t, %u : memref<f64>, memref<f64>, memref<f64>) {
  ^bb0(%a: f32, %b: f32, %before0: f64, %before1: f64, %before2: f64):
    %0 = arith.extf %a : f32 to f64
    %1 = arith.extf %b : f32 to f64
    %2 = arith.mulf %0, %0 fastmath<contract> : f64
    %3 = arith.mulf %0, %1 fastmath<contract> : f64
    %4 = arith.mulf %1, %1 fastmath<contract> : f64
    %5 = arith.addf %before0, %2 fastmath<contract> : f64
    %6 = arith.addf %before1, %3 fastmath<contract> : f64
    %7 = arith.addf %before2, %4 fastmath<contract> : f64
    linalg.yield %5, %6, %7 : f64, f64, f64
  }
  return
}

// -----

// A dimension of size one that is read at zero: upstream cannot collapse such a
// loop, so that it stays.

// CHECK-LABEL: func @dimension_of_one(
// CHECK: linalg.generic {{.*}}["parallel", "parallel", "parallel"]
func.func @dimension_of_one(%a: memref<4x8x1xf32>, %o: memref<4x8x16xf32>) {
  linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1, 0)>,
                                   affine_map<(d0, d1, d2) -> (d0, d1, d2)>],
                  iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%a : memref<4x8x1xf32>) outs(%o : memref<4x8x16xf32>) {
  ^bb0(%x: f32, %y: f32):
    %0 = arith.negf %x : f32
    linalg.yield %0 : f32
  }
  return
}
