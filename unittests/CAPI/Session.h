//===- Session.h - A context as a caller in C has it ------------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_UNITTESTS_CAPI_SESSION_H
#define FISHER_UNITTESTS_CAPI_SESSION_H

#include "fisher-c/Registration.h"

#include "mlir-c/Diagnostics.h"

#include <string>

/// A context with everything registered, and what was reported in it.
class Session {
public:
  Session() {
    MlirDialectRegistry registry = mlirDialectRegistryCreate();
    fisherRegisterAllDialects(registry);
    context = mlirContextCreateWithRegistry(registry, /*threading=*/false);
    mlirDialectRegistryDestroy(registry);
    mlirContextAttachDiagnosticHandler(context, handle, &reported, nullptr);
  }
  Session(const Session &) = delete;
  Session &operator=(const Session &) = delete;
  ~Session() { mlirContextDestroy(context); }

  MlirModule parse(const char *text) {
    return mlirModuleCreateParse(context, mlirStringRefCreateFromCString(text));
  }

  static void append(MlirStringRef text, void *to) {
    static_cast<std::string *>(to)->append(text.data, text.length);
  }

  MlirContext context;
  std::string reported;

private:
  static MlirLogicalResult handle(MlirDiagnostic diagnostic, void *reported) {
    mlirDiagnosticPrint(diagnostic, append, reported);
    return mlirLogicalResultSuccess();
  }
};

#endif // FISHER_UNITTESTS_CAPI_SESSION_H
