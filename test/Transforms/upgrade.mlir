// RUN: fisher-opt %s --fisher-upgrade=policy=ours 2> %t.remarks | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK --input-file=%t.remarks
// RUN: fisher-opt %s --fisher-upgrade=remove-only 2>&1 | FileCheck %s --check-prefix=ONLY
// RUN: fisher-opt %s --fisher-upgrade --canonicalize --cse --fisher-recognize | FileCheck %s --check-prefix=AFTER
// RUN: fisher-opt %s --fisher-recognize --fisher-upgrade --fisher-insert="policy=upgraded entry=coupled" 2>&1 | FileCheck %s --check-prefix=INSERT

// What takes the place of classical regularizers: policies, and what of the
// step stays.

!t = tensor<4x3xf32>

// L2 in the gradient. The step had marks of its own only in part.
// REMARK: upgrade.mlir:[[#@LINE+22]]:8: remark: sgd on w: kept, as it is the optimizer
// REMARK: upgrade.mlir:[[#@LINE+18]]:8: remark: l2_gradient on w, strength 0.01: replaced by the squared distance to mean 0 of Gaussians of fixed sigma 1, weight 0.005, mode coupled{{$}}
// ONLY: remark: l2_gradient on w: taken out
// ONLY-NOT: fisher.policy
// CHECK-LABEL: fisher.policy @ours {
// CHECK-NEXT: fisher.regularize "w" as #fisher.gaussian_mean<sigma> fixed sigma 1.0{{.*}} toward #fisher.prior<[0.0{{.*}}]> weight 5.000000e-03 mode coupled
// CHECK: func.func @coupled(%[[W:.*]]: tensor<4x3xf32> {fisher.name = "w"}, %[[G:.*]]: tensor<4x3xf32>)
// CHECK-SAME: -> (tensor<4x3xf32> {fisher.updates = "w"})
// CHECK-NEXT: %[[RATE:.*]] = arith.constant dense<1.000000e-01>
// CHECK-NEXT: %[[STEP:.*]] = arith.mulf %[[G]], %[[RATE]]
// CHECK-NEXT: %[[NEW:.*]] = arith.subf %[[W]], %[[STEP]]
// CHECK-NEXT: return %[[NEW]]
// AFTER-NOT: finding<{{l2|weight|kl}}
// AFTER: func.func @coupled({{.*}}#fisher.finding<sgd on ["w"] {learning_rate = 1.000000e-01 : f64}
// AFTER-NOT: finding<{{l2|weight|kl}}
// INSERT: remark: regularized 'w' as #fisher.gaussian_mean<sigma> with #fisher.fixed<"sigma" 1.000000e+00>, 12 elements
func.func @coupled(%w: !t {fisher.name = "w"}, %g: !t) -> !t {
  %rate = arith.constant dense<0.1> : !t
  %strength = arith.constant dense<0.01> : !t
  %0 = arith.mulf %w, %strength : !t
  %1 = arith.addf %g, %0 : !t
  %2 = arith.mulf %1, %rate : !t
  %3 = arith.subf %w, %2 : !t
  return %3 : !t
}

// Both L2 and what is in the loss, of one parameter: one entry has both.
// REMARK: remark: l2_gradient on w*, strength 0.01: {{.*}}, mode coupled, which is in the loss, too
// REMARK: remark: l2_loss on w*, strength 0.02:
// CHECK: fisher.policy @ours_0 {
// CHECK-NEXT: fisher.regularize "w\\*" as {{.*}} weight 1.500000e-02 mode coupled
// CHECK-NEXT: }
// CHECK: func.func @twice({{.*}}) -> (tensor<4x3xf32> {fisher.updates = "w*"}, tensor<f32> {fisher.role = "loss"}, tensor<f32>)
// CHECK: %[[STEP:.*]] = arith.mulf
// CHECK-NEXT: arith.subf %{{.*}}, %[[STEP]]
// CHECK-NOT: arith.mulf
// CHECK-NOT: linalg.reduce
// CHECK: return
func.func @twice(%w: !t {fisher.name = "w*"}, %g: !t, %data: tensor<f32>, %count: tensor<f32>)
    -> (!t, tensor<f32>, tensor<f32>) {
  %rate = arith.constant dense<0.1> : !t
  %strength = arith.constant dense<0.03> : !t
  %0 = arith.mulf %w, %strength : !t
  %1 = arith.addf %g, %0 : !t
  %2 = arith.mulf %1, %rate : !t
  %3 = arith.subf %w, %2 : !t
  %zero = arith.constant dense<0.0> : tensor<f32>
  %half = arith.constant dense<0.01> : tensor<f32>
  %one = arith.constant dense<1.0> : tensor<f32>
  %square = arith.mulf %w, %w : !t
  %norm = linalg.reduce {arith.addf} ins(%square : !t) outs(%zero : tensor<f32>) dimensions = [0, 1]
  %penalty = arith.mulf %half, %norm : tensor<f32>
  %exp = math.exp %data : tensor<f32>
  %loss = arith.addf %exp, %penalty : tensor<f32>
  %next = arith.addf %count, %one : tensor<f32>
  return %3, %loss, %next : !t, tensor<f32>, tensor<f32>
}

// Decay past the momentum, of two parameters; the strength is one constant with
// the rate.
// REMARK: remark: weight_decay on arg0, arg1, strength 0.2: replaced by {{.*}} weight 0.1, mode proximal
// CHECK: fisher.policy @ours_1 {
// CHECK-NEXT: fisher.regularize "arg0" as {{.*}} weight 1.000000e-01 mode proximal
// CHECK-NEXT: fisher.regularize "arg1" as {{.*}} weight 1.000000e-01 mode proximal
// CHECK: func.func @decoupled(%{{.*}}: tensor<4x3xf32> {fisher.name = "arg0"}, %{{.*}}: tensor<4x3xf32> {fisher.name = "arg1"}, %{{.*}}: tensor<4x3xf32>,
// CHECK-SAME: -> (tensor<4x3xf32> {fisher.updates = "arg0"}, tensor<4x3xf32> {fisher.updates = "arg1"}, tensor<4x3xf32>, tensor<4x3xf32>)
// CHECK-NOT: 9.800000e-01
// CHECK: return
func.func @decoupled(%p: !t, %q: !t, %mp: !t, %mq: !t, %g: !t, %h: !t) -> (!t, !t, !t, !t) {
  %rate = arith.constant dense<0.1> : !t
  %keep = arith.constant dense<0.98> : !t
  %mu = arith.constant dense<0.9> : !t
  %0 = arith.mulf %mp, %mu : !t
  %mp1 = arith.addf %0, %g : !t
  %1 = arith.mulf %mq, %mu : !t
  %mq1 = arith.addf %1, %h : !t
  %2 = arith.mulf %p, %keep : !t
  %3 = arith.mulf %mp1, %rate : !t
  %p1 = arith.subf %2, %3 : !t
  %4 = arith.mulf %q, %keep : !t
  %5 = arith.mulf %mq1, %rate : !t
  %q1 = arith.subf %4, %5 : !t
  return %p1, %q1, %mp1, %mq1 : !t, !t, !t, !t
}

// The strength is an argument: the weight, where sigma is the root of 2.
// REMARK: remark: l2_gradient on arg0, strength arg2: replaced by the squared distance to mean 0 of Gaussians of fixed sigma 1.41421, weight arg2, mode coupled
// CHECK: fisher.policy @ours_2 {
// CHECK-NEXT: fisher.regularize "arg0" as #fisher.gaussian_mean<sigma> fixed sigma 1.414213{{.*}} weight "arg2" mode coupled
// CHECK: func.func @by_value(%{{.*}}: tensor<4x3xf32> {fisher.name = "arg0"}, %{{.*}}: tensor<4x3xf32>, %{{.*}}: f32 {fisher.name = "arg2"})
// CHECK-NOT: splat
// CHECK: return
func.func @by_value(%w: !t, %g: !t, %strength: f32) -> !t {
  %rate = arith.constant dense<0.1> : !t
  %s = tensor.splat %strength : !t
  %0 = arith.mulf %w, %s : !t
  %1 = arith.addf %g, %0 : !t
  %2 = arith.mulf %1, %rate : !t
  %3 = arith.subf %w, %2 : !t
  return %3 : !t
}

// In a function that is called: it becomes part of the step, and is gone.
// REMARK: remark: l2_gradient on arg0, strength 0.01
// CHECK: func.func @calls
// CHECK-NOT: call
// CHECK: return
// CHECK-NOT: @add_l2
func.func private @add_l2(%w: !t, %g: !t) -> !t {
  %strength = arith.constant dense<0.01> : !t
  %0 = arith.mulf %w, %strength : !t
  %1 = arith.addf %g, %0 : !t
  return %1 : !t
}
func.func @calls(%w: !t, %g: !t) -> !t {
  %rate = arith.constant dense<0.1> : !t
  %1 = func.call @add_l2(%w, %g) : (!t, !t) -> !t
  %2 = arith.mulf %1, %rate : !t
  %3 = arith.subf %w, %2 : !t
  return %3 : !t
}

// Averages of the mean alone, and of gradients.
// REMARK: remark: moving_average on arg0: kept, as at fixed sigma straight lines are geodesics
// REMARK: remark: moving_average on arg0: kept, as gradients are no beliefs
func.func @averages(%w: !t, %a: !t, %b: !t, %x: !t, %y: !t) -> (!t, !t, !t) {
  %rate = arith.constant dense<0.1> : !t
  %keep = arith.constant dense<0.75> : !t
  %share = arith.constant dense<0.25> : !t
  %g = arith.mulf %x, %y : !t
  %0 = arith.mulf %g, %rate : !t
  %w1 = arith.subf %w, %0 : !t
  %1 = arith.mulf %a, %keep : !t
  %2 = arith.mulf %w1, %share : !t
  %a1 = arith.addf %1, %2 : !t
  %3 = arith.mulf %b, %keep : !t
  %4 = arith.mulf %g, %share : !t
  %b1 = arith.addf %3, %4 : !t
  return %w1, %a1, %b1 : !t, !t, !t
}

// One of the two has another decay.
// REMARK: remark: moving_average on arg0, arg1: kept, as a geodesic one needs averages of the mean and the spread, with one constant decay
// CHECK: func.func @halves
// CHECK-NOT: fisher.geodesic
// CHECK: return
func.func @halves(%m: !t, %s: !t, %a: !t, %b: !t, %x: !t, %eps: !t) -> (!t, !t, !t, !t) {
  %rate = arith.constant dense<0.1> : !t
  %keep = arith.constant dense<0.75> : !t
  %share = arith.constant dense<0.25> : !t
  %half = arith.constant dense<0.5> : !t
  %noise = arith.mulf %s, %eps : !t
  %w = arith.addf %m, %noise : !t
  %g = arith.mulf %w, %x : !t
  %0 = arith.mulf %g, %rate : !t
  %m1 = arith.subf %m, %0 : !t
  %gs = arith.mulf %x, %eps : !t
  %1 = arith.mulf %gs, %rate : !t
  %s1 = arith.subf %s, %1 : !t
  %2 = arith.mulf %a, %keep : !t
  %3 = arith.mulf %m1, %share : !t
  %a1 = arith.addf %2, %3 : !t
  %4 = arith.mulf %b, %half : !t
  %5 = arith.mulf %s1, %half : !t
  %b1 = arith.addf %4, %5 : !t
  return %m1, %s1, %a1, %b1 : !t, !t, !t, !t
}
