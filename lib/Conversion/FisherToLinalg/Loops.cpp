//===- Loops.cpp - Loops over distributions -------------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Loops.h"

#include "../Common/Formulas.h"

#include "fisher/IR/Fisher.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include "llvm/ADT/SmallVectorExtras.h"

using namespace mlir;
using namespace mlir::fisher;

//===----------------------------------------------------------------------===//
// Types and sizes
//===----------------------------------------------------------------------===//

Value mlir::fisher::castFloat(OpBuilder &builder, Location loc, Value value,
                              Type type) {
  return convertFloat(builder, loc, value, cast<FloatType>(type));
}

/// An empty tensor of type `type` with the dynamic sizes of `like`.
static Value createEmpty(OpBuilder &builder, Location loc,
                         RankedTensorType type, Value like) {
  SmallVector<Value> sizes;
  for (int64_t i = 0, e = type.getRank(); i != e; ++i)
    if (type.isDynamicDim(i))
      sizes.push_back(tensor::DimOp::create(builder, loc, like, i));
  return tensor::EmptyOp::create(builder, loc, type, sizes);
}

/// Stops a program whose inputs, all of one type, differ in a size that is
/// known only at run time: the loop would read beyond the end of some.
static void assertSameSizes(OpBuilder &builder, Operation *op,
                            ValueRange inputs) {
  Location loc = op->getLoc();
  auto type = cast<RankedTensorType>(inputs.front().getType());
  for (int64_t i = 0, e = type.getRank(); i != e; ++i) {
    if (!type.isDynamicDim(i))
      continue;
    Value size = tensor::DimOp::create(builder, loc, inputs.front(), i);
    for (Value input : inputs.drop_front()) {
      if (input == inputs.front())
        continue;
      Value other = tensor::DimOp::create(builder, loc, input, i);
      Value same = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq,
                                         size, other);
      cf::AssertOp::create(builder, loc, same,
                           (op->getName().getStringRef() +
                            ": the components differ in size along dimension " +
                            Twine(i))
                               .str());
    }
  }
}

//===----------------------------------------------------------------------===//
// Sums
//===----------------------------------------------------------------------===//

/// A tensor of rank zero that holds zero, in f64.
static Value createZeroSum(OpBuilder &builder, Location loc) {
  auto type = RankedTensorType::get({}, builder.getF64Type());
  return arith::ConstantOp::create(
      builder, loc,
      SplatElementsAttr::get(type, builder.getZeroAttr(type.getElementType())));
}

/// The sum of a tensor's elements in their order, in f64.
static Value buildSum(OpBuilder &builder, Location loc, Value tensor) {
  int64_t rank = cast<RankedTensorType>(tensor.getType()).getRank();
  Value zero = createZeroSum(builder, loc);
  SmallVector<AffineMap> maps{builder.getMultiDimIdentityMap(rank),
                              AffineMap::get(rank, 0, builder.getContext())};
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::reduction);
  auto generic = linalg::GenericOp::create(
      builder, loc, TypeRange(zero.getType()), tensor, zero, maps, iterators,
      [](OpBuilder &b, Location bodyLoc, ValueRange elements) {
        Value wide = castFloat(b, bodyLoc, elements[0], elements[1].getType());
        linalg::YieldOp::create(
            b, bodyLoc,
            arith::AddFOp::create(b, bodyLoc, elements[1], wide).getResult());
      });
  return generic.getResult(0);
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

SmallVector<Value>
mlir::fisher::buildPointwiseLoop(OpBuilder &builder, Operation *op,
                                 ValueRange inputs, ArrayRef<Type> results,
                                 bool sum, PointwiseFormula formula) {
  Location loc = op->getLoc();
  assertSameSizes(builder, op, inputs);
  int64_t rank = getBeliefType(op).getComponentType().getRank();
  AffineMap identity = builder.getMultiDimIdentityMap(rank);
  SmallVector<AffineMap> maps(inputs.size(), identity);
  SmallVector<Value> outputs;
  if (sum) {
    outputs.push_back(createZeroSum(builder, loc));
    maps.push_back(AffineMap::get(rank, 0, builder.getContext()));
  }
  for (Type result : results) {
    outputs.push_back(createEmpty(builder, loc, cast<RankedTensorType>(result),
                                  inputs.front()));
    maps.push_back(identity);
  }
  SmallVector<utils::IteratorType> iterators(
      rank,
      sum ? utils::IteratorType::reduction : utils::IteratorType::parallel);

  FloatType computeType = getComputeType(op);
  auto body = [&](OpBuilder &nested, Location bodyLoc, ValueRange elements) {
    // The conversion does not hear of the formula's operations: they are legal,
    // and to look at each would cost as much time as to make them.
    FormulaBuilder b(bodyLoc, bodyLoc.getContext());
    b.setInsertionPointToEnd(nested.getInsertionBlock());
    SmallVector<Scalar> in;
    for (Value element : elements.take_front(inputs.size()))
      in.emplace_back(b, castFloat(b, bodyLoc, element, computeType));
    SmallVector<Value> out;
    for (auto [value, output] :
         llvm::zip_equal(formula(b, in), elements.drop_front(inputs.size())))
      out.push_back(castFloat(b, bodyLoc, value, output.getType()));
    if (sum)
      out[0] = arith::AddFOp::create(b, elements[inputs.size()], out[0]);
    linalg::YieldOp::create(b, out);
  };
  auto generic =
      linalg::GenericOp::create(builder, loc, ValueRange(outputs).getTypes(),
                                inputs, outputs, maps, iterators, body);
  return SmallVector<Value>(generic.getResults());
}

namespace {
/// The part of a tensor with batch and event dimensions, or with batch
/// dimensions alone, that belongs to one distribution.
struct EventSlice {
  SmallVector<OpFoldResult> offsets, sizes, strides;
  RankedTensorType type;

  EventSlice(OpBuilder &builder, Location loc, Value tensor,
             ValueRange distribution) {
    auto whole = cast<RankedTensorType>(tensor.getType());
    int64_t batchRank = distribution.size();
    strides.assign(whole.getRank(), builder.getIndexAttr(1));
    offsets.assign(distribution.begin(), distribution.end());
    offsets.append(whole.getRank() - batchRank, builder.getIndexAttr(0));
    sizes.assign(batchRank, builder.getIndexAttr(1));
    for (int64_t i = batchRank, e = whole.getRank(); i != e; ++i)
      sizes.push_back(tensor::getMixedSize(builder, loc, tensor, i));
    type = RankedTensorType::get(whole.getShape().drop_front(batchRank),
                                 whole.getElementType());
  }
};
} // namespace

/// What a formula returned, a number or a tensor of the compute type, as a
/// tensor of the type that is stored.
static Value asStored(FormulaBuilder &b, Value value, RankedTensorType type) {
  if (!isa<RankedTensorType>(value.getType()))
    return tensor::FromElementsOp::create(
        b, type, castFloat(b, b.getLoc(), value, type.getElementType()));
  if (getElementTypeOrSelf(value.getType()) == type.getElementType())
    return value;
  Value empty = createEmpty(b, b.getLoc(), type, value);
  SmallVector<AffineMap> maps(2, b.getMultiDimIdentityMap(type.getRank()));
  SmallVector<utils::IteratorType> iterators(type.getRank(),
                                             utils::IteratorType::parallel);
  auto cast = linalg::GenericOp::create(
      b, TypeRange(type), value, empty, maps, iterators,
      [&](OpBuilder &nested, Location loc, ValueRange elements) {
        linalg::YieldOp::create(
            nested, loc,
            castFloat(nested, loc, elements[0], type.getElementType()));
      });
  return cast.getResult(0);
}

//===----------------------------------------------------------------------===//
// Distributions side by side
//===----------------------------------------------------------------------===//

/// With more outcomes, rearranging them is longer than what is saved.
static constexpr int64_t maxLaneOutcomes = 32;
/// Two registers at once hide how long each operation takes.
static constexpr int64_t numLaneRegisters = 2;

/// How many distributions of `type` share vectors of so many bits; one, if each
/// is better off alone. The order of the sums over outcomes depends on it, so
/// it must not depend on how many distributions there are.
static int64_t getNumLanes(BeliefType type, FloatType computeType,
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

/// The loop over blocks of distributions, `lanes` each.
static SmallVector<Value> buildLaneLoop(FormulaBuilder &b, ValueRange inputs,
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

//===----------------------------------------------------------------------===//
// Loops over distributions with event dimensions
//===----------------------------------------------------------------------===//

/// The mapping of a loop of some dimensions to blocks, of which there are names
/// for ten.
static std::optional<ArrayAttr> mapToBlocks(OpBuilder &b, size_t rank) {
  if (rank > 10)
    return std::nullopt;
  SmallVector<Attribute> ids;
  for (size_t i = 0; i != rank; ++i)
    ids.push_back(gpu::GPUBlockMappingAttr::get(
        b.getContext(),
        static_cast<gpu::MappingId>(
            static_cast<size_t>(gpu::MappingId::LinearDim0) + i)));
  return b.getArrayAttr(ids);
}

SmallVector<Value>
mlir::fisher::buildEventLoop(OpBuilder &builder, Operation *op,
                             ValueRange inputs, ArrayRef<Type> results,
                             bool sum, EventLoopOptions options,
                             EventFormula formula) {
  FormulaBuilder b(op->getLoc(), builder);
  assertSameSizes(b, op, inputs);
  BeliefType type = getBeliefType(op);
  FloatType computeType = getComputeType(op);
  SmallVector<Type> types(results);
  if (sum)
    types.insert(types.begin(), type.getBatchType());

  // The results for one distribution.
  auto evaluate = [&](ValueRange distribution) {
    SmallVector<EventArray> arrays;
    for (Value input : inputs) {
      EventSlice slice(b, b.getLoc(), input, distribution);
      Value event = tensor::ExtractSliceOp::create(
          b, slice.type, input, slice.offsets, slice.sizes, slice.strides);
      arrays.emplace_back(b, event, computeType);
    }
    SmallVector<Value> stored;
    for (auto [value, result] : llvm::zip_equal(formula(b, arrays), types)) {
      auto whole = cast<RankedTensorType>(result);
      stored.push_back(
          asStored(b, value,
                   RankedTensorType::get(
                       whole.getShape().drop_front(distribution.size()),
                       whole.getElementType())));
    }
    return stored;
  };

  int64_t batchRank = type.getBatchType().getRank();
  int64_t lanes = getNumLanes(type, computeType, options.vectorBits);
  SmallVector<Value> values;
  if (lanes > 1) {
    SmallVector<Value> rows, rowOutputs;
    for (Value input : inputs)
      rows.push_back(putInRow(b, b.getLoc(), input, batchRank));
    for (Type result : types)
      rowOutputs.push_back(createEmpty(
          b, b.getLoc(), getRowType(cast<RankedTensorType>(result), batchRank),
          rows.front()));
    for (auto [row, result] : llvm::zip_equal(
             buildLaneLoop(b, rows, rowOutputs, lanes, computeType, formula),
             types))
      values.push_back(takeFromRow(b, b.getLoc(), row,
                                   cast<RankedTensorType>(result),
                                   inputs.front(), batchRank));
  } else if (batchRank == 0 && !options.mapDistributions) {
    values = evaluate({});
  } else {
    SmallVector<Value> outputs;
    for (Type result : types)
      outputs.push_back(createEmpty(
          b, b.getLoc(), cast<RankedTensorType>(result), inputs.front()));
    SmallVector<OpFoldResult> bounds;
    for (int64_t i = 0; i != batchRank; ++i)
      bounds.push_back(tensor::getMixedSize(b, b.getLoc(), inputs.front(), i));
    if (batchRank == 0)
      bounds.push_back(b.getIndexAttr(1));
    auto forall = scf::ForallOp::create(
        b, bounds, outputs,
        options.mapDistributions ? mapToBlocks(b, bounds.size()) : std::nullopt,
        [&](OpBuilder &nested, Location, ValueRange arguments) {
          OpBuilder::InsertionGuard guard(b);
          b.setInsertionPointToEnd(nested.getInsertionBlock());
          ValueRange distribution = arguments.take_front(batchRank);
          ValueRange into = arguments.drop_front(bounds.size());
          SmallVector<Value> stored = evaluate(distribution);
          SmallVector<EventSlice> slices;
          for (Value output : into)
            slices.emplace_back(b, b.getLoc(), output, distribution);
          auto terminator = scf::InParallelOp::create(b);
          b.setInsertionPointToStart(terminator.getBody());
          for (auto [value, output, slice] :
               llvm::zip_equal(stored, into, slices))
            tensor::ParallelInsertSliceOp::create(
                b, value, output, slice.offsets, slice.sizes, slice.strides);
        });
    values.assign(forall.result_begin(), forall.result_end());
  }
  if (sum)
    values[0] = buildSum(b, b.getLoc(), values[0]);
  return values;
}
