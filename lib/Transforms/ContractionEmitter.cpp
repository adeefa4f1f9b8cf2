//===- ContractionEmitter.cpp - Blocks of a matrix product ----------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ContractionEmitter.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;
using namespace mlir::fisher;

ContractionEmitter::ContractionEmitter(linalg::LinalgOp op,
                                       ContractionDims dims, int64_t vectorBits)
    : op(op), dims(std::move(dims)), b(op.getLoc(), op) {
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  left = {op.getDpsInputs()[0], maps[0]};
  right = {op.getDpsInputs()[1], maps[1]};
  out = {op.getDpsInits()[0], maps[2]};

  // Vectors lie along the result's rows.
  unsigned last = out.map.getDimPosition(out.map.getNumResults() - 1);
  if (llvm::is_contained(this->dims.m, last)) {
    std::swap(left, right);
    std::swap(this->dims.m, this->dims.n);
  }
  n = last;

  auto element = cast<FloatType>(out.getType().getElementType());
  sumType = element.getWidth() < 32 ? b.getF32Type() : element;

  auto take = [](SmallVector<unsigned> &from, unsigned dim) {
    llvm::erase(from, dim);
    return dim;
  };
  take(this->dims.n, n);
  auto preferLarge = [&](ArrayRef<unsigned> from,
                         ArrayRef<Operand> operands) -> unsigned {
    auto rank = [&](unsigned dim) {
      // A dynamic size is thought to be large. What fills a vector is better if
      // it is contiguous than if it is larger.
      constexpr int64_t large = int64_t(1) << 32, enough = 16;
      int64_t size = getStaticSize(dim);
      if (ShapedType::isDynamic(size))
        size = large;
      bool contiguous = llvm::any_of(operands, [&](const Operand &operand) {
        return operand.isContiguous(dim);
      });
      return std::tuple(std::min(size, enough), contiguous, size);
    };
    return *llvm::max_element(
        from, [&](unsigned x, unsigned y) { return rank(x) < rank(y); });
  };
  k = take(this->dims.k, preferLarge(this->dims.k, {left, right}));
  if (!this->dims.m.empty())
    m = take(this->dims.m, preferLarge(this->dims.m, {left}));
  chooseTiling(vectorBits);
  chooseInnerRows();
}

LogicalResult ContractionEmitter::check() const {
  return success(!llvm::is_contained(dims.batch, n) && out.isContiguous(n));
}

//===----------------------------------------------------------------------===//
// Pieces
//===----------------------------------------------------------------------===//

void ContractionEmitter::loop(Value end, int64_t step,
                              function_ref<void(Value)> body) {
  auto loop = scf::ForOp::create(b, constant(0), end, constant(step));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  body(loop.getInductionVar());
}

void ContractionEmitter::nest(ArrayRef<unsigned> dims,
                              function_ref<void()> body) {
  if (dims.empty())
    return body();
  loop(getSize(dims.front()), 1, [&](Value index) {
    position[dims.front()] = index;
    nest(dims.drop_front(), body);
  });
}

int64_t ContractionEmitter::getStaticSize(std::optional<unsigned> dim) const {
  for (const Operand &operand : {left, right, out})
    for (auto [index, result] : llvm::enumerate(operand.map.getResults()))
      if (auto expr = dyn_cast<AffineDimExpr>(result);
          expr && expr.getPosition() == *dim &&
          !operand.getType().isDynamicDim(index))
        return operand.getType().getDimSize(index);
  return ShapedType::kDynamic;
}

Value ContractionEmitter::getSize(unsigned dim) { return sizes[dim]; }

SmallVector<Value> ContractionEmitter::getIndices(const Operand &operand) {
  return llvm::map_to_vector(operand.map.getResults(), [&](AffineExpr expr) {
    // Only the loops that an index is of have a position yet.
    SmallVector<Value> operands;
    SmallVector<AffineExpr> renamed(position.size(), d(0));
    for (unsigned dim = 0; dim != position.size(); ++dim) {
      if (!expr.isFunctionOfDim(dim))
        continue;
      renamed[dim] = d(operands.size());
      operands.push_back(position[dim]);
    }
    return apply(expr.replaceDims(renamed), operands);
  });
}

Value ContractionEmitter::extend(Value value) {
  if (getElementTypeOrSelf(value.getType()) == sumType)
    return value;
  Type type = sumType;
  if (auto vector = dyn_cast<VectorType>(value.getType()))
    type = vector.clone(sumType);
  return arith::ExtFOp::create(b, type, value);
}

Value ContractionEmitter::loadScalar(const Operand &operand) {
  return extend(memref::LoadOp::create(b, operand.buffer, getIndices(operand)));
}

/// The vector from the current position on, with zeros where the mask, if
/// there is one, is not set.
Value ContractionEmitter::loadVector(const Operand &operand, Value mask) {
  VectorType type = getVectorType(operand.getType().getElementType());
  SmallVector<Value> indices = getIndices(operand);
  if (!mask)
    return extend(vector::LoadOp::create(b, type, operand.buffer, indices));
  return extend(vector::MaskedLoadOp::create(b, type, operand.buffer, indices,
                                             mask, getZero(type)));
}

void ContractionEmitter::storeVector(Value vector, Value buffer,
                                     ValueRange indices, Value mask) {
  Type element = cast<MemRefType>(buffer.getType()).getElementType();
  if (element != sumType)
    vector = arith::TruncFOp::create(b, getVectorType(element), vector);
  if (mask)
    vector::MaskedStoreOp::create(b, buffer, indices, mask, vector);
  else
    vector::StoreOp::create(b, vector, buffer, indices);
}

/// Sets the lanes that are before `remaining` if the first is at `offset`.
Value ContractionEmitter::getMask(Value remaining, int64_t offset) {
  return vector::CreateMaskOp::create(b, getVectorType(b.getI1Type()),
                                      ValueRange{add(remaining, -offset)});
}

Value ContractionEmitter::allocate(int64_t count) {
  constexpr int64_t cacheLine = 64;
  return memref::AllocOp::create(b, MemRefType::get({count}, sumType),
                                 b.getI64IntegerAttr(cacheLine));
}

/// Whether no other value that is a buffer of its own is in the same memory: an
/// argument that a function writes is not another one.
static bool isDistinct(Value buffer) {
  if (auto argument = dyn_cast<BlockArgument>(buffer))
    return isa<FunctionOpInterface>(argument.getOwner()->getParentOp());
  return isa<memref::AllocOp>(buffer.getDefiningOp());
}

/// The last operation before `op`, in its block, that uses `buffer` under any
/// name; null if there is none, or a name could be hidden.
static Operation *findPreviousUse(Operation *op, Value buffer) {
  Operation *previous = nullptr;
  SmallVector<Value> names = {buffer};
  while (!names.empty())
    for (Operation *user : names.pop_back_val().getUsers()) {
      if (isa<ViewLikeOpInterface>(user)) {
        llvm::append_range(names, user->getResults());
        continue;
      }
      Operation *use = op->getBlock()->findAncestorOpInBlock(*user);
      if (!use ||
          llvm::any_of(user->getResultTypes(), llvm::IsaPred<BaseMemRefType>))
        return nullptr;
      if (use->isBeforeInBlock(op) &&
          (!previous || previous->isBeforeInBlock(use)))
        previous = use;
    }
  return previous;
}

/// If the result was only just filled with zeros and is summed at once, these
/// need not be written and read.
void ContractionEmitter::takeFill() {
  int64_t depth = getStaticSize(k);
  Value whole = getWhole(out.buffer);
  if (ShapedType::isDynamic(depth) || depth > tiling.depth || !dims.k.empty() ||
      !isDistinct(whole))
    return;
  auto fill = dyn_cast_if_present<linalg::FillOp>(findPreviousUse(op, whole));
  if (!fill || getWhole(fill.getOutputs()[0]) != whole ||
      !matchPattern(fill.getInputs()[0], m_AnyZeroFloat()))
    return;
  startsFromZero = true;
  fill->erase();
}

//===----------------------------------------------------------------------===//
// The blocks of the result
//===----------------------------------------------------------------------===//

void ContractionEmitter::emit() {
  takeFill();
  position.resize(op.getNumLoops());
  sizes.resize(op.getNumLoops());
  for (const Operand &operand : {out, left, right})
    for (auto [index, result] : llvm::enumerate(operand.map.getResults()))
      if (auto dim = dyn_cast<AffineDimExpr>(result);
          dim && !sizes[dim.getPosition()])
        sizes[dim.getPosition()] =
            memref::DimOp::create(b, operand.buffer, index).getResult();
  rowSize = m ? getSize(*m) : constant(1);

  // Threads take batches, what rows and columns are in blocks of, and blocks.
  SmallVector<unsigned> outer = dims.batch;
  llvm::append_range(outer, dims.m);
  llvm::append_range(outer, dims.n);
  SmallVector<Value> counts =
      llvm::map_to_vector(outer, [&](unsigned dim) { return getSize(dim); });
  counts.push_back(ceilDiv(rowSize, tiling.blockRows));
  counts.push_back(ceilDiv(getSize(n), tiling.blockColumns));

  auto block = [&](ValueRange indices) {
    for (auto [dim, index] : llvm::zip(outer, indices))
      position[dim] = index;
    indices = indices.drop_front(outer.size());
    rowStart = apply(d(0) * tiling.blockRows, {indices[0]});
    columnStart = apply(d(0) * tiling.blockColumns, {indices[1]});
    rowCount = min(sub(rowSize, rowStart), constant(tiling.blockRows));
    columnCount =
        min(sub(getSize(n), columnStart), constant(tiling.blockColumns));
    emitBlock();
  };
  auto isOne = [](Value value) { return matchPattern(value, m_One()); };
  if (!isParallel || llvm::all_of(counts, isOne)) {
    SmallVector<Value> indices;
    std::function<void()> nested = [&] {
      if (indices.size() == counts.size())
        return block(indices);
      loop(counts[indices.size()], 1, [&](Value index) {
        indices.push_back(index);
        nested();
        indices.pop_back();
      });
    };
    nested();
  } else {
    auto forall =
        scf::ForallOp::create(b, getAsOpFoldResult(counts), /*outputs=*/{},
                              /*mapping=*/std::nullopt);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(forall.getBody());
    block(forall.getInductionVars());
  }
  op->erase();
}

void ContractionEmitter::emitBlock() {
  SmallVector<Value> buffers;
  auto allocateIf = [&](bool needed, int64_t count) -> Value {
    return needed ? buffers.emplace_back(allocate(count)) : Value();
  };
  leftPanels = allocateIf(packsLeft, tiling.blockRows / tiling.rows *
                                         tiling.getLeftPanelSize());
  // Vectors may be stored beyond the last panel.
  rightPanels = allocateIf(packsRight,
                           tiling.blockColumns * (tiling.depth + tiling.lanes));
  sums = allocateIf(out.getType().getElementType() != sumType,
                    tiling.blockRows * tiling.blockColumns);
  if (sums)
    copyBlock(/*back=*/false);
  nest(dims.k, [&] {
    auto sum = [&](Value index) {
      depthStart = index;
      depthCount = min(sub(getSize(k), index), constant(tiling.depth));
      panelDepth = depthCount;
      for (unsigned dim : innerDepth)
        panelDepth = apply(d(0) * getStaticSize(dim), {panelDepth});
      emitSum();
    };
    int64_t depth = getStaticSize(k);
    if (!ShapedType::isDynamic(depth) && depth <= tiling.depth)
      sum(constant(0)); // Runs for an empty sum too.
    else
      loop(getSize(k), tiling.depth, sum);
  });
  if (sums)
    copyBlock(/*back=*/true);
  for (Value buffer : buffers)
    memref::DeallocOp::create(b, buffer);
}

/// Copies the block of the result into the buffer of sums, or back.
void ContractionEmitter::copyBlock(bool back) {
  if (!back && startsFromZero)
    return;
  loop(rowCount, 1, [&](Value row) {
    loop(columnCount, tiling.lanes, [&](Value column) {
      Value mask = getMask(sub(columnCount, column), 0);
      setRow(add(rowStart, row));
      position[n] = add(columnStart, column);
      Value index = apply(d(0) * tiling.blockColumns + d(1), {row, column});
      if (back)
        storeVector(vector::LoadOp::create(b, getVectorType(sumType), sums,
                                           ValueRange{index}),
                    out.buffer, getIndices(out), mask);
      else
        storeVector(loadVector(out, mask), sums, index, /*mask=*/{});
    });
  });
}

void ContractionEmitter::emitSum() {
  if (packsRight)
    packRight();
  nest(innerRows, [&] {
    if (packsLeft)
      packLeft();
    emitTiles();
  });
}
