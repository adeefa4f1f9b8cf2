//===- Broadcast.cpp - Tensors that several elements share ----------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Broadcast.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::fisher;

bool mlir::fisher::isBroadcastable(RankedTensorType from, RankedTensorType to,
                                   unsigned eventRank) {
  if (from == to)
    return true;
  if (from.getElementType() != to.getElementType() ||
      from.getEncoding() != to.getEncoding() || from.getRank() > to.getRank() ||
      from.getRank() < eventRank)
    return false;
  for (int64_t back = 1; back <= from.getRank(); ++back) {
    int64_t size = from.getDimSize(from.getRank() - back);
    if (size != to.getDimSize(to.getRank() - back) &&
        (size != 1 || back <= eventRank))
      return false;
  }
  return true;
}

namespace {
/// How the dimensions of two types correspond, of which the first can be
/// broadcast to the second.
struct Correspondence {
  /// The dimensions of the second type that the first does not have, or has
  /// with size one.
  SmallVector<int64_t> repeated;
  /// The sizes that both have.
  SmallVector<int64_t> common;
  /// The dimensions of the first type, one group for each size in `common`.
  SmallVector<ReassociationIndices> groups;

  Correspondence(RankedTensorType from, RankedTensorType to) {
    int64_t missing = to.getRank() - from.getRank();
    ReassociationIndices leadingOnes;
    for (int64_t i = 0, e = to.getRank(); i != e; ++i) {
      int64_t own = i - missing;
      if (own >= 0 && from.getDimSize(own) == to.getDimSize(i)) {
        common.push_back(to.getDimSize(i));
        groups.push_back(std::exchange(leadingOnes, {}));
        groups.back().push_back(own);
        continue;
      }
      repeated.push_back(i);
      if (own >= 0)
        (groups.empty() ? leadingOnes : groups.back()).push_back(own);
    }
  }
};
} // namespace

Value mlir::fisher::buildBroadcast(OpBuilder &builder, Location loc,
                                   Value tensor, RankedTensorType type,
                                   Value like) {
  auto from = cast<RankedTensorType>(tensor.getType());
  if (from == type)
    return tensor;
  Correspondence dims(from, type);
  if (static_cast<int64_t>(dims.common.size()) != from.getRank())
    tensor = tensor::CollapseShapeOp::create(
        builder, loc, from.clone(dims.common), tensor, dims.groups);
  SmallVector<Value> sizes;
  int64_t own = 0;
  for (int64_t i = 0, e = type.getRank(); i != e; ++i) {
    bool isRepeated = llvm::is_contained(dims.repeated, i);
    if (type.isDynamicDim(i))
      sizes.push_back(isRepeated
                          ? tensor::DimOp::create(builder, loc, like, i)
                          : tensor::DimOp::create(builder, loc, tensor, own));
    own += !isRepeated;
  }
  Value init = tensor::EmptyOp::create(builder, loc, type, sizes);
  return linalg::BroadcastOp::create(builder, loc, tensor, init, dims.repeated)
      ->getResult(0);
}

Value mlir::fisher::buildSumToShape(OpBuilder &builder, Location loc,
                                    Value tensor, RankedTensorType type) {
  auto from = cast<RankedTensorType>(tensor.getType());
  FloatType wide = builder.getF64Type();
  if (from == type)
    return wide == type.getElementType()
               ? tensor
               : arith::ExtFOp::create(builder, loc, type.clone(wide), tensor);
  Correspondence dims(type, from);
  SmallVector<Value> sizes;
  for (int64_t i = 0, e = from.getRank(); i != e; ++i)
    if (from.isDynamicDim(i) && !llvm::is_contained(dims.repeated, i))
      sizes.push_back(tensor::DimOp::create(builder, loc, tensor, i));
  Value empty = tensor::EmptyOp::create(builder, loc, dims.common, wide, sizes);
  Value zero =
      arith::ConstantOp::create(builder, loc, builder.getF64FloatAttr(0.0));
  Value init = linalg::FillOp::create(builder, loc, zero, empty)->getResult(0);
  auto add = [&](OpBuilder &nested, Location bodyLoc, ValueRange elements) {
    Value element = elements[0];
    if (element.getType() != wide)
      element = arith::ExtFOp::create(nested, bodyLoc, wide, element);
    Value sum = arith::AddFOp::create(nested, bodyLoc, elements[1], element);
    linalg::YieldOp::create(nested, bodyLoc, sum);
  };
  Value sum =
      linalg::ReduceOp::create(builder, loc, tensor, init, dims.repeated, add)
          ->getResult(0);
  if (static_cast<int64_t>(dims.common.size()) == type.getRank())
    return sum;
  return tensor::ExpandShapeOp::create(builder, loc, type.clone(wide), sum,
                                       dims.groups);
}

Value mlir::fisher::castElements(OpBuilder &builder, Location loc, Value tensor,
                                 Type element) {
  auto type = cast<RankedTensorType>(tensor.getType());
  unsigned from = type.getElementTypeBitWidth();
  unsigned to = element.getIntOrFloatBitWidth();
  Type target = type.clone(element);
  if (from < to)
    return arith::ExtFOp::create(builder, loc, target, tensor);
  if (from > to)
    return arith::TruncFOp::create(builder, loc, target, tensor);
  return tensor;
}
