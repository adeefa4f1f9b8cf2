//===- Loops.cpp - Loops over distributions -------------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Loops.h"
#include "EventSlice.h"
#include "LaneLoop.h"

#include "../Common/Formulas.h"

#include "fisher/IR/Fisher.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace mlir::fisher;

//===----------------------------------------------------------------------===//
// Types and sizes
//===----------------------------------------------------------------------===//

Value mlir::fisher::castFloat(OpBuilder &builder, Location loc, Value value,
                              Type type) {
  return convertFloat(builder, loc, value, cast<FloatType>(type));
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
    values =
        buildLaneLoop(b, inputs, types, batchRank, lanes, computeType, formula);
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
