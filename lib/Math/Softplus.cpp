//===- Softplus.cpp - Softplus and its inverse ----------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// As in Exponentials.cpp, the order of operations matters everywhere.
//
//===----------------------------------------------------------------------===//

#include "Exponentials.h"
#include "Format.h"
#include "Logarithms.h"

#include "fisher/Math/Evaluation.h"
#include "fisher/Math/Functions.h"

using namespace mlir;
using namespace mlir::fisher;
using namespace mlir::fisher::elementary;

/// What softplus(x) exceeds the positive part of x by.
static Scalar softplusTail(Scalar x) {
  return logOfOnePlus(expInRange(clampBelow(-abs(x), expLowLimit(x))));
}

namespace mlir::fisher {

Scalar softplus(Scalar x) { return select(x > 0.0, x, 0.0) + softplusTail(x); }

SoftplusPair softplusPair(Scalar a, Scalar b) {
  const Format &format = formatOf(a);
  Scalar tail = softplusTail(b), growth = select(b > 0.0, b, 0.0);
  Scalar second = growth + tail, weight = sigmoid(b);
  // Near each other, the difference is log(1 + sigmoid(b) (e^(a − b) − 1));
  // else the parts are computed and subtracted each by itself. Either way there
  // is one exponential and one logarithm, of a number from ½ to 2.
  Scalar distance = a - b;
  Condition isNear = abs(distance) < 0.693;
  // The least argument gives the exponent of zero.
  Scalar outer = clampBelow(-abs(a), choose(a, -88.0, -709.0));
  ExpReduction x = reduce(select(isNear, distance, outer), int(format.bias));
  Scalar power = (x.exponent << format.mantissaBits).toScalar();
  Scalar rise = x.high + expTail(x);
  Scalar e = multiplyAdd(power, rise, power);
  Scalar y = select(isNear, weight * multiplyAdd(power, rise, power - 1.0), e);
  Scalar log = logOfOnePlus(y);
  Scalar growthOfFirst = select(a > 0.0, a, 0.0);
  Scalar factor = select(isNear, weight * e, select(a > 0.0, 1.0, e));
  return {select(isNear, second, growthOfFirst) + log, second,
          select(isNear, log, (growthOfFirst - growth) + (log - tail)),
          factor / (1.0 + y)};
}

Scalar softplusInverse(Scalar y) {
  const Format &format = formatOf(y);
  // The result vanishes at ln 2: log(e^y − 1) = log(1 + 2(e^(y − ln 2) − 1)).
  // Below log(e^y − 1) is well conditioned, above y + log(1 − e^−y). The bounds
  // are where the intermediate values are precise on both sides.
  Condition isSmall = y < 0.4055;
  Condition isLarge = y > 1.5;
  Condition isMiddle = !(isSmall || isLarge);
  Scalar argument = select(isLarge, clampBelow(-y, expm1LowLimit(y)),
                           select(isSmall, y, y - format.ln2Nearest));
  Scalar rest = select(isMiddle, format.ln2Rest, y.constant(0.0));
  Scalar e = 2.0 * scaledExpm1(argument, 1, rest);
  Scalar outer = select(y < format.negligible, y, abs(e));
  Scalar sum = select(isMiddle, 1.0 + 2.0 * e, outer);
  Scalar c = select(isMiddle, errorOfSum(2.0 * e, sum), 0.0);
  Normalized normalized = normalize(sum);
  Decomposition u = decompose(normalized.u, normalized.exponentOffset);
  return onDomain(y, 0.0, -infinity, select(isLarge, y, 0.0) + logOfSum(c, u));
}

} // namespace mlir::fisher
