// The family in both charts, through the printer, insertion and the conversion.

// RUN: fisher-opt %s | fisher-opt | FileCheck %s
// RUN: fisher-opt %s --fisher-insert 2>&1 | FileCheck %s --check-prefix=INSERT
// RUN: fisher-opt %s --fisher-insert --convert-fisher-to-linalg 2>/dev/null | FileCheck %s --check-prefix=LINALG --implicit-check-not='fisher.{{(belief|penalty|components|convert)}}'

// CHECK: func.func private @stored() -> !fisher.belief<#fisher.exponential<log_rate>, tensor<?x2xbf16>>
func.func private @stored() -> !fisher.belief<#fisher.exponential<log_rate>, tensor<?x2xbf16>>

// INSERT: remark: regularized 'a' as #fisher.exponential<log_rate>, 4 elements, toward #fisher.prior<[2.000000e+00]>
// INSERT: remark: regularized 'b' as #fisher.exponential<rate>, 4 elements, toward #fisher.prior<[2.000000e+00]>
fisher.policy @default {
  fisher.regularize "a" as #fisher.exponential<log_rate> toward #fisher.prior<[2.0]> weight 1.0e-3 mode coupled
  fisher.regularize "b" as #fisher.exponential<rate> toward #fisher.prior<[2.0]> weight 1.0e-3 mode coupled
}

// INSERT-LABEL: func.func @main(
// INSERT-DAG: arith.constant dense<0.69314718{{.*}}> : tensor<4xf64>
// INSERT-DAG: arith.constant dense<2.000000e+00> : tensor<4xf64>
// LINALG-LABEL: func.func @main(
// LINALG-COUNT-2: linalg.generic
func.func @main(%a: tensor<4xf64> {fisher.name = "a", fisher.role = "param"},
                %b: tensor<4xf64> {fisher.name = "b", fisher.role = "param"})
    -> (tensor<4xf64> {fisher.gradient_of = "a"}, tensor<4xf64> {fisher.gradient_of = "b"}) {
  return %a, %b : tensor<4xf64>, tensor<4xf64>
}
