// RUN: fisher-opt %s --fisher-recognize | FileCheck %s

// Sums as torch-mlir writes them: in a tensor that keeps dimensions of size one, and
// in a loop with another result.

#id = affine_map<(i, j) -> (i, j)>
#kept = affine_map<(i, j) -> (i, 0)>
#all = affine_map<(i, j) -> ()>
!t = tensor<4x3xf32>

func.func private @half(%s: tensor<f32>, %d: f32) -> tensor<f32> {
  %0 = tensor.extract %s[] : tensor<f32>
  %half = arith.constant 0.0005 : f32
  %1 = arith.mulf %0, %half : f32
  %2 = arith.addf %1, %d : f32
  %3 = tensor.from_elements %2 : tensor<f32>
  return %3 : tensor<f32>
}

func.func private @descend(%p: !t, %g: !t) -> !t {
  %l2 = arith.constant dense<0.001> : !t
  %rate = arith.constant dense<0.1> : !t
  %0 = arith.mulf %p, %l2 : !t
  %1 = arith.addf %g, %0 : !t
  %2 = arith.mulf %1, %rate : !t
  %3 = arith.subf %p, %2 : !t
  return %3 : !t
}

// CHECK-LABEL: func.func @kept_dimension(
// CHECK-SAME: #fisher.finding<l2_loss on ["arg0"] {strength = 1.000000e-03 : f64} at
func.func @kept_dimension(%p: !t, %g: !t, %d: f32) -> (!t, tensor<f32>) {
  %z = arith.constant dense<0.0> : tensor<4x1xf32>
  %zero = arith.constant dense<0.0> : tensor<f32>
  %rows = linalg.generic {indexing_maps = [#id, #kept],
                          iterator_types = ["parallel", "reduction"]}
      ins(%p : !t) outs(%z : tensor<4x1xf32>) {
  ^bb0(%a: f32, %o: f32):
    %1 = arith.mulf %a, %a : f32
    %2 = arith.addf %1, %o : f32
    linalg.yield %2 : f32
  } -> tensor<4x1xf32>
  %s = linalg.reduce {arith.addf} ins(%rows : tensor<4x1xf32>) outs(%zero : tensor<f32>)
      dimensions = [0, 1]
  %loss = call @half(%s, %d) : (tensor<f32>, f32) -> tensor<f32>
  %new = call @descend(%p, %g) : (!t, !t) -> !t
  return %new, %loss : !t, tensor<f32>
}

// The largest element's index is of no interest.
// CHECK-LABEL: func.func @another_result(
// CHECK-SAME: #fisher.finding<l2_loss on ["arg0"] {strength = 1.000000e-03 : f64} at
func.func @another_result(%p: !t, %g: !t, %d: f32) -> (!t, tensor<f32>, tensor<index>) {
  %zero = arith.constant dense<0.0> : tensor<f32>
  %lowest = arith.constant dense<0xFF800000> : tensor<f32>
  %none = arith.constant dense<0> : tensor<index>
  %s:3 = linalg.generic {indexing_maps = [#id, #all, #all, #all],
                         iterator_types = ["reduction", "reduction"]}
      ins(%p : !t) outs(%zero, %lowest, %none : tensor<f32>, tensor<f32>, tensor<index>) {
  ^bb0(%a: f32, %o: f32, %m: f32, %k: index):
    %1 = arith.mulf %a, %a : f32
    %2 = arith.addf %1, %o : f32
    %3 = arith.maximumf %a, %m : f32
    %4 = arith.cmpf ogt, %a, %m : f32
    %i = linalg.index 0 : index
    %5 = arith.select %4, %i, %k : index
    linalg.yield %2, %3, %5 : f32, f32, index
  } -> (tensor<f32>, tensor<f32>, tensor<index>)
  %loss = call @half(%s#0, %d) : (tensor<f32>, f32) -> tensor<f32>
  %new = call @descend(%p, %g) : (!t, !t) -> !t
  return %new, %loss, %s#2 : !t, tensor<f32>, tensor<index>
}

// What is added depends on the sums so far.
// CHECK-LABEL: func.func @running(
// CHECK-SAME: fisher.findings = [#fisher.finding<sgd on ["arg0"]
// CHECK-NOT: l2_loss
// CHECK: return
func.func @running(%p: !t, %g: !t, %d: f32) -> (!t, tensor<f32>) {
  %zero = arith.constant dense<0.0> : tensor<f32>
  %s:2 = linalg.generic {indexing_maps = [#id, #all, #all],
                         iterator_types = ["reduction", "reduction"]}
      ins(%p : !t) outs(%zero, %zero : tensor<f32>, tensor<f32>) {
  ^bb0(%a: f32, %o: f32, %n: f32):
    %1 = arith.mulf %a, %a : f32
    %2 = arith.addf %1, %n : f32
    %3 = arith.addf %2, %o : f32
    %4 = arith.addf %n, %a : f32
    linalg.yield %3, %4 : f32, f32
  } -> (tensor<f32>, tensor<f32>)
  %loss = call @half(%s#0, %d) : (tensor<f32>, f32) -> tensor<f32>
  %new = call @descend(%p, %g) : (!t, !t) -> !t
  return %new, %loss : !t, tensor<f32>
}

// A constant that bf16 has not.
// CHECK-LABEL: func.func @long_constant(
// CHECK-SAME: #fisher.finding<moving_average on ["arg0"] {average_in = ["arg2"], decay = 0.99899999999999999 : f64, of = "parameter"} at
func.func @long_constant(%p: tensor<4xbf16>, %g: tensor<4xbf16>, %e: tensor<4xbf16>)
    -> (tensor<4xbf16>, tensor<4xbf16>) {
  %rate = arith.constant dense<0.1> : tensor<4xbf16>
  %decay = arith.constant dense<0.999> : tensor<4xf32>
  %share = arith.constant dense<0.001> : tensor<4xf32>
  %0 = arith.mulf %g, %rate : tensor<4xbf16>
  %1 = arith.subf %p, %0 : tensor<4xbf16>
  %2 = arith.extf %1 : tensor<4xbf16> to tensor<4xf32>
  %3 = arith.extf %e : tensor<4xbf16> to tensor<4xf32>
  %4 = arith.mulf %2, %share : tensor<4xf32>
  %5 = arith.mulf %3, %decay : tensor<4xf32>
  %6 = arith.addf %4, %5 : tensor<4xf32>
  %7 = arith.truncf %6 : tensor<4xf32> to tensor<4xbf16>
  return %1, %7 : tensor<4xbf16>, tensor<4xbf16>
}

// What is summed as a whole may have any shape.
// CHECK-LABEL: func.func @flat_sum(
// CHECK-SAME: #fisher.finding<l2_loss on ["arg0"] {strength = 1.000000e-03 : f64} at
func.func @flat_sum(%p: !t, %g: !t, %d: f32) -> (!t, tensor<f32>) {
  %zero = arith.constant dense<0.0> : tensor<f32>
  %flat = tensor.collapse_shape %p [[0, 1]] : !t into tensor<12xf32>
  %0 = arith.mulf %flat, %flat : tensor<12xf32>
  %s = linalg.reduce {arith.addf} ins(%0 : tensor<12xf32>) outs(%zero : tensor<f32>)
      dimensions = [0]
  %loss = call @half(%s, %d) : (tensor<f32>, f32) -> tensor<f32>
  %new = call @descend(%p, %g) : (!t, !t) -> !t
  return %new, %loss : !t, tensor<f32>
}

// A shape and back again, with something done in between.
// CHECK-LABEL: func.func @flat_decay(
// CHECK-SAME: #fisher.finding<l2_gradient on ["arg0"] {strength = 1.000000e-03 : f64} at
func.func @flat_decay(%p: !t, %g: !t) -> !t {
  %l2 = arith.constant dense<0.001> : tensor<12xf32>
  %rate = arith.constant dense<0.1> : !t
  %flat = tensor.collapse_shape %p [[0, 1]] : !t into tensor<12xf32>
  %0 = arith.mulf %flat, %l2 : tensor<12xf32>
  %1 = tensor.expand_shape %0 [[0, 1]] output_shape [4, 3] : tensor<12xf32> into !t
  %2 = arith.addf %g, %1 : !t
  %3 = arith.mulf %2, %rate : !t
  %4 = arith.subf %p, %3 : !t
  return %4 : !t
}
