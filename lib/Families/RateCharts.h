//===- RateCharts.h - How families of one rate store it -------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_FAMILIES_RATECHARTS_H
#define FISHER_LIB_FAMILIES_RATECHARTS_H

#include "fisher/IR/Fisher.h"

namespace mlir::fisher {

/// The name of the component and of the standard coordinate.
ArrayRef<StringRef> getRateNames();

/// Whether a rate may be stored as this number.
bool isRateInDomain(RateChart chart, double stored);

/// The domain in words.
std::string describeRateDomain(RateChart chart);

/// What is stored for a rate. Emits an error that starts with `what` ("a
/// Poisson rate") and fails if it is not positive and finite.
FailureOr<SmallVector<double>>
getStoredRate(RateChart chart, StringRef what, double rate,
              function_ref<InFlightDiagnostic()> emitError);

/// What is stored in the chart `to` for what is stored in `from`.
Scalar convertRate(RateChart from, RateChart to, Scalar stored);

} // namespace mlir::fisher

#endif // FISHER_LIB_FAMILIES_RATECHARTS_H
