//===- SourceInterface.td - Components that no parameter holds *- tablegen -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_IR_SOURCEINTERFACE_TD
#define FISHER_IR_SOURCEINTERFACE_TD

include "mlir/IR/OpBase.td"

def Fisher_SourceInterface : AttrInterface<"SourceInterface"> {
  let cppNamespace = "::mlir::fisher";
  let description = [{
    Where a regularize entry gets the last component of its beliefs from, if no
    parameter holds it. It is made as the family's standard coordinate, the same
    in a belief and in its reference, and has no gradient.
  }];

  let methods = [
    InterfaceMethod<
      [{Whether the last component of the family can be made so; emits an error
        if not. The family is in the chart of the standard coordinates.}],
      "::llvm::LogicalResult", "verifyForFamily",
      (ins "::mlir::fisher::FamilyInterface":$family,
           "::llvm::function_ref<::mlir::InFlightDiagnostic()>":$emitError)>,
    InterfaceMethod<
      [{Whether what is made is in the domain of beliefs of this type; emits an
        error if it is known not to be.}],
      "::llvm::LogicalResult", "verifyForType",
      (ins "::mlir::fisher::BeliefType":$type,
           "::llvm::function_ref<::mlir::InFlightDiagnostic()>":$emitError),
      [{}], [{ return ::llvm::success(); }]>,
    InterfaceMethod<
      [{The name of the argument that the component is made from, with `{0}`,
        `{1}`, ... for what the globs' groups captured; empty if it is made from
        nothing.}],
      "::llvm::StringRef", "getArgumentPattern", (ins), [{}],
      [{ return ""; }]>,
    InterfaceMethod<
      [{The component, of the type `type` and the sizes of `like`; `argument` is
        null if there is none, else a float tensor of the same shape.}],
      "::mlir::Value", "buildComponent",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc,
           "::mlir::Value":$argument, "::mlir::Value":$like,
           "::mlir::RankedTensorType":$type)>,
  ];
}

#endif // FISHER_IR_SOURCEINTERFACE_TD
