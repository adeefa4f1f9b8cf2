//===- Remover.cpp - Takes terms out of a step ----------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A regularizer is a sum of terms of the loss and of gradients. From each value
// that has the terms the walk goes to the operands that they come from, and
// makes each operation on the way anew, of what is left of its operands. What
// is left of an operand follows from the normal form: an operation that is made
// of less must be what it was, less the terms. So nothing here knows what an
// operation does.
//
//===----------------------------------------------------------------------===//

#include "Remover.h"

#include "SplitPart.h"

#include "mlir/Interfaces/CallInterfaces.h"

using namespace mlir;
using namespace mlir::fisher;
using namespace mlir::fisher::recognition;

Remover::Rest Remover::fail(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op)
    op = value.getParentBlock()->getParentOp();
  if (auto callOp = dyn_cast<CallOpInterface>(op))
    call = callOp;
  if (!stop)
    stop = op;
  return std::nullopt;
}

const RemovedTerms::Anchor *Remover::findAnchor(Value value) {
  const Node *node = graph.findNode(value);
  if (!node || node->rank == 0)
    return nullptr;
  Expr expr = graph.getElement(node);
  for (const RemovedTerms::Anchor &anchor : terms.anchors) {
    if (anchor.whole->terms.size() != expr->terms.size())
      continue;
    if (expr == anchor.whole)
      return &anchor;
    Expr ratio = forms.getRatio(expr, anchor.whole);
    if (ratio && isPlainScalar(ratio))
      return &anchor;
  }
  return nullptr;
}

void Remover::markBlock(Block &block) {
  auto mark = [&](Value value) {
    if (findAnchor(value) ||
        llvm::any_of(rebuilder.getChildren(value), [&](const Child &child) {
          return marked.contains(child.node);
        }))
      marked.insert(graph.findNode(value));
  };
  if (isa<linalg::LinalgOp>(block.getParentOp()))
    for (BlockArgument argument : block.getArguments())
      mark(argument);
  for (Operation &op : block.without_terminator()) {
    if (auto loops = dyn_cast<linalg::LinalgOp>(op))
      markBlock(*loops.getBlock());
    for (Value result : op.getResults())
      mark(result);
  }
}

//===----------------------------------------------------------------------===//
// One part
//===----------------------------------------------------------------------===//

Value Remover::findValue(Value like, Expr expr, bool asElement) {
  auto isIt = [&](Value value) {
    const Node *node = graph.findNode(value);
    return node && value.getType() == like.getType() &&
           expansions.isClose(expansions.get(node, asElement), expr);
  };
  Block *block = like.getParentBlock();
  for (BlockArgument argument : block->getArguments())
    if (argument != like && isIt(argument))
      return argument;
  Operation *end = like.getDefiningOp();
  for (Operation &op : *block) {
    if (&op == end || !end)
      break;
    for (Value result : op.getResults())
      if (isIt(result))
        return result;
  }
  return nullptr;
}

SmallVector<Child> Remover::getChangeable(Value value) {
  if (auto result = dyn_cast<OpResult>(value);
      result && isa<linalg::LinalgOp>(result.getOwner())) {
    Value copied = rebuilder.getCopied(result);
    return copied ? rebuilder.getChildren(copied) : SmallVector<Child>();
  }
  return rebuilder.getChildren(value);
}

Remover::Rest Remover::rebuild(Value value, ArrayRef<Child> children,
                               ArrayRef<Value> rests, bool asElement) {
  Value rebuilt = rebuilder.rebuild(value, children, rests, asElement);
  return rebuilt ? Rest(rebuilt) : fail(value);
}

Remover::Rest Remover::take(Value value, Expr part, bool asElement) {
  const Node *node = graph.findNode(value);
  if (part->terms.empty())
    return value;
  if (!node)
    return fail(value);
  part = expansions.snap(part, expansions.get(node, asElement));
  std::tuple key(value.getAsOpaquePointer(), part, asElement);
  if (auto found = taken.find(key); found != taken.end())
    return found->second;
  Rest rest = takeAnew(value, part, asElement);
  taken[key] = rest;
  return rest;
}

Remover::Rest Remover::takeAnew(Value value, Expr part, bool asElement) {
  const Node *node = graph.findNode(value);
  Expr whole = expansions.get(node, asElement);
  if (expansions.isClose(whole, part))
    return Value();
  Expr left = algebra.subtract(whole, part);
  if (Value found = findValue(value, left, asElement))
    return found;
  if (whole->getNumber() && left->getNumber() && value.getDefiningOp()) {
    Value constant = rebuilder.makeConstant(value, *left->getNumber());
    return constant ? Rest(constant) : fail(value);
  }
  SmallVector<Child> children = getChangeable(value);
  if (children.empty())
    return fail(value);
  std::optional<SmallVector<Expr>> losses =
      splitPart(graph, expansions, node, children, part, asElement);
  if (!losses)
    return fail(value);
  SmallVector<Value> rests;
  for (auto [child, loss] : llvm::zip_equal(children, *losses)) {
    Rest rest = take(child.value, loss, asElement);
    if (!rest)
      return rest;
    rests.push_back(*rest);
  }
  return rebuild(value, children, rests, asElement);
}

//===----------------------------------------------------------------------===//
// All parts
//===----------------------------------------------------------------------===//

Remover::Rest Remover::clean(Value value) {
  if (!isMarked(value))
    return value;
  if (auto found = cleaned.find(value); found != cleaned.end())
    return found->second;
  Rest rest = cleanAnew(value);
  cleaned[value] = rest;
  return rest;
}

Remover::Rest Remover::cleanAnew(Value value) {
  Operation *stopBefore = stop;
  if (const RemovedTerms::Anchor *anchor = findAnchor(value)) {
    parameter = anchor->parameter;
    Expr ratio =
        forms.getRatio(graph.getElement(graph.findNode(value)), anchor->whole);
    Expr part = expansions.expand(algebra.multiply(ratio, anchor->part));
    if (Rest rest = take(value, part, /*asElement=*/true))
      return rest;
  }
  // Else the part may be taken out of what the value is made of.
  SmallVector<Child> children = rebuilder.getChildren(value);
  if (llvm::any_of(children,
                   [&](const Child &child) { return isMarked(child.value); }))
    children = getChangeable(value);
  else
    children.clear();
  if (children.empty())
    return fail(value);
  SmallVector<Value> rests;
  for (const Child &child : children) {
    Rest rest = clean(child.value);
    if (!rest)
      return rest;
    rests.push_back(*rest);
  }
  Rest rest = rebuild(value, children, rests, /*asElement=*/true);
  if (rest)
    stop = stopBefore;
  return rest;
}

Remover::Rest Remover::removeFromResult(OpOperand &operand) {
  unsigned number = operand.getOperandNumber();
  Value value = operand.get();
  if (auto found = terms.parameterOf.find(number);
      found != terms.parameterOf.end())
    parameter = found->second;
  if (auto part = terms.lossParts.find(number); part != terms.lossParts.end())
    return take(value, part->second, /*asElement=*/false);
  auto part = terms.resultParts.find(number);
  if (part == terms.resultParts.end())
    return clean(value);
  Rest rest = take(value, expansions.expand(part->second), /*asElement=*/true);
  if (rest || !isMarked(value) || call)
    return rest;
  Operation *before = stop;
  stop = nullptr;
  rest = clean(value);
  if (!rest)
    stop = before;
  return rest;
}

bool Remover::remove() {
  Block &block = graph.getFunction().getFunctionBody().front();
  Operation *returnOp = block.getTerminator();
  if (terms.mixed) {
    parameter = *terms.mixed;
    stop = returnOp;
    return false;
  }
  if (!terms.anchors.empty())
    markBlock(block);
  SmallVector<Value> results;
  for (OpOperand &operand : returnOp->getOpOperands()) {
    Rest rest = removeFromResult(operand);
    if (!rest)
      return false;
    Value value = *rest ? *rest : rebuilder.makeConstant(operand.get(), 0);
    if (!value) {
      fail(operand.get());
      return false;
    }
    results.push_back(value);
  }
  rebuilder.finish(results);
  return true;
}
