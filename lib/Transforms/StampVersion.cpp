//===- StampVersion.cpp - Write the version into a module -----------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Transforms/Passes.h"

#include "fisher/IR/Fisher.h"
#include "fisher/IR/Marks.h"
#include "fisher/IR/Version.h"

#include "mlir/IR/BuiltinOps.h"

namespace mlir::fisher {
#define GEN_PASS_DEF_FISHERSTAMPVERSION
#include "fisher/Transforms/Passes.h.inc"
} // namespace mlir::fisher

using namespace mlir;
using namespace mlir::fisher;

namespace {
struct StampVersion : fisher::impl::FisherStampVersionBase<StampVersion> {
  void runOnOperation() override {
    getOperation()->setAttr(marks::version,
                            VersionAttr::get(&getContext(), Version::current));
  }
};
} // namespace
