//===- Upgrade.cpp - Replace classical regularizers -----------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "UpgradePlan.h"

#include "fisher/IR/JaxMarks.h"
#include "fisher/IR/Marks.h"
#include "fisher/Recognition/Removal.h"
#include "fisher/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/SymbolTable.h"

namespace mlir::fisher {
#define GEN_PASS_DEF_FISHERUPGRADE
#include "fisher/Transforms/Passes.h.inc"
} // namespace mlir::fisher

using namespace mlir;
using namespace mlir::fisher;
using namespace mlir::fisher::recognition;

namespace {
/// Changes one function as planned, once the terms are taken out.
class Upgrader {
public:
  Upgrader(FunctionOpInterface function, UpgradePlan &plan)
      : function(function), plan(plan), recognition(function) {}

  /// Averages of beliefs go along geodesics.
  void averageBeliefs();
  /// Gives what the policy names the marks that it lacks.
  void addMarks();
  /// Null if there is nothing to write.
  PolicyOp writePolicy(StringRef name);

private:
  void addMark(unsigned argument);
  void averageBelief(const AveragedBelief &belief);

  FunctionOpInterface function;
  UpgradePlan &plan;
  Recognition recognition;
};

struct Upgrade : fisher::impl::FisherUpgradeBase<Upgrade> {
  using FisherUpgradeBase::FisherUpgradeBase;

  void runOnOperation() override;
  LogicalResult readOptions(UpgradeOptions &options);
};
} // namespace

void Upgrader::addMark(unsigned argument) {
  if (!function.getArgAttr(argument, marks::name))
    function.setArgAttr(
        argument, marks::name,
        StringAttr::get(function.getContext(), plan.names[argument]));
}

void Upgrader::addMarks() {
  if (plan.entries.empty())
    return;
  adoptJaxMarks(function);
  auto setResultMark = [&](unsigned result, StringRef mark, StringRef text) {
    if (!function.getResultAttr(result, mark))
      function.setResultAttr(result, mark,
                             StringAttr::get(function.getContext(), text));
  };
  for (const UpgradeEntry &entry : plan.entries) {
    for (unsigned argument : entry.named)
      addMark(argument);
    for (unsigned argument : entry.components) {
      addMark(argument);
      for (const Update &update : recognition.getUpdates())
        if (update.parameter == argument)
          setResultMark(update.result, marks::updates, plan.names[argument]);
    }
  }
  if (std::optional<unsigned> loss = recognition.findLoss())
    setResultMark(*loss, marks::role, "loss");
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
  if (plan.entries.empty())
    return nullptr;
  OpBuilder builder(function);
  OperationState state(function.getLoc(), PolicyOp::getOperationName());
  state.addAttribute(SymbolTable::getSymbolAttrName(),
                     builder.getStringAttr(name));
  state.addRegion()->emplaceBlock();
  auto policy = cast<PolicyOp>(builder.create(state));
  builder.setInsertionPointToStart(&policy.getBody().front());
  for (const UpgradeEntry &entry : plan.entries) {
    SmallVector<std::string> globs;
    for (unsigned component : entry.components)
      globs.push_back(toGlob(plan.names[component]));
    RegularizeOp::create(builder, entry.loc,
                         builder.getStrArrayAttr(SmallVector<StringRef>(
                             globs.begin(), globs.end())),
                         entry.family, entry.source, entry.prior, entry.weight,
                         Attribute(),
                         ModeAttr::get(function.getContext(), entry.mode));
  }
  return policy;
}

void Upgrader::averageBelief(const AveragedBelief &belief) {
  Operation *end = function.getFunctionBody().front().getTerminator();
  Location loc = end->getOperand(belief.averages.front().result).getLoc();
  OpBuilder builder(end);
  SmallVector<Value> old, averaged;
  for (const AveragedComponent &average : belief.averages) {
    old.push_back(function.getArgument(average.state));
    averaged.push_back(average.averagedResult
                           ? end->getOperand(*average.averagedResult)
                           : Value(function.getArgument(average.argument)));
  }
  auto type = BeliefType::get(function.getContext(), belief.family,
                              cast<RankedTensorType>(old.front().getType()));
  Value before = BeliefOp::create(builder, loc, type, old);
  Value now = BeliefOp::create(builder, loc, type, averaged);
  Value share = arith::ConstantOp::create(
      builder, loc, builder.getFloatAttr(type.getComputeType(), belief.share));
  Value next = GeodesicOp::create(builder, loc, type, before, now, share);
  auto stored = ComponentsOp::create(builder, loc, next);
  for (auto [average, value] :
       llvm::zip_equal(belief.averages, stored.getComponents()))
    end->setOperand(average.result, value);
}

void Upgrader::averageBeliefs() {
  std::vector<AveragedBelief> beliefs = planAverages(recognition, plan);
  if (beliefs.empty())
    return;
  llvm::DenseSet<Operation *> unused = findUnused(function);
  for (const AveragedBelief &belief : beliefs)
    averageBelief(belief);
  eraseUnused(function, unused);
}

LogicalResult Upgrade::readOptions(UpgradeOptions &options) {
  auto error = [&]() { return emitError(getOperation().getLoc()); };
  if (belief == "fixed")
    options.source = UpgradeOptions::Source::fixed;
  else if (belief == "adam")
    options.source = UpgradeOptions::Source::adam;
  else if (belief == "learnt")
    options.source = UpgradeOptions::Source::learnt;
  else
    return error() << "the option belief is '" << belief
                   << "', but must be fixed, adam or learnt";
  if (!(sigma > 0))
    return error() << "the option sigma must be positive";
  if (!(epsilon > 0))
    return error() << "the option epsilon must be positive";
  if (options.source == UpgradeOptions::Source::adam && count <= 0)
    return error() << "belief=adam needs the option count, the number of "
                      "examples that the beliefs are of";
  options.sigma = sigma;
  options.count = count;
  options.epsilon = epsilon;
  options.removeOnly = removeOnly;
  return success();
}

void Upgrade::runOnOperation() {
  UpgradeOptions options;
  if (failed(readOptions(options)))
    return signalPassFailure();
  SymbolTable symbols(getOperation());
  for (auto function :
       llvm::to_vector(getOperation().getOps<FunctionOpInterface>())) {
    if (!isRecognizable(function))
      continue;
    // What it had is no longer there.
    function->removeDiscardableAttr(marks::findings);
    FailureOr<UpgradePlan> plan = planUpgrade(function, options);
    if (failed(plan))
      return signalPassFailure();
    // Before what it calls may be erased.
    if (!keep.empty() && !plan->entries.empty()) {
      Operation *before = function->clone();
      SymbolTable::setSymbolName(before, keep);
      SymbolTable::setSymbolVisibility(before,
                                       SymbolTable::Visibility::Private);
      symbols.insert(before, std::next(Block::iterator(function)));
    }
    if (failed(removeFindings(function)))
      return signalPassFailure();
    Upgrader upgrader(function, *plan);
    if (!removeOnly) {
      upgrader.addMarks();
      upgrader.averageBeliefs();
      if (PolicyOp written = upgrader.writePolicy(policy)) {
        written->remove();
        symbols.insert(written, Block::iterator(function));
      }
    }
    plan->report();
  }
}
