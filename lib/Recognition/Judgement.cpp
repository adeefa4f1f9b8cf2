//===- Judgement.cpp - In what sense a finding is Fisher-Rao --------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Recognition/Judgement.h"
#include "fisher/Math/DecimalText.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace mlir::fisher;
using namespace mlir::fisher::recognition;

/// A coefficient, which may be the name of an argument or computed.
static std::string toText(Attribute attr) {
  if (auto number = dyn_cast<FloatAttr>(attr))
    return toDecimal(number.getValueAsDouble());
  if (auto name = dyn_cast<StringAttr>(attr))
    return name.str();
  if (auto flag = dyn_cast<BoolAttr>(attr))
    return flag.getValue() ? "yes" : "no";
  return "computed";
}

std::string mlir::fisher::recognition::listNames(FindingAttr finding) {
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::interleaveComma(finding.getNames().getAsRange<StringAttr>(), os,
                        [&](StringAttr name) { os << name.getValue(); });
  return text;
}

namespace {
/// Says of one finding what can be said.
class Judge {
public:
  Judge(FindingAttr finding, ArrayRef<FindingAttr> all)
      : finding(finding), all(all) {}

  Judgement judge();

private:
  std::string get(StringRef name) {
    Attribute attr = finding.getCoefficients().get(name);
    return attr ? toText(attr) : "";
  }
  std::optional<double> getNumber(StringRef name) {
    auto number =
        dyn_cast_or_null<FloatAttr>(finding.getCoefficients().get(name));
    if (!number)
      return std::nullopt;
    return number.getValueAsDouble();
  }
  /// `number / divisor` as a number, or as it is written.
  std::string getQuotient(StringRef name, double divisor) {
    std::optional<double> number = getNumber(name);
    return number ? toDecimal(*number / divisor)
                  : get(name) + "/" + toDecimal(divisor);
  }
  /// The optimizer that makes the new values of the parameters.
  std::optional<FindingKind> getOptimizer();
  std::string listCoefficients();
  void judgeL2(Judgement &judgement);

  FindingAttr finding;
  ArrayRef<FindingAttr> all;
};
} // namespace

std::optional<FindingKind> Judge::getOptimizer() {
  for (FindingAttr other : all)
    if (other.getKind() <= FindingKind::rmsprop &&
        llvm::any_of(finding.getNames(), [&](Attribute name) {
          return llvm::is_contained(other.getNames(), name);
        }))
      return other.getKind();
  return std::nullopt;
}

std::string Judge::listCoefficients() {
  std::string text;
  llvm::raw_string_ostream os(text);
  // What lists arguments is for passes to read.
  SmallVector<NamedAttribute> shown;
  for (NamedAttribute entry : finding.getCoefficients())
    if (!isa<ArrayAttr>(entry.getValue()))
      shown.push_back(entry);
  llvm::interleaveComma(shown, os, [&](NamedAttribute entry) {
    std::string name = entry.getName().str();
    llvm::replace(name, '_', ' ');
    os << name << ' ' << toText(entry.getValue());
  });
  return text;
}

/// λ/2 p² = weight p²/σ²
void Judge::judgeL2(Judgement &judgement) {
  std::optional<double> strength = getNumber("strength");
  judgement.equivalent = "to second order the squared distance of Gaussians of "
                         "fixed sigma to mean "
                         "0, with sigma^2 = 2 weight / strength";
  judgement.equivalent += strength
                              ? ": " + toDecimal(2 / *strength) + " at weight 1"
                              : " = 2 weight / " + get("strength");
  judgement.equivalent += ", for any number of examples";
  judgement.limits = "the spread is learnt, or another chart stores the mean";
  std::optional<FindingKind> optimizer = getOptimizer();
  bool isAdaptive = optimizer == FindingKind::adam ||
                    optimizer == FindingKind::adamw ||
                    optimizer == FindingKind::rmsprop;
  if (!isAdaptive)
    return;
  if (finding.getKind() == FindingKind::weight_decay)
    judgement.limits +=
        "; decoupled from the second moment, it is a step of its "
        "own, with the learning rate for its size";
  else
    judgement.limits +=
        "; " + stringifyFindingKind(*optimizer).str() +
        " divides it by the root of the second moment, so it is none here: "
        "coupled, it differs from decoupled decay";
}

Judgement Judge::judge() {
  Judgement judgement;
  judgement.coefficients = listCoefficients();
  switch (finding.getKind()) {
  case FindingKind::sgd:
  case FindingKind::momentum:
  case FindingKind::nesterov:
  case FindingKind::adam:
  case FindingKind::adamw:
  case FindingKind::rmsprop:
    break;
  case FindingKind::l2_gradient:
  case FindingKind::l2_loss:
  case FindingKind::weight_decay:
    judgeL2(judgement);
    break;
  case FindingKind::moving_average:
    judgement.equivalent =
        "the geodesic moving average with decay " + get("decay") +
        " where what is stored is linear along geodesics: a mean of "
        "fixed sigma, a log sigma of fixed mean, a log rate";
    judgement.limits =
        "mean and spread are averaged together, or another chart "
        "stores them";
    break;
  case FindingKind::dropout: {
    std::optional<double> keep = getNumber("keep");
    bool isScaled =
        cast<BoolAttr>(finding.getCoefficients().get("is_scaled")).getValue();
    judgement.equivalent =
        std::string("multiplicative noise, to second order a Gaussian belief "
                    "about each value h, of mean ") +
        (isScaled ? "h" : "keep h") + " and variance " +
        (isScaled ? "h^2 (1 - keep) / keep" : "h^2 keep (1 - keep)");
    if (keep)
      judgement.equivalent +=
          " = " +
          toDecimal(isScaled ? (1 - *keep) / *keep : *keep * (1 - *keep)) +
          " h^2";
    judgement.limits =
        "keep is far from 1; it is no distance to a reference, and "
        "its size is fixed in the chart";
    break;
  }
  case FindingKind::kl_to_prior:
    judgement.equivalent = "to second order the squared distance to N(" +
                           get("prior_mean") + ", " + get("prior_sigma") +
                           "^2), weight " + getQuotient("weight", 2) +
                           " (half of KL's)";
    judgement.limits =
        "far from the prior: KL grows with the square of mean and "
        "spread, the distance with their logarithm";
    break;
  case FindingKind::entropy_bonus:
    judgement.equivalent =
        "to second order the squared distance of categorical beliefs to the "
        "uniform one, weight " +
        getQuotient("weight", 2) + ", and a constant";
    judgement.limits = "far from uniform: the entropy's pull ends where an "
                       "outcome has no probability, the distance's grows";
    break;
  }
  return judgement;
}

Judgement mlir::fisher::recognition::judge(FindingAttr finding,
                                           ArrayRef<FindingAttr> all) {
  return Judge(finding, all).judge();
}
