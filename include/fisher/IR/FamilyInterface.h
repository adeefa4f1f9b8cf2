//===- FamilyInterface.h - What a family of distributions is --------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_IR_FAMILYINTERFACE_H
#define FISHER_IR_FAMILYINTERFACE_H

#include "fisher/Math/Array.h"
#include "fisher/Math/Scalar.h"

#include "mlir/IR/Attributes.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Diagnostics.h"

namespace mlir::fisher {

class FamilyInterface;

/// The stored components of one belief, of a tangent vector or of a covector.
using Point = ArrayRef<Scalar>;
using Components = SmallVector<Scalar, 2>;

/// The same for a family with event dimensions.
using ArrayPoint = ArrayRef<EventArray>;
using ArrayComponents = SmallVector<EventArray, 2>;

/// A squared distance, and its gradient with respect to the stored components
/// of the first belief.
template <typename Element>
struct DistanceAndGradientOf {
  Scalar distance;
  SmallVector<Element, 2> gradient;
};
using DistanceAndGradient = DistanceAndGradientOf<Scalar>;
using DistanceAndArrayGradient = DistanceAndGradientOf<EventArray>;

/// A divergence, and its gradients with respect to the stored components of
/// both beliefs.
template <typename Element>
struct DivergenceAndGradientsOf {
  Scalar divergence;
  SmallVector<Element, 2> first, second;
};
using DivergenceAndGradients = DivergenceAndGradientsOf<Scalar>;
using DivergenceAndArrayGradients = DivergenceAndGradientsOf<EventArray>;

/// The gradient of a function of a geodesic's point, with respect to what the
/// point is computed from: the stored components of both ends, and the
/// fraction.
template <typename Element>
struct GeodesicGradientOf {
  SmallVector<Element, 2> first, second;
  Scalar fraction;
};
using GeodesicGradient = GeodesicGradientOf<Scalar>;
using GeodesicArrayGradient = GeodesicGradientOf<EventArray>;

/// The numbers of a constant belief: for each component one for all elements,
/// or one for each element of the event.
using StoredComponents = SmallVector<SmallVector<double, 1>, 2>;

} // namespace mlir::fisher

#include "fisher/IR/FamilyInterface.h.inc"

#endif // FISHER_IR_FAMILYINTERFACE_H
