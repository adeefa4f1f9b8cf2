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
static EventArray emptyArray(const Matrix &like, ArrayRef<int64_t> shape) {
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

EventArray mlir::fisher::buildVector(const Matrix &like, NumberAt number) {
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

Matrix mlir::fisher::readSymmetric(EventArray array) {
  Matrix a(array);
  return buildMatrix(
      a, [&](Value i, Value j) { return 0.5 * a(i, j) + 0.5 * a(j, i); });
}

Matrix mlir::fisher::readLower(EventArray array) {
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

Matrix mlir::fisher::product(const Matrix &v, EventArray weights,
                             const Matrix &w) {
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
// Singular values and eigenvalues
//===----------------------------------------------------------------------===//

/// How many sweeps leave rows orthogonal to the last digit: at least as many as
/// any of thousands of random matrices up to size 32 needed. These had spectra
/// over many orders of magnitude, of repeated values, and in clusters, at
/// either end or in between.
static int64_t getNumSweeps(const Matrix &a) {
  int64_t log = llvm::Log2_64_Ceil(std::max<int64_t>(a.getSize(), 2));
  return a.getComputeType().isF64() ? 3 * log : 2 * log + 1;
}

/// Turns rows p and q so that they are orthogonal, the longer one first.
static void turnRows(Matrix &a, Value p, Value q) {
  FormulaBuilder &builder = a.getBuilder();
  SmallVector<Value> products = loop(
      builder, index(a, 0), index(a, a.getSize()),
      SmallVector<Value>(3, a.constant(0.0).getValue()),
      [&](FormulaBuilder &b, Value k, ValueRange sums) -> SmallVector<Value> {
        Scalar x = a(p, k), y = a(q, k);
        return {(Scalar(b, sums[0]) + square(x)).getValue(),
                (Scalar(b, sums[1]) + x * y).getValue(),
                (Scalar(b, sums[2]) + square(y)).getValue()};
      });
  Scalar pp(builder, products[0]), pq(builder, products[1]);
  Scalar qq(builder, products[2]);
  // tan(2 theta) = 2 pq/(qq - pp), and the smaller theta.
  Scalar d = qq - pp, o = 2.0 * pq;
  Scalar larger = max(abs(d), abs(o)), smaller = min(abs(d), abs(o));
  Scalar ratio = select(larger <= 0.0, 0.0, smaller / larger);
  Scalar sum = abs(d) + larger * sqrt(1.0 + square(ratio));
  Scalar tan = select(sum <= 0.0, 0.0, select(d < 0.0, -o, o) / sum);
  Scalar inverseCos = sqrt(1.0 + square(tan));
  Scalar sin = tan / inverseCos, tanHalf = tan / (1.0 + inverseCos);
  // Sweeps converge quadratically only where equal values stand side by side.
  Condition isSwapped = pp - tan * pq < qq + tan * pq;
  forEachRow(&a, [&](Value k) {
    // As changes of x and y: rotations that are small change lengths by less
    // than a rounding, where cosines beside one would make all of them grow.
    Scalar x = a(p, k), y = a(q, k);
    Scalar turnedX = x - sin * (y + tanHalf * x);
    Scalar turnedY = y + sin * (x - tanHalf * y);
    a.set(p, k, select(isSwapped, turnedY, turnedX));
    a.set(q, k, select(isSwapped, turnedX, turnedY));
  });
}

RightSingular mlir::fisher::rightSingular(const Matrix &m) {
  // Jacobi's method, one-sided: the length of a short row is found from its own
  // elements, and has their digits.
  FormulaBuilder &b = m.getBuilder();
  Matrix rows = m;
  Value size = index(m, m.getSize()), last = index(m, m.getSize() - 1);
  Value zero = index(m, 0);
  forEach(zero, index(m, getNumSweeps(m)), &rows, [&](Value sweep) {
    // Every third sweep goes from the last row back: in one direction alone,
    // values that accumulate at one end of the spectrum converge linearly, and
    // as many in either direction would be slow where sizes differ much.
    Value isBackward = b.get<arith::CmpIOp>(
        arith::CmpIPredicate::eq, b.get<arith::RemUIOp>(sweep, index(m, 3)),
        index(m, 2));
    auto mirrored = [&](Value i, Value j) -> Value {
      return b.get<arith::SelectOp>(isBackward, b.get<arith::SubIOp>(last, j),
                                    i);
    };
    forEach(zero, last, &rows, [&](Value p) {
      forEach(next(m, p), size, &rows,
              [&](Value q) { turnRows(rows, mirrored(p, q), mirrored(q, p)); });
    });
  });
  EventArray squares = buildVector(m, [&](Value i) {
    return sumOverRows(m, [&](Value k) { return square(rows(i, k)); });
  });
  Matrix vectors = buildMatrix(
      m, [&](Value i, Value j) { return rows(j, i) / sqrt(squares.at(j)); });
  return {squares, vectors};
}

Scalar mlir::fisher::norm(const Matrix &a) {
  return maximum(buildVector(a, [&](Value i) {
    return sumOverRows(a, [&](Value j) { return abs(a(i, j)); });
  }));
}

Matrix mlir::fisher::positiveLike(const Matrix &a, Scalar norm) {
  Scalar scale = select(norm > 0.0, 2.0 * norm, 1.0);
  return buildMatrix(a, [&](Value i, Value j) {
    return selectIndex(arith::CmpIPredicate::eq, i, j, a.constant(1.0),
                       a.constant(0.0)) +
           a(i, j) / scale;
  });
}

EventArray mlir::fisher::quadraticForms(const Matrix &a,
                                        const Matrix &vectors) {
  return buildVector(a, [&](Value i) {
    return sumOverRows(a, [&](Value j) {
      return vectors(j, i) *
             sumOverRows(a, [&](Value k) { return a(j, k) * vectors(k, i); });
    });
  });
}

SymmetricEigen mlir::fisher::eigenSymmetric(const Matrix &a) {
  Matrix vectors = rightSingular(positiveLike(a, norm(a))).vectors;
  return {quadraticForms(a, vectors), vectors};
}
