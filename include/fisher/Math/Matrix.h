//===- Matrix.h - Small square matrices -----------------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The linear algebra that geometries of matrices are written with: square
// matrices of one static size, computed by loops over scalars, so that the code
// is small and the same on every target, and does not branch on the numbers.
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_MATH_MATRIX_H
#define FISHER_MATH_MATRIX_H

#include "fisher/Math/Array.h"

namespace mlir::fisher {

/// A square matrix in the compute type, whose elements can be replaced.
class Matrix {
public:
  explicit Matrix(EventArray array) : array(array) {}

  Scalar operator()(Value i, Value j) const { return array.at({i, j}); }
  void set(Value i, Value j, Scalar element);

  FormulaBuilder &getBuilder() const { return array.getBuilder(); }
  FloatType getComputeType() const { return array.getComputeType(); }
  int64_t getSize() const { return array.getType().getDimSize(0); }
  Scalar constant(double number) const { return array.constant(number); }

  /// The tensor that holds the elements now.
  Value getValue() const { return array.getValue(); }
  void setValue(Value tensor) {
    array = {getBuilder(), tensor, getComputeType()};
  }
  EventArray asArray() const { return array; }

private:
  EventArray array;
};

/// Elements of a matrix, and of a vector, by their indices.
using ElementAt = llvm::function_ref<Scalar(Value i, Value j)>;
using NumberAt = llvm::function_ref<Scalar(Value i)>;

/// The matrix, and the vector, of what a function makes of each index; sizes
/// and types are those of `like`.
Matrix buildMatrix(const Matrix &like, ElementAt element);
EventArray buildVector(const Matrix &like, NumberAt number);

/// The sum of what a function makes of the indices of a matrix's rows.
Scalar sumOverRows(const Matrix &matrix, NumberAt term);

/// The symmetric part of what a component stores.
Matrix readSymmetric(EventArray array);
/// Its lower triangle, with zeros above. Unless the diagonal is positive, no
/// element is a number.
Matrix readLower(EventArray array);

Matrix transpose(const Matrix &a);
Matrix operator+(const Matrix &a, const Matrix &b);
Matrix operator-(const Matrix &a, const Matrix &b);
Matrix operator*(double factor, const Matrix &a);
Matrix operator*(const Matrix &a, const Matrix &b);
Matrix select(Condition condition, const Matrix &whenTrue,
              const Matrix &whenFalse);
/// The lower triangle, with the diagonal times a factor.
Matrix lower(const Matrix &a, double diagonal = 1.0);
/// The symmetric matrix that has the lower triangle of `a`.
Matrix mirrorLower(const Matrix &a);

/// v diag(weights) wᵀ.
Matrix product(const Matrix &v, EventArray weights, const Matrix &w);

/// The lower triangular L with positive diagonal and a = L Lᵀ. Unless `a` is
/// positive definite, no element is a number.
Matrix cholesky(const Matrix &a);
/// The same for a = m mᵀ, which is there where the digits of m mᵀ do not tell
/// that it is positive definite.
Matrix lowerFactor(const Matrix &m);
/// l⁻¹ b and l⁻ᵀ b for a lower triangular l.
Matrix solveLower(const Matrix &l, const Matrix &b);
Matrix solveLowerTransposed(const Matrix &l, const Matrix &b);

/// m = u diag(sqrt(squares)) vectorsᵀ for an orthogonal u, from the largest
/// singular value to the smallest, which keeps its digits beside large ones.
struct RightSingular {
  EventArray squares;
  Matrix vectors;
};
RightSingular rightSingular(const Matrix &m);

/// The largest sum of a row's absolute values, which no eigenvalue exceeds.
Scalar norm(const Matrix &a);
/// A matrix with the eigenvectors of a symmetric one of this norm, in the same
/// order, and with eigenvalues from 1/2 to 3/2, which are its singular values.
Matrix positiveLike(const Matrix &a, Scalar norm);
/// vᵀ a v for each column v of `vectors`. For computed eigenvectors of `a`
/// these are the eigenvalues, with digits beyond those of the vectors.
EventArray quadraticForms(const Matrix &a, const Matrix &vectors);

/// a = vectors diag(values) vectorsᵀ, values from the largest to the smallest.
struct SymmetricEigen {
  EventArray values;
  Matrix vectors;
};
SymmetricEigen eigenSymmetric(const Matrix &a);

} // namespace mlir::fisher

#endif // FISHER_MATH_MATRIX_H
