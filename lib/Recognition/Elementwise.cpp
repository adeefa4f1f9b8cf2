//===- Elementwise.cpp - Reads what does the same to each element ---------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Readers.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/OpDefinition.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace mlir::fisher::recognition;

namespace {
/// What an operation is.
enum class Meaning {
  none,
  add,
  subtract,
  multiply,
  divide,
  negate,
  same,
  logicalNot,
  sqrt,
  rsqrt,
  log1p,
  expm1,
  logistic,
  fma,
  select,
  clamp,
  power,
  compare,
};
} // namespace

/// The operation's name without its dialect, if it is one of these.
static StringRef getName(Operation *op) {
  StringRef dialect = op->getName().getDialectNamespace();
  if (dialect != "arith" && dialect != "math" && dialect != "stablehlo")
    return "";
  return op->getName().stripDialect();
}

static Meaning getMeaning(StringRef name) {
  using M = Meaning;
  return llvm::StringSwitch<Meaning>(name)
      .Cases({"addf", "addi", "add"}, M::add)
      .Cases({"subf", "subi", "subtract"}, M::subtract)
      .Cases({"mulf", "muli", "multiply", "andi", "and"}, M::multiply)
      .Cases({"divf", "divide"}, M::divide)
      .Cases({"negf", "negate"}, M::negate)
      .Cases({"extf", "truncf", "sitofp", "uitofp", "extsi", "extui", "convert",
              "index_cast", "optimization_barrier"},
             M::same)
      .Case("not", M::logicalNot)
      .Case("sqrt", M::sqrt)
      .Case("rsqrt", M::rsqrt)
      .Cases({"log1p", "log_plus_one"}, M::log1p)
      .Cases({"expm1", "exponential_minus_one"}, M::expm1)
      .Case("logistic", M::logistic)
      .Case("fma", M::fma)
      .Case("select", M::select)
      .Case("clamp", M::clamp)
      .Cases({"powf", "fpowi", "power"}, M::power)
      .Cases({"cmpf", "cmpi", "compare"}, M::compare)
      .Default(M::none);
}

/// Functions with another name in the algebra.
static StringRef getFunction(StringRef name) {
  return llvm::StringSwitch<StringRef>(name)
      .Cases({"exp", "exponential"}, "exp")
      .Case("log", "log")
      .Cases({"maximumf", "maxnumf", "maxsi", "maximum"}, "max")
      .Cases({"minimumf", "minnumf", "minsi", "minimum"}, "min")
      .Cases({"absf", "absi", "abs"}, "abs")
      .Cases({"sin", "sine"}, "sin")
      .Cases({"cos", "cosine"}, "cos")
      .Cases({"tanh", "tan", "atan2", "erf", "floor", "ceil", "sign", "cbrt",
              "remainder", "remf", "round", "log2", "exp2"},
             name)
      .Default("");
}

static bool isTruthType(Type type) {
  return getElementTypeOrSelf(type).isInteger(1);
}

/// A predicate as one of `lt`, `le` and `eq`, whether its operands change
/// places, and whether the result is the opposite. NaN is not seen.
namespace {
struct Predicate {
  StringRef name;
  bool isSwapped = false;
  bool isOpposite = false;
};
} // namespace

static std::optional<Predicate> getPredicate(Operation *op) {
  std::string text;
  if (auto compare = dyn_cast<arith::CmpFOp>(op)) {
    text = arith::stringifyCmpFPredicate(compare.getPredicate()).str();
  } else if (auto compare = dyn_cast<arith::CmpIOp>(op)) {
    text = arith::stringifyCmpIPredicate(compare.getPredicate()).str();
  } else if (Attribute direction = op->getAttr("comparison_direction")) {
    // #stablehlo<comparison_direction LT>
    llvm::raw_string_ostream(text) << direction;
    StringRef word = StringRef(text).rtrim(">\"");
    text = word.substr(word.find_last_of(" \"") + 1).lower();
  }
  return llvm::StringSwitch<std::optional<Predicate>>(text)
      .Cases({"lt", "olt", "ult", "slt"}, Predicate{"lt"})
      .Cases({"le", "ole", "ule", "sle"}, Predicate{"le"})
      .Cases({"gt", "ogt", "ugt", "sgt"}, Predicate{"lt", true})
      .Cases({"ge", "oge", "uge", "sge"}, Predicate{"le", true})
      .Cases({"eq", "oeq", "ueq"}, Predicate{"eq"})
      .Cases({"ne", "one", "une"}, Predicate{"eq", false, true})
      .Default(std::nullopt);
}

Nodes mlir::fisher::recognition::readElementwise(Operation *op, Graph &graph,
                                                 Scope &scope) {
  auto one = [](const Node *node) { return SmallVector<const Node *>{node}; };
  if (op->getNumResults() != 1)
    return std::nullopt;

  // A constant, the same everywhere.
  Attribute value;
  if (op->getName().getStringRef() == "stablehlo.constant")
    value = op->getAttr("value");
  else if (!matchPattern(op, m_Constant(&value)))
    value = nullptr;
  if (auto splat = dyn_cast_or_null<SplatElementsAttr>(value))
    value = splat.getSplatValue<Attribute>();
  if (auto number = dyn_cast_or_null<FloatAttr>(value))
    return one(graph.getNumber(number.getValueAsDouble()));
  if (auto number = dyn_cast_or_null<IntegerAttr>(value))
    return one(graph.getNumber(number.getType().isInteger(1)
                                   ? number.getValue().getZExtValue()
                                   : number.getValue().roundToDouble(true)));

  StringRef name = getName(op);
  if (name.empty() || op->getNumOperands() == 0)
    return std::nullopt;
  SmallVector<const Node *> operands;
  for (Value operand : op->getOperands())
    operands.push_back(graph.lookup(operand, scope));
  const Node *a = operands[0];
  const Node *b = operands.size() > 1 ? operands[1] : nullptr;
  Type result = op->getResult(0).getType();
  Type from = getElementTypeOrSelf(op->getOperand(0).getType());
  Type to = getElementTypeOrSelf(result);

  switch (getMeaning(name)) {
  case Meaning::none:
    break;
  case Meaning::add:
    // Of truth values it is another operation.
    if (isTruthType(result))
      return std::nullopt;
    return one(graph.add(a, b));
  case Meaning::subtract:
    if (isTruthType(result))
      return std::nullopt;
    return one(graph.add(a, graph.negate(b)));
  case Meaning::multiply:
    // `and` of integers with more bits is no product.
    if (name.starts_with("and") && !isTruthType(result))
      return std::nullopt;
    return one(graph.multiply(a, b));
  case Meaning::divide:
    if (!isa<FloatType>(to))
      return std::nullopt;
    return one(graph.multiply(a, graph.power(b, -1)));
  case Meaning::negate:
    return one(graph.negate(a));
  case Meaning::same:
    if (isa<FloatType>(from) && !isa<FloatType>(to))
      return std::nullopt;
    if (op->getNumOperands() != 1)
      return std::nullopt;
    if (isa<FloatType>(to) && (name == "uitofp" || from.isUnsignedInteger()))
      return one(graph.convertUnsigned(a, from.getIntOrFloatBitWidth()));
    return one(a);
  case Meaning::logicalNot:
    if (!isTruthType(result))
      return std::nullopt;
    return one(graph.add(graph.getNumber(1), graph.negate(a)));
  case Meaning::sqrt:
    return one(graph.power(a, 0.5));
  case Meaning::rsqrt:
    return one(graph.power(a, -0.5));
  case Meaning::log1p:
    return one(graph.apply("log", graph.add(graph.getNumber(1), a)));
  case Meaning::expm1:
    return one(graph.add(graph.apply("exp", a), graph.getNumber(-1)));
  case Meaning::logistic:
    return one(graph.power(
        graph.add(graph.getNumber(1), graph.apply("exp", graph.negate(a))),
        -1));
  case Meaning::fma:
    return one(graph.add(graph.multiply(a, b), operands[2]));
  case Meaning::select:
    return one(graph.apply("select", operands));
  case Meaning::clamp:
    return one(graph.apply(
        "min", {graph.apply("max", {operands[1], operands[0]}), operands[2]}));
  case Meaning::power:
    return one(graph.apply("pow", operands));
  case Meaning::compare: {
    std::optional<Predicate> predicate = getPredicate(op);
    if (!predicate)
      return std::nullopt;
    if (predicate->isSwapped)
      std::swap(a, b);
    const Node *truth = graph.apply(predicate->name, {a, b});
    if (predicate->isOpposite)
      truth = graph.add(graph.getNumber(1), graph.negate(truth));
    return one(truth);
  }
  }
  StringRef function = getFunction(name);
  if (function.empty())
    return std::nullopt;
  return one(graph.apply(function, operands));
}
