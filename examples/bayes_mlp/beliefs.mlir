// What the network of step.mlir believes: the sum of the squared Fisher-Rao
// distances of its weights to N(0, 1), and their standard deviations.
!layer0 = !fisher.belief<#fisher.gaussian<softplus>, tensor<64x32xf32>>
!layer1 = !fisher.belief<#fisher.gaussian<softplus>, tensor<32x10xf32>>
!sigma0 = !fisher.belief<#fisher.gaussian<sigma>, tensor<64x32xf32>>
!sigma1 = !fisher.belief<#fisher.gaussian<sigma>, tensor<32x10xf32>>

func.func @main(%mu0: tensor<64x32xf32> {fisher.name = "fc0.mu"},
                %rho0: tensor<64x32xf32> {fisher.name = "fc0.rho"},
                %mu1: tensor<32x10xf32> {fisher.name = "fc1.mu"},
                %rho1: tensor<32x10xf32> {fisher.name = "fc1.rho"})
    -> (tensor<f32>, tensor<64x32xf32>, tensor<32x10xf32>) {
  %belief0 = fisher.belief %mu0, %rho0 : !layer0
  %belief1 = fisher.belief %mu1, %rho1 : !layer1
  %converted0 = fisher.convert %belief0 : !layer0 to !sigma0
  %converted1 = fisher.convert %belief1 : !layer1 to !sigma1
  %means0, %sigmas0 = fisher.components %converted0 : !sigma0
  %means1, %sigmas1 = fisher.components %converted1 : !sigma1

  %zeros0 = arith.constant dense<0.0> : tensor<64x32xf32>
  %ones0 = arith.constant dense<1.0> : tensor<64x32xf32>
  %zeros1 = arith.constant dense<0.0> : tensor<32x10xf32>
  %ones1 = arith.constant dense<1.0> : tensor<32x10xf32>
  %prior0 = fisher.belief %zeros0, %ones0 : !sigma0
  %prior1 = fisher.belief %zeros1, %ones1 : !sigma1
  %one = arith.constant 1.0 : f32
  %sum0 = fisher.penalty %converted0 toward %prior0 weight %one : !sigma0 -> tensor<f32>
  %sum1 = fisher.penalty %converted1 toward %prior1 weight %one : !sigma1 -> tensor<f32>
  %sum = arith.addf %sum0, %sum1 : tensor<f32>
  return %sum, %sigmas0, %sigmas1 : tensor<f32>, tensor<64x32xf32>, tensor<32x10xf32>
}
