//===- Optimizer.cpp - Steps from gradients -------------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Execution/Optimizer.h"

#include <cmath>

using namespace mlir;
using namespace mlir::fisher;

Optimizer::~Optimizer() = default;

Array &Optimizer::getMoment(size_t index, size_t moment,
                            ArrayRef<int64_t> shape) {
  auto [it, isNew] = moments.try_emplace({index, moment});
  if (isNew)
    it->second = Array(ElementKind::Float64, shape);
  return it->second;
}

namespace {
class SGD : public Optimizer {
public:
  explicit SGD(const OptimizerOptions &options) : options(options) {}

  ArrayRef<StringRef> getMomentNames() const override {
    static constexpr StringRef names[] = {"velocity"};
    return names;
  }

  void update(size_t index, uint64_t step, Array &value,
              const Array &gradient) override {
    auto *velocity = getMoment(index, 0, value.getShape()).getDataAs<double>();
    for (int64_t i = 0, e = value.getNumElements(); i < e; ++i) {
      velocity[i] = options.momentum * velocity[i] + gradient.get(i);
      value.set(i, value.get(i) - options.learningRate * velocity[i]);
    }
  }

private:
  OptimizerOptions options;
};

class Adam : public Optimizer {
public:
  explicit Adam(const OptimizerOptions &options) : options(options) {}

  ArrayRef<StringRef> getMomentNames() const override {
    static constexpr StringRef names[] = {"mean", "square"};
    return names;
  }

  void update(size_t index, uint64_t step, Array &value,
              const Array &gradient) override {
    auto *mean = getMoment(index, 0, value.getShape()).getDataAs<double>();
    auto *square = getMoment(index, 1, value.getShape()).getDataAs<double>();
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
