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
      "Whether the reference makes sense for the family; emits an error if not.",
      "::llvm::LogicalResult", "verifyForFamily",
      (ins "::mlir::fisher::FamilyInterface":$family,
           "::llvm::function_ref<::mlir::InFlightDiagnostic()>":$emitError)>,
    InterfaceMethod<
      [{Whether the reference can be stored like beliefs of this type; emits an
        error if not.}],
      "::llvm::LogicalResult", "verifyForType",
      (ins "::mlir::fisher::BeliefType":$type,
           "::llvm::function_ref<::mlir::InFlightDiagnostic()>":$emitError),
      [{}], [{ return ::llvm::success(); }]>,
    InterfaceMethod<
      [{The names of the arguments that hold the reference's components, with
        `{0}`, `{1}`, ... for what the globs' groups captured; empty if the
        reference is not held in arguments.}],
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
        reference is held in arguments or state.}],
      "::mlir::Value", "buildConstant",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc,
           "::mlir::ValueRange":$components, "::mlir::fisher::BeliefType":$type),
      [{}], [{ return nullptr; }]>,
  ];
}

#endif // FISHER_IR_REFERENCEINTERFACE_TD
