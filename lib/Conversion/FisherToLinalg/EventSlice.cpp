//===- EventSlice.cpp - One distribution's part of a tensor ---------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "EventSlice.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::fisher;

EventSlice::EventSlice(OpBuilder &builder, Location loc, Value tensor,
                       ValueRange distribution) {
  auto whole = cast<RankedTensorType>(tensor.getType());
  int64_t batchRank = distribution.size();
  strides.assign(whole.getRank(), builder.getIndexAttr(1));
  offsets.assign(distribution.begin(), distribution.end());
  offsets.append(whole.getRank() - batchRank, builder.getIndexAttr(0));
  sizes.assign(batchRank, builder.getIndexAttr(1));
  for (int64_t i = batchRank, e = whole.getRank(); i != e; ++i)
    sizes.push_back(tensor::getMixedSize(builder, loc, tensor, i));
  type = RankedTensorType::get(whole.getShape().drop_front(batchRank),
                               whole.getElementType());
}

Value mlir::fisher::createEmpty(OpBuilder &builder, Location loc,
                                RankedTensorType type, Value like) {
  SmallVector<Value> sizes;
  for (int64_t i = 0, e = type.getRank(); i != e; ++i)
    if (type.isDynamicDim(i))
      sizes.push_back(tensor::DimOp::create(builder, loc, like, i));
  return tensor::EmptyOp::create(builder, loc, type, sizes);
}
