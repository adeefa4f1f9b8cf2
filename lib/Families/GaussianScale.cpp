//===- GaussianScale.cpp - How the scale of a Gaussian is stored ----------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GaussianPair.h"

using namespace mlir;
using namespace mlir::fisher;
using namespace mlir::fisher::gaussian;

bool gaussian::isScaleInDomain(GaussianChart chart, double value) {
  return std::isfinite(value) && (!storesPositive(chart) || value > 0.0);
}

std::string gaussian::describeScaleDomain(GaussianChart chart) {
  return storesPositive(chart) ? (stringifyEnum(chart) + " > 0").str()
                               : "a finite number";
}

FailureOr<SmallVector<double>>
gaussian::getStoredGaussian(GaussianChart chart, ArrayRef<double> standard,
                            function_ref<InFlightDiagnostic()> emitError) {
  double mean = standard[0], sigma = standard[1];
  if (!std::isfinite(mean))
    return emitError() << "a Gaussian's mean must be finite, got " << mean;
  if (!(sigma > 0.0) || !std::isfinite(sigma))
    return emitError()
           << "a Gaussian's standard deviation must be positive, got " << sigma;
  double stored = [&] {
    switch (chart) {
    case GaussianChart::sigma:
      return sigma;
    case GaussianChart::log_sigma:
      return std::log(sigma);
    case GaussianChart::softplus:
      return sigma + std::log(-std::expm1(-sigma));
    case GaussianChart::variance:
      return sigma * sigma;
    case GaussianChart::log_variance:
      return 2.0 * std::log(sigma);
    case GaussianChart::precision:
      return 1.0 / (sigma * sigma);
    }
    llvm_unreachable("all charts are handled");
  }();
  return SmallVector<double>{mean, stored};
}

Scalar gaussian::convertScale(const Scale &scale, GaussianChart target) {
  if (target == scale.chart)
    return scale.stored;
  switch (target) {
  case GaussianChart::sigma:
    return scale.sigma();
  case GaussianChart::softplus:
    return softplusInverse(scale.sigma());
  case GaussianChart::variance:
    return square(scale.sigma());
  case GaussianChart::precision:
    return 1.0 / square(scale.sigma());
  case GaussianChart::log_sigma:
  case GaussianChart::log_variance:
    return getLogFactor(target) * scale.logSigma();
  }
  llvm_unreachable("all charts are handled");
}
