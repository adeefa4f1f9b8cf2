//===- TileLoader.cpp - Pieces of a product's operands --------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TileLoader.h"

#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/SmallVectorExtras.h"

using namespace mlir;
using namespace mlir::fisher;
using namespace mlir::fisher::tiles;

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

/// By how many elements an index of a map moves with a loop.
static int64_t getCoefficient(AffineExpr expr, unsigned dim, unsigned numDims) {
  MLIRContext *context = expr.getContext();
  SmallVector<AffineExpr> at(numDims, getAffineConstantExpr(0, context));
  AffineExpr zero = expr.replaceDims(at);
  at[dim] = getAffineConstantExpr(1, context);
  return cast<AffineConstantExpr>(expr.replaceDims(at) - zero).getValue();
}

bool tiles::isContiguous(AffineMap map, MemRefType type, unsigned dim) {
  if (map.getNumResults() == 0 || !type.isLastDimUnitStride())
    return false;
  for (AffineExpr result : map.getResults().drop_back())
    if (result.isFunctionOfDim(dim))
      return false;
  return getCoefficient(map.getResults().back(), dim, map.getNumDims()) == 1;
}

bool tiles::moveContiguousLast(SmallVector<unsigned> &dims, AffineMap map,
                               MemRefType type) {
  for (unsigned dim : dims)
    if (isContiguous(map, type, dim)) {
      llvm::erase(dims, dim);
      dims.push_back(dim);
      return true;
    }
  return false;
}

Value tiles::getZero(IndexBuilder &b, Type type) {
  return arith::ConstantOp::create(b, b.getZeroAttr(type));
}

Value tiles::getElement(IndexBuilder &b, Value vector, int64_t i) {
  return vector::ExtractOp::create(b, vector, i);
}

Value tiles::getVector(IndexBuilder &b, ArrayRef<Value> elements) {
  return vector::FromElementsOp::create(
      b, VectorType::get(elements.size(), elements.front().getType()),
      elements);
}

Operand::Operand(IndexBuilder &b, Value buffer, AffineMap map) {
  auto type = cast<MemRefType>(buffer.getType());
  auto metadata = memref::ExtractStridedMetadataOp::create(b, buffer);
  auto get = [&](OpFoldResult value) {
    return getValueOrCreateConstantIndexOp(b, b.getLoc(), value);
  };
  offset = get(metadata.getConstifiedMixedOffset());
  SmallVector<Value> steps =
      llvm::map_to_vector(metadata.getConstifiedMixedStrides(), get);
  auto flatType =
      MemRefType::get(ShapedType::kDynamic, type.getElementType(),
                      MemRefLayoutAttrInterface(), type.getMemorySpace());
  // Addresses are checked by whoever takes them.
  Value unbounded = b.index(std::numeric_limits<int64_t>::max());
  flat = memref::ReinterpretCastOp::create(
      b, flatType, metadata.getBaseBuffer(), OpFoldResult(b.getIndexAttr(0)),
      {OpFoldResult(unbounded)}, {OpFoldResult(b.getIndexAttr(1))});
  SmallVector<AffineExpr> zero(map.getNumDims(), b.getAffineConstantExpr(0));
  for (auto [result, step] : llvm::zip_equal(map.getResults(), steps)) {
    auto first = cast<AffineConstantExpr>(result.replaceDims(zero)).getValue();
    offset = b.add(offset, b.multiply(b.index(first), step));
  }
  for (unsigned dim = 0; dim != map.getNumDims(); ++dim) {
    Value stride = b.index(0);
    for (auto [result, step] : llvm::zip_equal(map.getResults(), steps))
      if (result.isFunctionOfDim(dim))
        stride = b.add(
            stride,
            b.multiply(b.index(getCoefficient(result, dim, map.getNumDims())),
                       step));
    strides.push_back(stride);
    isUnit.push_back(isContiguous(map, type, dim));
  }
}

Value tiles::getMisalignment(IndexBuilder &b, const Operand &operand,
                             ArrayRef<const Group *> groups, const Group &inner,
                             int64_t lanes) {
  Value bytes = b.index(operand.getBytes());
  Value mask = b.index(lanes * operand.getBytes() - 1);
  SmallVector<Value> distances = {b.multiply(operand.offset, bytes),
                                  b.multiply(inner.sizes.back(), bytes)};
  for (const Group *group : groups)
    for (unsigned dim : group->dims)
      if (group != &inner || dim != inner.dims.back())
        distances.push_back(b.multiply(operand.strides[dim], bytes));
  Value bits = memref::ExtractAlignedPointerAsIndexOp::create(b, operand.flat);
  for (Value distance : distances) {
    Value remainder = b.createOrFold<arith::AndIOp>(distance, mask);
    if (getConstantIntValue(remainder).value_or(0) != 0)
      return remainder;
    bits = b.createOrFold<arith::OrIOp>(bits, distance);
  }
  return b.createOrFold<arith::AndIOp>(bits, mask);
}

//===----------------------------------------------------------------------===//
// Pieces of operands
//===----------------------------------------------------------------------===//

Loader::Loader(Kernel &kernel, Operand from, const Group &batch,
               const Group &group, const Group &steps, int64_t rows,
               int64_t depth, Type element, bool keepsLayout, int64_t number)
    : b(kernel.b), source(std::move(from)), batch(batch), group(group),
      steps(steps), rows(rows), depth(depth), blockSize(kernel.blockSize),
      thread(kernel.thread), element(element) {
  bool hasRuns = !group.dims.empty() && source.isUnit[group.dims.back()];
  isAlongDepth = !hasRuns;
  lanes = std::min(transferBytes / source.getBytes(),
                   rows * depth / kernel.blockSize);
  hasVectors = hasRuns || source.isUnit[steps.dims.back()];
  hasVectors &= getConstantIntValue(getMisalignment()).value_or(0) == 0;
  if (!hasVectors)
    lanes = 1;
  count = rows * depth / lanes / kernel.blockSize;
  isDepthMajor = !keepsLayout || !isAlongDepth;
  // Rows that are not a multiple of all banks apart, but still aligned.
  pitch = (isDepthMajor ? rows : depth) +
          transferBytes * 8 / element.getIntOrFloatBitWidth();
  shared = kernel.getWorkgroupBuffer(element, 2 * getSize(), number);
  int64_t perLine = (isAlongDepth ? depth : rows) / lanes;
  for (int64_t i = 0; i != count; ++i) {
    Value vector = b.add(kernel.thread, b.index(i * kernel.blockSize));
    Value line = b.divide(vector, b.index(perLine));
    Value inLine =
        b.multiply(b.createOrFold<arith::RemUIOp>(vector, b.index(perLine)),
                   b.index(lanes));
    row.push_back(isAlongDepth ? line : inLine);
    step.push_back(isAlongDepth ? inLine : line);
  }
}

Value Loader::getMisalignment() {
  if (!hasVectors)
    return b.index(0);
  return tiles::getMisalignment(b, source, {&batch, &group, &steps},
                                isAlongDepth ? steps : group, lanes);
}

void Loader::setTile(Value batchIndex, Value first) {
  firstRow = first;
  tileOffset = b.add(source.offset, batch.getOffset(b, source, batchIndex));
}

/// What is computed of rows that are not there is not stored.
SmallVector<Value> Loader::load(Value start) {
  SmallVector<Value> loaded;
  Value last = b.subtract(group.size, b.index(isAlongDepth ? 1 : lanes));
  for (int64_t i = 0; i != count; ++i) {
    Value address =
        getAddress(b.min(b.add(firstRow, row[i]), last), b.add(start, step[i]));
    if (hasVectors)
      loaded.push_back(vector::LoadOp::create(
          b, VectorType::get(lanes, source.getElement()), source.flat, address,
          /*nontemporal=*/false, llvm::MaybeAlign(lanes * source.getBytes())));
    else
      loaded.push_back(memref::LoadOp::create(b, source.flat, address));
  }
  return loaded;
}

void Loader::copyChecked(Value start, Value base) {
  // Two are on their way at once. LLVM does not know how often this runs, and
  // so unrolls no more, which would take registers of the sums.
  constexpr int64_t atOnce = 2;
  Value lastRow = b.subtract(group.size, b.index(1));
  Value lastStep = b.subtract(steps.size, b.index(1));
  b.loop(thread, b.index(rows * depth), b.index(atOnce * blockSize), {},
         [&](Value first, ValueRange) -> SmallVector<Value> {
           SmallVector<std::array<Value, 3>> elements;
           for (int64_t i = 0; i != atOnce; ++i) {
             SmallVector<Value> at =
                 delinearize(b, b.add(first, b.index(i * blockSize)),
                             {b.index(isAlongDepth ? rows : depth),
                              b.index(isAlongDepth ? depth : rows)});
             if (!isAlongDepth)
               std::swap(at[0], at[1]);
             Value step = b.add(start, at[1]);
             Value loaded = memref::LoadOp::create(
                 b, source.flat,
                 getAddress(b.min(b.add(firstRow, at[0]), lastRow),
                            b.min(step, lastStep)));
             loaded = b.createOrFold<arith::SelectOp>(
                 b.isLess(step, steps.size), loaded,
                 getZero(b, source.getElement()));
             elements.push_back({at[0], at[1], loaded});
           }
           for (auto [row, step, value] : elements)
             memref::StoreOp::create(b, convertTo(b, value, element), shared,
                                     getIndex(row, step, base));
           return {};
         });
}

void Loader::store(ValueRange loaded, Value base) {
  int64_t bytes = element.getIntOrFloatBitWidth() / 8;
  int64_t width =
      isAlongDepth == isDepthMajor ? 1 : std::min(lanes, transferBytes / bytes);
  for (int64_t i = 0; i != count; ++i) {
    SmallVector<Value> elements;
    for (int64_t lane = 0; lane != lanes; ++lane)
      elements.push_back(convertTo(
          b, hasVectors ? getElement(b, loaded[i], lane) : loaded[i], element));
    for (int64_t lane = 0; lane != lanes; lane += width) {
      Value offset = b.index(lane);
      Value at = isAlongDepth ? getIndex(row[i], b.add(step[i], offset), base)
                              : getIndex(b.add(row[i], offset), step[i], base);
      if (width == 1)
        memref::StoreOp::create(b, elements[lane], shared, at);
      else
        vector::StoreOp::create(
            b, getVector(b, ArrayRef(elements).slice(lane, width)), shared, at,
            /*nontemporal=*/false, llvm::MaybeAlign(width * bytes));
    }
  }
}
