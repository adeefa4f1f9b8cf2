//===- PolicyOps.td - What to regularize, and how ----------*- tablegen -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_IR_POLICYOPS_TD
#define FISHER_IR_POLICYOPS_TD

include "fisher/IR/FisherAttributes.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/IR/RegionKindInterface.td"

def Fisher_PolicyOp : Op<Fisher_Dialect, "policy", [
    Symbol, IsolatedFromAbove, NoTerminator, SingleBlock, NoRegionArguments]> {
  let summary = "what to regularize in a training step";
  let description = [{
    A list of `fisher.regularize` entries, in the module of the training step
    or in a file of its own. `fisher-insert` turns it into operations.

    ```mlir
    fisher.policy @default {
      fisher.regularize "(*).mu", "(*).rho" as #fisher.gaussian<softplus>
          toward #fisher.prior<[0.0, 1.0]> weight 1.0e-3 mode coupled
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name,
                       OptionalAttr<StrAttr>:$sym_visibility);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name attr-dict-with-keyword $body";
  let hasRegionVerifier = 1;
}

def Fisher_NumberOrName
    : AnyAttrOf<[F64Attr, StrAttr], "a number, or the name of an argument">;

def Fisher_RegularizeOp : Op<Fisher_Dialect, "regularize", [HasParent<"PolicyOp">]> {
  let summary = "regularize the beliefs whose components match";
  let description = [{
    One glob for each component of the family, in order; a belief is a set of
    arguments of the step that match them with the same captured text. In a
    glob, `*` stands for any text and `?` for any character; parentheses
    capture, and in a glob without any, every `*` and `?` does; a backslash
    takes the next character as it is. In mode `loss_only` results of the
    step that have a name are matched too: beliefs that the step computes,
    such as those of a latent variable. Their reference is a prior or held in
    arguments.

    Components may be *tied*, that is, several elements or several beliefs may
    have one number in common: a component of a smaller shape is broadcast to
    that of the others as numpy does it (counted from the last dimension, a
    size of one or a missing dimension is repeated; a size that is known only at
    run time never is), and a name among globs that capture is part of every
    belief. The penalty is the sum over the elements, and the gradient of a tied
    component is the sum of the gradients at the elements. A reference is stored
    as the component is. The modes `proximal` and `natural`, and moving
    averages, are not there for tied components: what they make of each element
    is another number for each.

    ```mlir
    fisher.policy @one_scale_for_all {
      fisher.regularize "(*).mu", "log_sigma" as #fisher.gaussian<log_sigma>
          toward #fisher.prior<[0.0, 1.0]> weight 1.0e-3 mode coupled
    }
    ```

    - `as` gives the family and the chart that the arguments are stored in;
    - `from` and `fixed` say where the last component comes from if no parameter
      holds it (below);
    - `toward` gives the reference;
    - `weight` multiplies the sum of squared distances: a number, or the name
      of an argument of the step that holds it, for schedules;
    - `step_size` is the size of the optimizer's steps, which mode `proximal`
      needs: a number, or the name of an argument; without it, that of the
      optimizer which is recognized in the step;
    - `mode` says where the regularizer enters.

    ```mlir
    fisher.policy @scheduled {
      fisher.regularize "head.mu", "head.log_sigma" as #fisher.gaussian<log_sigma>
          toward #fisher.previous weight "beta" step_size 5.0e-2 mode proximal
    }
    ```

    **Beliefs of ordinary networks.** The weights of a network that knows nothing
    of beliefs are their means. There is one glob less than components then, and
    the last component is made, as the family's standard coordinate:
    `from adam("NAME") count N epsilon E` out of the second moment that Adam keeps
    (see `#fisher.adam`), `fixed sigma S` as a number (see `#fisher.fixed`).

    ```mlir
    fisher.policy @elastic_weight_consolidation {
      fisher.regularize "(*).weight" as #fisher.gaussian_mean<sigma>
          from adam("adam.v.{0}.weight") count 60000 epsilon 1.0e-8
          toward #fisher.frozen weight 1.0e-5 mode coupled
    }
    ```

    What is made is the same in a belief and in its reference, and no gradient
    goes to it. If the reference keeps what it is made from (`frozen`, `previous`,
    and `argument`, which names it), it is the reference's that both have. Toward
    `frozen`, the second moment is that at the first step: what an old task left
    behind decides how strongly each weight is held, which is elastic weight
    consolidation. Toward a prior or a moving average it is the current one.

    The family `gaussian_mean` has the quadratic penalty (Δmean/sigma)²; `gaussian`
    has the distance among all Gaussians, the same to second order, whose pull is
    bounded. The modes `proximal` and `natural`, and moving averages, need a family
    whose geodesics keep what is made, such as `gaussian_mean`.
  }];
  let arguments = (ins StrArrayAttr:$names, AnyAttr:$family,
                       OptionalAttr<AnyAttr>:$source, AnyAttr:$reference,
                       Fisher_NumberOrName:$weight,
                       OptionalAttr<Fisher_NumberOrName>:$step_size,
                       Fisher_ModeAttr:$mode);
  let assemblyFormat = [{
    custom<Globs>($names) `as` $family (custom<Source>($source)^)? `toward` $reference
    `weight` custom<NumberOrName>($weight)
    (`step_size` custom<NumberOrName>($step_size)^)?
    `mode` custom<ModeKeyword>($mode) attr-dict
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// The family and the reference as what the verifier made sure they are.
    ::mlir::fisher::FamilyInterface getFamilyInterface();
    ::mlir::fisher::ReferenceInterface getReferenceInterface();
    /// What makes the last component; null if a parameter holds it.
    ::mlir::fisher::SourceInterface getSourceInterface();
    /// The globs, one for each component of the family that is not made.
    ::llvm::SmallVector<::llvm::StringRef> getGlobs();
  }];
}

#endif // FISHER_IR_POLICYOPS_TD
