//===- Algebra.cpp - Expressions in normal form ---------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Terms.h"

#include "llvm/ADT/Hashing.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/bit.h"

#include <cmath>

using namespace mlir::fisher::recognition;

/// A number with fewer bits: what is equal must not differ because it was
/// computed in another order.
static double roundToBits(double number, int bits) {
  if (number == 0 || !std::isfinite(number))
    return number;
  int exponent;
  double fraction = std::frexp(number, &exponent);
  return std::ldexp(std::nearbyint(std::ldexp(fraction, bits)),
                    exponent - bits);
}

/// Coefficients have 40 bits, and in groups, which are compared as a whole and
/// not term by term, 26.
static double roundCoefficient(double number) {
  return roundToBits(number, 40);
}

static bool isInteger(double number) {
  return number == std::nearbyint(number);
}

static bool isEven(double number) { return isInteger(number / 2); }

bool mlir::fisher::recognition::isTruth(const Atom *atom) {
  return atom->isApply("lt") || atom->isApply("le") || atom->isApply("eq");
}

bool mlir::fisher::recognition::isPositive(const Atom *atom) {
  return atom->isApply("exp") || atom->isApply("softplus") ||
         atom->isApply("abs");
}

static void mergeIndices(std::vector<Index> &into,
                         llvm::ArrayRef<Index> indices) {
  into.insert(into.end(), indices.begin(), indices.end());
  llvm::sort(into);
  into.erase(llvm::unique(into), into.end());
}

std::optional<double> Expression::getNumber() const {
  if (terms.empty())
    return 0.0;
  if (terms.size() == 1 && terms.front().factors.empty())
    return terms.front().coefficient;
  return std::nullopt;
}

/// What is the same for terms that differ in indices only.
static size_t getTermSkeleton(const Term &term) {
  size_t factors = 0;
  for (const Factor &factor : term.factors)
    factors += size_t(llvm::hash_combine(
        factor.atom->skeleton, llvm::bit_cast<uint64_t>(factor.power)));
  return llvm::hash_combine(llvm::bit_cast<uint64_t>(term.coefficient),
                            factors);
}

size_t mlir::fisher::recognition::getSkeleton(Expr a) {
  size_t terms = 0;
  for (const Term &term : a->terms)
    terms += getTermSkeleton(term);
  return terms;
}

const Term *mlir::fisher::recognition::getLeading(Expr a) {
  auto getOrder = [](const Term &term) {
    size_t skeleton = getTermSkeleton({1.0, term.factors});
    return std::pair(roundToBits(std::abs(term.coefficient), 26), skeleton);
  };
  return &*llvm::max_element(a->terms, [&](const Term &x, const Term &y) {
    return getOrder(x) < getOrder(y);
  });
}

//===----------------------------------------------------------------------===//
// Each exists once
//===----------------------------------------------------------------------===//

static bool precedes(const Term &a, const Term &b) {
  return std::lexicographical_compare(
      a.factors.begin(), a.factors.end(), b.factors.begin(), b.factors.end(),
      [](const Factor &x, const Factor &y) {
        return std::pair(x.atom->id, x.power) < std::pair(y.atom->id, y.power);
      });
}

Expr Algebra::intern(std::vector<Term> terms) {
  llvm::sort(terms, precedes);
  // Like terms become one.
  std::vector<Term> merged;
  for (Term &term : terms) {
    if (!merged.empty() && merged.back().factors == term.factors)
      merged.back().coefficient += term.coefficient;
    else
      merged.push_back(std::move(term));
  }
  // What cancels up to the rounding of coefficients is gone.
  llvm::erase_if(merged, [&](Term &term) {
    term.coefficient = roundCoefficient(term.coefficient);
    return term.coefficient == 0;
  });
  Key key;
  for (const Term &term : merged) {
    key.push_back(llvm::bit_cast<uint64_t>(term.coefficient));
    key.push_back(term.factors.size());
    for (const Factor &factor : term.factors) {
      key.push_back(factor.atom->id);
      key.push_back(llvm::bit_cast<uint64_t>(factor.power));
    }
  }
  std::unique_ptr<Expression> &entry = expressions[key];
  if (entry)
    return entry.get();
  entry = std::make_unique<Expression>();
  for (const Term &term : merged)
    for (const Factor &factor : term.factors)
      mergeIndices(entry->indices, factor.atom->indices);
  entry->terms = std::move(merged);
  entry->id = expressions.size();
  return entry.get();
}

const Atom *Algebra::intern(Atom atom) {
  auto name = names.try_emplace(atom.name, names.size()).first;
  atom.name = name->getKey();
  Key key{uint64_t(atom.kind), atom.leaf, name->getValue(),
          atom.operands.size()};
  for (Expr operand : atom.operands)
    key.push_back(operand->id);
  for (Index place : atom.places)
    key.push_back(place);
  for (int64_t extent : atom.extents)
    key.push_back(extent);
  std::unique_ptr<Atom> &entry = atoms[key];
  if (entry)
    return entry.get();
  size_t skeleton =
      llvm::hash_combine(unsigned(atom.kind), atom.leaf, name->getValue());
  for (Index place : atom.places)
    if (place != none)
      mergeIndices(atom.indices, place);
  for (Expr operand : atom.operands)
    skeleton = llvm::hash_combine(skeleton, getSkeleton(operand));
  atom.skeleton = skeleton;
  atom.id = atoms.size();
  entry = std::make_unique<Atom>(std::move(atom));
  return entry.get();
}

Expr Algebra::getNumber(double number) {
  return intern(std::vector<Term>{{number, {}}});
}

Expr Algebra::getLeaf(unsigned leaf, llvm::ArrayRef<Index> places) {
  Atom atom(Atom::Kind::leaf);
  atom.leaf = leaf;
  atom.places = places.vec();
  return get(intern(std::move(atom)));
}

/// The indices of an expression, each where it is first met. Atoms come in an
/// order that does not depend on their indices.
static void collectIndices(Expr a, std::vector<Index> &order) {
  for (const Term &term : a->terms) {
    std::vector<Factor> factors = term.factors;
    llvm::sort(factors, [](const Factor &x, const Factor &y) {
      return std::pair(x.atom->skeleton, x.atom->id) <
             std::pair(y.atom->skeleton, y.atom->id);
    });
    for (const Factor &factor : factors)
      for (Index index : factor.atom->places)
        if (index != none && !llvm::is_contained(order, index))
          order.push_back(index);
  }
}

const Atom *Algebra::makeAtom(Atom::Kind kind, llvm::StringRef name,
                              llvm::ArrayRef<Expr> operands,
                              llvm::ArrayRef<Index> bounds,
                              llvm::ArrayRef<int64_t> extents) {
  // The operands' indices are numbered as they are met.
  std::vector<Index> order;
  for (Expr operand : operands)
    collectIndices(operand, order);
  Atom atom(kind);
  atom.name = name;
  llvm::DenseMap<Index, Index> names;
  for (Index index : order) {
    const auto *found = llvm::find(bounds, index);
    if (found == bounds.end()) {
      names[index] = atom.places.size();
      atom.places.push_back(index);
    } else {
      names[index] = firstBound + atom.extents.size();
      atom.extents.push_back(extents[found - bounds.begin()]);
    }
  }
  for (Expr operand : operands)
    atom.operands.push_back(
        substitute(operand, [&](Index index) { return names.at(index); }));
  return intern(std::move(atom));
}

Expr Algebra::makeApply(llvm::StringRef function,
                        llvm::ArrayRef<Expr> operands) {
  return get(makeAtom(Atom::Kind::apply, function, operands));
}

Expr Algebra::getOperand(const Atom *atom, unsigned number) {
  return substitute(atom->operands[number], [&](Index index) {
    return index < firstBound ? atom->places[index] : index;
  });
}

Expr Algebra::getTerm(const Term &term) {
  return intern(std::vector<Term>{term});
}

//===----------------------------------------------------------------------===//
// Sums and products
//===----------------------------------------------------------------------===//

Expr Algebra::add(Expr a, Expr b) {
  std::vector<Term> terms = a->terms;
  terms.insert(terms.end(), b->terms.begin(), b->terms.end());
  return intern(findSoftplus(std::move(terms)));
}

std::vector<Term> Algebra::findSoftplus(std::vector<Term> terms) {
  auto getOnlyAtom = [](const Term &term) -> const Atom * {
    return term.factors.size() == 1 && term.factors.front().power == 1
               ? term.factors.front().atom
               : nullptr;
  };
  for (Term &tail : terms) {
    const Atom *softplus = getOnlyAtom(tail);
    if (!softplus || !softplus->isApply("softplus"))
      continue;
    for (Term &head : terms) {
      const Atom *max = getOnlyAtom(head);
      if (!max || !max->isApply("max") || max->operands.size() != 2 ||
          head.coefficient != tail.coefficient)
        continue;
      for (unsigned side : {0, 1}) {
        Expr x = getOperand(max, side);
        if (getOperand(max, 1 - side)->getNumber() != 0.0 ||
            getOperand(softplus) != scale(apply("abs", x), -1))
          continue;
        head.factors = apply("softplus", x)->terms.front().factors;
        tail.coefficient = 0;
        return findSoftplus(std::move(terms));
      }
    }
  }
  return terms;
}

Expr Algebra::scale(Expr a, double number) {
  std::vector<Term> terms = a->terms;
  for (Term &term : terms)
    term.coefficient *= number;
  return intern(std::move(terms));
}

Term Algebra::normalize(Term term) {
  // All exponentials become one.
  auto isExponential = [](const Factor &factor) {
    return factor.atom->isApply("exp");
  };
  bool isOne = llvm::count_if(term.factors, isExponential) == 1 &&
               llvm::find_if(term.factors, isExponential)->power == 1;
  Expr exponent = getNumber(0);
  std::map<unsigned, Factor> factors;
  for (const Factor &factor : term.factors) {
    if (isExponential(factor) && !isOne) {
      exponent = add(exponent, scale(getOperand(factor.atom), factor.power));
      continue;
    }
    auto [entry, isNew] = factors.try_emplace(factor.atom->id, factor);
    if (!isNew)
      entry->second.power += factor.power;
  }
  term.factors.clear();
  if (!exponent->terms.empty()) {
    const Atom *atom =
        makeApply("exp", exponent)->terms.front().factors.front().atom;
    factors.try_emplace(atom->id, Factor{atom, 1.0});
  }
  for (auto &[id, factor] : factors) {
    if (isTruth(factor.atom) && factor.power > 0)
      factor.power = 1;
    // A group to the power one is left where a product was too long.
    if (factor.power != 0)
      term.factors.push_back(factor);
  }
  return term;
}

Expr Algebra::multiplyTerms(const Term &a, const Term &b) {
  Term product{a.coefficient * b.coefficient, a.factors};
  llvm::append_range(product.factors, b.factors);
  product = normalize(std::move(product));
  // |x|² is x².
  Expr extra = nullptr;
  for (Factor &factor : product.factors)
    if (factor.atom->isApply("abs") && isEven(factor.power)) {
      Expr square = power(getOperand(factor.atom), factor.power);
      extra = extra ? multiply(extra, square) : square;
      factor.power = 0;
    }
  llvm::erase_if(product.factors,
                 [](const Factor &factor) { return factor.power == 0; });
  Expr result = getTerm(product);
  return extra ? multiply(result, extra) : result;
}

Expr Algebra::multiply(Expr a, Expr b) {
  if (std::optional<double> number = a->getNumber())
    return scale(b, *number);
  if (std::optional<double> number = b->getNumber())
    return scale(a, *number);
  if (a->terms.size() > 1 && b->terms.size() > 1 &&
      a->terms.size() * b->terms.size() > maxProducts)
    return multiply(group(a, 1), group(b, 1));
  std::vector<Term> terms;
  for (const Term &x : a->terms)
    for (const Term &y : b->terms)
      llvm::append_range(terms, multiplyTerms(x, y)->terms);
  return intern(findSoftplus(std::move(terms)));
}

Expr Algebra::powerOfTerm(const Term &term, double exponent) {
  if (term.coefficient < 0 && !isInteger(exponent))
    return makeApply("pow", {getTerm(term), getNumber(exponent)});
  Expr result = getNumber(std::pow(term.coefficient, exponent));
  for (const Factor &factor : term.factors) {
    double power = factor.power * exponent;
    Expr base = get(factor.atom);
    if (factor.atom->isApply("abs") && isEven(power)) {
      result = multiply(result, this->power(getOperand(factor.atom), power));
      continue;
    }
    // The root of x² is |x|.
    if (isEven(factor.power) && !isEven(power) && !isPositive(factor.atom))
      base = apply("abs", base);
    const Term &only = base->terms.front();
    std::vector<Factor> factors = only.factors;
    for (Factor &f : factors)
      f.power *= power;
    result = multiply(
        result,
        getTerm(normalize({std::pow(only.coefficient, power), factors})));
  }
  return result;
}

/// A sum to some power as one atom. Numbers and scalars that all terms share
/// are taken out; the coefficient that is left of the largest is one.
Expr Algebra::group(Expr a, double exponent) {
  if (a->terms.size() == 1)
    return powerOfTerm(a->terms.front(), exponent);
  const Term *leading = getLeading(a);
  Term common{std::abs(leading->coefficient), {}};
  for (const Factor &factor : a->terms.front().factors) {
    if (!factor.atom->indices.empty())
      continue;
    bool isShared = llvm::all_of(a->terms, [&](const Term &term) {
      return llvm::is_contained(term.factors, factor);
    });
    if (isShared)
      common.factors.push_back(factor);
  }
  if (isInteger(exponent) && leading->coefficient < 0)
    common.coefficient = -common.coefficient;
  std::vector<Term> terms = multiply(a, powerOfTerm(common, -1))->terms;
  for (Term &term : terms)
    term.coefficient = roundToBits(term.coefficient, 26);
  Expr rest = intern(std::move(terms));
  // A group that stands for itself is what it is a group of.
  const Atom *atom = makeAtom(Atom::Kind::group, "", rest);
  Expr result = getTerm({1.0, {{atom, exponent}}});
  return multiply(result, powerOfTerm(common, exponent));
}

Expr Algebra::expand(Expr a) {
  Expr result = getNumber(0);
  for (const Term &term : a->terms) {
    Expr product = getNumber(term.coefficient);
    for (const Factor &factor : term.factors)
      product = multiply(product, factor.atom->kind == Atom::Kind::group &&
                                          factor.power == 1
                                      ? getOperand(factor.atom)
                                      : getTerm({1.0, {factor}}));
    result = add(result, product);
  }
  return result;
}

Expr Algebra::power(Expr a, double exponent) {
  if (exponent == 0)
    return getNumber(1);
  if (exponent == 1 || a->terms.empty())
    return a;
  if (a->terms.size() == 1) {
    const Term &term = a->terms.front();
    return powerOfTerm(term, exponent);
  }
  if (exponent == 2 && a->terms.size() * a->terms.size() <= maxProducts)
    return multiply(a, a);
  return group(a, exponent);
}

//===----------------------------------------------------------------------===//
// Other indices
//===----------------------------------------------------------------------===//

Expr Algebra::substitute(Expr a, IndexMap map) {
  if (llvm::all_of(a->indices,
                   [&](Index index) { return map(index) == index; }))
    return a;
  std::vector<Term> terms;
  for (const Term &term : a->terms) {
    Term product{term.coefficient, {}};
    for (const Factor &factor : term.factors) {
      Atom atom = *factor.atom;
      atom.indices.clear();
      for (Index &place : atom.places)
        place = place == none ? none : map(place);
      product.factors.push_back({intern(std::move(atom)), factor.power});
    }
    terms.push_back(normalize(std::move(product)));
  }
  return intern(std::move(terms));
}
