//===- Optimizer.h - Steps from gradients -----------------------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_EXECUTION_OPTIMIZER_H
#define FISHER_EXECUTION_OPTIMIZER_H

#include "fisher/Execution/Array.h"

#include "llvm/Support/Error.h"

namespace mlir::fisher {

/// Options of the optimizers. Each reads what it needs.
struct OptimizerOptions {
  double learningRate = 0;
  /// Of sgd: the part of the former step that is taken again.
  double momentum = 0;
  /// Of adam: how slowly the means of the gradient and of its square follow.
  double beta1 = 0.9, beta2 = 0.999;
  /// Of adam: added to the root of the mean square.
  double epsilon = 1e-8;
};

/// Changes parameters by their gradients. Arithmetic is in f64.
class Optimizer {
public:
  virtual ~Optimizer();

  /// Makes step number `step`, counted from 1, of the parameter numbered
  /// `index`. `value` and `gradient` have the same shape at every step.
  virtual void update(size_t index, uint64_t step, Array &value,
                      const Array &gradient) = 0;

  /// The optimizer "sgd" or "adam".
  static llvm::Expected<std::unique_ptr<Optimizer>>
  create(llvm::StringRef name, const OptimizerOptions &options);
};

} // namespace mlir::fisher

#endif // FISHER_EXECUTION_OPTIMIZER_H
