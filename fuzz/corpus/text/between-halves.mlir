// all the way
func.func private @f0(!fisher.belief<#fisher.categorical<logits>, tensor<1x10xbf16>>) -> !fisher.belief<#fisher.categorical<logits>, tensor<1x10xbf16>>
func.func @f9(%a0: tensor<1x10xbf16>, %a1: tensor<?x?x?x2x2xf64>, %a2: f64) -> (tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<?x?x?x2x2xf64>, tensor<1x10xbf16>, tensor<?x?x?x2x2xf64>, tensor<f64>) {
  %v1 = fisher.belief %a0 : !fisher.belief<#fisher.categorical<logits>, tensor<1x10xbf16>>
  %v0 = fisher.convert %v1 : !fisher.belief<#fisher.categorical<logits>, tensor<1x10xbf16>> to !fisher.belief<#fisher.categorical<logits>, tensor<1x10xf16>>
  %v3 = fisher.belief %a1 : !fisher.belief<#fisher.centered_gaussian<cholesky>, tensor<?x?x?x2x2xf64>>
  %v2:2 = fisher.penalty_with_gradient %v3 toward %v3 weight %a2 : !fisher.belief<#fisher.centered_gaussian<cholesky>, tensor<?x?x?x2x2xf64>> -> tensor<f64>, tensor<?x?x?x2x2xf64>
  %v5 = fisher.belief %a0 : !fisher.belief<#fisher.categorical<logits>, tensor<1x10xbf16>>
  %v4 = fisher.convert %v5 : !fisher.belief<#fisher.categorical<logits>, tensor<1x10xbf16>> to !fisher.belief<#fisher.categorical<logits>, tensor<1x10xf16>>
  %v6 = fisher.natural_gradient %v3, %v2#1 : !fisher.belief<#fisher.centered_gaussian<cholesky>, tensor<?x?x?x2x2xf64>>
  %v7 = fisher.squared_distance %v5, %v5 : !fisher.belief<#fisher.categorical<logits>, tensor<1x10xbf16>> -> tensor<1xf32>
  %v8 = fisher.squared_distance %v5, %v5 : !fisher.belief<#fisher.categorical<logits>, tensor<1x10xbf16>> -> tensor<1xf32>
  %v9 = fisher.squared_distance %v5, %v5 : !fisher.belief<#fisher.categorical<logits>, tensor<1x10xbf16>> -> tensor<1xf32>
  %v10 = fisher.squared_distance %v5, %v5 : !fisher.belief<#fisher.categorical<logits>, tensor<1x10xbf16>> -> tensor<1xf32>
  %v11 = fisher.components %v5 : !fisher.belief<#fisher.categorical<logits>, tensor<1x10xbf16>>
  return %v10, %v9, %v8, %v7, %v6, %v11, %v2#1, %v2#0 : tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<?x?x?x2x2xf64>, tensor<1x10xbf16>, tensor<?x?x?x2x2xf64>, tensor<f64>
}
