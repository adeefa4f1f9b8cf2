//===- FamilyInterface.td - What a family of distributions is *- tablegen -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_IR_FAMILYINTERFACE_TD
#define FISHER_IR_FAMILYINTERFACE_TD

include "mlir/IR/OpBase.td"

def Fisher_FamilyInterface : AttrInterface<"FamilyInterface"> {
  let cppNamespace = "::mlir::fisher";
  let description = [{
    A family of distributions in one of its charts: what its components are,
    where they may lie, and the formulas of its geometry. Operations and
    passes know a family by this interface alone.

    A chart says how the parameters are stored. Formulas take and return
    stored components, one `Scalar` each, in the order of the component
    names; they are written against the scalar builder, and build the same
    arithmetic for scalars and vectors, f32 and f64.
  }];

  let methods = [
    InterfaceMethod<
      "The family's name, for messages: `gaussian`.",
      "::llvm::StringRef", "getFamilyName", (ins), [{}], [{
        return ConcreteAttr::getMnemonic();
      }]>,
    InterfaceMethod<
      "The chart's name, for messages: `log_sigma`.",
      "::llvm::StringRef", "getChartName", (ins), [{}], [{
        return stringifyEnum($_attr.getChart());
      }]>,
    InterfaceMethod<
      "The stored components' names, in order: `mean`, `scale`.",
      "::llvm::ArrayRef<::llvm::StringRef>", "getComponentNames">,
    InterfaceMethod<
      "The names of the standard coordinates, in which a prior is given.",
      "::llvm::ArrayRef<::llvm::StringRef>", "getStandardNames">,
    InterfaceMethod<
      "How many trailing dimensions of a component belong to one distribution.",
      "unsigned", "getEventRank", (ins), [{}], [{ return 0; }]>,
    InterfaceMethod<
      [{Whether a stored component may have this value.}],
      "bool", "isInDomain", (ins "unsigned":$component, "double":$value)>,
    InterfaceMethod<
      [{The domain of a stored component in words: `sigma > 0`.}],
      "std::string", "getDomainDescription", (ins "unsigned":$component)>,
    InterfaceMethod<
      [{The stored components of the belief that has these standard
        coordinates; emits an error and fails if there is none.}],
      "::llvm::FailureOr<::llvm::SmallVector<double>>", "getStoredFromStandard",
      (ins "::llvm::ArrayRef<double>":$standard,
           "::llvm::function_ref<::mlir::InFlightDiagnostic()>":$emitError)>,

    InterfaceMethod<
      "The squared Fisher-Rao distance of two beliefs.",
      "::mlir::fisher::Scalar", "buildSquaredDistance",
      (ins "::mlir::fisher::Point":$a, "::mlir::fisher::Point":$b)>,
    InterfaceMethod<
      [{The squared distance, and its gradient with respect to the stored
        components of the first belief.}],
      "::mlir::fisher::DistanceAndGradient", "buildSquaredDistanceWithGradient",
      (ins "::mlir::fisher::Point":$a, "::mlir::fisher::Point":$b)>,
    InterfaceMethod<
      "The Kullback-Leibler divergence of the first from the second, in nats.",
      "::mlir::fisher::Scalar", "buildKLDivergence",
      (ins "::mlir::fisher::Point":$a, "::mlir::fisher::Point":$b)>,
    InterfaceMethod<
      "The Fisher metric at a belief applied to a tangent vector: a covector.",
      "::mlir::fisher::Components", "buildMetric",
      (ins "::mlir::fisher::Point":$at, "::mlir::fisher::Point":$tangent)>,
    InterfaceMethod<
      "The inverse metric at a belief applied to a gradient: a tangent vector.",
      "::mlir::fisher::Components", "buildNaturalGradient",
      (ins "::mlir::fisher::Point":$at, "::mlir::fisher::Point":$gradient)>,
    InterfaceMethod<
      [{The tangent vector at `a` of the geodesic that is at `b` at time one:
        minus half the natural gradient of the squared distance.}],
      "::mlir::fisher::Components", "buildLog",
      (ins "::mlir::fisher::Point":$a, "::mlir::fisher::Point":$b), [{}], [{
        Components tangent = $_attr.buildNaturalGradient(
            a, $_attr.buildSquaredDistanceWithGradient(a, b).gradient);
        for (Scalar &component : tangent)
          component = -0.5 * component;
        return tangent;
      }]>,
    InterfaceMethod<
      "Where the geodesic with this tangent vector at `a` is at time one.",
      "::mlir::fisher::Components", "buildExp",
      (ins "::mlir::fisher::Point":$a, "::mlir::fisher::Point":$tangent)>,
    InterfaceMethod<
      [{The geodesic's point at fraction `t` of the way from `a` to `b`;
        `t = 0` gives `a` and `t = 1` gives `b`, up to rounding.}],
      "::mlir::fisher::Components", "buildGeodesic",
      (ins "::mlir::fisher::Point":$a, "::mlir::fisher::Point":$b,
           "::mlir::fisher::Scalar":$t)>,
    InterfaceMethod<
      [{The same belief in the chart `target` of the same family.}],
      "::mlir::fisher::Components", "buildConvert",
      (ins "::mlir::fisher::Point":$belief,
           "::mlir::fisher::FamilyInterface":$target)>,
  ];
}

#endif // FISHER_IR_FAMILYINTERFACE_TD
