// all the way
func.func private @f0(!fisher.belief<#fisher.von_mises<kappa>, tensor<3x4x4xf64>>) -> !fisher.belief<#fisher.von_mises<kappa>, tensor<3x4x4xf64>>
func.func private @f1(!fisher.belief<#fisher.von_mises<kappa>, tensor<3x4x4xf64>>) -> !fisher.belief<#fisher.von_mises<kappa>, tensor<3x4x4xf64>>
func.func @f9(%a0: tensor<10xbf16>, %a1: tensor<3x4x4xf64>, %a2: f64, %a3: tensor<3x4x4xf64>, %a4: tensor<3x4x4xf64>, %a5: f64, %a6: !fisher.belief<#fisher.categorical<probabilities>, tensor<1xbf16>>, %a7: tensor<1xbf16>) -> (tensor<3x4x4xf64>, tensor<1xbf16>, tensor<10xbf16>, tensor<3x4x4xf64>, tensor<3x4x4xf64>, tensor<3x4x4xf64>, tensor<3x4x4xf64>, tensor<3x4x4xf64>) {
  %v1 = arith.constant dense<1.0> : tensor<10xbf16>
  %v2 = fisher.belief %v1 : !fisher.belief<#fisher.categorical<probabilities>, tensor<10xbf16>>
  %v3 = arith.constant 2.0 : f32
  %v0:3 = fisher.geodesic_pullback %v2, %v2 at %v3 along %a0 : !fisher.belief<#fisher.categorical<probabilities>, tensor<10xbf16>>
  %v5 = arith.constant dense<1.0> : tensor<3x4x4xf64>
  %v6 = fisher.belief %v5, %v5 : !fisher.belief<#fisher.von_mises<kappa>, tensor<3x4x4xf64>>
  %v4:2 = fisher.metric %v6, %a1, %a1 : !fisher.belief<#fisher.von_mises<kappa>, tensor<3x4x4xf64>>
  %v8 = fisher.belief %a1, %a1 : !fisher.belief<#fisher.von_mises<kappa>, tensor<3x4x4xf64>>
  %v7:5 = fisher.geodesic_pullback %v6, %v8 at %a2 along %v4#1, %a3 : !fisher.belief<#fisher.von_mises<kappa>, tensor<3x4x4xf64>>
  %v10 = fisher.belief %v7#4, %a4 : !fisher.belief<#fisher.von_mises<kappa>, tensor<3x4x4xf64>>
  %v9 = fisher.penalty %v8 toward %v10 weight %a5 : !fisher.belief<#fisher.von_mises<kappa>, tensor<3x4x4xf64>> -> tensor<f64>
  %v11 = fisher.metric %v2, %v0#1 : !fisher.belief<#fisher.categorical<probabilities>, tensor<10xbf16>>
  %v12 = fisher.exp %a6, %a7 : !fisher.belief<#fisher.categorical<probabilities>, tensor<1xbf16>>
  %v13:3 = fisher.kl_divergence_with_gradients %v12, %v12 : !fisher.belief<#fisher.categorical<probabilities>, tensor<1xbf16>>
  %v14:2 = fisher.metric %v8, %a4, %a4 : !fisher.belief<#fisher.von_mises<kappa>, tensor<3x4x4xf64>>
  %v15:2 = fisher.components %v10 : !fisher.belief<#fisher.von_mises<kappa>, tensor<3x4x4xf64>>
  return %v14#0, %v13#2, %v11, %v15#0, %v15#1, %v7#3, %v7#2, %v7#1 : tensor<3x4x4xf64>, tensor<1xbf16>, tensor<10xbf16>, tensor<3x4x4xf64>, tensor<3x4x4xf64>, tensor<3x4x4xf64>, tensor<3x4x4xf64>, tensor<3x4x4xf64>
}
