//===- ModuleGenerator.cpp - Modules made by a grammar --------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Generator.h"

using namespace mlir::fisher::fuzz;

const std::vector<Family> &mlir::fisher::fuzz::getFamilies() {
  static const std::vector<StringRef> scales = {"sigma",        "log_sigma",
                                                "softplus",     "variance",
                                                "log_variance", "precision"};
  static const std::vector<Family> families = {
      {"gaussian",
       scales,
       2,
       0,
       {"[0.0, 1.0]", "[-1.5, 0.25]", "[1.0e+300, 1.0e-300]", "[0.0, 0.0]",
        "[0.0, -1.0]", "[1.0]"},
       3,
       {"mu", "rho"}},
      {"gaussian_mean",
       scales,
       2,
       0,
       {"[0.0, 1.0]", "[-1.5, 0.25]", "[0.0, 1.0e-30]", "[0.0, 0.0]", "[0.0]"},
       3,
       {"mu", "rho"}},
      {"von_mises",
       {"kappa", "log_kappa", "softplus"},
       2,
       0,
       {"[0.0, 1.0]", "[4.0, 0.5]", "[-1.0e+9, 1.0e+3]", "[0.0, 0.0]",
        "[0.0, -1.0]"},
       3,
       {"angle", "kappa"}},
      {"bernoulli",
       {"logit", "probability"},
       1,
       0,
       {"[0.5]", "[0.125]", "[1.0e-30]", "[0.0]", "[1.0]", "[1.5]", "[]"},
       3,
       {"p"}},
      {"poisson",
       {"log_rate", "rate"},
       1,
       0,
       {"[1.0]", "[3.5]", "[1.0e-20]", "[0.0]", "[-1.0]"},
       3,
       {"rate"}},
      {"exponential",
       {"log_rate", "rate"},
       1,
       0,
       {"[1.0]", "[3.5]", "[1.0e+20]", "[0.0]", "[-1.0]"},
       3,
       {"rate"}},
      {"categorical",
       {"logits", "probabilities"},
       1,
       1,
       {"[1.0]", "[1.0e-3]", "[0.0]", "[0.5, 0.5]", "[0.2, 0.3, 0.5]",
        "[-1.0]"},
       2,
       {"logits"}},
      {"centered_gaussian",
       {"covariance", "cholesky"},
       1,
       2,
       {"[1.0]", "[0.25]", "[0.0]", "[1.0, 0.0, 0.0, 1.0]",
        "[1.0, 2.0, 3.0, 4.0]", "[-1.0]"},
       2,
       {"cov"}},
  };
  return families;
}

std::string Generator::makeModule() {
  if (wishes.isPlain)
    return makeFunction("main");
  std::string text;
  if (source.once(3)) {
    unsigned count = source.pick(3);
    for (unsigned i = 0; i < count; ++i) {
      Belief belief = pickBelief();
      std::string name = "f" + std::to_string(i), type = belief.type();
      if (source.once(3))
        text +=
            "func.func private @" + name + "(" + type + ") -> " + type + "\n";
      else
        text += "func.func private @" + name + "(%a: " + type + ") -> " + type +
                " {\n  return %a : " + type + "\n}\n";
      callees.emplace_back(name, type);
    }
  }
  bool isStep = source.once(2);
  text +=
      isStep
          ? makeStep("main")
          : makeFunction(source.pickOf({"main", "f9", "\"odd name\"", "main"}));
  if (source.once(8))
    text += makeFunction("other");
  if (isStep || source.once(8))
    text += makePolicy();
  if (isWrong())
    text += makePolicy();
  if (isWrong())
    text = "module @m attributes {fisher.regularized = []} {\n" + text + "}\n";
  return text;
}

std::string mlir::fisher::fuzz::generateModule(ByteSource &source,
                                               ModuleWishes wishes) {
  return Generator(source, wishes).makeModule();
}

std::string mlir::fisher::fuzz::generatePolicy(ByteSource &source) {
  return Generator(source, {}).makePolicy();
}
