//===- StableHLO.cpp - Reads StableHLO in generic form --------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// MLIR has no StableHLO dialect: operations are known by their names, and
// attributes of the dialect by their texts.
//
//===----------------------------------------------------------------------===//

#include "Readers.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace mlir::fisher::recognition;

/// A list of numbers, in either of the forms that there are.
static std::optional<SmallVector<int64_t>> getNumbers(Attribute attr) {
  if (auto array = dyn_cast_or_null<DenseI64ArrayAttr>(attr))
    return SmallVector<int64_t>(array.asArrayRef());
  if (auto elements = dyn_cast_or_null<DenseIntElementsAttr>(attr))
    return SmallVector<int64_t>(elements.getValues<int64_t>());
  return std::nullopt;
}

/// The list of numbers that follows `key` in an attribute's text.
static SmallVector<int64_t> getNumbers(StringRef text, StringRef key) {
  SmallVector<int64_t> numbers;
  size_t start = text.find((key + " = [").str());
  if (start == StringRef::npos)
    return numbers;
  text = text.drop_front(start + key.size() + 4);
  text = text.take_until([](char c) { return c == ']'; });
  SmallVector<StringRef> parts;
  text.split(parts, ',', -1, /*KeepEmpty=*/false);
  for (StringRef part : parts) {
    int64_t number;
    if (!part.trim().getAsInteger(10, number))
      numbers.push_back(number);
  }
  return numbers;
}

static ArrayRef<int64_t> getShape(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

static const Node *readBroadcast(Operation *op, Graph &graph,
                                 const Node *source) {
  auto dimensions = getNumbers(op->getAttr("broadcast_dimensions"));
  ArrayRef<int64_t> from = getShape(op->getOperand(0));
  if (!dimensions || dimensions->size() != from.size())
    return nullptr;
  SmallVector<Index> places;
  for (auto [size, dimension] : llvm::zip_equal(from, *dimensions))
    places.push_back(size == 1 ? none : dimension);
  return graph.read(source, places, getShape(op->getResult(0)).size());
}

static const Node *readTranspose(Operation *op, Graph &graph,
                                 const Node *source) {
  auto permutation = getNumbers(op->getAttr("permutation"));
  if (!permutation)
    return nullptr;
  SmallVector<Index> places(permutation->size());
  for (auto [dimension, from] : llvm::enumerate(*permutation))
    places[from] = dimension;
  return graph.read(source, places, places.size());
}

/// A reduction whose body is one operation.
static const Node *readReduce(Operation *op, Graph &graph, Scope &scope) {
  auto dimensions = getNumbers(op->getAttr("dimensions"));
  if (!dimensions || op->getNumOperands() != 2 || op->getNumRegions() != 1 ||
      !op->getRegion(0).hasOneBlock())
    return nullptr;
  Block &body = op->getRegion(0).front();
  if (body.getOperations().size() != 2 || body.getNumArguments() != 2)
    return nullptr;
  Operation &combine = body.front();
  StringRef name =
      llvm::StringSwitch<StringRef>(combine.getName().getStringRef())
          .Case("stablehlo.add", "add")
          .Case("stablehlo.maximum", "max")
          .Case("stablehlo.minimum", "min")
          .Default("");
  if (name.empty() || combine.getNumOperands() != 2 ||
      combine.getOperand(0) == combine.getOperand(1) ||
      llvm::any_of(combine.getOperands(), [&](Value operand) {
        return operand.getParentBlock() != &body;
      }))
    return nullptr;
  ArrayRef<int64_t> shape = getShape(op->getOperand(0));
  SmallVector<Index> places;
  Index next = 0;
  for (int64_t dimension : llvm::seq<int64_t>(shape.size()))
    places.push_back(llvm::is_contained(*dimensions, dimension) ? firstBound
                                                                : next++);
  const Node *reduced = graph.reduce(
      name, graph.lookup(op->getOperand(0), scope), places, shape, next);
  const Node *first =
      graph.read(graph.lookup(op->getOperand(1), scope), {}, next);
  return name == "add" ? graph.add(first, reduced)
                       : graph.apply(name, {first, reduced});
}

/// A sum of products.
static const Node *readDot(Operation *op, Graph &graph, Scope &scope) {
  std::string text;
  llvm::raw_string_ostream(text) << op->getAttr("dot_dimension_numbers");
  auto get = [&](StringRef key) {
    return getNumbers(text, (key + "_dimensions").str());
  };
  SmallVector<int64_t> batch[] = {get("lhs_batching"), get("rhs_batching")};
  SmallVector<int64_t> sum[] = {get("lhs_contracting"), get("rhs_contracting")};
  if (op->getNumOperands() != 2 || batch[0].size() != batch[1].size() ||
      sum[0].size() != sum[1].size())
    return nullptr;
  // Loops over batches, over what is left of each side, and over the sum.
  unsigned rank = getShape(op->getResult(0)).size();
  unsigned numLoops = rank + sum[0].size();
  SmallVector<Index> resultPlaces(numLoops, firstBound);
  for (unsigned loop = 0; loop != rank; ++loop)
    resultPlaces[loop] = loop;
  SmallVector<int64_t> extents(numLoops, 1);
  Index next = batch[0].size();
  const Node *factors[2];
  for (unsigned side : {0, 1}) {
    ArrayRef<int64_t> shape = getShape(op->getOperand(side));
    SmallVector<Index> places;
    for (auto [dimension, size] : llvm::enumerate(shape)) {
      Index loop;
      if (auto *found = llvm::find(batch[side], dimension);
          found != batch[side].end())
        loop = found - batch[side].begin();
      else if (auto *found = llvm::find(sum[side], dimension);
               found != sum[side].end())
        loop = rank + (found - sum[side].begin());
      else
        loop = next++;
      if (loop >= numLoops)
        return nullptr;
      extents[loop] = size;
      places.push_back(loop);
    }
    factors[side] =
        graph.read(graph.lookup(op->getOperand(side), scope), places, numLoops);
  }
  return graph.reduce("add", graph.multiply(factors[0], factors[1]),
                      resultPlaces, extents, rank);
}

Nodes mlir::fisher::recognition::readStableHLO(Operation *op, Graph &graph,
                                               Scope &scope) {
  if (op->getName().getDialectNamespace() != "stablehlo" ||
      op->getNumResults() != 1)
    return std::nullopt;
  auto isRanked = llvm::IsaPred<RankedTensorType>;
  if (!llvm::all_of(op->getOperandTypes(), isRanked) ||
      !llvm::all_of(op->getResultTypes(), isRanked))
    return std::nullopt;
  StringRef name = op->getName().stripDialect();
  const Node *node = nullptr;
  if (name == "iota") {
    auto dimension = op->getAttrOfType<IntegerAttr>("iota_dimension");
    if (dimension)
      node = graph.getPosition(dimension.getInt(),
                               getShape(op->getResult(0)).size());
  } else if (name == "reduce") {
    node = readReduce(op, graph, scope);
  } else if (name == "dot_general") {
    node = readDot(op, graph, scope);
  } else if (op->getNumOperands() == 1) {
    const Node *source = graph.lookup(op->getOperand(0), scope);
    if (name == "broadcast_in_dim")
      node = readBroadcast(op, graph, source);
    else if (name == "transpose")
      node = readTranspose(op, graph, source);
    else if (name == "reshape")
      node = graph.reshape(source, getShape(op->getOperand(0)),
                           getShape(op->getResult(0)));
  }
  if (!node)
    return std::nullopt;
  return SmallVector<const Node *>{node};
}
