//===- Registration.h - What C and Python use of the compiler -----*- C -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_C_REGISTRATION_H
#define FISHER_C_REGISTRATION_H

#include "mlir-c/IR.h"

#ifdef __cplusplus
extern "C" {
#endif

MLIR_DECLARE_CAPI_DIALECT_REGISTRATION(Fisher, fisher);

/// Adds to `registry` the dialect, and the dialects and extensions that its
/// pipelines need from fisher operations to code.
MLIR_CAPI_EXPORTED void fisherRegisterAllDialects(MlirDialectRegistry registry);

/// Makes the project's passes and pipelines known by name, and MLIR's
/// `canonicalize`, `cse`, `inline` and `symbol-dce`.
MLIR_CAPI_EXPORTED void fisherRegisterAllPasses(void);

#ifdef __cplusplus
}
#endif

#endif // FISHER_C_REGISTRATION_H
