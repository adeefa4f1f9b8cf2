//===- Linalg.cpp - Reads linalg and tensor -------------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Readers.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/SmallVectorExtras.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::fisher::recognition;

/// For each result of the map the loop that it is, or `none` for the first
/// element; nothing if it is something else.
static std::optional<SmallVector<Index>> getLoops(AffineMap map) {
  SmallVector<Index> loops;
  for (AffineExpr expr : map.getResults()) {
    if (auto loop = dyn_cast<AffineDimExpr>(expr))
      loops.push_back(loop.getPosition());
    else if (auto number = dyn_cast<AffineConstantExpr>(expr);
             number && number.getValue() == 0)
      loops.push_back(none);
    else
      return std::nullopt;
  }
  return loops;
}

/// Whether a value of a body is computed from one of these arguments.
static bool readsAny(Value value, ArrayRef<Value> arguments) {
  SmallVector<Value> left{value};
  DenseSet<Value> seen;
  while (!left.empty()) {
    Value next = left.pop_back_val();
    if (llvm::is_contained(arguments, next))
      return true;
    if (Operation *op = next.getDefiningOp())
      op->walk([&](Operation *inner) {
        for (Value operand : inner->getOperands())
          if (seen.insert(operand).second)
            left.push_back(operand);
      });
  }
  return false;
}

std::pair<Value, StringRef>
mlir::fisher::recognition::getCombined(Value yielded,
                                       BlockArgument accumulator) {
  Operation *op = yielded.getDefiningOp();
  if (!op || op->getNumOperands() != 2)
    return {};
  StringRef name = llvm::StringSwitch<StringRef>(op->getName().getStringRef())
                       .Cases({"arith.addf", "arith.addi"}, "add")
                       .Cases({"arith.maximumf", "arith.maxnumf"}, "max")
                       .Cases({"arith.minimumf", "arith.minnumf"}, "min")
                       .Default("");
  if (name.empty() || !llvm::is_contained(op->getOperands(), accumulator))
    return {};
  return {op->getOperand(op->getOperand(0) == accumulator), name};
}

static Nodes readLoops(linalg::LinalgOp op, Graph &graph, Scope &scope) {
  if (!op.hasPureTensorSemantics())
    return std::nullopt;
  unsigned numLoops = op.getNumLoops();
  Block &block = *op.getBlock();
  Scope inner;
  inner.parent = &scope;
  inner.depth = scope.depth;
  inner.numLoops = numLoops;
  // Elements at the indices of the loops.
  SmallVector<SmallVector<Index>> loops;
  for (OpOperand &operand : op->getOpOperands()) {
    std::optional<SmallVector<Index>> map =
        getLoops(op.getMatchingIndexingMap(&operand));
    if (!map)
      return std::nullopt;
    inner.nodes[op.getMatchingBlockArgument(&operand)] =
        graph.read(graph.lookup(operand.get(), scope), *map, numLoops);
    loops.push_back(std::move(*map));
  }
  graph.read(block, inner);
  graph.keep(inner);

  // What the results so far are is not known while others are computed.
  SmallVector<Value> accumulators;
  for (OpOperand &init : op.getDpsInitsMutable())
    if (!op.getMatchingIndexingMap(&init).isPermutation())
      accumulators.push_back(op.getMatchingBlockArgument(&init));

  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  // Nothing if the result is something else.
  auto readResult = [&](OpOperand &init) -> const Node * {
    ArrayRef<Index> map = loops[init.getOperandNumber()];
    SmallVector<Index> places(numLoops, firstBound);
    for (auto [dimension, loop] : llvm::enumerate(map)) {
      if (loop != none)
        places[loop] = dimension;
      else if (cast<ShapedType>(init.get().getType()).getDimSize(dimension) !=
               1)
        return nullptr;
    }
    Value yielded = op.getMatchingYieldValue(&init)->get();
    if (!llvm::is_contained(places, firstBound))
      return readsAny(yielded, accumulators)
                 ? nullptr
                 : graph.read(graph.lookup(yielded, inner), places, map.size());
    auto [combined, name] =
        getCombined(yielded, op.getMatchingBlockArgument(&init));
    if (!combined || readsAny(combined, accumulators))
      return nullptr;
    const Node *reduced = graph.reduce(name, graph.lookup(combined, inner),
                                       places, ranges, map.size());
    const Node *first = graph.lookup(init.get(), scope);
    return name == "add" ? graph.add(first, reduced)
                         : graph.apply(name, {first, reduced});
  };
  SmallVector<const Node *> results;
  for (OpOperand &init : op.getDpsInitsMutable()) {
    const Node *result = readResult(init);
    results.push_back(
        result ? result : graph.getOpaque(op.getTiedOpResult(&init), scope));
  }
  return results;
}

Nodes mlir::fisher::recognition::readLinalg(Operation *op, Graph &graph,
                                            Scope &scope) {
  auto one = [](const Node *node) -> Nodes {
    if (!node)
      return std::nullopt;
    return SmallVector<const Node *>{node};
  };
  auto getSource = [&]() { return graph.lookup(op->getOperand(0), scope); };
  auto getShape = [](Value value) {
    return cast<RankedTensorType>(value.getType()).getShape();
  };
  return llvm::TypeSwitch<Operation *, Nodes>(op)
      .Case<linalg::LinalgOp>([&](linalg::LinalgOp loops) {
        return readLoops(loops, graph, scope);
      })
      .Case<linalg::IndexOp>([&](linalg::IndexOp index) {
        return one(graph.getPosition(
            index.getDim(),
            cast<linalg::LinalgOp>(op->getParentOp()).getNumLoops()));
      })
      .Case<tensor::ExpandShapeOp, tensor::CollapseShapeOp>([&](auto view) {
        return one(graph.reshape(getSource(), getShape(view.getSrc()),
                                 getShape(view.getResult())));
      })
      .Case<tensor::CastOp>([&](tensor::CastOp cast) -> Nodes {
        if (!isa<RankedTensorType>(cast.getSource().getType()) ||
            !isa<RankedTensorType>(cast.getType()))
          return std::nullopt;
        return one(getSource());
      })
      .Case<tensor::ExtractOp>([&](tensor::ExtractOp extract) -> Nodes {
        // The only element.
        ArrayRef<int64_t> shape = getShape(extract.getTensor());
        if (llvm::any_of(shape, [](int64_t size) { return size != 1; }))
          return std::nullopt;
        return one(graph.read(getSource(),
                              SmallVector<Index>(shape.size(), none),
                              /*rank=*/0));
      })
      .Case<tensor::SplatOp>([&](tensor::SplatOp splat) {
        return one(graph.read(getSource(), {}, splat.getType().getRank()));
      })
      .Case<tensor::FromElementsOp>(
          [&](tensor::FromElementsOp elements) -> Nodes {
            if (op->getNumOperands() != 1)
              return std::nullopt;
            return one(
                graph.read(getSource(), {}, elements.getType().getRank()));
          })
      .Default(Nodes());
}
