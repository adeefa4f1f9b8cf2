//===- Constants.cpp - Constants that are no beliefs, weights or strengths ===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/IR/Fisher.h"

#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::fisher;

/// Whether a component of beliefs of this type may be this constant.
static bool isInDomain(BeliefType type, unsigned component,
                       DenseFPElementsAttr constant) {
  auto toDouble = [](APFloat number) {
    bool lost;
    number.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &lost);
    return number.convertToDouble();
  };
  FamilyInterface family = type.getFamily();
  size_t size = ShapedType::getNumElements(type.getEventShape());
  SmallVector<double> event;
  if (constant.isSplat() && !constant.empty()) {
    event.assign(size, toDouble(constant.getSplatValue<APFloat>()));
    return family.isEventInDomain(component, event);
  }
  for (const APFloat &number : constant.getValues<APFloat>()) {
    event.push_back(toDouble(number));
    if (event.size() != size)
      continue;
    if (!family.isEventInDomain(component, event))
      return false;
    event.clear();
  }
  return true;
}

static LogicalResult checkComponents(BeliefOp op) {
  BeliefType type = op.getBelief().getType();
  FamilyInterface family = type.getFamily();
  for (auto [index, component] : llvm::enumerate(op.getComponents())) {
    DenseFPElementsAttr constant;
    if (!matchPattern(component, m_Constant(&constant)) ||
        isInDomain(type, index, constant))
      continue;
    InFlightDiagnostic diag =
        op.emitOpError() << "has a constant outside the domain of component '"
                         << family.getComponentNames()[index] << "' of "
                         << family << ": needs "
                         << family.getDomainDescription(index);
    diag.attachNote(component.getLoc()) << "the constant is here";
    return diag;
  }
  return success();
}

/// Emits an error if `value` is a constant below zero or not a number.
static LogicalResult checkNotNegative(Operation *op, Value value,
                                      StringRef what) {
  APFloat number(0.0);
  if (!matchPattern(value, m_ConstantFloat(&number)) || number.isZero() ||
      (!number.isNaN() && !number.isNegative()))
    return success();
  return op->emitOpError() << "needs a " << what
                           << " that is not negative, got "
                           << number.convertToDouble();
}

LogicalResult mlir::fisher::checkConstants(Operation *root) {
  WalkResult walked = root->walk([](Operation *op) -> WalkResult {
    return llvm::TypeSwitch<Operation *, LogicalResult>(op)
        .Case(checkComponents)
        .Case<PenaltyOp, PenaltyWithGradientOp>([](auto penalty) {
          return checkNotNegative(penalty, penalty.getWeight(), "weight");
        })
        .Case([](ProximalStepOp step) {
          return checkNotNegative(step, step.getStrength(), "strength");
        })
        .Default([](Operation *) { return success(); });
  });
  return failure(walked.wasInterrupted());
}
