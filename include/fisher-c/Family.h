//===- Family.h - Families of distributions -----------------------*- C -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_C_FAMILY_H
#define FISHER_C_FAMILY_H

#include "mlir-c/IR.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Whether an attribute is a family in one of its charts, such as
/// `#fisher.gaussian<softplus>`; the other functions are about these only.
MLIR_CAPI_EXPORTED bool fisherAttributeIsAFamily(MlirAttribute attribute);

/// The stored components of a belief, in order.
MLIR_CAPI_EXPORTED intptr_t fisherFamilyGetNumComponents(MlirAttribute family);
MLIR_CAPI_EXPORTED MlirStringRef
fisherFamilyGetComponentName(MlirAttribute family, intptr_t index);

/// The standard coordinates, in which a prior is given.
MLIR_CAPI_EXPORTED intptr_t
fisherFamilyGetNumStandardCoordinates(MlirAttribute family);
MLIR_CAPI_EXPORTED MlirStringRef
fisherFamilyGetStandardName(MlirAttribute family, intptr_t index);

/// How many trailing dimensions of a component belong to one distribution.
MLIR_CAPI_EXPORTED intptr_t fisherFamilyGetEventRank(MlirAttribute family);

#ifdef __cplusplus
}
#endif

#endif // FISHER_C_FAMILY_H
