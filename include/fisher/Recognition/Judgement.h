//===- Judgement.h - In what sense a finding is Fisher-Rao ----------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_RECOGNITION_JUDGEMENT_H
#define FISHER_RECOGNITION_JUDGEMENT_H

#include "fisher/IR/Fisher.h"

#include <string>

namespace mlir::fisher::recognition {

/// What is said of a finding.
struct Judgement {
  /// The coefficients, as `strength 0.001`.
  std::string coefficients;
  /// What of Fisher-Rao it is, and for which beliefs; empty for an optimizer.
  std::string equivalent;
  /// When it is not.
  std::string limits;
};

/// `all`: what else was found in the same step.
Judgement judge(FindingAttr finding, ArrayRef<FindingAttr> all);

/// The names of a finding's parameters, as `fc0.w, fc1.w`.
std::string listNames(FindingAttr finding);

} // namespace mlir::fisher::recognition

#endif // FISHER_RECOGNITION_JUDGEMENT_H
