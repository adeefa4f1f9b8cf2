// A step of gradient descent with momentum on the weights of a linear model. Any
// number of examples goes in.
//
//   build/bin/fisher-run examples/aot/step.mlir --policy=examples/aot/policy.mlir \
//     --step-size=0.05 --emit=object,header -o build/step

#rows = affine_map<(i, j) -> (i)>
#columns = affine_map<(i, j) -> (j)>
#all = affine_map<(i, j) -> (i, j)>
#none = affine_map<(i) -> ()>
#one = affine_map<(i) -> (i)>
func.func @step(%w: tensor<3xf32> {fisher.name = "w", fisher.role = "param"},
                %log_sigma: tensor<3xf32> {fisher.name = "w.log_sigma", fisher.role = "param"},
                %v: tensor<3xf32> {fisher.name = "velocity", fisher.role = "state"},
                %x: tensor<?x3xf32> {fisher.name = "x", fisher.role = "batch"},
                %y: tensor<?xf32> {fisher.name = "y", fisher.role = "batch"})
    -> (tensor<f32> {fisher.role = "loss"},
        tensor<3xf32> {fisher.updates = "w"},
        tensor<3xf32> {fisher.updates = "w.log_sigma"},
        tensor<3xf32> {fisher.updates = "velocity"},
        tensor<?xf32> {fisher.name = "residual"}) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %none = tensor.empty() : tensor<f32>
  %three = tensor.empty() : tensor<3xf32>
  %n = tensor.dim %x, %c0 : tensor<?x3xf32>
  %ni = arith.index_cast %n : index to i64
  %nf = arith.sitofp %ni : i64 to f32

  // residual = x w - y, loss = sum residual^2 / n
  %empty = tensor.empty(%n) : tensor<?xf32>
  %cleared = linalg.fill ins(%zero : f32) outs(%empty : tensor<?xf32>) -> tensor<?xf32>
  %predicted = linalg.matvec ins(%x, %w : tensor<?x3xf32>, tensor<3xf32>)
      outs(%cleared : tensor<?xf32>) -> tensor<?xf32>
  %residual = linalg.sub ins(%predicted, %y : tensor<?xf32>, tensor<?xf32>)
      outs(%empty : tensor<?xf32>) -> tensor<?xf32>
  %noLoss = linalg.fill ins(%zero : f32) outs(%none : tensor<f32>) -> tensor<f32>
  %loss = linalg.generic {indexing_maps = [#one, #none], iterator_types = ["reduction"]}
      ins(%residual : tensor<?xf32>) outs(%noLoss : tensor<f32>) {
  ^bb0(%r: f32, %sum: f32):
    %0 = arith.mulf %r, %r : f32
    %1 = arith.divf %0, %nf : f32
    %2 = arith.addf %sum, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<f32>

  // gradient = 2 x^T residual / n
  %noGradient = linalg.fill ins(%zero : f32) outs(%three : tensor<3xf32>) -> tensor<3xf32>
  %gradient = linalg.generic {indexing_maps = [#all, #rows, #columns], iterator_types = ["reduction", "parallel"]}
      ins(%x, %residual : tensor<?x3xf32>, tensor<?xf32>) outs(%noGradient : tensor<3xf32>) {
  ^bb0(%a: f32, %r: f32, %sum: f32):
    %two = arith.constant 2.0 : f32
    %0 = arith.mulf %a, %r : f32
    %1 = arith.mulf %0, %two : f32
    %2 = arith.divf %1, %nf : f32
    %3 = arith.addf %sum, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<3xf32>
  %velocity = linalg.generic {indexing_maps = [#one, #one, #one], iterator_types = ["parallel"]}
      ins(%v, %gradient : tensor<3xf32>, tensor<3xf32>) outs(%three : tensor<3xf32>) {
  ^bb0(%old: f32, %g: f32, %out: f32):
    %momentum = arith.constant 0.5 : f32
    %0 = arith.mulf %old, %momentum : f32
    %1 = arith.addf %0, %g : f32
    linalg.yield %1 : f32
  } -> tensor<3xf32>
  %new = linalg.generic {indexing_maps = [#one, #one, #one], iterator_types = ["parallel"]}
      ins(%w, %velocity : tensor<3xf32>, tensor<3xf32>) outs(%three : tensor<3xf32>) {
  ^bb0(%old: f32, %step: f32, %out: f32):
    %rate = arith.constant 0.05 : f32
    %0 = arith.mulf %step, %rate : f32
    %1 = arith.subf %old, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<3xf32>
  return %loss, %new, %log_sigma, %velocity, %residual
      : tensor<f32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<?xf32>
}
