// Kinds of steps: several beliefs, dynamic shapes, several returns, bodies of
// dialects that nobody knows, functions of other dialects.

// RUN: fisher-opt --fisher-insert --allow-unregistered-dialect --split-input-file %s 2> %t.log | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK < %t.log

// One entry, two beliefs; arguments that are no parameters are not matched.
// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[AMU:[^:]*]]: tensor<4xf32> {fisher.name = "a.mu"
// CHECK-SAME: %[[ARHO:[^:]*]]: tensor<4xf32> {fisher.name = "a.rho"
// CHECK-SAME: %[[BMU:[^:]*]]: tensor<2x3xf32> {fisher.name = "b.mu"
// CHECK-SAME: %[[BRHO:[^:]*]]: tensor<2x3xf32> {fisher.name = "b.rho"
// CHECK-SAME: %[[L:[^:]*]]: tensor<f32>)
// CHECK: %[[A:.*]] = fisher.belief %[[AMU]], %[[ARHO]]
// CHECK: %[[PA:.*]] = fisher.penalty %[[A]]
// CHECK: %[[LA:.*]] = arith.addf %[[L]], %[[PA]]
// CHECK: %[[B:.*]] = fisher.belief %[[BMU]], %[[BRHO]]
// CHECK: %[[PB:.*]] = fisher.penalty %[[B]]
// CHECK: %[[LB:.*]] = arith.addf %[[LA]], %[[PB]]
// CHECK: return %[[LB]]
// REMARK: remark: regularized 'a.mu', 'a.rho' as #fisher.gaussian<softplus>, 4 elements, toward #fisher.prior<[0, 1]>, weight 1, mode loss_only
// REMARK: remark: regularized 'b.mu', 'b.rho' as #fisher.gaussian<softplus>, 6 elements, toward #fisher.prior<[0, 1]>, weight 1, mode loss_only
func.func @main(
    %amu: tensor<4xf32> {fisher.name = "a.mu", fisher.role = "param"},
    %arho: tensor<4xf32> {fisher.name = "a.rho", fisher.role = "param"},
    %bmu: tensor<2x3xf32> {fisher.name = "b.mu", fisher.role = "param"},
    %brho: tensor<2x3xf32> {fisher.name = "b.rho", fisher.role = "param"},
    %x: tensor<4xf32> {fisher.name = "x.mu", fisher.role = "batch"},
    %l: tensor<f32>) -> (tensor<f32> {fisher.role = "loss"}) {
  return %l : tensor<f32>
}
fisher.policy @p {
  // Without parentheses, what every star stands for is captured.
  fisher.regularize "*.mu", "*.rho" as #fisher.gaussian<softplus> toward #fisher.prior<[0, 1]> weight 1.0 mode loss_only
}

// -----

// Captured text in another order of arguments; a question mark is one character.
// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[R2:[^:]*]]: tensor<f32> {fisher.name = "r2.x"},
// CHECK-SAME: %[[R1:[^:]*]]: tensor<f32> {fisher.name = "r1.x"},
// CHECK-SAME: %[[M1:[^:]*]]: tensor<f32> {fisher.name = "m1.x"},
// CHECK-SAME: %[[M2:[^:]*]]: tensor<f32> {fisher.name = "m2.x"},
// CHECK: fisher.belief %[[M1]], %[[R1]]
// CHECK: fisher.belief %[[M2]], %[[R2]]
func.func @main(%r2: tensor<f32> {fisher.name = "r2.x"}, %r1: tensor<f32> {fisher.name = "r1.x"},
                %m1: tensor<f32> {fisher.name = "m1.x"}, %m2: tensor<f32> {fisher.name = "m2.x"},
                %other: tensor<f32> {fisher.name = "m12.x"}, %l: tensor<f32>)
    -> (tensor<f32> {fisher.role = "loss"}) {
  return %l : tensor<f32>
}
fisher.policy @p {
  fisher.regularize "m(?).*", "r(?).*" as #fisher.gaussian<softplus> toward #fisher.prior<[0, 1]> weight 1.0 mode loss_only
}

// -----

// Names that are patterns themselves, and two groups.
// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[MU:[^:]*]]: tensor<f32> {fisher.name = "net(0)*.mu"},
// CHECK-SAME: %[[RHO:[^:]*]]: tensor<f32> {fisher.name = "net(0)*.rho"},
// CHECK-SAME: %[[TMU:[^:]*]]: tensor<f32> {fisher.name = "0/mu/teacher"},
// CHECK-SAME: %[[TRHO:[^:]*]]: tensor<f32> {fisher.name = "0/rho/teacher"},
// CHECK: fisher.belief %[[MU]], %[[RHO]]
// CHECK: fisher.belief %[[TMU]], %[[TRHO]]
// REMARK: regularized 'net(0)*.mu', 'net(0)*.rho'
func.func @main(%mu: tensor<f32> {fisher.name = "net(0)*.mu"}, %rho: tensor<f32> {fisher.name = "net(0)*.rho"},
                %tmu: tensor<f32> {fisher.name = "0/mu/teacher"}, %trho: tensor<f32> {fisher.name = "0/rho/teacher"},
                %l: tensor<f32>)
    -> (tensor<f32> {fisher.role = "loss"}) {
  return %l : tensor<f32>
}
fisher.policy @p {
  fisher.regularize "net\\((?)\\)\\*.mu", "net\\((?)\\)\\*.rho" as #fisher.gaussian<softplus>
      toward #fisher.argument<"{0}/mu/teacher", "{0}/rho/teacher"> weight 1.0 mode loss_only
}

// -----

// Several entries: results of one are what the next adds to.
// CHECK-LABEL: func.func @main(
// CHECK-SAME: {fisher.initialize = "a", fisher.name = "a.frozen", fisher.role = "state"}
// CHECK-SAME: {fisher.initialize = "b", fisher.name = "b.frozen", fisher.role = "state"}
// CHECK-SAME: {fisher.initialize = "c", fisher.name = "c.average", fisher.role = "state"}
// CHECK-SAME: {fisher.initialize = "d", fisher.name = "d.average", fisher.role = "state"}
// CHECK-SAME: {fisher.updates = "c.average"}, tensor<2xf64> {fisher.updates = "d.average"})
// CHECK: %[[P:.*]], %{{.*}}:2 = fisher.penalty_with_gradient
// CHECK: %[[SUM:.*]] = arith.addf %{{.*}}, %[[P]] : tensor<f32>
// CHECK: %[[Q:.*]] = fisher.penalty %{{.*}} -> tensor<f64>
// CHECK: %[[NARROW:.*]] = arith.truncf %[[Q]]
// CHECK: arith.addf %[[SUM]], %[[NARROW]]
func.func @main(%a: tensor<f32> {fisher.name = "a"}, %b: tensor<f32> {fisher.name = "b"},
                %c: tensor<2xf64> {fisher.name = "c"}, %d: tensor<2xf64> {fisher.name = "d"}, %l: tensor<f32>)
    -> (tensor<f32> {fisher.gradient_of = "a"}, tensor<f32> {fisher.role = "loss"},
        tensor<f32> {fisher.gradient_of = "b"}) {
  return %a, %l, %b : tensor<f32>, tensor<f32>, tensor<f32>
}
fisher.policy @p {
  fisher.regularize "a", "b" as #fisher.gaussian<softplus> toward #fisher.frozen weight 1.0 mode coupled
  fisher.regularize "c", "d" as #fisher.gaussian<softplus> toward #fisher.moving_average<0.5> weight 1.0 mode loss_only
}

// -----

// A coupled mode without a loss changes the gradients alone.
// CHECK-LABEL: func.func @main(
// CHECK: %[[P:.*]], %[[G:.*]]:2 = fisher.penalty_with_gradient
// CHECK: %[[GA:.*]] = arith.addf %{{.*}}, %[[G]]#0
// CHECK: %[[GB:.*]] = arith.addf %{{.*}}, %[[G]]#1
// CHECK-NOT: %[[P]]
// CHECK: return %[[GB]], %[[GA]]
// REMARK: regularized 'a', 'b' as {{.*}}, mode coupled, in the gradients alone, as no result is marked as the loss
func.func @main(%a: tensor<f32> {fisher.name = "a"}, %b: tensor<f32> {fisher.name = "b"})
    -> (tensor<f32> {fisher.gradient_of = "b"}, tensor<f32> {fisher.gradient_of = "a"}) {
  return %b, %a : tensor<f32>, tensor<f32>
}
fisher.policy @p {
  fisher.regularize "a", "b" as #fisher.gaussian<softplus> toward #fisher.prior<[0, 1]> weight 1.0 mode coupled
}

// -----

// Dynamic shapes: the prior gets the sizes of the parameter.
// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[MU:[^:]*]]: tensor<?x3x?xf32> {fisher.name = "mu"}
// CHECK-DAG: %[[D0:.*]] = tensor.dim %[[MU]], %c0
// CHECK-DAG: %[[D2:.*]] = tensor.dim %[[MU]], %c2
// CHECK-DAG: tensor.splat %{{.*}}[%[[D0]], %[[D2]]] : tensor<?x3x?xf32>
// CHECK: fisher.penalty
// REMARK: regularized 'mu', 'rho' as #fisher.gaussian<sigma>, elements of 'tensor<?x3x?xf32>', toward
func.func @main(%mu: tensor<?x3x?xf32> {fisher.name = "mu"}, %rho: tensor<?x3x?xf32> {fisher.name = "rho"}, %l: tensor<f32>)
    -> (tensor<f32> {fisher.role = "loss"}) {
  return %l : tensor<f32>
}
fisher.policy @p {
  fisher.regularize "mu", "rho" as #fisher.gaussian<sigma> toward #fisher.prior<[0, 1]> weight 1.0 mode loss_only
}

// -----

// An empty parameter.
// CHECK-LABEL: func.func @main(
// CHECK: fisher.penalty
// REMARK: regularized 'mu', 'rho' as #fisher.gaussian<sigma>, 0 elements
func.func @main(%mu: tensor<0x3xf32> {fisher.name = "mu"}, %rho: tensor<0x3xf32> {fisher.name = "rho"}, %l: tensor<f32>)
    -> (tensor<f32> {fisher.role = "loss"}) {
  return %l : tensor<f32>
}
fisher.policy @p {
  fisher.regularize "mu", "rho" as #fisher.gaussian<sigma> toward #fisher.prior<[0, 1]> weight 1.0 mode loss_only
}

// -----

// Every return is filled in.
// CHECK-LABEL: func.func @main(
// CHECK: cf.cond_br
// CHECK: fisher.penalty
// CHECK: %[[FIRST:.*]] = arith.addf
// CHECK: return %[[FIRST]], %{{.*}}, %{{.*}} : tensor<f32>, tensor<4xf32>, tensor<4xf32>
// CHECK: fisher.penalty
// CHECK: %[[SECOND:.*]] = arith.addf
// CHECK: return %[[SECOND]], %{{.*}}, %{{.*}} : tensor<f32>, tensor<4xf32>, tensor<4xf32>
func.func @main(%mu: tensor<4xf32> {fisher.name = "mu"}, %rho: tensor<4xf32> {fisher.name = "rho"},
                %l: tensor<f32>, %k: tensor<f32>, %c: i1)
    -> (tensor<f32> {fisher.role = "loss"}) {
  cf.cond_br %c, ^then, ^else
^then:
  return %l : tensor<f32>
^else:
  return %k : tensor<f32>
}
fisher.policy @p {
  fisher.regularize "mu", "rho" as #fisher.gaussian<sigma> toward #fisher.previous weight 1.0 mode loss_only
}

// -----

// Operations of a dialect that is not there stay as they are, also with
// regions and with references that have state.
// CHECK-LABEL: func.func @main(
// CHECK-SAME: fisher.name = "mu.frozen"
// CHECK: %[[X:.*]] = "stablehlo.multiply"(%{{.*}}, %{{.*}}) {test.note = "kept"} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
// CHECK: %[[L:.*]] = "stablehlo.reduce"(%[[X]], %{{.*}}) <{dimensions = array<i64: 0>}> ({
// CHECK: "stablehlo.return"
// CHECK: fisher.penalty
func.func @main(%mu: tensor<4xf32> {fisher.name = "mu"}, %rho: tensor<4xf32> {fisher.name = "rho"})
    -> (tensor<f32> {fisher.role = "loss"}) {
  %zero = "stablehlo.constant"() <{value = dense<0.0> : tensor<f32>}> : () -> tensor<f32>
  %x = "stablehlo.multiply"(%mu, %rho) {test.note = "kept"} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %l = "stablehlo.reduce"(%x, %zero) <{dimensions = array<i64: 0>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %s = "stablehlo.add"(%a, %b) : (tensor<f32>, tensor<f32>) -> tensor<f32>
    "stablehlo.return"(%s) : (tensor<f32>) -> ()
  }) : (tensor<4xf32>, tensor<f32>) -> tensor<f32>
  return %l : tensor<f32>
}
fisher.policy @p {
  fisher.regularize "mu", "rho" as #fisher.gaussian<sigma> toward #fisher.frozen weight 1.0 mode loss_only
}

// -----

// Calls of other functions stay; a step that is called keeps its type where
// no reference has state.
// CHECK-LABEL: func.func private @helper(
// CHECK-NEXT: return
// CHECK-LABEL: func.func @main(
// CHECK: call @helper
// CHECK: fisher.penalty
// CHECK-LABEL: func.func @caller(
// CHECK-NEXT: call @main
// CHECK-NEXT: return
func.func private @helper(%l: tensor<f32>) -> tensor<f32> {
  return %l : tensor<f32>
}
func.func @main(%mu: tensor<4xf32> {fisher.name = "mu"}, %rho: tensor<4xf32> {fisher.name = "rho"}, %l: tensor<f32>)
    -> (tensor<f32> {fisher.role = "loss"}) {
  %k = call @helper(%l) : (tensor<f32>) -> tensor<f32>
  return %k : tensor<f32>
}
func.func @caller(%x: tensor<4xf32>, %l: tensor<f32>) -> tensor<f32> {
  %k = call @main(%x, %x, %l) : (tensor<4xf32>, tensor<4xf32>, tensor<f32>) -> tensor<f32>
  return %k : tensor<f32>
}
fisher.policy @p {
  fisher.regularize "mu", "rho" as #fisher.gaussian<sigma> toward #fisher.prior<[0, 1]> weight 1.0 mode loss_only
}

// -----

// A function of another dialect.
// CHECK-LABEL: ml_program.func @main(
// CHECK-SAME: fisher.name = "rho.previous"
// CHECK: %[[P:.*]] = fisher.penalty
// CHECK: %[[L:.*]] = arith.addf %{{.*}}, %[[P]]
// CHECK: ml_program.return %[[L]], %{{.*}}, %{{.*}} :
ml_program.func @main(%mu: tensor<4xf32> {fisher.name = "mu"}, %rho: tensor<4xf32> {fisher.name = "rho"}, %l: tensor<f32>)
    -> (tensor<f32> {fisher.role = "loss"}) {
  ml_program.return %l : tensor<f32>
}
fisher.policy @p {
  fisher.regularize "mu", "rho" as #fisher.gaussian<sigma> toward #fisher.previous weight 1.0 mode loss_only
}

// -----

// A name that is an entry of a policy and of a symbol may be anything.
// CHECK-LABEL: func.func @"main step \22x\22"(
// CHECK: fisher.penalty
// REMARK: regularized '💡 "q"', 'ρ'
func.func @"main step \22x\22"(%mu: tensor<4xf32> {fisher.name = "💡 \"q\""}, %rho: tensor<4xf32> {fisher.name = "ρ"}, %l: tensor<f32>)
    -> (tensor<f32> {fisher.role = "loss"}) {
  return %l : tensor<f32>
}
fisher.policy @p {
  fisher.regularize "💡 \"q\"", "ρ" as #fisher.gaussian<sigma> toward #fisher.prior<[0, 1]> weight 1.0 mode loss_only
}

// -----

// A character is more than a byte.
// CHECK-LABEL: func.func @main(
// CHECK: fisher.penalty
// REMARK: regularized 'mü', 'rü'
func.func @main(%mu: tensor<4xf32> {fisher.name = "mü"}, %rho: tensor<4xf32> {fisher.name = "rü"},
                %other: tensor<4xf32> {fisher.name = "müü"}, %l: tensor<f32>)
    -> (tensor<f32> {fisher.role = "loss"}) {
  return %l : tensor<f32>
}
fisher.policy @p {
  fisher.regularize "m?", "r?" as #fisher.gaussian<sigma> toward #fisher.prior<[0, 1]> weight 1.0 mode loss_only
}
