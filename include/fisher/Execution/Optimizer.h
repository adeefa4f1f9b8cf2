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

#include "mlir/Support/LLVM.h"
#include "llvm/Support/Error.h"

#include <map>
#include <utility>

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

  /// What it remembers of each parameter, such as "mean".
  virtual ArrayRef<StringRef> getMomentNames() const = 0;

  /// What it remembers of the parameter numbered `index`, by the position of
  /// its name: a number of f64 for each element, zero at first.
  Array &getMoment(size_t index, size_t moment, ArrayRef<int64_t> shape);

  /// Makes step number `step`, counted from 1, of the parameter numbered
  /// `index`. `value` and `gradient` have the same shape at every step.
  virtual void update(size_t index, uint64_t step, Array &value,
                      const Array &gradient) = 0;

  /// The optimizer "sgd" or "adam".
  static llvm::Expected<std::unique_ptr<Optimizer>>
  create(llvm::StringRef name, const OptimizerOptions &options);

private:
  /// By parameter and moment.
  std::map<std::pair<size_t, size_t>, Array> moments;
};

} // namespace mlir::fisher

#endif // FISHER_EXECUTION_OPTIMIZER_H
