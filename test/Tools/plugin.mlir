// Stock MLIR takes the dialect, the passes and their options from the plugin.
// A process that is not instrumented cannot load a sanitized plugin.
// UNSUPPORTED: sanitizer

// RUN: mlir-opt %fisher_plugins %s | FileCheck %s --check-prefix=PARSED
// RUN: mlir-opt %fisher_plugins %s \
// RUN:   --pass-pipeline="builtin.module(fisher-insert{entry=step},canonicalize,cse,convert-fisher-to-linalg)" \
// RUN:   | FileCheck %s --check-prefix=LOWERED --implicit-check-not=fisher.penalty
// RUN: mlir-opt %fisher_plugins --help | FileCheck %s --check-prefix=HELP

// HELP: --convert-fisher-to-linalg
// HELP: --fisher-insert

// PARSED: fisher.policy @default
// LOWERED-NOT: fisher.policy
// LOWERED-LABEL: func.func @step
// LOWERED: linalg.generic
fisher.policy @default {
  fisher.regularize "(*).mu", "(*).rho" as #fisher.gaussian<softplus>
      toward #fisher.prior<[0.0, 1.0]> weight 1.0e-3 mode loss_only
}

func.func @step(
    %mu: tensor<4xf32> {fisher.name = "fc.mu", fisher.role = "param"},
    %rho: tensor<4xf32> {fisher.name = "fc.rho", fisher.role = "param"},
    %loss: tensor<f32>) -> (tensor<f32> {fisher.role = "loss"}) {
  return %loss : tensor<f32>
}
