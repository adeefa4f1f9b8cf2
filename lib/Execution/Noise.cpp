//===- Noise.cpp - Values of eps arguments --------------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Execution/Noise.h"

#include "mlir/IR/Diagnostics.h"

using namespace mlir;
using namespace mlir::fisher;

LogicalResult fisher::checkNoise(const Port &argument) {
  if (!isFloat(argument.getKind()))
    return emitError(argument.loc)
           << argument.describe() << " of type " << argument.type
           << " has role eps, which only floating-point arguments can have";
  StringRef distribution = argument.distribution;
  if (!distribution.empty() && distribution != "normal" &&
      distribution != "uniform")
    return emitError(argument.loc)
           << argument.describe() << " has the unknown distribution '"
           << distribution << "'; use normal or uniform";
  return success();
}

void fisher::fillNoise(const Port &argument, const RandomSequence &sequence,
                       Array &array) {
  if (argument.distribution == "uniform")
    fillUniform(array, sequence);
  else
    fillNormal(array, sequence);
}
