//===- FisherDialect.td - The dialect ----------------------*- tablegen -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_IR_FISHERDIALECT_TD
#define FISHER_IR_FISHERDIALECT_TD

include "mlir/IR/OpBase.td"

def Fisher_Dialect : Dialect {
  let name = "fisher";
  let cppNamespace = "::mlir::fisher";
  let summary = "Fisher-Rao regularization of training graphs";
  let description = [{
    The dialect makes the belief that a parameter stands for a value of the
    IR, the squared Fisher-Rao distance between two beliefs an operation, and
    the decision where to use it a policy.

    A belief is a point on the statistical manifold of a family of
    distributions. The distance between two of them does not depend on how
    they are stored, which is what makes it a regularizer that does not depend
    on how a network is written down (arXiv 2601.17330).

    Conventions: a squared distance is that of the Fisher metric itself, with
    no factor 1/2, so that the Kullback-Leibler divergence of neighbours is
    half of it. A gradient is with respect to the stored components of the
    first belief. A penalty is the weight times the sum of squared distances.

    **Marks.** A training step is a function whose arguments and results carry
    these attributes:

    | mark | on | meaning |
    |---|---|---|
    | `fisher.name = "fc0.mu"` | argument, result | the name that policies and data files use |
    | `fisher.role = "param"` | argument | a parameter; also `state`, `batch`, `eps` (noise) |
    | `fisher.role = "loss"` | result | the loss; also `grad`, `penalty` (the sum of penalties), `measurements` (what `fisher-instrument` measures), and `trace` (some elements of a belief) |
    | `fisher.updates = "fc0.mu"` | result | the argument's value after the step |
    | `fisher.gradient_of = "fc0.mu"` | result | the gradient of the loss |
    | `fisher.initialize = "fc0.mu"` | argument | starts as a copy of that argument |
    | `fisher.distribution = "normal"` | argument | what noise is drawn from; also `uniform` |
    | `fisher.regularized = [["fc0.mu", "fc0.rho"]]` | function | the beliefs that `fisher-insert` has regularized, by their components |
    | `fisher.findings = [#fisher.finding<...>]` | function | the optimizers and regularizers that `fisher-recognize` found in it |
    | `fisher.beliefs = ["fc0.mu, fc0.rho"]`, `fisher.columns = ["moved", "reference"]` | result | the beliefs that the rows of measurements are of (the last row is of all together), and what is in the columns |
    | `fisher.trace_of = "fc0.mu, fc0.rho"`, `fisher.family = #fisher.gaussian<sigma>` | result | the belief whose elements are the rows of a trace, and the family and the chart that they are in; `fisher.columns` says what is in the columns |
    | `fisher.version = #fisher.version<1>` | module | the version of the dialect that wrote it |
    | `fisher.work = 42000` | loop | how many operations all its iterations are, about; `fisher-batch-loops` reads it |

    ```mlir
    func.func @main(%mu: tensor<4xf32> {fisher.name = "fc.mu", fisher.role = "param"},
                    %x: tensor<4xf32> {fisher.name = "x", fisher.role = "batch"})
        -> (tensor<4xf32> {fisher.updates = "fc.mu"}) {
      return %mu : tensor<4xf32>
    }
    ```
  }];

  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::tensor::TensorDialect"];
  let useDefaultTypePrinterParser = 1;
  let hasConstantMaterializer = 1;
  let extraClassDeclaration = [{
    void registerAttributes();
    void registerTypes();

    // With what there is, where a name is not known.
    ::mlir::Attribute parseAttribute(::mlir::DialectAsmParser &parser,
                                     ::mlir::Type type) const override;
    void printAttribute(::mlir::Attribute attribute,
                        ::mlir::DialectAsmPrinter &printer) const override;

    /// Where marks are in the attributes of arguments and results.
    ::mlir::fisher::MarkIndex &getMarkIndex() { return markIndex; }

  private:
    ::mlir::fisher::MarkIndex markIndex;
  }];
  let hasOperationAttrVerify = 1;
  let hasRegionArgAttrVerify = 1;
  let hasRegionResultAttrVerify = 1;
}

#endif // FISHER_IR_FISHERDIALECT_TD
