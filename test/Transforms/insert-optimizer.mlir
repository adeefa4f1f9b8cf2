// Steps that return new values and no gradients: what their optimizers are given
// as the gradient is found, and their learning rates are step sizes.

// RUN: fisher-opt --fisher-insert="entry=main" --split-input-file %s | FileCheck %s

// What else uses the gradient keeps the old one, and what is made of the new
// value sees the new one.
// CHECK-LABEL: @main(
// CHECK-SAME: %[[P:[a-z0-9]+]]: tensor<4xf32> {fisher.name = "p"}
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<4xf32>
// CHECK-SAME: %[[L:[a-z0-9]+]]: tensor<f32>)
// CHECK: %[[G:.*]] = arith.mulf %[[P]], %[[X]]
// CHECK-NEXT: %[[SQUARE:.*]] = arith.mulf %[[G]], %[[G]]
// CHECK: %[[PENALTY:.*]], %[[MORE:.*]] = fisher.penalty_with_gradient
// CHECK-NEXT: %[[NEW:.*]] = arith.addf %[[G]], %[[MORE]]
// CHECK-NEXT: %[[STEP:.*]] = arith.mulf %{{.*}}, %[[NEW]]
// CHECK-NEXT: %[[NEXT:.*]] = arith.subf %[[P]], %[[STEP]]
// CHECK-NEXT: %[[CHANGE:.*]] = arith.subf %[[NEXT]], %[[P]]
// CHECK-NEXT: %[[LOSS:.*]] = arith.addf %[[L]], %[[PENALTY]]
// CHECK-NEXT: return %[[NEXT]], %[[LOSS]], %[[SQUARE]], %[[G]], %[[CHANGE]]
func.func @main(%p: tensor<4xf32> {fisher.name = "p"}, %x: tensor<4xf32>, %l: tensor<f32>)
    -> (tensor<4xf32> {fisher.updates = "p"}, tensor<f32> {fisher.role = "loss"}, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %rate = arith.constant dense<0.1> : tensor<4xf32>
  %g = arith.mulf %p, %x : tensor<4xf32>
  %square = arith.mulf %g, %g : tensor<4xf32>
  %step = arith.mulf %rate, %g : tensor<4xf32>
  %next = arith.subf %p, %step : tensor<4xf32>
  %change = arith.subf %next, %p : tensor<4xf32>
  return %next, %l, %square, %g, %change : tensor<4xf32>, tensor<f32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}
fisher.policy @p {
  fisher.regularize "p" as #fisher.bernoulli<logit> toward #fisher.prior<[0.5]> weight 1.0 mode coupled
}

// -----

// One loop does it all: the gradient is made by a loop of its own, and read in
// place of the old one. Without marks, arguments are called by their numbers,
// and the only number is the loss, but for one that counts steps.
// CHECK-LABEL: @main(
// CHECK-SAME: %[[P:[a-z0-9]+]]: tensor<4xf32> {fisher.name = "arg0", fisher.role = "param"}
// CHECK-SAME: %[[M:[a-z0-9]+]]: tensor<4xf32>, %[[V:[a-z0-9]+]]: tensor<4xf32>, %[[X:[a-z0-9]+]]: tensor<4xf32>
// CHECK-SAME: tensor<f32>, tensor<f32> {fisher.role = "loss"}
// CHECK: %[[SQUARE:.*]] = linalg.generic {{.*}} ins(%[[P]], %[[X]] :
// CHECK: math.exp
// CHECK-NEXT: arith.mulf
// CHECK-NEXT: linalg.yield
// CHECK: %[[G:.*]] = linalg.generic {{.*}} ins(%[[P]], %[[X]] :
// CHECK: %[[EXP:.*]] = math.exp
// CHECK-NEXT: linalg.yield %[[EXP]]
// CHECK: %[[PENALTY:.*]], %[[MORE:.*]] = fisher.penalty_with_gradient
// CHECK-NEXT: %[[NEW:.*]] = arith.addf %[[G]], %[[MORE]]
// CHECK-NEXT: %[[ALL:.*]]:3 = linalg.generic {{.*}} ins(%[[P]], %[[M]], %[[V]], %[[NEW]] :
// CHECK-NEXT: ^bb0(%[[OLD:.*]]: f32, %{{.*}}: f32, %{{.*}}: f32, %[[IN:.*]]: f32, %{{.*}}: f32, %{{.*}}: f32, %{{.*}}: f32):
// CHECK-NOT: math.exp
// CHECK: arith.mulf %[[IN]], %[[IN]]
// CHECK: linalg.yield
// CHECK: %[[CHANGE:.*]] = linalg.generic {{.*}} ins(%[[P]], %[[ALL]]#0 :
// CHECK: return %[[ALL]]#0, %[[ALL]]#1, %[[ALL]]#2, %{{.*}}, %{{.*}}, %[[SQUARE]], %[[CHANGE]]
#map = affine_map<(d0) -> (d0)>
func.func @main(%p: tensor<4xf32>, %m: tensor<4xf32>, %v: tensor<4xf32>, %x: tensor<4xf32>, %t: tensor<f32>)
    -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<f32>, tensor<f32>, tensor<4xf32>, tensor<4xf32>) {
  %rate = arith.constant 1.0e-3 : f32
  %epsilon = arith.constant 1.0e-8 : f32
  %beta = arith.constant 0.875 : f32
  %share = arith.constant 0.125 : f32
  %one = arith.constant dense<1.0> : tensor<f32>
  %count = arith.addf %t, %one : tensor<f32>
  %zero = arith.constant dense<0.0> : tensor<f32>
  %l = linalg.dot ins(%p, %x : tensor<4xf32>, tensor<4xf32>) outs(%zero : tensor<f32>) -> tensor<f32>
  %e = tensor.empty() : tensor<4xf32>
  %0:5 = linalg.generic {indexing_maps = [#map, #map, #map, #map, #map, #map, #map, #map, #map], iterator_types = ["parallel"]}
      ins(%p, %m, %v, %x : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
      outs(%e, %e, %e, %e, %e : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  ^bb0(%ip: f32, %im: f32, %iv: f32, %ix: f32, %o0: f32, %o1: f32, %o2: f32, %o3: f32, %o4: f32):
    %y = arith.mulf %ip, %ix : f32
    %g = math.exp %y : f32
    %1 = arith.mulf %im, %beta : f32
    %2 = arith.mulf %g, %share : f32
    %first = arith.addf %1, %2 : f32
    %square = arith.mulf %g, %g : f32
    %3 = arith.mulf %iv, %beta : f32
    %4 = arith.mulf %square, %share : f32
    %second = arith.addf %3, %4 : f32
    %5 = math.sqrt %second : f32
    %6 = arith.addf %5, %epsilon : f32
    %7 = arith.divf %first, %6 : f32
    %8 = arith.mulf %7, %rate : f32
    %next = arith.subf %ip, %8 : f32
    %change = arith.subf %next, %ip : f32
    linalg.yield %next, %first, %second, %square, %change : f32, f32, f32, f32, f32
  } -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
  return %0#0, %0#1, %0#2, %count, %l, %0#3, %0#4 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<f32>, tensor<f32>, tensor<4xf32>, tensor<4xf32>
}
fisher.policy @p {
  fisher.regularize "arg0" as #fisher.bernoulli<logit> toward #fisher.prior<[0.5]> weight 1.0 mode coupled
}

// -----

// Both components' gradients become natural ones.
// CHECK-LABEL: @main(
// CHECK: %[[G0:.*]] = math.exp
// CHECK: %[[G1:.*]] = math.sin
// CHECK: %[[B:.*]] = fisher.belief %arg0, %arg1
// CHECK: %{{.*}}, %[[MORE:.*]]:2 = fisher.penalty_with_gradient %[[B]]
// CHECK: %[[N0:.*]] = arith.addf %[[G0]], %[[MORE]]#0
// CHECK: %[[N1:.*]] = arith.addf %[[G1]], %[[MORE]]#1
// CHECK: %[[T:.*]]:2 = fisher.natural_gradient %[[B]], %[[N0]], %[[N1]]
// CHECK: arith.mulf %{{.*}}, %[[T]]#0
// CHECK: arith.mulf %{{.*}}, %[[T]]#1
func.func @main(%m: tensor<4xf32> {fisher.name = "m"}, %s: tensor<4xf32> {fisher.name = "s"}, %x: tensor<4xf32>)
    -> (tensor<4xf32> {fisher.updates = "m"}, tensor<4xf32> {fisher.updates = "s"}) {
  %rate = arith.constant dense<0.1> : tensor<4xf32>
  %g = math.exp %x : tensor<4xf32>
  %h = math.sin %x : tensor<4xf32>
  %0 = arith.mulf %rate, %g : tensor<4xf32>
  %1 = arith.mulf %rate, %h : tensor<4xf32>
  %2 = arith.subf %m, %0 : tensor<4xf32>
  %3 = arith.subf %s, %1 : tensor<4xf32>
  return %2, %3 : tensor<4xf32>, tensor<4xf32>
}
fisher.policy @p {
  fisher.regularize "m", "s" as #fisher.gaussian<log_sigma> toward #fisher.prior<[0.0, 1.0]> weight 1.0 mode natural
}

// -----

// The optimizer is a function: it is inlined, if what it is given is made in it.
// CHECK-LABEL: @main(
// CHECK-NOT: call
// CHECK: %[[G:.*]] = math.exp
// CHECK: %[[NEW:.*]] = arith.addf %[[G]], %gradient
// CHECK: arith.mulf %{{.*}}, %[[NEW]]
// CHECK: return
// CHECK: func.func private @sgd
func.func @main(%p: tensor<4xf32> {fisher.name = "p"}, %x: tensor<4xf32>) -> (tensor<4xf32> {fisher.updates = "p"}) {
  %0 = call @sgd(%p, %x) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
func.func private @sgd(%p: tensor<4xf32>, %x: tensor<4xf32>) -> tensor<4xf32> {
  %rate = arith.constant dense<0.1> : tensor<4xf32>
  %g = math.exp %x : tensor<4xf32>
  %0 = arith.mulf %rate, %g : tensor<4xf32>
  %1 = arith.subf %p, %0 : tensor<4xf32>
  return %1 : tensor<4xf32>
}
fisher.policy @p {
  fisher.regularize "p" as #fisher.bernoulli<logit> toward #fisher.prior<[0.5]> weight 1.0 mode coupled
}

// -----

// The gradient 2 x + y is no value: the momentum gets the penalty's, and the new
// value - rate times it.
// CHECK-LABEL: @main(
// CHECK: %[[M:.*]] = arith.addf %{{.*}}, %arg3 : tensor<4xf32>
// CHECK: %[[P:.*]] = arith.subf %arg0, %{{.*}} : tensor<4xf32>
// CHECK: %{{.*}}, %[[MORE:.*]] = fisher.penalty_with_gradient
// CHECK: %[[MINUS:.*]] = arith.constant -1.000000e+00 : f32
// CHECK: %[[SCALE:.*]] = arith.mulf %[[MINUS]], %{{.*}} : f32
// CHECK: tensor.from_elements %[[SCALE]]
// CHECK: %[[STEP:.*]] = arith.mulf %{{.*}}, %[[MORE]] : tensor<4xf32>
// CHECK: %[[NEW_P:.*]] = arith.addf %[[P]], %[[STEP]]
// CHECK: %[[SAME:.*]] = arith.mulf %{{.*}}, %[[MORE]]
// CHECK: %[[NEW_M:.*]] = arith.addf %[[M]], %[[SAME]]
// CHECK: %[[CHANGE:.*]] = arith.subf %[[NEW_P]], %arg0
// CHECK: return %[[NEW_P]], %[[NEW_M]], %[[CHANGE]]
func.func @main(%p: tensor<4xf32> {fisher.name = "p"}, %m: tensor<4xf32> {fisher.name = "m"}, %x: tensor<4xf32>, %y: tensor<4xf32>, %rate: f32)
    -> (tensor<4xf32> {fisher.updates = "p"}, tensor<4xf32> {fisher.updates = "m"}, tensor<4xf32>) {
  %two = arith.constant dense<2.0> : tensor<4xf32>
  %mu = arith.constant dense<0.9> : tensor<4xf32>
  %rates = tensor.splat %rate : tensor<4xf32>
  %0 = arith.mulf %m, %mu : tensor<4xf32>
  %1 = arith.mulf %x, %two : tensor<4xf32>
  %2 = arith.addf %0, %1 : tensor<4xf32>
  %3 = arith.addf %2, %y : tensor<4xf32>
  %4 = arith.mulf %rates, %3 : tensor<4xf32>
  %5 = arith.subf %p, %4 : tensor<4xf32>
  %change = arith.subf %5, %p : tensor<4xf32>
  return %5, %3, %change : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}
fisher.policy @p {
  fisher.regularize "p" as #fisher.bernoulli<logit> toward #fisher.prior<[0.5]> weight 1.0 mode coupled
}

// -----

// The gradient is read transposed. A moving average is one of what the optimizer
// makes of the new gradient.
// CHECK-LABEL: @main(
// CHECK: %[[G:.*]] = linalg.generic {{.*}} ins(%arg1 : tensor<3x4xf32>)
// CHECK: %[[NEW:.*]] = arith.addf %[[G]], %gradient
// CHECK: %[[NEXT:.*]] = linalg.generic {{.*}} ins(%arg0, %[[NEW]] : tensor<4x3xf32>, tensor<4x3xf32>)
// CHECK: %[[AFTER:.*]] = fisher.belief %[[NEXT]]
// CHECK: fisher.geodesic %{{.*}}, %[[AFTER]]
#id = affine_map<(i, j) -> (i, j)>
#transposed = affine_map<(i, j) -> (j, i)>
func.func @main(%p: tensor<4x3xf32> {fisher.name = "p"}, %g: tensor<3x4xf32>) -> (tensor<4x3xf32> {fisher.updates = "p"}) {
  %rate = arith.constant 0.1 : f32
  %e = tensor.empty() : tensor<4x3xf32>
  %0 = linalg.generic {indexing_maps = [#id, #transposed, #id], iterator_types = ["parallel", "parallel"]}
      ins(%p, %g : tensor<4x3xf32>, tensor<3x4xf32>) outs(%e : tensor<4x3xf32>) {
  ^bb0(%ip: f32, %ig: f32, %out: f32):
    %1 = arith.mulf %ig, %rate : f32
    %2 = arith.subf %ip, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<4x3xf32>
  return %0 : tensor<4x3xf32>
}
fisher.policy @p {
  fisher.regularize "p" as #fisher.bernoulli<logit> toward #fisher.moving_average<0.9> weight 1.0 mode coupled
}

// -----

// A component that several elements have in common: their gradients are summed
// before the optimizer sees them.
// CHECK-LABEL: @main(
// CHECK: %[[G0:.*]] = math.exp
// CHECK: %[[G1:.*]] = math.sin
// CHECK: %{{.*}}, %[[MORE:.*]]:2 = fisher.penalty_with_gradient
// CHECK: %[[N0:.*]] = arith.addf %[[G0]], %[[MORE]]#0
// CHECK: %[[WIDE:.*]] = arith.extf %[[G1]] : tensor<2xf32> to tensor<2xf64>
// CHECK: %[[SUM:.*]] = arith.addf %[[WIDE]], %{{.*}} : tensor<2xf64>
// CHECK: %[[N1:.*]] = arith.truncf %[[SUM]]
// CHECK-DAG: arith.mulf %{{.*}}, %[[N0]]
// CHECK-DAG: arith.mulf %{{.*}}, %[[N1]]
func.func @main(%m: tensor<4x2xf32> {fisher.name = "m"}, %s: tensor<2xf32> {fisher.name = "s"}, %x: tensor<4x2xf32>, %y: tensor<2xf32>)
    -> (tensor<4x2xf32> {fisher.updates = "m"}, tensor<2xf32> {fisher.updates = "s"}) {
  %rate = arith.constant dense<0.1> : tensor<4x2xf32>
  %same = arith.constant dense<0.1> : tensor<2xf32>
  %g = math.exp %x : tensor<4x2xf32>
  %h = math.sin %y : tensor<2xf32>
  %0 = arith.mulf %rate, %g : tensor<4x2xf32>
  %1 = arith.mulf %same, %h : tensor<2xf32>
  %2 = arith.subf %m, %0 : tensor<4x2xf32>
  %3 = arith.subf %s, %1 : tensor<2xf32>
  return %2, %3 : tensor<4x2xf32>, tensor<2xf32>
}
fisher.policy @p {
  fisher.regularize "m", "s" as #fisher.gaussian<log_sigma> toward #fisher.prior<[0.0, 1.0]> weight 1.0 mode coupled
}

// -----

// The step size is the learning rate, here the half of an argument. The new
// value needs no mark.
// CHECK-LABEL: @main(
// CHECK: %[[NEXT:.*]] = arith.subf
// CHECK: %[[AFTER:.*]] = fisher.belief %[[NEXT]]
// CHECK: %[[HALF:.*]] = arith.constant 5.000000e-01 : f32
// CHECK: %[[A:.*]] = tensor.extract %arg2[] : tensor<f32>
// CHECK: %[[RATE:.*]] = arith.mulf %[[HALF]], %[[A]] : f32
// CHECK: %[[WEIGHT:.*]] = arith.constant 3.000000e+00 : f32
// CHECK: %[[PRODUCT:.*]] = arith.mulf %[[RATE]], %[[WEIGHT]]
// CHECK: %[[STRENGTH:.*]] = arith.mulf %{{.*}}, %[[PRODUCT]]
// CHECK: fisher.proximal_step %[[AFTER]] toward %{{.*}} strength %[[STRENGTH]]
#each = affine_map<(i) -> (i)>
#all = affine_map<(i) -> ()>
func.func @main(%p: tensor<4xf32> {fisher.name = "p"}, %x: tensor<4xf32>, %a: tensor<f32>) -> tensor<4xf32> {
  %half = arith.constant 0.5 : f32
  %e = tensor.empty() : tensor<4xf32>
  %g = math.exp %x : tensor<4xf32>
  %0 = linalg.generic {indexing_maps = [#all, #each, #each], iterator_types = ["parallel"]}
      ins(%a, %g : tensor<f32>, tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%ia: f32, %ig: f32, %out: f32):
    %1 = arith.mulf %ia, %half : f32
    %2 = arith.mulf %1, %ig : f32
    linalg.yield %2 : f32
  } -> tensor<4xf32>
  %1 = arith.subf %p, %0 : tensor<4xf32>
  return %1 : tensor<4xf32>
}
fisher.policy @p {
  fisher.regularize "p" as #fisher.bernoulli<logit> toward #fisher.prior<[0.5]> weight 3.0 mode proximal
}

// -----

// The penalty's gradient is added to what is clipped, and the norm that it is
// clipped by stays that of the loss's gradient.
// CHECK-LABEL: @main(
// CHECK: %[[G:.*]] = arith.mulf %arg0, %arg1
// CHECK: %[[NORM:.*]] = linalg.dot ins(%[[G]], %[[G]] :
// CHECK: %[[CLIPPED:.*]] = arith.mulf %[[G]], %{{.*}}
// CHECK: %[[NEW:.*]] = arith.addf %[[CLIPPED]], %gradient
// CHECK: %[[STEP:.*]] = arith.mulf %{{.*}}, %[[NEW]]
// CHECK: %[[NEXT:.*]] = arith.subf %arg0, %[[STEP]]
// CHECK: return %[[NEXT]], %[[NORM]]
func.func @main(%p: tensor<4xf32> {fisher.name = "p"}, %x: tensor<4xf32>)
    -> (tensor<4xf32> {fisher.updates = "p"}, tensor<f32>) {
  %rate = arith.constant dense<0.1> : tensor<4xf32>
  %one = arith.constant dense<1.0> : tensor<f32>
  %zero = arith.constant dense<0.0> : tensor<f32>
  %e = tensor.empty() : tensor<4xf32>
  %g = arith.mulf %p, %x : tensor<4xf32>
  %norm = linalg.dot ins(%g, %g : tensor<4xf32>, tensor<4xf32>) outs(%zero : tensor<f32>) -> tensor<f32>
  %0 = arith.maximumf %norm, %one : tensor<f32>
  %1 = arith.divf %one, %0 : tensor<f32>
  %2 = linalg.broadcast ins(%1 : tensor<f32>) outs(%e : tensor<4xf32>) dimensions = [0]
  %3 = arith.mulf %g, %2 : tensor<4xf32>
  %4 = arith.mulf %rate, %3 : tensor<4xf32>
  %5 = arith.subf %p, %4 : tensor<4xf32>
  return %5, %norm : tensor<4xf32>, tensor<f32>
}
fisher.policy @p {
  fisher.regularize "p" as #fisher.bernoulli<logit> toward #fisher.prior<[0.5]> weight 1.0 mode coupled
}

// -----

// The gradient is a value that is returned, but SGD does not read it.
// CHECK-LABEL: @main(
// CHECK: %[[G:.*]] = arith.mulf %arg1, %arg2
// CHECK: %[[NEXT:.*]] = arith.subf %arg0, %{{.*}}
// CHECK: %[[MORE:.*]] = arith.mulf %{{.*}}, %gradient
// CHECK: %[[BOTH:.*]] = arith.addf %[[NEXT]], %[[MORE]]
// CHECK: return %[[BOTH]], %[[G]]
func.func @main(%p: tensor<4xf32> {fisher.name = "p"}, %x: tensor<4xf32>, %y: tensor<4xf32>)
    -> (tensor<4xf32> {fisher.updates = "p"}, tensor<4xf32>) {
  %rate = arith.constant dense<0.1> : tensor<4xf32>
  %g = arith.mulf %x, %y : tensor<4xf32>
  %0 = arith.mulf %rate, %x : tensor<4xf32>
  %1 = arith.mulf %0, %y : tensor<4xf32>
  %2 = arith.subf %p, %1 : tensor<4xf32>
  return %2, %g : tensor<4xf32>, tensor<4xf32>
}
fisher.policy @p {
  fisher.regularize "p" as #fisher.bernoulli<logit> toward #fisher.prior<[0.5]> weight 1.0 mode coupled
}
