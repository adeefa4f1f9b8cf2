// The family in every chart, through the printer, insertion and the conversion.

// RUN: fisher-opt %s | fisher-opt | FileCheck %s
// RUN: fisher-opt %s --fisher-insert 2>&1 | FileCheck %s --check-prefix=INSERT
// RUN: fisher-opt %s --fisher-insert --convert-fisher-to-linalg 2>/dev/null | FileCheck %s --check-prefix=LINALG --implicit-check-not='fisher.{{(belief|penalty|components|convert)}}'

// CHECK: func.func private @stored() -> !fisher.belief<#fisher.von_mises<softplus>, tensor<?x2xbf16>>
func.func private @stored() -> !fisher.belief<#fisher.von_mises<softplus>, tensor<?x2xbf16>>

// INSERT: remark: regularized 'a', 'k' as #fisher.von_mises<kappa>, 4 elements, toward #fisher.prior<[5.000000e-01, 2.000000e+00]>
// INSERT: remark: regularized 'b', 'l' as #fisher.von_mises<log_kappa>, 4 elements, toward #fisher.prior<[5.000000e-01, 2.000000e+00]>
// INSERT: remark: regularized 'c', 's' as #fisher.von_mises<softplus>, 4 elements, toward #fisher.prior<[5.000000e-01, 2.000000e+00]>
fisher.policy @default {
  fisher.regularize "a", "k" as #fisher.von_mises<kappa> toward #fisher.prior<[0.5, 2.0]> weight 1.0e-3 mode coupled
  fisher.regularize "b", "l" as #fisher.von_mises<log_kappa> toward #fisher.prior<[0.5, 2.0]> weight 1.0e-3 mode coupled
  fisher.regularize "c", "s" as #fisher.von_mises<softplus> toward #fisher.prior<[0.5, 2.0]> weight 1.0e-3 mode coupled
}

// INSERT-LABEL: func.func @main(
// INSERT-DAG: arith.constant dense<2.000000e+00> : tensor<4xf64>
// INSERT-DAG: arith.constant dense<0.6931{{.*}}> : tensor<4xf64>
// The number whose softplus is 2.
// INSERT-DAG: arith.constant dense<1.85458654{{.*}}> : tensor<4xf64>
// LINALG-LABEL: func.func @main(
// LINALG-COUNT-3: linalg.generic
func.func @main(%a: tensor<4xf64> {fisher.name = "a", fisher.role = "param"},
                %k: tensor<4xf64> {fisher.name = "k", fisher.role = "param"},
                %b: tensor<4xf64> {fisher.name = "b", fisher.role = "param"},
                %l: tensor<4xf64> {fisher.name = "l", fisher.role = "param"},
                %c: tensor<4xf64> {fisher.name = "c", fisher.role = "param"},
                %s: tensor<4xf64> {fisher.name = "s", fisher.role = "param"})
    -> (tensor<4xf64> {fisher.gradient_of = "a"}, tensor<4xf64> {fisher.gradient_of = "k"},
        tensor<4xf64> {fisher.gradient_of = "b"}, tensor<4xf64> {fisher.gradient_of = "l"},
        tensor<4xf64> {fisher.gradient_of = "c"}, tensor<4xf64> {fisher.gradient_of = "s"}) {
  return %a, %k, %b, %l, %c, %s : tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<4xf64>
}
