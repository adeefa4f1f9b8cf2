//===- LinalgKernel.cpp - Kernels of loops over buffers -------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LinalgKernel.h"

#include "../LoopCollapse.h"
#include "ContractionKernel.h"
#include "KernelLoop.h"

#include "fisher/Transforms/Contractions.h"

#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/SmallVectorExtras.h"

using namespace mlir;
using namespace mlir::fisher;
using linalg::GenericOp;

/// Bodies with more operations take one element at once: they do not wait for
/// memory, and several would need too many registers.
static constexpr int64_t largeBody = 1000;
/// One block combines what the others leave.
static constexpr int64_t lastBlockSize = 1024;

namespace {
/// A loop on the host that kernels are being built for.
class Launcher {
public:
  Launcher(GenericOp loop, HostCode &host, ArrayRef<linalg::FillOp> fills)
      : loop(loop), host(host), fills(fills), before(loop.getLoc(), loop) {}
  void run();

private:
  /// How many blocks there are for so many threads.
  Value getNumBlocks(Value threads, int64_t blockSize) {
    Value blocks = before.ceilDivide(threads, before.index(blockSize));
    return before.min(before.max(blocks, before.index(1)),
                      before.index(maxBlocks));
  }
  /// What a kernel takes from outside.
  IRMapping import(Kernel &kernel);
  SmallVector<Value> import(Kernel &kernel, ArrayRef<Value> values) {
    return llvm::map_to_vector(
        values, [&](Value value) { return kernel.import(value); });
  }

  bool isFlat();
  int64_t getLanes();
  Value isAligned(Kernel &kernel, IRMapping &mapping, int64_t lanes);
  SmallVector<Value>
  ifBelow(Kernel &kernel, Value number, ValueRange before,
          llvm::function_ref<SmallVector<Value>(Value, ValueRange)> body);

  /// One for each arrangement.
  void buildFlat();
  void buildRows();
  void buildSequences();
  void combineBlocks(ArrayRef<Value> partials, Value numBlocks);
  /// The first thread stores the totals of all iterations.
  void finish(Kernel &kernel, IRMapping &mapping, ValueRange totals);

  GenericOp loop;
  HostCode &host;
  ArrayRef<linalg::FillOp> fills;
  /// Those that totals start from.
  SmallVector<linalg::FillOp> starts;
  IndexBuilder before;
  SmallVector<Value> sizes;
  SmallVector<Reduction> reductions;
  SmallVector<int64_t> kept, reduced;
};
} // namespace

IRMapping Launcher::import(Kernel &kernel) {
  IRMapping mapping;
  for (Value operand : loop->getOperands())
    mapping.map(operand, kernel.import(operand));
  kernel.import(loop.getRegion(), mapping);
  return mapping;
}

/// Whether operands are a range of memory, whose elements are those of the
/// iterations in their order, or one number.
bool Launcher::isFlat() {
  return loop.getNumLoops() == 1 &&
         llvm::all_of(loop->getOpOperands(), [&](OpOperand &operand) {
           AffineMap map = loop.getMatchingIndexingMap(&operand);
           auto type = dyn_cast<MemRefType>(operand.get().getType());
           return map.getNumResults() == 0 || !type ||
                  (map.isIdentity() && type.isLastDimUnitStride());
         });
}

int64_t Launcher::getLanes() {
  if (!isFlat())
    return 1;
  int64_t numOps = 0, narrowest = 64, widest = 8;
  loop.getBlock()->walk([&](Operation *) { ++numOps; });
  if (numOps > largeBody)
    return 1;
  for (OpOperand &operand : loop->getOpOperands()) {
    Type type = getElementTypeOrSelf(operand.get());
    if (loop.getMatchingIndexingMap(&operand).getNumResults() == 0)
      continue;
    if (!type.isIntOrFloat() || type.getIntOrFloatBitWidth() < 8)
      return 1;
    narrowest = std::min<int64_t>(narrowest, type.getIntOrFloatBitWidth());
    widest = std::max<int64_t>(widest, type.getIntOrFloatBitWidth());
  }
  return std::min(transferBytes * 8 / narrowest,
                  4 * transferBytes * 8 / widest);
}

/// Whether all ranges start where vectors may.
Value Launcher::isAligned(Kernel &kernel, IRMapping &mapping, int64_t lanes) {
  IndexBuilder &b = kernel.b;
  Value bits;
  llvm::SmallPtrSet<Value, 8> seen;
  for (OpOperand &operand : loop->getOpOperands()) {
    Value buffer = mapping.lookup(operand.get());
    if (!isa<MemRefType>(buffer.getType()) ||
        loop.getMatchingIndexingMap(&operand).getNumResults() == 0 ||
        !seen.insert(buffer).second)
      continue;
    auto metadata = memref::ExtractStridedMetadataOp::create(b, buffer);
    int64_t bytes = getElementTypeOrSelf(buffer).getIntOrFloatBitWidth() / 8;
    Value address = b.add(
        memref::ExtractAlignedPointerAsIndexOp::create(b, buffer),
        b.multiply(getValueOrCreateConstantIndexOp(
                       b, b.getLoc(), metadata.getConstifiedMixedOffset()),
                   b.index(bytes)));
    // Vectors of less than a transfer are aligned as a whole.
    address = b.createOrFold<arith::RemUIOp>(
        address, b.index(std::min(bytes * lanes, transferBytes)));
    bits = bits ? b.createOrFold<arith::OrIOp>(bits, address) : address;
  }
  if (!bits)
    return arith::ConstantOp::create(b, b.getBoolAttr(true));
  return b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::eq, bits,
                                       b.index(0));
}

/// A thread has one element, or one vector, and no loop: all that it reads is
/// on its way at once, and blocks, which start in order, are close together in
/// memory.
SmallVector<Value> Launcher::ifBelow(
    Kernel &kernel, Value number, ValueRange before,
    llvm::function_ref<SmallVector<Value>(Value, ValueRange)> body) {
  IndexBuilder &b = kernel.b;
  if (getConstantIntValue(number) == 0)
    return before;
  auto choice =
      scf::IfOp::create(b, before.getTypes(),
                        b.isLess(kernel.globalThread, kernel.import(number)),
                        /*withElseRegion=*/!before.empty());
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(choice.thenBlock());
  SmallVector<Value> after = body(kernel.globalThread, before);
  if (before.empty())
    return {};
  scf::YieldOp::create(b, after);
  b.setInsertionPointToEnd(choice.elseBlock());
  scf::YieldOp::create(b, before);
  return choice.getResults();
}

/// Every result is dense, or one number that a second kernel finds: what each
/// block of the first leaves is summed in a fixed order.
void Launcher::buildFlat() {
  int64_t lanes = getLanes();
  Value size = getProduct(before, sizes);
  Value numBlocks = before.max(
      before.ceilDivide(size, before.index(lanes * defaultBlockSize)),
      before.index(1));
  bool isOneBlock = getConstantIntValue(numBlocks) == 1;
  SmallVector<Value> partials;
  if (!isOneBlock)
    for (const Reduction &reduction : reductions)
      partials.push_back(
          gpu::AllocOp::create(
              before, MemRefType::get(ShapedType::kDynamic, reduction.type),
              Type(), ValueRange(), numBlocks, ValueRange())
              .getMemref());
  {
    auto first =
        std::make_unique<Kernel>(host, loop, numBlocks, defaultBlockSize);
    Kernel &kernel = *first;
    IndexBuilder &b = kernel.b, &outside = kernel.before;
    IRMapping mapping = import(kernel);
    SmallVector<Value> inside = import(kernel, sizes);
    KernelLoop body(loop, kernel.b, mapping);
    SmallVector<Value> totals = getNeutral(b, reductions);
    Value done = outside.index(0);
    if (lanes > 1) {
      Value number = outside.divide(size, outside.index(lanes));
      // Both loops have the same order, and so the same sums.
      auto choice = scf::IfOp::create(b, ValueRange(totals).getTypes(),
                                      isAligned(kernel, mapping, lanes),
                                      /*withElseRegion=*/true);
      for (bool aligned : {true, false}) {
        OpBuilder::InsertionGuard guard(b);
        Block *block = aligned ? choice.thenBlock() : choice.elseBlock();
        if (totals.empty())
          block->getTerminator()->erase();
        b.setInsertionPointToEnd(block);
        scf::YieldOp::create(b, ifBelow(kernel, number, totals,
                                        [&](Value index, ValueRange values) {
                                          return body.buildVector(
                                              b.multiply(index, b.index(lanes)),
                                              lanes, aligned, reductions,
                                              values);
                                        }));
      }
      totals.assign(choice.result_begin(), choice.result_end());
      done = outside.multiply(number, outside.index(lanes));
    }
    Value rest = outside.subtract(size, done);
    totals = ifBelow(kernel, rest, totals, [&](Value index, ValueRange values) {
      index = b.add(kernel.import(done), index);
      return body.buildIteration(delinearize(b, index, inside), reductions,
                                 values);
    });
    if (reductions.empty())
      return;
    totals = kernel.combineThreads(reductions, totals);
    if (isOneBlock) {
      finish(kernel, mapping, totals);
      host.last = std::move(first);
      return;
    }
    kernel.onFirstThread([&] {
      for (auto [partial, total] : llvm::zip_equal(partials, totals))
        memref::StoreOp::create(b, total, kernel.import(partial), kernel.block);
    });
  }
  combineBlocks(partials, numBlocks);
  for (Value partial : partials)
    gpu::DeallocOp::create(before, TypeRange(), ValueRange(), partial);
}

void Launcher::combineBlocks(ArrayRef<Value> partials, Value numBlocks) {
  host.last =
      std::make_unique<Kernel>(host, loop, before.index(1), lastBlockSize);
  Kernel &kernel = *host.last;
  IndexBuilder &b = kernel.b;
  IRMapping mapping = import(kernel);
  SmallVector<Value> buffers = import(kernel, partials);
  SmallVector<Value> totals =
      b.loop(kernel.thread, kernel.import(numBlocks), b.index(lastBlockSize),
             getNeutral(b, reductions), [&](Value index, ValueRange values) {
               SmallVector<Value> next;
               for (auto [reduction, buffer, value] :
                    llvm::zip_equal(reductions, buffers, values))
                 next.push_back(vector::makeArithReduction(
                     b, b.getLoc(), reduction.kind, value,
                     memref::LoadOp::create(b, buffer, index)));
               return next;
             });
  finish(kernel, mapping, kernel.combineThreads(reductions, totals));
}

void Launcher::finish(Kernel &kernel, IRMapping &mapping, ValueRange totals) {
  kernel.onFirstThread([&] {
    KernelLoop body(loop, kernel.b, mapping);
    SmallVector<Value> at(loop.getNumLoops());
    for (auto [reduction, total] : llvm::zip_equal(reductions, totals)) {
      Value start;
      for (linalg::FillOp fill : starts)
        if (fill.getOutputs()[0] == reduction.init->get())
          start = kernel.import(fill.getInputs()[0]);
      body.finish(reduction, total, at, start);
    }
  });
}

/// A block sums along the dimensions that are reduced.
void Launcher::buildRows() {
  auto select = [](ArrayRef<Value> values, ArrayRef<int64_t> dims) {
    return llvm::map_to_vector(dims, [&](int64_t dim) { return values[dim]; });
  };
  Value rows = getProduct(before, select(sizes, kept));
  Value length = getProduct(before, select(sizes, reduced));
  Value numBlocks =
      before.min(before.max(rows, before.index(1)), before.index(maxBlocks));
  int64_t blockSize = defaultBlockSize;
  std::optional<int64_t> known = getConstantIntValue(length);
  if (!known || *known < defaultBlockSize)
    blockSize = 2 * host.subgroupSize;
  Kernel kernel(host, loop, numBlocks, blockSize);
  IndexBuilder &b = kernel.b;
  IRMapping mapping = import(kernel);
  SmallVector<Value> inside = import(kernel, sizes);
  Value numRows = kernel.import(rows), end = kernel.import(length);
  KernelLoop body(loop, kernel.b, mapping);
  b.loop(
      kernel.block, numRows, kernel.numBlocks, {},
      [&](Value row, ValueRange) -> SmallVector<Value> {
        SmallVector<Value> at(sizes.size());
        for (auto [dim, index] :
             llvm::zip_equal(kept, delinearize(b, row, select(inside, kept))))
          at[dim] = index;
        SmallVector<Value> totals = b.loop(
            kernel.thread, end, b.index(blockSize), getNeutral(b, reductions),
            [&](Value index, ValueRange values) {
              for (auto [dim, position] : llvm::zip_equal(
                       reduced, delinearize(b, index, select(inside, reduced))))
                at[dim] = position;
              return body.buildIteration(at, reductions, values);
            });
        totals = kernel.combineThreads(reductions, totals);
        kernel.onFirstThread([&] {
          for (auto [reduction, total] : llvm::zip_equal(reductions, totals))
            body.finish(reduction, total, at);
        });
        return {};
      });
}

/// A thread runs all iterations of the dimensions that are not parallel.
void Launcher::buildSequences() {
  Value size = getProduct(
      before,
      getParallelSizes(cast<linalg::LinalgOp>(loop.getOperation()), sizes));
  Kernel kernel(host, loop, getNumBlocks(size, defaultBlockSize),
                defaultBlockSize);
  IndexBuilder &b = kernel.b;
  IRMapping mapping = import(kernel);
  SmallVector<Value> inside = import(kernel, sizes);
  Value end = kernel.import(size);
  KernelLoop body(loop, b, mapping);
  body.buildSequences(kernel.globalThread, end, kernel.numThreads, inside);
}

void Launcher::run() {
  sizes = getSizes(before, cast<linalg::LinalgOp>(loop.getOperation()));
  bool isKnown = succeeded(KernelLoop::analyze(loop, reductions));
  if (isKnown && !reductions.empty()) {
    AffineMap map = loop.getMatchingIndexingMap(reductions.front().init);
    for (int64_t dim = 0, e = loop.getNumLoops(); dim != e; ++dim)
      (map.isFunctionOfDim(dim) ? kept : reduced).push_back(dim);
  }
  bool isFlat = isKnown && loop.getNumLoops() != 0 && kept.empty();
  auto op = cast<linalg::LinalgOp>(loop.getOperation());
  bool isTiled = isTiledContraction(op);
  // Only totals and contractions start from a number that is known; fills of
  // others are work.
  for (linalg::FillOp fill : fills) {
    bool isStart =
        isTiled ||
        (isFlat && llvm::any_of(reductions, [&](const Reduction &reduction) {
           return reduction.init->get() == fill.getOutputs()[0];
         }));
    if (isStart) {
      starts.push_back(fill);
      continue;
    }
    IRRewriter rewriter(fill.getContext());
    launchLoop(*asGeneric(fill, rewriter), host, {});
  }
  if (isTiled) {
    TypedAttr start;
    if (!starts.empty())
      matchPattern(starts.front().getInputs()[0], m_Constant(&start));
    launchContraction(loop, host, start);
  } else if (isFlat) {
    buildFlat();
  }
  for (linalg::FillOp fill : starts)
    fill.erase();
  if (isTiled || isFlat)
    return;
  // The operands of a contraction without rows and columns are read by
  // neighbouring threads at once, or by those of a block.
  bool isRow = isKnown && !reduced.empty() &&
               reduced.back() == static_cast<int64_t>(loop.getNumLoops()) - 1;
  if (isRow &&
      (!linalg::isaContractionOpInterface(loop) || matchContraction(op)))
    return buildRows();
  // Results with an element for each iteration are no matter of their order.
  buildSequences();
}

void fisher::launchLoop(GenericOp loop, HostCode &host,
                        ArrayRef<linalg::FillOp> fills) {
  host.fetchChanged(loop);
  Launcher(loop, host, fills).run();
  loop.erase();
}
