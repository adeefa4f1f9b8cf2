// A training step that nobody marked: Adam with L2 added to the gradient, and a
// moving average of the parameter.
!t = tensor<64x32xf32>
func.func @main(%w: !t, %m: !t, %v: !t, %average: !t, %x: tensor<16x64xf32>,
                %dy: tensor<16x32xf32>) -> (!t, !t, !t, !t) {
  %zero = arith.constant dense<0.0> : !t
  %half = arith.constant dense<0.5> : !t
  %strength = arith.constant dense<2.0e-3> : !t
  %keep = arith.constant dense<0.875> : !t
  %share = arith.constant dense<0.125> : !t
  %epsilon = arith.constant dense<1.0e-8> : !t
  %rate = arith.constant dense<1.0e-3> : !t
  %g0 = linalg.contract
      indexing_maps = [affine_map<(i, j, b) -> (b, i)>, affine_map<(i, j, b) -> (b, j)>,
                       affine_map<(i, j, b) -> (i, j)>]
      ins(%x, %dy : tensor<16x64xf32>, tensor<16x32xf32>) outs(%zero : !t) -> !t
  %l2 = arith.mulf %strength, %w : !t
  %g = arith.addf %g0, %l2 : !t
  %0 = arith.mulf %keep, %m : !t
  %1 = arith.mulf %share, %g : !t
  %m1 = arith.addf %0, %1 : !t
  %2 = arith.mulf %keep, %v : !t
  %3 = arith.mulf %1, %g : !t
  %v1 = arith.addf %2, %3 : !t
  %4 = math.sqrt %v1 : !t
  %5 = arith.addf %4, %epsilon : !t
  %6 = arith.divf %m1, %5 : !t
  %7 = arith.mulf %rate, %6 : !t
  %w1 = arith.subf %w, %7 : !t
  %8 = arith.subf %w1, %average : !t
  %9 = arith.mulf %half, %8 : !t
  %average1 = arith.addf %average, %9 : !t
  return %w1, %m1, %v1, %average1 : !t, !t, !t, !t
}
