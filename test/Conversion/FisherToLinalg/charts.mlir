// Bodies are arith and those operations of math that are instructions on every
// target: no function of a math library is called in any chart.

// RUN: sed -e s/CHART/sigma/ %s | fisher-opt --convert-fisher-to-linalg | FileCheck %s
// RUN: sed -e s/CHART/log_sigma/ %s | fisher-opt --convert-fisher-to-linalg | FileCheck %s
// RUN: sed -e s/CHART/softplus/ %s | fisher-opt --convert-fisher-to-linalg | FileCheck %s
// RUN: sed -e s/CHART/variance/ %s | fisher-opt --convert-fisher-to-linalg | FileCheck %s
// RUN: sed -e s/CHART/log_variance/ %s | fisher-opt --convert-fisher-to-linalg | FileCheck %s
// RUN: sed -e s/CHART/precision/ %s | fisher-opt --convert-fisher-to-linalg | FileCheck %s

!b = !fisher.belief<#fisher.gaussian<CHART>, tensor<?xf32>>
!c = !fisher.belief<#fisher.gaussian<softplus>, tensor<?xf64>>
!d = !fisher.belief<#fisher.gaussian<log_sigma>, tensor<?xf64>>

// CHECK-LABEL: func.func @all(
// CHECK-NOT: {{!fisher|fisher\.[a-z_]+ %}}
// CHECK-NOT: math.{{(exp|log|sin|cos|tanh|pow|erf|cbrt|fma|asinh|sinh|cosh)}}
// CHECK-NOT: call
// CHECK: return
func.func @all(%a: !b, %b: !b, %s: f32)
    -> (tensor<?xf32>, tensor<?xf32>, tensor<?xf32>, tensor<?xf32>, tensor<f32>, !b, !b, !b, !b, !c, !d) {
  %d:3 = fisher.squared_distance_with_gradient %a, %b : !b -> tensor<?xf32>, tensor<?xf32>, tensor<?xf32>
  %k = fisher.kl_divergence %a, %b : !b -> tensor<?xf32>
  %p = fisher.penalty %a toward %b weight %s : !b -> tensor<f32>
  %g = fisher.geodesic %a, %b at %s : !b
  %q = fisher.proximal_step %a toward %b strength %s : !b
  %v:2 = fisher.log %a, %b : !b
  %e = fisher.exp %b, %v#0, %v#1 : !b
  %m:2 = fisher.metric %a, %v#0, %v#1 : !b
  %n:2 = fisher.natural_gradient %b, %m#0, %m#1 : !b
  %f = fisher.exp %a, %n#0, %n#1 : !b
  %c = fisher.convert %a : !b to !c
  %l = fisher.convert %a : !b to !d
  return %d#0, %d#1, %d#2, %k, %p, %g, %q, %e, %f, %c, %l
      : tensor<?xf32>, tensor<?xf32>, tensor<?xf32>, tensor<?xf32>, tensor<f32>, !b, !b, !b, !b, !c, !d
}
