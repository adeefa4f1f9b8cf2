//===- Matrix.cpp - Small square matrices ---------------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Math/Matrix.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::fisher;

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

static Value index(const Matrix &matrix, int64_t number) {
  return matrix.getBuilder().getIndex(number);
}

static Value next(const Matrix &matrix, Value i) {
  return matrix.getBuilder().get<arith::AddIOp>(i, index(matrix, 1));
}

/// A loop over i = lower, ..., upper-1 whose body replaces elements of some
/// matrices.
static void forEach(Value lower, Value upper, ArrayRef<Matrix *> matrices,
                    llvm::function_ref<void(Value i)> body) {
  auto getValues = [&] {
    SmallVector<Value> values;
    for (Matrix *matrix : matrices)
      values.push_back(matrix->getValue());
    return values;
  };
  auto setValues = [&](ValueRange values) {
    for (auto [matrix, value] : llvm::zip_equal(matrices, values))
      matrix->setValue(value);
  };
  setValues(loop(matrices.front()->getBuilder(), lower, upper, getValues(),
                 [&](FormulaBuilder &, Value i, ValueRange carried) {
                   setValues(carried);
                   body(i);
                   return getValues();
                 }));
}

static void forEachRow(ArrayRef<Matrix *> matrices,
                       llvm::function_ref<void(Value i)> body) {
  const Matrix &first = *matrices.front();
  forEach(index(first, 0), index(first, first.getSize()), matrices, body);
}

/// The sum of what a function makes of i = lower, ..., upper-1.
static Scalar sumOver(const Matrix &like, Value lower, Value upper,
                      NumberAt term) {
  FormulaBuilder &builder = like.getBuilder();
  SmallVector<Value> total =
      loop(builder, lower, upper, like.constant(0.0).getValue(),
           [&](FormulaBuilder &b, Value i,
               ValueRange carried) -> SmallVector<Value> {
             return {(Scalar(b, carried[0]) + term(i)).getValue()};
           });
  return {builder, total[0]};
}

/// An array in the compute type whose elements are still to be set.
static Array emptyArray(const Matrix &like, ArrayRef<int64_t> shape) {
  FormulaBuilder &builder = like.getBuilder();
  FloatType type = like.getComputeType();
  return {builder, tensor::EmptyOp::create(builder, shape, type), type};
}

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

void Matrix::set(Value i, Value j, Scalar element) {
  setValue(tensor::InsertOp::create(getBuilder(), element.getValue(),
                                    getValue(), ValueRange{i, j}));
}

Matrix mlir::fisher::buildMatrix(const Matrix &like, ElementAt element) {
  int64_t size = like.getSize();
  Matrix result(emptyArray(like, {size, size}));
  forEachRow(&result, [&](Value i) {
    forEachRow(&result, [&](Value j) { result.set(i, j, element(i, j)); });
  });
  return result;
}

Array mlir::fisher::buildVector(const Matrix &like, NumberAt number) {
  FormulaBuilder &builder = like.getBuilder();
  SmallVector<Value> vector =
      loop(builder, index(like, 0), index(like, like.getSize()),
           emptyArray(like, like.getSize()).getValue(),
           [&](FormulaBuilder &b, Value i,
               ValueRange carried) -> SmallVector<Value> {
             return {tensor::InsertOp::create(b, number(i).getValue(),
                                              carried[0], i)};
           });
  return {builder, vector[0], like.getComputeType()};
}

Scalar mlir::fisher::sumOverRows(const Matrix &matrix, NumberAt term) {
  return sumOver(matrix, index(matrix, 0), index(matrix, matrix.getSize()),
                 term);
}

/// `whenTrue` if two indices compare so, else `whenFalse`.
static Scalar selectIndex(arith::CmpIPredicate predicate, Value i, Value j,
                          Scalar whenTrue, Scalar whenFalse) {
  FormulaBuilder &b = whenTrue.getBuilder();
  return select(Condition(b, b.get<arith::CmpIOp>(predicate, i, j)), whenTrue,
                whenFalse);
}

/// The matrix with every element not a number unless the diagonal is positive.
static Matrix requirePositiveDiagonal(const Matrix &a) {
  Scalar excess = sumOverRows(a, [&](Value i) {
    Scalar pivot = a(i, i);
    return select(pivot > 0.0, a.constant(0.0), pivot.nan());
  });
  return buildMatrix(a, [&](Value i, Value j) { return a(i, j) + excess; });
}

Matrix mlir::fisher::readSymmetric(Array array) {
  Matrix a(array);
  return buildMatrix(
      a, [&](Value i, Value j) { return 0.5 * a(i, j) + 0.5 * a(j, i); });
}

Matrix mlir::fisher::readLower(Array array) {
  return requirePositiveDiagonal(lower(Matrix(array)));
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

Matrix mlir::fisher::transpose(const Matrix &a) {
  return buildMatrix(a, [&](Value i, Value j) { return a(j, i); });
}

Matrix mlir::fisher::operator+(const Matrix &a, const Matrix &b) {
  return buildMatrix(a, [&](Value i, Value j) { return a(i, j) + b(i, j); });
}

Matrix mlir::fisher::operator-(const Matrix &a, const Matrix &b) {
  return buildMatrix(a, [&](Value i, Value j) { return a(i, j) - b(i, j); });
}

Matrix mlir::fisher::operator*(double factor, const Matrix &a) {
  return buildMatrix(a, [&](Value i, Value j) { return factor * a(i, j); });
}

Matrix mlir::fisher::operator*(const Matrix &a, const Matrix &b) {
  return buildMatrix(a, [&](Value i, Value j) {
    return sumOverRows(a, [&](Value k) { return a(i, k) * b(k, j); });
  });
}

Matrix mlir::fisher::select(Condition condition, const Matrix &whenTrue,
                            const Matrix &whenFalse) {
  return buildMatrix(whenTrue, [&](Value i, Value j) {
    return select(condition, whenTrue(i, j), whenFalse(i, j));
  });
}

Matrix mlir::fisher::lower(const Matrix &a, double diagonal) {
  return buildMatrix(a, [&](Value i, Value j) {
    Scalar element = selectIndex(arith::CmpIPredicate::eq, i, j,
                                 diagonal * a(i, j), a(i, j));
    return selectIndex(arith::CmpIPredicate::sge, i, j, element,
                       a.constant(0.0));
  });
}

Matrix mlir::fisher::mirrorLower(const Matrix &a) {
  return buildMatrix(a, [&](Value i, Value j) {
    return selectIndex(arith::CmpIPredicate::sge, i, j, a(i, j), a(j, i));
  });
}

Matrix mlir::fisher::product(const Matrix &v, Array weights, const Matrix &w) {
  return buildMatrix(v, [&](Value i, Value j) {
    return sumOverRows(
        v, [&](Value k) { return v(i, k) * weights.at(k) * w(j, k); });
  });
}

//===----------------------------------------------------------------------===//
// Triangular matrices
//===----------------------------------------------------------------------===//

Matrix mlir::fisher::cholesky(const Matrix &a) {
  Matrix l = buildMatrix(a, [&](Value, Value) { return a.constant(0.0); });
  Value zero = index(a, 0);
  auto rest = [&](Value i, Value j) {
    return a(i, j) -
           sumOver(a, zero, j, [&](Value k) { return l(i, k) * l(j, k); });
  };
  forEachRow(&l, [&](Value j) {
    Scalar pivot = rest(j, j);
    Scalar root = sqrt(select(pivot > 0.0, pivot, pivot.nan()));
    l.set(j, j, root);
    forEach(next(a, j), index(a, a.getSize()), &l,
            [&](Value i) { l.set(i, j, rest(i, j) / root); });
  });
  return requirePositiveDiagonal(l);
}

Matrix mlir::fisher::lowerFactor(const Matrix &m) {
  // Modified Gram-Schmidt on the rows.
  Matrix rows = m;
  Matrix l = buildMatrix(m, [&](Value, Value) { return m.constant(0.0); });
  forEachRow({&rows, &l}, [&](Value j) {
    Scalar norm =
        sqrt(sumOverRows(m, [&](Value k) { return square(rows(j, k)); }));
    l.set(j, j, norm);
    forEachRow(&rows, [&](Value k) { rows.set(j, k, rows(j, k) / norm); });
    forEach(next(m, j), index(m, m.getSize()), {&rows, &l}, [&](Value i) {
      Scalar part =
          sumOverRows(m, [&](Value k) { return rows(i, k) * rows(j, k); });
      l.set(i, j, part);
      forEachRow(&rows, [&](Value k) {
        rows.set(i, k, rows(i, k) - part * rows(j, k));
      });
    });
  });
  return requirePositiveDiagonal(l);
}

Matrix mlir::fisher::solveLower(const Matrix &l, const Matrix &b) {
  Matrix x = b;
  forEachRow(&x, [&](Value i) {
    forEachRow(&x, [&](Value j) {
      Scalar known = sumOver(l, index(l, 0), i,
                             [&](Value k) { return l(i, k) * x(k, j); });
      x.set(i, j, (x(i, j) - known) / l(i, i));
    });
  });
  return x;
}

Matrix mlir::fisher::solveLowerTransposed(const Matrix &l, const Matrix &b) {
  Matrix x = b;
  Value size = index(l, l.getSize());
  forEachRow(&x, [&](Value step) {
    // From the last row to the first.
    Value i =
        l.getBuilder().get<arith::SubIOp>(index(l, l.getSize() - 1), step);
    forEachRow(&x, [&](Value j) {
      Scalar known = sumOver(l, next(l, i), size,
                             [&](Value k) { return l(k, i) * x(k, j); });
      x.set(i, j, (x(i, j) - known) / l(i, i));
    });
  });
  return x;
}

//===----------------------------------------------------------------------===//
// Eigenvalues
//===----------------------------------------------------------------------===//

/// How many sweeps leave nothing beside the diagonal. From random matrices up
/// to size 32, with spectra over many orders of magnitude, in clusters, and of
/// repeated values.
static int64_t getNumSweeps(const Matrix &a) {
  if (a.getSize() <= 2)
    return 2;
  return llvm::Log2_64_Ceil(a.getSize()) + (a.getComputeType().isF64() ? 4 : 3);
}

namespace {
/// A rotation of two coordinates p < q.
struct Rotation {
  Scalar cos, sin;
  /// The diagonal elements after it, the larger one first.
  Scalar first, second;

  /// Turns columns p and q, or rows p and q, of a matrix at index k.
  void turnColumns(Matrix &a, Value p, Value q, Value k) const {
    Scalar x = a(k, p), y = a(k, q);
    a.set(k, p, cos * x - sin * y);
    a.set(k, q, sin * x + cos * y);
  }
  void turnRows(Matrix &a, Value p, Value q, Value k) const {
    Scalar x = a(p, k), y = a(q, k);
    a.set(p, k, cos * x - sin * y);
    a.set(q, k, sin * x + cos * y);
  }
};
} // namespace

/// The rotation after which the element between the coordinates is zero.
static Rotation rotationFor(Scalar pp, Scalar pq, Scalar qq) {
  // tan(2 theta) = 2 pq/(qq - pp), and the smaller theta.
  Scalar d = qq - pp, o = 2.0 * pq;
  Scalar larger = max(abs(d), abs(o)), smaller = min(abs(d), abs(o));
  Scalar ratio = select(larger <= 0.0, 0.0, smaller / larger);
  Scalar sum = abs(d) + larger * sqrt(1.0 + square(ratio));
  Scalar tan = select(sum <= 0.0, 0.0, select(d < 0.0, -o, o) / sum);
  Scalar cos = 1.0 / sqrt(1.0 + square(tan)), sin = tan * cos;
  Scalar low = pp - tan * pq, high = qq + tan * pq;
  // A quarter turn more puts the larger one first: sweeps converge
  // quadratically only where equal eigenvalues stand side by side.
  Condition isSwapped = low < high;
  return {select(isSwapped, sin, cos), select(isSwapped, -cos, sin),
          select(isSwapped, high, low), select(isSwapped, low, high)};
}

/// Jacobi's method: makes `a` diagonal; `vectors`, if there are any, are turned
/// with it.
static void diagonalize(Matrix &a, Matrix *vectors) {
  SmallVector<Matrix *> all{&a};
  if (vectors)
    all.push_back(vectors);
  Value size = index(a, a.getSize()), last = index(a, a.getSize() - 1);
  forEach(index(a, 0), index(a, getNumSweeps(a)), all, [&](Value) {
    forEach(index(a, 0), last, all, [&](Value p) {
      forEach(next(a, p), size, all, [&](Value q) {
        Rotation rotation = rotationFor(a(p, p), a(p, q), a(q, q));
        forEachRow(all, [&](Value k) {
          for (Matrix *matrix : all)
            rotation.turnColumns(*matrix, p, q, k);
        });
        forEachRow(&a, [&](Value k) { rotation.turnRows(a, p, q, k); });
        a.set(p, p, rotation.first);
        a.set(q, q, rotation.second);
        a.set(p, q, a.constant(0.0));
        a.set(q, p, a.constant(0.0));
      });
    });
  });
}

static Array getDiagonal(const Matrix &a) {
  return buildVector(a, [&](Value i) { return a(i, i); });
}

SymmetricEigen mlir::fisher::eigenSymmetric(const Matrix &a) {
  Matrix diagonal = a;
  Matrix vectors = buildMatrix(a, [&](Value i, Value j) {
    return selectIndex(arith::CmpIPredicate::eq, i, j, a.constant(1.0),
                       a.constant(0.0));
  });
  diagonalize(diagonal, &vectors);
  return {getDiagonal(diagonal), vectors};
}

Array mlir::fisher::eigenvaluesSymmetric(const Matrix &a) {
  Matrix diagonal = a;
  diagonalize(diagonal, nullptr);
  return getDiagonal(diagonal);
}
