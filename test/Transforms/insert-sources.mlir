// Components that no parameter holds: what is inserted for each reference and
// mode, and that it is what it should be.

// RUN: split-file %s %t
// RUN: cat %t/step.mlir %t/frozen.mlir | fisher-opt --fisher-insert --cse 2>&1 | FileCheck %t/frozen.mlir
// RUN: cat %t/step.mlir %t/previous.mlir | fisher-opt --fisher-insert --cse | FileCheck %t/previous.mlir
// RUN: cat %t/step.mlir %t/prior.mlir | fisher-opt --fisher-insert --cse | FileCheck %t/prior.mlir
// RUN: cat %t/step.mlir %t/average.mlir | fisher-opt --fisher-insert --cse | FileCheck %t/average.mlir
// RUN: cat %t/step.mlir %t/argument.mlir | fisher-opt --fisher-insert --cse | FileCheck %t/argument.mlir
// RUN: cat %t/step.mlir %t/fixed.mlir | fisher-opt --fisher-insert --cse | FileCheck %t/fixed.mlir
// RUN: cat %t/step.mlir %t/fixed_argument.mlir | fisher-opt --fisher-insert --cse | FileCheck %t/fixed_argument.mlir
// RUN: cat %t/step.mlir %t/proximal.mlir | fisher-opt --fisher-insert --cse | FileCheck %t/proximal.mlir
// RUN: cat %t/step.mlir %t/natural.mlir | fisher-opt --fisher-insert --cse | FileCheck %t/natural.mlir
// RUN: cat %t/step.mlir %t/whole_plane.mlir | fisher-opt --fisher-insert --cse | FileCheck %t/whole_plane.mlir
// RUN: cat %t/dynamic.mlir | fisher-opt --fisher-insert --cse | FileCheck %t/dynamic.mlir

//--- step.mlir

func.func @main(
    %w: tensor<4xf32> {fisher.name = "fc.weight", fisher.role = "param"},
    %v: tensor<4xf32> {fisher.name = "adam.v.fc", fisher.role = "state"},
    %x: tensor<4xf32> {fisher.name = "x", fisher.role = "batch"},
    %l: tensor<f32> {fisher.name = "l", fisher.role = "batch"},
    %old: tensor<4xf32> {fisher.name = "fc.old", fisher.role = "state"},
    %old_v: tensor<4xf32> {fisher.name = "fc.old.v", fisher.role = "state"})
    -> (tensor<f32> {fisher.role = "loss"},
        tensor<4xf32> {fisher.gradient_of = "fc.weight"},
        tensor<4xf32> {fisher.updates = "fc.weight"}) {
  %g = arith.mulf %w, %x {test.gradient} : tensor<4xf32>
  %u = arith.subf %w, %g {test.update} : tensor<4xf32>
  return %l, %g, %u : tensor<f32>, tensor<4xf32>, tensor<4xf32>
}

//--- frozen.mlir

fisher.policy @p {
  fisher.regularize "(*).weight" as #fisher.gaussian_mean<sigma>
      from adam("adam.v.{0}") count 60000 toward #fisher.frozen weight 1.0e-3 mode coupled
}
// Both beliefs have the spread of the frozen second moment.
// CHECK: remark: regularized 'fc.weight' as #fisher.gaussian_mean<sigma> with #fisher.adam<"adam.v.{0}" count 60000 epsilon 1.000000e-08>, 4 elements
// CHECK: func.func @main(%[[W:[^:]*]]: tensor<4xf32> {fisher.name = "fc.weight",
// CHECK-SAME: %[[FROZEN:[^:]*]]: tensor<4xf32> {fisher.initialize = "fc.weight", fisher.name = "fc.weight.frozen", fisher.role = "state"}, %[[V:[^:]*]]: tensor<4xf32> {fisher.initialize = "adam.v.fc", fisher.name = "adam.v.fc.frozen", fisher.role = "state"})
// CHECK-SAME: fisher.regularized = {{\[\[}}"fc.weight"]]
// CHECK: %[[G:.*]] = arith.mulf {{.*}} {test.gradient}
// CHECK: %[[SIGMA:.*]] = linalg.generic {{.*}} ins(%[[V]] : tensor<4xf32>)
// CHECK: %[[EPSILON:.*]] = arith.constant 9.99999993E-9 : f32
// CHECK: %[[SUM:.*]] = arith.addf %{{.*}}, %[[EPSILON]]
// CHECK: %[[COUNT:.*]] = arith.constant 6.000000e+04 : f32
// CHECK: %[[PRECISION:.*]] = arith.mulf %[[SUM]], %[[COUNT]]
// CHECK: %[[ONE:.*]] = arith.constant 1.000000e+00 : f32
// CHECK: %[[ROOT:.*]] = math.sqrt %[[PRECISION]]
// CHECK: arith.divf %[[ONE]], %[[ROOT]]
// CHECK: %[[B:.*]] = fisher.belief %[[W]], %[[SIGMA]] :
// CHECK: %[[R:.*]] = fisher.belief %[[FROZEN]], %[[SIGMA]] :
// CHECK: %{{.*}}, %[[SLOPE:.*]]:2 = fisher.penalty_with_gradient %[[B]] toward %[[R]]
// CHECK: arith.addf %[[G]], %[[SLOPE]]#0
// CHECK-NOT: %[[SLOPE]]#1
// CHECK: return

//--- previous.mlir

fisher.policy @p {
  fisher.regularize "(*).weight" as #fisher.gaussian_mean<sigma>
      from adam("adam.v.{0}") count 100 epsilon 0.5 toward #fisher.previous weight 1.0e-3 mode coupled
}
// CHECK: func.func @main(%[[W:[^:]*]]: tensor<4xf32> {fisher.name = "fc.weight",
// CHECK-SAME: %[[V:[^:]*]]: tensor<4xf32> {fisher.name = "adam.v.fc", fisher.role = "state"}
// CHECK-SAME: %[[BEFORE:[^:]*]]: tensor<4xf32> {fisher.initialize = "adam.v.fc", fisher.name = "adam.v.fc.previous", fisher.role = "state"})
// CHECK-SAME: tensor<4xf32> {fisher.updates = "fc.weight.previous"}, tensor<4xf32> {fisher.updates = "adam.v.fc.previous"})
// CHECK: %[[SIGMA:.*]] = linalg.generic {{.*}} ins(%[[BEFORE]] : tensor<4xf32>)
// CHECK: arith.constant 5.000000e-01 : f32
// CHECK: %[[B:.*]] = fisher.belief %[[W]], %[[SIGMA]] :
// CHECK: %[[C:.*]]:2 = fisher.components %[[B]]
// CHECK: return {{.*}}, %[[C]]#0, %[[V]] :

//--- prior.mlir

fisher.policy @p {
  fisher.regularize "(*).weight" as #fisher.gaussian_mean<sigma>
      from adam("adam.v.{0}") count 100 toward #fisher.prior<[0.25]> weight 1.0e-3 mode coupled
}
// CHECK: func.func @main({{.*}} %[[V:[^:]*]]: tensor<4xf32> {fisher.name = "adam.v.fc", fisher.role = "state"}
// CHECK: %[[SIGMA:.*]] = linalg.generic {{.*}} ins(%[[V]] : tensor<4xf32>)
// CHECK: %[[MEAN:.*]] = arith.constant dense<2.500000e-01> : tensor<4xf32>
// CHECK: fisher.belief %[[MEAN]], %[[SIGMA]] :

//--- average.mlir

fisher.policy @p {
  fisher.regularize "(*).weight" as #fisher.gaussian_mean<sigma>
      from adam("adam.v.{0}") count 100 toward #fisher.moving_average<0.75> weight 1.0e-3 mode coupled
}
// An average has no spread of its own.
// CHECK: func.func @main({{.*}} %[[V:[^:]*]]: tensor<4xf32> {fisher.name = "adam.v.fc", fisher.role = "state"}
// CHECK-SAME: %[[AVERAGE:[^:]*]]: tensor<4xf32> {fisher.initialize = "fc.weight", fisher.name = "fc.weight.average", fisher.role = "state"})
// CHECK-SAME: tensor<4xf32> {fisher.updates = "fc.weight.average"})
// CHECK: %[[U:.*]] = arith.subf {{.*}} {test.update}
// CHECK: %[[SIGMA:.*]] = linalg.generic {{.*}} ins(%[[V]] : tensor<4xf32>)
// CHECK: %[[R:.*]] = fisher.belief %[[AVERAGE]], %[[SIGMA]] :
// CHECK: %[[AFTER:.*]] = fisher.belief %[[U]], %[[SIGMA]] :
// CHECK: %[[NEXT:.*]] = fisher.geodesic %[[R]], %[[AFTER]]
// CHECK: %[[C:.*]]:2 = fisher.components %[[NEXT]]
// CHECK: return {{.*}}, %[[C]]#0 :

//--- argument.mlir

fisher.policy @p {
  fisher.regularize "(*).weight" as #fisher.gaussian_mean<sigma>
      from adam("adam.v.{0}") count 100
      toward #fisher.argument<"{0}.old", "{0}.old.v"> weight 1.0e-3 mode coupled
}
// CHECK: func.func @main({{.*}} %[[OLD:[^:]*]]: tensor<4xf32> {fisher.name = "fc.old", fisher.role = "state"}, %[[V:[^:]*]]: tensor<4xf32> {fisher.name = "fc.old.v", fisher.role = "state"})
// CHECK: %[[SIGMA:.*]] = linalg.generic {{.*}} ins(%[[V]] : tensor<4xf32>)
// CHECK: fisher.belief %[[OLD]], %[[SIGMA]] :

//--- fixed.mlir

fisher.policy @p {
  fisher.regularize "(*).weight" as #fisher.gaussian_mean<sigma>
      fixed sigma 0.125 toward #fisher.frozen weight 1.0e-3 mode loss_only
}
// CHECK: func.func @main(%[[W:[^:]*]]: tensor<4xf32> {fisher.name = "fc.weight",
// CHECK-SAME: {fisher.name = "fc.old.v", fisher.role = "state"}, %[[FROZEN:[^:]*]]: tensor<4xf32> {fisher.initialize = "fc.weight", fisher.name = "fc.weight.frozen", fisher.role = "state"})
// CHECK: %[[SIGMA:.*]] = arith.constant dense<1.250000e-01> : tensor<4xf32>
// CHECK: %[[B:.*]] = fisher.belief %[[W]], %[[SIGMA]] :
// CHECK: %[[R:.*]] = fisher.belief %[[FROZEN]], %[[SIGMA]] :
// CHECK: fisher.penalty %[[B]] toward %[[R]]

//--- fixed_argument.mlir

fisher.policy @p {
  fisher.regularize "(*).weight" as #fisher.gaussian_mean<sigma>
      fixed sigma 0.125 toward #fisher.argument<"{0}.old"> weight 1.0e-3 mode loss_only
}
// CHECK: func.func @main({{.*}} %[[OLD:[^:]*]]: tensor<4xf32> {fisher.name = "fc.old", fisher.role = "state"}
// CHECK: fisher.belief %[[OLD]], %{{.*}} :

//--- proximal.mlir

fisher.policy @p {
  fisher.regularize "(*).weight" as #fisher.gaussian_mean<sigma>
      from adam("adam.v.{0}") count 100 toward #fisher.frozen weight 1.0e-3 step_size 0.5 mode proximal
}
// CHECK: %[[U:.*]] = arith.subf {{.*}} {test.update}
// CHECK: %[[AFTER:.*]] = fisher.belief %[[U]], %[[SIGMA:.*]] :
// CHECK: %[[STEPPED:.*]] = fisher.proximal_step %[[AFTER]] toward
// CHECK: %[[C:.*]]:2 = fisher.components %[[STEPPED]]
// CHECK: return {{.*}}, %[[C]]#0 :

//--- natural.mlir

fisher.policy @p {
  fisher.regularize "(*).weight" as #fisher.gaussian_mean<sigma>
      fixed sigma 0.5 toward #fisher.prior<[0.0]> weight 1.0e-3 mode natural
}
// CHECK: %{{.*}}, %[[SLOPE:.*]]:2 = fisher.penalty_with_gradient
// CHECK: %[[SUM:.*]] = arith.addf %{{.*}}, %[[SLOPE]]#0
// CHECK: %[[N:.*]]:2 = fisher.natural_gradient %{{.*}}, %[[SUM]], %[[SLOPE]]#1
// CHECK: return %{{.*}}, %[[N]]#0, %{{.*}} :

//--- whole_plane.mlir

fisher.policy @p {
  fisher.regularize "(*).weight" as #fisher.gaussian<sigma>
      from adam("adam.v.{0}") count 100 toward #fisher.frozen weight 1.0e-3 mode coupled
}
// CHECK: fisher.penalty_with_gradient {{.*}} !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>>

//--- dynamic.mlir

// Sizes that are not known, and a second moment of another element type.
func.func @main(
    %w: tensor<?x3xbf16> {fisher.name = "w", fisher.role = "param"},
    %v: tensor<?x3xf32> {fisher.name = "v", fisher.role = "state"},
    %b: tensor<?xf64> {fisher.name = "b", fisher.role = "param"},
    %l: tensor<f32> {fisher.name = "l"})
    -> (tensor<f32> {fisher.role = "loss"}) {
  return %l : tensor<f32>
}
fisher.policy @p {
  fisher.regularize "w" as #fisher.gaussian_mean<sigma>
      from adam("v") count 100 toward #fisher.frozen weight 1.0e-3 mode loss_only
  fisher.regularize "b" as #fisher.gaussian_mean<sigma>
      fixed sigma 0.5 toward #fisher.prior<[0]> weight 1.0e-3 mode loss_only
}
// CHECK: %[[SIGMA:.*]] = linalg.generic {{.*}} ins(%{{.*}} : tensor<?x3xf32>) outs(%{{.*}} : tensor<?x3xbf16>)
// CHECK: arith.truncf %{{.*}} : f32 to bf16
// CHECK: fisher.belief %{{.*}}, %[[SIGMA]] : !fisher.belief<#fisher.gaussian_mean<sigma>, tensor<?x3xbf16>>
// CHECK: %[[HALF:.*]] = arith.constant 5.000000e-01 : f64
// CHECK: tensor.splat %[[HALF]][%{{.*}}] : tensor<?xf64>
