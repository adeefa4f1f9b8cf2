//===- Family.cpp - Families of distributions -----------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher-c/Family.h"
#include "fisher/IR/Fisher.h"

#include "mlir/CAPI/IR.h"
#include "mlir/CAPI/Support.h"

using namespace mlir;
using namespace mlir::fisher;

static FamilyInterface get(MlirAttribute family) {
  return cast<FamilyInterface>(unwrap(family));
}

bool fisherAttributeIsAFamily(MlirAttribute attribute) {
  return isa<FamilyInterface>(unwrap(attribute));
}

intptr_t fisherFamilyGetNumComponents(MlirAttribute family) {
  return static_cast<intptr_t>(get(family).getComponentNames().size());
}

MlirStringRef fisherFamilyGetComponentName(MlirAttribute family,
                                           intptr_t index) {
  return wrap(get(family).getComponentNames()[index]);
}

intptr_t fisherFamilyGetNumStandardCoordinates(MlirAttribute family) {
  return static_cast<intptr_t>(get(family).getStandardNames().size());
}

MlirStringRef fisherFamilyGetStandardName(MlirAttribute family,
                                          intptr_t index) {
  return wrap(get(family).getStandardNames()[index]);
}

intptr_t fisherFamilyGetEventRank(MlirAttribute family) {
  return get(family).getEventRank();
}
