// What fisher-insert refuses: each error is at the policy's entry, with a note
// at the function, and leaves no output.

// RUN: fisher-opt --fisher-insert --allow-unregistered-dialect --split-input-file --verify-diagnostics %s | FileCheck %s --check-prefix=OUTPUT --allow-empty
// Every part fails, and so is not printed.
// OUTPUT-NOT: {{^[^/]}}

// expected-note@+1 {{mark the step's arguments and results, for example '%arg0: tensor<4xf32> {fisher.name = "fc0.mu", fisher.role = "param"}' and '(tensor<f32> {fisher.role = "loss"}, tensor<4xf32> {fisher.gradient_of = "fc0.mu"})'}}
func.func @main(%mu: tensor<4xf32>, %rho: tensor<4xf32>) -> tensor<4xf32> {
  return %mu : tensor<4xf32>
}
fisher.policy @p {
  // expected-error@+1 {{cannot find parameters: no argument of the step has a name}}
  fisher.regularize "mu", "rho" as #fisher.gaussian<softplus> toward #fisher.frozen weight 1.0 mode coupled
}

// -----

// expected-note@+1 {{mark the step's arguments}}
func.func @main() {
  return
}
fisher.policy @p {
  // expected-error@+1 {{cannot find parameters: no argument of the step has a name}}
  fisher.regularize "mu", "rho" as #fisher.gaussian<softplus> toward #fisher.frozen weight 1.0 mode coupled
}

// -----

// expected-note@+1 {{the step's parameters are 'fc.mu', 'fc.rho'}}
func.func @main(%mu: tensor<4xf32> {fisher.name = "fc.mu"}, %rho: tensor<4xf32> {fisher.name = "fc.rho", fisher.role = "param"},
                %x: tensor<4xf32> {fisher.name = "x.mu", fisher.role = "batch"}) {
  return
}
fisher.policy @p {
  // expected-error@+1 {{'x.mu' matches no parameter of the step}}
  fisher.regularize "x.mu", "fc.rho" as #fisher.gaussian<softplus> toward #fisher.frozen weight 1.0 mode coupled
}

// -----

// expected-note@+1 {{the step has no argument with fisher.role = "param"}}
func.func @main(%x: tensor<4xf32> {fisher.name = "x", fisher.role = "batch"}) {
  return
}
fisher.policy @p {
  // expected-error@+1 {{'(*).mu' matches no parameter of the step}}
  fisher.regularize "(*).mu", "(*).rho" as #fisher.gaussian<softplus> toward #fisher.frozen weight 1.0 mode coupled
}

// -----

// A long list of names is cut.
// expected-note@+1 {{the step's parameters are 'p0', 'p1', 'p2', 'p3', 'p4', 'p5', 'p6', 'p7', 'p8', 'p9', ...}}
func.func @main(
    %p0: f32 {fisher.name = "p0"}, %p1: f32 {fisher.name = "p1"}, %p2: f32 {fisher.name = "p2"},
    %p3: f32 {fisher.name = "p3"}, %p4: f32 {fisher.name = "p4"}, %p5: f32 {fisher.name = "p5"},
    %p6: f32 {fisher.name = "p6"}, %p7: f32 {fisher.name = "p7"}, %p8: f32 {fisher.name = "p8"},
    %p9: f32 {fisher.name = "p9"}, %pa: f32 {fisher.name = "pa"}) {
  return
}
fisher.policy @p {
  // expected-error@+1 {{'q' matches no parameter of the step}}
  fisher.regularize "q", "p0" as #fisher.gaussian<softplus> toward #fisher.frozen weight 1.0 mode coupled
}

// -----

// expected-note@+1 {{the step's parameters are 'a.mu', 'b.mu', 'a.rho'}}
func.func @main(%amu: tensor<4xf32> {fisher.name = "a.mu"}, %bmu: tensor<4xf32> {fisher.name = "b.mu"},
                %arho: tensor<4xf32> {fisher.name = "a.rho"}) {
  return
}
fisher.policy @p {
  // expected-error@+1 {{'b.mu' matches '(*).mu' as the mean of a belief, but no parameter matches '(*).rho' as its scale with the same captured text}}
  fisher.regularize "(*).mu", "(*).rho" as #fisher.gaussian<softplus> toward #fisher.frozen weight 1.0 mode coupled
}

// -----

// expected-note@+1 {{the step's parameters are 'a.mu', 'a.rho', 'b.rho'}}
func.func @main(%amu: tensor<4xf32> {fisher.name = "a.mu"}, %arho: tensor<4xf32> {fisher.name = "a.rho"},
                %brho: tensor<4xf32> {fisher.name = "b.rho"}) {
  return
}
fisher.policy @p {
  // expected-error@+1 {{'b.rho' matches '*.rho' as the scale of a belief, but no parameter matches '*.mu' as its mean with the same captured text}}
  fisher.regularize "*.mu", "*.rho" as #fisher.gaussian<softplus> toward #fisher.prior<[0, 1]> weight 1.0 mode coupled
}

// -----

// expected-note@+1 {{in this function}}
func.func @main(%a: tensor<4xf32> {fisher.name = "a.mu"}, %b: tensor<4xf32> {fisher.name = "b.mu"},
                %c: tensor<4xf32> {fisher.name = "net.rho"}) {
  return
}
fisher.policy @p {
  // expected-error@+1 {{'?.mu()' matches both 'a.mu' and 'b.mu' with the same captured text; capture what tells them apart in parentheses}}
  fisher.regularize "?.mu()", "net.rho()" as #fisher.gaussian<softplus> toward #fisher.prior<[0, 1]> weight 1.0 mode loss_only
}

// -----

// expected-note@+1 {{in this function}}
func.func @main(%a: tensor<4xf32> {fisher.name = "a.mu.0"}, %b: tensor<4xf32> {fisher.name = "a.rho.0"},
                %c: tensor<4xf32> {fisher.name = "a.rho.1"}) {
  return
}
fisher.policy @p {
  // expected-error@+1 {{'(?).rho.*' matches both 'a.rho.0' and 'a.rho.1' with the same captured text; capture what tells them apart in parentheses}}
  fisher.regularize "(?).mu.*", "(?).rho.*" as #fisher.gaussian<softplus> toward #fisher.prior<[0, 1]> weight 1.0 mode loss_only
}

// -----

// expected-note@+1 {{in this function}}
func.func @main(%mu: tensor<4xf32> {fisher.name = "mu"}, %rho: tensor<4xf32> {fisher.name = "rho"}, %l: tensor<f32>)
    -> (tensor<f32> {fisher.role = "loss"}) {
  return %l : tensor<f32>
}
fisher.policy @p {
  // expected-note@+1 {{it is matched here, too}}
  fisher.regularize "mu", "rho" as #fisher.gaussian<softplus> toward #fisher.frozen weight 1.0 mode loss_only
  // expected-error@+1 {{'mu' is matched twice; a parameter can be regularized once}}
  fisher.regularize "mu()", "rho()" as #fisher.gaussian<softplus> toward #fisher.frozen weight 1.0 mode loss_only
}

// -----

// One argument as both components.
// expected-note@+1 {{in this function}}
func.func @main(%mu: tensor<4xf32> {fisher.name = "mu"}, %l: tensor<f32>) -> (tensor<f32> {fisher.role = "loss"}) {
  return %l : tensor<f32>
}
fisher.policy @p {
  // expected-note@+2 {{it is matched here, too}}
  // expected-error@+1 {{'mu' is matched twice; a parameter can be regularized once}}
  fisher.regularize "mu", "mu" as #fisher.gaussian<softplus> toward #fisher.frozen weight 1.0 mode loss_only
}

// -----

func.func @main(  // expected-note {{counted from the last dimension, one of the two must have size 1 or no dimension wherever they differ}}
    %mu: tensor<4xf32> {fisher.name = "mu"},
    %rho: tensor<5xf32> {fisher.name = "rho"}) {  // expected-note {{their types are 'tensor<4xf32>' and 'tensor<5xf32>'}}
  return
}
fisher.policy @p {
  // expected-error@+1 {{the components of a belief must have one shape, or shapes that can be broadcast to it, but 'mu' (mean) and 'rho' (scale) differ}}
  fisher.regularize "mu", "rho" as #fisher.gaussian<softplus> toward #fisher.frozen weight 1.0 mode coupled
}

// -----

func.func @main(  // expected-note {{in this function}}
    %mu: tensor<4xf32> {fisher.name = "mu"},
    %rho: tensor<4xf64> {fisher.name = "rho"}) {  // expected-note {{their types are 'tensor<4xf32>' and 'tensor<4xf64>'}}
  return
}
fisher.policy @p {
  // expected-error@+1 {{the components of a belief must have one element type, but 'mu' (mean) and 'rho' (scale) differ}}
  fisher.regularize "mu", "rho" as #fisher.gaussian<softplus> toward #fisher.frozen weight 1.0 mode coupled
}

// -----

// expected-note@+1 {{in this function}}
func.func @main(%mu: tensor<4xi32> {fisher.name = "mu"}, %rho: tensor<4xi32> {fisher.name = "rho"}) {
  return
}
fisher.policy @p {
  // expected-error@+1 {{'mu' cannot be a component of a belief: a belief's elements must be f64, f32, bf16 or f16, got 'i32'}}
  fisher.regularize "mu", "rho" as #fisher.gaussian<softplus> toward #fisher.frozen weight 1.0 mode coupled
}

// -----

// expected-note@+1 {{in this function}}
func.func @main(%mu: tensor<4xindex> {fisher.name = "mu"}, %rho: tensor<4xindex> {fisher.name = "rho"}) {
  return
}
fisher.policy @p {
  // expected-error@+1 {{'mu' cannot be a component of a belief: a belief's elements must be f64, f32, bf16 or f16, got 'index'}}
  fisher.regularize "mu", "rho" as #fisher.gaussian<softplus> toward #fisher.frozen weight 1.0 mode coupled
}

// -----

func.func @main(  // expected-note {{in this function}}
    %mu: f32 {fisher.name = "mu"},  // expected-note {{its type is 'f32'}}
    %rho: f32 {fisher.name = "rho"}) {
  return
}
fisher.policy @p {
  // expected-error@+1 {{'mu' cannot be a component of a belief: it must be a ranked tensor}}
  fisher.regularize "mu", "rho" as #fisher.gaussian<softplus> toward #fisher.frozen weight 1.0 mode coupled
}

// -----

func.func @main(  // expected-note {{in this function}}
    %mu: tensor<*xf32> {fisher.name = "mu"},  // expected-note {{its type is 'tensor<*xf32>'}}
    %rho: tensor<*xf32> {fisher.name = "rho"}) {
  return
}
fisher.policy @p {
  // expected-error@+1 {{'mu' cannot be a component of a belief: it must be a ranked tensor}}
  fisher.regularize "mu", "rho" as #fisher.gaussian<softplus> toward #fisher.frozen weight 1.0 mode coupled
}

// -----

// A prior that the element type rounds out of the domain.
// expected-note@+1 {{in this function}}
func.func @main(%mu: tensor<?xf32> {fisher.name = "mu"}, %rho: tensor<?xf32> {fisher.name = "rho"}) {
  return
}
fisher.policy @p {
  // expected-error-re@+1 {{the prior's scale is stored as {{.*}}, which is 0.000000e+00 in 'f32'; needs variance > 0}}
  fisher.regularize "mu", "rho" as #fisher.gaussian<variance> toward #fisher.prior<[0.0, 1.0e-30]> weight 1.0 mode coupled
}

// -----

// expected-note@+1 {{in this function}}
func.func @main(%mu: tensor<4xf16> {fisher.name = "mu"}, %rho: tensor<4xf16> {fisher.name = "rho"}) {
  return
}
fisher.policy @p {
  // expected-error@+1 {{the prior's mean is stored as 1.000000e+05, which is INF in 'f16'; needs a finite number}}
  fisher.regularize "mu", "rho" as #fisher.gaussian<sigma> toward #fisher.prior<[1.0e5, 1.0]> weight 1.0 mode coupled
}

// -----

//===----------------------------------------------------------------------===//
// References
//===----------------------------------------------------------------------===//

// expected-note@+1 {{give the argument that holds it fisher.name = "mu.ref"}}
func.func @main(%mu: tensor<4xf32> {fisher.name = "mu"}, %rho: tensor<4xf32> {fisher.name = "rho"}) {
  return
}
fisher.policy @p {
  // expected-error@+1 {{the reference 'mu.ref' of 'mu' is no argument of the step}}
  fisher.regularize "mu", "rho" as #fisher.gaussian<sigma> toward #fisher.argument<"mu.ref", "rho.ref"> weight 1.0 mode coupled
}

// -----

// expected-note@+1 {{in this function}}
func.func @main(%mu: tensor<4xf32> {fisher.name = "a.mu"}, %rho: tensor<4xf32> {fisher.name = "a.rho"}) {
  return
}
fisher.policy @p {
  // expected-error@+1 {{the reference '{1}.mu' asks for more text than the globs capture (1)}}
  fisher.regularize "*.mu", "*.rho" as #fisher.gaussian<sigma> toward #fisher.argument<"{1}.mu", "{1}.rho"> weight 1.0 mode coupled
}

// -----

func.func @main(  // expected-note {{in this function}}
    %mu: tensor<4xf32> {fisher.name = "mu"}, %rho: tensor<4xf32> {fisher.name = "rho"},
    %ref: tensor<5xf32> {fisher.name = "ref"}) {  // expected-note {{the types are 'tensor<5xf32>' and 'tensor<4xf32>'}}
  return
}
fisher.policy @p {
  // expected-error@+1 {{the reference 'ref' must have the type of 'mu'}}
  fisher.regularize "mu", "rho" as #fisher.gaussian<sigma> toward #fisher.argument<"ref", "ref"> weight 1.0 mode coupled
}

// -----

// expected-note@+1 {{give that argument another name}}
func.func @main(%mu: tensor<4xf32> {fisher.name = "mu"}, %rho: tensor<4xf32> {fisher.name = "rho"}, %l: tensor<f32>,
                %smu: tensor<4xf32> {fisher.name = "mu.frozen", fisher.role = "state", fisher.initialize = "mu"})
    -> (tensor<f32> {fisher.role = "loss"}) {
  return %l : tensor<f32>
}
fisher.policy @p {
  // expected-error@+1 {{the reference of 'mu' needs a new argument 'mu.frozen', but the step has one already}}
  fisher.regularize "mu", "rho" as #fisher.gaussian<sigma> toward #fisher.frozen weight 1.0 mode loss_only
}

// -----

// What a policy regularized before.
// expected-note@+1 {{a policy has been inserted into this function before}}
func.func @main(%mu: tensor<4xf32> {fisher.name = "mu"}, %rho: tensor<4xf32> {fisher.name = "rho"}, %l: tensor<f32>)
    -> (tensor<f32> {fisher.role = "loss"}) attributes {fisher.regularized = [["rho"]]} {
  return %l : tensor<f32>
}
fisher.policy @p {
  // expected-error@+1 {{'rho' is regularized already; a parameter can be regularized once}}
  fisher.regularize "mu", "rho" as #fisher.gaussian<sigma> toward #fisher.prior<[0, 1]> weight 1.0 mode loss_only
}

// -----

//===----------------------------------------------------------------------===//
// Weights and step sizes
//===----------------------------------------------------------------------===//

// expected-note@+1 {{give the argument that holds it fisher.name = "beta"}}
func.func @main(%mu: tensor<4xf32> {fisher.name = "mu"}, %rho: tensor<4xf32> {fisher.name = "rho"}) {
  return
}
fisher.policy @p {
  // expected-error@+1 {{the weight 'beta' is no argument of the step}}
  fisher.regularize "mu", "rho" as #fisher.gaussian<sigma> toward #fisher.frozen weight "beta" mode coupled
}

// -----

func.func @main(  // expected-note {{in this function}}
    %mu: tensor<4xf32> {fisher.name = "mu"}, %rho: tensor<4xf32> {fisher.name = "rho"},
    %beta: i32 {fisher.name = "beta"}) {  // expected-note {{its type is 'i32'}}
  return
}
fisher.policy @p {
  // expected-error@+1 {{the weight 'beta' must be a float or a float tensor of rank zero}}
  fisher.regularize "mu", "rho" as #fisher.gaussian<sigma> toward #fisher.frozen weight "beta" mode coupled
}

// -----

func.func @main(  // expected-note {{in this function}}
    %mu: tensor<4xf32> {fisher.name = "mu"}, %rho: tensor<4xf32> {fisher.name = "rho"},
    %beta: tensor<i64> {fisher.name = "beta"}) {  // expected-note {{its type is 'tensor<i64>'}}
  return
}
fisher.policy @p {
  // expected-error@+1 {{the weight 'beta' must be a float or a float tensor of rank zero}}
  fisher.regularize "mu", "rho" as #fisher.gaussian<sigma> toward #fisher.frozen weight "beta" mode coupled
}

// -----

func.func @main(  // expected-note {{in this function}}
    %mu: tensor<4xf32> {fisher.name = "mu"}, %rho: tensor<4xf32> {fisher.name = "rho"},
    %beta: tensor<1xf32> {fisher.name = "beta"}) {  // expected-note {{its type is 'tensor<1xf32>'}}
  return
}
fisher.policy @p {
  // expected-error@+1 {{the weight 'beta' must be a float or a float tensor of rank zero}}
  fisher.regularize "mu", "rho" as #fisher.gaussian<sigma> toward #fisher.frozen weight "beta" mode coupled
}

// -----

func.func @main(  // expected-note {{in this function}}
    %mu: tensor<4xf32> {fisher.name = "mu"}, %rho: tensor<4xf32> {fisher.name = "rho"},
    %beta: tensor<*xf32> {fisher.name = "beta"}) {  // expected-note {{its type is 'tensor<*xf32>'}}
  return
}
fisher.policy @p {
  // expected-error@+1 {{the weight 'beta' must be a float or a float tensor of rank zero}}
  fisher.regularize "mu", "rho" as #fisher.gaussian<sigma> toward #fisher.frozen weight "beta" mode coupled
}

// -----

func.func @main(  // expected-note {{in this function}}
    %mu: tensor<4xf32> {fisher.name = "mu"}, %rho: tensor<4xf32> {fisher.name = "rho"},
    %beta: vector<1xf32> {fisher.name = "beta"}) {  // expected-note {{its type is 'vector<1xf32>'}}
  return
}
fisher.policy @p {
  // expected-error@+1 {{the weight 'beta' must be a float or a float tensor of rank zero}}
  fisher.regularize "mu", "rho" as #fisher.gaussian<sigma> toward #fisher.frozen weight "beta" mode coupled
}

// -----

// expected-note@+1 {{in this function}}
func.func @main(%mu: tensor<4xf32> {fisher.name = "mu"}, %rho: tensor<4xf32> {fisher.name = "rho"}) {
  return
}
fisher.policy @p {
  // expected-note@+2 {{the type is 'f32'}}
  // expected-error@+1 {{the weight is too large for the type of the penalty}}
  fisher.regularize "mu", "rho" as #fisher.gaussian<sigma> toward #fisher.frozen weight 1.0e300 mode coupled
}

// -----

// expected-note@+1 {{give the argument that holds it fisher.name = "lr"}}
func.func @main(%mu: tensor<4xf32> {fisher.name = "mu"}, %rho: tensor<4xf32> {fisher.name = "rho"})
    -> (tensor<4xf32> {fisher.updates = "mu"}, tensor<4xf32> {fisher.updates = "rho"}) {
  return %mu, %rho : tensor<4xf32>, tensor<4xf32>
}
fisher.policy @p {
  // expected-error@+1 {{the step size 'lr' is no argument of the step}}
  fisher.regularize "mu", "rho" as #fisher.gaussian<sigma> toward #fisher.frozen weight 1.0 step_size "lr" mode proximal
}

// -----

func.func @main(  // expected-note {{in this function}}
    %mu: tensor<4xf32> {fisher.name = "mu"}, %rho: tensor<4xf32> {fisher.name = "rho"},
    %lr: tensor<4xf32> {fisher.name = "lr"})  // expected-note {{its type is 'tensor<4xf32>'}}
    -> (tensor<4xf32> {fisher.updates = "mu"}, tensor<4xf32> {fisher.updates = "rho"}) {
  return %mu, %rho : tensor<4xf32>, tensor<4xf32>
}
fisher.policy @p {
  // expected-error@+1 {{the step size 'lr' must be a float or a float tensor of rank zero}}
  fisher.regularize "mu", "rho" as #fisher.gaussian<sigma> toward #fisher.frozen weight 1.0 step_size "lr" mode proximal
}

// -----

// expected-note@+1 {{give the entry 'step_size' after its weight, or the pass the option step-size}}
func.func @main(%mu: tensor<4xf32> {fisher.name = "mu"}, %rho: tensor<4xf32> {fisher.name = "rho"})
    -> (tensor<4xf32> {fisher.updates = "mu"}, tensor<4xf32> {fisher.updates = "rho"}) {
  return %mu, %rho : tensor<4xf32>, tensor<4xf32>
}
fisher.policy @p {
  // expected-error@+1 {{mode proximal cannot be served: the step size is not known}}
  fisher.regularize "mu", "rho" as #fisher.gaussian<sigma> toward #fisher.frozen weight 1.0 mode proximal
}

// -----

//===----------------------------------------------------------------------===//
// Modes that the marks cannot serve
//===----------------------------------------------------------------------===//

// expected-note@+1 {{mark the result that is the gradient with fisher.gradient_of = "rho", or use mode loss_only or proximal}}
func.func @main(%mu: tensor<4xf32> {fisher.name = "mu"}, %rho: tensor<4xf32> {fisher.name = "rho"})
    -> (tensor<4xf32> {fisher.gradient_of = "mu"}) {
  return %mu : tensor<4xf32>
}
fisher.policy @p {
  // expected-error@+1 {{mode coupled cannot be served: the step returns no gradient of 'rho'}}
  fisher.regularize "mu", "rho" as #fisher.gaussian<sigma> toward #fisher.frozen weight 1.0 mode coupled
}

// -----

// expected-note@+1 {{mark the result that is the gradient with fisher.gradient_of = "mu", or use mode loss_only or proximal}}
func.func @main(%mu: tensor<4xf32> {fisher.name = "mu"}, %rho: tensor<4xf32> {fisher.name = "rho"}) {
  return
}
fisher.policy @p {
  // expected-error@+1 {{mode natural cannot be served: the step returns no gradient of 'mu'}}
  fisher.regularize "mu", "rho" as #fisher.gaussian<sigma> toward #fisher.frozen weight 1.0 mode natural
}

// -----

// expected-note@+1 {{in this function}}
func.func @main(%mu: tensor<4xf32> {fisher.name = "mu"}, %rho: tensor<4xf32> {fisher.name = "rho"}, %g: tensor<4xf64>)
    -> (tensor<4xf32> {fisher.gradient_of = "mu"}, tensor<4xf64> {fisher.gradient_of = "rho"}) {
  return %mu, %g : tensor<4xf32>, tensor<4xf64>
}
fisher.policy @p {
  // expected-error@+1 {{mode coupled cannot be served: result 1, the gradient of 'rho', has another type than the parameter}}
  fisher.regularize "mu", "rho" as #fisher.gaussian<sigma> toward #fisher.frozen weight 1.0 mode coupled
}

// -----

// expected-note@+1 {{mark the result that is the loss with fisher.role = "loss"}}
func.func @main(%mu: tensor<4xf32> {fisher.name = "mu"}, %rho: tensor<4xf32> {fisher.name = "rho"}, %l: tensor<f32>)
    -> tensor<f32> {
  return %l : tensor<f32>
}
fisher.policy @p {
  // expected-error@+1 {{mode loss_only cannot be served: the step returns no loss}}
  fisher.regularize "mu", "rho" as #fisher.gaussian<sigma> toward #fisher.frozen weight 1.0 mode loss_only
}

// -----

// expected-note@+1 {{in this function}}
func.func @main(%mu: tensor<4xf32> {fisher.name = "mu"}, %rho: tensor<4xf32> {fisher.name = "rho"})
    -> (tensor<4xf32> {fisher.role = "loss"}) {
  return %mu : tensor<4xf32>
}
fisher.policy @p {
  // expected-error@+1 {{mode loss_only cannot be served: the loss, result 0, must be a float tensor of rank zero}}
  fisher.regularize "mu", "rho" as #fisher.gaussian<sigma> toward #fisher.frozen weight 1.0 mode loss_only
}

// -----

// expected-note@+1 {{in this function}}
func.func @main(%mu: tensor<4xf32> {fisher.name = "mu"}, %rho: tensor<4xf32> {fisher.name = "rho"}, %l: f32)
    -> (f32 {fisher.role = "loss"}) {
  return %l : f32
}
fisher.policy @p {
  // expected-error@+1 {{mode loss_only cannot be served: the loss, result 0, must be a float tensor of rank zero}}
  fisher.regularize "mu", "rho" as #fisher.gaussian<sigma> toward #fisher.frozen weight 1.0 mode loss_only
}

// -----

// expected-note@+1 {{in this function}}
func.func @main(%mu: tensor<4xf32> {fisher.name = "mu"}, %rho: tensor<4xf32> {fisher.name = "rho"}, %l: tensor<i32>)
    -> (tensor<i32> {fisher.role = "loss"}) {
  return %l : tensor<i32>
}
fisher.policy @p {
  // expected-error@+1 {{mode loss_only cannot be served: the loss, result 0, must be a float tensor of rank zero}}
  fisher.regularize "mu", "rho" as #fisher.gaussian<sigma> toward #fisher.frozen weight 1.0 mode loss_only
}

// -----

// expected-note@+1 {{mark the result that is the new value with fisher.updates = "rho", or use mode coupled}}
func.func @main(%mu: tensor<4xf32> {fisher.name = "mu"}, %rho: tensor<4xf32> {fisher.name = "rho"})
    -> (tensor<4xf32> {fisher.updates = "mu"}) {
  return %mu : tensor<4xf32>
}
fisher.policy @p {
  // expected-error@+1 {{mode proximal cannot be served: the step returns no new value of 'rho'}}
  fisher.regularize "mu", "rho" as #fisher.gaussian<sigma> toward #fisher.frozen weight 1.0 step_size 0.1 mode proximal
}

// -----

// expected-note@+1 {{in this function}}
func.func @main(%mu: tensor<4xf32> {fisher.name = "mu"}, %rho: tensor<4xf32> {fisher.name = "rho"}, %x: tensor<5xf32>)
    -> (tensor<5xf32> {fisher.updates = "mu"}, tensor<5xf32> {fisher.updates = "rho"}) {
  return %x, %x : tensor<5xf32>, tensor<5xf32>
}
fisher.policy @p {
  // expected-error@+1 {{result 0, the update of 'mu', has another type than the parameter}}
  fisher.regularize "mu", "rho" as #fisher.gaussian<sigma> toward #fisher.frozen weight 1.0 step_size 0.1 mode proximal
}

// -----

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

// expected-error@+1 {{needs new arguments or results, but its callers would not give them; choose a step that is not called}}
func.func @main(%mu: tensor<4xf32> {fisher.name = "mu"}, %rho: tensor<4xf32> {fisher.name = "rho"}, %l: tensor<f32>)
    -> (tensor<f32> {fisher.role = "loss"}) {
  return %l : tensor<f32>
}
func.func @caller(%x: tensor<4xf32>, %l: tensor<f32>) -> tensor<f32> {
  // expected-note@+1 {{it is used here}}
  %k = call @main(%x, %x, %l) : (tensor<4xf32>, tensor<4xf32>, tensor<f32>) -> tensor<f32>
  return %k : tensor<f32>
}
fisher.policy @p {
  fisher.regularize "mu", "rho" as #fisher.gaussian<sigma> toward #fisher.frozen weight 1.0 mode loss_only
}

// -----

// A call by an operation that nobody knows is a call, too.
// expected-error@+1 {{needs new arguments or results, but its callers would not give them}}
func.func @main(%mu: tensor<4xf32> {fisher.name = "mu"}, %rho: tensor<4xf32> {fisher.name = "rho"}, %l: tensor<f32>)
    -> (tensor<f32> {fisher.role = "loss"}) {
  return %l : tensor<f32>
}
func.func @caller(%x: tensor<4xf32>) {
  // expected-note@+1 {{it is used here}}
  "stablehlo.custom_call"(%x) <{called_computations = [@main]}> : (tensor<4xf32>) -> ()
  return
}
fisher.policy @p {
  fisher.regularize "mu", "rho" as #fisher.gaussian<sigma> toward #fisher.previous weight 1.0 mode loss_only
}

// -----

func.func @main(%mu: tensor<4xf32> {fisher.name = "mu"}, %rho: tensor<4xf32> {fisher.name = "rho"}, %l: tensor<f32>)
    -> (tensor<f32> {fisher.role = "loss"}) {
  // expected-error@+1 {{cannot tell whether this operation returns, since its dialect is not there; end the step with 'func.return'}}
  "stablehlo.return"(%l) : (tensor<f32>) -> ()
}
fisher.policy @p {
  fisher.regularize "mu", "rho" as #fisher.gaussian<sigma> toward #fisher.previous weight 1.0 mode loss_only
}

// -----

// expected-error@+1 {{never returns, so that nothing can be added to what it returns}}
func.func @main(%mu: tensor<4xf32> {fisher.name = "mu"}, %rho: tensor<4xf32> {fisher.name = "rho"})
    -> (tensor<f32> {fisher.role = "loss"}) {
  cf.br ^again
^again:
  cf.br ^again
}
fisher.policy @p {
  fisher.regularize "mu", "rho" as #fisher.gaussian<sigma> toward #fisher.previous weight 1.0 mode loss_only
}
