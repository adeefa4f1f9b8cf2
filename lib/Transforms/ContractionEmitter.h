//===- ContractionEmitter.h - The loops of a matrix product -----*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_TRANSFORMS_CONTRACTIONEMITTER_H
#define FISHER_LIB_TRANSFORMS_CONTRACTIONEMITTER_H

#include "fisher/Transforms/Contractions.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace mlir::fisher {

/// Writes the loops of one contraction.
class ContractionEmitter {
public:
  ContractionEmitter(linalg::LinalgOp op, ContractionDims dims,
                     int64_t vectorBits);

  /// Fails where the result's rows are not contiguous.
  LogicalResult check() const;
  void emit();

private:
  /// How a contraction is cut: a tile of `rows` x `vectors` vectors is held in
  /// registers; a block of the result has `blockRows` x `blockColumns`
  /// elements, and `depth` elements are summed at once.
  struct Tiling {
    int64_t rows, vectors, lanes;
    int64_t blockRows, blockColumns, depth;
    /// Of the columns of a tile along the depth.
    int64_t columnsAtOnce;

    int64_t getColumns() const { return vectors * lanes; }
    /// With room for a vector beyond the last row.
    int64_t getLeftPanelSize() const { return rows * depth + lanes; }
  };

  /// A buffer, and which of its elements an iteration reads.
  struct Operand {
    Value buffer;
    AffineMap map;

    MemRefType getType() const { return cast<MemRefType>(buffer.getType()); }

    /// Whether elements whose `dim` differs by one are neighbours.
    bool isContiguous(std::optional<unsigned> dim) const {
      if (!dim || map.getNumResults() == 0)
        return false;
      for (AffineExpr result : map.getResults().drop_back())
        if (result.isFunctionOfDim(*dim))
          return false;
      SmallVector<AffineExpr> zero(map.getNumDims(),
                                   getAffineConstantExpr(0, map.getContext()));
      SmallVector<AffineExpr> one = zero;
      one[*dim] = getAffineConstantExpr(1, map.getContext());
      AffineExpr last = map.getResults().back();
      auto difference = dyn_cast<AffineConstantExpr>(last.replaceDims(one) -
                                                     last.replaceDims(zero));
      return difference && difference.getValue() == 1 &&
             getType().isLastDimUnitStride();
    }
  };

  using Indices = SmallVector<Value>;

  // Arithmetic on indices.
  Value constant(int64_t value) {
    return arith::ConstantIndexOp::create(b, value);
  }
  Value apply(AffineExpr expr, ValueRange operands) {
    return getValueOrCreateConstantIndexOp(
        b, b.getLoc(),
        affine::makeComposedFoldedAffineApply(b, b.getLoc(), expr,
                                              getAsOpFoldResult(operands)));
  }
  Value add(Value x, Value y) { return apply(d(0) + d(1), {x, y}); }
  Value add(Value x, int64_t y) { return apply(d(0) + y, {x}); }
  Value sub(Value x, Value y) { return apply(d(0) - d(1), {x, y}); }
  Value min(Value x, Value y) { return arith::MinUIOp::create(b, x, y); }
  Value ceilDiv(Value x, int64_t y) { return apply(d(0).ceilDiv(y), {x}); }
  AffineExpr d(unsigned i) { return b.getAffineDimExpr(i); }

  void loop(Value end, int64_t step, function_ref<void(Value)> body);
  void nest(ArrayRef<unsigned> dims, function_ref<void()> body);

  // Elements and vectors of operands, in the type of the sum.
  Value getSize(unsigned dim);
  int64_t getStaticSize(std::optional<unsigned> dim) const;
  Indices getIndices(const Operand &operand);
  void setRow(Value row) {
    if (m)
      position[*m] = row;
  }
  Value extend(Value value);
  Value loadScalar(const Operand &operand);
  Value loadVector(const Operand &operand, Value mask);
  void storeVector(Value vector, Value buffer, ValueRange indices, Value mask);
  Value getMask(Value remaining, int64_t offset);
  VectorType getVectorType(Type element) const {
    return VectorType::get({tiling.lanes}, element);
  }
  Value getZero(Type type) {
    return arith::ConstantOp::create(b, b.getZeroAttr(type));
  }

  void chooseTiling(int64_t vectorBits);
  void chooseTile(int64_t resultRows, int64_t resultColumns, int64_t registers);
  bool prefersDepth() const;
  void chooseDepthTiling(int64_t registers);
  void chooseBlocksForThreads();
  int64_t chooseInnerDepth(int64_t depth, int64_t maximum);
  void chooseInnerRows();
  void takeFill();
  Value allocate(int64_t count);

  // What a block of the result does.
  void emitBlock();
  void emitSum();
  void copyBlock(bool back);
  void loopDepth(int64_t step, function_ref<void(Value, Value)> body);
  void packLeft();
  void packRight();
  void packTransposed(Value base, Value column);
  void emitTiles();
  void emitTile(Value panel, Value rowPanel);
  SmallVector<Value> emitProducts(Value panel, Value rowPanel);
  SmallVector<Value> emitDots(Value panel, Value rowPanel);
  SmallVector<Value> sumAlongDepth(ArrayRef<Value> rows,
                                   ArrayRef<Value> columns);
  Value addLanes(SmallVector<Value> sums);
  void emitResult(ValueRange sums, Value panel, Value rowPanel);
  void updateRow(ValueRange sums, Value column, Value maskRemaining);

  linalg::LinalgOp op;
  ContractionDims dims;
  ImplicitLocOpBuilder b;
  Operand left, right, out;
  Type sumType;

  /// The loops that are tiled: rows, columns and depth. The others of each kind
  /// are outside, but for `innerRows`, which share a packed right operand, and
  /// `innerDepth`, which are packed as one with the depth.
  std::optional<unsigned> m;
  unsigned n, k;
  SmallVector<unsigned> innerRows, innerDepth;
  Tiling tiling;
  bool isParallel = true;
  bool packsLeft = true, packsRight = true;
  /// Vectors of both operands lie along the depth, and the lanes of a tile's
  /// sums are added at the end.
  bool isAlongDepth = false;
  /// The packed left operand is a row after the other, or a column after the
  /// other.
  bool leftByRows = true;
  /// The sum starts from zero, and the result need not be read.
  bool startsFromZero = false;

  /// Index of each loop of `op`, at the place that is being written.
  SmallVector<Value> position;
  SmallVector<Value> sizes;
  Value rowSize, rowStart, rowCount, columnStart, columnCount;
  /// A run of the loop of the depth, and the depth of a panel, which has one
  /// for each index of `innerDepth`.
  Value depthStart, depthCount, panelDepth;
  Value leftPanels, rightPanels;
  /// Holds the block's sums where the result's type is narrower.
  Value sums;
};

} // namespace mlir::fisher

#endif // FISHER_LIB_TRANSFORMS_CONTRACTIONEMITTER_H
