//===- Graph.h - What a function computes, element by element -------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A function's body as a graph of a few kinds of nodes, whatever dialects it is
// written in: readers of dialects make the nodes, and what looks for patterns
// sees nothing else. Each node knows the value of the IR that it is.
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_RECOGNITION_GRAPH_H
#define FISHER_RECOGNITION_GRAPH_H

#include "fisher/Recognition/Algebra.h"

#include "mlir/IR/Value.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/StringSet.h"

#include <deque>

namespace mlir::fisher::recognition {

/// The elements of a tensor, or a number.
struct Node {
  enum class Kind {
    leaf,     ///< an argument, or what no reader knows
    number,   ///< a constant, the same everywhere
    position, ///< the index of the element in dimension `places[0]`
    add,
    multiply,
    power,   ///< of its operand, with exponent `number`
    apply,   ///< a function of its operands, `name`
    read,    ///< of its operand: `places` says where
    reshape, ///< its operand's elements, in the same order, in another shape
    reduce,  ///< of its operand, by `name`; `places` as in `read`, or bound
  };
  Node(Kind kind, unsigned rank) : kind(kind), rank(rank) {}

  Kind kind;
  unsigned rank;
  double number = 0;
  llvm::StringRef name;
  llvm::SmallVector<const Node *, 2> operands;
  /// For each dimension of the operand the dimension of this node, `none` (its
  /// first element), or for a reduction `firstBound`.
  llvm::SmallVector<Index, 4> places;
  /// For each dimension of the operand of a reduction.
  llvm::SmallVector<int64_t, 4> extents;
  /// What the elements of a leaf are called in the algebra.
  unsigned leaf = 0;
  /// The sizes of a leaf or of a reshaped operand; where one is 1, there is
  /// nothing to choose.
  llvm::SmallVector<int64_t, 4> shape;
};

class Graph;

/// What the values of a function are, for one call of it. In the body of an
/// operation these are the elements at the indices of its loops.
struct Scope {
  llvm::DenseMap<Value, const Node *> nodes;
  /// Around the body of an operation.
  Scope *parent = nullptr;
  /// Of the operation whose body it is.
  unsigned numLoops = 0;
  /// How many calls deep it is.
  unsigned depth = 0;
};

class Graph {
public:
  /// Reads a function with one block.
  explicit Graph(FunctionOpInterface function);

  FunctionOpInterface getFunction() const { return function; }
  Algebra &getAlgebra() { return algebra; }

  /// What a value of the function is; of its block only.
  const Node *getNode(Value value) const { return scope.nodes.lookup(value); }
  /// What the function returns.
  llvm::ArrayRef<const Node *> getResults() const { return results; }

  /// A node in normal form, with an index for each of its dimensions.
  Expr getExpr(const Node *node) { return getExpr(node, exprs); }
  Expr getExpr(Value value) { return getExpr(getNode(value)); }
  /// The same, with all reductions as they are: a sum is an atom, and what is
  /// summed is not part of what a term of the element is.
  Expr getElement(const Node *node) { return getExpr(node, elements); }
  Expr getElement(Value value) { return getElement(getNode(value)); }

  /// What a value is, in the function's block or in the body of an operation of
  /// it; null if it was not read. In a body, indices are those of the loops.
  const Node *findNode(Value value) const { return all.lookup(value); }
  /// A value takes the place of one that was read.
  void setNode(Value value, const Node *node) { all[value] = node; }
  /// What a node would be if nodes of which its operation makes it were
  /// something else. `asElement`: as `getElement` has it.
  Expr getExprWith(const Node *node,
                   llvm::ArrayRef<std::pair<const Node *, Expr>> replacements,
                   bool asElement);

  /// The argument that a leaf is, if it is one.
  std::optional<unsigned> getArgument(const Atom *atom) const;
  /// The argument's elements.
  Expr getArgumentExpr(unsigned number);
  /// The sum of elements that have the argument's indices.
  Expr sumOver(unsigned argument, Expr elements);
  /// Whether an expression is made of random bits only.
  bool isRandom(Expr expr) const;

  /// All nodes that are values, in the order in which they were read.
  llvm::ArrayRef<const Node *> getValues() const { return values; }
  /// The first value that a node is: of the function, of a function that it
  /// calls, or of the body of an operation. Null for parts of what one
  /// operation does.
  Value getOrigin(const Node *node) const { return origins.lookup(node); }

  //===--- For readers ----------------------------------------------------===//

  const Node *getNumber(double number);
  const Node *add(const Node *a, const Node *b);
  const Node *multiply(const Node *a, const Node *b);
  const Node *negate(const Node *a) { return multiply(getNumber(-1), a); }
  const Node *power(const Node *a, double exponent);
  const Node *apply(llvm::StringRef name, llvm::ArrayRef<const Node *> nodes);
  const Node *getPosition(unsigned dimension, unsigned rank);
  /// See `Node::places`; `rank` is that of the result.
  const Node *read(const Node *source, llvm::ArrayRef<Index> places,
                   unsigned rank);
  /// The same elements in another shape.
  const Node *reshape(const Node *source, llvm::ArrayRef<int64_t> from,
                      llvm::ArrayRef<int64_t> to);
  const Node *reduce(llvm::StringRef name, const Node *source,
                     llvm::ArrayRef<Index> places,
                     llvm::ArrayRef<int64_t> extents, unsigned rank);
  /// An integer as a number: in [0, 1) and of random bits, times how many there
  /// are, if it is mixed of bits.
  const Node *convertUnsigned(const Node *source, unsigned width);
  /// An operation's result, without a look at what the operation does.
  const Node *getOpaque(OpResult result, Scope &scope);

  /// Keeps what the values in a body are.
  void keep(const Scope &inner) {
    for (auto [value, node] : inner.nodes)
      all[value] = node;
  }
  /// Reads what a block computes into the scope.
  void read(Block &block, Scope &scope);
  /// What a value is: of the scope, or a constant around it.
  const Node *lookup(Value value, Scope &scope);

private:
  /// The node before its elements were reshaped, all from `shape`, which is
  /// empty if it is not known yet; null if they were not.
  const Node *undoReshape(const Node *node,
                          llvm::SmallVectorImpl<int64_t> &shape);
  Node &make(Node::Kind kind, unsigned rank,
             llvm::ArrayRef<const Node *> operands);
  const Node *makeLeaf(Value value, unsigned leaf);
  bool isRandom(const Node *node) const;
  void set(Value value, const Node *node, Scope &scope);
  /// Reads a call of a function of the module; false if it cannot.
  bool readCall(Operation *op, Scope &scope);
  using Exprs = llvm::DenseMap<const Node *, Expr>;
  Expr getExpr(const Node *node, Exprs &known);
  /// `getLeaf`: what is to stand for a node, whatever that is made of; null if
  /// it is made of its operands.
  Expr getExpr(const Node *node, Exprs &known, bool asElement,
               llvm::function_ref<Expr(const Node *)> getLeaf);
  Expr computeExpr(const Node *node, Exprs &known, bool asElement);

  FunctionOpInterface function;
  Algebra algebra;
  std::deque<Node> nodes;
  llvm::SmallVector<const Node *> values;
  llvm::SmallVector<const Node *> results;
  Scope scope;
  llvm::DenseMap<Value, const Node *> all;
  llvm::DenseMap<const Node *, Value> origins;
  Exprs exprs, elements;
  /// The leaf of what the same operation makes of the same operands.
  std::map<std::vector<uint64_t>, unsigned> opaqueLeaves;
  llvm::DenseSet<unsigned> randomLeaves;
  /// What operations on numbers that no reader knows are called in the algebra,
  /// and those of them that mix bits.
  llvm::StringSet<> functions, randomFunctions;
  unsigned numLeaves = 0;
  /// The first leaves are the arguments.
  unsigned numArguments = 0;
};

} // namespace mlir::fisher::recognition

#endif // FISHER_RECOGNITION_GRAPH_H
