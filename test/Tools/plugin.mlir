// Stock mlir-opt with the plugin: dialect, passes and pipelines are all there.
// A process that is not instrumented cannot load a sanitized plugin.
// UNSUPPORTED: sanitizer

// RUN: split-file %s %t

// RUN: mlir-opt %fisher_plugins %t/step.mlir \
// RUN:   --pass-pipeline="builtin.module(fisher-insert{policy-file=%t/policy.mlir},canonicalize,cse,convert-fisher-to-linalg)" 2> %t/log \
// RUN:   | FileCheck %s --implicit-check-not='{{fisher\.[a-z_]+ %%}}' --implicit-check-not=!fisher
// RUN: FileCheck %s --check-prefix=REMARK < %t/log
// CHECK-LABEL: func.func @main(
// CHECK-SAME: {fisher.name = "mu", fisher.role = "param"}
// CHECK: linalg.generic
// CHECK: return
// REMARK: policy.mlir:2:3: remark: regularized 'mu', 'rho'

// What it prints, mlir-opt without the plugin lowers to LLVM.
// RUN: mlir-opt %fisher_plugins %t/step.mlir \
// RUN:   --pass-pipeline="builtin.module(fisher-insert{policy-file=%t/policy.mlir},canonicalize,cse,convert-fisher-to-linalg,fisher-strip-marks)" 2>/dev/null \
// RUN:   | mlir-opt --one-shot-bufferize=bufferize-function-boundaries --convert-linalg-to-loops --convert-scf-to-cf \
// RUN:       --expand-strided-metadata --lower-affine --convert-to-llvm --reconcile-unrealized-casts \
// RUN:   | mlir-translate --mlir-to-llvmir | FileCheck %s --check-prefix=LLVM
// LLVM: define {{.*}} @main(

// RUN: mlir-opt %fisher_plugins %t/step.mlir \
// RUN:   --pass-pipeline="builtin.module(fisher-insert{policy-file=%t/policy.mlir step-size=1 entry=main policy=p penalty-result=false},fisher-cpu-pipeline)" 2>/dev/null \
// RUN:   | FileCheck %s --check-prefix=PIPELINE
// PIPELINE: llvm.func @main(

// RUN: mlir-opt %fisher_plugins --help | FileCheck %s --check-prefix=HELP
// HELP-DAG: --convert-fisher-to-linalg
// HELP-DAG: --fisher-insert
// HELP-DAG: --fisher-strip-marks
// HELP-DAG: --fisher-legalize-floats
// HELP-DAG: --fisher-cpu-pipeline

// RUN: mlir-opt --load-dialect-plugin=%fisher_plugin --show-dialects | FileCheck %s --check-prefix=DIALECTS
// DIALECTS: fisher

// Errors come out of it as out of fisher-opt.
// RUN: not mlir-opt %fisher_plugins %t/step.mlir \
// RUN:   --pass-pipeline="builtin.module(fisher-insert{policy-file=%t/wrong.mlir})" 2>&1 \
// RUN:   | FileCheck %s --check-prefix=ERROR
// ERROR: wrong.mlir:2:3: error: 'conv.mu' matches no parameter of the step

//--- step.mlir
func.func @main(%mu: tensor<?xf32> {fisher.name = "mu", fisher.role = "param"},
                %rho: tensor<?xf32> {fisher.name = "rho", fisher.role = "param"},
                %l: tensor<f32>)
    -> (tensor<f32> {fisher.role = "loss"}, tensor<?xf32> {fisher.gradient_of = "mu"},
        tensor<?xf32> {fisher.gradient_of = "rho"}) {
  %g = arith.mulf %mu, %rho : tensor<?xf32>
  return %l, %g, %g : tensor<f32>, tensor<?xf32>, tensor<?xf32>
}

//--- policy.mlir
fisher.policy @p {
  fisher.regularize "mu", "rho" as #fisher.gaussian<softplus> toward #fisher.prior<[0.0, 1.0]> weight 1.0e-3 mode coupled
}

//--- wrong.mlir
fisher.policy @p {
  fisher.regularize "conv.mu", "conv.rho" as #fisher.gaussian<softplus> toward #fisher.frozen weight 1.0e-3 mode coupled
}
