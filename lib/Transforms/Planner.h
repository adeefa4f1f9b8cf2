//===- Planner.h - How the insertion of a policy is planned ---------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_TRANSFORMS_PLANNER_H
#define FISHER_LIB_TRANSFORMS_PLANNER_H

#include "InsertionPlan.h"

#include "fisher/IR/Glob.h"
#include "fisher/IR/Marks.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

#include <map>

namespace mlir::fisher {

/// What the groups of a glob captured.
using Captures = SmallVector<std::string>;

/// An argument or a result that may hold a component of a belief.
struct Candidate {
  bool isResult;
  unsigned number;
  StringRef name;
};

/// The candidates that a glob matches, in their order, and for each captured
/// text the first of them.
struct Matches {
  std::vector<std::pair<Captures, Candidate>> all;
  std::map<Captures, Candidate> first;
  /// Whether the glob is a name, which goes with whatever the entry's other
  /// globs capture.
  bool isCommon = false;

  bool contains(const Captures &captures) const {
    return isCommon || first.count(captures);
  }
  const Candidate &at(const Captures &captures) const {
    return isCommon ? all.front().second : first.at(captures);
  }
};

/// A use of a name: the component of the beliefs of an entry.
struct Use {
  RegularizeOp entry;
  size_t component;
};

/// Plans the insertion of one policy into one function: finds the beliefs and
/// refuses what cannot be served.
class Planner {
public:
  Planner(FunctionOpInterface function, double defaultStepSize,
          bool penaltyResult, bool isMeasuring = false)
      : function(function), defaultStepSize(defaultStepSize),
        penaltyResult(penaltyResult), isMeasuring(isMeasuring) {}

  LogicalResult plan(PolicyOp policy);

  InsertionPlan takePlan() { return {std::move(beliefs), std::move(hidden)}; }

private:
  // The steps, in order.
  void nameParameters();
  void findCandidates();
  LogicalResult checkNames(RegularizeOp entry);
  LogicalResult matchEntry(RegularizeOp entry);
  LogicalResult checkMatches(RegularizeOp entry, ArrayRef<Matches> matches);
  LogicalResult addBelief(RegularizeOp entry, ArrayRef<Matches> matches,
                          const Captures &captures);
  LogicalResult takeName(Belief &belief, size_t component);
  LogicalResult checkComponents(Belief &belief);
  LogicalResult resolveSource(Belief &belief, const Captures &captured);
  LogicalResult resolveReference(Belief &belief, const Captures &captured);
  LogicalResult findKept(Belief &belief);
  LogicalResult resolveNumber(Belief &belief, Attribute attr, StringRef what,
                              NumberOrArgument &result);
  LogicalResult resolveMode(Belief &belief);
  LogicalResult resolveUpdates(Belief &belief, StringRef &missing);
  void recognizeUpdates(Belief &belief);
  LogicalResult findMeasured(Belief &belief);
  LogicalResult resolveGradients(Belief &belief);
  LogicalResult resolveHiddenGradient(Belief &belief, unsigned argument,
                                      RankedTensorType type);
  LogicalResult resolveLearningRate(Belief &belief);
  LogicalResult checkReturns();
  LogicalResult checkCallers();

  Matches matchGlob(RegularizeOp entry, const Glob &glob);

  /// The argument that holds what an entry names by a pattern.
  FailureOr<unsigned> findNamed(const Belief &belief, StringRef what,
                                StringRef pattern, const Captures &captured);

  /// The names of the function's parameters, for messages.
  std::string listParameters() const;

  StringRef getName(const Belief &belief, unsigned component) {
    return getComponentName(function, belief, component);
  }
  Type getType(const Belief &belief, unsigned component) {
    return belief.isIntermediate ? function.getResultTypes()[component]
                                 : function.getArgument(component).getType();
  }
  Location getLoc(const Belief &belief, unsigned component) {
    return belief.isIntermediate ? function.getLoc()
                                 : function.getArgument(component).getLoc();
  }

  /// The name of the first component that is tied.
  StringRef getTiedName(const Belief &belief) {
    size_t tied = llvm::find(belief.isTied, true) - belief.isTied.begin();
    return getName(belief, belief.components[tied]);
  }

  /// The results of the components that carry `mark`; fails at the first
  /// component without, which is then in `missing`.
  FailureOr<SmallVector<unsigned>>
  findResults(const Belief &belief, StringRef mark, StringRef &missing);

  StringRef getName(unsigned argument) {
    return getArgumentMark(function, argument, marks::name);
  }

  /// What the step does to its parameters; null if that cannot be told.
  recognition::Recognition *getRecognition();
  /// How an optimizer makes an argument's new value; null if none is known to.
  const recognition::Update *findUpdate(unsigned argument);

  /// An error at the entry, with a note at the function.
  InFlightDiagnostic error(RegularizeOp entry, const Twine &message,
                           const Twine &note);
  /// An error at an argument, with a note at the entry.
  InFlightDiagnostic errorAt(unsigned argument, RegularizeOp entry,
                             const Twine &message, const Twine &note);

  FunctionOpInterface function;
  double defaultStepSize;
  bool penaltyResult;
  /// Whether beliefs are only looked at.
  bool isMeasuring;
  std::vector<Belief> beliefs;
  std::vector<HiddenGradient> hidden;
  /// Made when it is asked for.
  std::optional<recognition::Recognition> recognition;
  /// Whether any argument has a name.
  bool hasNames = false;
  /// The parameters, then the results that have names.
  std::vector<Candidate> candidates;
  /// The numbers of the candidates, in the order of their names.
  std::vector<unsigned> byName;
  /// The names of what policies regularized before.
  llvm::StringSet<> regularized;
  /// What regularizes the argument or result of a name already.
  llvm::StringMap<Use> takenBy;
};

} // namespace mlir::fisher

#endif // FISHER_LIB_TRANSFORMS_PLANNER_H
