//===- BatchTensors.cpp - Events of all distributions ---------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Batcher.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace mlir::fisher;

//===----------------------------------------------------------------------===//
// Loops over elements
//===----------------------------------------------------------------------===//

LogicalResult Batcher::translateGeneric(linalg::GenericOp op) {
  Block &body = *op.getBody();
  // What depends on nothing of the batch has none of its dimensions.
  unsigned outer = getLevel(op->getOperands());
  op.getRegion().walk([&](Operation *inner) {
    outer = std::max(outer, getLevel(inner->getOperands()));
  });
  SmallVector<int64_t> shape = levels[outer];
  int64_t first = shape.size();
  llvm::append_range(shape, op.getStaticLoopRanges());
  levels.push_back(shape);
  unsigned inner = getLevel();

  for (OpOperand &operand : op->getOpOperands()) {
    BlockArgument element = op.getMatchingBlockArgument(&operand);
    AffineMap map = op.getMatchingIndexingMap(&operand);
    // What was reduced so far is no element.
    if (element.use_empty() ||
        (op.isDpsInit(&operand) && map.getNumResults() != op.getNumLoops()))
      continue;
    if (!map.isProjectedPermutation())
      return refuse(op, "its elements are not read in their order");
    if (!isa<RankedTensorType>(operand.get().getType())) {
      values[element] = look(operand.get());
      continue;
    }
    unsigned level = look(operand.get()).level;
    auto dimensions = llvm::to_vector(llvm::seq<int64_t>(levels[level].size()));
    for (AffineExpr expr : map.getResults())
      dimensions.push_back(first + cast<AffineDimExpr>(expr).getPosition());
    set(element,
        stablehlo::createBroadcast(builder, loc, get(operand.get(), level),
                                   shape, dimensions),
        inner);
  }

  // What combines a term with what was reduced so far is not in the loop.
  auto yield = cast<linalg::YieldOp>(body.getTerminator());
  llvm::SmallPtrSet<Operation *, 2> combining;
  for (unsigned k = 0; k != op.getNumDpsInits(); ++k)
    if (op.getMatchingIndexingMap(op.getDpsInitOperand(k)).getNumResults() !=
        op.getNumLoops())
      combining.insert(yield.getOperand(k).getDefiningOp());
  for (Operation &each : body.without_terminator())
    if (!combining.contains(&each) && failed(translate(&each)))
      return failure();

  SmallVector<Value> results;
  for (unsigned k = 0; k != op.getNumDpsInits(); ++k) {
    OpOperand *init = op.getDpsInitOperand(k);
    AffineMap map = op.getMatchingIndexingMap(init);
    Value yielded = yield.getOperand(k);
    loc = op.getLoc();
    if (map.isIdentity()) {
      results.push_back(get(yielded, inner));
      continue;
    }
    Operation *combine = yielded.getDefiningOp();
    BlockArgument carried = op.getMatchingBlockArgument(init);
    if (!combine || combine->getBlock() != &body ||
        combine->getNumOperands() != 2 || !map.isProjectedPermutation() ||
        !llvm::is_sorted(map.getResults(),
                         [](AffineExpr a, AffineExpr b) {
                           return cast<AffineDimExpr>(a).getPosition() <
                                  cast<AffineDimExpr>(b).getPosition();
                         }) ||
        !llvm::is_contained(combine->getOperands(), carried))
      return refuse(op, "it is neither elementwise nor a reduction");
    std::optional<TypedAttr> neutral = arith::getNeutralElement(combine);
    StringRef name = getName(combine);
    if (!neutral || name.empty())
      return refuse(combine, "nothing can be reduced by it");
    Value term = combine->getOperand(combine->getOperand(0) == carried);
    SmallVector<int64_t> dimensions;
    for (unsigned i = 0; i != op.getNumLoops(); ++i)
      if (!map.isFunctionOfDim(i))
        dimensions.push_back(first + i);
    Value reduced = stablehlo::createReduce(
        builder, loc, name, get(term, inner),
        stablehlo::createSplat(builder, loc,
                               RankedTensorType::get({}, neutral->getType()),
                               *neutral),
        dimensions);
    Translated start = look(init->get());
    bool isNeutral = start.constant == *neutral;
    if (auto elements = dyn_cast_or_null<DenseElementsAttr>(start.constant))
      isNeutral =
          elements.isSplat() && elements.getSplatValue<Attribute>() == *neutral;
    if (!isNeutral)
      reduced = stablehlo::createElementwise(
          builder, loc, name, {reduced, get(init->get(), outer)});
    results.push_back(reduced);
  }
  levels.pop_back();
  for (auto [result, value] : llvm::zip_equal(op.getResults(), results))
    set(result, value, outer);
  return success();
}

//===----------------------------------------------------------------------===//
// Elements of tensors
//===----------------------------------------------------------------------===//

FailureOr<SmallVector<Value>>
Batcher::getStarts(Operation *op, ValueRange indices, unsigned level) {
  SmallVector<Value> starts;
  if (!levels[level].empty())
    starts.assign(
        levels[level].size(),
        stablehlo::createSplat(builder, loc,
                               RankedTensorType::get({}, builder.getI32Type()),
                               builder.getI32IntegerAttr(0)));
  for (Value index : indices) {
    if (look(index).level != 0)
      return refuse(op, "its indices differ from distribution to distribution");
    starts.push_back(get(index, 0));
  }
  return starts;
}

LogicalResult Batcher::translateExtract(Operation *op, Value tensor,
                                        ValueRange indices) {
  unsigned level = look(tensor).level;
  Value source = get(tensor, level);
  auto type = cast<RankedTensorType>(source.getType());
  SmallVector<int64_t> sizes = levels[level];
  sizes.append(indices.size(), 1);
  Value slice;
  if (indices.empty()) {
    slice = source;
  } else if (llvm::all_of(indices,
                          [&](Value index) { return getIndex(index); })) {
    SmallVector<int64_t> starts(levels[level].size(), 0);
    for (Value index : indices)
      starts.push_back(*getIndex(index));
    SmallVector<int64_t> limits(starts);
    for (auto [limit, size] : llvm::zip_equal(limits, sizes))
      limit += size;
    SmallVector<int64_t> strides(starts.size(), 1);
    slice = stablehlo::create(
        builder, loc, "slice", type.clone(sizes), source,
        {builder.getNamedAttr("start_indices",
                              builder.getDenseI64ArrayAttr(starts)),
         builder.getNamedAttr("limit_indices",
                              builder.getDenseI64ArrayAttr(limits)),
         builder.getNamedAttr("strides",
                              builder.getDenseI64ArrayAttr(strides))});
  } else {
    FailureOr<SmallVector<Value>> operands = getStarts(op, indices, level);
    if (failed(operands))
      return failure();
    operands->insert(operands->begin(), source);
    slice = stablehlo::create(
        builder, loc, "dynamic_slice", type.clone(sizes), *operands,
        builder.getNamedAttr("slice_sizes",
                             builder.getDenseI64ArrayAttr(sizes)));
  }
  set(op->getResult(0),
      stablehlo::createReshape(builder, loc, slice, levels[level]), level);
  return success();
}

LogicalResult Batcher::translateInsert(Operation *op, Value number,
                                       Value tensor, ValueRange indices) {
  unsigned level = getLevel({number, tensor});
  SmallVector<int64_t> sizes = levels[level];
  sizes.append(indices.size(), 1);
  FailureOr<SmallVector<Value>> starts = getStarts(op, indices, level);
  if (failed(starts))
    return failure();
  Value into = get(tensor, level);
  SmallVector<Value> operands{
      into, stablehlo::createReshape(builder, loc, get(number, level), sizes)};
  llvm::append_range(operands, *starts);
  set(op->getResult(0),
      stablehlo::create(builder, loc, "dynamic_update_slice", into.getType(),
                        operands),
      level);
  return success();
}

/// Operations that change a shape alone.
LogicalResult Batcher::translateReshape(Operation *op) {
  if (op->getNumOperands() != 1)
    return refuse(op, "it has more than one element");
  Translated source = look(op->getOperand(0));
  if (auto elements = dyn_cast_or_null<ElementsAttr>(source.constant);
      source.constant && (!elements || elements.isSplat())) {
    values[op->getResult(0)] = source;
    return success();
  }
  unsigned level = source.level;
  Type type = op->getResult(0).getType();
  set(op->getResult(0),
      stablehlo::createReshape(builder, loc, get(op->getOperand(0), level),
                               getType(type, level).getShape()),
      level);
  return success();
}
