//===- LaneLoop.cpp - Distributions side by side --------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LaneLoop.h"
#include "EventSlice.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include "llvm/ADT/SmallVectorExtras.h"

using namespace mlir;
using namespace mlir::fisher;

/// With more outcomes, rearranging them is longer than what is saved.
static constexpr int64_t maxLaneOutcomes = 32;
/// Two registers at once hide how long each operation takes.
static constexpr int64_t numLaneRegisters = 2;

int64_t mlir::fisher::getNumLanes(BeliefType type, FloatType computeType,
                                  int64_t vectorBits) {
  RankedTensorType component = type.getComponentType();
  int64_t eventRank = component.getRank() - type.getBatchType().getRank();
  int64_t lanes = vectorBits / computeType.getWidth() * numLaneRegisters;
  if (lanes < 2 || eventRank != 1 ||
      ShapedType::isDynamic(component.getShape().back()) ||
      component.getShape().back() > maxLaneOutcomes)
    return 1;
  // MLIR bufferizes the collapse of ?x0 to a type that does not verify, and
  // there is nothing to compute.
  if (llvm::is_contained(type.getBatchType().getShape(), 0))
    return 1;
  return lanes;
}

/// The type of distributions in a row, whatever the shape of their batch.
static RankedTensorType getRowType(RankedTensorType type, int64_t batchRank) {
  ArrayRef<int64_t> batch = type.getShape().take_front(batchRank);
  SmallVector<int64_t> shape = {llvm::is_contained(batch, ShapedType::kDynamic)
                                    ? ShapedType::kDynamic
                                    : ShapedType::getNumElements(batch)};
  llvm::append_range(shape, type.getShape().drop_front(batchRank));
  return RankedTensorType::get(shape, type.getElementType());
}

/// Which dimensions are one: those of a batch in a row's first one, or a row's
/// first two in that of an event which has no batch.
static SmallVector<ReassociationIndices> groupBatch(int64_t rank,
                                                    int64_t batchRank) {
  int64_t extra = batchRank ? batchRank - 1 : 1;
  SmallVector<ReassociationIndices> groups;
  for (int64_t i = 0, e = batchRank ? rank - extra : rank; i != e; ++i)
    groups.push_back({i + extra});
  if (!groups.empty())
    groups.front() = llvm::to_vector<2>(llvm::seq<int64_t>(0, extra + 1));
  return groups;
}

static Value putInRow(OpBuilder &b, Location loc, Value tensor,
                      int64_t batchRank) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (batchRank == 1)
    return tensor;
  RankedTensorType row = getRowType(type, batchRank);
  auto groups = groupBatch(type.getRank(), batchRank);
  if (batchRank == 0)
    return tensor::ExpandShapeOp::create(b, loc, row, tensor, groups);
  return tensor::CollapseShapeOp::create(b, loc, row, tensor, groups);
}

/// What `putInRow` has changed as it was, in the shape of `like`.
static Value takeFromRow(OpBuilder &b, Location loc, Value row,
                         RankedTensorType type, Value like, int64_t batchRank) {
  if (batchRank == 1)
    return row;
  auto groups = groupBatch(type.getRank(), batchRank);
  if (batchRank == 0)
    return tensor::CollapseShapeOp::create(b, loc, type, row, groups);
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, like);
  sizes.resize(type.getRank());
  return tensor::ExpandShapeOp::create(b, loc, type, row, groups, sizes);
}

namespace {
/// As many rows of a matrix as vectors have lanes, or those that are left at
/// its end.
struct RowBlock {
  Value start, count;
  int64_t lanes;

  /// The block's part of a tensor, which may have one dimension only.
  EventSlice getSlice(OpBuilder &b, Location loc, Value tensor) const {
    EventSlice slice(b, loc, tensor, start);
    auto whole = cast<RankedTensorType>(tensor.getType());
    slice.sizes[0] = count;
    SmallVector<int64_t> shape(whole.getShape());
    shape[0] = ShapedType::kDynamic;
    slice.type = RankedTensorType::get(shape, whole.getElementType());
    return slice;
  }
  Value extract(OpBuilder &b, Location loc, Value tensor) const {
    EventSlice slice = getSlice(b, loc, tensor);
    return tensor::ExtractSliceOp::create(
        b, loc, slice.type, tensor, slice.offsets, slice.sizes, slice.strides);
  }
};
} // namespace

/// The vector whose lanes are those of other vectors, as `where` says for each:
/// which vector, and which lane of it.
static Value
gatherLanes(OpBuilder &b, Location loc, ArrayRef<Value> vectors,
            llvm::function_ref<std::pair<int64_t, int64_t>(int64_t)> where) {
  int64_t lanes = cast<VectorType>(vectors[0].getType()).getNumElements();
  Value gathered;
  for (auto [number, vector] : llvm::enumerate(vectors)) {
    SmallVector<int64_t> mask(lanes, vector::ShuffleOp::kPoisonIndex);
    bool isUsed = false;
    for (int64_t lane = 0; lane != lanes; ++lane) {
      auto [source, from] = where(lane);
      if (source == static_cast<int64_t>(number)) {
        mask[lane] = gathered ? lanes + from : from;
        isUsed = true;
      } else if (source < static_cast<int64_t>(number)) {
        mask[lane] = lane;
      }
    }
    if (isUsed)
      gathered = vector::ShuffleOp::create(b, loc, gathered ? gathered : vector,
                                           vector, mask);
  }
  return gathered;
}

static Value flatten(OpBuilder &b, Location loc, Value matrix) {
  return tensor::CollapseShapeOp::create(b, loc, matrix,
                                         ReassociationIndices{0, 1});
}

/// The rows of a block as lanes: one vector for each column. Lanes that have no
/// row are zero.
static Value readColumns(FormulaBuilder &b, Value matrix,
                         const RowBlock &block) {
  Location loc = b.getLoc();
  auto type = cast<RankedTensorType>(matrix.getType());
  int64_t columns = type.getDimSize(1);
  int64_t width = block.lanes / numLaneRegisters;
  auto registerType = VectorType::get(width, type.getElementType());
  auto vectorType = VectorType::get(block.lanes, type.getElementType());
  Value flat = flatten(b, loc, block.extract(b, loc, matrix));
  Value zero = b.get<arith::ConstantOp>(
      cast<TypedAttr>(b.getZeroAttr(type.getElementType())));
  Value none =
      b.get<arith::ConstantOp>(cast<TypedAttr>(b.getZeroAttr(vectorType)));
  SmallVector<Value> vectors(columns, none);
  for (int64_t part = 0; part != numLaneRegisters; ++part) {
    SmallVector<Value> pieces;
    for (int64_t piece = 0; piece != columns; ++piece)
      pieces.push_back(vector::TransferReadOp::create(
          b, registerType, flat, b.getIndex((part * columns + piece) * width),
          zero, ArrayRef<bool>{false}));
    for (int64_t column = 0; column != columns; ++column) {
      Value rows = gatherLanes(b, loc, pieces, [&](int64_t lane) {
        int64_t position = lane * columns + column;
        return std::pair(position / width, position % width);
      });
      vectors[column] = vector::InsertStridedSliceOp::create(
          b, rows, vectors[column], part * width, 1);
    }
  }
  return tensor::FromElementsOp::create(
      b, RankedTensorType::get(columns, vectorType), vectors);
}

/// A block's rows of `into` with what is in the lanes of `value`: a vector, or
/// a tensor of one for each column.
static Value writeRows(FormulaBuilder &b, Value value, Value into,
                       const RowBlock &block) {
  Location loc = b.getLoc();
  auto type = cast<RankedTensorType>(into.getType());
  auto elementType = cast<FloatType>(type.getElementType());
  Value rows = block.extract(b, loc, into);
  auto write = [&](Value vector, Value target, int64_t position) {
    return vector::TransferWriteOp::create(
               b, convertFloat(b, loc, vector, elementType), target,
               ValueRange(b.getIndex(position)), ArrayRef<bool>{false})
        .getResult();
  };
  if (type.getRank() == 1)
    return write(value, rows, 0);
  int64_t columns = type.getDimSize(1);
  int64_t width = block.lanes / numLaneRegisters;
  SmallVector<Value> vectors;
  for (int64_t column = 0; column != columns; ++column)
    vectors.push_back(tensor::ExtractOp::create(b, value, b.getIndex(column)));
  Value flat = flatten(b, loc, rows);
  for (int64_t part = 0; part != numLaneRegisters; ++part) {
    auto registers = llvm::map_to_vector(vectors, [&](Value vector) -> Value {
      return vector::ExtractStridedSliceOp::create(b, vector, part * width,
                                                   width, 1);
    });
    for (int64_t piece = 0; piece != columns; ++piece) {
      Value gathered = gatherLanes(b, loc, registers, [&](int64_t lane) {
        int64_t position = piece * width + lane;
        return std::pair(position % columns, position / columns);
      });
      flat = write(gathered, flat, (part * columns + piece) * width);
    }
  }
  SmallVector<OpFoldResult> sizes{block.count, b.getIndexAttr(columns)};
  return tensor::ExpandShapeOp::create(
      b, rows.getType(), flat,
      SmallVector<ReassociationIndices>{ReassociationIndices{0, 1}}, sizes);
}

/// The loop over blocks of a row of distributions, `lanes` each.
static SmallVector<Value> buildRowLoop(FormulaBuilder &b, ValueRange inputs,
                                       ValueRange outputs, int64_t lanes,
                                       FloatType computeType,
                                       EventFormula formula) {
  Value size = b.createOrFold<tensor::DimOp>(inputs.front(), 0);
  Value number = b.createOrFold<arith::CeilDivUIOp>(size, b.getIndex(lanes));
  auto forall = scf::ForallOp::create(
      b, ArrayRef<OpFoldResult>(getAsOpFoldResult(number)), outputs,
      /*mapping=*/std::nullopt,
      [&](OpBuilder &nested, Location loc, ValueRange arguments) {
        OpBuilder::InsertionGuard guard(b);
        b.setInsertionPointToEnd(nested.getInsertionBlock());
        Value start = arith::MulIOp::create(b, arguments[0], b.getIndex(lanes));
        Value left = arith::SubIOp::create(b, size, start);
        Value count = arith::MinUIOp::create(b, left, b.getIndex(lanes));
        RowBlock block{start, count, lanes};
        SmallVector<EventArray> arrays;
        for (Value input : inputs)
          arrays.emplace_back(b, readColumns(b, input, block), computeType);
        SmallVector<Value> rows;
        SmallVector<EventSlice> slices;
        for (auto [value, output] :
             llvm::zip_equal(formula(b, arrays), arguments.drop_front())) {
          rows.push_back(writeRows(b, value, output, block));
          slices.push_back(block.getSlice(b, loc, output));
        }
        auto terminator = scf::InParallelOp::create(b);
        b.setInsertionPointToStart(terminator.getBody());
        for (auto [row, output, slice] :
             llvm::zip_equal(rows, arguments.drop_front(), slices))
          tensor::ParallelInsertSliceOp::create(b, row, output, slice.offsets,
                                                slice.sizes, slice.strides);
      });
  return SmallVector<Value>(forall.getResults());
}

SmallVector<Value> mlir::fisher::buildLaneLoop(FormulaBuilder &b,
                                               ValueRange inputs,
                                               ArrayRef<Type> results,
                                               int64_t batchRank, int64_t lanes,
                                               FloatType computeType,
                                               EventFormula formula) {
  SmallVector<Value> rows, outputs, values;
  for (Value input : inputs)
    rows.push_back(putInRow(b, b.getLoc(), input, batchRank));
  for (Type result : results)
    outputs.push_back(createEmpty(
        b, b.getLoc(), getRowType(cast<RankedTensorType>(result), batchRank),
        rows.front()));
  for (auto [row, result] : llvm::zip_equal(
           buildRowLoop(b, rows, outputs, lanes, computeType, formula),
           results))
    values.push_back(takeFromRow(b, b.getLoc(), row,
                                 cast<RankedTensorType>(result), inputs.front(),
                                 batchRank));
  return values;
}
