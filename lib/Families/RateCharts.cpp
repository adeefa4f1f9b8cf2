//===- RateCharts.cpp - How families of one rate store it -----------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RateCharts.h"
#include "Rates.h"

#include <cmath>

using namespace mlir;
using namespace mlir::fisher;

ArrayRef<StringRef> mlir::fisher::getRateNames() {
  static constexpr StringRef names[] = {"rate"};
  return names;
}

bool mlir::fisher::isRateInDomain(RateChart chart, double stored) {
  return std::isfinite(stored) &&
         (chart == RateChart::log_rate || stored > 0.0);
}

std::string mlir::fisher::describeRateDomain(RateChart chart) {
  return chart == RateChart::log_rate ? "a finite number" : "rate > 0";
}

FailureOr<SmallVector<double>>
mlir::fisher::getStoredRate(RateChart chart, StringRef what, double rate,
                            function_ref<InFlightDiagnostic()> emitError) {
  if (!(rate > 0.0) || !std::isfinite(rate))
    return emitError() << what << " must be positive, got " << rate;
  return SmallVector<double>{chart == RateChart::log_rate ? std::log(rate)
                                                          : rate};
}

Scalar mlir::fisher::convertRate(RateChart from, RateChart to, Scalar stored) {
  if (from == to)
    return stored;
  return to == RateChart::rate ? exp(stored) : log(positiveOrNaN(stored));
}
