//===- Upgrade.cpp - Replace classical regularizers -----------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/IR/JaxMarks.h"
#include "fisher/IR/Marks.h"
#include "fisher/Recognition/Judgement.h"
#include "fisher/Recognition/Recognition.h"
#include "fisher/Recognition/Removal.h"
#include "fisher/Transforms/Passes.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/Support/Format.h"

#include <cmath>

namespace mlir::fisher {
#define GEN_PASS_DEF_FISHERUPGRADE
#include "fisher/Transforms/Passes.h.inc"
} // namespace mlir::fisher

using namespace mlir;
using namespace mlir::fisher;
using namespace mlir::fisher::recognition;

namespace {
/// A belief that a KL divergence names.
struct Divergence {
  unsigned mean, spread;
  double weight, priorMean, priorSigma;
  FamilyInterface family;
};

/// Upgrades one function.
class Upgrader {
public:
  Upgrader(FunctionOpInterface function) : function(function) {}

  /// What is to take the place of the findings; fails if nothing can.
  LogicalResult plan();
  /// Says it.
  void report();
  /// Gives what policies name the marks that it lacks.
  void addMarks();
  /// Averages of beliefs go along geodesics.
  void averageBeliefs();
  /// Null if there is nothing to write.
  PolicyOp writePolicy(StringRef name);

private:
  void averageBelief(Recognition &recognition, const Divergence &divergence);

  FunctionOpInterface function;
  std::vector<std::string> names;
  SmallVector<Divergence> divergences;
  SmallVector<std::pair<Location, std::string>> remarks;
};

struct Upgrade : fisher::impl::FisherUpgradeBase<Upgrade> {
  using FisherUpgradeBase::FisherUpgradeBase;

  void runOnOperation() override;
};
} // namespace

static std::string toText(double number) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%.6g", number);
  return text;
}

static double getNumber(const Finding &finding, StringRef name) {
  return finding.getCoefficient(name)->number.value_or(0);
}

LogicalResult Upgrader::plan() {
  names = getArgumentNames(function);
  Recognition recognition(function);
  for (const Finding &finding : recognition.getFindings()) {
    if (!isRemovable(finding.kind))
      continue;
    std::string text;
    llvm::raw_string_ostream os(text);
    StringRef kind = stringifyFindingKind(finding.kind);
    std::string &name = names[finding.arguments.front()];
    Location loc =
        finding.values.empty() ? function.getLoc() : finding.values[0].getLoc();
    if (finding.kind == FindingKind::kl_to_prior) {
      std::string &spread = names[finding.arguments[1]];
      if (!finding.getCoefficient("weight")->number)
        return (emitError(loc)
                << "the weight of " << kind << " on " << name << ", " << spread
                << " is not a constant, so that no policy can have half of it")
                   .attachNote(function.getLoc())
               << "with remove-only it is taken out; write a policy whose "
                  "weight is an argument that holds half of it";
      StringRef chart;
      for (NamedAttribute fact : finding.facts)
        if (fact.getName() == "chart")
          chart = cast<StringAttr>(fact.getValue());
      Divergence divergence{finding.arguments[0],
                            finding.arguments[1],
                            getNumber(finding, "weight"),
                            getNumber(finding, "prior_mean"),
                            getNumber(finding, "prior_sigma"),
                            nullptr};
      divergence.family = cast<FamilyInterface>(parseAttribute(
          ("#fisher.gaussian<" + chart + ">").str(), function.getContext()));
      divergences.push_back(divergence);
      os << kind << " on " << name << ", " << spread << ", weight "
         << toText(divergence.weight)
         << ", is replaced by the squared Fisher-Rao distance to N("
         << toText(divergence.priorMean) << ", "
         << toText(divergence.priorSigma) << "^2), weight "
         << toText(divergence.weight / 2);
    } else {
      os << kind << " on " << name << ", strength ";
      std::optional<double> strength =
          finding.getCoefficient("strength")->number;
      os << (strength ? toText(*strength) : "computed")
         << ", is taken out; its place takes the squared Fisher-Rao distance "
            "to mean 0 of a Gaussian of fixed sigma";
      if (strength)
        os << ' ' << toText(std::sqrt(2 / *strength)) << " at weight 1";
      else
        os << ", sigma^2 = 2 weight / strength";
    }
    remarks.push_back({loc, std::move(text)});
  }
  return success();
}

void Upgrader::report() {
  for (auto &[loc, text] : remarks)
    emitRemark(loc) << text;
}

void Upgrader::addMarks() {
  if (divergences.empty())
    return;
  adoptJaxMarks(function);
  Recognition recognition(function);
  auto addResultMark = [&](unsigned result, StringRef mark, StringRef text) {
    StringAttr attr = StringAttr::get(function.getContext(), text);
    if (!function.getResultAttr(result, mark))
      function.setResultAttr(result, mark, attr);
  };
  for (const Divergence &divergence : divergences)
    for (unsigned argument : {divergence.mean, divergence.spread}) {
      if (!function.getArgAttr(argument, marks::name))
        function.setArgAttr(
            argument, marks::name,
            StringAttr::get(function.getContext(), names[argument]));
      for (const Update &update : recognition.getUpdates())
        if (update.parameter == argument)
          addResultMark(update.result, marks::updates, names[argument]);
    }
  // The only number is the loss, if nothing else is.
  std::optional<unsigned> loss;
  for (auto [number, type] : llvm::enumerate(function.getResultTypes())) {
    if (auto role =
            function.getResultAttrOfType<StringAttr>(number, marks::role);
        role && role.getValue() == "loss")
      return;
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor || tensor.getRank() != 0 ||
        !isa<FloatType>(tensor.getElementType()) ||
        function.getResultAttr(number, marks::updates))
      continue;
    if (loss)
      return;
    loss = number;
  }
  if (loss)
    addResultMark(*loss, marks::role, "loss");
}

/// A name as a glob that matches nothing else.
static std::string toGlob(StringRef name) {
  std::string glob;
  for (char c : name) {
    if (StringRef("*?()\\").contains(c))
      glob += '\\';
    glob += c;
  }
  return glob;
}

PolicyOp Upgrader::writePolicy(StringRef name) {
  if (divergences.empty())
    return nullptr;
  Location loc = function.getLoc();
  OpBuilder builder(function);
  OperationState state(loc, PolicyOp::getOperationName());
  state.addAttribute(SymbolTable::getSymbolAttrName(),
                     builder.getStringAttr(name));
  state.addRegion()->emplaceBlock();
  auto policy = cast<PolicyOp>(builder.create(state));
  builder.setInsertionPointToStart(&policy.getBody().front());
  for (const Divergence &divergence : divergences) {
    std::string prior;
    llvm::raw_string_ostream(prior)
        << "#fisher.prior<[" << llvm::format("%.17e", divergence.priorMean)
        << ", " << llvm::format("%.17e", divergence.priorSigma) << "]>";
    RegularizeOp::create(
        builder, loc,
        builder.getStrArrayAttr(
            {toGlob(names[divergence.mean]), toGlob(names[divergence.spread])}),
        divergence.family, Attribute(),
        parseAttribute(prior, function.getContext()),
        builder.getF64FloatAttr(divergence.weight / 2), Attribute(),
        ModeAttr::get(function.getContext(), Mode::coupled));
  }
  return policy;
}

/// Erases what made a value, if nothing needs it.
static void eraseUnused(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op || !op->use_empty() ||
      !(isOpTriviallyDead(op) ||
        op->getName().getDialectNamespace() == "stablehlo"))
    return;
  SmallVector<Value> operands = op->getOperands();
  op->erase();
  for (unsigned i = 0; i != operands.size(); ++i)
    if (!llvm::is_contained(ArrayRef(operands).take_front(i), operands[i]))
      eraseUnused(operands[i]);
}

/// Whether a sum is zero but for rounding.
static bool isNothing(Expr expr) {
  return llvm::all_of(expr->terms, [](const Term &term) {
    return std::abs(term.coefficient) <= 1e-6;
  });
}

void Upgrader::averageBelief(Recognition &recognition,
                             const Divergence &divergence) {
  Graph &graph = recognition.getGraph();
  Algebra &algebra = graph.getAlgebra();
  Operation *end = function.getFunctionBody().front().getTerminator();
  /// An average, and what it is the average of.
  struct Average {
    OpOperand *result;
    Value old, averaged;
    double decay;
  };
  auto find = [&](unsigned argument) -> std::optional<Average> {
    for (const Finding &finding : recognition.getFindings()) {
      if (finding.kind != FindingKind::moving_average ||
          finding.arguments.front() != argument || finding.values.empty() ||
          !finding.getCoefficient("decay")->number)
        continue;
      double decay = getNumber(finding, "decay");
      Value old = function.getArgument(finding.states.front().second);
      for (OpOperand &result : end->getOpOperands()) {
        if (result.get() != finding.values.front())
          continue;
        SmallVector<Value> candidates{function.getArgument(argument)};
        for (const Update &update : recognition.getUpdates())
          if (update.parameter == argument)
            candidates.push_back(end->getOperand(update.result));
        for (Value averaged : candidates) {
          Expr sum =
              algebra.add(algebra.scale(graph.getElement(old), decay),
                          algebra.scale(graph.getElement(averaged), 1 - decay));
          if (isNothing(algebra.subtract(graph.getElement(result.get()), sum)))
            return Average{&result, old, averaged, decay};
        }
      }
    }
    return std::nullopt;
  };
  std::optional<Average> mean = find(divergence.mean),
                         spread = find(divergence.spread);
  std::string belief = names[divergence.mean] + ", " + names[divergence.spread];
  if (!mean || !spread || mean->decay != spread->decay) {
    if (mean || spread)
      emitRemark(function.getLoc())
          << "the moving average on " << belief
          << " stays: a geodesic one needs both, with one constant decay";
    return;
  }
  Location loc = mean->result->get().getLoc();
  OpBuilder builder(end);
  auto component = cast<RankedTensorType>(mean->old.getType());
  auto type =
      BeliefType::get(function.getContext(), divergence.family, component);
  auto pack = [&](Value a, Value b) -> Value {
    return BeliefOp::create(builder, loc, type, ValueRange{a, b});
  };
  Value before = pack(mean->old, spread->old);
  Value now = pack(mean->averaged, spread->averaged);
  Value share = arith::ConstantOp::create(
      builder, loc,
      builder.getFloatAttr(type.getComputeType(), 1 - mean->decay));
  Value next = GeodesicOp::create(builder, loc, type, before, now, share);
  auto stored = ComponentsOp::create(builder, loc, next);
  for (auto [average, value] :
       llvm::zip_equal(ArrayRef{*mean, *spread}, stored.getComponents())) {
    Value linear = average.result->get();
    average.result->set(value);
    eraseUnused(linear);
  }
  emitRemark(loc) << "the moving average on " << belief << ", decay "
                  << toText(mean->decay) << ", is replaced by the geodesic one";
}

void Upgrader::averageBeliefs() {
  Recognition recognition(function);
  // Before averages of beliefs erase what these findings point to.
  for (const Finding &finding : recognition.getFindings())
    if (finding.kind == FindingKind::moving_average &&
        llvm::none_of(divergences, [&](const Divergence &divergence) {
          return finding.arguments.front() == divergence.mean ||
                 finding.arguments.front() == divergence.spread;
        }))
      emitRemark(function.getLoc())
          << "the moving average on " << names[finding.arguments.front()]
          << " stays: at fixed sigma, it is the geodesic one";
  for (const Divergence &divergence : divergences)
    averageBelief(recognition, divergence);
}

void Upgrade::runOnOperation() {
  SymbolTable symbols(getOperation());
  for (auto function :
       llvm::to_vector(getOperation().getOps<FunctionOpInterface>())) {
    if (!isRecognizable(function))
      continue;
    // What it had is no longer there.
    function->removeDiscardableAttr(marks::findings);
    if (removeOnly) {
      if (failed(removeFindings(function)))
        return signalPassFailure();
      continue;
    }
    Upgrader upgrader(function);
    if (failed(upgrader.plan()) || failed(removeFindings(function)))
      return signalPassFailure();
    upgrader.report();
    upgrader.addMarks();
    upgrader.averageBeliefs();
    if (PolicyOp written = upgrader.writePolicy(policy)) {
      written->remove();
      symbols.insert(written, Block::iterator(function));
    }
  }
}
