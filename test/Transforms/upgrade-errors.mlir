// RUN: fisher-opt %s --fisher-upgrade --split-input-file --verify-diagnostics
// RUN: not fisher-opt %s --split-input-file --fisher-upgrade="belief=adam" 2>&1 | FileCheck %s --check-prefix=COUNT
// RUN: not fisher-opt %s --split-input-file --fisher-upgrade="belief=learned" 2>&1 | FileCheck %s --check-prefix=BELIEF
// RUN: not fisher-opt %s --split-input-file --fisher-upgrade="sigma=0.0" 2>&1 | FileCheck %s --check-prefix=SIGMA
// RUN: not fisher-opt %s --split-input-file --fisher-upgrade="belief=adam count=10 epsilon=-1.0" 2>&1 | FileCheck %s --check-prefix=EPSILON
// RUN: not fisher-opt %s --split-input-file --fisher-upgrade="belief=adam count=10" 2>&1 | FileCheck %s --check-prefix=MOMENT
// RUN: not fisher-opt %s --split-input-file --fisher-upgrade="belief=learnt" 2>&1 | FileCheck %s --check-prefix=SPREAD
// RUN: not fisher-opt %s --split-input-file --fisher-upgrade --mlir-print-ir-after-failure 2>&1 | FileCheck %s --check-prefix=SAME

// COUNT: error: belief=adam needs the option count, the number of examples that the beliefs are of
// BELIEF: error: the option belief is 'learned', but must be fixed, adam or learnt
// SIGMA: error: the option sigma must be positive
// EPSILON: error: the option epsilon must be positive

!t = tensor<4xf32>

// What the options refuse; without them it is served.
// MOMENT: error: l2_gradient on arg0 cannot be upgraded: no optimizer keeps a second moment of it, which belief=adam makes its spread of
// MOMENT: note: use belief=fixed
// SPREAD: error: l2_gradient on arg0 cannot be upgraded: no parameter is its spread: the step adds no noise times a learnt spread to it, which belief=learnt needs
// SPREAD: note: use belief=fixed or belief=adam
func.func @plain(%w: !t, %g: !t) -> !t {
  %rate = arith.constant dense<0.1> : !t
  %strength = arith.constant dense<0.01> : !t
  %0 = arith.mulf %w, %strength : !t  // expected-remark {{l2_gradient on arg0, strength 0.01: replaced by}}
  %1 = arith.addf %g, %0 : !t
  %2 = arith.mulf %1, %rate : !t
  %3 = arith.subf %w, %2 : !t  // expected-remark {{sgd on arg0: kept}}
  return %3 : !t
}

// -----

!t = tensor<4xf32>

// Half of a weight that is no constant.
// expected-note@+1 {{with remove-only it is taken out; write a policy whose weight is an argument that holds half of it}}
func.func @weight(%m: !t, %r: !t, %beta: tensor<f32>) -> tensor<f32> {
  %zero = arith.constant dense<0.0> : tensor<f32>
  %half = arith.constant dense<0.5> : !t
  %s = math.exp %r : !t
  %0 = arith.mulf %s, %s : !t
  %1 = arith.mulf %m, %m : !t
  %2 = arith.addf %0, %1 : !t
  %3 = arith.mulf %half, %2 : !t
  %4 = arith.subf %3, %r : !t
  %5 = arith.subf %4, %half : !t
  // expected-error@+1 {{kl_to_prior on arg0, arg1 cannot be upgraded: its weight is not a constant, so that no policy can have half of it}}
  %6 = linalg.reduce {arith.addf} ins(%5 : !t) outs(%zero : tensor<f32>) dimensions = [0]
  %7 = arith.mulf %beta, %6 : tensor<f32>
  return %7 : tensor<f32>
}

// -----

!t = tensor<4xf32>

// expected-note@+1 {{with remove-only it is taken out; write a policy whose weight is an argument}}
func.func @strength(%w: !t, %g: !t, %a: f32) -> !t {
  %rate = arith.constant dense<0.1> : !t
  %exp = math.exp %a : f32
  %strength = tensor.splat %exp : !t
  // expected-error@+1 {{l2_gradient on arg0 cannot be upgraded: its strength is computed, so that no policy can have it}}
  %0 = arith.mulf %w, %strength : !t
  %1 = arith.addf %g, %0 : !t
  %2 = arith.mulf %1, %rate : !t
  %3 = arith.subf %w, %2 : !t
  return %3 : !t
}

// -----

!t = tensor<4xf32>

// A policy regularizes a parameter once, and the modes differ.
func.func @both(%p: !t, %v: !t, %g: !t) -> (!t, !t) {
  %rate = arith.constant dense<0.1> : !t
  %mu = arith.constant dense<0.9> : !t
  %strength = arith.constant dense<0.01> : !t
  %decay = arith.constant dense<0.002> : !t
  // expected-note@+1 {{this is the other one}}
  %l2 = arith.mulf %p, %strength : !t
  %gp = arith.addf %g, %l2 : !t
  %0 = arith.mulf %v, %mu : !t
  %v1 = arith.addf %0, %gp : !t
  %1 = arith.mulf %v1, %rate : !t
  // expected-error@+1 {{weight_decay on arg0 cannot be upgraded: something else takes the place of another regularizer of the same parameter, and a policy regularizes a parameter once}}
  %2 = arith.mulf %p, %decay : !t
  %3 = arith.subf %p, %2 : !t
  %p1 = arith.subf %3, %1 : !t
  return %p1, %v1 : !t, !t
}

// -----

!t = tensor<4xf32>

// Another term of the loss depends on the spread alone, so nothing tells which
// terms of its gradient are the divergence's. The step stays as it was.
// SAME: IR Dump After FisherUpgrade Failed
// SAME: func.func @mixed(%arg0: tensor<4xf32>, %arg1: tensor<4xf32>, %arg2: tensor<4xf32>, %arg3: tensor<4xf32>) -> (tensor<f32>, tensor<4xf32>, tensor<4xf32>)
// SAME-COUNT-9: arith.mulf
// SAME: return
// expected-note@+1 {{the step stays as it was}}
func.func @mixed(%m: !t, %r: !t, %x: !t, %y: !t) -> (tensor<f32>, !t, !t) {
  %zero = arith.constant dense<0.0> : tensor<f32>
  %half = arith.constant dense<0.5> : !t
  %beta = arith.constant dense<0.01> : !t
  %rate = arith.constant dense<0.1> : !t
  %s = math.exp %r : !t
  %variance = arith.mulf %s, %s : !t
  %square = arith.mulf %m, %m : !t
  %2 = arith.addf %variance, %square : !t
  %3 = arith.mulf %half, %2 : !t
  %4 = arith.subf %3, %r : !t
  %5 = arith.subf %4, %half : !t
  %6 = arith.mulf %beta, %5 : !t
  %sine = math.sin %r : !t
  %7 = arith.addf %6, %sine : !t
  %loss = linalg.reduce {arith.addf} ins(%7 : !t) outs(%zero : tensor<f32>) dimensions = [0]
  %8 = arith.mulf %beta, %m : !t
  %gm = arith.addf %8, %x : !t
  %9 = arith.mulf %beta, %variance : !t
  %10 = arith.subf %9, %beta : !t
  %slope = math.cos %r : !t
  %11 = arith.addf %10, %slope : !t
  %gr = arith.addf %11, %y : !t
  %12 = arith.mulf %rate, %gm : !t
  %m1 = arith.subf %m, %12 : !t
  %13 = arith.mulf %rate, %gr : !t
  %r1 = arith.subf %r, %13 : !t
  // expected-error@+1 {{cannot take kl_to_prior on arg0 out of func.return: other terms of the loss depend on the same parameters alone}}
  return %loss, %m1, %r1 : tensor<f32>, !t, !t
}
