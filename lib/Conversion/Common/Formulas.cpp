//===- Formulas.cpp - What operations compute for one distribution --------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Formulas.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::fisher;

BeliefType mlir::fisher::getBeliefType(Operation *op) {
  return cast<BeliefType>(op->getOperand(0).getType());
}

FloatType mlir::fisher::getComputeType(Operation *op) {
  if (auto result = dyn_cast<BeliefType>(op->getResult(0).getType());
      result && result.getComputeType().isF64())
    return result.getComputeType();
  return getBeliefType(op).getComputeType();
}

//===----------------------------------------------------------------------===//
// Formulas
//===----------------------------------------------------------------------===//

static SmallVector<Value> getValues(Scalar scalar) {
  return {scalar.getValue()};
}

template <typename Element>
static SmallVector<Value> getValues(const SmallVector<Element, 2> &elements) {
  SmallVector<Value> values;
  for (const Element &element : elements)
    values.push_back(element.getValue());
  return values;
}

template <typename Element>
static SmallVector<Value>
getValues(const DistanceAndGradientOf<Element> &result) {
  SmallVector<Value> values{result.distance.getValue()};
  llvm::append_range(values, getValues(result.gradient));
  return values;
}

template <typename Element>
static SmallVector<Value>
getValues(const DivergenceAndGradientsOf<Element> &result) {
  SmallVector<Value> values{result.divergence.getValue()};
  llvm::append_range(values, getValues(result.first));
  llvm::append_range(values, getValues(result.second));
  return values;
}

template <typename Element>
static SmallVector<Value> getValues(const GeodesicGradientOf<Element> &result) {
  SmallVector<Value> values = getValues(result.first);
  llvm::append_range(values, getValues(result.second));
  values.push_back(result.fraction.getValue());
  return values;
}

/// The halves of the elements: the first and the second belief's components,
/// or a belief's and a tangent vector's.
template <typename Element>
static std::pair<ArrayRef<Element>, ArrayRef<Element>>
halves(ArrayRef<Element> elements) {
  size_t half = elements.size() / 2;
  return {elements.take_front(half), elements.drop_front(half)};
}

/// The thirds of the elements: those and a covector's.
template <typename Element>
static std::array<ArrayRef<Element>, 3> thirds(ArrayRef<Element> elements) {
  size_t third = elements.size() / 3;
  return {elements.take_front(third), elements.slice(third, third),
          elements.take_back(third)};
}

// What each operation computes for one distribution, from its operands that
// are beliefs or tensors, and from those that are numbers.

template <typename Family, typename Element>
static SmallVector<Value> evaluate(SquaredDistanceOp, Family family,
                                   ArrayRef<Element> elements,
                                   ArrayRef<Scalar>) {
  auto [a, b] = halves(elements);
  return getValues(family.buildSquaredDistance(a, b));
}

template <typename Family, typename Element>
static SmallVector<Value> evaluate(SquaredDistanceWithGradientOp, Family family,
                                   ArrayRef<Element> elements,
                                   ArrayRef<Scalar>) {
  auto [a, b] = halves(elements);
  return getValues(family.buildSquaredDistanceWithGradient(a, b));
}

template <typename Family, typename Element>
static SmallVector<Value> evaluate(KLDivergenceOp, Family family,
                                   ArrayRef<Element> elements,
                                   ArrayRef<Scalar>) {
  auto [a, b] = halves(elements);
  return getValues(family.buildKLDivergence(a, b));
}

template <typename Family, typename Element>
static SmallVector<Value> evaluate(KLDivergenceWithGradientsOp, Family family,
                                   ArrayRef<Element> elements,
                                   ArrayRef<Scalar>) {
  auto [a, b] = halves(elements);
  return getValues(family.buildKLDivergenceWithGradients(a, b));
}

template <typename Family, typename Element>
static SmallVector<Value> evaluate(ConvertOp op, Family family,
                                   ArrayRef<Element> elements,
                                   ArrayRef<Scalar>) {
  return getValues(family.buildConvert(elements, op.getType().getFamily()));
}

template <typename Family, typename Element>
static SmallVector<Value> evaluate(GeodesicOp, Family family,
                                   ArrayRef<Element> elements,
                                   ArrayRef<Scalar> numbers) {
  auto [a, b] = halves(elements);
  return getValues(family.buildGeodesic(a, b, numbers[0]));
}

template <typename Family, typename Element>
static SmallVector<Value> evaluate(GeodesicPullbackOp, Family family,
                                   ArrayRef<Element> elements,
                                   ArrayRef<Scalar> numbers) {
  auto [a, b, covector] = thirds(elements);
  return getValues(family.buildGeodesicPullback(a, b, numbers[0], covector));
}

template <typename Family, typename Element>
static SmallVector<Value> evaluate(ProximalStepOp, Family family,
                                   ArrayRef<Element> elements,
                                   ArrayRef<Scalar> numbers) {
  auto [belief, reference] = halves(elements);
  Scalar s = numbers[0];
  // s/(1+s), with its limit 1 where s is infinite.
  Scalar t = select(s >= 0.0, 1.0 / (1.0 + 1.0 / s), s.nan());
  return getValues(family.buildGeodesic(belief, reference, t));
}

template <typename Family, typename Element>
static SmallVector<Value>
evaluate(LogOp, Family family, ArrayRef<Element> elements, ArrayRef<Scalar>) {
  auto [a, b] = halves(elements);
  return getValues(family.buildLog(a, b));
}

template <typename Family, typename Element>
static SmallVector<Value>
evaluate(ExpOp, Family family, ArrayRef<Element> elements, ArrayRef<Scalar>) {
  auto [a, tangent] = halves(elements);
  return getValues(family.buildExp(a, tangent));
}

template <typename Family, typename Element>
static SmallVector<Value> evaluate(MetricOp, Family family,
                                   ArrayRef<Element> elements,
                                   ArrayRef<Scalar>) {
  auto [at, tangent] = halves(elements);
  return getValues(family.buildMetric(at, tangent));
}

template <typename Family, typename Element>
static SmallVector<Value> evaluate(NaturalGradientOp, Family family,
                                   ArrayRef<Element> elements,
                                   ArrayRef<Scalar>) {
  auto [at, gradient] = halves(elements);
  return getValues(family.buildNaturalGradient(at, gradient));
}

template <typename Family, typename Element>
static SmallVector<Value> evaluate(NaturalGradientPullbackOp, Family family,
                                   ArrayRef<Element> elements,
                                   ArrayRef<Scalar>) {
  auto [at, gradient, covector] = thirds(elements);
  SmallVector<Value> values =
      getValues(family.buildNaturalGradientPullback(at, gradient, covector));
  // The inverse metric is its own transpose.
  llvm::append_range(values,
                     getValues(family.buildNaturalGradient(at, covector)));
  return values;
}

template <typename Family, typename Element>
static SmallVector<Value> evaluate(PenaltyOp, Family family,
                                   ArrayRef<Element> elements,
                                   ArrayRef<Scalar>) {
  auto [belief, reference] = halves(elements);
  return getValues(family.buildSquaredDistance(belief, reference));
}

template <typename Family, typename Element>
static SmallVector<Value> evaluate(PenaltyWithGradientOp, Family family,
                                   ArrayRef<Element> elements,
                                   ArrayRef<Scalar> numbers) {
  auto [belief, reference] = halves(elements);
  auto result = family.buildSquaredDistanceWithGradient(belief, reference);
  for (Element &component : result.gradient)
    component = numbers[0] * component;
  return getValues(result);
}

//===----------------------------------------------------------------------===//
// Which operation it is
//===----------------------------------------------------------------------===//

template <typename Family, typename Element>
static SmallVector<Value> evaluateAny(FormulaBuilder &b, Operation *op,
                                      ArrayRef<Element> elements,
                                      ValueRange numbers) {
  auto family = cast<Family>(getBeliefType(op).getFamily());
  SmallVector<Scalar> scalars;
  for (Value number : numbers)
    scalars.emplace_back(b, number);
  return llvm::TypeSwitch<Operation *, SmallVector<Value>>(op)
      .template Case<SquaredDistanceOp, SquaredDistanceWithGradientOp,
                     KLDivergenceOp, KLDivergenceWithGradientsOp, ConvertOp,
                     GeodesicOp, GeodesicPullbackOp, ProximalStepOp, LogOp,
                     ExpOp, MetricOp, NaturalGradientOp,
                     NaturalGradientPullbackOp, PenaltyOp,
                     PenaltyWithGradientOp>([&](auto known) {
        return evaluate(known, family, elements, ArrayRef<Scalar>(scalars));
      });
}

SmallVector<Value> mlir::fisher::buildFormula(FormulaBuilder &b, Operation *op,
                                              ArrayRef<Scalar> elements,
                                              ValueRange numbers) {
  return evaluateAny<PointwiseFamilyInterface>(b, op, elements, numbers);
}

SmallVector<Value> mlir::fisher::buildFormula(FormulaBuilder &b, Operation *op,
                                              ArrayRef<EventArray> arrays,
                                              ValueRange numbers) {
  return evaluateAny<EventFamilyInterface>(b, op, arrays, numbers);
}

//===----------------------------------------------------------------------===//
// Operands and results
//===----------------------------------------------------------------------===//

FormulaOperands::FormulaOperands(ArrayRef<ValueRange> operands) {
  for (ValueRange operand : operands)
    for (Value value : operand)
      (isa<RankedTensorType>(value.getType()) ? inputs : numbers)
          .push_back(value);
}

SmallVector<ValueRange> mlir::fisher::groupByResults(Operation *op,
                                                     ValueRange values) {
  SmallVector<ValueRange> groups;
  for (Type type : op->getResultTypes()) {
    auto belief = dyn_cast<BeliefType>(type);
    size_t count = belief ? belief.getNumComponents() : 1;
    groups.push_back(values.take_front(count));
    values = values.drop_front(count);
  }
  return groups;
}
