//===- Contractions.cpp - Products of two tensors with a sum --------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Transforms/Contractions.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace mlir::fisher;

/// The argument of the body that `value` is, or was before it was extended.
static BlockArgument getFactor(Value value) {
  if (auto extension = value.getDefiningOp<arith::ExtFOp>())
    value = extension.getIn();
  return dyn_cast<BlockArgument>(value);
}

/// Whether the body yields out + lhs * rhs and nothing else is in it.
static bool isMultiplyAdd(Block &body) {
  auto sum = body.getTerminator()->getOperand(0).getDefiningOp<arith::AddFOp>();
  if (!sum)
    return false;
  BlockArgument out = body.getArgument(2);
  Value term = sum.getLhs() == out ? sum.getRhs() : sum.getLhs();
  auto product = term.getDefiningOp<arith::MulFOp>();
  if (!product || (sum.getLhs() != out && sum.getRhs() != out))
    return false;
  BlockArgument first = getFactor(product.getLhs());
  BlockArgument second = getFactor(product.getRhs());
  return first && second && first != second && first != out && second != out;
}

/// Whether each index is a sum of multiples of loops.
static bool isLinear(AffineMap map) {
  return map.getNumSymbols() == 0 &&
         llvm::all_of(map.getResults(), [](AffineExpr result) {
           bool linear = true;
           result.walk([&](AffineExpr expr) {
             AffineExprKind kind = expr.getKind();
             linear &= kind != AffineExprKind::Mod &&
                       kind != AffineExprKind::FloorDiv &&
                       kind != AffineExprKind::CeilDiv;
           });
           return linear;
         });
}

std::optional<ContractionDims> fisher::matchContraction(linalg::LinalgOp op) {
  if (op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1)
    return std::nullopt;
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  if (!llvm::all_of(maps, isLinear) || !maps[2].isProjectedPermutation())
    return std::nullopt;
  for (OpOperand &operand : op->getOpOperands())
    if (!isa<FloatType>(getElementTypeOrSelf(operand.get().getType())) ||
        !isa<ShapedType>(operand.get().getType()))
      return std::nullopt;
  if (!isMultiplyAdd(*op.getBlock()))
    return std::nullopt;

  ContractionDims dims;
  for (unsigned dim = 0, e = op.getNumLoops(); dim != e; ++dim) {
    bool lhs = maps[0].isFunctionOfDim(dim);
    bool rhs = maps[1].isFunctionOfDim(dim);
    bool out = maps[2].isFunctionOfDim(dim);
    if (lhs && rhs)
      (out ? dims.batch : dims.k).push_back(dim);
    else if (out && (lhs || rhs))
      (lhs ? dims.m : dims.n).push_back(dim);
    else
      return std::nullopt;
  }
  if (dims.k.empty() || (dims.m.empty() && dims.n.empty()))
    return std::nullopt;
  return dims;
}

Value fisher::getWhole(Value value) {
  while (Operation *definition = value.getDefiningOp()) {
    if (!isa<memref::CollapseShapeOp, memref::ExpandShapeOp>(definition))
      break;
    value = definition->getOperand(0);
  }
  return value;
}
