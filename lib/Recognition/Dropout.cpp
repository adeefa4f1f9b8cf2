//===- Dropout.cpp - Finds dropout ----------------------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Matcher.h"

#include "fisher/IR/Marks.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace mlir::fisher;
using namespace mlir::fisher::recognition;

void Matcher::findDropout() {
  // Masks: a comparison of noise and a constant between 0 and 1.
  struct Mask {
    const Node *node;
    const Atom *atom;
    const Atom *noise;
    double keep;
    /// Whether 1 - atom is the factor.
    bool isOpposite;
  };
  SmallVector<Mask> masks;
  llvm::DenseSet<const Atom *> seen;
  for (const Node *node : graph.getValues()) {
    for (const Term &term : graph.getElement(node)->terms)
      for (const Factor &factor : term.factors) {
        const Atom *atom = factor.atom;
        if ((!atom->isApply("lt") && !atom->isApply("le")) ||
            !seen.insert(atom).second)
          continue;
        for (unsigned side : {0, 1}) {
          Expr noise = algebra.getOperand(atom, side);
          std::optional<double> number = atom->operands[1 - side]->getNumber();
          if (!number || noise->terms.size() != 1 ||
              noise->terms.front().coefficient <= 0 ||
              noise->terms.front().factors.size() != 1)
            continue;
          double threshold = *number / noise->terms.front().coefficient;
          if (threshold <= 0 || threshold >= 1)
            continue;
          masks.push_back({node, atom,
                           noise->terms.front().factors.front().atom,
                           side == 0 ? threshold : 1 - threshold, false});
        }
      }
  }
  for (Mask &mask : masks) {
    std::optional<unsigned> argument = graph.getArgument(mask.noise);
    if (!argument &&
        !graph.isRandom(algebra.getTerm({1.0, {{mask.noise, 1.0}}})))
      continue;
    // Noise is used for nothing else.
    if (argument) {
      StringRef distribution =
          StepMarks::getText(marks.arguments[*argument], marks::distribution);
      if (!distribution.empty() && distribution != "uniform")
        continue;
      auto isNoise = [&](const Factor &factor) {
        return factor.atom->kind == Atom::Kind::leaf &&
               factor.atom->leaf == *argument;
      };
      auto readsNoise = [&](Expr expr) {
        return llvm::any_of(expr->terms, [&](const Term &term) {
          return llvm::any_of(term.factors, isNoise);
        });
      };
      bool isUsed = false;
      for (const Node *node : graph.getValues())
        for (const Term &term : graph.getElement(node)->terms) {
          if (term.factors.size() > 1 || term.coefficient != 1)
            isUsed |= llvm::any_of(term.factors, isNoise);
          for (const Factor &factor : term.factors)
            isUsed |= factor.atom->operands != mask.atom->operands &&
                      llvm::any_of(factor.atom->operands, readsNoise);
        }
      if (isUsed)
        continue;
    }
    // What it multiplies, with or without 1 / keep. A mask that keeps where the
    // comparison is false is 1 - atom.
    Expr truth = algebra.getTerm({1.0, {{mask.atom, 1.0}}});
    llvm::DenseSet<Expr> known;
    for (const Node *node : graph.getValues())
      known.insert(graph.getElement(node));
    Value product;
    bool isScaled = false;
    double keep = 0;
    for (bool isOpposite : {false, true}) {
      double share = isOpposite ? 1 - mask.keep : mask.keep;
      Expr factor =
          isOpposite ? algebra.subtract(algebra.getNumber(1), truth) : truth;
      for (const Node *node : graph.getValues()) {
        Expr expr = graph.getElement(node);
        if (expr->terms.empty() || isPlainScalar(expr))
          continue;
        Expr rest = forms.getCofactor(expr, truth);
        if (isOpposite)
          rest = algebra.scale(rest, -1);
        if (rest->terms.empty() || rest->getNumber() ||
            !forms.areEqual(algebra.multiply(factor, rest), expr))
          continue;
        bool isPlain = known.contains(rest);
        Expr divided = algebra.scale(rest, share);
        bool isDivided = llvm::any_of(
            known, [&](Expr other) { return forms.areEqual(divided, other); });
        if (!isPlain && !isDivided)
          continue;
        if (!product)
          product = graph.getOrigin(node);
        keep = share;
        isScaled |= isDivided;
      }
      if (product)
        break;
    }
    if (!product)
      continue;
    Finding finding(FindingKind::dropout);
    if (argument)
      finding.arguments = {*argument};
    double precision = getEpsilon(product.getType());
    finding.coefficients = {
        {"keep", algebra.getNumber(keep), roundToDecimal(keep, precision)}};
    Builder builder(function.getContext());
    finding.facts = {
        builder.getNamedAttr("is_scaled", builder.getBoolAttr(isScaled))};
    finding.values = {graph.getOrigin(mask.node), product};
    recognition.findings.push_back(std::move(finding));
  }
}
