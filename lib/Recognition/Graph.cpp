//===- Graph.cpp - What a function computes, element by element -----------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Recognition/Graph.h"

#include "Readers.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/CallInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include <cmath>

using namespace mlir;
using namespace mlir::fisher::recognition;

/// Functions are looked into this deep; recursion ends here, too.
static constexpr unsigned maxDepth = 16;

static uint64_t getKey(const void *pointer) {
  return reinterpret_cast<uintptr_t>(pointer);
}

static unsigned getRank(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor ? tensor.getRank() : 0;
}

Graph::Graph(FunctionOpInterface function) : function(function) {
  Block &block = function.getFunctionBody().front();
  for (BlockArgument argument : block.getArguments())
    set(argument, makeLeaf(argument, numLeaves++), scope);
  numArguments = numLeaves;
  read(block, scope);
  for (Value value : block.getTerminator()->getOperands())
    results.push_back(lookup(value, scope));
}

std::optional<unsigned> Graph::getArgument(const Atom *atom) const {
  if (atom->kind == Atom::Kind::leaf && atom->leaf < numArguments)
    return atom->leaf;
  return std::nullopt;
}

Expr Graph::getArgumentExpr(unsigned number) {
  return getExpr(function.getArgument(number));
}

Expr Graph::sumOver(unsigned argument, Expr elements) {
  auto type = cast<RankedTensorType>(function.getArgument(argument).getType());
  SmallVector<Index> bounds;
  SmallVector<int64_t> extents;
  for (auto [dimension, size] : llvm::enumerate(type.getShape()))
    if (size != 1) {
      bounds.push_back(dimension);
      extents.push_back(size);
    }
  return algebra.reduce("add", elements, bounds, extents);
}

bool Graph::isRandom(Expr expr) const {
  bool isAny = false;
  for (const Term &term : expr->terms)
    for (const Factor &factor : term.factors) {
      isAny = true;
      if (factor.atom->kind == Atom::Kind::leaf) {
        if (!randomLeaves.contains(factor.atom->leaf))
          return false;
      } else if (!randomFunctions.contains(factor.atom->name) &&
                 !llvm::any_of(factor.atom->operands, [&](Expr operand) {
                   return isRandom(operand);
                 })) {
        return false;
      }
    }
  return isAny;
}

//===----------------------------------------------------------------------===//
// Nodes
//===----------------------------------------------------------------------===//

Node &Graph::make(Node::Kind kind, unsigned rank,
                  ArrayRef<const Node *> operands) {
  Node &node = nodes.emplace_back(kind, rank);
  node.operands.assign(operands.begin(), operands.end());
  return node;
}

static unsigned getRank(ArrayRef<const Node *> operands) {
  unsigned rank = 0;
  for (const Node *operand : operands)
    rank = std::max(rank, operand->rank);
  return rank;
}

const Node *Graph::getNumber(double number) {
  Node &node = make(Node::Kind::number, 0, {});
  node.number = number;
  return &node;
}

const Node *Graph::add(const Node *a, const Node *b) {
  return &make(Node::Kind::add, std::max(a->rank, b->rank), {a, b});
}

const Node *Graph::multiply(const Node *a, const Node *b) {
  return &make(Node::Kind::multiply, std::max(a->rank, b->rank), {a, b});
}

const Node *Graph::power(const Node *a, double exponent) {
  Node &node = make(Node::Kind::power, a->rank, a);
  node.number = exponent;
  return &node;
}

const Node *Graph::apply(StringRef name, ArrayRef<const Node *> operands) {
  Node &node = make(Node::Kind::apply, getRank(operands), operands);
  node.name = name;
  return &node;
}

const Node *Graph::getPosition(unsigned dimension, unsigned rank) {
  Node &node = make(Node::Kind::position, rank, {});
  node.places = {Index(dimension)};
  return &node;
}

const Node *Graph::read(const Node *source, ArrayRef<Index> places,
                        unsigned rank) {
  Node &node = make(Node::Kind::read, rank, source);
  node.places.assign(places.begin(), places.end());
  return &node;
}

const Node *Graph::reshape(const Node *source, ArrayRef<int64_t> from,
                           ArrayRef<int64_t> to) {
  // Dimensions of size 1 come and go.
  SmallVector<Index> places;
  size_t next = 0;
  bool isSame = true;
  auto skipOnes = [&]() {
    while (next != to.size() && to[next] == 1)
      ++next;
  };
  for (int64_t size : from) {
    places.push_back(none);
    if (size == 1)
      continue;
    skipOnes();
    isSame &= next != to.size() && to[next] == size;
    places.back() = next++;
    if (!isSame)
      break;
  }
  skipOnes();
  if (isSame && next == to.size())
    return read(source, places, to.size());
  // There and back again.
  SmallVector<int64_t> shape(to);
  if (const Node *before = undoReshape(source, shape); before && before->rank)
    return before;
  Node &node = make(Node::Kind::reshape, to.size(), source);
  node.shape.assign(to.begin(), to.end());
  node.extents.assign(from.begin(), from.end());
  return &node;
}

const Node *Graph::undoReshape(const Node *node,
                               SmallVectorImpl<int64_t> &shape) {
  if (node->rank == 0)
    return node;
  if (node->kind == Node::Kind::reshape) {
    if (shape.empty())
      shape.assign(node->extents.begin(), node->extents.end());
    return ArrayRef<int64_t>(node->extents) == ArrayRef<int64_t>(shape)
               ? node->operands.front()
               : nullptr;
  }
  if (node->kind == Node::Kind::read) {
    const Node *source = node->operands.front();
    bool isSame = source->rank == node->rank;
    for (auto [dimension, place] : llvm::enumerate(node->places))
      isSame &= place == Index(dimension);
    return isSame || source->rank == 0 ? undoReshape(source, shape) : nullptr;
  }
  if (node->kind != Node::Kind::add && node->kind != Node::Kind::multiply &&
      node->kind != Node::Kind::power && node->kind != Node::Kind::apply)
    return nullptr;
  SmallVector<const Node *> operands;
  unsigned rank = 0;
  for (const Node *operand : node->operands) {
    operands.push_back(undoReshape(operand, shape));
    if (!operands.back())
      return nullptr;
    rank = std::max(rank, operands.back()->rank);
  }
  Node &result = make(node->kind, rank, operands);
  result.number = node->number;
  result.name = node->name;
  return &result;
}

const Node *Graph::reduce(StringRef name, const Node *source,
                          ArrayRef<Index> places, ArrayRef<int64_t> extents,
                          unsigned rank) {
  if (!llvm::is_contained(places, firstBound))
    return read(source, places, rank);
  // What is reduced as a whole may have any shape.
  SmallVector<int64_t> shape;
  if (rank == 0 && llvm::all_equal(places))
    if (const Node *before = undoReshape(source, shape);
        before && !shape.empty())
      return reduce(name, before, SmallVector<Index>(shape.size(), firstBound),
                    shape, /*rank=*/0);
  Node &node = make(Node::Kind::reduce, rank, source);
  node.name = name;
  node.places.assign(places.begin(), places.end());
  node.extents.assign(extents.begin(), extents.end());
  return &node;
}

const Node *Graph::makeLeaf(Value value, unsigned leaf) {
  Node &node = make(Node::Kind::leaf, getRank(value.getType()), {});
  node.leaf = leaf;
  if (auto tensor = dyn_cast<RankedTensorType>(value.getType()))
    node.shape.assign(tensor.getShape().begin(), tensor.getShape().end());
  return &node;
}

bool Graph::isRandom(const Node *node) const {
  while (node->kind == Node::Kind::read)
    node = node->operands.front();
  return node->kind == Node::Kind::leaf
             ? randomLeaves.contains(node->leaf)
             : node->kind == Node::Kind::apply &&
                   randomFunctions.contains(node->name);
}

const Node *Graph::convertUnsigned(const Node *source, unsigned width) {
  if (width == 1 || !isRandom(source))
    return source;
  return multiply(getNumber(std::ldexp(1.0, width)), apply("uniform", source));
}

/// Whether an operation's result is made of bits, as uniform noise is.
static bool mixesBits(Operation *op) {
  StringRef name = op->getName().stripDialect();
  if (name == "bitcast" || name == "bitcast_convert")
    return true;
  return llvm::is_contained({"xori", "ori", "shli", "shrui"}, name) &&
         !op->getResult(0).getType().isInteger(1);
}

const Node *Graph::getOpaque(OpResult result, Scope &scope) {
  Operation *op = result.getOwner();
  StringRef name = op->getName().getStringRef();
  bool isDrawn = name.contains("rng") || name.contains("rand") ||
                 name.contains("bernoulli");
  // The same operation on the same operands gives the same, unless it draws
  // random numbers, reads memory, or may do anything.
  bool isNew = isDrawn || op->getNumRegions() != 0 ||
               isa<CallOpInterface>(op) ||
               (op->isRegistered() && !isMemoryEffectFree(op));
  bool isNumber = !isa<ShapedType>(result.getType());
  std::vector<uint64_t> key{
      getKey(op->getName().getAsOpaquePointer()),
      getKey(op->getDiscardableAttrDictionary().getAsOpaquePointer()),
      getKey(op->getPropertiesAsAttribute().getAsOpaquePointer()),
      getKey(result.getType().getAsOpaquePointer()), result.getResultNumber()};
  // A number is a function of those operands that are numbers: in the body of
  // an operation these differ from one element to the next.
  SmallVector<const Node *> numbers;
  bool isRandom = isDrawn || mixesBits(op);
  for (Value operand : op->getOperands()) {
    const Node *node = lookup(operand, scope);
    isRandom |= node->kind == Node::Kind::leaf && this->isRandom(node);
    bool isArgument = isNumber && !isa<ShapedType>(operand.getType());
    if (isArgument)
      numbers.push_back(node);
    key.push_back(isArgument || isNew ? 0 : getKey(getElement(node)));
  }
  unsigned leaf = numLeaves;
  if (!isNew)
    leaf = opaqueLeaves.try_emplace(key, numLeaves).first->second;
  numLeaves = std::max(numLeaves, leaf + 1);
  if (!isNew && !numbers.empty()) {
    StringRef function =
        functions.insert("unknown" + std::to_string(leaf)).first->getKey();
    if (mixesBits(op))
      randomFunctions.insert(function);
    return apply(function, numbers);
  }
  if (isRandom)
    randomLeaves.insert(leaf);
  if (!isNumber)
    return makeLeaf(result, leaf);
  // Of the body it may read any element.
  Node &node = make(Node::Kind::leaf, scope.numLoops, {});
  node.leaf = leaf;
  node.shape.assign(scope.numLoops, ShapedType::kDynamic);
  return &node;
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

void Graph::set(Value value, const Node *node, Scope &scope) {
  if (origins.try_emplace(node, value).second)
    values.push_back(node);
  scope.nodes[value] = node;
  all[value] = node;
}

const Node *Graph::lookup(Value value, Scope &scope) {
  for (Scope *around = &scope; around; around = around->parent)
    if (const Node *node = around->nodes.lookup(value))
      return node;
  // An argument of a block that is not read.
  const Node *node = makeLeaf(value, numLeaves++);
  set(value, node, scope);
  return node;
}

bool Graph::readCall(Operation *op, Scope &scope) {
  auto call = dyn_cast<CallOpInterface>(op);
  if (!call || scope.depth == maxDepth)
    return false;
  auto callee = dyn_cast_or_null<FunctionOpInterface>(call.resolveCallable());
  if (!callee || !callee.getFunctionBody().hasOneBlock())
    return false;
  Block &block = callee.getFunctionBody().front();
  if (block.getNumArguments() != op->getNumOperands() ||
      block.getTerminator()->getNumOperands() != op->getNumResults())
    return false;
  Scope inner;
  inner.numLoops = scope.numLoops;
  inner.depth = scope.depth + 1;
  for (auto [argument, operand] :
       llvm::zip_equal(block.getArguments(), op->getOperands()))
    inner.nodes[argument] = lookup(operand, scope);
  read(block, inner);
  for (auto [result, value] :
       llvm::zip_equal(op->getResults(), block.getTerminator()->getOperands()))
    all[result] = scope.nodes[result] = lookup(value, inner);
  return true;
}

void Graph::read(Block &block, Scope &scope) {
  for (Operation &op : block.without_terminator()) {
    if (readCall(&op, scope))
      continue;
    Nodes read = readElementwise(&op, *this, scope);
    if (!read)
      read = readLinalg(&op, *this, scope);
    if (!read)
      read = readStableHLO(&op, *this, scope);
    for (OpResult result : op.getResults())
      set(result,
          read ? (*read)[result.getResultNumber()] : getOpaque(result, scope),
          scope);
  }
}

//===----------------------------------------------------------------------===//
// Normal form
//===----------------------------------------------------------------------===//

Expr Graph::computeExpr(const Node *node, Exprs &known, bool asElement) {
  switch (node->kind) {
  case Node::Kind::leaf: {
    SmallVector<Index> places;
    for (auto [dimension, size] : llvm::enumerate(node->shape))
      places.push_back(size == 1 ? none : Index(dimension));
    return algebra.getLeaf(node->leaf, places);
  }
  case Node::Kind::number:
    return algebra.getNumber(node->number);
  case Node::Kind::position:
    // No leaf has this number.
    return algebra.getLeaf(~0u, node->places);
  case Node::Kind::add:
    return algebra.add(known.lookup(node->operands[0]),
                       known.lookup(node->operands[1]));
  case Node::Kind::multiply:
    return algebra.multiply(known.lookup(node->operands[0]),
                            known.lookup(node->operands[1]));
  case Node::Kind::power:
    return algebra.power(known.lookup(node->operands[0]), node->number);
  case Node::Kind::apply:
    return algebra.apply(
        node->name, llvm::map_to_vector(node->operands, [&](const Node *n) {
          return known.lookup(n);
        }));
  case Node::Kind::read:
    return algebra.substitute(known.lookup(node->operands[0]),
                              [&](Index index) { return node->places[index]; });
  case Node::Kind::reshape: {
    // What it is made of is not looked at.
    std::vector<uint64_t> key{getKey(known.lookup(node->operands.front()))};
    llvm::append_range(key, node->extents);
    key.push_back(0);
    llvm::append_range(key, node->shape);
    auto [entry, isNew] = opaqueLeaves.try_emplace(key, numLeaves);
    if (isNew)
      ++numLeaves;
    SmallVector<Index> places;
    for (auto [dimension, size] : llvm::enumerate(node->shape))
      places.push_back(size == 1 ? none : Index(dimension));
    return algebra.getLeaf(entry->second, places);
  }
  case Node::Kind::reduce: {
    // While it is built, what it runs over has indices that nothing else has.
    constexpr Index first = Index(1) << 40;
    SmallVector<Index> bounds;
    SmallVector<int64_t> extents;
    Expr body =
        algebra.substitute(known.lookup(node->operands[0]), [&](Index index) {
          if (node->places[index] != firstBound)
            return node->places[index];
          return node->extents[index] == 1 ? none : first + index;
        });
    for (auto [dimension, place] : llvm::enumerate(node->places))
      if (place == firstBound && node->extents[dimension] != 1) {
        bounds.push_back(first + dimension);
        extents.push_back(node->extents[dimension]);
      }
    return asElement ? algebra.reduceWhole(node->name, body, bounds, extents)
                     : algebra.reduce(node->name, body, bounds, extents);
  }
  }
  llvm_unreachable("all kinds are handled");
}

Expr Graph::getExpr(const Node *node, Exprs &known) {
  return getExpr(node, known, &known == &elements,
                 [](const Node *) -> Expr { return nullptr; });
}

Expr Graph::getExpr(const Node *node, Exprs &known, bool asElement,
                    llvm::function_ref<Expr(const Node *)> getLeaf) {
  // Operands first, without recursion: a body may be long.
  SmallVector<const Node *> stack{node};
  while (!stack.empty()) {
    const Node *top = stack.back();
    if (known.contains(top)) {
      stack.pop_back();
      continue;
    }
    if (Expr leaf = getLeaf(top)) {
      known[top] = leaf;
      stack.pop_back();
      continue;
    }
    bool isReady = true;
    for (const Node *operand : top->operands)
      if (!known.contains(operand)) {
        stack.push_back(operand);
        isReady = false;
      }
    if (!isReady)
      continue;
    stack.pop_back();
    Expr expr = computeExpr(top, known, asElement);
    known[top] = expr;
  }
  return known.lookup(node);
}

Expr Graph::getExprWith(const Node *node,
                        ArrayRef<std::pair<const Node *, Expr>> replacements,
                        bool asElement) {
  Exprs &whole = asElement ? elements : exprs;
  Exprs known(replacements.begin(), replacements.end());
  // Other values are what they are.
  return getExpr(node, known, asElement, [&](const Node *other) -> Expr {
    bool isLeaf =
        other != node && (other->operands.empty() || getOrigin(other));
    return isLeaf ? getExpr(other, whole) : nullptr;
  });
}
