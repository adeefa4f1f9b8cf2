// all the way
func.func @main(
    %p: tensor<4xf32> {fisher.name = "p"},  // expected error {{mode coupled cannot be served: the step returns no gradient of 'p', and no optimizer is recognized in its new value}}
    %q: tensor<4xf32> {fisher.name = "q"}, %x: tensor<4xf32>, %y: tensor<4xf32>)
    -> (tensor<4xf32> {fisher.updates = "p"}, tensor<4xf32> {fisher.updates = "q"}) {
  %rate = arith.constant dense<0.1> : tensor<4xf32>
  %0 = arith.mulf %rate, %x : tensor<4xf32>
  %1 = arith.mulf %0, %y : tensor<4xf32>
  %2 = arith.subf %q, %1 : tensor<4xf32>
  %3:2 = call @main(%p, %q, %x, %y)
      : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>)
  return %3#0, %2 : tensor<4xf32>, tensor<4xf32>
}
fisher.policy @p {
  fisher.regularize "p" as #fisher.bernoulli<logit> toward #fisher.prior<[0.5]> weight 1.0 mode coupled
}
