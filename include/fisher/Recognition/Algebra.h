//===- Algebra.h - Expressions in normal form -----------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the elements of a tensor are, as sums of products. However a program
// spells an expression, and whatever fusion or reassociation makes of it, its
// normal form is the same object, so that expressions are compared by address.
// Elements are real numbers here: rounding, overflow and NaN are not seen.
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_RECOGNITION_ALGEBRA_H
#define FISHER_RECOGNITION_ALGEBRA_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"

#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace mlir::fisher::recognition {

struct Atom;
struct Expression;
/// An expression in normal form. Each exists once in its algebra.
using Expr = const Expression *;

/// A dimension of the tensor whose elements an expression gives, from 0; one
/// that a reduction runs over, from `firstBound`; or `none` where a tensor of
/// one element in that dimension is read.
using Index = int64_t;
inline constexpr Index none = -1;
inline constexpr Index firstBound = Index(1) << 16;

/// A power of an atom.
struct Factor {
  const Atom *atom;
  double power;

  bool operator==(const Factor &other) const {
    return atom == other.atom && power == other.power;
  }
};

/// A number times powers of different atoms, which are in order.
struct Term {
  double coefficient;
  std::vector<Factor> factors;
};

/// A sum of terms with different factors, which are in order.
struct Expression {
  std::vector<Term> terms;
  /// The indices that it depends on, in order.
  std::vector<Index> indices;
  unsigned id;

  bool isScalar() const { return indices.empty(); }
  /// The number that it is, if it is one.
  std::optional<double> getNumber() const;
};

/// What is no sum and no product.
struct Atom {
  enum class Kind {
    leaf,   ///< an element of a tensor
    apply,  ///< a function of expressions
    group,  ///< a sum that is an operand of a product, or raised to a power
    reduce, ///< a reduction of an expression over some of its indices
  };
  explicit Atom(Kind kind) : kind(kind) {}

  Kind kind;
  /// What is read, for a leaf.
  unsigned leaf = 0;
  /// Where a leaf is read. The operands of other atoms have indices of their
  /// own, from 0, which stand for these; so the same atom at another place has
  /// the same operands. What a reduction runs over has indices from
  /// `firstBound`.
  std::vector<Index> places;
  /// What a reduction runs over: a size for each bound index, negative if it is
  /// not known.
  std::vector<int64_t> extents;
  /// Of a function or a reduction (`add` or `max`, for example).
  llvm::StringRef name;
  std::vector<Expr> operands;

  std::vector<Index> indices;
  /// The same for atoms that differ in indices only.
  size_t skeleton = 0;
  unsigned id = 0;

  bool isApply(llvm::StringRef function) const {
    return kind == Kind::apply && name == function;
  }
  bool isSum() const { return kind == Kind::reduce && name == "add"; }
};

class Algebra {
public:
  Expr getNumber(double number);
  /// The element of `leaf` at `places`; one index for each of its dimensions.
  Expr getLeaf(unsigned leaf, llvm::ArrayRef<Index> places);
  Expr getTerm(const Term &term);

  Expr add(Expr a, Expr b);
  Expr subtract(Expr a, Expr b) { return add(a, scale(b, -1)); }
  Expr scale(Expr a, double number);
  Expr multiply(Expr a, Expr b);
  Expr power(Expr a, double exponent);
  /// With the sums that are factors multiplied out.
  Expr expand(Expr a);
  /// A function by its name. `exp`, `log`, `max`, `min`, `abs`, `lt`, `le`,
  /// `eq`, `select` and `pow` have rules; others are what they are.
  Expr apply(llvm::StringRef function, llvm::ArrayRef<Expr> operands);
  /// `bounds` and `extents`: what the reduction runs over.
  Expr reduce(llvm::StringRef function, Expr body, llvm::ArrayRef<Index> bounds,
              llvm::ArrayRef<int64_t> extents);

  using IndexMap = llvm::function_ref<Index(Index)>;

  /// The same as one atom, with nothing taken out of it.
  Expr reduceWhole(llvm::StringRef function, Expr body,
                   llvm::ArrayRef<Index> bounds,
                   llvm::ArrayRef<int64_t> extents) {
    return get(makeAtom(Atom::Kind::reduce, function, body, bounds, extents));
  }

  /// The expression with other indices.
  Expr substitute(Expr a, IndexMap map);
  /// An operand of an atom, with the indices that the atom has.
  Expr getOperand(const Atom *atom, unsigned number = 0);

private:
  using Key = std::vector<uint64_t>;

  Expr intern(std::vector<Term> terms);
  const Atom *intern(Atom atom);
  /// An atom with these operands, in which `bounds` are what it runs over.
  const Atom *makeAtom(Atom::Kind kind, llvm::StringRef name,
                       llvm::ArrayRef<Expr> operands,
                       llvm::ArrayRef<Index> bounds = {},
                       llvm::ArrayRef<int64_t> extents = {});
  /// The expression that an atom is.
  Expr get(const Atom *atom) { return getTerm({1.0, {{atom, 1.0}}}); }
  /// A function without regard to its rules.
  Expr makeApply(llvm::StringRef function, llvm::ArrayRef<Expr> operands);

  /// Puts powers of atoms in order and one of each.
  Term normalize(Term term);
  Expr multiplyTerms(const Term &a, const Term &b);
  Expr powerOfTerm(const Term &term, double exponent);
  Expr group(Expr a, double exponent);
  Expr exp(Expr a);
  Expr log(Expr a);
  Expr extremum(llvm::StringRef function, llvm::ArrayRef<Expr> operands);
  Expr compare(llvm::StringRef function, Expr a, Expr b);
  Expr select(Expr condition, Expr a, Expr b);
  /// Makes one softplus of max(x, 0) + log(1 + exp(-|x|)).
  std::vector<Term> findSoftplus(std::vector<Term> terms);
  Expr sum(Expr body, llvm::ArrayRef<Index> bounds,
           llvm::ArrayRef<int64_t> extents);
  Expr sumOfTerm(const Term &term, llvm::ArrayRef<Index> bounds,
                 llvm::ArrayRef<int64_t> extents);

  std::map<Key, std::unique_ptr<Expression>> expressions;
  std::map<Key, std::unique_ptr<Atom>> atoms;
  llvm::StringMap<unsigned> names;
};

/// Whether an atom is zero or one, as what a comparison gives.
bool isTruth(const Atom *atom);

} // namespace mlir::fisher::recognition

#endif // FISHER_RECOGNITION_ALGEBRA_H
