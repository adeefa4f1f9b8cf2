//===- Removal.cpp - Take regularizers out of a training step -------------===//
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

#include "fisher/Recognition/Removal.h"

#include "LinearForm.h"
#include "Readers.h"

#include "fisher/IR/JaxMarks.h"
#include "fisher/IR/Marks.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/CallInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SmallVectorExtras.h"
#include "llvm/Support/Format.h"

#include <cmath>

using namespace mlir;
using namespace mlir::fisher;
using namespace mlir::fisher::recognition;

/// What numbers may differ by, relatively, that are the same but for rounding.
static constexpr double tolerance = 1e-5;

bool mlir::fisher::recognition::isRemovable(FindingKind kind) {
  return kind == FindingKind::l2_gradient || kind == FindingKind::l2_loss ||
         kind == FindingKind::weight_decay || kind == FindingKind::kl_to_prior;
}

namespace {
/// Takes the findings of one kind out of a function.
class Remover {
public:
  Remover(Recognition &recognition, FindingKind kind)
      : recognition(recognition), graph(recognition.getGraph()),
        algebra(graph.getAlgebra()), forms(algebra), kind(kind),
        function(graph.getFunction()),
        returnOp(function.getFunctionBody().front().getTerminator()) {}

  /// False if a part cannot be taken out; the function may be half changed
  /// then.
  bool remove();

  /// The operation at which the walk stopped, and for which parameter.
  Operation *getStop() const { return stop; }
  unsigned getParameter() const { return parameter; }
  /// A call that must become what it calls first.
  Operation *getCall() const { return call; }

private:
  /// A value, up to a scalar, and what is to be taken out of it.
  struct Anchor {
    Expr whole, part;
    unsigned parameter;
  };
  /// What an operation, or an argument of a body, is made of.
  struct Child {
    Value value;
    const Node *node;
  };
  /// What takes the place of a value; null is zero.
  using Rest = std::optional<Value>;

  // What must be taken out of which values.
  void addAnchors();
  void addLossParts(const Finding &finding);
  void addDecay(const Finding &finding);
  void addGradientParts(unsigned argument, Expr gradient, const Update *update,
                        Expr part);
  Expr getGradientPart(const Finding &finding, unsigned argument,
                       Expr gradient);
  /// The terms that depend on these arguments, besides scalars, and on no other
  /// tensor.
  Expr getTermsOf(Expr expr, ArrayRef<unsigned> arguments);
  bool dependsOnlyOn(Expr expr, ArrayRef<unsigned> arguments, bool &isAny);
  Expr getExpandedElement(const Node *node);
  Expr getExpr(const Node *node, bool asElement) {
    return asElement ? getExpandedElement(node) : expand(graph.getExpr(node));
  }
  Expr expand(Expr expr);
  bool isClose(Expr a, Expr b);
  /// The part with the coefficients that the whole has, where they are the same
  /// but for rounding.
  Expr snap(Expr part, Expr whole);

  // The walk.
  void markValues();
  void markBlock(Block &block);
  const Anchor *findAnchor(Value value);
  Rest clean(Value value);
  Rest take(Value value, Expr part, bool asElement);
  Rest takeAnew(Value value, Expr part, bool asElement);
  SmallVector<Child> getChildren(Value value);
  /// What each child loses so that the value loses the part.
  std::optional<SmallVector<Expr>>
  split(const Node *node, ArrayRef<Child> children, Expr part, bool asElement);
  Value findValue(Value like, Expr expr, bool asElement);
  Rest rebuild(Value value, ArrayRef<Child> children, ArrayRef<Value> rests,
               bool asElement);
  Value makeZero(Value like);
  linalg::GenericOp getClone(linalg::LinalgOp op);
  std::optional<bool> isParallel(OpResult result);
  void finish(ArrayRef<Value> results);

  Rest fail(Value value);

  Recognition &recognition;
  Graph &graph;
  Algebra &algebra;
  LinearForms forms;
  FindingKind kind;
  FunctionOpInterface function;
  Operation *returnOp;
  std::vector<Anchor> anchors;
  /// What is to be taken out of results.
  std::map<unsigned, Expr> lossParts, resultParts;
  std::map<unsigned, unsigned> parameterOf;
  llvm::DenseSet<Value> marked;
  llvm::DenseMap<const Node *, Expr> expanded;
  llvm::DenseMap<Value, Rest> cleaned;
  std::map<std::tuple<void *, Expr, bool>, Rest> taken;
  /// The operations that are changed in the place of others.
  llvm::MapVector<Operation *, linalg::GenericOp> clones;
  /// The results that are made of less there.
  llvm::DenseSet<Value> changed;
  llvm::DenseSet<Operation *> created;
  unsigned parameter = 0;
  bool isMixed = false;
  Operation *stop = nullptr, *call = nullptr;
};
} // namespace

//===----------------------------------------------------------------------===//
// Expressions
//===----------------------------------------------------------------------===//

Expr Remover::expand(Expr expr) {
  while (true) {
    Expr next = algebra.expand(expr);
    if (next == expr)
      return expr;
    expr = next;
  }
}

Expr Remover::getExpandedElement(const Node *node) {
  Expr &expr = expanded[node];
  if (!expr) {
    Expr computed = expand(graph.getElement(node));
    expanded[node] = computed;
    return computed;
  }
  return expr;
}

static const Term *findTerm(Expr expr, const Term &like) {
  for (const Term &term : expr->terms)
    if (term.factors == like.factors)
      return &term;
  return nullptr;
}

bool Remover::isClose(Expr a, Expr b) {
  if (a == b)
    return true;
  Expr difference = algebra.subtract(a, b);
  return llvm::all_of(difference->terms, [&](const Term &left) {
    const Term *term = findTerm(a, left);
    return term && std::abs(left.coefficient) <=
                       tolerance * std::abs(term->coefficient);
  });
}

Expr Remover::snap(Expr part, Expr whole) {
  Expr result = algebra.getNumber(0);
  for (const Term &term : part->terms) {
    const Term *found = findTerm(whole, term);
    bool isSame = found && std::abs(found->coefficient - term.coefficient) <=
                               tolerance * std::abs(term.coefficient);
    result = algebra.add(result, algebra.getTerm(isSame ? *found : term));
  }
  return result;
}

bool Remover::dependsOnlyOn(Expr expr, ArrayRef<unsigned> arguments,
                            bool &isAny) {
  return llvm::all_of(expr->terms, [&](const Term &term) {
    return llvm::all_of(term.factors, [&](const Factor &factor) {
      if (isPlainScalar(algebra.getTerm({1.0, {factor}})))
        return true;
      if (factor.atom->kind == Atom::Kind::leaf) {
        std::optional<unsigned> argument = graph.getArgument(factor.atom);
        isAny |= argument && llvm::is_contained(arguments, *argument);
        return argument && llvm::is_contained(arguments, *argument);
      }
      return llvm::all_of(factor.atom->operands, [&](Expr operand) {
        return dependsOnlyOn(operand, arguments, isAny);
      });
    });
  });
}

Expr Remover::getTermsOf(Expr expr, ArrayRef<unsigned> arguments) {
  Expr result = algebra.getNumber(0);
  for (const Term &term : expr->terms) {
    bool isAny = false;
    Expr one = algebra.getTerm(term);
    if (dependsOnlyOn(one, arguments, isAny) && isAny)
      result = algebra.add(result, one);
  }
  return result;
}

//===----------------------------------------------------------------------===//
// What is to be taken out
//===----------------------------------------------------------------------===//

/// The gradient of what the finding adds to the loss.
Expr Remover::getGradientPart(const Finding &finding, unsigned argument,
                              Expr gradient) {
  Expr old = graph.getArgumentExpr(argument);
  Expr pull = forms.getCoefficient(gradient, old);
  if (const Coefficient *strength = finding.getCoefficient("strength")) {
    // In the gradient it is rounded otherwise than in the loss.
    if (isClose(strength->expr, pull))
      return algebra.multiply(pull, old);
    return algebra.multiply(strength->expr, old);
  }
  if (argument != finding.arguments.front())
    return getTermsOf(gradient, argument);
  Expr sigma = finding.getCoefficient("prior_sigma")->expr;
  Expr mean = finding.getCoefficient("prior_mean")->expr;
  Expr scale = algebra.multiply(finding.getCoefficient("weight")->expr,
                                algebra.power(sigma, -2));
  if (isClose(scale, pull))
    scale = pull;
  return algebra.multiply(scale, algebra.subtract(old, mean));
}

void Remover::addGradientParts(unsigned argument, Expr gradient,
                               const Update *update, Expr part) {
  if (part->terms.empty())
    return;
  Expr whole = expand(gradient);
  anchors.push_back({gradient, part, argument});
  if (whole != gradient)
    anchors.push_back({whole, part, argument});
  // Results that have a multiple of the gradient without it being a value.
  ArrayRef<const Node *> results = graph.getResults();
  for (unsigned number = 0; number != results.size(); ++number) {
    Expr ratio = nullptr;
    if (update && update->result == number) {
      if (update->optimizer == FindingKind::sgd)
        ratio = algebra.scale(update->learningRate, -1);
    } else if (results[number]->rank != 0) {
      Expr all = getExpandedElement(results[number]);
      Expr found = algebra.getNumber(0);
      for (const Term &term : part->terms)
        if (const Term *same = findTerm(all, term))
          found = algebra.add(found, algebra.getTerm(*same));
      ratio = forms.getRatio(found, part);
      if (ratio && !isPlainScalar(ratio))
        ratio = nullptr;
      // The gradient as a whole is in it.
      if (ratio && !isClose(algebra.multiply(ratio, whole), [&] {
            Expr same = algebra.getNumber(0);
            for (const Term &term : whole->terms)
              if (const Term *other = findTerm(all, term))
                same = algebra.add(same, algebra.getTerm(*other));
            return same;
          }()))
        ratio = nullptr;
    }
    if (!ratio)
      continue;
    Expr &sum = resultParts[number];
    Expr add = algebra.multiply(ratio, part);
    sum = sum ? algebra.add(sum, add) : add;
    parameterOf[number] = argument;
  }
}

void Remover::addDecay(const Finding &finding) {
  unsigned argument = finding.arguments.front();
  for (const Update &update : recognition.getUpdates()) {
    if (update.parameter != argument)
      continue;
    resultParts[update.result] = algebra.scale(
        algebra.multiply(
            algebra.multiply(update.learningRate,
                             finding.getCoefficient("strength")->expr),
            graph.getArgumentExpr(argument)),
        -1);
    parameterOf[update.result] = argument;
  }
}

static Expr getSquares(Graph &graph, unsigned argument) {
  Algebra &algebra = graph.getAlgebra();
  Expr square = algebra.power(graph.getArgumentExpr(argument), 2);
  auto type = cast<RankedTensorType>(
      graph.getFunction().getArgument(argument).getType());
  SmallVector<Index> bounds;
  SmallVector<int64_t> extents;
  for (auto [dimension, size] : llvm::enumerate(type.getShape()))
    if (size != 1) {
      bounds.push_back(dimension);
      extents.push_back(size);
    }
  return algebra.reduce("add", square, bounds, extents);
}

void Remover::addLossParts(const Finding &finding) {
  ArrayRef<const Node *> results = graph.getResults();
  for (unsigned number = 0; number != results.size(); ++number) {
    if (results[number]->rank != 0)
      continue;
    Expr loss = expand(graph.getExpr(results[number]));
    Expr squares = getSquares(graph, finding.arguments.front());
    Expr half = forms.getCoefficient(loss, squares);
    if (half->terms.empty())
      continue;
    Expr part;
    if (kind == FindingKind::l2_loss) {
      part = algebra.multiply(half, squares);
    } else {
      part = getTermsOf(loss, finding.arguments);
      // Squares, logarithms, and a sum if the prior's mean is not zero: if
      // there are others, nothing tells which is which.
      if (part->terms.size() > 4)
        isMixed = true;
      // What does not depend on the parameters:
      // β n [log s₀ + m₀² / (2 s₀²) - 1/2]
      double sigma = *finding.getCoefficient("prior_sigma")->expr->getNumber();
      double mean = *finding.getCoefficient("prior_mean")->expr->getNumber();
      auto type = cast<RankedTensorType>(
          function.getArgument(finding.arguments.front()).getType());
      if (type.hasStaticShape())
        part = algebra.add(
            part, algebra.scale(finding.getCoefficient("weight")->expr,
                                type.getNumElements() *
                                    (std::log(sigma) +
                                     mean * mean / (2 * sigma * sigma) - 0.5)));
    }
    Expr &sum = lossParts[number];
    sum = sum ? algebra.add(sum, part) : part;
    parameterOf[number] = parameter = finding.arguments.front();
  }
}

void Remover::addAnchors() {
  StepMarks marks = getMarks(function);
  for (const Finding &finding : recognition.getFindings()) {
    if (finding.kind != kind)
      continue;
    if (kind == FindingKind::weight_decay) {
      addDecay(finding);
      continue;
    }
    if (kind != FindingKind::l2_gradient)
      addLossParts(finding);
    for (unsigned argument : finding.arguments) {
      for (const Update &update : recognition.getUpdates())
        if (update.parameter == argument)
          addGradientParts(
              argument, update.gradient, &update,
              getGradientPart(finding, argument, expand(update.gradient)));
      // Gradients that are returned.
      for (auto [number, list] : llvm::enumerate(marks.results)) {
        if (marks.findArgument(StepMarks::getText(list, marks::gradientOf)) !=
            argument)
          continue;
        Expr gradient = getExpandedElement(graph.getResults()[number]);
        resultParts[number] = getGradientPart(finding, argument, gradient);
        parameterOf[number] = argument;
      }
    }
  }
  // Constants may be left out of a loss.
  for (auto &[number, part] : lossParts) {
    Expr loss = expand(graph.getExpr(graph.getResults()[number]));
    Expr there = algebra.getNumber(0);
    for (const Term &term : part->terms)
      if (findTerm(loss, term))
        there = algebra.add(there, algebra.getTerm(term));
    part = there;
  }
}

//===----------------------------------------------------------------------===//
// The walk
//===----------------------------------------------------------------------===//

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

const Remover::Anchor *Remover::findAnchor(Value value) {
  const Node *node = graph.findNode(value);
  if (!node || node->rank == 0)
    return nullptr;
  Expr expr = graph.getElement(node);
  for (const Anchor &anchor : anchors) {
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

/// Marks what is made of a gradient that has a part to be taken out.
void Remover::markValues() {
  if (!anchors.empty())
    markBlock(function.getFunctionBody().front());
}

void Remover::markBlock(Block &block) {
  auto mark = [&](Value value) {
    bool isMarked = findAnchor(value);
    if (!isMarked)
      isMarked = llvm::any_of(getChildren(value), [&](const Child &child) {
        return marked.contains(child.value);
      });
    if (isMarked)
      marked.insert(value);
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

/// Whether each element of a result is made by one iteration; nothing if it is
/// not known what a result is.
std::optional<bool> Remover::isParallel(OpResult result) {
  auto op = cast<linalg::LinalgOp>(result.getOwner());
  const Node *node = graph.findNode(result);
  if (!op.hasPureTensorSemantics() || !node || node->kind == Node::Kind::leaf)
    return std::nullopt;
  AffineMap map =
      op.getMatchingIndexingMap(op.getDpsInitOperand(result.getResultNumber()));
  return map.getNumResults() == op.getNumLoops();
}

SmallVector<Remover::Child> Remover::getChildren(Value value) {
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

std::optional<SmallVector<Expr>> Remover::split(const Node *node,
                                                ArrayRef<Child> children,
                                                Expr part, bool asElement) {
  Expr whole = getExpr(node, asElement);
  // Children that are the same lose the same.
  SmallVector<const Node *> parts;
  for (const Child &child : children)
    if (!llvm::is_contained(parts, child.node))
      parts.push_back(child.node);
  struct Candidate {
    unsigned child;
    Expr term, effect;
  };
  SmallVector<Candidate> candidates;
  for (auto [number, child] : llvm::enumerate(parts)) {
    Expr all = getExpr(child, asElement);
    for (const Term &term : all->terms) {
      Expr one = algebra.getTerm(term);
      Expr less = expand(graph.getExprWith(
          node, child, algebra.subtract(all, one), asElement));
      Expr effect = algebra.subtract(whole, less);
      if (!effect->terms.empty() &&
          llvm::all_of(effect->terms,
                       [&](const Term &term) { return findTerm(part, term); }))
        candidates.push_back({unsigned(number), one, effect});
    }
  }
  if (candidates.empty())
    return std::nullopt;
  auto isPart = [&](uint64_t subset) {
    Expr sum = algebra.getNumber(0);
    for (auto [number, candidate] : llvm::enumerate(candidates))
      if (number >= 64 || (subset >> number & 1))
        sum = algebra.add(sum, candidate.effect);
    return isClose(part, sum);
  };
  uint64_t subset = ~uint64_t(0);
  SmallVector<Expr> losses(parts.size(), algebra.getNumber(0));
  bool isFound = isPart(subset);
  // The parameter itself may be there, too.
  if (uint64_t end = uint64_t(1) << std::min<size_t>(candidates.size(), 10);
      !isFound && candidates.size() <= 10)
    for (subset = 1; subset != end; ++subset)
      if ((isFound = isPart(subset)))
        break;
  if (isFound) {
    for (auto [number, candidate] : llvm::enumerate(candidates))
      if (number >= 64 || (subset >> number & 1))
        losses[candidate.child] =
            algebra.add(losses[candidate.child], candidate.term);
  } else {
    // A share of the terms of one child.
    for (unsigned number = 0; number != parts.size() && !isFound; ++number) {
      Expr loss = algebra.getNumber(0);
      for (const Candidate &candidate : candidates) {
        if (candidate.child != number || candidate.effect->terms.size() != 1)
          continue;
        const Term &effect = candidate.effect->terms.front();
        loss = algebra.add(
            loss,
            algebra.scale(candidate.term, findTerm(part, effect)->coefficient /
                                              effect.coefficient));
      }
      Expr left = algebra.subtract(getExpr(parts[number], asElement), loss);
      Expr less =
          expand(graph.getExprWith(node, parts[number], left, asElement));
      isFound = isClose(part, algebra.subtract(whole, less));
      if (isFound)
        losses[number] = loss;
    }
    if (!isFound)
      return std::nullopt;
  }
  return llvm::map_to_vector(children, [&](const Child &child) {
    return losses[llvm::find(parts, child.node) - parts.begin()];
  });
}

/// A value of the same block that is there before, is the expression, and has
/// the same type.
Value Remover::findValue(Value like, Expr expr, bool asElement) {
  auto isIt = [&](Value value) {
    const Node *node = graph.findNode(value);
    return node && value.getType() == like.getType() &&
           isClose(getExpr(node, asElement), expr);
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

Value Remover::makeZero(Value like) {
  Operation *op = like.getDefiningOp();
  OpBuilder builder(function.getContext());
  if (op)
    builder.setInsertionPoint(op);
  else
    builder.setInsertionPointToStart(like.getParentBlock());
  Type type = like.getType();
  auto shaped = dyn_cast<ShapedType>(type);
  if (!isa<FloatType>(getElementTypeOrSelf(type)) ||
      (shaped && !shaped.hasStaticShape()))
    return nullptr;
  TypedAttr zero = builder.getZeroAttr(type);
  Operation *constant;
  if (op && op->getName().getDialectNamespace() == "stablehlo") {
    OperationState state(like.getLoc(), "stablehlo.constant");
    state.addAttribute("value", zero);
    state.addTypes(type);
    constant = builder.create(state);
  } else {
    constant = arith::ConstantOp::create(builder, like.getLoc(), zero);
  }
  created.insert(constant);
  return constant->getResult(0);
}

/// A copy of the loops that may be changed.
linalg::GenericOp Remover::getClone(linalg::LinalgOp op) {
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
    if (marked.contains(before))
      marked.insert(after);
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

/// Makes the value of what is left of its children; a null child is zero.
Remover::Rest Remover::rebuild(Value value, ArrayRef<Child> children,
                               ArrayRef<Value> rests, bool asElement) {
  const Node *node = graph.findNode(value);
  // Where a child that is zero changes nothing, the value is the other one.
  for (unsigned zero = 0; zero != rests.size(); ++zero) {
    if (rests[zero] || children.size() != 2)
      continue;
    unsigned other = 1 - zero;
    if (!rests[other] || children[other].node == children[zero].node)
      continue;
    Expr without = expand(graph.getExprWith(node, children[zero].node,
                                            algebra.getNumber(0), asElement));
    if (isClose(without, getExpr(children[other].node, asElement)) &&
        rests[other].getType() == value.getType())
      return rests[other];
  }

  // An argument of a body: another operand.
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    auto generic = cast<linalg::GenericOp>(argument.getOwner()->getParentOp());
    if (!rests.front())
      return fail(value);
    unsigned number = generic.getNumDpsInputs();
    SmallVector<AffineMap> maps = generic.getIndexingMapsArray();
    maps.insert(maps.begin() + number, maps[argument.getArgNumber()]);
    generic.getInputsMutable().append(rests.front());
    generic.setIndexingMapsAttr(OpBuilder(generic).getAffineMapArrayAttr(maps));
    return generic.getBlock()->insertArgument(number, argument.getType(),
                                              argument.getLoc());
  }

  auto result = cast<OpResult>(value);
  Operation *op = result.getOwner();
  if (isa<linalg::LinalgOp>(op)) {
    // The copy is changed already, but for its own operands.
    linalg::GenericOp generic = clones.lookup(op);
    unsigned number = result.getResultNumber();
    changed.insert(value);
    OpOperand *init = generic.getDpsInitOperand(number);
    Block &body = *generic.getBlock();
    Operation *yield = body.getTerminator();
    bool isOne = children.size() == 1;
    Value first = rests.front();
    if (!first) {
      OpBuilder builder(yield);
      TypedAttr zero =
          builder.getZeroAttr(getElementTypeOrSelf(value.getType()));
      first = arith::ConstantOp::create(builder, value.getLoc(), zero);
    }
    if (isOne) {
      yield->setOperand(number, first);
      return Value(generic.getResult(number));
    }
    Value start = rests[1];
    if (!start)
      start = makeZero(children[1].value);
    if (!start)
      return fail(value);
    Operation *combine = yield->getOperand(number).getDefiningOp();
    BlockArgument accumulator = generic.getMatchingBlockArgument(init);
    combine->setOperand(combine->getOperand(0) == accumulator, first);
    init->set(start);
    return Value(generic.getResult(number));
  }

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
    operands.push_back(rest ? rest : makeZero(child.value));
    if (!operands.back())
      return fail(value);
  }
  Operation *copy = builder.clone(*op);
  copy->setOperands(operands);
  created.insert(copy);
  return Value(copy->getResult(result.getResultNumber()));
}

Remover::Rest Remover::take(Value value, Expr part, bool asElement) {
  const Node *node = graph.findNode(value);
  if (part->terms.empty())
    return value;
  if (!node)
    return fail(value);
  part = snap(part, getExpr(node, asElement));
  std::tuple key(value.getAsOpaquePointer(), part, asElement);
  if (auto found = taken.find(key); found != taken.end())
    return found->second;
  Rest rest = takeAnew(value, part, asElement);
  taken[key] = rest;
  return rest;
}

Remover::Rest Remover::takeAnew(Value value, Expr part, bool asElement) {
  const Node *node = graph.findNode(value);
  Expr whole = getExpr(node, asElement);
  if (isClose(whole, part))
    return Value();
  if (Value found = findValue(value, algebra.subtract(whole, part), asElement))
    return found;

  // In loops, go on in the copy.
  if (auto result = dyn_cast<OpResult>(value))
    if (auto op = dyn_cast<linalg::LinalgOp>(result.getOwner())) {
      if (!isParallel(result) || !getClone(op))
        return fail(value);
    }
  SmallVector<Child> children = getChildren(value);
  auto result = dyn_cast<OpResult>(value);
  auto loops = result ? dyn_cast<linalg::LinalgOp>(result.getOwner()) : nullptr;
  if (loops) {
    OpResult copied = getClone(loops)->getResult(result.getResultNumber());
    graph.setNode(copied, node);
    children = getChildren(copied);
  }
  if (children.empty())
    return fail(value);
  std::optional<SmallVector<Expr>> losses =
      split(node, children, part, asElement);
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

/// What is left of a value, whatever it is made of.
Remover::Rest Remover::clean(Value value) {
  if (!marked.contains(value))
    return value;
  if (auto found = cleaned.find(value); found != cleaned.end())
    return found->second;
  const Node *node = graph.findNode(value);
  Rest rest;
  Operation *stopBefore = stop;
  if (const Anchor *anchor = findAnchor(value)) {
    parameter = anchor->parameter;
    Expr ratio = forms.getRatio(graph.getElement(node), anchor->whole);
    Expr part = expand(algebra.multiply(ratio, anchor->part));
    rest = take(value, part, /*asElement=*/true);
  }
  if (!rest) {
    SmallVector<Child> children = getChildren(value);
    auto result = dyn_cast<OpResult>(value);
    auto loops =
        result ? dyn_cast<linalg::LinalgOp>(result.getOwner()) : nullptr;
    bool isAny = llvm::any_of(children, [&](const Child &child) {
      return marked.contains(child.value);
    });
    if (isAny && loops) {
      if (linalg::GenericOp clone = getClone(loops)) {
        OpResult copied = clone->getResult(result.getResultNumber());
        graph.setNode(copied, node);
        children = getChildren(copied);
      } else {
        isAny = false;
      }
    }
    if (!isAny) {
      fail(value);
    } else {
      SmallVector<Value> rests;
      for (const Child &child : children) {
        Rest left = clean(child.value);
        if (!left)
          break;
        rests.push_back(*left);
      }
      if (rests.size() == children.size()) {
        rest = rebuild(value, children, rests, /*asElement=*/true);
        if (rest)
          stop = stopBefore;
      }
    }
  }
  cleaned[value] = rest;
  return rest;
}

bool Remover::remove() {
  addAnchors();
  if (isMixed) {
    stop = returnOp;
    return false;
  }
  markValues();
  SmallVector<Value> results;
  for (OpOperand &operand : returnOp->getOpOperands()) {
    unsigned number = operand.getOperandNumber();
    Value value = operand.get();
    parameter = parameterOf.count(number) ? parameterOf[number] : parameter;
    Rest rest;
    if (auto part = lossParts.find(number); part != lossParts.end()) {
      rest = take(value, part->second, /*asElement=*/false);
    } else if (auto part = resultParts.find(number);
               part != resultParts.end()) {
      rest = take(value, expand(part->second), /*asElement=*/true);
      if (!rest && marked.contains(value) && !call) {
        Operation *before = stop;
        stop = nullptr;
        rest = clean(value);
        if (!rest)
          stop = before;
      }
    } else {
      rest = clean(value);
    }
    if (!rest)
      return false;
    if (!*rest)
      rest = makeZero(value);
    if (!*rest) {
      fail(value);
      return false;
    }
    results.push_back(*rest);
  }
  finish(results);
  return true;
}

/// Whether nothing but its results tells that an operation was there.
static bool hasNoEffects(Operation &op) {
  if (isMemoryEffectFree(&op))
    return true;
  // A function, as calls have no effects of their own.
  if (auto call = dyn_cast<CallOpInterface>(op)) {
    auto callee = dyn_cast_or_null<FunctionOpInterface>(call.resolveCallable());
    if (!callee || !callee.getFunctionBody().hasOneBlock())
      return false;
    return llvm::all_of(callee.getFunctionBody().front().without_terminator(),
                        hasNoEffects);
  }
  StringRef name = op.getName().getStringRef();
  return name.consume_front("stablehlo.") &&
         !llvm::is_contained({"custom_call", "infeed", "outfeed", "send",
                              "recv", "rng", "composite", "while", "case",
                              "if"},
                             name);
}

/// Returns these values, and erases what nothing needs any more.
void Remover::finish(ArrayRef<Value> results) {
  Block &block = function.getFunctionBody().front();
  llvm::DenseSet<Operation *> unusedBefore;
  for (Operation &op : block)
    if (op.use_empty() && !created.contains(&op))
      unusedBefore.insert(&op);
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
  auto canErase = [&](Operation *op) {
    return op->use_empty() && op != returnOp && !unusedBefore.contains(op) &&
           hasNoEffects(*op);
  };
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if (canErase(&op))
      op.erase();
  // What loops do not need any more.
  SmallVector<Operation *> loops;
  for (auto generic : block.getOps<linalg::GenericOp>()) {
    for (Operation &op :
         llvm::make_early_inc_range(llvm::reverse(*generic.getBlock())))
      if (isOpTriviallyDead(&op))
        op.erase();
    loops.push_back(generic);
  }
  RewritePatternSet patterns(function.getContext());
  linalg::populateEraseUnusedOperandsAndResultsPatterns(patterns);
  (void)applyOpPatternsGreedily(loops, std::move(patterns));
}

//===----------------------------------------------------------------------===//
// All of them
//===----------------------------------------------------------------------===//

/// Puts what a call calls in its place.
static bool inlineCall(Operation *op) {
  auto call = cast<CallOpInterface>(op);
  auto callee = dyn_cast_or_null<FunctionOpInterface>(call.resolveCallable());
  if (!callee || !callee.getFunctionBody().hasOneBlock())
    return false;
  Block &block = callee.getFunctionBody().front();
  if (block.getNumArguments() != op->getNumOperands() ||
      block.getTerminator()->getNumOperands() != op->getNumResults())
    return false;
  IRMapping mapping;
  mapping.map(block.getArguments(), op->getOperands());
  OpBuilder builder(op);
  for (Operation &inner : block.without_terminator())
    builder.clone(inner, mapping);
  for (auto [result, value] :
       llvm::zip_equal(op->getResults(), block.getTerminator()->getOperands()))
    result.replaceAllUsesWith(mapping.lookupOrDefault(value));
  op->erase();
  return true;
}

/// What must stay as it is: other findings, without their locations.
static SmallVector<std::string> describe(Recognition &recognition,
                                         FindingKind except) {
  SmallVector<std::string> lines;
  for (const Finding &finding : recognition.getFindings()) {
    if (finding.kind == except)
      continue;
    FindingKind kind =
        finding.kind == FindingKind::adamw ? FindingKind::adam : finding.kind;
    std::string line;
    llvm::raw_string_ostream os(line);
    os << stringifyFindingKind(kind);
    for (unsigned argument : finding.arguments)
      os << ' ' << argument;
    for (const Coefficient &coefficient : finding.coefficients) {
      os << ' ' << coefficient.name;
      if (coefficient.number)
        os << ' ' << llvm::format("%.4g", *coefficient.number);
    }
    lines.push_back(std::move(line));
  }
  llvm::sort(lines);
  return lines;
}

static LogicalResult removeKind(FunctionOpInterface function,
                                FindingKind kind) {
  auto hasKind = [&](Recognition &recognition) {
    return llvm::find_if(
        recognition.getFindings(),
        [&](const Finding &finding) { return finding.kind == kind; });
  };
  while (true) {
    Recognition recognition(function);
    auto found = hasKind(recognition);
    if (found == recognition.getFindings().end())
      return success();
    std::vector<std::string> names = getArgumentNames(function);
    SmallVector<std::string> others = describe(recognition, kind);
    // The walk may have changed something before it comes to a call.
    Operation *backup = function->clone();
    Remover remover(recognition, kind);
    if (remover.remove()) {
      backup->destroy();
      Recognition after(function);
      auto left = hasKind(after);
      if (left == after.getFindings().end() && describe(after, kind) == others)
        return success();
      InFlightDiagnostic error = function.emitError()
                                 << "without " << stringifyFindingKind(kind)
                                 << " on " << names[found->arguments.front()]
                                 << ", the step ";
      if (left != after.getFindings().end())
        return error << "still has it on " << names[left->arguments.front()];
      return error << "does not do else what it did";
    }
    Operation *stop = remover.getStop();
    Location loc = stop ? stop->getLoc() : function.getLoc();
    std::string name =
        stop ? stop->getName().getStringRef().str() : "its results";
    std::optional<unsigned> call;
    auto getCalls = [&]() {
      return llvm::to_vector(
          function.getFunctionBody().front().getOps<CallOpInterface>());
    };
    for (auto [number, op] : llvm::enumerate(getCalls()))
      if (op == remover.getCall())
        call = number;
    function.getFunctionBody().takeBody(
        cast<FunctionOpInterface>(backup).getFunctionBody());
    backup->destroy();
    if (call && inlineCall(getCalls()[*call]))
      continue;
    InFlightDiagnostic error =
        emitError(loc) << "cannot take " << stringifyFindingKind(kind) << " on "
                       << names[remover.getParameter()] << " out of " << name;
    error.attachNote(function.getLoc())
        << "the step stays as it was; write the regularizer as a sum of its "
           "own that is added to the loss, the gradient or the new value";
    return error;
  }
}

/// The private functions of the same module that nothing calls.
static SmallVector<FunctionOpInterface>
getUnusedFunctions(FunctionOpInterface function) {
  SmallVector<FunctionOpInterface> unused;
  Operation *module = function->getParentOp();
  for (auto other : module->getRegion(0).front().getOps<FunctionOpInterface>())
    if (cast<SymbolOpInterface>(other.getOperation()).isPrivate() &&
        SymbolTable::symbolKnownUseEmpty(other, module))
      unused.push_back(other);
  return unused;
}

LogicalResult
mlir::fisher::recognition::removeFindings(FunctionOpInterface function) {
  SmallVector<FunctionOpInterface> unusedBefore = getUnusedFunctions(function);
  Operation *backup = function->clone();
  for (FindingKind kind : {FindingKind::kl_to_prior, FindingKind::l2_loss,
                           FindingKind::l2_gradient, FindingKind::weight_decay})
    if (failed(removeKind(function, kind))) {
      function.getFunctionBody().takeBody(
          cast<FunctionOpInterface>(backup).getFunctionBody());
      backup->destroy();
      return failure();
    }
  backup->destroy();
  // Functions may call each other.
  bool isAny = true;
  while (isAny) {
    isAny = false;
    for (FunctionOpInterface unused : getUnusedFunctions(function))
      if (!llvm::is_contained(unusedBefore, unused)) {
        unused->erase();
        isAny = true;
      }
  }
  return success();
}
