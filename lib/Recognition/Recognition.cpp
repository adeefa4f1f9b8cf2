//===- Recognition.cpp - Regularizers that a training step has ------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Recognition/Recognition.h"

#include "Matcher.h"

#include "fisher/IR/Marks.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/SmallVectorExtras.h"

using namespace mlir;
using namespace mlir::fisher;
using namespace mlir::fisher::recognition;

const Coefficient *Finding::getCoefficient(StringRef name) const {
  auto *found = llvm::find_if(
      coefficients, [&](const Coefficient &c) { return c.name == name; });
  return found == coefficients.end() ? nullptr : found;
}

Recognition::Recognition(FunctionOpInterface function) : graph(function) {
  Matcher matcher(*this);
  matcher.pairResults();
  matcher.findOptimizers();
  matcher.findDescents();
  matcher.findAverages();
  matcher.findGradientAverages();
  matcher.findLossTerms();
  matcher.findGradientTerms();
  matcher.findDropout();
  matcher.findEntropy();
  matcher.nameOptimizers();
  llvm::sort(findings, [](const Finding &a, const Finding &b) {
    return std::pair(a.kind, ArrayRef<unsigned>(a.arguments)) <
           std::pair(b.kind, ArrayRef<unsigned>(b.arguments));
  });
}

Value Recognition::findValue(Expr expr) {
  Block &block = graph.getFunction().getFunctionBody().front();
  for (BlockArgument argument : block.getArguments())
    if (graph.getElement(argument) == expr)
      return argument;
  for (Operation &op : block.without_terminator())
    for (Value result : op.getResults())
      if (graph.getElement(result) == expr)
        return result;
  return nullptr;
}

bool Recognition::areEqual(Expr a, Expr b) {
  return a == b || LinearForms(graph.getAlgebra()).areEqual(a, b);
}

SmallVector<Value> Recognition::findValues(Expr expr) {
  SmallVector<Value> values;
  Block &block = graph.getFunction().getFunctionBody().front();
  auto add = [&](Value value, const Node *node) {
    Expr other = graph.getElement(node);
    if (other->terms.size() == expr->terms.size() && areEqual(other, expr))
      values.push_back(value);
  };
  for (BlockArgument argument : block.getArguments())
    add(argument, graph.getNode(argument));
  for (Operation &op : block.without_terminator())
    for (Value result : op.getResults())
      add(result, graph.getNode(result));
  for (const Node *node : graph.getValues())
    if (Value value = graph.getOrigin(node);
        value.getParentBlock() != &block &&
        value.getParentBlock()->getParentOp()->getBlock() == &block)
      add(value, node);
  return values;
}

Expr Recognition::getShare(const Update &update, unsigned result) {
  Algebra &algebra = graph.getAlgebra();
  LinearForms forms(algebra);
  Expr gradient = algebra.expand(update.gradient);
  Expr value = algebra.expand(graph.getElement(graph.getResults()[result]));
  Expr parameter = graph.getArgumentExpr(update.parameter);
  // What is a multiple of the parameter is in its new value anyway, and what is
  // the same for all elements may be in the share.
  SmallVector<Expr> parts;
  for (const Term &term : gradient->terms)
    if (Expr part = algebra.getTerm(term);
        !part->isScalar() &&
        forms.getCoefficient(part, parameter)->terms.empty())
      parts.push_back(part);
  if (parts.empty())
    return nullptr;
  Expr share = forms.getCofactor(value, parts.front());
  if (!isPlainScalar(share))
    return nullptr;
  Expr rest =
      forms.subtract(value, algebra.expand(algebra.multiply(share, gradient)));
  for (Expr part : parts)
    if (!forms.getCofactor(rest, part)->terms.empty())
      return nullptr;
  return share;
}

std::optional<unsigned> Recognition::findLoss() {
  FunctionOpInterface function = graph.getFunction();
  if (std::optional<unsigned> marked =
          findResult(function, marks::role, "loss"))
    return marked;
  // Such as the number of the next step.
  auto isCounter = [&](unsigned result) {
    return llvm::all_of(graph.getElement(graph.getResults()[result])->terms,
                        [&](const Term &term) {
                          return llvm::all_of(
                              term.factors, [&](const Factor &factor) {
                                return factor.atom->indices.empty() &&
                                       graph.getArgument(factor.atom);
                              });
                        });
  };
  SmallVector<unsigned> numbers;
  for (unsigned result = 0, e = function.getNumResults(); result != e;
       ++result) {
    if (function.getResultAttr(result, marks::role))
      return std::nullopt;
    auto tensor = dyn_cast<RankedTensorType>(function.getResultTypes()[result]);
    if (tensor && tensor.getRank() == 0 &&
        isa<FloatType>(tensor.getElementType()) && !isCounter(result) &&
        llvm::none_of(newValues,
                      [&](auto entry) { return entry.second == result; }))
      numbers.push_back(result);
  }
  return numbers.size() == 1 ? std::optional(numbers.front()) : std::nullopt;
}

bool mlir::fisher::recognition::isRecognizable(FunctionOpInterface function) {
  return !function.isExternal() &&
         !cast<SymbolOpInterface>(function.getOperation()).isPrivate() &&
         function.getFunctionBody().hasOneBlock() &&
         function.getFunctionBody().front().getTerminator()->getNumOperands() ==
             function.getNumResults();
}

std::vector<std::string>
mlir::fisher::recognition::getArgumentNames(FunctionOpInterface function) {
  StepMarks marks = getMarks(function);
  std::vector<std::string> names;
  for (auto [number, list] : llvm::enumerate(marks.arguments)) {
    StringRef name = StepMarks::getText(list, marks::name);
    names.push_back(name.empty() ? "arg" + std::to_string(number) : name.str());
  }
  return names;
}

/// A coefficient as an attribute: a number, the name of an argument, or the
/// location of a value.
static Attribute getAttribute(Recognition &recognition,
                              const Coefficient &coefficient,
                              const Finding &finding,
                              ArrayRef<std::string> names) {
  MLIRContext *context = recognition.getGraph().getFunction().getContext();
  if (coefficient.number)
    return Builder(context).getF64FloatAttr(*coefficient.number);
  Value value = recognition.findValue(coefficient.expr);
  if (auto argument = dyn_cast_or_null<BlockArgument>(value))
    return StringAttr::get(context, names[argument.getArgNumber()]);
  if (value)
    return value.getLoc();
  return finding.values.empty() ? UnknownLoc::get(context)
                                : finding.values.front().getLoc();
}

namespace {
/// Findings that become one attribute.
struct Group {
  FindingKind kind;
  SmallVector<NamedAttribute> coefficients;
  SmallVector<Attribute> names, locations;
  std::map<StringRef, SmallVector<Attribute>> states;
};
} // namespace

SmallVector<Attribute>
mlir::fisher::recognition::getFindingAttributes(Recognition &recognition,
                                                ArrayRef<std::string> names) {
  MLIRContext *context = recognition.getGraph().getFunction().getContext();
  Builder builder(context);
  std::vector<Group> groups;
  for (const Finding &finding : recognition.getFindings()) {
    SmallVector<NamedAttribute> coefficients;
    for (const Coefficient &coefficient : finding.coefficients)
      coefficients.push_back(builder.getNamedAttr(
          coefficient.name,
          getAttribute(recognition, coefficient, finding, names)));
    llvm::append_range(coefficients, finding.facts);
    auto group = llvm::find_if(groups, [&](const Group &group) {
      return group.kind == finding.kind && group.coefficients == coefficients &&
             finding.kind != FindingKind::dropout;
    });
    if (group == groups.end()) {
      groups.push_back({finding.kind, coefficients, {}, {}, {}});
      group = std::prev(groups.end());
    }
    for (unsigned argument : finding.arguments)
      group->names.push_back(builder.getStringAttr(names[argument]));
    for (auto [name, argument] : finding.states)
      group->states[name].push_back(builder.getStringAttr(names[argument]));
    for (Value value : finding.values)
      if (Attribute loc = value.getLoc();
          !llvm::is_contained(group->locations, loc))
        group->locations.push_back(loc);
  }
  return llvm::map_to_vector(groups, [&](Group &group) -> Attribute {
    for (auto &[name, list] : group.states)
      group.coefficients.push_back(
          builder.getNamedAttr(name, builder.getArrayAttr(list)));
    return FindingAttr::get(context, group.kind,
                            builder.getArrayAttr(group.names),
                            builder.getDictionaryAttr(group.coefficients),
                            builder.getArrayAttr(group.locations));
  });
}
