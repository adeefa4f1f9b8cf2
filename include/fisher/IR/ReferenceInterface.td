//===- ReferenceInterface.td - What beliefs are pulled toward *- tablegen -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_IR_REFERENCEINTERFACE_TD
#define FISHER_IR_REFERENCEINTERFACE_TD

include "mlir/IR/OpBase.td"

def Fisher_ReferenceInterface : AttrInterface<"ReferenceInterface"> {
  let cppNamespace = "::mlir::fisher";
  let description = [{
    What a regularize entry pulls a belief toward. A reference is one of three
    kinds: constant (a prior), read from arguments that the function has
    already, or kept in new state arguments of the function.
  }];

  let methods = [
    InterfaceMethod<
      [{Whether the reference makes sense for the family; emits an error if not.
        The source is null unless it makes the last component, which the
        reference is then without, unless it is held in what that is made
        from.}],
      "::llvm::LogicalResult", "verifyForFamily",
      (ins "::mlir::fisher::FamilyInterface":$family,
           "::mlir::fisher::SourceInterface":$source,
           "::llvm::function_ref<::mlir::InFlightDiagnostic()>":$emitError)>,
    InterfaceMethod<
      [{Whether the reference can be stored like beliefs of this type; emits an
        error if not.}],
      "::llvm::LogicalResult", "verifyForType",
      (ins "::mlir::fisher::BeliefType":$type, "bool":$isMade,
           "::llvm::function_ref<::mlir::InFlightDiagnostic()>":$emitError),
      [{}], [{ return ::llvm::success(); }]>,
    InterfaceMethod<
      [{The names of the arguments that hold the reference's components, with
        `{0}`, `{1}`, ... for what the globs' groups captured; empty if the
        reference is not held in arguments. In place of a component that is made
        from an argument, the last one holds what it is made from.}],
      "::llvm::SmallVector<::llvm::StringRef>", "getArgumentPatterns",
      (ins), [{}], [{ return {}; }]>,
    InterfaceMethod<
      [{The suffix of the names of the state arguments that hold the
        reference; empty if the reference has no state.}],
      "::llvm::StringRef", "getStateName", (ins), [{}], [{ return ""; }]>,
    InterfaceMethod<
      [{Whether the reference is the belief before the last update, which
        after an update is the one that the step was given.}],
      "bool", "isBeliefBeforeUpdate", (ins), [{}], [{ return false; }]>,
    InterfaceMethod<
      "Whether the state changes from step to step.",
      "bool", "isStateUpdated", (ins), [{}], [{ return false; }]>,
    InterfaceMethod<
      [{The state after the step, given the belief before and after it, if it
        changes from step to step.}],
      "::mlir::Value", "buildNextState",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc,
           "::mlir::Value":$state, "::mlir::Value":$before,
           "::mlir::Value":$after), [{}], [{ return nullptr; }]>,
    InterfaceMethod<
      [{The constant reference for a belief, shaped like it; null if the
        reference is held in arguments or state. The last of the belief's
        components is the reference's, too, if it is `isMade`.}],
      "::mlir::Value", "buildConstant",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc,
           "::mlir::ValueRange":$components, "::mlir::fisher::BeliefType":$type,
           "bool":$isMade),
      [{}], [{ return nullptr; }]>,
  ];
}

#endif // FISHER_IR_REFERENCEINTERFACE_TD
