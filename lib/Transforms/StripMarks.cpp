//===- StripMarks.cpp - Remove marks from functions -----------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Transforms/Passes.h"

#include "fisher/IR/Fisher.h"

#include "mlir/Interfaces/FunctionInterfaces.h"

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

namespace {
struct StripMarks : fisher::impl::FisherStripMarksBase<StripMarks> {
  void runOnOperation() override {
    getOperation()->walk([](FunctionOpInterface function) {
      for (unsigned i = 0, e = function.getNumArguments(); i != e; ++i)
        if (DictionaryAttr attrs = function.getArgAttrDict(i))
          function.setArgAttrs(i, withoutMarks(attrs));
      for (unsigned i = 0, e = function.getNumResults(); i != e; ++i)
        if (DictionaryAttr attrs = function.getResultAttrDict(i))
          function.setResultAttrs(i, withoutMarks(attrs));
    });
  }
};
} // namespace
