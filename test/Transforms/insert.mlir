// Each mode with each reference, on a step that returns everything.

// RUN: split-file %s %t
// RUN: cat %t/step.mlir %t/coupled.mlir | fisher-opt --fisher-insert | FileCheck %t/coupled.mlir
// RUN: cat %t/step.mlir %t/coupled_frozen.mlir | fisher-opt --fisher-insert | FileCheck %t/coupled_frozen.mlir
// RUN: cat %t/step.mlir %t/coupled_previous.mlir | fisher-opt --fisher-insert | FileCheck %t/coupled_previous.mlir
// RUN: cat %t/step.mlir %t/coupled_average.mlir | fisher-opt --fisher-insert | FileCheck %t/coupled_average.mlir
// RUN: cat %t/step.mlir %t/coupled_argument.mlir | fisher-opt --fisher-insert | FileCheck %t/coupled_argument.mlir
// RUN: cat %t/step.mlir %t/loss_only.mlir | fisher-opt --fisher-insert | FileCheck %t/loss_only.mlir
// RUN: cat %t/step.mlir %t/loss_only_frozen.mlir | fisher-opt --fisher-insert | FileCheck %t/loss_only_frozen.mlir
// RUN: cat %t/step.mlir %t/loss_only_previous.mlir | fisher-opt --fisher-insert | FileCheck %t/loss_only_previous.mlir
// RUN: cat %t/step.mlir %t/loss_only_average.mlir | fisher-opt --fisher-insert | FileCheck %t/loss_only_average.mlir
// RUN: cat %t/step.mlir %t/loss_only_argument.mlir | fisher-opt --fisher-insert | FileCheck %t/loss_only_argument.mlir
// RUN: cat %t/step.mlir %t/proximal.mlir | fisher-opt --fisher-insert | FileCheck %t/proximal.mlir
// RUN: cat %t/step.mlir %t/proximal_frozen.mlir | fisher-opt --fisher-insert | FileCheck %t/proximal_frozen.mlir
// RUN: cat %t/step.mlir %t/proximal_previous.mlir | fisher-opt --fisher-insert | FileCheck %t/proximal_previous.mlir
// RUN: cat %t/step.mlir %t/proximal_average.mlir | fisher-opt --fisher-insert | FileCheck %t/proximal_average.mlir
// RUN: cat %t/step.mlir %t/proximal_argument.mlir | fisher-opt --fisher-insert | FileCheck %t/proximal_argument.mlir
// RUN: cat %t/step.mlir %t/natural.mlir | fisher-opt --fisher-insert | FileCheck %t/natural.mlir
// RUN: cat %t/step.mlir %t/natural_frozen.mlir | fisher-opt --fisher-insert | FileCheck %t/natural_frozen.mlir
// RUN: cat %t/step.mlir %t/natural_previous.mlir | fisher-opt --fisher-insert | FileCheck %t/natural_previous.mlir
// RUN: cat %t/step.mlir %t/natural_average.mlir | fisher-opt --fisher-insert | FileCheck %t/natural_average.mlir
// RUN: cat %t/step.mlir %t/natural_argument.mlir | fisher-opt --fisher-insert | FileCheck %t/natural_argument.mlir

//--- step.mlir

func.func @main(
    %mu: tensor<4xf32> {fisher.name = "fc.mu", fisher.role = "param"},
    %rho: tensor<4xf32> {fisher.name = "fc.rho", fisher.role = "param"},
    %x: tensor<4xf32> {fisher.name = "x", fisher.role = "batch"},
    %l: tensor<f32> {fisher.name = "l", fisher.role = "batch"},
    %mu_ref: tensor<4xf32> {fisher.name = "fc.mu.ref", fisher.role = "state"},
    %rho_ref: tensor<4xf32> {fisher.name = "fc.rho.ref", fisher.role = "state"})
    -> (tensor<f32> {fisher.role = "loss"},
        tensor<4xf32> {fisher.gradient_of = "fc.mu"},
        tensor<4xf32> {fisher.gradient_of = "fc.rho"},
        tensor<4xf32> {fisher.updates = "fc.mu"},
        tensor<4xf32> {fisher.updates = "fc.rho"}) {
  %gmu = arith.mulf %mu, %x {test.gradient = "mu"} : tensor<4xf32>
  %grho = arith.mulf %rho, %x {test.gradient = "rho"} : tensor<4xf32>
  %umu = arith.subf %mu, %gmu {test.update = "mu"} : tensor<4xf32>
  %urho = arith.subf %rho, %grho {test.update = "rho"} : tensor<4xf32>
  return %l, %gmu, %grho, %umu, %urho
      : tensor<f32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

//--- coupled.mlir

fisher.policy @p {
  fisher.regularize "fc.mu", "fc.rho" as #fisher.gaussian<softplus>
      toward #fisher.prior<[0.0, 1.0]> weight 1.0e-3 mode coupled
}
// The prior is in the chart that the belief is stored in: log(exp(1) - 1).
// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[MU:[^:]*]]: tensor<4xf32> {fisher.name = "fc.mu", fisher.role = "param"},
// CHECK-SAME: %[[RHO:[^:]*]]: tensor<4xf32> {fisher.name = "fc.rho", fisher.role = "param"},
// CHECK-SAME: %{{[^:]*}}: tensor<4xf32> {fisher.name = "x", fisher.role = "batch"},
// CHECK-SAME: %[[L:[^:]*]]: tensor<f32> {fisher.name = "l"
// CHECK-SAME: {fisher.name = "fc.rho.ref", fisher.role = "state"})
// CHECK-SAME: -> (tensor<f32> {fisher.role = "loss"}, tensor<4xf32> {fisher.gradient_of = "fc.mu"}, tensor<4xf32> {fisher.gradient_of = "fc.rho"}, tensor<4xf32> {fisher.updates = "fc.mu"}, tensor<4xf32> {fisher.updates = "fc.rho"}) attributes {fisher.regularized = {{\[\[}}"fc.mu", "fc.rho"]]} {
// CHECK-DAG: %[[GMU:.*]] = arith.mulf {{.*}}test.gradient = "mu"
// CHECK-DAG: %[[GRHO:.*]] = arith.mulf {{.*}}test.gradient = "rho"
// CHECK-DAG: %[[UMU:.*]] = arith.subf {{.*}}test.update = "mu"
// CHECK-DAG: %[[URHO:.*]] = arith.subf {{.*}}test.update = "rho"
// CHECK-DAG: %[[B:.*]] = fisher.belief %[[MU]], %[[RHO]] : !fisher.belief<#fisher.gaussian<softplus>, tensor<4xf32>>
// CHECK-DAG: %[[MEAN:.*]] = arith.constant dense<0.000000e+00> : tensor<4xf32>
// CHECK-DAG: %[[SCALE:.*]] = arith.constant dense<0.541324{{.*}}> : tensor<4xf32>
// CHECK-DAG: %[[REF:.*]] = fisher.belief %[[MEAN]], %[[SCALE]]
// CHECK-DAG: %[[W:.*]] = arith.constant 1.000000e-03 : f32
// CHECK: %[[P:.*]], %[[G:.*]]:2 = fisher.penalty_with_gradient %[[B]] toward %[[REF]] weight %[[W]]
// CHECK-DAG: %[[SMU:.*]] = arith.addf %[[GMU]], %[[G]]#0 : tensor<4xf32>
// CHECK-DAG: %[[SRHO:.*]] = arith.addf %[[GRHO]], %[[G]]#1 : tensor<4xf32>
// CHECK-DAG: %[[LOSS:.*]] = arith.addf %[[L]], %[[P]] : tensor<f32>
// CHECK: return %[[LOSS]], %[[SMU]], %[[SRHO]], %[[UMU]], %[[URHO]] :
// CHECK-NOT: fisher.policy

//--- coupled_frozen.mlir

fisher.policy @p {
  fisher.regularize "fc.mu", "fc.rho" as #fisher.gaussian<softplus>
      toward #fisher.frozen weight 1.0e-3 mode coupled
}
// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[MU:[^:]*]]: tensor<4xf32> {fisher.name = "fc.mu",
// CHECK-SAME: %[[RHO:[^:]*]]: tensor<4xf32> {fisher.name = "fc.rho",
// CHECK-SAME: %[[FMU:[^:]*]]: tensor<4xf32> {fisher.initialize = "fc.mu", fisher.name = "fc.mu.frozen", fisher.role = "state"},
// CHECK-SAME: %[[FRHO:[^:]*]]: tensor<4xf32> {fisher.initialize = "fc.rho", fisher.name = "fc.rho.frozen", fisher.role = "state"})
// What is frozen is not updated.
// CHECK-SAME: tensor<4xf32> {fisher.updates = "fc.rho"})
// CHECK-DAG: %[[B:.*]] = fisher.belief %[[MU]], %[[RHO]]
// CHECK-DAG: %[[REF:.*]] = fisher.belief %[[FMU]], %[[FRHO]]
// CHECK: fisher.penalty_with_gradient %[[B]] toward %[[REF]]

//--- coupled_previous.mlir

fisher.policy @p {
  fisher.regularize "fc.mu", "fc.rho" as #fisher.gaussian<softplus>
      toward #fisher.previous weight 1.0e-3 mode coupled
}
// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[MU:[^:]*]]: tensor<4xf32> {fisher.name = "fc.mu",
// CHECK-SAME: %[[RHO:[^:]*]]: tensor<4xf32> {fisher.name = "fc.rho",
// CHECK-SAME: %[[PMU:[^:]*]]: tensor<4xf32> {fisher.initialize = "fc.mu", fisher.name = "fc.mu.previous", fisher.role = "state"},
// CHECK-SAME: %[[PRHO:[^:]*]]: tensor<4xf32> {fisher.initialize = "fc.rho", fisher.name = "fc.rho.previous", fisher.role = "state"})
// CHECK-SAME: tensor<4xf32> {fisher.updates = "fc.rho"}, tensor<4xf32> {fisher.updates = "fc.mu.previous"}, tensor<4xf32> {fisher.updates = "fc.rho.previous"})
// CHECK-DAG: %[[B:.*]] = fisher.belief %[[MU]], %[[RHO]]
// CHECK-DAG: %[[REF:.*]] = fisher.belief %[[PMU]], %[[PRHO]]
// CHECK: fisher.penalty_with_gradient %[[B]] toward %[[REF]]
// The next step's reference is the belief that this step was given.
// CHECK: %[[NEXT:.*]]:2 = fisher.components %[[B]]
// CHECK: return {{.*}}, %[[NEXT]]#0, %[[NEXT]]#1 :

//--- coupled_average.mlir

fisher.policy @p {
  fisher.regularize "fc.mu", "fc.rho" as #fisher.gaussian<softplus>
      toward #fisher.moving_average<0.75> weight 1.0e-3 mode coupled
}
// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[AMU:[^:]*]]: tensor<4xf32> {fisher.initialize = "fc.mu", fisher.name = "fc.mu.average", fisher.role = "state"},
// CHECK-SAME: %[[ARHO:[^:]*]]: tensor<4xf32> {fisher.initialize = "fc.rho", fisher.name = "fc.rho.average", fisher.role = "state"})
// CHECK-SAME: tensor<4xf32> {fisher.updates = "fc.mu.average"}, tensor<4xf32> {fisher.updates = "fc.rho.average"})
// CHECK-DAG: %[[UMU:.*]] = arith.subf {{.*}}test.update = "mu"
// CHECK-DAG: %[[URHO:.*]] = arith.subf {{.*}}test.update = "rho"
// CHECK-DAG: %[[AVERAGE:.*]] = fisher.belief %[[AMU]], %[[ARHO]]
// CHECK-DAG: %[[AFTER:.*]] = fisher.belief %[[UMU]], %[[URHO]]
// CHECK: fisher.penalty_with_gradient %{{.*}} toward %[[AVERAGE]]
// It moves by one minus the decay toward the updated belief.
// CHECK: %[[T:.*]] = arith.constant 2.500000e-01 : f32
// CHECK: %[[NEXT:.*]] = fisher.geodesic %[[AVERAGE]], %[[AFTER]] at %[[T]]
// CHECK: %[[STATE:.*]]:2 = fisher.components %[[NEXT]]
// CHECK: return {{.*}}, %[[STATE]]#0, %[[STATE]]#1 :

//--- coupled_argument.mlir

fisher.policy @p {
  fisher.regularize "(*).mu", "(*).rho" as #fisher.gaussian<softplus>
      toward #fisher.argument<"{0}.mu.ref", "{0}.rho.ref"> weight 1.0e-3 mode coupled
}
// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[RMU:[^:]*]]: tensor<4xf32> {fisher.name = "fc.mu.ref", fisher.role = "state"},
// CHECK-SAME: %[[RRHO:[^:]*]]: tensor<4xf32> {fisher.name = "fc.rho.ref", fisher.role = "state"})
// CHECK-DAG: %[[REF:.*]] = fisher.belief %[[RMU]], %[[RRHO]]
// CHECK: fisher.penalty_with_gradient %{{.*}} toward %[[REF]]

//--- loss_only.mlir

fisher.policy @p {
  fisher.regularize "fc.mu", "fc.rho" as #fisher.gaussian<sigma>
      toward #fisher.prior<[0.5, 2.0]> weight 3.0 mode loss_only
}
// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[L:[^:]*]]: tensor<f32> {fisher.name = "l"
// CHECK-DAG: %[[GMU:.*]] = arith.mulf {{.*}}test.gradient = "mu"
// CHECK-DAG: %[[GRHO:.*]] = arith.mulf {{.*}}test.gradient = "rho"
// CHECK-DAG: %[[MEAN:.*]] = arith.constant dense<5.000000e-01> : tensor<4xf32>
// CHECK-DAG: %[[SCALE:.*]] = arith.constant dense<2.000000e+00> : tensor<4xf32>
// CHECK-DAG: %[[REF:.*]] = fisher.belief %[[MEAN]], %[[SCALE]]
// CHECK: %[[P:.*]] = fisher.penalty %{{.*}} toward %[[REF]] weight
// CHECK: %[[LOSS:.*]] = arith.addf %[[L]], %[[P]] : tensor<f32>
// CHECK: return %[[LOSS]], %[[GMU]], %[[GRHO]],

//--- loss_only_frozen.mlir

fisher.policy @p {
  fisher.regularize "fc.mu", "fc.rho" as #fisher.gaussian<sigma> toward #fisher.frozen weight 3.0 mode loss_only
}
// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[FMU:[^:]*]]: tensor<4xf32> {fisher.initialize = "fc.mu", fisher.name = "fc.mu.frozen",
// CHECK-SAME: %[[FRHO:[^:]*]]: tensor<4xf32> {fisher.initialize = "fc.rho", fisher.name = "fc.rho.frozen",
// CHECK: %[[REF:.*]] = fisher.belief %[[FMU]], %[[FRHO]]
// CHECK: fisher.penalty %{{.*}} toward %[[REF]]

//--- loss_only_previous.mlir

fisher.policy @p {
  fisher.regularize "fc.mu", "fc.rho" as #fisher.gaussian<sigma> toward #fisher.previous weight 3.0 mode loss_only
}
// CHECK-LABEL: func.func @main(
// CHECK-SAME: {fisher.updates = "fc.mu.previous"}, tensor<4xf32> {fisher.updates = "fc.rho.previous"})
// CHECK: fisher.penalty %
// CHECK: return

//--- loss_only_average.mlir

fisher.policy @p {
  fisher.regularize "fc.mu", "fc.rho" as #fisher.gaussian<sigma> toward #fisher.moving_average<0.5> weight 3.0 mode loss_only
}
// CHECK-LABEL: func.func @main(
// CHECK-SAME: {fisher.updates = "fc.mu.average"}, tensor<4xf32> {fisher.updates = "fc.rho.average"})
// CHECK: fisher.penalty %
// CHECK: fisher.geodesic

//--- loss_only_argument.mlir

fisher.policy @p {
  fisher.regularize "fc.mu", "fc.rho" as #fisher.gaussian<sigma>
      toward #fisher.argument<"fc.mu.ref", "fc.rho.ref"> weight 3.0 mode loss_only
}
// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[RMU:[^:]*]]: tensor<4xf32> {fisher.name = "fc.mu.ref", fisher.role = "state"},
// CHECK-SAME: %[[RRHO:[^:]*]]: tensor<4xf32> {fisher.name = "fc.rho.ref", fisher.role = "state"})
// CHECK: %[[REF:.*]] = fisher.belief %[[RMU]], %[[RRHO]]
// CHECK: fisher.penalty %{{.*}} toward %[[REF]]

//--- proximal.mlir

fisher.policy @p {
  fisher.regularize "fc.mu", "fc.rho" as #fisher.gaussian<softplus>
      toward #fisher.prior<[0.0, 1.0]> weight 0.5 step_size 0.25 mode proximal
}
// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[L:[^:]*]]: tensor<f32> {fisher.name = "l"
// CHECK-DAG: %[[GMU:.*]] = arith.mulf {{.*}}test.gradient = "mu"
// CHECK-DAG: %[[GRHO:.*]] = arith.mulf {{.*}}test.gradient = "rho"
// CHECK-DAG: %[[UMU:.*]] = arith.subf {{.*}}test.update = "mu"
// CHECK-DAG: %[[URHO:.*]] = arith.subf {{.*}}test.update = "rho"
// CHECK-DAG: %[[AFTER:.*]] = fisher.belief %[[UMU]], %[[URHO]]
// CHECK-DAG: %[[SCALE:.*]] = arith.constant dense<0.541324{{.*}}> : tensor<4xf32>
// CHECK-DAG: %[[REF:.*]] = fisher.belief %{{.*}}, %[[SCALE]]
// The strength is twice the step size times the weight.
// CHECK-DAG: %[[S:.*]] = arith.constant 2.500000e-01 : f32
// CHECK: %[[STEP:.*]] = fisher.proximal_step %[[AFTER]] toward %[[REF]] strength %[[S]]
// CHECK: %[[C:.*]]:2 = fisher.components %[[STEP]]
// The loss and the gradients stay.
// CHECK: return %[[L]], %[[GMU]], %[[GRHO]], %[[C]]#0, %[[C]]#1 :

//--- proximal_frozen.mlir

fisher.policy @p {
  fisher.regularize "fc.mu", "fc.rho" as #fisher.gaussian<softplus>
      toward #fisher.frozen weight 0.5 step_size 0.25 mode proximal
}
// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[FMU:[^:]*]]: tensor<4xf32> {fisher.initialize = "fc.mu", fisher.name = "fc.mu.frozen",
// CHECK-SAME: %[[FRHO:[^:]*]]: tensor<4xf32> {fisher.initialize = "fc.rho", fisher.name = "fc.rho.frozen",
// CHECK: %[[REF:.*]] = fisher.belief %[[FMU]], %[[FRHO]]
// CHECK: fisher.proximal_step %{{.*}} toward %[[REF]]

//--- proximal_previous.mlir

fisher.policy @p {
  fisher.regularize "fc.mu", "fc.rho" as #fisher.gaussian<softplus>
      toward #fisher.previous weight 0.5 step_size 0.25 mode proximal
}
// The step regularizes its own update, for which no state is needed.
// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[MU:[^:]*]]: tensor<4xf32> {fisher.name = "fc.mu",
// CHECK-SAME: %[[RHO:[^:]*]]: tensor<4xf32> {fisher.name = "fc.rho",
// CHECK-SAME: {fisher.name = "fc.rho.ref", fisher.role = "state"}) ->
// CHECK-SAME: tensor<4xf32> {fisher.updates = "fc.rho"})
// CHECK-DAG: %[[UMU:.*]] = arith.subf {{.*}}test.update = "mu"
// CHECK-DAG: %[[URHO:.*]] = arith.subf {{.*}}test.update = "rho"
// CHECK-DAG: %[[BEFORE:.*]] = fisher.belief %[[MU]], %[[RHO]]
// CHECK-DAG: %[[AFTER:.*]] = fisher.belief %[[UMU]], %[[URHO]]
// CHECK: fisher.proximal_step %[[AFTER]] toward %[[BEFORE]]

//--- proximal_average.mlir

fisher.policy @p {
  fisher.regularize "fc.mu", "fc.rho" as #fisher.gaussian<softplus>
      toward #fisher.moving_average<0.75> weight 0.5 step_size 0.25 mode proximal
}
// The average follows the belief after the proximal step.
// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[AMU:[^:]*]]: tensor<4xf32> {fisher.initialize = "fc.mu", fisher.name = "fc.mu.average",
// CHECK-SAME: %[[ARHO:[^:]*]]: tensor<4xf32> {fisher.initialize = "fc.rho", fisher.name = "fc.rho.average",
// CHECK-SAME: {fisher.updates = "fc.mu.average"}, tensor<4xf32> {fisher.updates = "fc.rho.average"})
// CHECK-DAG: %[[AVERAGE:.*]] = fisher.belief %[[AMU]], %[[ARHO]]
// CHECK: %[[STEP:.*]] = fisher.proximal_step %{{.*}} toward %[[AVERAGE]]
// CHECK: %[[C:.*]]:2 = fisher.components %[[STEP]]
// CHECK: %[[NEXT:.*]] = fisher.geodesic %[[AVERAGE]], %[[STEP]] at
// CHECK: %[[STATE:.*]]:2 = fisher.components %[[NEXT]]
// CHECK: return {{.*}}, %[[C]]#0, %[[C]]#1, %[[STATE]]#0, %[[STATE]]#1 :

//--- proximal_argument.mlir

fisher.policy @p {
  fisher.regularize "fc.mu", "fc.rho" as #fisher.gaussian<softplus>
      toward #fisher.argument<"fc.mu.ref", "fc.rho.ref"> weight 0.5 step_size 0.25 mode proximal
}
// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[RMU:[^:]*]]: tensor<4xf32> {fisher.name = "fc.mu.ref", fisher.role = "state"},
// CHECK-SAME: %[[RRHO:[^:]*]]: tensor<4xf32> {fisher.name = "fc.rho.ref", fisher.role = "state"})
// CHECK: %[[REF:.*]] = fisher.belief %[[RMU]], %[[RRHO]]
// CHECK: fisher.proximal_step %{{.*}} toward %[[REF]]

//--- natural.mlir

fisher.policy @p {
  fisher.regularize "fc.mu", "fc.rho" as #fisher.gaussian<softplus>
      toward #fisher.prior<[0.0, 1.0]> weight 1.0e-3 mode natural
}
// The gradient of the whole regularized loss is premultiplied.
// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[MU:[^:]*]]: tensor<4xf32> {fisher.name = "fc.mu",
// CHECK-SAME: %[[RHO:[^:]*]]: tensor<4xf32> {fisher.name = "fc.rho",
// CHECK-SAME: %[[L:[^:]*]]: tensor<f32> {fisher.name = "l"
// CHECK-DAG: %[[GMU:.*]] = arith.mulf {{.*}}test.gradient = "mu"
// CHECK-DAG: %[[GRHO:.*]] = arith.mulf {{.*}}test.gradient = "rho"
// CHECK-DAG: %[[B:.*]] = fisher.belief %[[MU]], %[[RHO]]
// CHECK: %[[P:.*]], %[[G:.*]]:2 = fisher.penalty_with_gradient %[[B]] toward
// CHECK-DAG: %[[SMU:.*]] = arith.addf %[[GMU]], %[[G]]#0 : tensor<4xf32>
// CHECK-DAG: %[[SRHO:.*]] = arith.addf %[[GRHO]], %[[G]]#1 : tensor<4xf32>
// CHECK-DAG: %[[N:.*]]:2 = fisher.natural_gradient %[[B]], %[[SMU]], %[[SRHO]]
// CHECK-DAG: %[[LOSS:.*]] = arith.addf %[[L]], %[[P]] : tensor<f32>
// CHECK: return %[[LOSS]], %[[N]]#0, %[[N]]#1,

//--- natural_frozen.mlir

fisher.policy @p {
  fisher.regularize "fc.mu", "fc.rho" as #fisher.gaussian<softplus> toward #fisher.frozen weight 1.0e-3 mode natural
}
// CHECK-LABEL: func.func @main(
// CHECK-SAME: fisher.name = "fc.rho.frozen"
// CHECK: fisher.natural_gradient

//--- natural_previous.mlir

fisher.policy @p {
  fisher.regularize "fc.mu", "fc.rho" as #fisher.gaussian<softplus> toward #fisher.previous weight 1.0e-3 mode natural
}
// CHECK-LABEL: func.func @main(
// CHECK-SAME: fisher.name = "fc.rho.previous"
// CHECK-SAME: fisher.updates = "fc.rho.previous"
// CHECK: fisher.natural_gradient

//--- natural_average.mlir

fisher.policy @p {
  fisher.regularize "fc.mu", "fc.rho" as #fisher.gaussian<softplus> toward #fisher.moving_average<0.0> weight 1.0e-3 mode natural
}
// CHECK-LABEL: func.func @main(
// CHECK-SAME: fisher.name = "fc.rho.average"
// CHECK-SAME: fisher.updates = "fc.rho.average"
// CHECK: fisher.natural_gradient
// CHECK: fisher.geodesic

//--- natural_argument.mlir

fisher.policy @p {
  fisher.regularize "fc.mu", "fc.rho" as #fisher.gaussian<softplus>
      toward #fisher.argument<"fc.mu.ref", "fc.rho.ref"> weight 1.0e-3 mode natural
}
// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[RMU:[^:]*]]: tensor<4xf32> {fisher.name = "fc.mu.ref", fisher.role = "state"},
// CHECK-SAME: %[[RRHO:[^:]*]]: tensor<4xf32> {fisher.name = "fc.rho.ref", fisher.role = "state"})
// CHECK: %[[REF:.*]] = fisher.belief %[[RMU]], %[[RRHO]]
// CHECK: fisher.penalty_with_gradient %{{.*}} toward %[[REF]]
// CHECK: fisher.natural_gradient
