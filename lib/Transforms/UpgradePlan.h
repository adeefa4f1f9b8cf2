//===- UpgradePlan.h - What takes regularizers' place ---------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_TRANSFORMS_UPGRADEPLAN_H
#define FISHER_LIB_TRANSFORMS_UPGRADEPLAN_H

#include "fisher/IR/Fisher.h"
#include "fisher/Recognition/Recognition.h"

namespace mlir::fisher {

struct UpgradeOptions {
  /// Where the spread of a mean that has L2 or weight decay comes from.
  enum class Source { fixed, adam, learnt };

  Source source = Source::fixed;
  double sigma = 1, epsilon = 1e-8;
  int64_t count = 0;
  bool removeOnly = false;
};

/// An entry of the policy.
struct UpgradeEntry {
  Location loc;
  /// The arguments that are its components.
  SmallVector<unsigned> components;
  FamilyInterface family;
  /// What makes the spread; null if an argument holds it.
  Attribute source;
  Attribute prior;
  /// A number, or the name of an argument.
  Attribute weight;
  Mode mode = Mode::coupled;
  /// Other arguments that it names.
  SmallVector<unsigned> named;
};

/// What is said of a finding, or of several alike.
struct UpgradeRemark {
  Location loc;
  std::string kind;
  SmallVector<std::string> names;
  std::string text;
};

struct UpgradePlan {
  /// Of the function's arguments.
  std::vector<std::string> names;
  std::vector<UpgradeEntry> entries;
  std::vector<UpgradeRemark> remarks;

  void report() const;
};

/// Decides what takes the place of what is found in a function, and changes
/// nothing; fails if nothing can.
FailureOr<UpgradePlan> planUpgrade(FunctionOpInterface function,
                                   const UpgradeOptions &options);

/// One component's moving average.
struct AveragedComponent {
  /// What is averaged, and the argument and the result that hold the average.
  unsigned argument, state, result;
  /// See `Finding`.
  std::optional<unsigned> averagedResult;
};

/// A belief all of whose components are averaged.
struct AveragedBelief {
  FamilyInterface family;
  SmallVector<AveragedComponent, 2> averages;
  /// How much of an average is kept, and how far it goes.
  double decay, share;
};

/// The averages that must become geodesic, of beliefs that are in the plan or
/// that the step samples; says in the plan what becomes of all.
std::vector<AveragedBelief> planAverages(recognition::Recognition &recognition,
                                         UpgradePlan &plan);

} // namespace mlir::fisher

#endif // FISHER_LIB_TRANSFORMS_UPGRADEPLAN_H
