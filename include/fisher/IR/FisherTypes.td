//===- FisherTypes.td - Beliefs ----------------------------*- tablegen -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_IR_FISHERTYPES_TD
#define FISHER_IR_FISHERTYPES_TD

include "fisher/IR/FisherDialect.td"
include "fisher/IR/FamilyInterface.td"
include "mlir/IR/AttrTypeBase.td"

def Fisher_BeliefType : TypeDef<Fisher_Dialect, "Belief"> {
  let mnemonic = "belief";
  let summary = "beliefs: points on the statistical manifold of a family";
  let description = [{
    One distribution of the family for each element. The family's attribute
    names the chart, that is, how the parameters are stored. All components
    share the component type; its trailing event dimensions (none for
    pointwise families) belong to one distribution, the others number the
    distributions.

    Elements are f64, f32, bf16 or f16. bf16 and f16 are for storage: formulas
    are evaluated in f32.

    A belief is not a buffer: it becomes its components during lowering.

    ```mlir
    func.func private @weights() -> !fisher.belief<#fisher.gaussian<log_sigma>, tensor<64x32xf32>>
    func.func private @scalars() -> !fisher.belief<#fisher.gaussian<softplus>, tensor<f64>>
    func.func private @any_size() -> !fisher.belief<#fisher.gaussian<variance>, tensor<?x8xbf16>>
    ```
  }];
  let parameters = (ins
    "::mlir::fisher::FamilyInterface":$family,
    "::mlir::RankedTensorType":$componentType
  );
  let assemblyFormat = "`<` $family `,` $componentType `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// How many components are stored.
    unsigned getNumComponents() const;
    /// The types of the stored components, all the same.
    ::llvm::SmallVector<::mlir::Type> getComponentTypes() const;
    /// f64 for f64, else f32: what formulas are evaluated in.
    ::mlir::FloatType getComputeType() const;
    /// A tensor with one element of the compute type for each distribution.
    ::mlir::RankedTensorType getBatchType() const;
    /// The trailing dimensions that belong to one distribution.
    ::llvm::ArrayRef<int64_t> getEventShape() const;
    /// A tensor of rank zero of the compute type.
    ::mlir::RankedTensorType getTotalType() const;
  }];
}

#endif // FISHER_IR_FISHERTYPES_TD
