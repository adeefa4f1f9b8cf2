//===- OptimizerInputs.cpp - What a step's optimizers are given -----------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OptimizerInputs.h"

#include "Broadcast.h"

#include "fisher/Recognition/Calls.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/ADT/SmallVectorExtras.h"

using namespace mlir;
using namespace mlir::fisher;
using namespace mlir::fisher::recognition;

//===----------------------------------------------------------------------===//
// What depends on what
//===----------------------------------------------------------------------===//

static void forEachOperand(Operation *op, function_ref<void(Value)> visit) {
  op->walk([&](Operation *inner) {
    for (Value operand : inner->getOperands())
      visit(operand);
  });
}

static bool readsAny(Operation *op, const llvm::DenseSet<Value> &values) {
  bool reads = false;
  forEachOperand(op, [&](Value operand) { reads |= values.contains(operand); });
  return reads;
}

/// Adds the results of an operation that depend on what is changed to it.
/// `elements`: what is changed in its body, if it is a loop.
static bool addChanged(Operation *op,
                       ArrayRef<std::pair<Value, Value>> elements,
                       llvm::DenseSet<Value> &changed) {
  auto loop = dyn_cast<linalg::GenericOp>(op);
  if (!loop) {
    bool isChanged = readsAny(op, changed);
    if (isChanged)
      changed.insert_range(op->getResults());
    return isChanged;
  }
  // The results of a loop are told apart.
  for (OpOperand &operand : op->getOpOperands())
    if (changed.contains(operand.get()))
      changed.insert(loop.getMatchingBlockArgument(&operand));
  for (auto [element, value] : elements)
    changed.insert(element);
  for (Operation &inner : loop.getBody()->without_terminator())
    if (readsAny(&inner, changed))
      changed.insert_range(inner.getResults());
  bool isChanged = false;
  for (auto [result, value] : llvm::zip_equal(
           op->getResults(), loop.getBody()->getTerminator()->getOperands()))
    if (changed.contains(value)) {
      changed.insert(result);
      isChanged = true;
    }
  return isChanged;
}

//===----------------------------------------------------------------------===//
// Finding gradients
//===----------------------------------------------------------------------===//

/// Whether each iteration of a loop is an element of a tensor of this type, at
/// the indices of the iteration.
static bool runsOver(linalg::GenericOp loop, RankedTensorType type) {
  if (loop.getNumLoops() != static_cast<unsigned>(type.getRank()) ||
      loop.getNumParallelLoops() != loop.getNumLoops() ||
      !loop.hasPureTensorSemantics())
    return false;
  return llvm::any_of(
      llvm::zip_equal(loop->getOperands(), loop.getIndexingMapsArray()),
      [&](auto pair) {
        auto [operand, map] = pair;
        auto tensor = dyn_cast<RankedTensorType>(operand.getType());
        return tensor && tensor.getShape() == type.getShape() &&
               map.isIdentity();
      });
}

/// What a loop reads of an operand, at the indices of its iterations; null if
/// the indices are computed.
static Expr getElementRead(Recognition &recognition, linalg::GenericOp loop,
                           OpOperand &operand) {
  SmallVector<Index> places;
  for (AffineExpr expr : loop.getMatchingIndexingMap(&operand).getResults()) {
    if (auto dimension = dyn_cast<AffineDimExpr>(expr))
      places.push_back(dimension.getPosition());
    else if (isa<AffineConstantExpr>(expr))
      places.push_back(none);
    else
      return nullptr;
  }
  Graph &graph = recognition.getGraph();
  return graph.getAlgebra().substitute(
      graph.getElement(operand.get()),
      [&](Index index) { return places[index]; });
}

/// Whether the parameter's new value is computed from values that are the
/// gradient.
static bool isReached(const HiddenGradient &hidden, Block &block) {
  llvm::DenseSet<Value> changed(hidden.values.begin(), hidden.values.end());
  for (Operation &op : block.without_terminator())
    addChanged(&op, /*elements=*/{}, changed);
  return changed.contains(
      block.getTerminator()->getOperand(hidden.results.front()));
}

FailureOr<HiddenGradient>
mlir::fisher::findHiddenGradient(Recognition &recognition, const Update &update,
                                 RegularizeOp entry, RankedTensorType type) {
  HiddenGradient hidden{
      update.parameter, entry, type, update.optimizer, {}, {}, {}};
  Block &block = recognition.getGraph().getFunction().getFunctionBody().front();
  for (Value value : recognition.findValues(update.gradient)) {
    if (!isa<FloatType>(getElementTypeOrSelf(value.getType())))
      continue;
    if (value.getParentBlock() == &block) {
      auto tensor = dyn_cast<RankedTensorType>(value.getType());
      if (tensor && tensor.getShape() == type.getShape())
        hidden.values.push_back(value);
      continue;
    }
    auto loop =
        dyn_cast<linalg::GenericOp>(value.getParentBlock()->getParentOp());
    if (loop && isa<FloatType>(value.getType()) && runsOver(loop, type))
      hidden.values.push_back(value);
  }

  // As a part of another tensor, or transposed, it is read by loops.
  block.walk([&](linalg::GenericOp loop) {
    if (loop->getBlock() != &block || !runsOver(loop, type))
      return;
    for (OpOperand &operand : loop->getOpOperands()) {
      auto tensor = dyn_cast<RankedTensorType>(operand.get().getType());
      if (!tensor || !isa<FloatType>(tensor.getElementType()) ||
          llvm::is_contained(hidden.values, operand.get()))
        continue;
      Expr element = getElementRead(recognition, loop, operand);
      if (element && element->terms.size() == update.gradient->terms.size() &&
          recognition.areEqual(element, update.gradient))
        hidden.values.push_back(loop.getMatchingBlockArgument(&operand));
    }
  });

  hidden.results.push_back(update.result);
  for (const Finding &finding : recognition.getFindings()) {
    if (finding.arguments != ArrayRef(update.parameter))
      continue;
    if (finding.kind == FindingKind::moving_average &&
        llvm::none_of(finding.facts, [](NamedAttribute fact) {
          auto text = dyn_cast<StringAttr>(fact.getValue());
          return text && text.getValue() == "parameter";
        }))
      continue;
    for (auto [name, argument] : finding.states)
      if (std::optional<unsigned> result = recognition.getNewValue(argument))
        hidden.results.push_back(*result);
  }
  bool isLinear = update.optimizer == FindingKind::sgd ||
                  update.optimizer == FindingKind::momentum ||
                  update.optimizer == FindingKind::nesterov;
  if (hidden.isValue() && (!isLinear || isReached(hidden, block)))
    return hidden;
  hidden.values.clear();
  if (!isLinear)
    return failure();
  SmallVector<unsigned> candidates;
  std::swap(candidates, hidden.results);
  for (unsigned result : candidates) {
    Expr share = recognition.getShare(update, result);
    if (!share)
      return failure();
    // An average of old values has nothing of it.
    if (share->terms.empty() && result != update.result)
      continue;
    std::optional<ScalarSum> scalar = findScalar(recognition, share);
    if (!scalar || share->terms.empty())
      return failure();
    hidden.results.push_back(result);
    hidden.shares.push_back(*scalar);
  }
  return hidden;
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

bool mlir::fisher::inlineCalls(FunctionOpInterface function) {
  // As deep as the recognition looks: recursion ends, too.
  constexpr int maxDepth = 16;
  bool isChanged = false;
  for (int depth = 0; depth != maxDepth; ++depth) {
    bool isAny = false;
    for (Operation &op :
         llvm::make_early_inc_range(function.getFunctionBody().front()))
      isAny |= inlineCall(&op);
    if (!isAny)
      break;
    isChanged = true;
  }
  return isChanged;
}

//===----------------------------------------------------------------------===//
// Changing gradients
//===----------------------------------------------------------------------===//

OptimizerInputs::OptimizerInputs(Operation *returnOp) : builder(returnOp) {
  for (Operation &op : returnOp->getBlock()->without_terminator())
    operations.push_back(&op);
}

static void eraseDeadIn(Block &body) {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(body)))
    if (isOpTriviallyDead(&op))
      op.erase();
}

Value OptimizerInputs::getOld(const HiddenGradient &gradient) {
  if (!gradient.isValue())
    return nullptr;
  // A tensor of the widest type, so that nothing is rounded once more.
  auto getOrder = [](Value value) {
    return std::pair(
        isa<RankedTensorType>(value.getType()),
        getElementTypeOrSelf(value.getType()).getIntOrFloatBitWidth());
  };
  Value best = gradient.values.front();
  for (Value value : gradient.values)
    if (getOrder(value) > getOrder(best))
      best = value;
  return isa<RankedTensorType>(best.getType()) ? best : extract(gradient, best);
}

/// A loop that makes no more than the element.
Value OptimizerInputs::extract(const HiddenGradient &gradient, Value element) {
  auto loop = cast<linalg::GenericOp>(element.getParentBlock()->getParentOp());
  Location loc = element.getLoc();
  SmallVector<OpFoldResult> sizes;
  Value parameter = loop->getBlock()->getArgument(gradient.parameter);
  for (auto [dimension, size] : llvm::enumerate(gradient.type.getShape())) {
    if (ShapedType::isDynamic(size))
      sizes.push_back(tensor::DimOp::create(builder, loc, parameter, dimension)
                          .getResult());
    else
      sizes.push_back(builder.getIndexAttr(size));
  }
  Value empty = tensor::EmptyOp::create(builder, loc, sizes, element.getType());
  // What the loop writes to is read, too, if its body does so.
  SmallVector<AffineMap> maps = loop.getIndexingMapsArray();
  maps.push_back(builder.getMultiDimIdentityMap(loop.getNumLoops()));
  auto extracted = linalg::GenericOp::create(
      builder, loc, empty.getType(), loop->getOperands(), empty, maps,
      loop.getIteratorTypesArray(),
      [&](OpBuilder &inner, Location, ValueRange arguments) {
        IRMapping mapping;
        mapping.map(loop.getBody()->getArguments(), arguments.drop_back());
        for (Operation &op : loop.getBody()->without_terminator())
          inner.clone(op, mapping);
        linalg::YieldOp::create(inner, loc, mapping.lookup(element));
      });
  eraseDeadIn(*extracted.getBody());
  loops.push_back(extracted);
  return extracted.getResult(0);
}

void OptimizerInputs::setNew(const HiddenGradient &gradient, Value value) {
  // Parameters may have a gradient in common, but not a new one.
  auto isFree = [&](const Group &group) {
    return llvm::none_of(gradient.values, [&](Value old) {
      return llvm::any_of(group.gradients, [&](const HiddenGradient *other) {
        return llvm::is_contained(other->values, old);
      });
    });
  };
  auto *group = llvm::find_if(groups, isFree);
  if (group == groups.end()) {
    groups.emplace_back();
    group = std::prev(groups.end());
  }
  group->gradients.push_back(&gradient);
  if (!gradient.isValue()) {
    group->added[&gradient] = value;
    return;
  }
  llvm::DenseMap<Type, Value> cast;
  for (Value old : gradient.values) {
    Type element = getElementTypeOrSelf(old.getType());
    Value &same = cast[element];
    if (!same)
      same = castElements(builder, value.getLoc(), value, element);
    if (isa<RankedTensorType>(old.getType()))
      group->replaced.values.map(old, same);
    else
      group->replaced.elements[old.getParentBlock()->getParentOp()].push_back(
          {old, same});
  }
}

void OptimizerInputs::cloneBetween(ArrayRef<Value> roots,
                                   Replacement &replaced) {
  IRMapping &mapping = replaced.values;
  llvm::DenseSet<Value> changed, wanted(roots.begin(), roots.end());
  for (auto [old, value] : mapping.getValueMap())
    changed.insert(old);
  SmallVector<Operation *> dependent, needed;
  for (Operation *op : operations)
    if (addChanged(op, replaced.getElements(op), changed))
      dependent.push_back(op);
  for (Operation *op : llvm::reverse(dependent)) {
    if (llvm::none_of(op->getResults(), [&](Value result) {
          return wanted.contains(result) && changed.contains(result) &&
                 !mapping.contains(result);
        }))
      continue;
    needed.push_back(op);
    forEachOperand(op, [&](Value operand) { wanted.insert(operand); });
  }
  for (Operation *op : llvm::reverse(needed)) {
    // What takes the place of a result stays in it, and what is not changed is
    // not replaced.
    SmallVector<std::pair<Value, Value>> kept;
    for (Value result : op->getResults())
      kept.push_back({result, changed.contains(result)
                                  ? mapping.lookupOrNull(result)
                                  : result});
    BodyInputs inputs = replaced.getElements(op);
    if (isa<linalg::GenericOp>(op)) {
      cloneLoop(op, inputs, mapping);
      loops.push_back(op);
    } else {
      builder.clone(*op, mapping);
    }
    cloned.insert(op);
    for (auto [result, value] : kept)
      if (value)
        mapping.map(result, value);
  }
}

/// A loop whose body reads elements of other tensors in place of some of what
/// it computes.
void OptimizerInputs::cloneLoop(Operation *op, const BodyInputs &inputs,
                                IRMapping &mapping) {
  auto loop = cast<linalg::GenericOp>(op);
  auto lookup = [&](Value value) { return mapping.lookupOrDefault(value); };
  SmallVector<Value> ins = llvm::map_to_vector(loop.getInputs(), lookup);
  SmallVector<Value> outs = llvm::map_to_vector(loop.getOutputs(), lookup);
  SmallVector<AffineMap> maps = loop.getIndexingMapsArray();
  size_t numInputs = ins.size();
  for (auto [old, value] : inputs) {
    ins.push_back(value);
    maps.insert(maps.begin() + numInputs,
                builder.getMultiDimIdentityMap(loop.getNumLoops()));
  }
  auto clone = linalg::GenericOp::create(
      builder, loop.getLoc(), loop.getResultTypes(), ins, outs, maps,
      loop.getIteratorTypesArray(),
      [&](OpBuilder &inner, Location, ValueRange arguments) {
        IRMapping elements = mapping;
        for (BlockArgument argument : loop.getBody()->getArguments()) {
          unsigned number = argument.getArgNumber();
          elements.map(
              argument,
              arguments[number < numInputs ? number : number + inputs.size()]);
        }
        auto replace = [&]() {
          for (auto [number, input] : llvm::enumerate(inputs))
            elements.map(input.first, arguments[numInputs + number]);
        };
        replace();
        for (Operation &body : *loop.getBody()) {
          inner.clone(body, elements);
          replace();
        }
      });
  clone->setDiscardableAttrs(loop->getDiscardableAttrDictionary());
  eraseDeadIn(*clone.getBody());
  loops.push_back(clone);
  mapping.map(loop->getResults(), clone->getResults());
}

/// For what is linear in the gradient: what is added to a result for what is
/// added to the gradient.
Value OptimizerInputs::buildShare(const ScalarSum &share, Value added,
                                  Type element) {
  Location loc = added.getLoc();
  Value value = castElements(builder, loc, added, element);
  auto type = cast<RankedTensorType>(value.getType());
  Value scale;
  if (std::optional<double> number = share.getNumber();
      number && type.hasStaticShape()) {
    scale = arith::ConstantOp::create(
        builder, loc,
        SplatElementsAttr::get(type, FloatAttr::get(element, *number)));
  } else {
    Value scalar = tensor::FromElementsOp::create(
        builder, loc, RankedTensorType::get({}, element),
        buildScalar(builder, loc, share, cast<FloatType>(element)));
    scale = buildBroadcast(builder, loc, scalar, type, value);
  }
  return arith::MulFOp::create(builder, loc, scale, value);
}

void OptimizerInputs::move(Value old, Value value, Replacement &moved) {
  if (old == value)
    return;
  moved.values.map(old, value);
  auto loop = old.getDefiningOp<linalg::GenericOp>();
  if (!loop || !runsOver(loop, cast<RankedTensorType>(old.getType())))
    return;
  unsigned number = cast<OpResult>(old).getResultNumber();
  if (!loop.getIndexingMapMatchingResult(loop->getResult(number)).isIdentity())
    return;
  Value element = loop.getBody()->getTerminator()->getOperand(number);
  if (element.getParentBlock() == loop.getBody() && !element.hasOneUse())
    moved.elements[loop].push_back({element, value});
}

void OptimizerInputs::apply(MutableArrayRef<Value> returned) {
  // The results of the optimizers.
  llvm::DenseSet<unsigned> results;
  Replacement moved;
  for (Group &group : groups) {
    SmallVector<Value> roots;
    for (const HiddenGradient *gradient : group.gradients)
      for (unsigned result : gradient->results)
        roots.push_back(returned[result]);
    cloneBetween(roots, group.replaced);
    for (const HiddenGradient *gradient : group.gradients) {
      for (auto [k, result] : llvm::enumerate(gradient->results)) {
        Value old = returned[result];
        Value value = group.replaced.values.lookupOrDefault(old);
        if (!gradient->isValue())
          value = arith::AddFOp::create(
              builder, value.getLoc(), value,
              buildShare(gradient->shares[k], group.added.lookup(gradient),
                         getElementTypeOrSelf(value.getType())));
        returned[result] = value;
        results.insert(result);
        move(old, value, moved);
      }
    }
  }
  // What is made of those. A gradient that is returned is not.
  for (Group &group : groups)
    for (const HiddenGradient *gradient : group.gradients)
      for (Value old : gradient->values)
        moved.values.erase(old);
  SmallVector<Value> others;
  for (auto [result, value] : llvm::enumerate(returned))
    if (value && !results.contains(result))
      others.push_back(value);
  cloneBetween(others, moved);
  for (auto [result, value] : llvm::enumerate(returned))
    if (value && !results.contains(result))
      value = moved.values.lookupOrDefault(value);
}

void OptimizerInputs::eraseUnused() {
  for (Operation *op : llvm::reverse(operations))
    if (op->use_empty() && cloned.contains(op)) {
      llvm::erase(loops, op);
      op->erase();
    }
  RewritePatternSet patterns(builder.getContext());
  linalg::populateEraseUnusedOperandsAndResultsPatterns(patterns);
  (void)applyOpPatternsGreedily(loops, std::move(patterns));
}
