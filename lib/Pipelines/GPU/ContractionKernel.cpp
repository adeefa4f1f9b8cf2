//===- ContractionKernel.cpp - Kernels of matrix products -----------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A block computes a tile of the result. Step by step along the depth, what is
// summed over, its threads bring a piece of each operand into the memory that
// they share, while they multiply the pieces before; the sums stay in
// registers. Loops of any number are three here, rows, columns and depth, and
// operands of any layout have an address for each row and for each step.
//
//===----------------------------------------------------------------------===//

#include "ContractionKernel.h"

#include "TileMultiplier.h"

#include "fisher/Transforms/Contractions.h"

#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/SmallVectorExtras.h"

using namespace mlir;
using namespace mlir::fisher;
using namespace mlir::fisher::tiles;
using linalg::GenericOp;

/// Fewer tiles than this leave too much of a device idle, so that smaller ones
/// are better; with the smallest, parts of the depth go to as many blocks.
static constexpr int64_t enoughTiles[] = {96, 128, 256};
/// From large to small: for f32, f64, and tensor cores.
static constexpr Tiling tilingsOfF32[] = {
    {128, 128, 8, 8, 8}, {64, 64, 16, 8, 4}, {32, 32, 32, 4, 4}};
static constexpr Tiling tilingsOfF64[] = {
    {64, 64, 16, 4, 4}, {64, 64, 16, 4, 4}, {32, 32, 32, 4, 4}};
static constexpr Tiling tilingsOfCores[] = {
    {128, 128, 32, 64, 32}, {64, 64, 32, 32, 32}, {32, 32, 64, 16, 16}};
/// Of a part of the depth, which has to be worth another kernel.
static constexpr int64_t minStepsOfPart = 4;
static constexpr int64_t maxParts = 64;

namespace {
class ContractionLauncher {
public:
  ContractionLauncher(GenericOp loop, HostCode &host, TypedAttr start);
  void run();

private:
  Value getSize(ArrayRef<unsigned> dims) {
    return getProduct(before, llvm::map_to_vector(dims, [&](unsigned dim) {
                        return sizes[dim];
                      }));
  }
  Group import(Kernel &kernel, ArrayRef<unsigned> dims);
  Operand import(Kernel &kernel, OpOperand *operand) {
    return Operand(kernel.b, kernel.import(operand->get()),
                   loop.getMatchingIndexingMap(operand));
  }
  Value getNumElements(IndexBuilder &at) {
    return at.multiply(numBatches, at.multiply(numRows, numColumns));
  }
  Value getNumTiles(IndexBuilder &at, const Tiling &tiling);
  ArrayRef<Tiling> getTilings() const;
  int64_t getFirstTiling() const;

  void choose(Operation *anchor, int64_t number);
  void launch(Operation *anchor, const Tiling &tiling, bool isSmallest);
  void buildKernel(Operation *anchor, const Tiling &tiling, Value parts,
                   Value partials);
  SmallVector<Value> buildSums(Kernel &kernel, Multiplier &multiplier,
                               Loader &left, Loader &right, const Group &steps,
                               const Tiling &tiling, Value first, Value last);
  void combineParts(Operation *anchor, Value parts, Value partials);

  GenericOp loop;
  HostCode &host;
  IndexBuilder before;
  TypedAttr start;
  SmallVector<Value> sizes;
  OpOperand *lhs, *rhs, *out;
  SmallVector<unsigned> batch, rows, columns, depth;
  Value numBatches, numRows, numColumns, numSteps;
  /// Of the sums, in registers.
  Type type;
  bool usesTensorCores;
};
} // namespace

ContractionLauncher::ContractionLauncher(GenericOp loop, HostCode &host,
                                         TypedAttr start)
    : loop(loop), host(host), before(loop.getLoc(), loop), start(start),
      lhs(loop.getDpsInputOperand(0)), rhs(loop.getDpsInputOperand(1)),
      out(loop.getDpsInitOperand(0)) {
  auto op = cast<linalg::LinalgOp>(loop.getOperation());
  ContractionDims dims = *matchContraction(op);
  sizes = getSizes(before, op);
  auto move = [&](SmallVector<unsigned> &group, OpOperand *operand) {
    return moveContiguousLast(group, loop.getMatchingIndexingMap(operand),
                              cast<MemRefType>(operand->get().getType()));
  };
  // The result's rows are as they lie in memory.
  if (move(dims.m, out)) {
    std::swap(lhs, rhs);
    std::swap(dims.m, dims.n);
  }
  move(dims.n, out);
  move(dims.m, lhs);
  move(dims.n, rhs);
  if (!move(dims.k, lhs))
    move(dims.k, rhs);
  batch = dims.batch;
  rows = dims.m;
  columns = dims.n;
  depth = dims.k;
  numBatches = getSize(batch);
  numRows = getSize(rows);
  numColumns = getSize(columns);
  numSteps = getSize(depth);
  Type left = getElementTypeOrSelf(lhs->get());
  Type right = getElementTypeOrSelf(rhs->get());
  Type result = getElementTypeOrSelf(out->get());
  type = result.isF64() ? result : before.getF32Type();
  usesTensorCores = host.hasTensorCores && left == right && !result.isF64() &&
                    (left.isBF16() || left.isF16());
}

Group ContractionLauncher::import(Kernel &kernel, ArrayRef<unsigned> dims) {
  Group group;
  for (unsigned dim : dims) {
    group.dims.push_back(dim);
    group.sizes.push_back(kernel.import(sizes[dim]));
  }
  group.size = getProduct(kernel.b, group.sizes);
  return group;
}

ArrayRef<Tiling> ContractionLauncher::getTilings() const {
  if (usesTensorCores)
    return tilingsOfCores;
  return type.isF64() ? ArrayRef(tilingsOfF64) : ArrayRef(tilingsOfF32);
}

Value ContractionLauncher::getNumTiles(IndexBuilder &at, const Tiling &tiling) {
  return at.multiply(
      numBatches,
      at.multiply(at.ceilDivide(numRows, at.index(tiling.rows)),
                  at.ceilDivide(numColumns, at.index(tiling.columns))));
}

/// Whether an operand's lines are known not to start where vectors may.
static bool isMisaligned(OpOperand *operand) {
  auto type = cast<MemRefType>(operand->get().getType());
  int64_t lanes = transferBytes * 8 / type.getElementTypeBitWidth();
  SmallVector<int64_t> strides = type.getStridesAndOffset().first;
  return llvm::any_of(ArrayRef(strides).drop_back(), [&](int64_t stride) {
    return !ShapedType::isDynamic(stride) && stride % lanes != 0;
  });
}

/// Tiles that are more than half empty are none. The largest leave no registers
/// for an address of each element.
int64_t ContractionLauncher::getFirstTiling() const {
  int64_t number = isMisaligned(lhs) || isMisaligned(rhs) ? 1 : 0;
  for (Value size : {numRows, numColumns})
    if (std::optional<int64_t> known = getConstantIntValue(size))
      while (number != 2 && getTilings()[number].rows >= 2 * *known)
        ++number;
  return number;
}

/// Takes the first of the tilings, from a number on, with enough tiles. Where
/// sizes are not known, the host finds out.
void ContractionLauncher::choose(Operation *anchor, int64_t number) {
  ArrayRef<Tiling> tilings = getTilings();
  if (number == 2)
    return launch(anchor, tilings[number], /*isSmallest=*/true);
  IndexBuilder at(loop.getLoc(), anchor);
  Value isEnough = at.createOrFold<arith::CmpIOp>(
      arith::CmpIPredicate::uge, getNumTiles(at, tilings[number]),
      at.index(enoughTiles[number]));
  if (std::optional<int64_t> known = getConstantIntValue(isEnough)) {
    if (*known)
      return launch(anchor, tilings[number], /*isSmallest=*/false);
    return choose(anchor, number + 1);
  }
  auto choice = scf::IfOp::create(at, isEnough, /*withElseRegion=*/true);
  launch(choice.thenBlock()->getTerminator(), tilings[number],
         /*isSmallest=*/false);
  choose(choice.elseBlock()->getTerminator(), number + 1);
}

void ContractionLauncher::launch(Operation *anchor, const Tiling &tiling,
                                 bool isSmallest) {
  IndexBuilder at(loop.getLoc(), anchor);
  Value parts = at.index(1);
  if (isSmallest) {
    Value wanted =
        at.ceilDivide(at.index(enoughTiles[2]), getNumTiles(at, tiling));
    Value worth = at.divide(at.ceilDivide(numSteps, at.index(tiling.depth)),
                            at.index(minStepsOfPart));
    parts =
        at.max(at.min(at.min(wanted, worth), at.index(maxParts)), at.index(1));
  }
  if (getConstantIntValue(parts) == 1)
    return buildKernel(anchor, tiling, parts, /*partials=*/{});
  Value number = at.multiply(parts, getNumElements(at));
  Value partials =
      gpu::AllocOp::create(at, MemRefType::get(ShapedType::kDynamic, type),
                           Type(), ValueRange(), number, ValueRange())
          .getMemref();
  buildKernel(anchor, tiling, parts, partials);
  combineParts(anchor, parts, partials);
  gpu::DeallocOp::create(at, TypeRange(), ValueRange(), partials);
}

/// The sums of a tile for the steps from `first` to `last`.
SmallVector<Value>
ContractionLauncher::buildSums(Kernel &kernel, Multiplier &multiplier,
                               Loader &left, Loader &right, const Group &steps,
                               const Tiling &tiling, Value first, Value last) {
  IndexBuilder &b = kernel.b;
  Value one = b.index(1), zero = b.index(0), step = b.index(tiling.depth);
  SmallVector<Value> zeros = multiplier.getZeros();
  Value lastWhole = b.min(last, b.divide(steps.size, step));
  auto getBase = [&](Loader &loader, Value number) {
    Value parity = b.createOrFold<arith::AndIOp>(number, one);
    return b.multiply(parity, b.index(loader.getSize()));
  };
  // Vectors are moved while the ones before are multiplied.
  Value isAligned = b.createOrFold<arith::CmpIOp>(
      arith::CmpIPredicate::eq,
      b.createOrFold<arith::OrIOp>(left.getMisalignment(),
                                   right.getMisalignment()),
      zero);
  isAligned =
      b.createOrFold<arith::AndIOp>(isAligned, b.isLess(first, lastWhole));
  SmallVector<Type> types(ValueRange(zeros).getTypes());
  types.push_back(b.getIndexType());
  auto choice = scf::IfOp::create(b, types, isAligned, /*withElseRegion=*/true);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToEnd(choice.thenBlock());
    Value start = b.multiply(first, step);
    SmallVector<Value> carried = zeros;
    llvm::append_range(carried, left.load(start));
    int64_t numLeft = carried.size() - zeros.size();
    llvm::append_range(carried, right.load(start));
    SmallVector<Value> sums = b.loop(
        first, lastWhole, one, carried,
        [&](Value number, ValueRange values) -> SmallVector<Value> {
          ValueRange before = values.take_front(zeros.size());
          ValueRange loaded = values.drop_front(zeros.size());
          Value leftBase = getBase(left, number);
          Value rightBase = getBase(right, number);
          left.store(loaded.take_front(numLeft), leftBase);
          right.store(loaded.drop_front(numLeft), rightBase);
          // Before the barrier, across which LLVM moves no loads to their use
          // in the next step. The last comes again, and is not used.
          Value next = b.multiply(
              b.min(b.add(number, one), b.subtract(lastWhole, one)), step);
          SmallVector<Value> ahead = left.load(next);
          llvm::append_range(ahead, right.load(next));
          gpu::BarrierOp::create(b);
          SmallVector<Value> sums =
              multiplier.multiply(left, right, leftBase, rightBase, before);
          llvm::append_range(sums, ahead);
          return sums;
        });
    sums.truncate(zeros.size());
    sums.push_back(lastWhole);
    scf::YieldOp::create(b, sums);
    b.setInsertionPointToEnd(choice.elseBlock());
    sums = zeros;
    sums.push_back(first);
    scf::YieldOp::create(b, sums);
  }
  // Elements one by one; at least what is left at the end.
  return b.loop(choice.getResults().back(), last, one,
                choice.getResults().drop_back(),
                [&](Value number, ValueRange sums) {
                  gpu::BarrierOp::create(b);
                  Value start = b.multiply(number, step);
                  left.copyChecked(start, zero);
                  right.copyChecked(start, zero);
                  gpu::BarrierOp::create(b);
                  return multiplier.multiply(left, right, zero, zero, sums);
                });
}

void ContractionLauncher::buildKernel(Operation *anchor, const Tiling &tiling,
                                      Value parts, Value partials) {
  IndexBuilder at(loop.getLoc(), anchor);
  Value tiles = at.multiply(parts, getNumTiles(at, tiling));
  // A tile for each, so that nothing is kept for the next.
  Kernel kernel(host, anchor, tiles,
                tiling.getNumParts() * (usesTensorCores ? warpSize : 1));
  IndexBuilder &b = kernel.b;
  Group batches = import(kernel, batch), rowGroup = import(kernel, rows),
        columnGroup = import(kernel, columns), steps = import(kernel, depth);
  Type element = usesTensorCores ? getElementTypeOrSelf(lhs->get()) : type;
  Loader left(kernel, import(kernel, lhs), batches, rowGroup, steps,
              tiling.rows, tiling.depth, element, usesTensorCores, 0);
  Loader right(kernel, import(kernel, rhs), batches, columnGroup, steps,
               tiling.columns, tiling.depth, element, usesTensorCores, 1);
  std::unique_ptr<Multiplier> multiplier =
      usesTensorCores ? makeWarpMultiplier(kernel, tiling, element)
                      : makeThreadMultiplier(kernel, tiling, type);
  // Sums of parts lie one part after the other, as the result would.
  Operand result =
      partials ? Operand(b, kernel.import(partials), b.getDimIdentityMap())
               : import(kernel, out);
  Value numParts = kernel.import(parts);
  Value zero = b.index(0), step = b.index(tiling.depth);
  int64_t lanes = multiplier->getRunLength();
  bool hasRuns = partials || (!columnGroup.dims.empty() &&
                              result.isUnit[columnGroup.dims.back()]);
  Value hasVectors;
  if (partials)
    hasVectors =
        b.createOrFold<arith::RemUIOp>(columnGroup.size, b.index(lanes));
  else if (hasRuns)
    hasVectors = getMisalignment(b, result, {&batches, &rowGroup, &columnGroup},
                                 columnGroup, lanes);
  if (hasVectors)
    hasVectors = b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::eq,
                                               hasVectors, zero);
  Type stored = result.getElement();

  /// Stores sums, or adds them to what is there.
  auto store = [&](ArrayRef<Value> sums, Value address) {
    int64_t width = sums.size();
    auto vectorType = VectorType::get(width, stored);
    llvm::MaybeAlign alignment(width * result.getBytes());
    SmallVector<Value> values(sums);
    Value old;
    if (!partials && !start)
      old = width == 1
                ? memref::LoadOp::create(b, result.flat, address).getResult()
                : vector::LoadOp::create(b, vectorType, result.flat, address,
                                         /*nontemporal=*/false, alignment)
                      .getResult();
    for (auto [i, value] : llvm::enumerate(values)) {
      if (old)
        value = arith::AddFOp::create(
            b, convertTo(b, width == 1 ? old : getElement(b, old, i), type),
            value);
      else if (!partials && !matchPattern(start, m_AnyZeroFloat()))
        value = arith::AddFOp::create(
            b, convertTo(b, arith::ConstantOp::create(b, start), type), value);
      value = convertTo(b, value, stored);
    }
    if (width == 1)
      memref::StoreOp::create(b, values.front(), result.flat, address);
    else
      vector::StoreOp::create(b, getVector(b, values), result.flat, address,
                              /*nontemporal=*/false, alignment);
  };

  auto ifThen = [&](Value condition, llvm::function_ref<void()> build,
                    llvm::function_ref<void()> otherwise = {}) {
    auto choice = scf::IfOp::create(b, condition, static_cast<bool>(otherwise));
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(choice.thenBlock()->getTerminator());
    build();
    if (!otherwise)
      return;
    b.setInsertionPoint(choice.elseBlock()->getTerminator());
    otherwise();
  };

  SmallVector<Value> place =
      delinearize(b, kernel.block,
                  {numParts, batches.size,
                   b.ceilDivide(rowGroup.size, b.index(tiling.rows)),
                   b.ceilDivide(columnGroup.size, b.index(tiling.columns))});
  Value row = b.multiply(place[2], b.index(tiling.rows));
  Value column = b.multiply(place[3], b.index(tiling.columns));
  left.setTile(place[1], row);
  right.setTile(place[1], column);
  Value numSteps = b.ceilDivide(steps.size, step);
  Value perPart = b.ceilDivide(numSteps, numParts);
  Value first = b.min(b.multiply(place[0], perPart), numSteps);
  Value last = b.min(b.add(first, perPart), numSteps);
  SmallVector<Value> sums =
      buildSums(kernel, *multiplier, left, right, steps, tiling, first, last);
  Value base =
      partials ? b.multiply(b.add(b.multiply(place[0], batches.size), place[1]),
                            b.multiply(rowGroup.size, columnGroup.size))
               : b.add(result.offset, batches.getOffset(b, result, place[1]));
  auto getAddress = [&](Value rowStart, Value at) {
    return b.add(rowStart,
                 partials ? at : columnGroup.getOffset(b, result, at));
  };
  for (const Run &run : multiplier->getRuns(sums)) {
    Value rowAt = b.add(row, run.row);
    Value columnAt = b.add(column, run.column);
    ArrayRef<Value> values = run.sums;
    ifThen(b.isLess(rowAt, rowGroup.size), [&] {
      Value rowStart =
          b.add(base, partials ? b.multiply(rowAt, columnGroup.size)
                               : rowGroup.getOffset(b, result, rowAt));
      auto storeEach = [&] {
        for (int64_t lane = 0; lane != lanes; ++lane) {
          Value at = b.add(columnAt, b.index(lane));
          ifThen(b.isLess(at, columnGroup.size),
                 [&] { store(values[lane], getAddress(rowStart, at)); });
        }
      };
      if (!hasVectors)
        return storeEach();
      ifThen(
          hasVectors,
          [&] {
            ifThen(b.isLess(columnAt, columnGroup.size),
                   [&] { store(values, getAddress(rowStart, columnAt)); });
          },
          storeEach);
    });
  }
}

/// A thread adds the parts of an element, one after the other.
void ContractionLauncher::combineParts(Operation *anchor, Value parts,
                                       Value partials) {
  IndexBuilder at(loop.getLoc(), anchor);
  Value size = getNumElements(at);
  Value numBlocks = at.min(
      at.max(at.ceilDivide(size, at.index(defaultBlockSize)), at.index(1)),
      at.index(maxBlocks));
  Kernel kernel(host, anchor, numBlocks, defaultBlockSize);
  IndexBuilder &b = kernel.b;
  Group groups[] = {import(kernel, batch), import(kernel, rows),
                    import(kernel, columns)};
  Operand result = import(kernel, out);
  Value from = kernel.import(partials), numParts = kernel.import(parts);
  Value end = kernel.import(size);
  b.loop(
      kernel.globalThread, end, kernel.numThreads, {},
      [&](Value number, ValueRange) -> SmallVector<Value> {
        Value sum =
            b.loop(b.index(0), numParts, b.index(1), getZero(b, type),
                   [&](Value part, ValueRange sums) -> SmallVector<Value> {
                     Value address = b.add(b.multiply(part, end), number);
                     return {arith::AddFOp::create(
                         b, sums.front(),
                         memref::LoadOp::create(b, from, address))};
                   })
                .front();
        SmallVector<Value> place = delinearize(
            b, number, {groups[0].size, groups[1].size, groups[2].size});
        Value address = result.offset;
        for (auto [group, index] : llvm::zip_equal(groups, place))
          address = b.add(address, group.getOffset(b, result, index));
        Value old =
            start ? arith::ConstantOp::create(b, start).getResult()
                  : memref::LoadOp::create(b, result.flat, address).getResult();
        sum = arith::AddFOp::create(b, convertTo(b, old, type), sum);
        memref::StoreOp::create(b, convertTo(b, sum, result.getElement()),
                                result.flat, address);
        return {};
      });
}

/// Without elements there is nothing to launch. Kernels do not ask: PoCL 3.1
/// stores too much where all of a kernel is in one branch, barriers included.
void ContractionLauncher::run() {
  Value size = getNumElements(before);
  std::optional<int64_t> known = getConstantIntValue(size);
  if (known == 0)
    return;
  if (known)
    return choose(loop, getFirstTiling());
  auto choice =
      scf::IfOp::create(before,
                        before.createOrFold<arith::CmpIOp>(
                            arith::CmpIPredicate::ne, size, before.index(0)),
                        /*withElseRegion=*/false);
  choose(choice.thenBlock()->getTerminator(), getFirstTiling());
}

bool fisher::isTiledContraction(linalg::LinalgOp loop) {
  std::optional<ContractionDims> dims = matchContraction(loop);
  if (!dims || !loop.hasPureBufferSemantics())
    return false;
  if (!dims->m.empty() && !dims->n.empty())
    return true;
  OpOperand *matrix = loop.getDpsInputOperand(dims->m.empty() ? 1 : 0);
  AffineMap map = loop.getMatchingIndexingMap(matrix);
  if (!map.isProjectedPermutation())
    return false;
  // Elsewhere, products are of the body's type.
  Type type = getElementTypeOrSelf(loop.getDpsInits()[0]);
  return type.getIntOrFloatBitWidth() < 32 ||
         llvm::none_of(
             dims->k,
             [&](unsigned dim) {
               return isContiguous(
                   map, cast<MemRefType>(matrix->get().getType()), dim);
             });
}

void fisher::launchContraction(GenericOp loop, HostCode &host,
                               TypedAttr start) {
  ContractionLauncher(loop, host, start).run();
}
