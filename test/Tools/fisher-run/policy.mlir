// A policy, of a file or of the module, is inserted before the step is run; the
// penalty becomes a number to report while training.
// RUN: split-file %s %t
// RUN: fisher-run %t/step.mlir --policy=%t/policy.mlir --set w.mu=1 --set w.rho=1 --outputs=%t/file.npz 2>&1 | FileCheck %s --check-prefix=REMARK
// REMARK: policy.mlir:2:3: remark: regularized 'w.mu', 'w.rho'
// RUN: cat %t/step.mlir %t/policy.mlir > %t/both.mlir
// RUN: fisher-run %t/both.mlir --set w.mu=1 --set w.rho=1 --outputs=%t/module.npz
// RUN: cmp %t/file.npz %t/module.npz
// RUN: fisher-run %t/step.mlir --set w.mu=1 --set w.rho=1 --outputs=%t/none.npz
// RUN: not cmp %t/file.npz %t/none.npz

// RUN: fisher-run %t/step.mlir --policy=%t/policy.mlir --steps=3 --optimizer=sgd --learning-rate=0.1 --set w.mu=1 | FileCheck %s --check-prefix=TRAIN
// TRAIN: step 3 loss [[LOSS:[0-9.e-]+]] penalty [[LOSS]]

// Proximal entries that state no step size take that of the command.
// RUN: not fisher-run %t/update.mlir --policy=%t/proximal.mlir --steps=1 2>&1 | FileCheck %s --check-prefix=SIZE
// SIZE: proximal.mlir:2:3: error:
// RUN: fisher-run %t/update.mlir --policy=%t/proximal.mlir --steps=1 --step-size=0.5 --set w.mu=1 --outputs=%t/proximal.npz
// RUN: %python %S/Inputs/npz.py print %t/proximal.npz | FileCheck %s --check-prefix=PROXIMAL
// PROXIMAL: w.mu float32 (2,) [{{0\.[0-9]+}}, {{0\.[0-9]+}}]

//--- step.mlir
func.func @main(%mu: tensor<2xf32> {fisher.name = "w.mu", fisher.role = "param"},
                %rho: tensor<2xf32> {fisher.name = "w.rho", fisher.role = "param"})
    -> (tensor<f32> {fisher.role = "loss"},
        tensor<2xf32> {fisher.role = "grad", fisher.gradient_of = "w.mu"},
        tensor<2xf32> {fisher.role = "grad", fisher.gradient_of = "w.rho"}) {
  %0 = arith.constant dense<0.0> : tensor<f32>
  %1 = arith.constant dense<0.0> : tensor<2xf32>
  return %0, %1, %1 : tensor<f32>, tensor<2xf32>, tensor<2xf32>
}
//--- policy.mlir
fisher.policy @default {
  fisher.regularize "(*).mu", "(*).rho" as #fisher.gaussian<log_sigma>
      toward #fisher.prior<[0.0, 1.0]> weight 1.0 mode coupled
}
//--- update.mlir
func.func @main(%mu: tensor<2xf32> {fisher.name = "w.mu", fisher.role = "param"},
                %rho: tensor<2xf32> {fisher.name = "w.rho", fisher.role = "param"})
    -> (tensor<2xf32> {fisher.updates = "w.mu"},
        tensor<2xf32> {fisher.updates = "w.rho"}) {
  return %mu, %rho : tensor<2xf32>, tensor<2xf32>
}
//--- proximal.mlir
fisher.policy @default {
  fisher.regularize "(*).mu", "(*).rho" as #fisher.gaussian<log_sigma>
      toward #fisher.prior<[0.0, 1.0]> weight 1.0 mode proximal
}
