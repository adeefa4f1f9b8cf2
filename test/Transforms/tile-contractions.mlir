// RUN: fisher-opt %s --fisher-tile-contractions=vector-bits=256 --canonicalize --cse --split-input-file | FileCheck %s
// RUN: fisher-opt %s --pass-pipeline="builtin.module(func.func(fisher-tile-contractions{vector-bits=512}))" --split-input-file | FileCheck %s --check-prefix=WIDE

// One tile: nothing is packed, nothing is masked.

// CHECK-LABEL: func @tile(
// CHECK-SAME:    %[[A:.*]]: memref<2x4xf32>, %[[B:.*]]: memref<4x8xf32>, %[[C:.*]]: memref<2x8xf32>)
// CHECK-DAG:  %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG:  %[[C1:.*]] = arith.constant 1 : index
// CHECK-DAG:  %[[C4:.*]] = arith.constant 4 : index
// CHECK-DAG:  %[[ZERO:.*]] = arith.constant dense<0.000000e+00> : vector<8xf32>
// CHECK:      %[[SUMS:.*]]:2 = scf.for %[[K:.*]] = %[[C0]] to %[[C4]] step %[[C1]] iter_args(%[[S0:.*]] = %[[ZERO]], %[[S1:.*]] = %[[ZERO]])
// CHECK:        %[[ROW:.*]] = vector.load %[[B]][%[[K]], %[[C0]]]
// CHECK:        %[[A0:.*]] = memref.load %[[A]][%[[C0]], %[[K]]]
// CHECK:        %[[V0:.*]] = vector.broadcast %[[A0]]
// CHECK:        %[[R0:.*]] = vector.fma %[[V0]], %[[ROW]], %[[S0]] : vector<8xf32>
// CHECK:        %[[A1:.*]] = memref.load %[[A]][%[[C1]], %[[K]]]
// CHECK:        %[[V1:.*]] = vector.broadcast %[[A1]]
// CHECK:        %[[R1:.*]] = vector.fma %[[V1]], %[[ROW]], %[[S1]] : vector<8xf32>
// CHECK:        scf.yield %[[R0]], %[[R1]]
// CHECK:      %[[OLD0:.*]] = vector.load %[[C]][%[[C0]], %[[C0]]]
// CHECK:      %[[NEW0:.*]] = arith.addf %[[OLD0]], %[[SUMS]]#0
// CHECK:      vector.store %[[NEW0]], %[[C]][%[[C0]], %[[C0]]]
// CHECK:      %[[OLD1:.*]] = vector.load %[[C]][%[[C1]], %[[C0]]]
// CHECK:      %[[NEW1:.*]] = arith.addf %[[OLD1]], %[[SUMS]]#1
// CHECK:      vector.store %[[NEW1]], %[[C]][%[[C1]], %[[C0]]]
// CHECK-NEXT: return

// WIDE-LABEL: func @tile(
// WIDE:       vector.fma {{.*}} : vector<16xf32>
func.func @tile(%a: memref<2x4xf32>, %b: memref<4x8xf32>, %c: memref<2x8xf32>) {
  linalg.matmul ins(%a, %b : memref<2x4xf32>, memref<4x8xf32>) outs(%c : memref<2x8xf32>)
  return
}

// -----

// Sizes that are not known: blocks in parallel, packed panels, masks. The sum
// is a loop in a block.

// CHECK-LABEL: func @dynamic(
// CHECK-NOT:  linalg
// CHECK:      scf.forall (%{{.*}}, %{{.*}}) in
// CHECK:        %[[LEFT:.*]] = memref.alloc() {alignment = 64 : i64}
// CHECK:        %[[RIGHT:.*]] = memref.alloc() {alignment = 64 : i64}
// CHECK:        scf.for
// CHECK:          vector.maskedload
// CHECK:          vector.store {{.*}}, %[[RIGHT]]
// CHECK:          vector.maskedload
// CHECK:          vector.store {{.*}}, %[[LEFT]]
// CHECK:          scf.for {{.*}} iter_args
// CHECK:            vector.load %[[RIGHT]]
// CHECK:            memref.load %[[LEFT]]
// CHECK:            vector.fma
// CHECK:          scf.if
// CHECK:            vector.store
// CHECK:          } else {
// CHECK:            vector.maskedstore
// CHECK:        memref.dealloc %[[LEFT]]
// CHECK:        memref.dealloc %[[RIGHT]]
// CHECK-NOT:  linalg
// CHECK:      return
func.func @dynamic(%a: memref<?x?xf32>, %b: memref<?x?xf32>, %c: memref<?x?xf32>) {
  linalg.matmul ins(%a, %b : memref<?x?xf32>, memref<?x?xf32>) outs(%c : memref<?x?xf32>)
  return
}

// -----

// A right operand with contiguous columns is transposed as it is packed.

// CHECK-LABEL: func @transposed(
// CHECK-COUNT-8:  vector.maskedload
// CHECK-COUNT-24: vector.shuffle
// CHECK-COUNT-8:  vector.store
func.func @transposed(%a: memref<200x300xf32>, %b: memref<400x300xf32>, %c: memref<200x400xf32>) {
  linalg.contract indexing_maps = [affine_map<(m, n, k) -> (m, k)>,
                                   affine_map<(m, n, k) -> (n, k)>,
                                   affine_map<(m, n, k) -> (m, n)>]
      ins(%a, %b : memref<200x300xf32>, memref<400x300xf32>) outs(%c : memref<200x400xf32>)
  return
}

// -----

// A narrow result has a block of rows for each of some threads. Its right operand
// would be the same packed, its left one is read once.

// CHECK-LABEL: func @narrow_result(
// CHECK-NOT:   memref.alloc
// CHECK:       scf.forall (%{{.*}}) in (4)
// CHECK-NOT:   memref.alloc
// CHECK:       return
func.func @narrow_result(%a: memref<64x2048xf32>, %b: memref<2048x10xf32>, %c: memref<64x10xf32>) {
  linalg.matmul ins(%a, %b : memref<64x2048xf32>, memref<2048x10xf32>) outs(%c : memref<64x10xf32>)
  return
}

// -----

// For few rows nothing is transposed: vectors of both operands are along the
// sum, and their lanes are added at the end.

// CHECK-LABEL: func @few_rows(
// CHECK-SAME:  %[[A:.*]]: memref<2x100xf32>, %[[B:.*]]: memref<8x100xf32>,
// CHECK-NOT:   memref.alloc
// CHECK:       %[[SUMS:.*]]:8 = scf.for
// CHECK-COUNT-4: vector.load %[[B]]
// CHECK:         vector.load %[[A]]
// CHECK-COUNT-4: vector.fma
// CHECK:         vector.load %[[A]]
// CHECK-COUNT-4: vector.fma
// CHECK-NOT:     vector.fma
// CHECK:         scf.yield
// What is left of the rows, and the other columns.
// CHECK-COUNT-4: vector.maskedload %[[B]]
// CHECK:       scf.for
// CHECK:       vector.shuffle {{.*}} [0, 2, 4, 6, 8, 10, 12, 14]
// CHECK:       vector.shuffle {{.*}} [1, 3, 5, 7, 9, 11, 13, 15]
// CHECK:       arith.addf
// CHECK:       vector.store
func.func @few_rows(%a: memref<2x100xf32>, %b: memref<8x100xf32>, %c: memref<2x8xf32>) {
  linalg.contract indexing_maps = [affine_map<(m, n, k) -> (m, k)>,
                                   affine_map<(m, n, k) -> (n, k)>,
                                   affine_map<(m, n, k) -> (m, n)>]
      ins(%a, %b : memref<2x100xf32>, memref<8x100xf32>) outs(%c : memref<2x8xf32>)
  return
}

// -----

// Zeros that only the sum would read are not written, if it is one block.

// CHECK-LABEL: func @zeros(
// CHECK:       %[[C:.*]] = memref.alloc()
// CHECK-NOT:   linalg.fill
// CHECK:       scf.for
// CHECK-NOT:   vector.load %[[C]]
// CHECK:       return
func.func @zeros(%a: memref<2x4xf32>, %b: memref<4x8xf32>) -> memref<2x8xf32> {
  %zero = arith.constant 0.0 : f32
  %c = memref.alloc() : memref<2x8xf32>
  linalg.fill ins(%zero : f32) outs(%c : memref<2x8xf32>)
  linalg.matmul ins(%a, %b : memref<2x4xf32>, memref<4x8xf32>) outs(%c : memref<2x8xf32>)
  return %c : memref<2x8xf32>
}

// -----

// CHECK-LABEL: func @zeros_in_argument(
// CHECK-NOT:   linalg.fill
// CHECK:       return
func.func @zeros_in_argument(%a: memref<2x4xf32>, %b: memref<4x8xf32>, %c: memref<2x8xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%c : memref<2x8xf32>)
  linalg.matmul ins(%a, %b : memref<2x4xf32>, memref<4x8xf32>) outs(%c : memref<2x8xf32>)
  return
}

// -----

// Neither what else is done in between matters, nor the buffer's shape.

// CHECK-LABEL: func @zeros_in_another_shape(
// CHECK-NOT:   linalg.fill
// CHECK:       return
func.func @zeros_in_another_shape(%a: memref<2x4xf32>, %b: memref<4x8xf32>) -> memref<16xf32> {
  %zero = arith.constant 0.0 : f32
  %flat = memref.alloc() : memref<16xf32>
  linalg.fill ins(%zero : f32) outs(%flat : memref<16xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      outs(%a : memref<2x4xf32>) {
  ^bb0(%x: f32):
    %0 = math.exp %x : f32
    linalg.yield %0 : f32
  }
  %c = memref.expand_shape %flat [[0, 1]] output_shape [2, 8] : memref<16xf32> into memref<2x8xf32>
  linalg.matmul ins(%a, %b : memref<2x4xf32>, memref<4x8xf32>) outs(%c : memref<2x8xf32>)
  return %flat : memref<16xf32>
}

// -----

// They are written if only a part was filled, or if something in between writes.

// CHECK-LABEL: func @zeros_in_part(
// CHECK-COUNT-2: linalg.fill
// CHECK:       return
func.func @zeros_in_part(%a: memref<2x4xf32>, %b: memref<4x8xf32>) -> (memref<2x8xf32>, memref<2x8xf32>) {
  %zero = arith.constant 0.0 : f32
  %c = memref.alloc() : memref<2x8xf32>
  %row = memref.subview %c[0, 0] [1, 8] [1, 1] : memref<2x8xf32> to memref<1x8xf32, strided<[8, 1]>>
  linalg.fill ins(%zero : f32) outs(%row : memref<1x8xf32, strided<[8, 1]>>)
  linalg.matmul ins(%a, %b : memref<2x4xf32>, memref<4x8xf32>) outs(%c : memref<2x8xf32>)
  %e = memref.alloc() : memref<2x8xf32>
  linalg.fill ins(%zero : f32) outs(%e : memref<2x8xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      outs(%e : memref<2x8xf32>) {
  ^bb0(%x: f32):
    %0 = math.exp %x : f32
    linalg.yield %0 : f32
  }
  linalg.matmul ins(%a, %b : memref<2x4xf32>, memref<4x8xf32>) outs(%e : memref<2x8xf32>)
  return %c, %e : memref<2x8xf32>, memref<2x8xf32>
}

// -----

// They are if they are read in between, under another name too.

// CHECK-LABEL: func @zeros_read(
// CHECK-COUNT-2: linalg.fill
func.func @zeros_read(%a: memref<2x4xf32>, %b: memref<4x8xf32>)
    -> (memref<2x8xf32>, memref<2x8xf32>, memref<2x8xf32>, memref<16xf32>) {
  %zero = arith.constant 0.0 : f32
  %copy = memref.alloc() : memref<2x8xf32>
  %c = memref.alloc() : memref<2x8xf32>
  linalg.fill ins(%zero : f32) outs(%c : memref<2x8xf32>)
  linalg.copy ins(%c : memref<2x8xf32>) outs(%copy : memref<2x8xf32>)
  linalg.matmul ins(%a, %b : memref<2x4xf32>, memref<4x8xf32>) outs(%c : memref<2x8xf32>)
  %e = memref.alloc() : memref<2x8xf32>
  %flat = memref.collapse_shape %e [[0, 1]] : memref<2x8xf32> into memref<16xf32>
  %flat_copy = memref.alloc() : memref<16xf32>
  linalg.fill ins(%zero : f32) outs(%e : memref<2x8xf32>)
  linalg.copy ins(%flat : memref<16xf32>) outs(%flat_copy : memref<16xf32>)
  linalg.matmul ins(%a, %b : memref<2x4xf32>, memref<4x8xf32>) outs(%e : memref<2x8xf32>)
  return %c, %copy, %e, %flat_copy : memref<2x8xf32>, memref<2x8xf32>, memref<2x8xf32>, memref<16xf32>
}

// -----

// Narrow elements are summed in f32 and rounded at the end.

// CHECK-LABEL: func @narrow(
// CHECK:       %[[SUMS:.*]] = memref.alloc() {{.*}} : memref<{{.*}}xf32>
// CHECK:       arith.extf
// CHECK:       vector.store {{.*}}, %[[SUMS]]
// CHECK:       vector.fma {{.*}} : vector<8xf32>
// CHECK:       vector.store {{.*}}, %[[SUMS]]
// CHECK:       scf.for
// CHECK-NEXT:    affine.apply
// CHECK-NEXT:    %[[SUM:.*]] = vector.load %[[SUMS]]
// CHECK:         arith.truncf %[[SUM]] : vector<8xf32> to vector<8xbf16>
// CHECK-NOT:   arith.truncf
func.func @narrow(%a: memref<2x4xbf16>, %b: memref<4x8xbf16>, %c: memref<2x8xbf16>) {
  linalg.matmul ins(%a, %b : memref<2x4xbf16>, memref<4x8xbf16>) outs(%c : memref<2x8xbf16>)
  return
}

// -----

// A convolution is a sum of products of matrices.

// CHECK-LABEL: func @convolution(
// CHECK-NOT:   linalg
// CHECK:       scf.forall
// CHECK:       vector.fma
// CHECK-NOT:   linalg
// CHECK:       return
func.func @convolution(%image: memref<8x30x30x16xf32>, %filter: memref<3x3x16x32xf32>,
                       %out: memref<8x28x28x32xf32>) {
  linalg.conv_2d_nhwc_hwcf
      ins(%image, %filter : memref<8x30x30x16xf32>, memref<3x3x16x32xf32>) outs(%out : memref<8x28x28x32xf32>)
  return
}

// -----

// These stay: integers; a result whose rows are not contiguous; tensors.

// CHECK-LABEL: func @others(
// CHECK: linalg.matmul
// CHECK: linalg.matmul
// CHECK: linalg.contract
// CHECK: linalg.matmul
func.func @others(%ia: memref<2x4xi32>, %ib: memref<4x8xi32>, %ic: memref<2x8xi32>,
                  %a: memref<2x4xf32>, %b: memref<4x8xf32>, %c: memref<2x8xf32, strided<[16, 2]>>,
                  %ba: memref<4x2x3xf32>, %bb: memref<4x3x5xf32>, %bc: memref<2x5x4xf32>,
                  %ta: tensor<2x4xf32>, %tb: tensor<4x8xf32>, %tc: tensor<2x8xf32>) -> tensor<2x8xf32> {
  linalg.matmul ins(%ia, %ib : memref<2x4xi32>, memref<4x8xi32>) outs(%ic : memref<2x8xi32>)
  linalg.matmul ins(%a, %b : memref<2x4xf32>, memref<4x8xf32>) outs(%c : memref<2x8xf32, strided<[16, 2]>>)
  linalg.contract indexing_maps = [affine_map<(b, m, n, k) -> (b, m, k)>,
                                   affine_map<(b, m, n, k) -> (b, k, n)>,
                                   affine_map<(b, m, n, k) -> (m, n, b)>]
      ins(%ba, %bb : memref<4x2x3xf32>, memref<4x3x5xf32>) outs(%bc : memref<2x5x4xf32>)
  %0 = linalg.matmul ins(%ta, %tb : tensor<2x4xf32>, tensor<4x8xf32>) outs(%tc : tensor<2x8xf32>) -> tensor<2x8xf32>
  return %0 : tensor<2x8xf32>
}

// -----

// Where all tiles are whole, none is asked whether it is.

// CHECK-LABEL: func @whole(
// CHECK: vector.fma
// CHECK-NOT: scf.if
// CHECK: return
// WIDE-LABEL: func @whole(
// WIDE: vector.fma
// WIDE-NOT: scf.if
// WIDE: return
func.func @whole(%a: memref<48x64xf32>, %b: memref<64x64xf32>, %c: memref<48x64xf32>) {
  linalg.matmul ins(%a, %b : memref<48x64xf32>, memref<64x64xf32>) outs(%c : memref<48x64xf32>)
  return
}
