// RUN: fisher-opt %s --fisher-recognize | FileCheck %s

// Noise that is drawn in the step, as torch-mlir writes it: bits of a seed and of
// the element's index are mixed, and divided by how many there are, rounded.

#id = affine_map<(i, j) -> (i, j)>

ml_program.global private mutable @seed(dense<0> : tensor<i64>) : tensor<i64>

func.func private @draw() -> tensor<4x3xf64> {
  %scale = arith.constant 5.4210108E-20 : f64
  %half = arith.constant 32 : i64
  %a = arith.constant 6364136223846793005 : i64
  %c = arith.constant 1442695040888963407 : i64
  %old = ml_program.global_load @seed : tensor<i64>
  %s = tensor.extract %old[] : tensor<i64>
  %0 = arith.muli %s, %a : i64
  %1 = arith.addi %0, %c : i64
  %new = tensor.insert %1 into %old[] : tensor<i64>
  ml_program.global_store @seed = %new : tensor<i64>
  %empty = tensor.empty() : tensor<4x3xf64>
  %u = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel"]}
      outs(%empty : tensor<4x3xf64>) {
  ^bb0(%o: f64):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %ii = arith.index_cast %i : index to i64
    %jj = arith.index_cast %j : index to i64
    %2 = arith.muli %ii, %half : i64
    %3 = arith.addi %2, %jj : i64
    %4 = arith.muli %3, %1 : i64
    %5 = arith.shrui %4, %half : i64
    %6 = arith.shli %4, %half : i64
    %7 = arith.ori %5, %6 : i64
    %8 = arith.muli %7, %7 : i64
    %9 = arith.xori %8, %5 : i64
    %10 = arith.uitofp %9 : i64 to f64
    %11 = arith.mulf %10, %scale : f64
    linalg.yield %11 : f64
  } -> tensor<4x3xf64>
  return %u : tensor<4x3xf64>
}

// What is read from memory twice may have changed: there are two masks.
// CHECK-LABEL: func.func @drawn(
// CHECK-SAME: fisher.findings = [
// CHECK-SAME: #fisher.finding<dropout on [] {is_scaled = true, keep = 8.000000e-01 : f64} at
// CHECK-SAME: #fisher.finding<dropout on [] {is_scaled = false, keep = 8.000000e-01 : f64} at
func.func @drawn(%x: tensor<4x3xf32>, %y: tensor<4x3xf32>) -> (tensor<4x3xf32>, tensor<4x3xf32>) {
  %keep = arith.constant dense<0.8> : tensor<4x3xf64>
  %scale = arith.constant dense<0.8> : tensor<4x3xf32>
  %u = call @draw() : () -> tensor<4x3xf64>
  %v = call @draw() : () -> tensor<4x3xf64>
  %0 = arith.cmpf olt, %u, %keep : tensor<4x3xf64>
  %1 = arith.uitofp %0 : tensor<4x3xi1> to tensor<4x3xf32>
  %2 = arith.divf %1, %scale : tensor<4x3xf32>
  %3 = arith.mulf %x, %2 : tensor<4x3xf32>
  %4 = arith.cmpf olt, %v, %keep : tensor<4x3xf64>
  %5 = arith.uitofp %4 : tensor<4x3xi1> to tensor<4x3xf32>
  %6 = arith.mulf %y, %5 : tensor<4x3xf32>
  return %3, %6 : tensor<4x3xf32>, tensor<4x3xf32>
}

// An integer that no bits were mixed into is no noise.
// CHECK-LABEL: func.func @counted(
// CHECK-SAME: fisher.findings = []
func.func @counted(%x: tensor<4x3xf32>, %n: tensor<4x3xi64>) -> tensor<4x3xf32> {
  %scale = arith.constant dense<5.4210108E-20> : tensor<4x3xf32>
  %keep = arith.constant dense<0.8> : tensor<4x3xf32>
  %0 = arith.uitofp %n : tensor<4x3xi64> to tensor<4x3xf32>
  %1 = arith.mulf %0, %scale : tensor<4x3xf32>
  %3 = arith.cmpf olt, %1, %keep : tensor<4x3xf32>
  %4 = arith.uitofp %3 : tensor<4x3xi1> to tensor<4x3xf32>
  %5 = arith.mulf %x, %4 : tensor<4x3xf32>
  return %5 : tensor<4x3xf32>
}

// What a loop reads at a place that is computed differs from one element to the
// next, so it is no strength.
// CHECK-LABEL: func.func @gathered(
// CHECK-SAME: fisher.findings = [#fisher.finding<sgd on ["arg0"] {learning_rate = 1.000000e-01 : f64} at [#loc{{[0-9]*}}]>]
func.func @gathered(%p: tensor<4x3xf32>, %g: tensor<4x3xf32>, %table: tensor<9xf32>,
                    %places: tensor<4x3xindex>) -> tensor<4x3xf32> {
  %rate = arith.constant 0.1 : f32
  %0 = linalg.generic {indexing_maps = [#id, #id, #id, #id],
                       iterator_types = ["parallel", "parallel"]}
      ins(%p, %g, %places : tensor<4x3xf32>, tensor<4x3xf32>, tensor<4x3xindex>)
      outs(%p : tensor<4x3xf32>) {
  ^bb0(%a: f32, %b: f32, %place: index, %o: f32):
    %s = tensor.extract %table[%place] : tensor<9xf32>
    %1 = arith.mulf %s, %a : f32
    %2 = arith.addf %b, %1 : f32
    %3 = arith.mulf %rate, %2 : f32
    %4 = arith.subf %a, %3 : f32
    linalg.yield %4 : f32
  } -> tensor<4x3xf32>
  return %0 : tensor<4x3xf32>
}
