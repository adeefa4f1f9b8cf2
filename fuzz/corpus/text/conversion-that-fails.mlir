// all the way
func.func @f9(%a0: tensor<3x3xf64>, %a1: !fisher.belief<#fisher.gaussian<sigma>, tensor<3x3xf64>>, %a2: tensor<3x3xf64>, %a3: tensor<5x4xf64>, %a4: tensor<5x4xf64>, %a5: tensor<5x4xf64>) -> (tensor<5x4xf64>, tensor<5x4xf64>, tensor<5x4xf64>, tensor<5x4xf64>, tensor<5x4xf64>, tensor<3x3xf64>, tensor<3x3xf64>, tensor<3x3xf64>) {
  %v1 = arith.constant dense<0.25> : tensor<3x3xf64>
  %v2 = fisher.belief %a0, %v1 : !fisher.belief<#fisher.gaussian<sigma>, tensor<3x3xf64>>
  %v3 = arith.constant dense<0.5> : tensor<3x3xf64>
  %v4 = fisher.belief %v3, %v3 : !fisher.belief<#fisher.gaussian<sigma>, tensor<3x3xf64>>
  %v0:2 = fisher.log %v2, %v4 : !fisher.belief<#fisher.gaussian<sigma>, tensor<3x3xf64>>
  %v6 = fisher.belief %v0#1, %v0#1 : !fisher.belief<#fisher.gaussian<sigma>, tensor<3x3xf64>>
  %v7 = arith.constant 1.0 : f64
  %v5 = fisher.proximal_step %v6 toward %a1 strength %v7 : !fisher.belief<#fisher.gaussian<sigma>, tensor<3x3xf64>>
  %v10 = arith.constant 1.0e-3 : f64
  %v11 = arith.constant 2 : index
  %v12 = arith.constant 0 : index
  %v13 = arith.constant 1 : index
  %v9 = scf.for %iv9 = %v12 to %v11 step %v13 iter_args(%xv9 = %v5) -> !fisher.belief<#fisher.gaussian<sigma>, tensor<3x3xf64>> {
    %v14 = fisher.proximal_step %xv9 toward %v5 strength %v10 : !fisher.belief<#fisher.gaussian<sigma>, tensor<3x3xf64>>
    scf.yield %v14 : !fisher.belief<#fisher.gaussian<sigma>, tensor<3x3xf64>>
  }
  %v16 = arith.constant dense<0.25> : tensor<3x3xf64>
  %v17 = arith.constant dense<1.0> : tensor<3x3xf64>
  %v18 = fisher.belief %v16, %v17 : !fisher.belief<#fisher.gaussian<sigma>, tensor<3x3xf64>>
  %v15:3 = fisher.squared_distance_with_gradient %v9, %v18 : !fisher.belief<#fisher.gaussian<sigma>, tensor<3x3xf64>> -> tensor<3x3xf64>, tensor<3x3xf64>, tensor<3x3xf64>
  %v19 = arith.negf %a2 : tensor<3x3xf64>
  %v21 = fisher.belief %a3 : !fisher.belief<#fisher.exponential<rate>, tensor<5x4xf64>>
  %v20:2 = fisher.penalty_with_gradient %v21 toward %v21 weight %v7 : !fisher.belief<#fisher.exponential<rate>, tensor<5x4xf64>> -> tensor<f64>, tensor<5x4xf64>
  %v23 = fisher.belief %a4 : !fisher.belief<#fisher.exponential<rate>, tensor<5x4xf64>>
  %v24 = fisher.belief %a5 : !fisher.belief<#fisher.exponential<rate>, tensor<5x4xf64>>
  %v22:3 = fisher.geodesic_pullback %v23, %v24 at %v10 along %a4 : !fisher.belief<#fisher.exponential<rate>, tensor<5x4xf64>>
  %v25 = fisher.components %v24 : !fisher.belief<#fisher.exponential<rate>, tensor<5x4xf64>>
  %v26 = fisher.components %v23 : !fisher.belief<#fisher.exponential<rate>, tensor<5x4xf64>>
  return %v22#2, %v22#1, %v25, %v26, %v20#1, %v19, %v15#2, %v15#1 : tensor<5x4xf64>, tensor<5x4xf64>, tensor<5x4xf64>, tensor<5x4xf64>, tensor<5x4xf64>, tensor<3x3xf64>, tensor<3x3xf64>, tensor<3x3xf64>
}
