//===- UpgradePlan.cpp - What takes regularizers' place -------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "UpgradePlan.h"

#include "fisher/Math/DecimalText.h"
#include "fisher/Recognition/Removal.h"
#include "fisher/Recognition/Spreads.h"

#include "mlir/AsmParser/AsmParser.h"
#include "llvm/ADT/StringExtras.h"

#include <cmath>

using namespace mlir;
using namespace mlir::fisher;
using namespace mlir::fisher::recognition;

namespace {
/// Plans the upgrade of one function.
class Planner {
public:
  Planner(FunctionOpInterface function, const UpgradeOptions &options)
      : function(function), options(options), recognition(function),
        builder(function.getContext()) {}

  LogicalResult plan();
  UpgradePlan takePlan() { return std::move(result); }

private:
  LogicalResult planFinding(const Finding &finding);
  LogicalResult planDivergence(const Finding &finding);
  LogicalResult planDecay(const Finding &finding);
  /// The source of the spread, or the components; says how the belief is.
  LogicalResult chooseBelief(const Finding &finding, double sigma,
                             UpgradeEntry &entry, std::string &text);
  /// Half of the strength, times sigma² in mode coupled.
  LogicalResult chooseWeight(const Finding &finding, UpgradeEntry &entry,
                             double &sigma);
  LogicalResult addEntry(const Finding &finding, UpgradeEntry entry);

  Location getLoc(const Finding &finding) {
    return finding.values.empty() ? function.getLoc()
                                  : finding.values.front().getLoc();
  }
  std::string &getName(unsigned argument) { return result.names[argument]; }
  std::string listNames(const Finding &finding) {
    return llvm::join(
        llvm::map_range(finding.arguments,
                        [&](unsigned argument) { return getName(argument); }),
        ", ");
  }
  InFlightDiagnostic error(const Finding &finding) {
    return emitError(getLoc(finding))
           << stringifyFindingKind(finding.kind) << " on " << listNames(finding)
           << " cannot be upgraded: ";
  }

  FunctionOpInterface function;
  const UpgradeOptions &options;
  Recognition recognition;
  Builder builder;
  UpgradePlan result;
};
} // namespace

/// A product of decimal numbers without what rounding left.
static FloatAttr getDecimal(MLIRContext *context, double number) {
  return FloatAttr::get(Float64Type::get(context),
                        fromDecimal(toDecimal(number, 15)));
}

static FamilyInterface getFamily(MLIRContext *context, const Twine &text) {
  return cast<FamilyInterface>(
      parseAttribute(("#fisher." + text).str(), context));
}

static Attribute getPrior(MLIRContext *context, ArrayRef<double> numbers) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "#fisher.prior<[";
  llvm::interleaveComma(numbers, os, [&](double number) {
    os << toDecimal(number, 17, std::chars_format::scientific);
  });
  os << "]>";
  return parseAttribute(text, context);
}

static StringRef getFact(const Finding &finding, StringRef name) {
  for (NamedAttribute fact : finding.facts)
    if (fact.getName() == name)
      return cast<StringAttr>(fact.getValue());
  return "";
}

//===----------------------------------------------------------------------===//
// Remarks
//===----------------------------------------------------------------------===//

static void addRemark(UpgradePlan &plan, Location loc, StringRef kind,
                      ArrayRef<std::string> names, const Twine &text) {
  std::string said = text.str();
  for (UpgradeRemark &remark : plan.remarks)
    if (remark.kind == kind && remark.text == said) {
      llvm::append_range(remark.names, names);
      return;
    }
  plan.remarks.push_back(
      {loc, kind.str(), SmallVector<std::string>(names), std::move(said)});
}

void UpgradePlan::report() const {
  for (const UpgradeRemark &remark : remarks)
    emitRemark(remark.loc) << remark.kind << " on "
                           << llvm::join(remark.names, ", ") << remark.text;
}

/// Why what is no term of the step stays.
static StringRef getReason(FindingKind kind) {
  switch (kind) {
  case FindingKind::dropout:
    return "it is noise, and no distance to a reference";
  case FindingKind::entropy_bonus:
    return "the step computes its beliefs; a policy can have them in mode "
           "loss_only where they are results";
  default:
    return "it is the optimizer";
  }
}

//===----------------------------------------------------------------------===//
// Terms
//===----------------------------------------------------------------------===//

LogicalResult Planner::planDivergence(const Finding &finding) {
  std::optional<double> weight = finding.getCoefficient("weight")->number;
  if (!weight)
    return (error(finding) << "its weight is not a constant, so that no policy "
                              "can have half of it")
               .attachNote(function.getLoc())
           << "with remove-only it is taken out; write a policy whose weight "
              "is an argument that holds half of it";
  double mean = *finding.getCoefficient("prior_mean")->number;
  double sigma = *finding.getCoefficient("prior_sigma")->number;
  MLIRContext *context = function.getContext();
  addRemark(result, getLoc(finding), "kl_to_prior", listNames(finding),
            ", weight " + toDecimal(*weight) +
                ": replaced by the squared Fisher-Rao distance to N(" +
                toDecimal(mean) + ", " + toDecimal(sigma) + "^2), weight " +
                toDecimal(*weight / 2) + ", mode coupled");
  return addEntry(
      finding,
      {getLoc(finding),
       finding.arguments,
       getFamily(context, "gaussian<" + getFact(finding, "chart") + ">"),
       Attribute(),
       getPrior(context, {mean, sigma}),
       getDecimal(context, *weight / 2),
       Mode::coupled,
       {}});
}

LogicalResult Planner::chooseWeight(const Finding &finding, UpgradeEntry &entry,
                                    double &sigma) {
  const Coefficient *strength = finding.getCoefficient("strength");
  sigma = options.sigma;
  bool isProximal = entry.mode == Mode::proximal;
  if (strength->number) {
    // A proximal step measures by the same metric how far it goes.
    double variance = isProximal ? 1 : sigma * sigma;
    entry.weight =
        getDecimal(function.getContext(), *strength->number * variance / 2);
    return success();
  }
  // An argument is the weight itself where sigma is √2.
  auto argument = isProximal ? nullptr
                             : dyn_cast_or_null<BlockArgument>(
                                   recognition.findValue(strength->expr));
  auto type = argument ? dyn_cast<RankedTensorType>(argument.getType())
                       : RankedTensorType();
  if (!argument ||
      (isa<ShapedType>(argument.getType()) && (!type || type.getRank() != 0)))
    return (error(finding) << "its strength is computed, so that no policy can "
                              "have it")
               .attachNote(function.getLoc())
           << "with remove-only it is taken out; write a policy whose weight "
              "is an argument";
  sigma = std::sqrt(2.0);
  entry.weight = builder.getStringAttr(getName(argument.getArgNumber()));
  entry.named.push_back(argument.getArgNumber());
  return success();
}

LogicalResult Planner::chooseBelief(const Finding &finding, double sigma,
                                    UpgradeEntry &entry, std::string &text) {
  MLIRContext *context = function.getContext();
  unsigned mean = finding.arguments.front();
  entry.components = {mean};
  entry.prior = getPrior(context, {0.0});
  entry.family = getFamily(context, "gaussian_mean<sigma>");
  switch (options.source) {
  case UpgradeOptions::Source::fixed:
    entry.source = FixedAttr::get(context, builder.getStringAttr("sigma"),
                                  builder.getF64FloatAttr(sigma));
    text = "to mean 0 of Gaussians of fixed sigma " + toDecimal(sigma);
    return success();
  case UpgradeOptions::Source::adam: {
    for (const Finding &other : recognition.getFindings()) {
      if (other.arguments != finding.arguments)
        continue;
      for (auto [what, argument] : other.states)
        if (what == "second_moment_in") {
          entry.source = AdamAttr::get(
              context, builder.getStringAttr(getName(argument)), options.count,
              builder.getF64FloatAttr(options.epsilon));
          entry.named.push_back(argument);
          text = "to mean 0 of Gaussians of sigma 1/sqrt(" +
                 std::to_string(options.count) + " (" + getName(argument) +
                 " + " + toDecimal(options.epsilon) + "))";
          if (entry.mode == Mode::coupled)
            text +=
                ", which pulls as before where sigma is " + toDecimal(sigma);
          return success();
        }
    }
    return (error(finding) << "no optimizer keeps a second moment of it, which "
                              "belief=adam makes its spread of")
               .attachNote(function.getLoc())
           << "use belief=fixed";
  }
  case UpgradeOptions::Source::learnt: {
    std::optional<Spread> spread = findSpread(recognition, mean);
    if (!spread)
      return (error(finding) << "no parameter is its spread: the step adds no "
                                "noise times a learnt spread to it, which "
                                "belief=learnt needs")
                 .attachNote(function.getLoc())
             << "use belief=fixed or belief=adam";
    entry.components.push_back(spread->argument);
    entry.family = getFamily(context, "gaussian<" + spread->chart + ">");
    entry.prior = getPrior(context, {0.0, sigma});
    text = "of Gaussians with the spread " + getName(spread->argument) +
           " to N(0, " + toDecimal(sigma) +
           "^2), which pulls the mean as before where its sigma is that";
    return success();
  }
  }
  llvm_unreachable("all sources are handled");
}

LogicalResult Planner::planDecay(const Finding &finding) {
  UpgradeEntry entry{getLoc(finding), {}, {}, {}, {}, {}, Mode::coupled, {}};
  if (finding.kind == FindingKind::weight_decay)
    entry.mode = Mode::proximal;
  double sigma;
  std::string belief;
  if (failed(chooseWeight(finding, entry, sigma)) ||
      failed(chooseBelief(finding, sigma, entry, belief)))
    return failure();
  std::optional<double> strength = finding.getCoefficient("strength")->number;
  auto number = dyn_cast<FloatAttr>(entry.weight);
  std::string weight = number ? toDecimal(number.getValueAsDouble())
                              : cast<StringAttr>(entry.weight).str();
  addRemark(
      result, getLoc(finding), stringifyFindingKind(finding.kind),
      getName(finding.arguments.front()),
      ", strength " + (strength ? toDecimal(*strength) : weight) +
          ": replaced by the squared distance " + belief + ", weight " +
          weight + ", mode " + stringifyMode(entry.mode) +
          (finding.kind == FindingKind::l2_gradient && recognition.findLoss()
               ? ", which is in the loss, too"
               : ""));
  return addEntry(finding, std::move(entry));
}

LogicalResult Planner::addEntry(const Finding &finding, UpgradeEntry entry) {
  for (UpgradeEntry &other : result.entries) {
    if (llvm::none_of(entry.components, [&](unsigned component) {
          return llvm::is_contained(other.components, component);
        }))
      continue;
    auto more = dyn_cast<FloatAttr>(entry.weight);
    auto number = dyn_cast<FloatAttr>(other.weight);
    if (other.components == entry.components && other.mode == entry.mode &&
        other.family == entry.family && other.prior == entry.prior && more &&
        number) {
      other.weight =
          getDecimal(function.getContext(),
                     number.getValueAsDouble() + more.getValueAsDouble());
      return success();
    }
    return (error(finding)
            << "something else takes the place of another regularizer of the "
               "same parameter, and a policy regularizes a parameter once")
               .attachNote(other.loc)
           << "this is the other one";
  }
  result.entries.push_back(std::move(entry));
  return success();
}

LogicalResult Planner::planFinding(const Finding &finding) {
  // Averages are looked at when the terms are gone.
  if (finding.kind == FindingKind::moving_average && !options.removeOnly)
    return success();
  if (isRemovable(finding.kind) && !options.removeOnly)
    return finding.kind == FindingKind::kl_to_prior ? planDivergence(finding)
                                                    : planDecay(finding);
  std::string text = ": taken out";
  if (finding.kind == FindingKind::moving_average)
    text = ": kept";
  else if (!isRemovable(finding.kind))
    text = (": kept, as " + getReason(finding.kind)).str();
  addRemark(result, getLoc(finding), stringifyFindingKind(finding.kind),
            listNames(finding), text);
  return success();
}

LogicalResult Planner::plan() {
  result.names = getArgumentNames(function);
  for (const Finding &finding : recognition.getFindings())
    if (failed(planFinding(finding)))
      return failure();
  return success();
}

FailureOr<UpgradePlan>
mlir::fisher::planUpgrade(FunctionOpInterface function,
                          const UpgradeOptions &options) {
  Planner planner(function, options);
  if (failed(planner.plan()))
    return failure();
  return planner.takePlan();
}

//===----------------------------------------------------------------------===//
// Moving averages
//===----------------------------------------------------------------------===//

std::vector<AveragedBelief> mlir::fisher::planAverages(Recognition &recognition,
                                                       UpgradePlan &plan) {
  FunctionOpInterface function = recognition.getGraph().getFunction();
  SmallVector<const Finding *> averages;
  for (const Finding &finding : recognition.getFindings())
    if (finding.kind == FindingKind::moving_average)
      averages.push_back(&finding);
  auto find = [&](unsigned argument) -> const Finding * {
    for (const Finding *finding : averages)
      if (finding->arguments.front() == argument &&
          getFact(*finding, "of") == "parameter")
        return finding;
    return nullptr;
  };
  // The beliefs, whether they are averaged or not.
  SmallVector<std::pair<SmallVector<unsigned>, FamilyInterface>> beliefs;
  for (const UpgradeEntry &entry : plan.entries)
    if (!entry.source)
      beliefs.push_back({entry.components, entry.family});
  auto isTaken = [&](unsigned argument) {
    return llvm::any_of(beliefs, [&](const auto &belief) {
      return llvm::is_contained(belief.first, argument);
    });
  };
  for (const Update &update : recognition.getUpdates()) {
    if (isTaken(update.parameter))
      continue;
    std::optional<Spread> spread = findSpread(recognition, update.parameter);
    if (spread && !isTaken(spread->argument))
      beliefs.push_back({{update.parameter, spread->argument},
                         getFamily(function.getContext(),
                                   "gaussian<" + spread->chart + ">")});
  }

  std::vector<AveragedBelief> result;
  llvm::DenseSet<const Finding *> done;
  auto say = [&](ArrayRef<const Finding *> of, const Twine &text) {
    for (const Finding *finding : of)
      if (finding && done.insert(finding).second)
        addRemark(plan, finding->values.front().getLoc(), "moving_average",
                  plan.names[finding->arguments.front()], text);
  };
  for (const auto &[components, family] : beliefs) {
    SmallVector<const Finding *, 2> found =
        llvm::map_to_vector<2>(components, find);
    AveragedBelief belief{family, {}, 0, 1};
    bool isWhole = true;
    Type type;
    for (const Finding *finding : found) {
      std::optional<double> decay =
          finding ? finding->getCoefficient("decay")->number : std::nullopt;
      isWhole &= decay && (belief.averages.empty() || belief.decay == *decay);
      if (!isWhole)
        break;
      belief.decay = *decay;
      AveragedComponent average{finding->arguments.front(),
                                finding->states.front().second, 0,
                                finding->averagedResult};
      average.result = *recognition.getNewValue(average.state);
      // A belief has one type, and a geodesic one end.
      for (Type other : {function.getArgument(average.argument).getType(),
                         function.getArgument(average.state).getType()}) {
        isWhole &= !type || type == other;
        type = other;
      }
      isWhole &= belief.averages.empty() ||
                 belief.averages.front().averagedResult.has_value() ==
                     average.averagedResult.has_value();
      belief.averages.push_back(average);
    }
    if (isWhole) {
      say(found, ", decay " + toDecimal(belief.decay) +
                     ": replaced by the geodesic one of beliefs");
      belief.share = getDecimal(function.getContext(), 1 - belief.decay)
                         .getValueAsDouble();
      result.push_back(std::move(belief));
    } else {
      say(found, ": kept, as a geodesic one needs averages of the mean and the "
                 "spread, with one constant decay");
    }
  }
  for (const Finding *finding : averages)
    say(finding, getFact(*finding, "of") == "parameter"
                     ? ": kept, as at fixed sigma straight lines are geodesics"
                     : ": kept, as gradients are no beliefs");
  return result;
}
