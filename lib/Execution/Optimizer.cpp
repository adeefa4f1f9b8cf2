//===- Optimizer.cpp - Steps from gradients -------------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Execution/Optimizer.h"

#include <cmath>
#include <vector>

using namespace mlir;
using namespace mlir::fisher;

Optimizer::~Optimizer() = default;

/// State of one number an element, which starts at zero, by parameter.
using Moments = std::vector<std::vector<double>>;

static std::vector<double> &getMoment(Moments &moments, size_t index,
                                      const Array &value) {
  if (moments.size() <= index)
    moments.resize(index + 1);
  moments[index].resize(value.getNumElements());
  return moments[index];
}

namespace {
class SGD : public Optimizer {
public:
  explicit SGD(const OptimizerOptions &options) : options(options) {}

  void update(size_t index, uint64_t step, Array &value,
              const Array &gradient) override {
    std::vector<double> &velocity = getMoment(velocities, index, value);
    for (int64_t i = 0, e = value.getNumElements(); i < e; ++i) {
      velocity[i] = options.momentum * velocity[i] + gradient.get(i);
      value.set(i, value.get(i) - options.learningRate * velocity[i]);
    }
  }

private:
  OptimizerOptions options;
  Moments velocities;
};

class Adam : public Optimizer {
public:
  explicit Adam(const OptimizerOptions &options) : options(options) {}

  void update(size_t index, uint64_t step, Array &value,
              const Array &gradient) override {
    std::vector<double> &mean = getMoment(means, index, value);
    std::vector<double> &square = getMoment(squares, index, value);
    double meanBias = 1 - std::pow(options.beta1, step);
    double squareBias = 1 - std::pow(options.beta2, step);
    for (int64_t i = 0, e = value.getNumElements(); i < e; ++i) {
      double g = gradient.get(i);
      mean[i] += (1 - options.beta1) * (g - mean[i]);
      square[i] += (1 - options.beta2) * (g * g - square[i]);
      double spread = std::sqrt(square[i] / squareBias) + options.epsilon;
      value.set(i, value.get(i) -
                       options.learningRate * mean[i] / meanBias / spread);
    }
  }

private:
  OptimizerOptions options;
  Moments means, squares;
};
} // namespace

llvm::Expected<std::unique_ptr<Optimizer>>
Optimizer::create(StringRef name, const OptimizerOptions &options) {
  if (name == "sgd")
    return std::make_unique<SGD>(options);
  if (name == "adam")
    return std::make_unique<Adam>(options);
  return llvm::createStringError("unknown optimizer '" + name +
                                 "'; there are sgd and adam");
}
