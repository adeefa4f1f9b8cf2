//===- FisherAttributes.td - References and modes ----------*- tablegen -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_IR_FISHERATTRIBUTES_TD
#define FISHER_IR_FISHERATTRIBUTES_TD

include "fisher/IR/FisherDialect.td"
include "fisher/IR/FamilyInterface.td"
include "fisher/IR/ReferenceInterface.td"
include "fisher/IR/SourceInterface.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"

class Fisher_Attr<string name, string attrMnemonic, list<Trait> traits = []>
    : AttrDef<Fisher_Dialect, name, traits> {
  let mnemonic = attrMnemonic;
}

//===----------------------------------------------------------------------===//
// Modes
//===----------------------------------------------------------------------===//

def Fisher_Mode : I32Enum<"Mode", "where a regularizer enters a training step", [
  I32EnumCase<"coupled", 0>,
  I32EnumCase<"loss_only", 1>,
  I32EnumCase<"proximal", 2>,
  I32EnumCase<"natural", 3>,
]> {
  let cppNamespace = "::mlir::fisher";
}

def Fisher_ModeAttr : EnumAttr<Fisher_Dialect, Fisher_Mode, "mode"> {
  let description = [{
    - `coupled`: the penalty is added to the loss, and its gradient to the
      gradients. Needs results marked `fisher.gradient_of`, or new values that
      an optimizer makes which `fisher-recognize` knows: then the gradient that
      the optimizer is given is changed.
    - `loss_only`: the penalty is added to the loss; another tool
      differentiates. Needs a result marked `fisher.role = "loss"`.
    - `proximal`: a proximal step follows the update. Needs results marked
      `fisher.updates` and a step size, or an optimizer that is recognized,
      whose learning rate is the step size if none is given.
    - `natural`: like `coupled`, and the sum of the gradients is premultiplied
      by the inverse Fisher metric.

    ```mlir
    fisher.policy @after_the_update {
      fisher.regularize "w.mu", "w.rho" as #fisher.gaussian<softplus>
          toward #fisher.prior<[0.0, 1.0]> weight 1.0e-3 step_size 5.0e-2 mode proximal
    }
    ```
  }];
}

//===----------------------------------------------------------------------===//
// References
//===----------------------------------------------------------------------===//

class Fisher_Reference<string name, string attrMnemonic,
                       list<string> methods>
    : Fisher_Attr<name, attrMnemonic,
        [DeclareAttrInterfaceMethods<Fisher_ReferenceInterface, methods>]>;

def Fisher_PriorAttr : Fisher_Reference<"Prior", "prior",
                                     ["verifyForType", "buildConstant"]> {
  let summary = "a fixed belief, given in the family's standard coordinates";
  let description = [{
    The numbers are distribution parameters in the family's standard
    coordinates whatever the chart that beliefs are stored in: mean and
    standard deviation for a Gaussian. A coordinate that `from` or `fixed` makes
    is left out.

    ```mlir
    fisher.policy @toward_the_unit_gaussian {
      fisher.regularize "w.mu", "w.rho" as #fisher.gaussian<softplus>
          toward #fisher.prior<[0.0, 1.0]> weight 1.0e-3 mode coupled
    }
    ```
  }];
  let parameters = (ins
    AttrParameter<"::mlir::ArrayAttr", "standard coordinates, one number each">:$standard);
  let assemblyFormat = "`<` $standard `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    ::llvm::SmallVector<double> getStandardCoordinates() const;
  }];
}

def Fisher_FrozenAttr : Fisher_Reference<"Frozen", "frozen", ["getStateName"]> {
  let summary = "the belief at the first step";
  let description = [{
    The components are kept in new arguments named `NAME.frozen`, marked
    `fisher.initialize = "NAME"`: whoever runs the step fills them with copies
    before the first step. They never change.

    ```mlir
    fisher.policy @stay_close {
      fisher.regularize "w.mu", "w.rho" as #fisher.gaussian<softplus>
          toward #fisher.frozen weight 1.0e-2 mode coupled
    }
    ```
  }];
}

def Fisher_PreviousAttr
    : Fisher_Reference<"Previous", "previous",
                       ["getStateName", "isBeliefBeforeUpdate",
                        "isStateUpdated", "buildNextState"]> {
  let summary = "the belief before the last update";
  let description = [{
    The components are kept in new arguments named `NAME.previous`, marked
    `fisher.initialize = "NAME"`; new results that update them return the
    belief that the step was given. In mode `proximal` the step regularizes
    its own update, so the reference is the belief that the step was given,
    and no state is needed.

    ```mlir
    fisher.policy @small_steps {
      fisher.regularize "w.mu", "w.rho" as #fisher.gaussian<softplus>
          toward #fisher.previous weight 5.0e-2 mode coupled
    }
    ```
  }];
}

def Fisher_MovingAverageAttr
    : Fisher_Reference<"MovingAverage", "moving_average",
                       ["getStateName", "isStateUpdated", "buildNextState"]> {
  let summary = "the geodesic moving average of the belief";
  let description = [{
    The average is kept in new arguments named `NAME.average`, marked
    `fisher.initialize = "NAME"`. After a step it moves along the geodesic
    toward the new belief by one minus the decay. The new belief is the
    updated one where the step returns it, else the one that it was given.

    ```mlir
    fisher.policy @toward_the_average {
      fisher.regularize "w.mu", "w.rho" as #fisher.gaussian<softplus>
          toward #fisher.moving_average<0.99> weight 1.0e-3 mode coupled
    }
    ```
  }];
  let parameters = (ins
    AttrParameter<"::mlir::FloatAttr", "share of the old average that is kept, from 0 to below 1">:$decay);
  let assemblyFormat = "`<` custom<Number>($decay) `>`";
  let genVerifyDecl = 1;
}

def Fisher_ArgumentAttr
    : Fisher_Reference<"Argument", "argument", ["getArgumentPatterns"]> {
  let summary = "a belief held in arguments that the function has already";
  let description = [{
    One name for each component, in order. `{0}` stands for what the first
    group of the globs captured, `{1}` for the second. For a component that is
    made `from` an argument, it is the name of what the reference's is made from.

    ```mlir
    fisher.policy @toward_a_teacher {
      fisher.regularize "(*).mu", "(*).rho" as #fisher.gaussian<softplus>
          toward #fisher.argument<"{0}.mu.teacher", "{0}.rho.teacher"> weight 1.0e-3 mode coupled
    }
    ```
  }];
  let parameters = (ins
    ArrayRefParameter<"::mlir::StringAttr", "names of arguments, one for each component">:$names);
  let assemblyFormat = "`<` $names `>`";
  let genVerifyDecl = 1;
}

//===----------------------------------------------------------------------===//
// Sources
//===----------------------------------------------------------------------===//

class Fisher_Source<string name, string attrMnemonic, list<string> methods>
    : Fisher_Attr<name, attrMnemonic,
        [DeclareAttrInterfaceMethods<Fisher_SourceInterface, methods>]>;

def Fisher_AdamAttr : Fisher_Source<"Adam", "adam", ["getArgumentPattern"]> {
  let summary = "a standard deviation of Adam's second moment";
  let description = [{
    An optimizer that keeps a running mean v of the squared gradient knows how
    sharply the loss depends on each weight. With n examples, the belief about the
    weight is as sure as sigma = 1/sqrt(n (v + epsilon)).

    The name is that of the argument of the step that holds v, shaped like the
    weight; `{0}` stands for what the first group of the glob captured. `count` is
    n. `epsilon` bounds the sigma of weights that nothing depends on, and is 1e-8
    if it is left out. In a policy the attribute is written `from adam("...")`:

    ```mlir
    fisher.policy @elastic {
      fisher.regularize "(fc*)" as #fisher.gaussian_mean<sigma>
          from adam("adam.v.{0}") count 60000
          toward #fisher.frozen weight 1.0e-5 mode coupled
    }
    ```

    The squares are of gradients of means over batches; for batches of B examples
    near an optimum they are 1/B of those of single examples. Where the Fisher
    information of single examples is meant, as in elastic weight consolidation,
    `count` is B times the number of examples.
  }];
  let parameters = (ins
    AttrParameter<"::mlir::StringAttr", "name of the argument that holds v">:$moment,
    "int64_t":$count,
    AttrParameter<"::mlir::FloatAttr", "what is added to v">:$epsilon);
  let assemblyFormat = "`<` $moment `count` $count `epsilon` custom<Number>($epsilon) `>`";
}

def Fisher_FixedAttr : Fisher_Source<"Fixed", "fixed", ["verifyForType"]> {
  let summary = "a component that is the same number everywhere";
  let description = [{
    The word is the name of the chart that stores the standard coordinate: `sigma`
    for a Gaussian. In a policy the attribute is written `fixed sigma 0.1`:

    ```mlir
    fisher.policy @weight_decay {
      fisher.regularize "(fc*)" as #fisher.gaussian_mean<sigma> fixed sigma 0.1
          toward #fisher.prior<[0.0]> weight 5.0e-6 mode coupled
    }
    ```

    With the family `gaussian_mean` toward a prior this is L2: the penalty is
    weight/sigma² times the sum of squares.
  }];
  let parameters = (ins
    AttrParameter<"::mlir::StringAttr", "the coordinate's chart">:$chart,
    AttrParameter<"::mlir::FloatAttr", "the number">:$number);
  let assemblyFormat = "`<` $chart custom<Number>($number) `>`";
}

//===----------------------------------------------------------------------===//
// Findings
//===----------------------------------------------------------------------===//

def Fisher_FindingKind : I32Enum<"FindingKind", "what fisher-recognize finds in a training step", [
  I32EnumCase<"sgd", 0>,
  I32EnumCase<"momentum", 1>,
  I32EnumCase<"nesterov", 2>,
  I32EnumCase<"adam", 3>,
  I32EnumCase<"adamw", 4>,
  I32EnumCase<"rmsprop", 5>,
  I32EnumCase<"l2_gradient", 6>,
  I32EnumCase<"l2_loss", 7>,
  I32EnumCase<"weight_decay", 8>,
  I32EnumCase<"moving_average", 9>,
  I32EnumCase<"dropout", 10>,
  I32EnumCase<"kl_to_prior", 11>,
  I32EnumCase<"entropy_bonus", 12>,
]> {
  let cppNamespace = "::mlir::fisher";
}

def Fisher_FindingAttr : Fisher_Attr<"Finding", "finding"> {
  let summary = "an optimizer or a regularizer that a training step has";
  let description = [{
    `fisher-recognize` makes these; `fisher.findings` on the function is the list
    of them. The names are those of the parameters that it is about, `arg3` for
    the fourth argument if it has none. A coefficient is a number (f64), the name
    of the argument that holds it, or the location of what computes it. The
    locations are those of the operations that make it.

    | kind | is | coefficients |
    |---|---|---|
    | `sgd` | p - η g | `learning_rate` η |
    | `momentum`, `nesterov` | m' = μ m + g; p - η m', or p - η (g + μ m') | `learning_rate`, `momentum` μ; `dampening` if it has one; `momentum_in` |
    | `adam`, `adamw` | `adamw` if weight decay is decoupled | `learning_rate`, `beta1`, `beta2`, `epsilon`, `bias_correction`, `epsilon_inside_root`; `first_moment_in`, `second_moment_in` |
    | `rmsprop` | p - η g / (√v' + ε) | `learning_rate`, `decay`, `epsilon`, `epsilon_inside_root`; `second_moment_in` |
    | `l2_gradient` | λ p added to the gradient | `strength` λ |
    | `l2_loss` | λ/2 Σp² in the loss, λ p in the gradient | `strength` λ |
    | `weight_decay` | p - η λ p, past the optimizer | `strength` λ |
    | `moving_average` | e' = d e + (1 - d) x | `decay` d; `of`: `parameter` or `gradient`; `average_in` |
    | `dropout` | a factor that is 1 where noise is below a threshold, else 0 | `keep`: how often it is 1; `is_scaled`: divided by it |
    | `kl_to_prior` | β Σ KL(N(m, s²) ‖ N(m₀, s₀²)) in the loss | `weight` β, `prior_mean` m₀, `prior_sigma` s₀; `chart`. Names are pairs of m and what s is stored as |
    | `entropy_bonus` | β Σ p log p in the loss | `weight` β |

    What ends in `_in` lists names of arguments, one for each parameter.

    ```mlir
    func.func @step(%w: tensor<4xf32> {fisher.name = "w"}, %g: tensor<4xf32>)
        attributes {fisher.findings = [
          #fisher.finding<l2_gradient on ["w"] {strength = 1.000000e-03 : f64} at [loc("step.mlir":7:3)]>
        ]} {
      return
    }
    ```
  }];
  let parameters = (ins
    EnumParameter<Fisher_FindingKind>:$kind,
    AttrParameter<"::mlir::ArrayAttr", "names of parameters">:$names,
    AttrParameter<"::mlir::DictionaryAttr", "numbers, and where they are">:$coefficients,
    AttrParameter<"::mlir::ArrayAttr", "locations of operations">:$locations);
  let assemblyFormat = "`<` $kind `on` $names $coefficients `at` $locations `>`";
  let genVerifyDecl = 1;
}

def Fisher_VersionAttr : Fisher_Attr<"Version", "version"> {
  let summary = "the version of the dialect that wrote a module";
  let description = [{
    Bytecode carries the version by itself; in text it is an attribute of the
    module, which `fisher-stamp-version` writes. What is newer than what reads
    it gets an error that says so, before anything in the module is read. What
    is older is read as it was meant.

    ```mlir
    module attributes {fisher.version = #fisher.version<1>} {
      fisher.policy @toward_zero {
        fisher.regularize "w.mu", "w.rho" as #fisher.gaussian<softplus>
            toward #fisher.prior<[0.0, 1.0]> weight 1.0e-3 mode coupled
      }
    }
    ```
  }];
  let parameters = (ins "uint64_t":$number);
  let assemblyFormat = "`<` $number `>`";
  let genVerifyDecl = 1;
}

#endif // FISHER_IR_FISHERATTRIBUTES_TD
