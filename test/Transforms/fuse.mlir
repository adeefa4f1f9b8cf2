// RUN: fisher-opt --fisher-fuse --split-input-file %s | FileCheck %s

#id = affine_map<(i) -> (i)>
#sum = affine_map<(i) -> ()>

// Two loops that read the same tensor, one of which sums, are one, of any size.

// CHECK-LABEL: func @siblings(
// CHECK-SAME: %[[X:.*]]: tensor<?xf32>, %[[ZERO:.*]]: tensor<f32>, %[[E:.*]]: tensor<?xf32>
// CHECK: %[[BOTH:.*]]:2 = linalg.generic
// CHECK-SAME: iterator_types = ["reduction"]
// CHECK-SAME: ins(%[[X]] : tensor<?xf32>) outs(%[[ZERO]], %[[E]] : tensor<f32>, tensor<?xf32>)
// CHECK-NEXT: ^bb0(%[[IN:.*]]: f32, %[[OUT:.*]]: f32, %{{.*}}: f32):
// CHECK-NEXT: %[[SQUARE:.*]] = arith.mulf %[[IN]], %[[IN]]
// CHECK-NEXT: %[[NEXT:.*]] = arith.addf %[[OUT]], %[[SQUARE]]
// CHECK-NEXT: %[[DOUBLE:.*]] = arith.addf %[[IN]], %[[IN]]
// CHECK-NEXT: linalg.yield %[[NEXT]], %[[DOUBLE]]
// CHECK-NOT: linalg.generic
// CHECK: return %[[BOTH]]#0, %[[BOTH]]#1
func.func @siblings(%x: tensor<?xf32>, %zero: tensor<f32>, %e: tensor<?xf32>) -> (tensor<f32>, tensor<?xf32>) {
  %s = linalg.generic {indexing_maps = [#id, #sum], iterator_types = ["reduction"]}
      ins(%x : tensor<?xf32>) outs(%zero : tensor<f32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.mulf %in, %in : f32
    %1 = arith.addf %out, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<f32>
  %d = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<?xf32>) outs(%e : tensor<?xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.addf %in, %in : f32
    linalg.yield %0 : f32
  } -> tensor<?xf32>
  return %s, %d : tensor<f32>, tensor<?xf32>
}

// -----

#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (j)>
#sum = affine_map<(i, j) -> ()>

// A producer that sums goes into its consumer; what only that needed is no
// result any more. What depends on the sum comes after both.

// CHECK-LABEL: func @producer(
// CHECK: %[[BOTH:.*]]:2 = linalg.generic
// CHECK-SAME: outs(%{{.*}}, %{{.*}} : tensor<f32>, tensor<2x3xf32>)
// CHECK: %[[DOUBLE:.*]] = arith.addf %in, %in
// CHECK: %[[NEXT:.*]] = arith.addf %{{.*}}, %[[DOUBLE]]
// CHECK: %[[SHIFTED:.*]] = arith.subf %{{.*}}, %[[DOUBLE]]
// CHECK: linalg.yield %[[NEXT]], %[[SHIFTED]]
// CHECK: tensor.extract %[[BOTH]]#0
// CHECK: return {{.*}}, %[[BOTH]]#1
func.func @producer(%x: tensor<2x3xf32>, %bias: tensor<3xf32>, %zero: tensor<f32>) -> (f32, tensor<2x3xf32>) {
  %e = tensor.empty() : tensor<2x3xf32>
  %s:2 = linalg.generic {indexing_maps = [#id, #sum, #id], iterator_types = ["reduction", "reduction"]}
      ins(%x : tensor<2x3xf32>) outs(%zero, %e : tensor<f32>, tensor<2x3xf32>) {
  ^bb0(%in: f32, %out: f32, %unused: f32):
    %0 = arith.addf %in, %in : f32
    %1 = arith.addf %out, %0 : f32
    linalg.yield %1, %0 : f32, f32
  } -> (tensor<f32>, tensor<2x3xf32>)
  %n = tensor.extract %s#0[] : tensor<f32>
  %m = arith.negf %n : f32
  %d = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%s#1, %bias : tensor<2x3xf32>, tensor<3xf32>) outs(%e : tensor<2x3xf32>) {
  ^bb0(%in: f32, %b: f32, %out: f32):
    %0 = arith.subf %b, %in : f32
    linalg.yield %0 : f32
  } -> tensor<2x3xf32>
  return %m, %d : f32, tensor<2x3xf32>
}

// -----

#id = affine_map<(i) -> (i)>
#sum = affine_map<(i) -> ()>

// A loop that needs another's sum stays behind it, also if by detours.

// CHECK-LABEL: func @needsSum(
// CHECK-COUNT-2: linalg.generic
func.func @needsSum(%x: tensor<4xf32>, %zero: tensor<f32>) -> tensor<4xf32> {
  %s = linalg.generic {indexing_maps = [#id, #sum], iterator_types = ["reduction"]}
      ins(%x : tensor<4xf32>) outs(%zero : tensor<f32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.addf %out, %in : f32
    linalg.yield %0 : f32
  } -> tensor<f32>
  %n = tensor.extract %s[] : tensor<f32>
  %d = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<4xf32>) outs(%x : tensor<4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.divf %in, %n : f32
    linalg.yield %0 : f32
  } -> tensor<4xf32>
  return %d : tensor<4xf32>
}

// -----

#id = affine_map<(i) -> (i)>

// Nothing with an effect changes its place.

// CHECK-LABEL: func @effects(
// CHECK: linalg.generic
// CHECK: cf.assert
// CHECK: linalg.generic
func.func @effects(%x: tensor<4xf32>, %e: tensor<4xf32>, %i: index) -> (tensor<4xf32>, tensor<4xf32>) {
  %zero = arith.constant 0.0 : f32
  %a = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.addf %in, %in : f32
    linalg.yield %0 : f32
  } -> tensor<4xf32>
  %n = tensor.extract %a[%i] : tensor<4xf32>
  %positive = arith.cmpf ogt, %n, %zero : f32
  cf.assert %positive, "must be positive"
  %b = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.mulf %in, %in : f32
    linalg.yield %0 : f32
  } -> tensor<4xf32>
  return %a, %b : tensor<4xf32>, tensor<4xf32>
}

// -----

#id = affine_map<(i, j) -> (i, j)>
#transposed = affine_map<(i, j) -> (j, i)>

// What is read in another order is not the same: sizes that are not known may
// differ.

// CHECK-LABEL: func @transposed(
// CHECK-COUNT-2: linalg.generic
func.func @transposed(%x: tensor<?x?xf32>, %e: tensor<?x?xf32>, %f: tensor<?x?xf32>) -> (tensor<?x?xf32>, tensor<?x?xf32>) {
  %a = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<?x?xf32>) outs(%e : tensor<?x?xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.addf %in, %in : f32
    linalg.yield %0 : f32
  } -> tensor<?x?xf32>
  %b = linalg.generic {indexing_maps = [#transposed, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<?x?xf32>) outs(%f : tensor<?x?xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.mulf %in, %in : f32
    linalg.yield %0 : f32
  } -> tensor<?x?xf32>
  return %a, %b : tensor<?x?xf32>, tensor<?x?xf32>
}

// -----

#id = affine_map<(i) -> (i)>
#sum = affine_map<(i) -> ()>

// Sums of what a long body makes are in one loop of their own, if that is in a
// loop around both.

// CHECK-LABEL: func @sums_apart(
// CHECK: scf.for
// CHECK: %[[MADE:.*]] = linalg.generic
// CHECK-SAME: iterator_types = ["parallel"]
// CHECK: %{{.*}}:2 = linalg.generic
// CHECK-SAME: iterator_types = ["reduction"]
// CHECK-SAME: ins(%[[MADE]] : tensor<4xf32>) outs(%{{.*}}, %{{.*}} : tensor<f32>, tensor<f32>)
// CHECK-NOT: linalg.generic
// CHECK: scf.yield
// CHECK: %{{.*}}:2 = linalg.generic
// CHECK-SAME: iterator_types = ["reduction"]
// CHECK-SAME: outs(%{{.*}}, %{{.*}} : tensor<4xf32>, tensor<f32>)
// CHECK-NOT: linalg.generic
// CHECK: return
func.func @sums_apart(%x: tensor<4xf32>, %e: tensor<4xf32>, %zero: tensor<f32>, %n: index) -> (tensor<f32>, tensor<f32>, tensor<4xf32>, tensor<f32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r:2 = scf.for %i = %c0 to %n step %c1 iter_args(%s = %zero, %t = %zero) -> (tensor<f32>, tensor<f32>) {
    %a = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
        ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) {
    ^bb0(%in: f32, %out: f32):
      %0 = arith.mulf %in, %in : f32
      %1 = arith.addf %0, %in : f32
      %2 = arith.mulf %1, %in : f32
      %3 = arith.addf %2, %in : f32
      %4 = arith.mulf %3, %in : f32
      %5 = arith.addf %4, %in : f32
      %6 = arith.mulf %5, %in : f32
      %7 = arith.addf %6, %in : f32
      %8 = arith.mulf %7, %in : f32
      %9 = arith.addf %8, %in : f32
      %10 = arith.mulf %9, %in : f32
      %11 = arith.addf %10, %in : f32
      %12 = arith.mulf %11, %in : f32
      %13 = arith.addf %12, %in : f32
      %14 = arith.mulf %13, %in : f32
      %15 = arith.addf %14, %in : f32
      %16 = arith.mulf %15, %in : f32
      %17 = arith.addf %16, %in : f32
      %18 = arith.mulf %17, %in : f32
      %19 = arith.addf %18, %in : f32
      %20 = arith.mulf %19, %in : f32
      %21 = arith.addf %20, %in : f32
      %22 = arith.mulf %21, %in : f32
      %23 = arith.addf %22, %in : f32
      %24 = arith.mulf %23, %in : f32
      %25 = arith.addf %24, %in : f32
      %26 = arith.mulf %25, %in : f32
      %27 = arith.addf %26, %in : f32
      %28 = arith.mulf %27, %in : f32
      %29 = arith.addf %28, %in : f32
      %30 = arith.mulf %29, %in : f32
      %31 = arith.addf %30, %in : f32
      %32 = arith.mulf %31, %in : f32
      linalg.yield %32 : f32
    } -> tensor<4xf32>
    %b = linalg.generic {indexing_maps = [#id, #sum], iterator_types = ["reduction"]}
        ins(%a : tensor<4xf32>) outs(%s : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %0 = arith.addf %out, %in : f32
      linalg.yield %0 : f32
    } -> tensor<f32>
    %c = linalg.generic {indexing_maps = [#id, #sum], iterator_types = ["reduction"]}
        ins(%a : tensor<4xf32>) outs(%t : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %0 = arith.mulf %in, %in : f32
      %1 = arith.addf %out, %0 : f32
      linalg.yield %1 : f32
    } -> tensor<f32>
    scf.yield %b, %c : tensor<f32>, tensor<f32>
  }
  %a = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%in: f32, %out: f32):
      %0 = arith.mulf %in, %in : f32
      %1 = arith.addf %0, %in : f32
      %2 = arith.mulf %1, %in : f32
      %3 = arith.addf %2, %in : f32
      %4 = arith.mulf %3, %in : f32
      %5 = arith.addf %4, %in : f32
      %6 = arith.mulf %5, %in : f32
      %7 = arith.addf %6, %in : f32
      %8 = arith.mulf %7, %in : f32
      %9 = arith.addf %8, %in : f32
      %10 = arith.mulf %9, %in : f32
      %11 = arith.addf %10, %in : f32
      %12 = arith.mulf %11, %in : f32
      %13 = arith.addf %12, %in : f32
      %14 = arith.mulf %13, %in : f32
      %15 = arith.addf %14, %in : f32
      %16 = arith.mulf %15, %in : f32
      %17 = arith.addf %16, %in : f32
      %18 = arith.mulf %17, %in : f32
      %19 = arith.addf %18, %in : f32
      %20 = arith.mulf %19, %in : f32
      %21 = arith.addf %20, %in : f32
      %22 = arith.mulf %21, %in : f32
      %23 = arith.addf %22, %in : f32
      %24 = arith.mulf %23, %in : f32
      %25 = arith.addf %24, %in : f32
      %26 = arith.mulf %25, %in : f32
      %27 = arith.addf %26, %in : f32
      %28 = arith.mulf %27, %in : f32
      %29 = arith.addf %28, %in : f32
      %30 = arith.mulf %29, %in : f32
      %31 = arith.addf %30, %in : f32
      %32 = arith.mulf %31, %in : f32
    linalg.yield %32 : f32
  } -> tensor<4xf32>
  %b = linalg.generic {indexing_maps = [#id, #sum], iterator_types = ["reduction"]}
      ins(%a : tensor<4xf32>) outs(%zero : tensor<f32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.addf %out, %in : f32
    linalg.yield %0 : f32
  } -> tensor<f32>
  return %r#0, %r#1, %a, %b : tensor<f32>, tensor<f32>, tensor<4xf32>, tensor<f32>
}

// -----

// What a loop without inputs makes is summed: its destination still tells over
// what the sum is.
// CHECK-LABEL: @sum_of_nothing_read(
// CHECK: %[[E:.*]] = tensor.empty() : tensor<4xf32>
// CHECK: linalg.generic {{.*}} iterator_types = ["reduction"]} ins(%[[E]] : tensor<4xf32>) outs(%{{.*}} : tensor<f32>)
// CHECK-NOT: linalg.generic
func.func @sum_of_nothing_read(%x: f32, %zero: tensor<f32>) -> tensor<f32> {
  %e = tensor.empty() : tensor<4xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} outs(%e : tensor<4xf32>) {
  ^bb0(%out: f32):
    %2 = arith.mulf %x, %x : f32
    linalg.yield %2 : f32
  } -> tensor<4xf32>
  %1 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> ()>], iterator_types = ["reduction"]}
      ins(%0 : tensor<4xf32>) outs(%zero : tensor<f32>) {
  ^bb0(%in: f32, %out: f32):
    %2 = arith.addf %out, %in : f32
    linalg.yield %2 : f32
  } -> tensor<f32>
  return %1 : tensor<f32>
}
