//===- LegalizeReshapes.cpp - Expansions to several unknown sizes ---------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "IndexBuilder.h"
#include "fisher/Pipelines/Passes.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

namespace mlir::fisher {
#define GEN_PASS_DEF_FISHERLEGALIZERESHAPES
#include "fisher/Pipelines/Passes.h.inc"
} // namespace mlir::fisher

using namespace mlir;
using fisher::IndexBuilder;

/// Whether several dimensions that come of one are unknown.
static bool hasSeveralUnknown(memref::ExpandShapeOp expand) {
  MemRefType type = expand.getResultType();
  return llvm::any_of(expand.getReassociationIndices(),
                      [&](ArrayRef<int64_t> group) {
                        return llvm::count_if(group, [&](int64_t dimension) {
                                 return type.isDynamicDim(dimension);
                               }) > 1;
                      });
}

static void makeView(memref::ExpandShapeOp expand) {
  IndexBuilder b(expand.getLoc(), expand);
  MemRefType type = expand.getResultType();
  auto [knownStrides, knownOffset] = type.getStridesAndOffset();
  auto source = memref::ExtractStridedMetadataOp::create(b, expand.getSrc());
  SmallVector<OpFoldResult> sizes = expand.getMixedOutputShape();
  SmallVector<OpFoldResult> strides(sizes.size());
  for (auto [group, sourceStride] :
       llvm::zip_equal(expand.getReassociationIndices(), source.getStrides())) {
    Value stride = sourceStride;
    for (int64_t dimension : llvm::reverse(group)) {
      if (dimension != group.back())
        stride = b.multiply(stride, getValueOrCreateConstantIndexOp(
                                        b, b.getLoc(), sizes[dimension + 1]));
      // The type says what is known.
      strides[dimension] = ShapedType::isDynamic(knownStrides[dimension])
                               ? OpFoldResult(stride)
                               : b.getIndexAttr(knownStrides[dimension]);
    }
  }
  OpFoldResult offset = ShapedType::isDynamic(knownOffset)
                            ? OpFoldResult(source.getOffset())
                            : b.getIndexAttr(knownOffset);
  Value view = memref::ReinterpretCastOp::create(
      b, type, source.getBaseBuffer(), offset, sizes, strides);
  expand.replaceAllUsesWith(view);
  expand.erase();
}

namespace {
struct LegalizeReshapes
    : public fisher::impl::FisherLegalizeReshapesBase<LegalizeReshapes> {
  void runOnOperation() override {
    getOperation()->walk([](memref::ExpandShapeOp expand) {
      if (hasSeveralUnknown(expand))
        makeView(expand);
    });
  }
};
} // namespace
