//===- StripMarks.cpp - Remove marks from functions -----------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Transforms/Passes.h"

#include "fisher/IR/Fisher.h"
#include "fisher/IR/Marks.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/SmallVectorExtras.h"

namespace mlir::fisher {
#define GEN_PASS_DEF_FISHERSTRIPMARKS
#include "fisher/Transforms/Passes.h.inc"
} // namespace mlir::fisher

using namespace mlir;
using namespace mlir::fisher;

/// The attributes that are no marks of the dialect.
static DictionaryAttr withoutMarks(DictionaryAttr attrs) {
  SmallVector<NamedAttribute> others;
  for (NamedAttribute attr : attrs)
    if (!isa_and_nonnull<FisherDialect>(attr.getNameDialect()))
      others.push_back(attr);
  return DictionaryAttr::get(attrs.getContext(), others);
}

static SmallVector<DictionaryAttr> withoutMarks(ArrayAttr list) {
  return llvm::map_to_vector(
      list.getAsRange<DictionaryAttr>(),
      [](DictionaryAttr attrs) { return withoutMarks(attrs); });
}

namespace {
struct StripMarks : fisher::impl::FisherStripMarksBase<StripMarks> {
  void runOnOperation() override {
    getOperation()->walk(
        [](ModuleOp module) { module->removeDiscardableAttr(marks::version); });
    getOperation()->walk([](FunctionOpInterface function) {
      function->removeDiscardableAttr(marks::regularized);
      function->removeDiscardableAttr(marks::findings);
      // All at once: to set one copies the list.
      if (ArrayAttr attrs = function.getAllArgAttrs())
        function.setAllArgAttrs(withoutMarks(attrs));
      if (ArrayAttr attrs = function.getAllResultAttrs())
        function.setAllResultAttrs(withoutMarks(attrs));
    });
  }
};
} // namespace
