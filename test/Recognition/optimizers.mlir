// RUN: fisher-opt %s --fisher-recognize | FileCheck %s

// Optimizers in the spellings of several libraries, with constants and with values.

!t = tensor<4x3xf32>

// One constant holds 1 - rate * strength, rounded.
// CHECK-LABEL: func.func @sgd_factored(
// CHECK-SAME: fisher.findings = [
// CHECK-SAME: #fisher.finding<sgd on ["arg0"] {learning_rate = 1.000000e-01 : f64} at [#loc{{[0-9]*}}]>, 
// CHECK-SAME: #fisher.finding<l2_gradient on ["arg0"] {strength = 1.000000e-03 : f64} at [#loc{{[0-9]*}}]>]
func.func @sgd_factored(%p: !t, %g: !t) -> !t {
  %c = arith.constant dense<0.9999> : !t
  %lr = arith.constant dense<0.1> : !t
  %0 = arith.mulf %p, %c : !t
  %1 = arith.mulf %g, %lr : !t
  %2 = arith.subf %0, %1 : !t
  return %2 : !t
}

// Coefficients may be arguments.
// CHECK-LABEL: func.func @sgd_values(
// CHECK-SAME: fisher.findings = [
// CHECK-SAME: #fisher.finding<sgd on ["arg0"] {learning_rate = "arg2"} at [#loc{{[0-9]*}}]>, 
// CHECK-SAME: #fisher.finding<l2_gradient on ["arg0"] {strength = "arg3"} at [#loc{{[0-9]*}}]>]
func.func @sgd_values(%p: !t, %g: !t, %lr: tensor<f32>, %wd: tensor<f32>) -> !t {
  %l = tensor.extract %lr[] : tensor<f32>
  %w = tensor.extract %wd[] : tensor<f32>
  %ls = tensor.splat %l : !t
  %ws = tensor.splat %w : !t
  %0 = arith.mulf %p, %ws : !t
  %1 = arith.addf %g, %0 : !t
  %2 = arith.mulf %1, %ls : !t
  %3 = arith.subf %p, %2 : !t
  return %3 : !t
}

// CHECK-LABEL: func.func @optax(
// CHECK-SAME: fisher.findings = [
// CHECK-SAME: #fisher.finding<sgd on ["arg0"] {learning_rate = 1.000000e-01 : f64} at [#loc{{[0-9]*}}]>]
func.func @optax(%p: !t, %g: !t) -> !t {
  %c = arith.constant dense<-0.1> : !t
  %1 = arith.mulf %g, %c : !t
  %3 = arith.addf %p, %1 : !t
  return %3 : !t
}

// CHECK-LABEL: func.func @nesterov(
// CHECK-SAME: fisher.findings = [
// CHECK-SAME: #fisher.finding<nesterov on ["arg0"] {learning_rate = 1.000000e-01 : f64, momentum = 9.000000e-01 : f64, momentum_in = ["arg1"]} at [#loc{{[0-9]*}}]>, 
// CHECK-SAME: #fisher.finding<l2_gradient on ["arg0"] {strength = 1.000000e-02 : f64} at [#loc{{[0-9]*}}]>]
func.func @nesterov(%p: !t, %m: !t, %g: !t) -> (!t, !t) {
  %mu = arith.constant dense<0.9> : !t
  %wd = arith.constant dense<0.01> : !t
  %lr = arith.constant dense<0.1> : !t
  %d = arith.mulf %p, %wd : !t
  %gd = arith.addf %g, %d : !t
  %1 = arith.mulf %m, %mu : !t
  %2 = arith.addf %1, %gd : !t
  %3 = arith.mulf %2, %mu : !t
  %4 = arith.addf %gd, %3 : !t
  %5 = arith.mulf %4, %lr : !t
  %6 = arith.subf %p, %5 : !t
  return %6, %2 : !t, !t
}

// The state holds steps.
// CHECK-LABEL: func.func @keras(
// CHECK-SAME: fisher.findings = [
// CHECK-SAME: #fisher.finding<momentum on ["arg0"] {learning_rate = 1.000000e-01 : f64, momentum = 9.000000e-01 : f64, momentum_in = ["arg1"]} at [#loc{{[0-9]*}}]>]
func.func @keras(%p: !t, %m: !t, %g: !t) -> (!t, !t) {
  %mu = arith.constant dense<0.9> : !t
  %lr = arith.constant dense<0.1> : !t
  %1 = arith.mulf %m, %mu : !t
  %2 = arith.mulf %g, %lr : !t
  %3 = arith.subf %1, %2 : !t
  %4 = arith.addf %p, %3 : !t
  return %4, %3 : !t, !t
}

// CHECK-LABEL: func.func @dampened(
// CHECK-SAME: fisher.findings = [
// CHECK-SAME: #fisher.finding<momentum on ["arg0"] {dampening = 9.000000e-01 : f64, learning_rate = 1.000000e-01 : f64, momentum = 9.000000e-01 : f64, momentum_in = ["arg1"]} at [#loc{{[0-9]*}}]>]
func.func @dampened(%p: !t, %m: !t, %g: !t) -> (!t, !t) {
  %mu = arith.constant dense<0.9> : !t
  %da = arith.constant dense<0.1> : !t
  %lr = arith.constant dense<0.1> : !t
  %1 = arith.mulf %m, %mu : !t
  %2 = arith.mulf %g, %da : !t
  %3 = arith.addf %1, %2 : !t
  %5 = arith.mulf %3, %lr : !t
  %4 = arith.subf %p, %5 : !t
  return %4, %3 : !t, !t
}

// CHECK-LABEL: func.func @rmsprop(
// CHECK-SAME: fisher.findings = [
// CHECK-SAME: #fisher.finding<rmsprop on ["arg0"] {decay = {{0.9[89].*}} : f64, epsilon = 1.000000e-08 : f64, epsilon_inside_root = false, learning_rate = 1.000000e-03 : f64, second_moment_in = ["arg1"]} at [#loc{{[0-9]*}}]>]
func.func @rmsprop(%p: !t, %v: !t, %g: !t) -> (!t, !t) {
  %r = arith.constant dense<0.99> : !t
  %r1 = arith.constant dense<0.01> : !t
  %eps = arith.constant dense<1.0e-8> : !t
  %lr = arith.constant dense<0.001> : !t
  %1 = arith.mulf %v, %r : !t
  %2 = arith.mulf %g, %g : !t
  %3 = arith.mulf %2, %r1 : !t
  %4 = arith.addf %1, %3 : !t
  %5 = math.sqrt %4 : !t
  %6 = arith.addf %5, %eps : !t
  %7 = arith.divf %g, %6 : !t
  %8 = arith.mulf %7, %lr : !t
  %9 = arith.subf %p, %8 : !t
  return %9, %4 : !t, !t
}

// L2 is part of what both moments are made of.
// CHECK-LABEL: func.func @adam_l2_inside(
// CHECK-SAME: fisher.findings = [
// CHECK-SAME: #fisher.finding<adam on ["arg0"] {beta1 = 9.000000e-01 : f64, beta2 = {{0.9[89].*}} : f64, bias_correction = false, epsilon = 1.000000e-08 : f64, epsilon_inside_root = true, first_moment_in = ["arg1"], learning_rate = 1.000000e-03 : f64, second_moment_in = ["arg2"]} at [#loc{{[0-9]*}}]>, 
// CHECK-SAME: #fisher.finding<l2_gradient on ["arg0"] {strength = 5.000000e-02 : f64} at [#loc{{[0-9]*}}]>]
func.func @adam_l2_inside(%p: !t, %m: !t, %v: !t, %g0: !t) -> (!t, !t, !t) {
  %b1 = arith.constant dense<0.9> : !t
  %b11 = arith.constant dense<0.1> : !t
  %r = arith.constant dense<0.99> : !t
  %r1 = arith.constant dense<0.01> : !t
  %eps = arith.constant dense<1.0e-8> : !t
  %lr = arith.constant dense<0.001> : !t
  %l2 = arith.constant dense<0.05> : !t
  %l = arith.mulf %l2, %p : !t
  %g = arith.addf %g0, %l : !t
  %a = arith.mulf %m, %b1 : !t
  %b = arith.mulf %g, %b11 : !t
  %mn = arith.addf %a, %b : !t
  %1 = arith.mulf %v, %r : !t
  %2 = arith.mulf %g, %g : !t
  %3 = arith.mulf %2, %r1 : !t
  %4 = arith.addf %1, %3 : !t
  %6 = arith.addf %4, %eps : !t
  %5 = math.rsqrt %6 : !t
  %7 = arith.mulf %mn, %5 : !t
  %8 = arith.mulf %7, %lr : !t
  %9 = arith.subf %p, %8 : !t
  return %9, %mn, %4 : !t, !t, !t
}

// CHECK-LABEL: func.func @adam_values(
// CHECK-SAME: fisher.findings = [
// CHECK-SAME: #fisher.finding<adam on ["arg0"] {beta1 = "arg6", beta2 = "arg7", bias_correction = true, epsilon = 1.000000e-08 : f64, epsilon_inside_root = false, first_moment_in = ["arg1"], learning_rate = "arg5", second_moment_in = ["arg2"]} at [#loc{{[0-9]*}}]>]
func.func @adam_values(%p: !t, %m: !t, %v: !t, %g: !t, %step: tensor<i32>, %lr0: f32, %b10: f32, %b20: f32) -> (!t, !t, !t, tensor<i32>) {
  %one = arith.constant 1.0 : f32
  %onei = arith.constant dense<1> : tensor<i32>
  %eps = arith.constant dense<1.0e-8> : !t
  %t1 = arith.addi %step, %onei : tensor<i32>
  %ti = tensor.extract %t1[] : tensor<i32>
  %t = arith.sitofp %ti : i32 to f32
  %p1 = math.powf %b10, %t : f32
  %c1 = arith.subf %one, %p1 : f32
  %p2 = math.powf %b20, %t : f32
  %c2 = arith.subf %one, %p2 : f32
  %q2 = math.sqrt %c2 : f32
  %ss = arith.divf %lr0, %c1 : f32
  %lr = tensor.splat %ss : !t
  %b1 = tensor.splat %b10 : !t
  %b2 = tensor.splat %b20 : !t
  %b1m = arith.subf %one, %b10 : f32
  %b2m = arith.subf %one, %b20 : f32
  %b11 = tensor.splat %b1m : !t
  %b22 = tensor.splat %b2m : !t
  %q = tensor.splat %q2 : !t
  %a = arith.mulf %m, %b1 : !t
  %b = arith.mulf %g, %b11 : !t
  %mn = arith.addf %a, %b : !t
  %1 = arith.mulf %v, %b2 : !t
  %2 = arith.mulf %g, %g : !t
  %3 = arith.mulf %2, %b22 : !t
  %4 = arith.addf %1, %3 : !t
  %s = math.sqrt %4 : !t
  %s2 = arith.divf %s, %q : !t
  %6 = arith.addf %s2, %eps : !t
  %7 = arith.divf %mn, %6 : !t
  %8 = arith.mulf %7, %lr : !t
  %9 = arith.subf %p, %8 : !t
  return %9, %mn, %4, %t1 : !t, !t, !t, tensor<i32>
}

// An optimizer that is not known is none.
// CHECK-LABEL: func.func @adagrad(
// CHECK-SAME: fisher.findings = []
func.func @adagrad(%p: !t, %v: !t, %g: !t) -> (!t, !t) {
  %eps = arith.constant dense<1.0e-8> : !t
  %lr = arith.constant dense<0.001> : !t
  %2 = arith.mulf %g, %g : !t
  %4 = arith.addf %v, %2 : !t
  %5 = math.sqrt %4 : !t
  %6 = arith.addf %5, %eps : !t
  %7 = arith.divf %g, %6 : !t
  %8 = arith.mulf %7, %lr : !t
  %9 = arith.subf %p, %8 : !t
  return %9, %4 : !t, !t
}

// An average of what is no parameter and no gradient.
// CHECK-LABEL: func.func @batch_norm(
// CHECK-SAME: fisher.findings = []
func.func @batch_norm(%rm: !t, %x: !t) -> !t {
  %d = arith.constant dense<0.9> : !t
  %d1 = arith.constant dense<0.1> : !t
  %0 = arith.mulf %rm, %d : !t
  %1 = arith.mulf %x, %d1 : !t
  %2 = arith.addf %0, %1 : !t
  return %2 : !t
}

// CHECK-LABEL: func.func @batch_norm2(
// CHECK-SAME: fisher.findings = []
func.func @batch_norm2(%rm: !t, %x: !t) -> !t {
  %d1 = arith.constant dense<0.1> : !t
  %0 = arith.subf %rm, %x : !t
  %1 = arith.mulf %0, %d1 : !t
  %2 = arith.subf %rm, %1 : !t
  return %2 : !t
}

// A rate that is computed is where it is computed.
// CHECK-LABEL: func.func @scheduled(
// CHECK-SAME: #fisher.finding<sgd on ["arg0"] {learning_rate = #[[RATE:.*]]} at [#loc{{[0-9]*}}]>, #fisher.finding<l2_gradient on ["arg0"] {strength = 5.000000e-01 : f64} at
func.func @scheduled(%p: !t, %g: !t, %n: f32) -> !t {
  %c = arith.constant 0.01 : f32
  %w = arith.constant dense<0.5> : !t
  %one = arith.constant 1.0 : f32
  %0 = math.cos %n : f32
  %1 = arith.addf %0, %one : f32
  %2 = arith.mulf %1, %c : f32
  %k = tensor.splat %2 : !t
  %d = arith.mulf %p, %w : !t
  %gd = arith.addf %g, %d : !t
  %3 = arith.mulf %gd, %k : !t
  %4 = arith.subf %p, %3 : !t
  return %4 : !t
}

// What clips a gradient is no part of the strength.
// CHECK-LABEL: func.func @clipped(
// CHECK-SAME: #fisher.finding<sgd on ["arg0"] {learning_rate = 1.000000e-01 : f64} at [#loc{{[0-9]*}}]>, #fisher.finding<l2_gradient on ["arg0"] {strength = 1.000000e-02 : f64} at
func.func @clipped(%p: !t, %g: !t) -> !t {
  %z = arith.constant dense<0.0> : tensor<f32>
  %one = arith.constant 1.0 : f32
  %lr = arith.constant dense<0.1> : !t
  %l2 = arith.constant dense<0.01> : !t
  %d = arith.mulf %p, %l2 : !t
  %sq = arith.mulf %g, %g : !t
  %n2 = linalg.reduce {arith.addf} ins(%sq : !t) outs(%z : tensor<f32>) dimensions = [0, 1]
  %n = tensor.extract %n2[] : tensor<f32>
  %i = math.rsqrt %n : f32
  %s = arith.minimumf %i, %one : f32
  %k = tensor.splat %s : !t
  %gc = arith.mulf %g, %k : !t
  %gd = arith.addf %gc, %d : !t
  %0 = arith.mulf %gd, %lr : !t
  %1 = arith.subf %p, %0 : !t
  return %1 : !t
}

// The decay is an argument, and 1 - decay is computed.
// CHECK-LABEL: func.func @average_by_value(
// CHECK-SAME: #fisher.finding<moving_average on ["arg0"] {average_in = ["arg2"], decay = "arg3", of = "parameter"} at [#loc{{[0-9]*}}]>
func.func @average_by_value(%p: !t, %g: !t, %e: !t, %decay: f32) -> (!t, !t) {
  %lr = arith.constant dense<0.1> : !t
  %one = arith.constant 1.0 : f32
  %o = arith.subf %one, %decay : f32
  %a = tensor.splat %decay : !t
  %b = tensor.splat %o : !t
  %0 = arith.mulf %g, %lr : !t
  %1 = arith.subf %p, %0 : !t
  %2 = arith.mulf %e, %a : !t
  %3 = arith.mulf %1, %b : !t
  %4 = arith.addf %2, %3 : !t
  return %1, %4 : !t, !t
}

// Any sizes, any element type, loops that read the old value where they write the
// new one.
// CHECK-LABEL: func.func @in_place(
// CHECK-SAME: #fisher.finding<sgd on ["arg0"] {learning_rate = "arg2"} at [#loc{{[0-9]*}}]>, #fisher.finding<l2_gradient on ["arg0"] {strength = 1.000000e-02 : f64} at
func.func @in_place(%p: tensor<?x3xbf16>, %g: tensor<?x3xbf16>, %lr: f32) -> tensor<?x3xbf16> {
  %l2 = arith.constant 0.01 : f32
  %0 = linalg.generic {
      indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>],
      iterator_types = ["parallel", "parallel"]}
      ins(%g : tensor<?x3xbf16>) outs(%p : tensor<?x3xbf16>) {
  ^bb0(%in: bf16, %out: bf16):
    %1 = arith.extf %out : bf16 to f32
    %2 = arith.extf %in : bf16 to f32
    %3 = arith.mulf %1, %l2 : f32
    %4 = arith.addf %3, %2 : f32
    %5 = arith.mulf %4, %lr : f32
    %6 = arith.subf %1, %5 : f32
    %7 = arith.truncf %6 : f32 to bf16
    linalg.yield %7 : bf16
  } -> tensor<?x3xbf16>
  return %0 : tensor<?x3xbf16>
}
