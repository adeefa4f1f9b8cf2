//===- FamilyInterface.h - What a family of distributions is
//---------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_IR_FAMILYINTERFACE_H
#define FISHER_IR_FAMILYINTERFACE_H

#include "fisher/Math/Scalar.h"

#include "mlir/IR/Attributes.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Diagnostics.h"

namespace mlir::fisher {

class FamilyInterface;

/// The stored components of one belief, of a tangent vector or of a covector.
using Point = ArrayRef<Scalar>;
using Components = SmallVector<Scalar, 2>;

/// A squared distance, and its gradient with respect to the stored components
/// of the first belief.
struct DistanceAndGradient {
  Scalar distance;
  Components gradient;
};

} // namespace mlir::fisher

#include "fisher/IR/FamilyInterface.h.inc"

#endif // FISHER_IR_FAMILYINTERFACE_H
