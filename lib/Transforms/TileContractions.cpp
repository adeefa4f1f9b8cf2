//===- TileContractions.cpp - Matrix products for registers and caches ----===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A contraction becomes the loops of Goto and van de Geijn (Anatomy of
// High-Performance Matrix Multiplication, 2008): blocks of the result, which
// are independent; in each, blocks of the sum; for these the operands are
// packed in panels that the innermost loop reads from end to end, and holds a
// tile of the result in registers.
//
//===----------------------------------------------------------------------===//

#include "fisher/Transforms/Contractions.h"
#include "fisher/Transforms/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::fisher {
#define GEN_PASS_DEF_FISHERTILECONTRACTIONS
#include "fisher/Transforms/Passes.h.inc"
} // namespace mlir::fisher

using namespace mlir;
using namespace mlir::fisher;

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

namespace {
/// How a contraction is cut: a tile of `rows` x `vectors` vectors is held in
/// registers; a block of the result has `blockRows` x `blockColumns` elements,
/// and `depth` elements are summed at once.
struct Tiling {
  int64_t rows, vectors, lanes;
  int64_t blockRows, blockColumns, depth;
  /// Of the columns of a tile along the depth.
  int64_t columnsAtOnce;

  int64_t getColumns() const { return vectors * lanes; }
  /// With room for a vector beyond the last row.
  int64_t getLeftPanelSize() const { return rows * depth + lanes; }
};
} // namespace

/// Two fused multiply-adds start in each cycle and take four.
static constexpr int64_t accumulatorsInFlight = 8;
/// The panel of the right operand is read again for each tile. It comes from
/// the second-level cache, fast enough for the arithmetic: the longer a sum is,
/// the more seldom is the result read and written.
static constexpr int64_t panelBytes = 128 << 10;
/// Of a packed row; with both operands' panels a block takes most of 1 MB.
static constexpr int64_t maxDepthBytes = 2048;
static constexpr int64_t maxBlockRows = 192, maxBlockColumns = 256;
/// Below this many multiplications nothing is gained by threads.
static constexpr int64_t minParallelWork = 1 << 19;
/// An operand that fits into half of the first-level cache is not packed.
static constexpr int64_t maxDirectBytes = 16 << 10;
/// A right operand that would have to be transposed for so few rows is read
/// along the depth, if the sums are as long as that for each of them: it takes
/// time to add the lanes.
static constexpr int64_t maxRowsAlongDepth = 8, minDepthForRow = 32;

/// Cuts `size` into equal blocks of at most `maximum`, in multiples of `unit`.
static int64_t balance(int64_t size, int64_t maximum, int64_t unit) {
  maximum = std::max(maximum / unit, int64_t(1)) * unit;
  if (ShapedType::isDynamic(size))
    return maximum;
  int64_t blocks = std::max(llvm::divideCeil(size, maximum), uint64_t(1));
  return std::max(int64_t(llvm::alignTo(llvm::divideCeil(size, blocks), unit)),
                  unit);
}

/// The tile that takes the fewest cycles for an m x n result, edges included.
static void chooseTile(Tiling &tiling, int64_t m, int64_t n,
                       int64_t registers) {
  constexpr int64_t large = 1 << 12;
  m = ShapedType::isDynamic(m) ? large : std::max(m, int64_t(1));
  n = ShapedType::isDynamic(n) ? large : std::max(n, int64_t(1));
  double best = std::numeric_limits<double>::max();
  for (int64_t vectors = 1; vectors <= 8; ++vectors) {
    // The accumulators, a row of the right operand and one broadcast.
    int64_t maxRows = (registers - 1 - vectors) / vectors;
    for (int64_t rows = 1; rows <= maxRows; ++rows) {
      double tiles = double(llvm::divideCeil(m, rows)) *
                     double(llvm::divideCeil(n, vectors * tiling.lanes));
      // Loads beside the arithmetic are cheap, not free.
      double cycles =
          std::max({rows * vectors, rows + vectors, accumulatorsInFlight}) +
          0.1 * double(rows + vectors);
      if (tiles * cycles < best) {
        best = tiles * cycles;
        tiling.rows = rows;
        tiling.vectors = vectors;
      }
    }
  }
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

namespace {
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

/// Writes the loops of one contraction.
class Emitter {
public:
  Emitter(linalg::LinalgOp op, ContractionDims dims, int64_t vectorBits);

  /// Fails where the result's rows are not contiguous.
  LogicalResult check() const;
  void emit();

private:
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
} // namespace

Emitter::Emitter(linalg::LinalgOp op, ContractionDims dims, int64_t vectorBits)
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

LogicalResult Emitter::check() const {
  return success(!llvm::is_contained(dims.batch, n) && out.isContiguous(n));
}

/// Whether the right operand would be transposed for little.
bool Emitter::prefersDepth() const {
  int64_t rows = m ? getStaticSize(m) : 1, depth = getStaticSize(k);
  return left.isContiguous(k) && right.isContiguous(k) &&
         !right.isContiguous(n) && dims.m.empty() &&
         !ShapedType::isDynamic(rows) && rows <= maxRowsAlongDepth &&
         (ShapedType::isDynamic(depth) || depth >= rows * minDepthForRow);
}

/// A tile has a vector of columns.
void Emitter::chooseDepthTiling(int64_t registers) {
  constexpr int64_t maxRows = 3, maxDepth = 1 << 13, maxColumns = 64;
  int64_t rows = m ? std::max(getStaticSize(m), int64_t(1)) : 1;
  tiling.vectors = 1;
  tiling.rows = llvm::divideCeil(rows, llvm::divideCeil(rows, maxRows));
  tiling.columnsAtOnce = std::min(tiling.lanes, registers / 4);
  tiling.depth = balance(getStaticSize(k), maxDepth, tiling.lanes);
  tiling.blockRows = balance(rows, maxBlockRows, tiling.rows);
  tiling.blockColumns = balance(getStaticSize(n), maxColumns, tiling.lanes);
  packsLeft = packsRight = false;
}

void Emitter::chooseTiling(int64_t vectorBits) {
  int64_t bytes = sumType.getIntOrFloatBitWidth() / 8;
  int64_t rows = m ? getStaticSize(m) : 1, columns = getStaticSize(n),
          depth = getStaticSize(k);
  tiling.lanes = std::max<int64_t>(vectorBits / 8 / bytes, 2);
  int64_t registers = vectorBits >= 512 ? 32 : 16;
  chooseTile(tiling, rows, columns, registers);
  int64_t depthThatFits =
      std::min(panelBytes / tiling.getColumns(), maxDepthBytes) / bytes;
  depth = chooseInnerDepth(depth, depthThatFits);
  tiling.depth = balance(depth, depthThatFits, tiling.lanes);
  tiling.blockRows = balance(rows, maxBlockRows, tiling.rows);
  tiling.blockColumns = balance(columns, maxBlockColumns, tiling.getColumns());

  auto known = [](int64_t size) { return !ShapedType::isDynamic(size); };
  int64_t work = 1;
  for (unsigned dim = 0, e = op.getNumLoops(); dim != e; ++dim)
    work = known(getStaticSize(dim)) && work < minParallelWork
               ? work * getStaticSize(dim)
               : minParallelWork;
  isParallel = work >= minParallelWork;
  isAlongDepth = prefersDepth();
  if (isAlongDepth) {
    chooseDepthTiling(registers);
    return;
  }

  chooseBlocksForThreads();

  // A panel that is read once or twice is not worth a copy, nor is one that
  // would be the same again.
  auto isSmall = [&](const Operand &operand) {
    return operand.getType().hasStaticShape() &&
           operand.getType().getNumElements() * bytes <= maxDirectBytes;
  };
  auto isNarrow = [&](const Operand &operand) {
    return operand.getType().getElementType() != sumType;
  };
  packsLeft = isNarrow(left) || !innerDepth.empty() ||
              !(isSmall(left) ||
                (known(columns) && columns <= 2 * tiling.getColumns()));
  packsRight = isNarrow(right) || !innerDepth.empty() ||
               !right.isContiguous(n) ||
               !(isSmall(right) || (known(rows) && rows <= 2 * tiling.rows) ||
                 (known(columns) && columns <= tiling.getColumns()));
  int64_t run = getStaticSize(k);
  leftByRows = !left.isContiguous(m) ||
               (left.isContiguous(k) && (!known(run) || run >= tiling.lanes));
}

/// Rows are in smaller blocks where there are few blocks for threads.
void Emitter::chooseBlocksForThreads() {
  constexpr int64_t minBlocks = 4;
  int64_t rows = m ? getStaticSize(m) : 1, columns = getStaticSize(n);
  if (!isParallel || ShapedType::isDynamic(rows) ||
      ShapedType::isDynamic(columns))
    return;
  int64_t others = llvm::divideCeil(columns, tiling.blockColumns);
  for (ArrayRef<unsigned> outer : {dims.batch, dims.m, dims.n})
    for (unsigned dim : outer) {
      if (ShapedType::isDynamic(getStaticSize(dim)))
        return;
      others *= std::max(getStaticSize(dim), int64_t(1));
    }
  int64_t rowBlocks = llvm::divideCeil(minBlocks, std::max(others, int64_t(1)));
  tiling.blockRows =
      std::min(tiling.blockRows,
               balance(rows, llvm::divideCeil(rows, rowBlocks), tiling.rows));
}

/// A filter of few channels sums over little in each of its loops, together
/// they are worth a tile. Returns the depth of all.
int64_t Emitter::chooseInnerDepth(int64_t depth, int64_t maximum) {
  constexpr int64_t enough = 64;
  while (!dims.k.empty() && !ShapedType::isDynamic(depth) && depth < enough) {
    int64_t size = getStaticSize(dims.k.back());
    if (ShapedType::isDynamic(size) || depth * size > maximum)
      break;
    depth *= size;
    innerDepth.insert(innerDepth.begin(), dims.k.pop_back_val());
  }
  return depth;
}

/// A convolution's rows are short. Unless they are needed to keep threads busy,
/// several make up a block.
void Emitter::chooseInnerRows() {
  constexpr int64_t minBlocks = 8;
  if (!packsRight || out.getType().getElementType() != sumType)
    return;
  int64_t blocks = 1;
  for (ArrayRef<unsigned> outer : {dims.batch, dims.m, dims.n})
    for (unsigned dim : outer) {
      if (ShapedType::isDynamic(getStaticSize(dim)))
        return;
      blocks *= std::max(getStaticSize(dim), int64_t(1));
    }
  int64_t rows = tiling.blockRows;
  while (!dims.m.empty() && rows < maxBlockRows) {
    int64_t size = std::max(getStaticSize(dims.m.back()), int64_t(1));
    if (blocks / size < minBlocks && isParallel)
      return;
    blocks /= size;
    rows *= size;
    innerRows.insert(innerRows.begin(), dims.m.pop_back_val());
  }
}

//===----------------------------------------------------------------------===//
// Pieces
//===----------------------------------------------------------------------===//

void Emitter::loop(Value end, int64_t step, function_ref<void(Value)> body) {
  auto loop = scf::ForOp::create(b, constant(0), end, constant(step));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  body(loop.getInductionVar());
}

void Emitter::nest(ArrayRef<unsigned> dims, function_ref<void()> body) {
  if (dims.empty())
    return body();
  loop(getSize(dims.front()), 1, [&](Value index) {
    position[dims.front()] = index;
    nest(dims.drop_front(), body);
  });
}

int64_t Emitter::getStaticSize(std::optional<unsigned> dim) const {
  for (const Operand &operand : {left, right, out})
    for (auto [index, result] : llvm::enumerate(operand.map.getResults()))
      if (auto expr = dyn_cast<AffineDimExpr>(result);
          expr && expr.getPosition() == *dim &&
          !operand.getType().isDynamicDim(index))
        return operand.getType().getDimSize(index);
  return ShapedType::kDynamic;
}

Value Emitter::getSize(unsigned dim) { return sizes[dim]; }

SmallVector<Value> Emitter::getIndices(const Operand &operand) {
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

Value Emitter::extend(Value value) {
  if (getElementTypeOrSelf(value.getType()) == sumType)
    return value;
  Type type = sumType;
  if (auto vector = dyn_cast<VectorType>(value.getType()))
    type = vector.clone(sumType);
  return arith::ExtFOp::create(b, type, value);
}

Value Emitter::loadScalar(const Operand &operand) {
  return extend(memref::LoadOp::create(b, operand.buffer, getIndices(operand)));
}

/// The vector from the current position on, with zeros where the mask, if
/// there is one, is not set.
Value Emitter::loadVector(const Operand &operand, Value mask) {
  VectorType type = getVectorType(operand.getType().getElementType());
  SmallVector<Value> indices = getIndices(operand);
  if (!mask)
    return extend(vector::LoadOp::create(b, type, operand.buffer, indices));
  return extend(vector::MaskedLoadOp::create(b, type, operand.buffer, indices,
                                             mask, getZero(type)));
}

void Emitter::storeVector(Value vector, Value buffer, ValueRange indices,
                          Value mask) {
  Type element = cast<MemRefType>(buffer.getType()).getElementType();
  if (element != sumType)
    vector = arith::TruncFOp::create(b, getVectorType(element), vector);
  if (mask)
    vector::MaskedStoreOp::create(b, buffer, indices, mask, vector);
  else
    vector::StoreOp::create(b, vector, buffer, indices);
}

/// Sets the lanes that are before `remaining` if the first is at `offset`.
Value Emitter::getMask(Value remaining, int64_t offset) {
  return vector::CreateMaskOp::create(b, getVectorType(b.getI1Type()),
                                      ValueRange{add(remaining, -offset)});
}

Value Emitter::allocate(int64_t count) {
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
void Emitter::takeFill() {
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

void Emitter::emit() {
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

void Emitter::emitBlock() {
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
void Emitter::copyBlock(bool back) {
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

void Emitter::emitSum() {
  if (packsRight)
    packRight();
  nest(innerRows, [&] {
    if (packsLeft)
      packLeft();
    emitTiles();
  });
}

//===----------------------------------------------------------------------===//
// Packing
//===----------------------------------------------------------------------===//

/// A loop over what is packed of a panel, given its index there and how much
/// there is of the run from it on. Runs follow each other: what a vector has
/// beyond one is overwritten by the next.
void Emitter::loopDepth(int64_t step, function_ref<void(Value, Value)> body) {
  nest(innerDepth, [&] {
    AffineExpr runs = b.getAffineConstantExpr(0);
    SmallVector<Value> operands;
    for (unsigned dim : innerDepth) {
      runs = runs * getStaticSize(dim) + d(operands.size());
      operands.push_back(position[dim]);
    }
    loop(depthCount, step, [&](Value depth) {
      position[k] = add(depthStart, depth);
      operands.push_back(depth);
      Value packed =
          innerDepth.empty()
              ? depth
              : apply(runs * getStaticSize(k) + d(operands.size() - 1),
                      operands);
      body(packed, sub(depthCount, depth));
    });
  });
}

/// Rows beyond the last repeat it; they are computed and not stored.
void Emitter::packLeft() {
  Value panels = ceilDiv(rowCount, tiling.rows);
  if (!leftByRows) {
    // Along the operand's rows, for all panels.
    loopDepth(1, [&](Value depth, Value) {
      loop(panels, 1, [&](Value panel) {
        Value first = apply(d(0) + d(1) * tiling.rows, {rowStart, panel});
        Value remaining = sub(rowSize, first);
        // What a vector has beyond the panel's rows is overwritten by the next
        // column, or is in the padding.
        for (int64_t lane = 0; lane < tiling.rows; lane += tiling.lanes) {
          setRow(add(first, lane));
          storeVector(loadVector(left, getMask(remaining, lane)), leftPanels,
                      apply(d(0) * tiling.getLeftPanelSize() +
                                d(1) * tiling.rows + lane,
                            {panel, depth}),
                      /*mask=*/{});
        }
      });
    });
    return;
  }
  Value last = add(rowSize, -1);
  bool contiguous = left.isContiguous(k);
  loop(panels, 1, [&](Value panel) {
    loop(constant(tiling.rows), 1, [&](Value row) {
      Value start = apply(
          d(0) * tiling.getLeftPanelSize() + d(1) * tiling.depth, {panel, row});
      setRow(
          min(apply(d(0) + d(1) * tiling.rows + d(2), {rowStart, panel, row}),
              last));
      loopDepth(
          contiguous ? tiling.lanes : 1, [&](Value depth, Value remaining) {
            Value index = add(start, depth);
            if (contiguous)
              storeVector(loadVector(left, getMask(remaining, 0)), leftPanels,
                          index, /*mask=*/{});
            else
              memref::StoreOp::create(b, loadScalar(left), leftPanels, index);
          });
    });
  });
}

void Emitter::packRight() {
  Value panels = ceilDiv(columnCount, tiling.getColumns());
  if (right.isContiguous(n)) {
    loopDepth(1, [&](Value depth, Value) {
      loop(panels, 1, [&](Value panel) {
        Value first =
            apply(d(0) + d(1) * tiling.getColumns(), {columnStart, panel});
        Value remaining = sub(getSize(n), first);
        for (int64_t vector = 0; vector != tiling.vectors; ++vector) {
          int64_t lane = vector * tiling.lanes;
          position[n] = add(first, lane);
          storeVector(loadVector(right, getMask(remaining, lane)), rightPanels,
                      apply(d(0) * (tiling.getColumns() * tiling.depth) +
                                d(1) * tiling.getColumns() + lane,
                            {panel, depth}),
                      /*mask=*/{});
        }
      });
    });
    return;
  }
  loop(panels, 1, [&](Value panel) {
    Value base = apply(d(0) * (tiling.getColumns() * tiling.depth), {panel});
    Value first =
        apply(d(0) + d(1) * tiling.getColumns(), {columnStart, panel});
    if (right.isContiguous(k)) {
      loop(constant(tiling.vectors), 1, [&](Value vector) {
        packTransposed(apply(d(0) + d(1) * tiling.lanes, {base, vector}),
                       apply(d(0) + d(1) * tiling.lanes, {first, vector}));
      });
      return;
    }
    Value last = add(getSize(n), -1);
    loopDepth(1, [&](Value depth, Value) {
      loop(constant(tiling.getColumns()), 1, [&](Value column) {
        position[n] = min(add(first, column), last);
        memref::StoreOp::create(b, loadScalar(right), rightPanels,
                                apply(d(0) + d(1) * tiling.getColumns() + d(2),
                                      {base, depth, column}));
      });
    });
  });
}

/// Packs a vector of columns whose elements are contiguous. Columns beyond the
/// last repeat it, as rows do.
void Emitter::packTransposed(Value base, Value column) {
  int64_t lanes = tiling.lanes;
  Value last = add(getSize(n), -1);
  SmallVector<Value> columns;
  for (int64_t lane = 0; lane != lanes; ++lane)
    columns.push_back(min(add(column, lane), last));
  loopDepth(lanes, [&](Value depth, Value remaining) {
    Value mask = getMask(remaining, 0);
    SmallVector<Value> vectors;
    for (Value column : columns) {
      position[n] = column;
      vectors.push_back(loadVector(right, mask));
    }
    // Each round merges vector i with vector i + lanes / 2, element by element:
    // it rotates the bits of (vector, lane) by one.
    SmallVector<int64_t> low, high;
    for (int64_t lane = 0; lane != lanes / 2; ++lane) {
      low.append({lane, lane + lanes});
      high.append({lane + lanes / 2, lane + lanes / 2 + lanes});
    }
    for (int64_t round = 1; round < lanes; round *= 2) {
      SmallVector<Value> merged;
      for (int64_t i = 0; i != lanes / 2; ++i)
        for (ArrayRef<int64_t> order : {low, high})
          merged.push_back(vector::ShuffleOp::create(
              b, vectors[i], vectors[i + lanes / 2], order));
      vectors = std::move(merged);
    }
    for (auto [row, vector] : llvm::enumerate(vectors))
      storeVector(
          vector, rightPanels,
          apply(d(0) + (d(1) + row) * tiling.getColumns(), {base, depth}),
          /*mask=*/{});
  });
}

//===----------------------------------------------------------------------===//
// Tiles in registers
//===----------------------------------------------------------------------===//

void Emitter::emitTiles() {
  loop(ceilDiv(columnCount, tiling.getColumns()), 1, [&](Value panel) {
    loop(ceilDiv(rowCount, tiling.rows), 1, [&](Value rowPanel) {
      emitResult(emitProducts(panel, rowPanel), panel, rowPanel);
    });
  });
}

/// The products of a tile's rows and columns, a vector for each row.
SmallVector<Value> Emitter::emitDots(Value panel, Value rowPanel) {
  Value lastRow = add(rowSize, -1), lastColumn = add(getSize(n), -1);
  SmallVector<Value> rows, columns;
  for (int64_t row = 0; row != tiling.rows; ++row)
    rows.push_back(min(
        apply(d(0) + d(1) * tiling.rows + row, {rowStart, rowPanel}), lastRow));
  for (int64_t column = 0; column != tiling.lanes; ++column)
    columns.push_back(
        min(apply(d(0) + d(1) * tiling.lanes + column, {columnStart, panel}),
            lastColumn));
  SmallVector<SmallVector<Value>> sums(tiling.rows);
  for (int64_t first = 0; first != tiling.lanes;
       first += tiling.columnsAtOnce) {
    SmallVector<Value> some = sumAlongDepth(
        rows, ArrayRef(columns).slice(first, tiling.columnsAtOnce));
    for (int64_t row = 0; row != tiling.rows; ++row)
      llvm::append_range(sums[row],
                         ArrayRef(some).slice(row * tiling.columnsAtOnce,
                                              tiling.columnsAtOnce));
  }
  return llvm::map_to_vector(sums, [&](ArrayRef<Value> row) {
    return addLanes(llvm::to_vector(row));
  });
}

/// For each row and column, a vector of sums along the depth.
SmallVector<Value> Emitter::sumAlongDepth(ArrayRef<Value> rows,
                                          ArrayRef<Value> columns) {
  auto accumulate = [&](Value depth, Value mask, ValueRange sums) {
    position[k] = add(depthStart, depth);
    SmallVector<Value> vectors, results;
    for (Value column : columns) {
      position[n] = column;
      vectors.push_back(loadVector(right, mask));
    }
    for (Value row : rows) {
      setRow(row);
      Value factor = loadVector(left, mask);
      for (Value vector : vectors)
        results.push_back(
            vector::FMAOp::create(b, factor, vector, sums[results.size()]));
    }
    return results;
  };
  SmallVector<Value> zeros(rows.size() * columns.size(),
                           getZero(getVectorType(sumType)));
  Value whole = apply(d(0).floorDiv(tiling.lanes) * tiling.lanes, {depthCount});
  auto loop =
      scf::ForOp::create(b, constant(0), whole, constant(tiling.lanes), zeros);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    scf::YieldOp::create(b, accumulate(loop.getInductionVar(), /*mask=*/{},
                                       loop.getRegionIterArgs()));
  }
  int64_t size = getStaticSize(k);
  if (!ShapedType::isDynamic(size) && size % tiling.lanes == 0)
    return SmallVector<Value>(loop.getResults());
  return accumulate(whole, getMask(sub(depthCount, whole), 0),
                    loop.getResults());
}

/// The vector of the sums of each vector's lanes: in each round, neighbours of
/// two vectors are added and make up one.
Value Emitter::addLanes(SmallVector<Value> sums) {
  SmallVector<int64_t> even, odd;
  for (int64_t lane = 0; lane != tiling.lanes; ++lane) {
    even.push_back(2 * lane);
    odd.push_back(2 * lane + 1);
  }
  while (sums.size() != 1) {
    SmallVector<Value> added;
    for (size_t i = 0; i != sums.size(); i += 2)
      added.push_back(arith::AddFOp::create(
          b, vector::ShuffleOp::create(b, sums[i], sums[i + 1], even),
          vector::ShuffleOp::create(b, sums[i], sums[i + 1], odd)));
    sums = std::move(added);
  }
  return sums.front();
}

SmallVector<Value> Emitter::emitProducts(Value panel, Value rowPanel) {
  if (isAlongDepth)
    return emitDots(panel, rowPanel);
  VectorType type = getVectorType(sumType);
  Value rightBase = apply(d(0) * (tiling.getColumns() * tiling.depth), {panel});
  Value leftBase = apply(d(0) * tiling.getLeftPanelSize(), {rowPanel});

  // Operands that are not packed: rows beyond the last repeat it, columns
  // beyond are masked.
  SmallVector<Value> rows, columns, masks(tiling.vectors);
  if (!packsLeft) {
    Value last = add(rowSize, -1);
    for (int64_t row = 0; row != tiling.rows; ++row)
      rows.push_back(min(
          apply(d(0) + d(1) * tiling.rows + row, {rowStart, rowPanel}), last));
  }
  if (!packsRight) {
    int64_t size = getStaticSize(n);
    bool whole =
        !ShapedType::isDynamic(size) && size % tiling.getColumns() == 0;
    for (int64_t vector = 0; vector != tiling.vectors; ++vector) {
      columns.push_back(
          apply(d(0) + d(1) * tiling.getColumns() + vector * tiling.lanes,
                {columnStart, panel}));
      if (!whole)
        masks[vector] = getMask(sub(getSize(n), columns.back()), 0);
    }
  }

  SmallVector<Value> zeros(tiling.rows * tiling.vectors, getZero(type));
  auto loop =
      scf::ForOp::create(b, constant(0), panelDepth, constant(1), zeros);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value depth = loop.getInductionVar();
  position[k] = add(depthStart, depth);
  SmallVector<Value> vectors;
  for (int64_t vector = 0; vector != tiling.vectors; ++vector) {
    if (packsRight) {
      vectors.push_back(vector::LoadOp::create(
          b, type, rightPanels,
          ValueRange{
              apply(d(0) + d(1) * tiling.getColumns() + vector * tiling.lanes,
                    {rightBase, depth})}));
      continue;
    }
    position[n] = columns[vector];
    vectors.push_back(loadVector(right, masks[vector]));
  }
  SmallVector<Value> results;
  for (int64_t row = 0; row != tiling.rows; ++row) {
    Value scalar;
    if (packsLeft) {
      AffineExpr offset =
          leftByRows ? d(1) + row * tiling.depth : d(1) * tiling.rows + row;
      scalar = memref::LoadOp::create(b, leftPanels,
                                      apply(d(0) + offset, {leftBase, depth}));
    } else {
      setRow(rows[row]);
      scalar = loadScalar(left);
    }
    Value broadcast = vector::BroadcastOp::create(b, type, scalar);
    for (Value vector : vectors)
      results.push_back(vector::FMAOp::create(
          b, broadcast, vector, loop.getRegionIterArg(results.size())));
  }
  scf::YieldOp::create(b, results);
  return SmallVector<Value>(loop.getResults());
}

/// Adds the sums of a tile to the result.
void Emitter::emitResult(ValueRange sums, Value panel, Value rowPanel) {
  Value row = apply(d(0) * tiling.rows, {rowPanel});
  Value column = apply(d(0) * tiling.getColumns(), {panel});
  auto updateRows = [&](bool whole) {
    Value remaining = whole ? Value() : sub(columnCount, column);
    for (int64_t i = 0; i != tiling.rows; ++i) {
      Value current = add(row, i);
      auto update = [&] {
        setRow(add(rowStart, current));
        ValueRange rowSums = sums.slice(i * tiling.vectors, tiling.vectors);
        if (this->sums)
          setRow(current);
        updateRow(rowSums, column, remaining);
      };
      if (whole) {
        update();
        continue;
      }
      Value inside = arith::CmpIOp::create(b, arith::CmpIPredicate::ult,
                                           current, rowCount);
      auto branch = scf::IfOp::create(b, inside, /*withElseRegion=*/false);
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(branch.thenBlock());
      update();
    }
  };
  // The buffer of sums has room for whole tiles.
  auto divides = [&](int64_t size, int64_t unit) {
    return !ShapedType::isDynamic(size) && size % unit == 0;
  };
  if (this->sums || (divides(m ? getStaticSize(m) : 1, tiling.rows) &&
                     divides(getStaticSize(n), tiling.getColumns())))
    return updateRows(/*whole=*/true);

  Value wholeRows = arith::CmpIOp::create(b, arith::CmpIPredicate::ule,
                                          add(row, tiling.rows), rowCount);
  Value wholeColumns =
      arith::CmpIOp::create(b, arith::CmpIPredicate::ule,
                            add(column, tiling.getColumns()), columnCount);
  auto branch =
      scf::IfOp::create(b, arith::AndIOp::create(b, wholeRows, wholeColumns),
                        /*withElseRegion=*/true);
  for (bool whole : {true, false}) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(whole ? branch.thenBlock() : branch.elseBlock());
    updateRows(whole);
  }
}

/// Adds a row of sums to the result, or to the buffer of sums, from the
/// block's column on. Only `remaining` elements are stored if it is given.
void Emitter::updateRow(ValueRange sums, Value column, Value remaining) {
  for (auto [vector, sum] : llvm::enumerate(sums)) {
    int64_t lane = vector * tiling.lanes;
    Value mask = remaining ? getMask(remaining, lane) : Value();
    Value buffer = out.buffer;
    SmallVector<Value> indices;
    if (this->sums) {
      buffer = this->sums;
      Value row = m ? position[*m] : constant(0);
      indices = {
          apply(d(0) * tiling.blockColumns + d(1) + lane, {row, column})};
    } else {
      position[n] = apply(d(0) + d(1) + lane, {columnStart, column});
      indices = getIndices(out);
    }
    Value result = sum;
    if (!startsFromZero) {
      VectorType type = getVectorType(sumType);
      Value old =
          mask ? vector::MaskedLoadOp::create(b, type, buffer, indices, mask,
                                              getZero(type))
                     .getResult()
               : vector::LoadOp::create(b, type, buffer, indices).getResult();
      result = arith::AddFOp::create(b, old, sum);
    }
    storeVector(result, buffer, indices, mask);
  }
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace {
struct TileContractions
    : fisher::impl::FisherTileContractionsBase<TileContractions> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<linalg::LinalgOp> ops;
    getOperation()->walk([&](linalg::LinalgOp op) { ops.push_back(op); });
    for (linalg::LinalgOp op : ops) {
      std::optional<ContractionDims> dims =
          op.hasPureBufferSemantics() ? matchContraction(op) : std::nullopt;
      if (!dims)
        continue;
      Emitter emitter(op, *dims, vectorBits);
      if (succeeded(emitter.check()))
        emitter.emit();
    }
  }
};
} // namespace
