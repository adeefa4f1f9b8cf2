//===- ClassificationScore.cpp - Quality of predictions -------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Execution/ClassificationScore.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace mlir::fisher;

void ClassificationScore::add(ArrayRef<double> logits, int64_t label) {
  const double *best = std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (double logit : logits)
    sum += std::exp(logit - *best);
  bool isClass = label >= 0 && label < static_cast<int64_t>(logits.size());
  logLikelihood += isClass ? logits[label] - *best - std::log(sum)
                           : -std::numeric_limits<double>::infinity();

  double confidence = 1 / sum;
  // Not a number goes to the first bin, whose mean it then spoils, as it
  // should.
  size_t bin =
      confidence > 0 ? std::min<size_t>(confidence * numBins, numBins - 1) : 0;
  bins[bin].count += 1;
  bins[bin].correct += best - logits.begin() == label;
  bins[bin].confidence += confidence;
}

NamedNumbers ClassificationScore::get() const {
  double count = 0, correct = 0, gap = 0;
  for (const Bin &bin : bins) {
    count += bin.count;
    correct += bin.correct;
    gap += std::abs(bin.correct - bin.confidence);
  }
  return {{"accuracy", correct / count},
          {"nll", -logLikelihood / count},
          {"calibration_error", gap / count}};
}
