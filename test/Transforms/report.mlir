// RUN: fisher-opt %s --fisher-report=output=%t.md -o %t.mlir 2>&1 | FileCheck %s
// RUN: FileCheck %s --check-prefix=TABLE --input-file=%t.md
// RUN: fisher-opt %s -o %t.same.mlir
// RUN: diff %t.same.mlir %t.mlir
// RUN: fisher-opt %s --fisher-recognize --fisher-report=output=%t.known.md -o /dev/null
// RUN: diff %t.md %t.known.md
// RUN: fisher-opt %s --fisher-report -o /dev/null 2>&1 | FileCheck %s --check-prefix=STDERR
// RUN: not fisher-opt %s --fisher-report=output=%t.none/table.md 2>&1 | FileCheck %s --check-prefix=ERROR

// What is found is judged, by remarks at the operations that make it and in a
// table. The module stays as it is.

// STDERR: | found | on | with | it is | not when |
// ERROR: error: {{.*}}table.md

!t = tensor<4x3xf32>

// TABLE-LABEL: @coupled
// TABLE: | sgd | w | learning rate 0.1 | - | - |
// TABLE-NEXT: | l2_gradient | w | strength 0.01 | to second order the squared distance of Gaussians of fixed sigma to mean 0, with sigma^2 = 2 weight / strength: 200 at weight 1, for any number of examples | the spread is learnt, or another chart stores the mean |
func.func @coupled(%w: !t {fisher.name = "w"}, %g: !t) -> (!t {fisher.updates = "w"}) {
  %rate = arith.constant dense<0.1> : !t
  %strength = arith.constant dense<0.01> : !t
  // CHECK: report.mlir:[[#@LINE+1]]:8: remark: found l2_gradient on w: strength 0.01; it is to second order the squared distance of Gaussians of fixed sigma to mean 0, with sigma^2 = 2 weight / strength: 200 at weight 1, for any number of examples; not when the spread is learnt, or another chart stores the mean
  %0 = arith.mulf %w, %strength : !t
  %1 = arith.addf %g, %0 : !t
  %2 = arith.mulf %1, %rate : !t
  %3 = arith.subf %w, %2 : !t
  return %3 : !t
}

// The strength is an argument.
// TABLE-LABEL: @by_value
// TABLE: | l2_gradient | arg0 | strength arg2 | to second order the squared distance of Gaussians of fixed sigma to mean 0, with sigma^2 = 2 weight / strength = 2 weight / arg2, for any number of examples |
func.func @by_value(%w: !t, %g: !t, %strength: f32) -> !t {
  %rate = arith.constant dense<0.1> : !t
  %s = tensor.splat %strength : !t
  %0 = arith.mulf %w, %s : !t
  %1 = arith.addf %g, %0 : !t
  %2 = arith.mulf %1, %rate : !t
  %3 = arith.subf %w, %2 : !t
  return %3 : !t
}

// Adam divides what is added to a gradient.
// TABLE-LABEL: @adaptive
// TABLE: | l2_gradient | w | strength 0.01 | {{.*}} | the spread is learnt, or another chart stores the mean; adamw divides it by the root of the second moment, so it is none here: coupled, it differs from decoupled decay |
// TABLE-NEXT: | weight_decay | w | strength 0.02 | {{.*}}: 100 at weight 1, {{.*}} | {{.*}}; decoupled from the second moment, it is a step of its own, with the learning rate for its size |
func.func @adaptive(%w: !t {fisher.name = "w"}, %m: !t {fisher.name = "m"}, %v: !t {fisher.name = "v"}, %g0: !t)
    -> (!t {fisher.updates = "w"}, !t {fisher.updates = "m"}, !t {fisher.updates = "v"}) {
  %keep = arith.constant dense<0.9> : !t
  %share = arith.constant dense<0.1> : !t
  %epsilon = arith.constant dense<1.0e-8> : !t
  %strength = arith.constant dense<0.01> : !t
  %decay = arith.constant dense<0.02> : !t
  %l = arith.mulf %w, %strength : !t
  %g = arith.addf %g0, %l : !t
  %0 = arith.mulf %m, %keep : !t
  %1 = arith.mulf %g, %share : !t
  %m1 = arith.addf %0, %1 : !t
  %2 = arith.mulf %v, %keep : !t
  %3 = arith.mulf %g, %1 : !t
  %v1 = arith.addf %2, %3 : !t
  %4 = math.sqrt %v1 : !t
  %5 = arith.addf %4, %epsilon : !t
  %6 = arith.divf %m1, %5 : !t
  %d = arith.mulf %decay, %w : !t
  %7 = arith.addf %6, %d : !t
  %8 = arith.mulf %share, %7 : !t
  %w1 = arith.subf %w, %8 : !t
  return %w1, %m1, %v1 : !t, !t, !t
}

// TABLE-LABEL: @average
// TABLE: | moving_average | arg0 | decay 0.99, of parameter | the geodesic moving average with decay 0.99 where what is stored is linear along geodesics: a mean of fixed sigma, a log sigma of fixed mean, a log rate | mean and spread are averaged together, or another chart stores them |
func.func @average(%w: !t, %g: !t, %e: !t) -> (!t, !t) {
  %rate = arith.constant dense<0.1> : !t
  %share = arith.constant dense<0.01> : !t
  %0 = arith.mulf %g, %rate : !t
  %1 = arith.subf %w, %0 : !t
  %2 = arith.subf %1, %e : !t
  %3 = arith.mulf %2, %share : !t
  %4 = arith.addf %e, %3 : !t
  return %1, %4 : !t, !t
}

// TABLE-LABEL: @dropout
// TABLE: | dropout | u | is scaled no, keep 0.75 | multiplicative noise, to second order a Gaussian belief about each value h, of mean keep h and variance h^2 keep (1 - keep) = 0.1875 h^2 | keep is far from 1; it is no distance to a reference, and its size is fixed in the chart |
func.func @dropout(%x: !t, %u: !t {fisher.name = "u", fisher.role = "eps", fisher.distribution = "uniform"}) -> !t {
  %keep = arith.constant dense<0.75> : !t
  %zero = arith.constant dense<0.0> : !t
  %h = math.tanh %x : !t
  %mask = arith.cmpf olt, %u, %keep : !t
  %0 = arith.select %mask, %h, %zero : tensor<4x3xi1>, !t
  return %0 : !t
}

// TABLE-LABEL: @kl
// TABLE: | kl_to_prior | mu, rho | chart log_sigma, prior mean 0, prior sigma 1, weight 0.5 | to second order the squared distance to N(0, 1^2), weight 0.25 (half of KL's) | far from the prior: KL grows with the square of mean and spread, the distance with their logarithm |
func.func @kl(%mu: !t {fisher.name = "mu"}, %rho: !t {fisher.name = "rho"})
    -> (tensor<f32> {fisher.role = "loss"}) {
  %half = arith.constant dense<0.25> : !t
  %double = arith.constant dense<0.5> : !t
  %zero = arith.constant dense<0.0> : tensor<f32>
  %sigma = math.exp %rho : !t
  %0 = arith.mulf %mu, %mu : !t
  %1 = arith.mulf %sigma, %sigma : !t
  %2 = arith.addf %0, %1 : !t
  %3 = arith.mulf %2, %half : !t
  %4 = arith.mulf %rho, %double : !t
  %5 = arith.subf %3, %4 : !t
  %6 = linalg.reduce {arith.addf} ins(%5 : !t) outs(%zero : tensor<f32>) dimensions = [0, 1]
  return %6 : tensor<f32>
}

// TABLE-LABEL: @entropy
// TABLE: | entropy_bonus | - | weight 1 | to second order the squared distance of categorical beliefs to the uniform one, weight 0.5, and a constant | far from uniform: the entropy's pull ends where an outcome has no probability, the distance's grows |
func.func @entropy(%x: !t) -> tensor<f32> {
  %rows = arith.constant dense<0.0> : tensor<4xf32>
  %all = arith.constant dense<0.0> : !t
  %zero = arith.constant dense<0.0> : tensor<f32>
  %0 = math.exp %x : !t
  %1 = linalg.reduce {arith.addf} ins(%0 : !t) outs(%rows : tensor<4xf32>) dimensions = [1]
  %2 = linalg.broadcast ins(%1 : tensor<4xf32>) outs(%all : !t) dimensions = [1]
  %3 = arith.divf %0, %2 : !t
  %4 = math.log %3 : !t
  %5 = arith.mulf %3, %4 : !t
  // CHECK: report.mlir:[[#@LINE+1]]:8: remark: found entropy_bonus: weight 1; it is
  %6 = linalg.reduce {arith.addf} ins(%5 : !t) outs(%zero : tensor<f32>) dimensions = [0, 1]
  return %6 : tensor<f32>
}

// Parts of an entropy with weights of their own, 1 and 2, are none.
// TABLE-NOT: @no_entropy
// CHECK-NOT: remark: found entropy_bonus
func.func @no_entropy(%x: !t) -> tensor<f32> {
  %rows = arith.constant dense<0.0> : tensor<4xf32>
  %all = arith.constant dense<0.0> : !t
  %zero = arith.constant dense<0.0> : tensor<f32>
  %two = arith.constant dense<2.0> : tensor<f32>
  %0 = math.exp %x : !t
  %1 = linalg.reduce {arith.addf} ins(%0 : !t) outs(%rows : tensor<4xf32>) dimensions = [1]
  %2 = linalg.broadcast ins(%1 : tensor<4xf32>) outs(%all : !t) dimensions = [1]
  %3 = arith.divf %0, %2 : !t
  %4 = arith.mulf %3, %x : !t
  %5 = linalg.reduce {arith.addf} ins(%4 : !t) outs(%zero : tensor<f32>) dimensions = [0, 1]
  %6 = math.log %1 : tensor<4xf32>
  %7 = linalg.reduce {arith.addf} ins(%6 : tensor<4xf32>) outs(%zero : tensor<f32>) dimensions = [0]
  %8 = arith.mulf %two, %7 : tensor<f32>
  %9 = arith.subf %5, %8 : tensor<f32>
  return %9 : tensor<f32>
}
