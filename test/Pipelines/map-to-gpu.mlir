// RUN: fisher-opt --fisher-map-to-gpu --split-input-file %s | FileCheck %s
// RUN: fisher-opt --fisher-map-to-gpu='constant-space=2 subgroup-size=64 shuffle=false' --split-input-file %s | FileCheck %s --check-prefix=OPTIONS
// RUN: fisher-opt --fisher-map-to-gpu='tensor-cores=true' --split-input-file %s | FileCheck %s --check-prefix=CORES

#identity = affine_map<(d0) -> (d0)>
#all = affine_map<(d0) -> ()>

// A range of memory: 16 bytes at once where it is aligned, then the rest.

// CHECK-LABEL: func @elementwise(
// CHECK-SAME: %[[X:.*]]: memref<?xf32>, %[[Y:.*]]: memref<?xf32>
// CHECK: gpu.launch blocks({{.*}}) in ({{.*}}) threads({{.*}}) in (%{{.*}} = %c256
// CHECK: memref.extract_aligned_pointer_as_index
// CHECK-NOT: scf.for
// CHECK: vector.load %{{.*}} {alignment = 16 : i64} : memref<?xf32, 1>, vector<4xf32>
// CHECK-COUNT-4: math.sqrt %{{.*}} : f32
// CHECK: vector.store %{{.*}} {alignment = 16 : i64} : memref<?xf32, 1>, vector<4xf32>
// CHECK-NOT: scf.for
// CHECK: memref.load
// CHECK: math.sqrt
// CHECK: memref.store
// CHECK: gpu.terminator
func.func @elementwise(%x: memref<?xf32>, %y: memref<?xf32>) {
  linalg.generic {indexing_maps = [#identity, #identity], iterator_types = ["parallel"]}
      ins(%x : memref<?xf32>) outs(%y : memref<?xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = math.sqrt %in : f32
    linalg.yield %0 : f32
  }
  return
}

// A sum is that of what each block leaves, in f64. The weight, which is read on
// the host, is read in the kernel instead.

// CHECK-LABEL: func @sum(
// CHECK: %[[PARTIALS:.*]] = gpu.alloc  (%[[BLOCKS:.*]]) : memref<?xf64>
// CHECK: gpu.launch blocks({{.*}}) in (%{{.*}} = %[[BLOCKS]],
// CHECK: memref.load %{{.*}}[] : memref<f32, 1>
// CHECK: vector.load
// CHECK: gpu.barrier
// CHECK: gpu.launch
// CHECK: gpu.barrier
// CHECK: gpu.dealloc  %[[PARTIALS]]
func.func @sum(%x: memref<?xf32>, %weight: memref<f32>, %total: memref<f64>) {
  %w = memref.load %weight[] : memref<f32>
  linalg.generic {indexing_maps = [#identity, #all], iterator_types = ["reduction"]}
      ins(%x : memref<?xf32>) outs(%total : memref<f64>) {
  ^bb0(%in: f32, %out: f64):
    %0 = arith.mulf %in, %w : f32
    %1 = arith.extf %0 : f32 to f64
    %2 = arith.addf %out, %1 : f64
    linalg.yield %2 : f64
  }
  return
}

// A total that starts from a constant needs no kernel for it, nor does what is
// computed of the total.

// CHECK-LABEL: func @total(
// CHECK: gpu.launch
// CHECK: gpu.launch
// CHECK: scf.if
// CHECK: arith.addf %{{.*}}, %{{.*}} : f64
// CHECK: memref.store %[[TOTAL:.*]], %[[SUM:.*]][] : memref<f64, 1>
// CHECK: %[[SUMMED:.*]] = memref.load %[[SUM]][]
// CHECK: %[[TWICE:.*]] = arith.addf %[[SUMMED]], %[[SUMMED]]
// CHECK: memref.store %[[TWICE]]
// CHECK-NOT: gpu.launch
// CHECK: return
func.func @total(%x: memref<?xf64>, %result: memref<f64>) {
  %zero = arith.constant 0.0 : f64
  %sum = memref.alloc() : memref<f64>
  linalg.fill ins(%zero : f64) outs(%sum : memref<f64>)
  linalg.generic {indexing_maps = [#identity, #all], iterator_types = ["reduction"]}
      ins(%x : memref<?xf64>) outs(%sum : memref<f64>) {
  ^bb0(%in: f64, %out: f64):
    %0 = arith.addf %out, %in : f64
    linalg.yield %0 : f64
  }
  %total = memref.load %sum[] : memref<f64>
  %twice = arith.addf %total, %total : f64
  memref.store %twice, %result[] : memref<f64>
  memref.dealloc %sum : memref<f64>
  return
}

// What is written in between has to be read before.

// CHECK-LABEL: func @changed(
// CHECK: gpu.memcpy
// CHECK: %[[W:.*]] = memref.load %{{.*}}[] : memref<f32>
// CHECK: gpu.launch
// CHECK: gpu.launch
// CHECK: vector.from_elements %[[W]], %[[W]], %[[W]], %[[W]]
func.func @changed(%weight: memref<f32>, %y: memref<?xf32>) {
  %zero = arith.constant 0.0 : f32
  %w = memref.load %weight[] : memref<f32>
  memref.store %zero, %weight[] : memref<f32>
  linalg.fill ins(%w : f32) outs(%y : memref<?xf32>)
  return
}

// That is one element: others may be written.

// CHECK-LABEL: func @changed_element(
// CHECK: gpu.memcpy
// CHECK: %[[W:.*]] = memref.load %{{.*}}[] : memref<f32>
// CHECK: gpu.launch
// CHECK: gpu.launch
// CHECK: vector.from_elements %[[W]], %[[W]], %[[W]], %[[W]]
// CHECK-LABEL: func @other_element(
// CHECK-NOT: gpu.memcpy
// CHECK: gpu.launch
// CHECK: gpu.launch
// CHECK: %[[W:.*]] = memref.load %{{.*}} : memref<2xf32, 1>
// CHECK: vector.from_elements %[[W]], %[[W]], %[[W]], %[[W]]
func.func @changed_element(%weights: memref<2xf32>, %y: memref<?xf32>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %w = memref.load %weights[%c0] : memref<2xf32>
  memref.store %zero, %weights[%c0] : memref<2xf32>
  linalg.fill ins(%w : f32) outs(%y : memref<?xf32>)
  return
}
func.func @other_element(%weights: memref<2xf32>, %y: memref<?xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %w = memref.load %weights[%c0] : memref<2xf32>
  memref.store %zero, %weights[%c1] : memref<2xf32>
  linalg.fill ins(%w : f32) outs(%y : memref<?xf32>)
  return
}

// -----

// A block sums each row.

// OPTIONS-LABEL: func @rows(
// OPTIONS: gpu.launch {{.*}} threads({{.*}}) in (%{{.*}} = %c128
// CHECK-LABEL: func @rows(
// CHECK: gpu.launch {{.*}} threads({{.*}}) in (%{{.*}} = %c64
// CHECK: scf.for
// CHECK: scf.for
// CHECK: memref.load %{{.*}} : memref<?x?xf32, 1>
// CHECK: gpu.barrier
func.func @rows(%x: memref<?x?xf32>, %y: memref<?xf32>) {
  linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>], iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<?x?xf32>) outs(%y : memref<?xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.addf %in, %out : f32
    linalg.yield %0 : f32
  }
  return
}

// A block computes a tile of a product: it stores vectors that were on their way
// into shared memory, fetches the next, and multiplies. What is left at the end is
// checked. The result is not read, as it was filled.

// CHECK-LABEL: func @product(
// CHECK-NOT: linalg.fill
// CHECK: gpu.launch blocks({{.*}}) in (%{{.*}} = %c1024
// CHECK-SAME: threads({{.*}}) in (%{{.*}} = %c256
// CHECK: scf.if %{{.*}} -> (vector<4xf32>,
// CHECK: vector.load {{.*}} {alignment = 16 : i64} : memref<?xf32, 1>, vector<4xf32>
// CHECK: scf.for
// CHECK: memref.store %{{.*}} : memref<2112xf32, 3>
// CHECK: vector.load {{.*}} {alignment = 16 : i64} : memref<?xf32, 1>, vector<4xf32>
// CHECK: gpu.barrier
// CHECK-COUNT-4: vector.load {{.*}} : memref<2112xf32, 3>, vector<4xf32>
// CHECK-COUNT-16: vector.fma
// CHECK: scf.for
// CHECK: gpu.barrier
// CHECK: arith.select
// CHECK: gpu.barrier
// CHECK: vector.fma
// CHECK-NOT: memref.load
// CHECK: vector.store {{.*}} : memref<?xf32, 1>, vector<4xf32>
func.func @product(%a: memref<4096x300xf32>, %b: memref<300x4096xf32>, %c: memref<4096x4096xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%c : memref<4096x4096xf32>)
  linalg.matmul ins(%a, %b : memref<4096x300xf32>, memref<300x4096xf32>) outs(%c : memref<4096x4096xf32>)
  return
}

// Where tiles are few and sums long, blocks take parts of the sum, and a second
// kernel adds them.

// CHECK-LABEL: func @parts(
// CHECK: %[[PARTS:.*]] = gpu.alloc
// CHECK: gpu.launch
// CHECK: gpu.launch
// CHECK: scf.for {{.*}} iter_args(%{{.*}} = %{{.*}}) -> (f32)
// CHECK: memref.store
// CHECK: gpu.dealloc  %[[PARTS]]
func.func @parts(%a: memref<64x784xf32>, %b: memref<784x32xf32>, %c: memref<64x32xf32>) {
  linalg.matmul ins(%a, %b : memref<64x784xf32>, memref<784x32xf32>) outs(%c : memref<64x32xf32>)
  return
}

// Without sizes the host chooses.

// CHECK-LABEL: func @choice(
// CHECK: scf.if
// CHECK: scf.if
// CHECK: gpu.launch
// CHECK: } else {
// CHECK: gpu.launch
// CHECK: } else {
// CHECK: gpu.launch

// Tensor cores multiply bf16.

// CORES-LABEL: func @choice(
// CORES: nvvm.ldmatrix
// CORES: nvvm.mma.sync {{.*}}multiplicandAPtxType = #nvvm.mma_type<bf16>
func.func @choice(%a: memref<?x?xbf16>, %b: memref<?x?xbf16>, %c: memref<?x?xbf16>) {
  linalg.matmul ins(%a, %b : memref<?x?xbf16>, memref<?x?xbf16>) outs(%c : memref<?x?xbf16>)
  return
}

// -----

// Memory is the device's; a condition of the host is copied to it.

// CHECK-LABEL: func @memory(
// CHECK: gpu.memcpy  %[[HERE:.*]], %{{.*}} : memref<i1>, memref<i1>
// CHECK: %[[CHOICE:.*]] = memref.load %[[HERE]][]
// CHECK: scf.if %[[CHOICE]]
// CHECK: %[[BUFFER:.*]] = gpu.alloc  () : memref<4xf32>
// CHECK: gpu.memcpy  %[[BUFFER]], %{{.*}} : memref<4xf32>, memref<4xf32>
// CHECK: gpu.dealloc  %[[BUFFER]]
func.func @memory(%condition: memref<i1>, %x: memref<4xf32>) {
  %choice = memref.load %condition[] : memref<i1>
  scf.if %choice {
    %buffer = memref.alloc() : memref<4xf32>
    memref.copy %x, %buffer : memref<4xf32> to memref<4xf32>
    memref.dealloc %buffer : memref<4xf32>
  }
  return
}

// -----

#identity = affine_map<(d0) -> (d0)>
#all = affine_map<(d0) -> ()>

// An iteration on a long row is a block's; its buffer is a part of one that is
// allocated before.

// CHECK-LABEL: func @events(
// CHECK: %[[SCRATCH:.*]] = gpu.alloc  (%{{.*}}) : memref<?xi8>
// CHECK: gpu.launch
// CHECK: memref.view %{{.*}} : memref<?xi8, 1> to memref<?xf32, 1>
// CHECK: gpu.barrier
// CHECK: gpu.dealloc  %[[SCRATCH]]

// CHECK-LABEL: func @few(
// CHECK-NOT: gpu.alloc
// CHECK: gpu.launch
// CHECK-NOT: gpu.barrier
// CHECK: memref.alloca() : memref<4xf32, 5>
func.func @events(%x: memref<?x?xf32>, %rows: index, %length: index) {
  scf.forall (%i) in (%rows) {
    %row = memref.subview %x[%i, 0] [1, %length] [1, 1] : memref<?x?xf32> to memref<?xf32, strided<[1], offset: ?>>
    %buffer = memref.alloc(%length) : memref<?xf32>
    linalg.generic {indexing_maps = [#identity, #identity], iterator_types = ["parallel"]}
        ins(%row : memref<?xf32, strided<[1], offset: ?>>) outs(%buffer : memref<?xf32>) {
    ^bb0(%in: f32, %out: f32):
      %0 = arith.mulf %in, %in : f32
      linalg.yield %0 : f32
    }
    linalg.generic {indexing_maps = [#identity, #identity], iterator_types = ["parallel"]}
        ins(%buffer : memref<?xf32>) outs(%row : memref<?xf32, strided<[1], offset: ?>>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    }
    memref.dealloc %buffer : memref<?xf32>
  }
  return
}

func.func @few(%x: memref<?x4xf32>, %rows: index) {
  scf.forall (%i) in (%rows) {
    %row = memref.subview %x[%i, 0] [1, 4] [1, 1] : memref<?x4xf32> to memref<4xf32, strided<[1], offset: ?>>
    %buffer = memref.alloc() : memref<4xf32>
    linalg.generic {indexing_maps = [#identity, #identity], iterator_types = ["parallel"]}
        ins(%row : memref<4xf32, strided<[1], offset: ?>>) outs(%buffer : memref<4xf32>) {
    ^bb0(%in: f32, %out: f32):
      %0 = arith.mulf %in, %in : f32
      linalg.yield %0 : f32
    }
    memref.dealloc %buffer : memref<4xf32>
  }
  return
}

// -----

// Constants of the program are the kernel's own, too.

// OPTIONS: memref.global "private" constant @table_on_device : memref<4xf32, 2> = dense<[1.000000e+00, 2.000000e+00, 3.000000e+00, 4.000000e+00]>
// CHECK: memref.global "private" constant @table_on_device : memref<4xf32, 1> =
// CHECK-LABEL: func @constants(
// CHECK: gpu.launch
// CHECK: memref.get_global @table_on_device : memref<4xf32, 1>
memref.global "private" constant @table : memref<4xf32> = dense<[1.0, 2.0, 3.0, 4.0]>
func.func @constants(%y: memref<4xf32>) {
  %x = memref.get_global @table : memref<4xf32>
  linalg.add ins(%x, %x : memref<4xf32>, memref<4xf32>) outs(%y : memref<4xf32>)
  return
}

// -----

#identity = affine_map<(d0) -> (d0)>
#all = affine_map<(d0) -> ()>

// Rows: each thread has its elements of a buffer in registers. What needs no
// total runs together, and threads read each other's totals.

// CHECK-LABEL: func @row(
// CHECK-NOT: gpu.alloc
// CHECK: gpu.launch {{.*}} threads({{.*}}) in (%{{.*}} = %c32
// CHECK: %[[OWN:.*]] = memref.alloca() : memref<3xf32, 5>
// CHECK: memref.load {{.*}} : memref<80xf32, strided<[1], offset: ?>, 1>
// CHECK: %[[SQUARE:.*]] = arith.mulf
// CHECK: memref.store %[[SQUARE]], %[[OWN]][%c0
// CHECK: %[[FIRST:.*]] = memref.load %[[OWN]][%c0
// CHECK: %[[ONE:.*]] = arith.extf %[[FIRST]] : f32 to f64
// CHECK: memref.store %{{.*}}, %[[OWN]][%c1
// CHECK: arith.cmpi ult, %{{.*}}, %c80
// CHECK: scf.if
// CHECK: memref.store %{{.*}}, %[[OWN]][%c2
// CHECK-COUNT-5: gpu.shuffle xor
// CHECK-NOT: gpu.shuffle
// CHECK: memref.load %[[OWN]][%c0

// Without shuffles, in memory that the block shares.

// OPTIONS-LABEL: func @row(
// OPTIONS: memref.alloca() : memref<2xf32, 5>
// OPTIONS-NOT: gpu.shuffle
// OPTIONS: gpu.barrier
func.func @row(%x: memref<?x80xf32>, %y: memref<?x80xf32>, %rows: index) {
  %zero = arith.constant 0.0 : f64
  scf.forall (%i) in (%rows) {
    %row = memref.subview %x[%i, 0] [1, 80] [1, 1] : memref<?x80xf32> to memref<80xf32, strided<[1], offset: ?>>
    %result = memref.subview %y[%i, 0] [1, 80] [1, 1] : memref<?x80xf32> to memref<80xf32, strided<[1], offset: ?>>
    %squares = memref.alloc() : memref<80xf32>
    %sum = memref.alloc() : memref<f64>
    memref.store %zero, %sum[] : memref<f64>
    linalg.generic {indexing_maps = [#identity, #identity], iterator_types = ["parallel"]}
        ins(%row : memref<80xf32, strided<[1], offset: ?>>) outs(%squares : memref<80xf32>) {
    ^bb0(%in: f32, %out: f32):
      %0 = arith.mulf %in, %in : f32
      linalg.yield %0 : f32
    }
    linalg.generic {indexing_maps = [#identity, #all], iterator_types = ["reduction"]}
        ins(%squares : memref<80xf32>) outs(%sum : memref<f64>) {
    ^bb0(%in: f32, %out: f64):
      %0 = arith.extf %in : f32 to f64
      %1 = arith.addf %out, %0 : f64
      linalg.yield %1 : f64
    }
    %total = memref.load %sum[] : memref<f64>
    %scale = arith.truncf %total : f64 to f32
    linalg.generic {indexing_maps = [#identity, #identity], iterator_types = ["parallel"]}
        ins(%squares : memref<80xf32>) outs(%result : memref<80xf32, strided<[1], offset: ?>>) {
    ^bb0(%in: f32, %out: f32):
      %0 = arith.divf %in, %scale : f32
      linalg.yield %0 : f32
    }
    memref.dealloc %squares : memref<80xf32>
    memref.dealloc %sum : memref<f64>
  }
  return
}

// What does not fit is computed again where it is needed, four elements of a
// thread at once.

// CHECK-LABEL: func @long(
// CHECK-NOT: gpu.alloc
// CHECK: gpu.launch {{.*}} threads({{.*}}) in (%{{.*}} = %c256
// CHECK: %[[OWN:.*]] = memref.alloca() : memref<1xf32, 5>
// CHECK: scf.for {{.*}} step %c1024
// CHECK-COUNT-4: arith.mulf
// CHECK: scf.for {{.*}} step %c256
// CHECK: arith.mulf
// CHECK: gpu.shuffle
// CHECK: scf.for {{.*}} step %c1024
// CHECK: arith.mulf
// CHECK: memref.store %{{.*}}, %[[OWN]][%c0
// CHECK: memref.load %[[OWN]][%c0
// CHECK: arith.divf
func.func @long(%x: memref<?x?xf32>, %y: memref<?x?xf32>, %rows: index, %length: index) {
  %zero = arith.constant 0.0 : f32
  scf.forall (%i) in (%rows) {
    %row = memref.subview %x[%i, 0] [1, %length] [1, 1] : memref<?x?xf32> to memref<?xf32, strided<[1], offset: ?>>
    %result = memref.subview %y[%i, 0] [1, %length] [1, 1] : memref<?x?xf32> to memref<?xf32, strided<[1], offset: ?>>
    %squares = memref.alloc(%length) : memref<?xf32>
    %largest = memref.alloc() : memref<f32>
    memref.store %zero, %largest[] : memref<f32>
    linalg.generic {indexing_maps = [#identity, #identity], iterator_types = ["parallel"]}
        ins(%row : memref<?xf32, strided<[1], offset: ?>>) outs(%squares : memref<?xf32>) {
    ^bb0(%in: f32, %out: f32):
      %0 = arith.mulf %in, %in : f32
      linalg.yield %0 : f32
    }
    linalg.generic {indexing_maps = [#identity, #all], iterator_types = ["reduction"]}
        ins(%squares : memref<?xf32>) outs(%largest : memref<f32>) {
    ^bb0(%in: f32, %out: f32):
      %0 = arith.maximumf %out, %in : f32
      linalg.yield %0 : f32
    }
    %scale = memref.load %largest[] : memref<f32>
    linalg.generic {indexing_maps = [#identity, #identity], iterator_types = ["parallel"]}
        ins(%squares : memref<?xf32>) outs(%result : memref<?xf32, strided<[1], offset: ?>>) {
    ^bb0(%in: f32, %out: f32):
      %0 = arith.divf %in, %scale : f32
      linalg.yield %0 : f32
    }
    memref.dealloc %squares : memref<?xf32>
    memref.dealloc %largest : memref<f32>
  }
  return
}

// -----

// A number that is read before it is written, and used after that: the store may
// not go into the kernel of the loop, which is before the load. One that is read
// of another element may.

// CHECK-LABEL: func @read_before_write(
// CHECK-SAME: %[[X:.*]]: memref<4xf64>, %[[TOTALS:.*]]: memref<2xf64>, %[[OUT:.*]]: memref<2xf64>)
// CHECK: gpu.launch
// CHECK-NOT: addf
// CHECK: gpu.terminator
// CHECK: gpu.launch
// CHECK: %[[OLD:.*]] = memref.load %{{.*}}[%c0{{.*}}] : memref<2xf64, 1>
// CHECK: %[[NEW:.*]] = arith.addf %[[OLD]]
// CHECK: memref.store %[[NEW]], %{{.*}}[%c0{{.*}}] : memref<2xf64, 1>
// CHECK: memref.store %[[OLD]], %{{.*}}[%c0
// CHECK: %[[OTHER:.*]] = memref.load %{{.*}}[%c1{{.*}}] : memref<2xf64, 1>
// CHECK: memref.store %[[OTHER]], %{{.*}}[%c1
// CHECK-NOT: gpu.memcpy
func.func @read_before_write(%x: memref<4xf64>, %totals: memref<2xf64>, %out: memref<2xf64>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %one = arith.constant 1.0 : f64
  linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      outs(%x : memref<4xf64>) {
  ^bb0(%element: f64):
    %0 = math.absf %element : f64
    linalg.yield %0 : f64
  }
  %old = memref.load %totals[%c0] : memref<2xf64>
  %new = arith.addf %old, %one : f64
  %other = memref.load %totals[%c1] : memref<2xf64>
  memref.store %new, %totals[%c0] : memref<2xf64>
  memref.store %old, %out[%c0] : memref<2xf64>
  memref.store %other, %out[%c1] : memref<2xf64>
  return
}

// -----

// As many blocks as the memory of the device has room for, 256 MiB for all.

// CHECK-LABEL: func @scratch(
// CHECK: %[[MOST:.*]] = arith.constant 13400 : index
// CHECK: %[[BLOCKS:.*]] = arith.minui %{{.*}}, %[[MOST]] : index
// CHECK: %[[BYTES:.*]] = arith.muli %[[BLOCKS]], %c20032
// CHECK: gpu.alloc  (%[[BYTES]]) : memref<?xi8>
// CHECK: gpu.launch blocks({{.*}}) in (%{{.*}} = %[[BLOCKS]],
func.func @scratch(%x: memref<?x5000xf32>, %n: index) {
  %zero = arith.constant 0.0 : f32
  scf.forall (%i) in (%n) {
    %buffer = memref.alloc() : memref<5000xf32>
    %row = memref.subview %x[%i, 0] [1, 5000] [1, 1] : memref<?x5000xf32> to memref<5000xf32, strided<[1], offset: ?>>
    linalg.fill ins(%zero : f32) outs(%buffer : memref<5000xf32>)
    linalg.copy ins(%buffer : memref<5000xf32>) outs(%row : memref<5000xf32, strided<[1], offset: ?>>)
    memref.dealloc %buffer : memref<5000xf32>
  }
  return
}
