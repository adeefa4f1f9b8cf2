// The family through the printer, insertion and the conversion.

// RUN: fisher-opt %s | fisher-opt | FileCheck %s
// RUN: fisher-opt %s --fisher-insert 2>&1 | FileCheck %s --check-prefix=INSERT
// RUN: fisher-opt %s --fisher-insert --convert-fisher-to-linalg 2>/dev/null | FileCheck %s --check-prefix=LINALG --implicit-check-not='fisher.{{(belief|penalty|components|convert)}}'

// CHECK: func.func private @stored() -> !fisher.belief<#fisher.gaussian_mean<log_sigma>, tensor<?x2xbf16>>
func.func private @stored() -> !fisher.belief<#fisher.gaussian_mean<log_sigma>, tensor<?x2xbf16>>

// INSERT: remark: regularized 'm', 's' as #fisher.gaussian_mean<variance>, 4 elements, toward #fisher.frozen
fisher.policy @default {
  fisher.regularize "m", "s" as #fisher.gaussian_mean<variance> toward #fisher.frozen weight 1.0e-3 mode loss_only
}

// INSERT-LABEL: func.func @main(
// INSERT: fisher.penalty
// LINALG-LABEL: func.func @main(
// LINALG: linalg.generic
func.func @main(%m: tensor<4xf64> {fisher.name = "m", fisher.role = "param"},
                %s: tensor<4xf64> {fisher.name = "s", fisher.role = "param"})
    -> (tensor<f64> {fisher.role = "loss"}) {
  %0 = arith.constant dense<0.0> : tensor<f64>
  return %0 : tensor<f64>
}
