//===- Passes.td - Passes on the dialect -------------------*- tablegen -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_TRANSFORMS_PASSES_TD
#define FISHER_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def FisherAssignDestinations
    : Pass<"fisher-assign-destinations", "::mlir::ModuleOp"> {
  let summary = "Let functions write their results into arguments";
  let description = [{
    Works on tensors, before bufferization, on functions that nothing in the
    module refers to and that have one block. Each of their results that is a
    tensor gets a destination:

    - the argument that it updates, by `fisher.updates` on the result or
      `tf.aliasing_output` on the argument; their types must be equal;
    - else, if its shape is static, a new argument after those that are there;
    - else none: it stays a result, which the caller frees.

    An argument that is a destination becomes a buffer, and its result is no
    result any more. Other arguments that do not say so themselves become
    read-only (`bufferization.writable = false`).

    Where a destination is the argument of an update, the operations are put
    into an order in which what reads its old value comes before what writes
    the new one. What computes a result then writes into the destination if it
    can, and reads the old value there; otherwise the result is copied.

    Sizes that are known at run time only must be those of the argument; a
    `cf.assert` says so where they may differ.

    Example:

    ```mlir
    func.func @step(%p: tensor<4xf32> {fisher.name = "p"}, %g: tensor<4xf32>)
        -> (tensor<4xf32> {fisher.updates = "p"}) {
      %0 = tensor.empty() : tensor<4xf32>
      %1 = linalg.sub ins(%p, %g : tensor<4xf32>, tensor<4xf32>)
                      outs(%0 : tensor<4xf32>) -> tensor<4xf32>
      return %1 : tensor<4xf32>
    }
    ```

    becomes

    ```mlir
    #map = affine_map<(d0) -> (d0)>
    func.func @step(%p: memref<4xf32> {fisher.name = "p"},
                    %g: tensor<4xf32> {bufferization.writable = false}) {
      %0 = bufferization.to_tensor %p restrict writable : memref<4xf32> to tensor<4xf32>
      %1 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]}
          ins(%g : tensor<4xf32>) outs(%0 : tensor<4xf32>) {
      ^bb0(%in: f32, %out: f32):
        %2 = arith.subf %out, %in : f32
        linalg.yield %2 : f32
      } -> tensor<4xf32>
      bufferization.materialize_in_destination %1 in writable %p
          : (tensor<4xf32>, memref<4xf32>) -> ()
      return
    }
    ```
  }];
  let options = [
    Option<"dynamicResults", "dynamic-results", "bool", /*default=*/"false",
           "Results of dynamic shape that update nothing get an argument, too">,
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::bufferization::BufferizationDialect",
                           "::mlir::cf::ControlFlowDialect",
                           "::mlir::fisher::FisherDialect",
                           "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect"];
}

def FisherInsert : Pass<"fisher-insert", "::mlir::ModuleOp"> {
  let summary = "Insert a policy's regularizers into a training step";
  let description = [{
    Finds the arguments of the step that the policy's globs match, and adds to
    the function, where it returns, what each entry's mode asks for: the
    penalty to the loss and its gradient to the gradients (`coupled`), the
    penalty to the loss (`loss_only`), a proximal step after the update
    (`proximal`), or the natural gradient of the regularized loss (`natural`).

    Where a step returns a parameter's new value and not its gradient, `coupled`
    and `natural` change the gradient that the optimizer is given, which is
    found as by `fisher-recognize`: the optimizer's states, the new value and
    averages of it are computed from the changed gradient. What else uses the
    gradient, such as its norm, keeps the old one. The gradient may be a value,
    an element in the body of a `linalg.generic`, or (for `coupled` and what is
    linear in it: SGD, momentum, Nesterov) only a part of the sums; calls are
    inlined if it is in a function that is called. For example,

    ```mlir
    func.func @step(%p: tensor<4xf32> {fisher.name = "p"}, %x: tensor<4xf32>)
        -> (tensor<4xf32> {fisher.updates = "p"}) {
      %rate = arith.constant dense<0.1> : tensor<4xf32>
      %gradient = arith.mulf %p, %x : tensor<4xf32>
      %change = arith.mulf %rate, %gradient : tensor<4xf32>
      %next = arith.subf %p, %change : tensor<4xf32>
      return %next : tensor<4xf32>
    }
    ```

    becomes, with a penalty on `p`,

    ```mlir
      %gradient = arith.mulf %p, %x : tensor<4xf32>
      %penalty, %more = fisher.penalty_with_gradient %belief toward %prior weight %weight
          : !belief -> tensor<f32>, tensor<4xf32>
      %sum = arith.addf %gradient, %more : tensor<4xf32>
      %change = arith.mulf %rate, %sum : tensor<4xf32>
      %next = arith.subf %p, %change : tensor<4xf32>
    ```

    The step size of a proximal entry is that of the entry, else the option
    `step-size`, else the learning rate of the recognized optimizer, here 0.1.

    The state that a reference needs becomes new arguments and results of the
    function, with their marks, after the ones that it has. Other than that, only the
    marks and the types of the function are looked at, so its body may be of any
    dialect. Other functions stay as they are. A policy in the module is
    erased once it is inserted.

    If no argument has a name, those that optimizers update are called `arg0`,
    `arg1`, ... by their numbers, and the only result that is a number and is
    not computed from numbers alone is the loss.

    Components that several elements or beliefs have in common are broadcast
    before a belief is packed, and their gradients are summed in f64.

    What JAX says of arguments and results stands in for marks that are not
    there. The name of an argument is that of its location (so print locations,
    too), `params['fc0']['mu']` being `params.fc0.mu`. `tf.aliasing_output` on
    an argument tells which result updates it; of results in a tree the last
    key must be the argument's, since JAX pairs buffers by their types. Another
    result's name is `jax.result_info`, `result[0]['w']` being `result.0.w`: a
    glob that starts with a star matches results, too, where the mode is
    `loss_only`. If no result has a role, the only one that is one
    floating-point number is the loss.

    What is regularized is noted in the function's attribute
    `fisher.regularized`; another policy may add to it, but not regularize the
    same again.

    With `compare-to` the body of another step of the same type becomes part of
    the function. For each belief whose new values are returned there is a new
    result, `nats.NAME` after its first component: the sum over its elements of
    KL(new belief || new belief of the other step), from the same arguments.

    For each belief a remark tells what was done.

    For example, the policy

    ```mlir
    fisher.policy @default {
      fisher.regularize "(*).mu", "(*).rho" as #fisher.gaussian<softplus>
          toward #fisher.prior<[0.0, 1.0]> weight 1.0e-3 mode coupled
    }
    ```

    adds to a step that has the arguments `fc.mu` and `fc.rho` one
    `fisher.penalty_with_gradient`, and adds its results to the loss and to
    the two gradients that the step returns.
  }];
  let options = [
    Option<"policyFile", "policy-file", "std::string", /*default=*/"",
           "File with the policy; without it, the module's own is used">,
    Option<"policy", "policy", "std::string", /*default=*/"",
           "Name of the policy, if there is more than one">,
    Option<"entry", "entry", "std::string", /*default=*/"",
           "Name of the training step; without it, `main`, or the module's "
           "only function that is not private">,
    Option<"stepSize", "step-size", "double", /*default=*/"0.0",
           "Step size for proximal entries that state none (0: the learning "
           "rate that is recognized)">,
    Option<"penaltyResult", "penalty-result", "bool", /*default=*/"false",
           "Return the sum of the penalties as a new last result, marked "
           "fisher.role = \"penalty\"">,
    Option<"keepPolicy", "keep-policy", "bool", /*default=*/"false",
           "Leave the module's own policy in it, for fisher-instrument">,
    Option<"compareTo", "compare-to", "std::string", /*default=*/"",
           "Name of another step of the same type: for each belief that has new "
           "values, return how far they are from that step's, in nats">,
  ];
  let statistics = [
    Statistic<"numBeliefs", "num-beliefs", "Number of beliefs regularized">,
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::fisher::FisherDialect",
                           "::mlir::linalg::LinalgDialect",
                           "::mlir::math::MathDialect",
                           "::mlir::tensor::TensorDialect"];
}

def FisherInstrument : Pass<"fisher-instrument", "::mlir::ModuleOp"> {
  let summary = "Measure how efficiently a training step learns";
  let description = [{
    Finds the beliefs of a policy in the step, as `fisher-insert` does, and makes
    the step return one small tensor of f64, marked `fisher.role =
    "measurements"`: a row for each belief, named by `fisher.beliefs`, and a last
    one for all of them together, whose squares add up (those of intermediate
    beliefs left out). Its columns, named by `fisher.columns`, are

    | column | what it is |
    |---|---|
    | `moved` | the distance from the belief before this step to that after it |
    | `reference` | the distance to the reference: after the update in mode `proximal`, before it in the others |
    | `kl` | the divergence of the belief after the step from that before it, in nats |
    | `penalty` | the weight times the square of the distance to the reference |
    | `gradient_norm` | the length of the gradient that the step returns, or gives to its optimizer, by the inverse Fisher metric |
    | `length` | the sum of `moved` over all steps |
    | `action` | the sum of its squares |
    | `displacement` | the distance to the belief before the first step |
    | `information` | the sum of `kl`, in nats |
    | `efficiency` | displacement²/(steps · action): 1 for equal steps along one geodesic, less for all others |

    The elements of a tensor are beliefs of their own, whose squared distances
    add up. What the step does not tell is not a number: the gradient's length
    where the step has no gradient of the belief's elements, what moves where a
    belief is intermediate, and the efficiency as long as nothing moved.

    The sums over steps are kept in f64 in a new state argument,
    `fisher.totals`, and the first beliefs in state arguments such as
    `fc0.mu.frozen`, which a reference to `frozen` shares. Where the step
    returns no new value of some belief, because its caller has the optimizer,
    what moved is told in the next step, with state arguments such as
    `fc0.mu.previous`; in the first step nothing has moved then.

    A caller that calls the function only now and then, and the step as it was
    in between, wants the option `sampled`: what moved is that since the last
    call then, and the sums are those of the path through the beliefs that it
    has seen. The step as it was takes the first arguments and returns the first
    results of what this pass makes of it.

    A caller that reads the measurements only now and then, but wants the sums
    over all steps, compiles the step a second time with the option
    `totals-only`: it takes the same arguments, and returns the same results in
    the same order up to the new `fisher.totals`, but neither measurements nor
    traces, so that nothing is computed but how far each belief moves. The caller
    calls it for the steps whose measurements it does not read.

    The policy may have been inserted before or not. Without it, one measures
    training that is regularized in another way. After `fisher-insert` of the
    module's own policy, which erases it, there is nothing to find: use the
    option `keep-policy` there. For example,

    ```sh
    fisher-opt step.mlir --fisher-insert=keep-policy --fisher-instrument
    ```

    adds to a step with the policy

    ```mlir
    fisher.policy @default {
      fisher.regularize "(*).mu", "(*).rho" as #fisher.gaussian<softplus>
          toward #fisher.prior<[0.0, 1.0]> weight 1.0e-3 mode coupled
    }
    ```

    and one layer `fc0` the result

    ```mlir
    tensor<2x10xf64> {fisher.role = "measurements", fisher.beliefs = ["fc0.mu, fc0.rho"],
                      fisher.columns = ["moved", "reference", "kl", "penalty", "gradient_norm", "length",
                                        "action", "displacement", "information", "efficiency"]}
    ```

    Length, action and efficiency are those of a path of beliefs in the
    Fisher-Rao metric; docs/efficiency.md says where the definition comes from.

    With the option `trace`, the step also returns what some elements of each
    belief are: as many as the option says, or all if there are fewer, at equal
    distances in memory, after the update if every belief's new value is a
    result of the step and it is not `sampled`, else what the step was given.
    They are in the family's standard coordinates, so beliefs whose family has no
    chart that stores these have no trace. A row of the tensor has the number of
    an element, in the order of memory, and its coordinates. With `trace=4` the
    step above gets the result

    ```mlir
    tensor<4x3xf64> {fisher.role = "trace", fisher.trace_of = "fc0.mu, fc0.rho",
                     fisher.family = #fisher.gaussian<sigma>,
                     fisher.columns = ["element", "mean", "standard deviation"]}
    ```
  }];
  let options = [
    Option<"policyFile", "policy-file", "std::string", /*default=*/"",
           "File with the policy; without it, the module's own is used">,
    Option<"policy", "policy", "std::string", /*default=*/"",
           "Name of the policy, if there is more than one">,
    Option<"entry", "entry", "std::string", /*default=*/"",
           "Name of the training step; without it, `main`, or the module's "
           "only function that is not private">,
    Option<"sampled", "sampled", "bool", /*default=*/"false",
           "Measure from the last call to this one, for steps that are called "
           "without it in between">,
    Option<"totalsOnly", "totals-only", "bool", /*default=*/"false",
           "Only keep the sums over steps, for steps whose measurements are not "
           "read">,
    Option<"trace", "trace", "unsigned", /*default=*/"0",
           "How many elements of each belief the step returns in standard "
           "coordinates">,
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::fisher::FisherDialect",
                           "::mlir::linalg::LinalgDialect",
                           "::mlir::math::MathDialect",
                           "::mlir::tensor::TensorDialect"];
}

def FisherFuse : Pass<"fisher-fuse"> {
  let summary = "Make one loop of the loops that read the same tensors";
  let description = [{
    Two `linalg.generic` operations of a block become one if, element by
    element, the second reads something that the first reads or makes, and if
    every result of both has an element for each iteration, or is one sum (or
    another reduction) over all of them. So a penalty, its gradient, the
    optimizer's update of a parameter and of its moments, and a moving average
    read each tensor once.

    Upstream's `linalg-fuse-elementwise-ops` fuses a producer into its consumer
    where all iterators are parallel; run it before.

    Within a loop, sums of what a body of more than 32 operations makes stay in
    a loop of their own: what they read is in the cache, and both loops have
    more registers.

    Operations between the two that depend on the first are moved after the
    second. Nothing is fused if the second depends on them, or if they have side
    effects.

    For example, of

    ```mlir
    %sum = linalg.generic {
        indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> ()>],
        iterator_types = ["reduction"]}
        ins(%x : tensor<?xf32>) outs(%zero : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %0 = arith.mulf %in, %in : f32
      %1 = arith.addf %out, %0 : f32
      linalg.yield %1 : f32
    } -> tensor<f32>
    %half = linalg.generic {
        indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>],
        iterator_types = ["parallel"]}
        ins(%x : tensor<?xf32>) outs(%empty : tensor<?xf32>) {
    ^bb0(%in: f32, %out: f32):
      %0 = arith.mulf %in, %cst : f32
      linalg.yield %0 : f32
    } -> tensor<?xf32>
    ```

    it makes one loop with two results that reads `%x` once.
  }];
  let statistics = [
    Statistic<"numFused", "num-fused", "Number of loops fused into others">,
  ];
  let dependentDialects = ["::mlir::linalg::LinalgDialect"];
}

def FisherRecognize : Pass<"fisher-recognize", "::mlir::ModuleOp"> {
  let summary = "Find the optimizers and regularizers that a step has already";
  let description = [{
    Looks at every function that is not private and has one block, written in
    linalg on tensors or in StableHLO in generic form, and notes in its attribute
    `fisher.findings` which optimizers and which of the classical regularizers it
    has: L2 in the loss or in the gradients, decoupled weight decay, moving
    averages, dropout, KL divergences to a normal prior, entropy bonuses. Nothing
    else is changed. See `#fisher.finding` for what is said of each.

    No marks are needed: which result is a parameter's new value, and what of it
    the gradient is, follows from the arithmetic. Expressions are compared as
    sums of products, so that it does not matter how they are spelled or fused.
    Marks and what JAX says of arguments are used where they are there.

    For example, of

    ```mlir
    func.func @step(%p: tensor<4xf32>, %g: tensor<4xf32>) -> tensor<4xf32> {
      %rate = arith.constant dense<0.1> : tensor<4xf32>
      %strength = arith.constant dense<0.01> : tensor<4xf32>
      %0 = arith.mulf %p, %strength : tensor<4xf32>
      %1 = arith.addf %g, %0 : tensor<4xf32>
      %2 = arith.mulf %1, %rate : tensor<4xf32>
      %3 = arith.subf %p, %2 : tensor<4xf32>
      return %3 : tensor<4xf32>
    }
    ```

    it says

    ```mlir
    attributes {fisher.findings = [
      #fisher.finding<sgd on ["arg0"] {learning_rate = 1.000000e-01 : f64} at [loc("step.mlir":7:10)]>,
      #fisher.finding<l2_gradient on ["arg0"] {strength = 1.000000e-02 : f64} at [loc("step.mlir":4:10)]>]}
    ```
  }];
  let dependentDialects = ["::mlir::fisher::FisherDialect"];
}

def FisherReport : Pass<"fisher-report", "::mlir::ModuleOp"> {
  let summary = "Say in what sense a step's regularizers are Fisher-Rao";
  let description = [{
    For each finding of `fisher-recognize`, in `fisher.findings` or found now, a
    remark at its operations says what it is, with which coefficients, for which
    beliefs it is the squared Fisher-Rao distance to second order, and when it is
    not. Then a table of all findings of each function goes to stderr, or to a
    file. The module stays as it is.

    For example, L2 of strength 0.001 added to a gradient gives

    ```
    step.mlir:7:10: remark: found l2_gradient on w: strength 0.001; it is to second
      order the squared distance of Gaussians of fixed sigma to mean 0, with
      sigma^2 = 2 weight / strength: 2000 at weight 1, for any number of examples;
      not when the spread is learnt, or another chart stores the mean
    ```
  }];
  let options = [
    Option<"output", "output", "std::string", /*default=*/"",
           "File for the tables; without it, stderr">,
  ];
  let dependentDialects = ["::mlir::fisher::FisherDialect"];
}

def FisherUpgrade : Pass<"fisher-upgrade", "::mlir::ModuleOp"> {
  let summary = "Replace a step's classical regularizers by Fisher-Rao ones";
  let description = [{
    Looks at every function that `fisher-recognize` looks at. Takes out of it the
    weight decay, the L2 in gradients or in the loss, and the KL divergences to a
    normal prior that it has: its results are what they were without these terms,
    and nothing is left of what computed them. If that is not possible, this is
    an error at the operation where it ends, and the function stays as it was.

    What takes their place is written in a policy beside the function, for
    `fisher-insert`:

    - for a KL divergence of weight β the squared distance to the same prior with
      weight β/2, its equal to second order, in mode `coupled`;
    - for L2 of strength λ, in gradients or the loss, the squared distance to mean
      0 of beliefs that the option `belief` chooses, in mode `coupled`. With
      `fixed` they are of the family `gaussian_mean` and of fixed sigma; the
      weight is λ sigma²/2, and the gradient the same as before;
    - for decoupled weight decay the same in mode `proximal`, whose step size is
      the optimizer's learning rate η. The weight is λ/2: such a step is measured
      by the same metric as the distance, and gives p/(1 + ηλ) whatever the spread
      of a `gaussian_mean` is, the same as before to second order.

    With `belief=adam` the spread is made of the second moment that the optimizer
    keeps, `count` and `epsilon`. With `belief=learnt` it is the parameter that
    the step multiplies by noise before it adds the mean; the family is
    `gaussian`, and the prior N(0, sigma²). The weight is the same in all three.
    Where the λ of L2 is an argument it is the weight itself, and sigma is √2.

    Arguments and results that the policy speaks of are given the marks that they
    lack: `fisher.name`, `fisher.updates`, and the loss's `fisher.role`. Each
    finding has a remark that says what takes its place, or why it stays.

    A geodesic moving average takes the place of moving averages of the mean and
    of the spread of a belief: one that a KL divergence names, or that the step
    samples. The average of a mean alone stays: at fixed sigma, straight lines
    are geodesics.

    For example, of

    ```mlir
    func.func @step(%p: tensor<4xf32>, %g: tensor<4xf32>) -> tensor<4xf32> {
      %rate = arith.constant dense<0.1> : tensor<4xf32>
      %strength = arith.constant dense<0.01> : tensor<4xf32>
      %0 = arith.mulf %p, %strength : tensor<4xf32>
      %1 = arith.addf %g, %0 : tensor<4xf32>
      %2 = arith.mulf %1, %rate : tensor<4xf32>
      %3 = arith.subf %p, %2 : tensor<4xf32>
      return %3 : tensor<4xf32>
    }
    ```

    it makes

    ```mlir
    fisher.policy @upgraded {
      fisher.regularize "arg0" as #fisher.gaussian_mean<sigma> fixed sigma 1.0
          toward #fisher.prior<[0.0]> weight 5.0e-3 mode coupled
    }
    func.func @step(%p: tensor<4xf32> {fisher.name = "arg0"}, %g: tensor<4xf32>)
        -> (tensor<4xf32> {fisher.updates = "arg0"}) {
      %rate = arith.constant dense<0.1> : tensor<4xf32>
      %0 = arith.mulf %g, %rate : tensor<4xf32>
      %1 = arith.subf %p, %0 : tensor<4xf32>
      return %1 : tensor<4xf32>
    }
    ```
  }];
  let options = [
    Option<"removeOnly", "remove-only", "bool", /*default=*/"false",
           "Put nothing in the place of what is taken out">,
    Option<"policy", "policy", "std::string", /*default=*/"\"upgraded\"",
           "Name of the policy">,
    Option<"keep", "keep", "std::string", /*default=*/"",
           "Keep the step as it was, as a private function of this name, for "
           "fisher-insert's compare-to">,
    Option<"belief", "belief", "std::string", /*default=*/"\"fixed\"",
           "Where the spread of what has L2 or weight decay comes from: fixed, "
           "adam or learnt">,
    Option<"sigma", "sigma", "double", /*default=*/"1.0",
           "The spread at which the pull is what it was: the fixed one, or the "
           "prior's">,
    Option<"count", "count", "int64_t", /*default=*/"0",
           "With belief=adam, the number of examples">,
    Option<"epsilon", "epsilon", "double", /*default=*/"1e-8",
           "With belief=adam, what is added to the second moment">,
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::fisher::FisherDialect",
                           "::mlir::linalg::LinalgDialect"];
}

def FisherStampVersion
    : Pass<"fisher-stamp-version", "::mlir::ModuleOp"> {
  let summary = "Write the dialect's version into a module";
  let description = [{
    For text that is kept: what reads it knows then which version of the dialect
    wrote it, and can say so if it is too old for that. Bytecode carries the
    version by itself.

    ```mlir
    module {
      fisher.policy @prior {
        fisher.regularize "w.mu", "w.rho" as #fisher.gaussian<sigma>
            toward #fisher.prior<[0.0, 1.0]> weight 1.0e-3 mode coupled
      }
    }
    ```

    becomes

    ```mlir
    module attributes {fisher.version = #fisher.version<1>} {
      fisher.policy @prior {
        fisher.regularize "w.mu", "w.rho" as #fisher.gaussian<sigma>
            toward #fisher.prior<[0.0, 1.0]> weight 1.0e-3 mode coupled
      }
    }
    ```
  }];
  let dependentDialects = ["::mlir::fisher::FisherDialect"];
}

def FisherStripMarks : Pass<"fisher-strip-marks"> {
  let summary = "Remove the marks from modules and functions";
  let description = [{
    Marks tell passes and runners what arguments and results are. Tools below
    tensors do not know the dialect and would warn of its attributes or refuse
    them, so this is the last pass of a pipeline.

    ```mlir
    func.func @main(%mu: tensor<4xf32> {fisher.name = "fc.mu"}) -> tensor<4xf32>
    ```

    becomes

    ```mlir
    func.func @main(%mu: tensor<4xf32>) -> tensor<4xf32>
    ```
  }];
  // Marks of a dialect that is not loaded could not be told from others.
  let dependentDialects = ["::mlir::fisher::FisherDialect"];
}

def FisherFuseElementwise : Pass<"fisher-fuse-elementwise"> {
  let summary = "Fuse elementwise operations, but not into contractions";
  let description = [{
    Upstream's `linalg-fuse-elementwise-ops`, which leaves contractions and what
    computes their operands apart: in a contraction, each element of an operand
    would be computed again for each of its products. An array of equal elements
    is not read by any operation.

    ```mlir
    %0 = linalg.exp ins(%x : tensor<8x4xf32>) outs(%e : tensor<8x4xf32>) -> tensor<8x4xf32>
    %1 = linalg.contract indexing_maps = [#a, #b, #c]
        ins(%0, %w : tensor<8x4xf32>, tensor<4x8xf32>)
        outs(%c : tensor<8x8xf32>) -> tensor<8x8xf32>
    ```

    stays as it is.
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect",
                           "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect"];
}

def FisherRaiseContractions : Pass<"fisher-raise-contractions"> {
  let summary = "Make contractions on tensors linalg.contract";
  let description = [{
    What is a sum of products of two operands' floating-point elements becomes
    `linalg.contract`, which no pass fuses with the computation of its operands.
    On the way

    - operands that were only transposed or extended to a wider type are read
      from their source;
    - a result that is only transposed is written so;
    - loops that follow each other in all operands become one.

    Convolutions stay as they are.

    ```mlir
    %t = linalg.transpose ins(%b : tensor<8x4xf32>) outs(%e : tensor<4x8xf32>)
        permutation = [1, 0]
    %0 = linalg.matmul ins(%a, %t : tensor<2x4xf32>, tensor<4x8xf32>)
                       outs(%c : tensor<2x8xf32>) -> tensor<2x8xf32>
    ```

    becomes

    ```mlir
    %0 = linalg.contract
        indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d2)>,
                         affine_map<(d0, d1, d2) -> (d1, d2)>,
                         affine_map<(d0, d1, d2) -> (d0, d1)>]
        ins(%a, %b : tensor<2x4xf32>, tensor<8x4xf32>)
        outs(%c : tensor<2x8xf32>) -> tensor<2x8xf32>
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect"];
}

def FisherTileContractions : Pass<"fisher-tile-contractions"> {
  let summary = "Turn contractions on buffers into tiled loops of vectors";
  let description = [{
    Works on what is a sum of products of two operands' floating-point
    elements: `linalg.matmul` and its relatives, `linalg.contract`,
    convolutions, and `linalg.generic` with such a body and any layouts. A
    contraction becomes

    - an `scf.forall` over batches and blocks of the result. A sum is never
      divided between them, so the bits of the result do not depend on who
      runs them. Small contractions have plain loops instead;
    - in it, loops over blocks of the sum, for each of which the operands are
      packed in buffers for the caches, transposed where needed;
    - a loop that holds a tile of the result in vector registers and adds
      products with `vector.fma`.

    Where an operand would have to be transposed for a few rows of the other, as
    in the product of a matrix and a vector, nothing is packed: vectors lie along
    the sum, and their lanes are added at the end.

    Edges are masked. bf16 and f16 are summed in f32 and rounded once. What has
    no contiguous rows in its result, and sums of integers, stay as they are.

    ```mlir
    linalg.matmul ins(%a, %b : memref<2x4xf32>, memref<4x8xf32>)
                  outs(%c : memref<2x8xf32>)
    ```

    becomes with `vector-bits=256`, which is one tile,

    ```mlir
    %sums:2 = scf.for %k = %c0 to %c4 step %c1
        iter_args(%s0 = %zero, %s1 = %zero) -> (vector<8xf32>, vector<8xf32>) {
      %row = vector.load %b[%k, %c0] : memref<4x8xf32>, vector<8xf32>
      %a0 = memref.load %a[%c0, %k] : memref<2x4xf32>
      %v0 = vector.broadcast %a0 : f32 to vector<8xf32>
      %r0 = vector.fma %v0, %row, %s0 : vector<8xf32>
      %a1 = memref.load %a[%c1, %k] : memref<2x4xf32>
      %v1 = vector.broadcast %a1 : f32 to vector<8xf32>
      %r1 = vector.fma %v1, %row, %s1 : vector<8xf32>
      scf.yield %r0, %r1 : vector<8xf32>, vector<8xf32>
    }
    // ... each of the two is added to its row of %c
    ```
  }];
  let options = [
    Option<"vectorBits", "vector-bits", "int64_t", /*default=*/"256",
           "Bits of a vector register; with 512 there are 32 of them, otherwise "
           "16">,
  ];
  let dependentDialects = ["::mlir::affine::AffineDialect",
                           "::mlir::arith::ArithDialect",
                           "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect",
                           "::mlir::vector::VectorDialect"];
}

#endif // FISHER_TRANSFORMS_PASSES_TD
