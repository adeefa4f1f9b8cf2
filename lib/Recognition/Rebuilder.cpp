//===- Rebuilder.cpp - Makes operations of less ---------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Rebuilder.h"

#include "Readers.h"

#include "fisher/Recognition/Removal.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace mlir::fisher;
using namespace mlir::fisher::recognition;

std::optional<bool> Rebuilder::isParallel(OpResult result) {
  auto op = cast<linalg::LinalgOp>(result.getOwner());
  const Node *node = graph.findNode(result);
  if (!op.hasPureTensorSemantics() || !node || node->kind == Node::Kind::leaf)
    return std::nullopt;
  AffineMap map =
      op.getMatchingIndexingMap(op.getDpsInitOperand(result.getResultNumber()));
  // A constant is the place in a dimension of size 1.
  return llvm::count_if(map.getResults(), llvm::IsaPred<AffineDimExpr>) ==
         op.getNumLoops();
}

SmallVector<Child> Rebuilder::getChildren(Value value) {
  SmallVector<Child> children;
  auto add = [&](Value child) {
    const Node *node = graph.findNode(child);
    if (node)
      children.push_back({child, node});
    return node != nullptr;
  };
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    auto op = dyn_cast<linalg::LinalgOp>(argument.getOwner()->getParentOp());
    if (op)
      add(op->getOperand(argument.getArgNumber()));
    return children;
  }
  auto result = cast<OpResult>(value);
  if (auto op = dyn_cast<linalg::LinalgOp>(result.getOwner())) {
    std::optional<bool> parallel = isParallel(result);
    if (!parallel)
      return children;
    OpOperand *init = op.getDpsInitOperand(result.getResultNumber());
    Value yielded = op.getMatchingYieldValue(init)->get();
    if (*parallel) {
      add(yielded);
    } else {
      Value combined =
          getCombined(yielded, op.getMatchingBlockArgument(init)).first;
      if (combined && add(combined))
        add(init->get());
    }
    return children;
  }
  for (Value operand : result.getOwner()->getOperands())
    if (!add(operand))
      return {};
  return children;
}

Value Rebuilder::makeConstant(Value like, double number) {
  Operation *op = like.getDefiningOp();
  OpBuilder builder(graph.getFunction().getContext());
  if (op)
    builder.setInsertionPoint(op);
  else
    builder.setInsertionPointToStart(like.getParentBlock());
  Type type = like.getType();
  auto shaped = dyn_cast<ShapedType>(type);
  auto element = dyn_cast<FloatType>(getElementTypeOrSelf(type));
  if (!element || (shaped && !shaped.hasStaticShape()))
    return nullptr;
  TypedAttr attr = builder.getFloatAttr(element, number);
  if (shaped)
    attr = SplatElementsAttr::get(shaped, attr);
  Operation *constant;
  if (op && op->getName().getDialectNamespace() == "stablehlo") {
    OperationState state(like.getLoc(), "stablehlo.constant");
    state.addAttribute("value", attr);
    state.addTypes(type);
    constant = builder.create(state);
  } else {
    constant = arith::ConstantOp::create(builder, like.getLoc(), attr);
  }
  created.insert(constant);
  return constant->getResult(0);
}

/// A copy of the loops that may be changed.
linalg::GenericOp Rebuilder::getClone(linalg::LinalgOp op) {
  if (auto clone = dyn_cast<linalg::GenericOp>(op.getOperation());
      clone && created.contains(clone))
    return clone;
  if (linalg::GenericOp known = clones.lookup(op))
    return known;
  IRRewriter rewriter(op.getContext());
  rewriter.setInsertionPoint(op);
  Operation *copy = rewriter.clone(*op);
  auto generic = dyn_cast<linalg::GenericOp>(copy);
  if (!generic) {
    FailureOr<linalg::GenericOp> made =
        linalg::generalizeNamedOp(rewriter, cast<linalg::LinalgOp>(copy));
    if (failed(made))
      return nullptr;
    generic = *made;
  }
  // What is in it is what was in the other one.
  Block &from = *op.getBlock(), &to = *generic.getBlock();
  if (from.getNumArguments() != to.getNumArguments() ||
      from.getOperations().size() != to.getOperations().size())
    return nullptr;
  auto setSame = [&](Value before, Value after) {
    if (const Node *node = graph.findNode(before))
      graph.setNode(after, node);
  };
  for (auto [before, after] :
       llvm::zip_equal(from.getArguments(), to.getArguments()))
    setSame(before, after);
  for (auto [before, after] : llvm::zip_equal(from, to))
    for (auto [a, b] : llvm::zip_equal(before.getResults(), after.getResults()))
      setSame(a, b);
  created.insert(generic);
  clones[op] = generic;
  return generic;
}

Value Rebuilder::getCopied(OpResult result) {
  auto op = cast<linalg::LinalgOp>(result.getOwner());
  if (!isParallel(result))
    return nullptr;
  linalg::GenericOp clone = getClone(op);
  if (!clone)
    return nullptr;
  OpResult copied = clone->getResult(result.getResultNumber());
  graph.setNode(copied, graph.findNode(result));
  return copied;
}

/// Another operand of the loop.
Value Rebuilder::rebuildArgument(BlockArgument argument, Value rest) {
  auto generic = cast<linalg::GenericOp>(argument.getOwner()->getParentOp());
  if (!rest)
    return nullptr;
  unsigned number = generic.getNumDpsInputs();
  SmallVector<AffineMap> maps = generic.getIndexingMapsArray();
  maps.insert(maps.begin() + number, maps[argument.getArgNumber()]);
  generic.getInputsMutable().append(rest);
  generic.setIndexingMapsAttr(OpBuilder(generic).getAffineMapArrayAttr(maps));
  return generic.getBlock()->insertArgument(number, argument.getType(),
                                            argument.getLoc());
}

/// The copy is changed already, but for its own operands.
Value Rebuilder::rebuildLoop(OpResult result, ArrayRef<Child> children,
                             ArrayRef<Value> rests) {
  linalg::GenericOp generic = clones.lookup(result.getOwner());
  unsigned number = result.getResultNumber();
  changed.insert(result);
  OpOperand *init = generic.getDpsInitOperand(number);
  Operation *yield = generic.getBlock()->getTerminator();
  Value first = rests.front();
  if (!first) {
    OpBuilder builder(yield);
    TypedAttr zero =
        builder.getZeroAttr(getElementTypeOrSelf(result.getType()));
    first = arith::ConstantOp::create(builder, result.getLoc(), zero);
  }
  if (children.size() == 1) {
    yield->setOperand(number, first);
    return generic.getResult(number);
  }
  Value start = rests[1] ? rests[1] : makeConstant(children[1].value, 0);
  if (!start)
    return nullptr;
  Operation *combine = yield->getOperand(number).getDefiningOp();
  BlockArgument accumulator = generic.getMatchingBlockArgument(init);
  combine->setOperand(combine->getOperand(0) == accumulator, first);
  init->set(start);
  return generic.getResult(number);
}

Value Rebuilder::rebuild(Value value, ArrayRef<Child> children,
                         ArrayRef<Value> rests, bool asElement) {
  // Where a child that is zero changes nothing, the value is the other one.
  for (unsigned zero = 0; zero != rests.size(); ++zero) {
    if (rests[zero] || children.size() != 2)
      continue;
    unsigned other = 1 - zero;
    if (!rests[other] || children[other].node == children[zero].node)
      continue;
    Expr without = expansions.getWith(
        graph.findNode(value),
        {{children[zero].node, graph.getAlgebra().getNumber(0)}}, asElement);
    if (expansions.isClose(without,
                           expansions.get(children[other].node, asElement)) &&
        rests[other].getType() == value.getType())
      return rests[other];
  }

  if (auto argument = dyn_cast<BlockArgument>(value))
    return rebuildArgument(argument, rests.front());
  auto result = cast<OpResult>(value);
  Operation *op = result.getOwner();
  if (isa<linalg::LinalgOp>(op))
    return rebuildLoop(result, children, rests);

  OpBuilder builder(op);
  // 0 - x
  StringRef name = op->getName().getStringRef();
  if (children.size() == 2 && !rests[0] && rests[1] &&
      (name == "arith.subf" || name == "stablehlo.subtract")) {
    OperationState state(
        op->getLoc(), name == "arith.subf" ? "arith.negf" : "stablehlo.negate");
    state.addOperands(rests[1]);
    state.addTypes(value.getType());
    Operation *negated = builder.create(state);
    created.insert(negated);
    return negated->getResult(0);
  }
  SmallVector<Value> operands;
  for (auto [child, rest] : llvm::zip_equal(children, rests)) {
    operands.push_back(rest ? rest : makeConstant(child.value, 0));
    if (!operands.back())
      return nullptr;
  }
  Operation *copy = builder.clone(*op);
  copy->setOperands(operands);
  created.insert(copy);
  return copy->getResult(result.getResultNumber());
}

void Rebuilder::finish(ArrayRef<Value> results) {
  Operation *returnOp =
      graph.getFunction().getFunctionBody().front().getTerminator();
  llvm::DenseSet<Operation *> unusedBefore = findUnused(graph.getFunction());
  for (Operation *op : created)
    unusedBefore.erase(op);
  returnOp->setOperands(results);
  // Results of loops that did not change are those of the copy, so that the
  // loops are there once.
  for (auto &[op, clone] : clones) {
    Operation *before = op;
    linalg::GenericOp after = clone;
    bool isUsed = llvm::any_of(
        after.getResults(), [](Value result) { return !result.use_empty(); });
    if (!isUsed)
      continue;
    for (auto [number, result] : llvm::enumerate(before->getResults()))
      if (!changed.contains(result))
        result.replaceAllUsesWith(after.getResult(number));
  }
  eraseUnused(graph.getFunction(), unusedBefore);
}
