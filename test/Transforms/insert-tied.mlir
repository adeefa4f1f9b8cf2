// Components that several elements, or several beliefs, have in common: they
// are broadcast before the belief is packed, and their gradients are summed.

// RUN: fisher-opt %s --fisher-insert --split-input-file 2>/dev/null | FileCheck %s
// RUN: fisher-opt %s --fisher-insert --split-input-file --convert-fisher-to-linalg 2>/dev/null \
// RUN:   | FileCheck %s --check-prefix=LOWERED --implicit-check-not="fisher.{{[a-z_]*}} %"
// RUN: fisher-opt %s --fisher-insert --split-input-file 2>&1 >/dev/null | FileCheck %s --check-prefix=REMARK

// One number for the tensor. The sum is in f64, and so is what it is added to.
// REMARK: regularized 'fc.mu', 'fc.rho' as #fisher.gaussian<softplus>, 12 elements
// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[MU:[^:]*]]: tensor<4x3xf32>
// CHECK-SAME: %[[RHO:[^:]*]]: tensor<f32>
// CHECK-SAME: %[[DMU:[^:]*]]: tensor<4x3xf32>, %[[DRHO:[^:]*]]: tensor<f32>
// CHECK: %[[WIDE:.*]] = linalg.broadcast ins(%[[RHO]] : tensor<f32>) outs(%{{.*}} : tensor<4x3xf32>) dimensions = [0, 1]
// CHECK: %[[B:.*]] = fisher.belief %[[MU]], %[[WIDE]]
// CHECK: %[[P:.*]], %[[G:.*]]:2 = fisher.penalty_with_gradient %[[B]] toward
// CHECK: %[[NEWMU:.*]] = arith.addf %[[DMU]], %[[G]]#0
// CHECK: %[[SUM:.*]] = linalg.reduce ins(%[[G]]#1 : tensor<4x3xf32>) outs(%{{.*}} : tensor<f64>) dimensions = [0, 1]
// CHECK-NEXT: (%[[IN:.*]]: f32, %[[ACC:.*]]: f64) {
// CHECK-NEXT: %[[EXT:.*]] = arith.extf %[[IN]] : f32 to f64
// CHECK-NEXT: %[[NEXT:.*]] = arith.addf %[[ACC]], %[[EXT]] : f64
// CHECK-NEXT: linalg.yield %[[NEXT]] : f64
// CHECK: %[[OWN:.*]] = arith.extf %[[DRHO]] : tensor<f32> to tensor<f64>
// CHECK: %[[BOTH:.*]] = arith.addf %[[OWN]], %[[SUM]] : tensor<f64>
// CHECK: %[[NEWRHO:.*]] = arith.truncf %[[BOTH]] : tensor<f64> to tensor<f32>
// CHECK: return %{{.*}}, %[[NEWMU]], %[[NEWRHO]] :
// LOWERED-LABEL: func.func @main(
func.func @main(%mu: tensor<4x3xf32> {fisher.name = "fc.mu"}, %rho: tensor<f32> {fisher.name = "fc.rho"},
                %dmu: tensor<4x3xf32>, %drho: tensor<f32>, %loss: tensor<f32>)
    -> (tensor<f32> {fisher.role = "loss"}, tensor<4x3xf32> {fisher.gradient_of = "fc.mu"},
        tensor<f32> {fisher.gradient_of = "fc.rho"}) {
  return %loss, %dmu, %drho : tensor<f32>, tensor<4x3xf32>, tensor<f32>
}
fisher.policy @p {
  fisher.regularize "*.mu", "*.rho" as #fisher.gaussian<softplus>
      toward #fisher.prior<[0.0, 1.0]> weight 1.0e-3 mode coupled
}

// -----

// One for each row: size one, which the broadcast does without.
// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[MU:[^:]*]]: tensor<4x3xf64>
// CHECK-SAME: %[[RHO:[^:]*]]: tensor<4x1xf64>
// CHECK: %[[ROWS:.*]] = tensor.collapse_shape %[[RHO]] {{\[\[}}0, 1]] : tensor<4x1xf64> into tensor<4xf64>
// CHECK: linalg.broadcast ins(%[[ROWS]] : tensor<4xf64>) outs(%{{.*}} : tensor<4x3xf64>) dimensions = [1]
// CHECK: %[[SUM:.*]] = linalg.reduce { arith.addf } ins(%{{.*}} : tensor<4x3xf64>) outs(%{{.*}} : tensor<4xf64>) dimensions = [1]
// CHECK: %[[LIKE:.*]] = tensor.expand_shape %[[SUM]] {{\[\[}}0, 1]] output_shape [4, 1] : tensor<4xf64> into tensor<4x1xf64>
// CHECK: %[[NEW:.*]] = arith.addf %[[RHO]], %[[LIKE]] : tensor<4x1xf64>
// CHECK: return %{{.*}}, %{{.*}}, %[[NEW]] :
// LOWERED-LABEL: func.func @main(
func.func @main(%mu: tensor<4x3xf64> {fisher.name = "fc.mu"}, %rho: tensor<4x1xf64> {fisher.name = "fc.rho"},
                %loss: tensor<f64>)
    -> (tensor<f64> {fisher.role = "loss"}, tensor<4x3xf64> {fisher.gradient_of = "fc.mu"},
        tensor<4x1xf64> {fisher.gradient_of = "fc.rho"}) {
  return %loss, %mu, %rho : tensor<f64>, tensor<4x3xf64>, tensor<4x1xf64>
}
fisher.policy @p {
  fisher.regularize "*.mu", "*.rho" as #fisher.gaussian<softplus>
      toward #fisher.prior<[0.0, 1.0]> weight 1.0e-3 mode coupled
}

// -----

// The mean can be the one that is repeated. Sizes that both have are those of
// the component itself, so that the lowering sees where they differ.
// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[MU:[^:]*]]: tensor<1x1x?xf32>
// CHECK-SAME: %[[SIGMA:[^:]*]]: tensor<?x1x?xf32>
// CHECK-DAG: %[[ROW:.*]] = tensor.collapse_shape %[[MU]] {{\[\[}}0, 1], [2]] : tensor<1x1x?xf32> into tensor<1x?xf32>
// CHECK-DAG: %[[OTHER:.*]] = tensor.dim %[[SIGMA]], %c0
// CHECK-DAG: %[[OWN:.*]] = tensor.dim %[[ROW]], %c1
// LOWERED-LABEL: func.func @main(
// LOWERED: cf.assert %{{.*}}, "fisher.penalty: the components differ in size along dimension 2"
func.func @main(%mu: tensor<1x1x?xf32> {fisher.name = "mu"}, %sigma: tensor<?x1x?xf32> {fisher.name = "sigma"},
                %loss: tensor<f32>) -> (tensor<f32> {fisher.role = "loss"}) {
  return %loss : tensor<f32>
}
fisher.policy @p {
  fisher.regularize "mu", "sigma" as #fisher.gaussian<sigma>
      toward #fisher.prior<[0.0, 1.0]> weight 1.0e-3 mode loss_only
}

// -----

// A name beside a glob that captures is part of every belief. What is kept of
// it is kept once, as it is stored.
// REMARK: regularized 'a.mu', 'shared'
// REMARK: regularized 'b.mu', 'shared'
// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[A:[^:]*]]: tensor<4xf32> {fisher.name = "a.mu"}
// CHECK-SAME: %[[SHARED:[^:]*]]: tensor<4xf32> {fisher.name = "shared"}
// CHECK-SAME: %[[B:[^:]*]]: tensor<2x4xf32> {fisher.name = "b.mu"}
// CHECK-SAME: fisher.name = "a.mu.previous"
// CHECK-SAME: %[[STATE:[^:]*]]: tensor<4xf32> {fisher.initialize = "shared", fisher.name = "shared.previous", fisher.role = "state"}
// CHECK-SAME: fisher.name = "b.mu.previous"
// CHECK-NOT: shared.previous{{.*}}shared.previous{{.*}}->
// CHECK-SAME: tensor<4xf32> {fisher.gradient_of = "shared"}
// CHECK-SAME: {fisher.updates = "a.mu.previous"}, tensor<4xf32> {fisher.updates = "shared.previous"}, tensor<2x4xf32> {fisher.updates = "b.mu.previous"})
// CHECK: fisher.belief %[[A]], %[[SHARED]]
// CHECK: %{{.*}}, %[[GA:.*]]:2 = fisher.penalty_with_gradient
// CHECK: %[[SUMA:.*]] = arith.extf %[[GA]]#1 : tensor<4xf32> to tensor<4xf64>
// CHECK: linalg.broadcast ins(%[[SHARED]] : tensor<4xf32>) outs(%{{.*}} : tensor<2x4xf32>) dimensions = [0]
// CHECK: linalg.broadcast ins(%[[STATE]] : tensor<4xf32>) outs(%{{.*}} : tensor<2x4xf32>) dimensions = [0]
// CHECK: %[[SUMB:.*]] = linalg.reduce
// CHECK: %[[SUM:.*]] = arith.addf %[[SUMA]], %[[SUMB]] : tensor<4xf64>
// CHECK: arith.addf %{{.*}}, %[[SUM]] : tensor<4xf64>
// CHECK: return %{{.*}}, %[[A]], %[[SHARED]], %[[B]] :
// LOWERED-LABEL: func.func @main(
func.func @main(%a: tensor<4xf32> {fisher.name = "a.mu"}, %shared: tensor<4xf32> {fisher.name = "shared"},
                %b: tensor<2x4xf32> {fisher.name = "b.mu"})
    -> (tensor<4xf32> {fisher.gradient_of = "a.mu"}, tensor<4xf32> {fisher.gradient_of = "shared"},
        tensor<2x4xf32> {fisher.gradient_of = "b.mu"}) {
  return %a, %shared, %b : tensor<4xf32>, tensor<4xf32>, tensor<2x4xf32>
}
fisher.policy @p {
  fisher.regularize "(*).mu", "shared" as #fisher.gaussian<log_sigma>
      toward #fisher.previous weight 1.0e-3 mode coupled
}

// -----

// With one belief nothing is in common: every mode and reference is there.
// CHECK-LABEL: func.func @main(
// CHECK-NOT: linalg
// CHECK: fisher.proximal_step
// LOWERED-LABEL: func.func @main(
func.func @main(%a: tensor<4xf32> {fisher.name = "a.mu"}, %rho: tensor<4xf32> {fisher.name = "rho"})
    -> (tensor<4xf32> {fisher.updates = "a.mu"}, tensor<4xf32> {fisher.updates = "rho"}) {
  return %a, %rho : tensor<4xf32>, tensor<4xf32>
}
fisher.policy @p {
  fisher.regularize "(*).mu", "rho" as #fisher.gaussian<log_sigma>
      toward #fisher.moving_average<0.9> weight 1.0e-3 step_size 0.1 mode proximal
}

// -----

// A belief that the step computes, whose scale is one for all of a batch.
// CHECK-LABEL: func.func @main(
// CHECK: %[[MU:.*]] = math.tanh
// CHECK: %[[VAR:.*]] = math.absf
// CHECK: %[[WIDE:.*]] = linalg.broadcast ins(%[[VAR]] : tensor<8xf16>) outs(%{{.*}} : tensor<?x8xf16>) dimensions = [0]
// CHECK: fisher.belief %[[MU]], %[[WIDE]]
// LOWERED-LABEL: func.func @main(
func.func @main(%x: tensor<?x8xf16> {fisher.name = "x", fisher.role = "batch"}, %v: tensor<8xf16>, %loss: tensor<f32>)
    -> (tensor<f32> {fisher.role = "loss"}, tensor<?x8xf16> {fisher.name = "latent.mu"},
        tensor<8xf16> {fisher.name = "latent.logvar"}) {
  %mu = math.tanh %x : tensor<?x8xf16>
  %var = math.absf %v : tensor<8xf16>
  return %loss, %mu, %var : tensor<f32>, tensor<?x8xf16>, tensor<8xf16>
}
fisher.policy @p {
  fisher.regularize "latent.mu", "latent.logvar" as #fisher.gaussian<log_variance>
      toward #fisher.prior<[0.0, 1.0]> weight 0.5 mode loss_only
}
