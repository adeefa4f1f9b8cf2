// Optimizers whose gradient cannot be changed, or whose learning rate cannot be
// used: errors are at the parameter and name it.

// RUN: fisher-opt --fisher-insert="entry=main" --split-input-file --verify-diagnostics %s

func.func @main(
    %p: tensor<4xf32> {fisher.name = "p"},  // expected-error {{mode coupled cannot be served: the step returns no gradient of 'p', and no optimizer is recognized in its new value}}
    %x: tensor<4xf32>) -> (tensor<4xf32> {fisher.updates = "p"}) {
  %0 = arith.maximumf %p, %x : tensor<4xf32>
  return %0 : tensor<4xf32>
}
fisher.policy @p {
  // expected-note@+1 {{mark the result that is the gradient with fisher.gradient_of = "p", or use mode loss_only or proximal}}
  fisher.regularize "p" as #fisher.bernoulli<logit> toward #fisher.prior<[0.5]> weight 1.0 mode coupled
}

// -----

func.func @main(
    %p: tensor<4xf32> {fisher.name = "p"},  // expected-error {{mode coupled cannot be served: the step returns no gradient of 'p', and optimizers are recognized only in public functions that have one block}}
    %x: tensor<4xf32>) -> (tensor<4xf32> {fisher.updates = "p"}) {
  %0 = arith.subf %p, %x : tensor<4xf32>
  cf.br ^end
^end:
  return %0 : tensor<4xf32>
}
fisher.policy @p {
  // expected-note@+1 {{mark the result that is the gradient}}
  fisher.regularize "p" as #fisher.bernoulli<logit> toward #fisher.prior<[0.5]> weight 1.0 mode coupled
}

// -----

// x * y is no value, and Adam is not linear in it.
func.func @main(
    %p: tensor<4xf32> {fisher.name = "p"},  // expected-error {{mode coupled cannot be served: adam updates 'p', but no value of the step is the gradient that it is given}}
    %m: tensor<4xf32>, %v: tensor<4xf32>, %x: tensor<4xf32>, %y: tensor<4xf32>)
    -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %beta = arith.constant dense<0.875> : tensor<4xf32>
  %share = arith.constant dense<0.125> : tensor<4xf32>
  %epsilon = arith.constant dense<1.0e-8> : tensor<4xf32>
  %rate = arith.constant dense<1.0e-3> : tensor<4xf32>
  %0 = arith.mulf %share, %x : tensor<4xf32>
  %1 = arith.mulf %0, %y : tensor<4xf32>
  %2 = arith.mulf %beta, %m : tensor<4xf32>
  %first = arith.addf %2, %1 : tensor<4xf32>
  %3 = arith.mulf %x, %x : tensor<4xf32>
  %4 = arith.mulf %y, %y : tensor<4xf32>
  %5 = arith.mulf %3, %4 : tensor<4xf32>
  %6 = arith.mulf %share, %5 : tensor<4xf32>
  %7 = arith.mulf %beta, %v : tensor<4xf32>
  %second = arith.addf %7, %6 : tensor<4xf32>
  %8 = math.sqrt %second : tensor<4xf32>
  %9 = arith.addf %8, %epsilon : tensor<4xf32>
  %10 = arith.divf %first, %9 : tensor<4xf32>
  %11 = arith.mulf %rate, %10 : tensor<4xf32>
  %12 = arith.subf %p, %11 : tensor<4xf32>
  return %12, %first, %second : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}
fisher.policy @p {
  // expected-note@+1 {{mark the result that is the gradient}}
  fisher.regularize "p" as #fisher.bernoulli<logit> toward #fisher.prior<[0.5]> weight 1.0 mode coupled
}

// -----

// The first moment reads x * y, the second one does not.
func.func @main(
    %p: tensor<4xf32> {fisher.name = "p"},  // expected-error {{the gradient of 'p' that adam is given cannot be changed: not all that it computes of it reads one value}}
    %m: tensor<4xf32>, %v: tensor<4xf32>, %x: tensor<4xf32>, %y: tensor<4xf32>)
    -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %beta = arith.constant dense<0.875> : tensor<4xf32>
  %share = arith.constant dense<0.125> : tensor<4xf32>
  %epsilon = arith.constant dense<1.0e-8> : tensor<4xf32>
  %rate = arith.constant dense<1.0e-3> : tensor<4xf32>
  %0 = arith.mulf %x, %y : tensor<4xf32>
  %1 = arith.mulf %share, %0 : tensor<4xf32>
  %2 = arith.mulf %beta, %m : tensor<4xf32>
  %first = arith.addf %2, %1 : tensor<4xf32>
  %3 = arith.mulf %x, %x : tensor<4xf32>
  %4 = arith.mulf %y, %y : tensor<4xf32>
  %5 = arith.mulf %3, %4 : tensor<4xf32>
  %6 = arith.mulf %share, %5 : tensor<4xf32>
  %7 = arith.mulf %beta, %v : tensor<4xf32>
  %second = arith.addf %7, %6 : tensor<4xf32>
  %8 = math.sqrt %second : tensor<4xf32>
  %9 = arith.addf %8, %epsilon : tensor<4xf32>
  %10 = arith.divf %first, %9 : tensor<4xf32>
  %11 = arith.mulf %rate, %10 : tensor<4xf32>
  %12 = arith.subf %p, %11 : tensor<4xf32>
  return %12, %first, %second : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}
fisher.policy @p {
  // expected-note@+1 {{mark the result that is the gradient}}
  fisher.regularize "p" as #fisher.bernoulli<logit> toward #fisher.prior<[0.5]> weight 1.0 mode coupled
}

// -----

// Coupled, this could be served, but the natural gradient needs the gradient.
func.func @main(
    %p: tensor<4xf32> {fisher.name = "p"},  // expected-error {{mode natural cannot be served: sgd updates 'p', but no value of the step is the gradient that it is given}}
    %x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {
  %rate = arith.constant dense<0.1> : tensor<4xf32>
  %0 = arith.mulf %rate, %x : tensor<4xf32>
  %1 = arith.mulf %0, %y : tensor<4xf32>
  %2 = arith.subf %p, %1 : tensor<4xf32>
  return %2 : tensor<4xf32>
}
fisher.policy @p {
  // expected-note@+1 {{mark the result that is the gradient}}
  fisher.regularize "p" as #fisher.bernoulli<logit> toward #fisher.prior<[0.5]> weight 1.0 mode natural
}

// -----

// expected-note@+1 {{give the entry 'step_size' after its weight, or the pass the option step-size}}
func.func @main(%p: tensor<4xf32> {fisher.name = "p"}, %x: tensor<4xf32>) -> (tensor<4xf32> {fisher.updates = "p"}) {
  %0 = arith.maximumf %p, %x : tensor<4xf32>
  return %0 : tensor<4xf32>
}
fisher.policy @p {
  // expected-error@+1 {{mode proximal cannot be served: the step size is not known, and no learning rate is recognized for 'p'}}
  fisher.regularize "p" as #fisher.bernoulli<logit> toward #fisher.prior<[0.5]> weight 1.0 mode proximal
}

// -----

// expected-note@+1 {{give the entry 'step_size' after its weight, or the pass the option step-size}}
func.func @main(%m: tensor<4xf32> {fisher.name = "m"}, %s: tensor<4xf32> {fisher.name = "s"}, %x: tensor<4xf32>)
    -> (tensor<4xf32>, tensor<4xf32>) {
  %rate = arith.constant dense<0.1> : tensor<4xf32>
  %other = arith.constant dense<0.2> : tensor<4xf32>
  %g = math.exp %x : tensor<4xf32>
  %h = math.sin %x : tensor<4xf32>
  %0 = arith.mulf %rate, %g : tensor<4xf32>
  %1 = arith.mulf %other, %h : tensor<4xf32>
  %2 = arith.subf %m, %0 : tensor<4xf32>
  %3 = arith.subf %s, %1 : tensor<4xf32>
  return %2, %3 : tensor<4xf32>, tensor<4xf32>
}
fisher.policy @p {
  // expected-error@+1 {{mode proximal cannot be served: the step size is not known, and the learning rates that are recognized for 'm' and 's' differ}}
  fisher.regularize "m", "s" as #fisher.gaussian<log_sigma> toward #fisher.prior<[0.0, 1.0]> weight 1.0 mode proximal
}

// -----

// √a is computed in the loop and is no value that could be read outside.
#each = affine_map<(i) -> (i)>
#all = affine_map<(i) -> ()>
// expected-note@+1 {{give the entry 'step_size' after its weight, or the pass the option step-size}}
func.func @main(%p: tensor<4xf32> {fisher.name = "p"}, %x: tensor<4xf32>, %a: tensor<f32>) -> tensor<4xf32> {
  %e = tensor.empty() : tensor<4xf32>
  %g = math.exp %x : tensor<4xf32>
  %0 = linalg.generic {indexing_maps = [#all, #each, #each], iterator_types = ["parallel"]}
      ins(%a, %g : tensor<f32>, tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%ia: f32, %ig: f32, %out: f32):
    %1 = math.sqrt %ia : f32
    %2 = arith.mulf %1, %ig : f32
    linalg.yield %2 : f32
  } -> tensor<4xf32>
  %1 = arith.subf %p, %0 : tensor<4xf32>
  return %1 : tensor<4xf32>
}
fisher.policy @p {
  // expected-error@+1 {{mode proximal cannot be served: the step size is not known, and the learning rate that is recognized for 'p' is no scalar that the step has}}
  fisher.regularize "p" as #fisher.bernoulli<logit> toward #fisher.prior<[0.5]> weight 3.0 mode proximal
}

// -----

// A step that calls itself has no end. The gradient of `q` is no value here, so
// calls are inlined, but not this one.
func.func @main(
    %p: tensor<4xf32> {fisher.name = "p"},  // expected-error {{mode coupled cannot be served: the step returns no gradient of 'p', and no optimizer is recognized in its new value}}
    %q: tensor<4xf32> {fisher.name = "q"}, %x: tensor<4xf32>, %y: tensor<4xf32>)
    -> (tensor<4xf32> {fisher.updates = "p"}, tensor<4xf32> {fisher.updates = "q"}) {
  %rate = arith.constant dense<0.1> : tensor<4xf32>
  %0 = arith.mulf %rate, %x : tensor<4xf32>
  %1 = arith.mulf %0, %y : tensor<4xf32>
  %2 = arith.subf %q, %1 : tensor<4xf32>
  %3:2 = call @main(%p, %q, %x, %y)
      : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>)
  return %3#0, %2 : tensor<4xf32>, tensor<4xf32>
}
fisher.policy @p {
  // expected-note@+1 {{mark the result that is the gradient}}
  fisher.regularize "p" as #fisher.bernoulli<logit> toward #fisher.prior<[0.5]> weight 1.0 mode coupled
}

// -----

// Of a step that returns both, the gradient is changed, and no one is left to
// believe that the new value is.
func.func @main(
    %p: tensor<4xf32> {fisher.name = "p"},  // expected-note {{remove the mark fisher.gradient_of = "p" of result 1 to change what its optimizer is given}}
    %x: tensor<4xf32>)
    -> (tensor<4xf32> {fisher.updates = "p"}, tensor<4xf32> {fisher.gradient_of = "p"}) {
  %rate = arith.constant dense<0.1> : tensor<4xf32>
  %0 = arith.mulf %rate, %x : tensor<4xf32>
  %1 = arith.subf %p, %0 : tensor<4xf32>
  return %1, %x : tensor<4xf32>, tensor<4xf32>
}
fisher.policy @p {
  // expected-warning@+2 {{the step returns the gradient of 'p' and its new value; only the gradient is regularized}}
  // expected-remark@+1 {{regularized 'p'}}
  fisher.regularize "p" as #fisher.bernoulli<logit> toward #fisher.prior<[0.5]> weight 1.0 mode coupled
}
