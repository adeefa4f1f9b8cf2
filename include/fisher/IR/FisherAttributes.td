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
      gradients. Needs results marked `fisher.gradient_of`.
    - `loss_only`: the penalty is added to the loss; another tool
      differentiates. Needs a result marked `fisher.role = "loss"`.
    - `proximal`: a proximal step follows the update. Needs results marked
      `fisher.updates` and a step size.
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
    standard deviation for a Gaussian.

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
    group of the globs captured, `{1}` for the second.

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

#endif // FISHER_IR_FISHERATTRIBUTES_TD
