//===- FisherTypes.cpp - Beliefs ------------------------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/IR/Fisher.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::fisher;

#define GET_TYPEDEF_CLASSES
#include "fisher/IR/FisherTypes.cpp.inc"

void FisherDialect::registerTypes() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "fisher/IR/FisherTypes.cpp.inc"
      >();
}

LogicalResult BeliefType::verify(function_ref<InFlightDiagnostic()> emitError,
                                 FamilyInterface family,
                                 RankedTensorType componentType) {
  Type element = componentType.getElementType();
  if (!element.isF64() && !element.isF32() && !element.isBF16() &&
      !element.isF16())
    return emitError() << "a belief's elements must be f64, f32, bf16 or f16, "
                          "got "
                       << element;
  if (componentType.getRank() < family.getEventRank())
    return emitError() << "family '" << family.getFamilyName() << "' needs "
                       << family.getEventRank()
                       << " event dimensions at the end of the component "
                          "type, but "
                       << componentType << " has rank "
                       << componentType.getRank();
  if (failed(family.verifyEventShape(
          componentType.getShape().take_back(family.getEventRank()),
          emitError)))
    return failure();
  if (componentType.getEncoding())
    return emitError() << "a belief's components must be dense tensors, got "
                          "the encoding "
                       << componentType.getEncoding();
  return success();
}

unsigned BeliefType::getNumComponents() const {
  return getFamily().getComponentNames().size();
}

SmallVector<Type> BeliefType::getComponentTypes() const {
  return SmallVector<Type>(getNumComponents(), getComponentType());
}

FloatType BeliefType::getComputeType() const {
  if (getComponentType().getElementType().isF64())
    return Float64Type::get(getContext());
  return Float32Type::get(getContext());
}

RankedTensorType BeliefType::getBatchType() const {
  return RankedTensorType::get(
      getComponentType().getShape().drop_back(getFamily().getEventRank()),
      getComputeType());
}

ArrayRef<int64_t> BeliefType::getEventShape() const {
  return getComponentType().getShape().take_back(getFamily().getEventRank());
}

RankedTensorType BeliefType::getTotalType() const {
  return RankedTensorType::get({}, getComputeType());
}
