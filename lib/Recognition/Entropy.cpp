//===- Entropy.cpp - Finds entropy bonuses --------------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Matcher.h"

#include "mlir/IR/BuiltinTypes.h"

#include <cmath>

using namespace mlir;
using namespace mlir::fisher;
using namespace mlir::fisher::recognition;

/// β Σ p log p with p = exp(x) / Σ exp(x).
void Matcher::findEntropy() {
  for (unsigned result = 0; result != graph.getResults().size(); ++result) {
    auto type = dyn_cast<RankedTensorType>(function.getResultTypes()[result]);
    if (!type || type.getRank() != 0 || !isa<FloatType>(type.getElementType()))
      continue;
    Expr loss = graph.getExpr(graph.getResults()[result]);
    for (const Term &term : loss->terms)
      for (const Factor &factor : term.factors) {
        // Σ_r (Σ_j e x) / (Σ_j e), where e = exp(x) in the indices of its body.
        const Atom *outer = factor.atom;
        if (!outer->isSum())
          continue;
        const Term &body = outer->operands.front()->terms.front();
        for (const Factor &inverse : body.factors) {
          const Atom *own = inverse.atom;
          if (inverse.power != -1 || !own->isSum() || own->extents.size() != 1)
            continue;
          ArrayRef<Factor> summed =
              own->operands.front()->terms.front().factors;
          if (summed.size() != 1 || !summed.front().atom->isApply("exp"))
            continue;
          constexpr Index chosen = Index(1) << 20;
          Expr exponential =
              algebra.substitute(own->operands.front(), [&](Index index) {
                return index < firstBound ? own->places[index] : chosen;
              });
          Expr total = algebra.getTerm({1.0, {{own, 1.0}}});
          Expr exponent = algebra.apply("log", exponential);
          Expr p = algebra.multiply(exponential, algebra.power(total, -1));
          Expr plogp = algebra.multiply(
              p, algebra.subtract(exponent, algebra.apply("log", total)));
          SmallVector<Index> bounds;
          for (size_t i = 0; i != outer->extents.size(); ++i)
            bounds.push_back(firstBound + i);
          Expr inner = algebra.reduce("add", plogp, {chosen}, own->extents);
          Expr entropy = algebra.reduce("add", inner, bounds, outer->extents);
          Expr weight = nullptr;
          bool isThere = llvm::all_of(entropy->terms, [&](const Term &part) {
            Term plain = part;
            plain.coefficient = 1;
            Expr found = algebra.scale(
                forms.getCoefficient(loss, algebra.getTerm(plain)),
                1 / part.coefficient);
            if (!weight)
              weight = found;
            return forms.areEqual(found, weight) && !found->terms.empty();
          });
          if (!isThere || !weight || !mayBePositive(weight))
            continue;
          bool isKnown =
              llvm::any_of(recognition.findings, [&](const Finding &finding) {
                return finding.kind == FindingKind::entropy_bonus;
              });
          if (isKnown)
            continue;
          Finding finding(FindingKind::entropy_bonus);
          finding.coefficients = {
              {"weight", weight,
               weight->getNumber()
                   ? std::optional<double>(roundToDecimal(
                         *weight->getNumber(),
                         std::abs(*weight->getNumber()) * getEpsilon(type)))
                   : std::nullopt}};
          Term plain = entropy->terms.back();
          plain.coefficient = 1;
          if (Value value = findValueWith(algebra.getTerm(plain)))
            finding.values = {value};
          recognition.findings.push_back(std::move(finding));
        }
      }
  }
}
