//===- ClassificationScore.h - Quality of predictions -----------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_EXECUTION_CLASSIFICATIONSCORE_H
#define FISHER_EXECUTION_CLASSIFICATIONSCORE_H

#include "fisher/Execution/Metrics.h"

#include <array>

namespace mlir::fisher {

/// How well class probabilities predict labels. The probabilities are the
/// softmax of rows of logits.
class ClassificationScore {
public:
  /// Adds an example. A label that is no class is predicted with probability 0.
  void add(ArrayRef<double> logits, int64_t label);

  /// `accuracy` of the most probable class, `nll` (mean negative
  /// log-likelihood, nats) and `calibration_error` (expected calibration error
  /// with 15 bins of equal width); not numbers without examples.
  NamedNumbers get() const;

private:
  static constexpr size_t numBins = 15;
  struct Bin {
    int64_t count = 0, correct = 0;
    double confidence = 0;
  };

  std::array<Bin, numBins> bins;
  double logLikelihood = 0;
};

} // namespace mlir::fisher

#endif // FISHER_EXECUTION_CLASSIFICATIONSCORE_H
