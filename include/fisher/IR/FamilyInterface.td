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
    A family of distributions in one of its charts: what its components are
    and where they may lie. Operations and passes know a family by this
    interface, and the formulas of its geometry by one of the two interfaces
    that extend it: `PointwiseFamilyInterface` where each element is one
    distribution, `EventFamilyInterface` where the trailing dimensions, called
    event dimensions, belong to one distribution.

    A chart says how the parameters are stored.
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
      [{Whether a component is known, that is, no parameter of the distribution:
        beliefs have a distance only if they have the same, geodesics keep it,
        and gradients and tangent vectors are zero there.}],
      "bool", "isKnown", (ins "unsigned":$component), [{}],
      [{ return false; }]>,
    InterfaceMethod<
      [{The same family in the chart that stores the standard coordinates; null
        if there is no such chart.}],
      "::mlir::fisher::FamilyInterface", "getInStandardChart", (ins), [{}],
      [{ return {}; }]>,
    InterfaceMethod<
      "How many trailing dimensions of a component belong to one distribution.",
      "unsigned", "getEventRank", (ins), [{}], [{ return 0; }]>,
    InterfaceMethod<
      [{Whether there are distributions with these event dimensions; emits an
        error if there are none.}],
      "::llvm::LogicalResult", "verifyEventShape",
      (ins "::llvm::ArrayRef<int64_t>":$shape,
           "::llvm::function_ref<::mlir::InFlightDiagnostic()>":$emitError),
      [{}], [{ return ::llvm::success(); }]>,
    InterfaceMethod<
      [{Whether a stored component of one distribution may have these elements,
        of which there is one unless the family has event dimensions.}],
      "bool", "isEventInDomain",
      (ins "unsigned":$component, "::llvm::ArrayRef<double>":$event), [{}], [{
        return ::llvm::all_of(event, [&](double value) {
          return $_attr.isInDomain(component, value);
        });
      }]>,
    InterfaceMethod<
      [{The domain of a stored component in words: `sigma > 0`.}],
      "std::string", "getDomainDescription", (ins "unsigned":$component)>,
    InterfaceMethod<
      [{The stored components of the belief that has these standard
        coordinates: for each component one number for all elements, or one
        for each element of the event; emits an error and fails if there is no
        such belief.}],
      "::llvm::FailureOr<::mlir::fisher::StoredComponents>",
      "getStoredEvents",
      (ins "::llvm::ArrayRef<double>":$standard,
           "::llvm::ArrayRef<int64_t>":$eventShape,
           "::llvm::function_ref<::mlir::InFlightDiagnostic()>":$emitError),
      [{}], [{
        ::llvm::FailureOr<::llvm::SmallVector<double>> numbers =
            $_attr.getStoredFromStandard(standard, emitError);
        if (::llvm::failed(numbers))
          return ::llvm::failure();
        ::mlir::fisher::StoredComponents components;
        for (double number : *numbers)
          components.push_back({number});
        return components;
      }]>,
  ];
}

/// The formulas of a geometry, which take and return the stored components of
/// one distribution, in the order of their names: each is an `element`.
class Fisher_Geometry<string element> {
  defvar point = "::llvm::ArrayRef<::mlir::fisher::" # element # ">";
  defvar components = "::llvm::SmallVector<::mlir::fisher::" # element # ", 2>";

  list<InterfaceMethod> methods = [
    InterfaceMethod<
      "The squared Fisher-Rao distance of two beliefs.",
      "::mlir::fisher::Scalar", "buildSquaredDistance",
      (ins point:$a, point:$b)>,
    InterfaceMethod<
      [{The squared distance, and its gradient with respect to the stored
        components of the first belief.}],
      "::mlir::fisher::DistanceAndGradientOf<::mlir::fisher::" # element # ">",
      "buildSquaredDistanceWithGradient", (ins point:$a, point:$b)>,
    InterfaceMethod<
      "The Kullback-Leibler divergence of the first from the second, in nats.",
      "::mlir::fisher::Scalar", "buildKLDivergence",
      (ins point:$a, point:$b)>,
    InterfaceMethod<
      [{The same divergence, and its gradients with respect to the stored
        components of both beliefs.}],
      "::mlir::fisher::DivergenceAndGradientsOf<::mlir::fisher::" # element # ">",
      "buildKLDivergenceWithGradients", (ins point:$a, point:$b)>,
    InterfaceMethod<
      "The Fisher metric at a belief applied to a tangent vector: a covector.",
      components, "buildMetric", (ins point:$at, point:$tangent)>,
    InterfaceMethod<
      "The inverse metric at a belief applied to a gradient: a tangent vector.",
      components, "buildNaturalGradient", (ins point:$at, point:$gradient)>,
    InterfaceMethod<
      [{For a function of the natural gradient, of which `covector` is the
        gradient with respect to the tangent vector, its gradient with respect
        to the stored components of `at`. With u and v the natural gradients of
        `covector` and `gradient`, it is minus the gradient of u G v for fixed u
        and v.}],
      components, "buildNaturalGradientPullback",
      (ins point:$at, point:$gradient, point:$covector)>,
    InterfaceMethod<
      [{The tangent vector at `a` of the geodesic that is at `b` at time one:
        minus half the natural gradient of the squared distance.}],
      components, "buildLog", (ins point:$a, point:$b), [{}], [{
        auto tangent = $_attr.buildNaturalGradient(
            a, $_attr.buildSquaredDistanceWithGradient(a, b).gradient);
        for (auto &component : tangent)
          component = -0.5 * component;
        return tangent;
      }]>,
    InterfaceMethod<
      "Where the geodesic with this tangent vector at `a` is at time one.",
      components, "buildExp", (ins point:$a, point:$tangent)>,
    InterfaceMethod<
      [{The geodesic's point at fraction `t` of the way from `a` to `b`;
        `t = 0` gives `a` and `t = 1` gives `b`, up to rounding.}],
      components, "buildGeodesic",
      (ins point:$a, point:$b, "::mlir::fisher::Scalar":$t)>,
    InterfaceMethod<
      [{For a function of the geodesic's point, of which `covector` is the
        gradient with respect to the point's stored components, its gradient
        with respect to `a`, `b` and `t`. It is what it should be also where
        the beliefs are equal.}],
      "::mlir::fisher::GeodesicGradientOf<::mlir::fisher::" # element # ">",
      "buildGeodesicPullback",
      (ins point:$a, point:$b, "::mlir::fisher::Scalar":$t, point:$covector)>,
    InterfaceMethod<
      [{The same belief in the chart `target` of the same family.}],
      components, "buildConvert",
      (ins point:$belief, "::mlir::fisher::FamilyInterface":$target)>,
  ];
}

def Fisher_PointwiseFamilyInterface
    : AttrInterface<"PointwiseFamilyInterface", [Fisher_FamilyInterface]> {
  let cppNamespace = "::mlir::fisher";
  let description = [{
    The geometry of a family whose distributions are single elements. Formulas
    are written against the scalar builder, and build the same arithmetic for
    scalars and vectors, f32 and f64.
  }];

  let methods = [
    InterfaceMethod<
      [{Whether a stored component may have this value.}],
      "bool", "isInDomain", (ins "unsigned":$component, "double":$value)>,
    InterfaceMethod<
      [{The stored components of the belief that has these standard
        coordinates; emits an error and fails if there is none.}],
      "::llvm::FailureOr<::llvm::SmallVector<double>>", "getStoredFromStandard",
      (ins "::llvm::ArrayRef<double>":$standard,
           "::llvm::function_ref<::mlir::InFlightDiagnostic()>":$emitError)>,
  ] # Fisher_Geometry<"Scalar">.methods;
}

def Fisher_EventFamilyInterface
    : AttrInterface<"EventFamilyInterface", [Fisher_FamilyInterface]> {
  let cppNamespace = "::mlir::fisher";
  let description = [{
    The geometry of a family whose distributions have event dimensions.
    Formulas are about one distribution: a component is an `EventArray` of the
    event's shape, and what they compute from its elements they write as sums
    and maps over them, or as operations on matrices.
  }];

  let methods = Fisher_Geometry<"EventArray">.methods;
}

#endif // FISHER_IR_FAMILYINTERFACE_TD
