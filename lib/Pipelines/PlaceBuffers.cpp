//===- PlaceBuffers.cpp - One workspace for a function's buffers ----------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Memory that is freed after each call comes back from the system page by page,
// filled with zeros, which costs more than what a step does with it. Upstream
// has no pass that gives buffers places in one allocation.
//
//===----------------------------------------------------------------------===//

#include "fisher/Pipelines/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::fisher {
#define GEN_PASS_DEF_FISHERPLACEBUFFERS
#include "fisher/Pipelines/Passes.h.inc"
} // namespace mlir::fisher

using namespace mlir;

static constexpr int64_t cacheLine = 64;
/// What a function may keep from call to call.
static constexpr int64_t maxKeptBytes = int64_t(256) << 20;

namespace {
/// A buffer, and the operations of the function's block between which, both
/// included, its memory is its own.
struct Buffer {
  memref::AllocOp allocation;
  memref::DeallocOp deallocation;
  int64_t bytes;
  int64_t first, last;
  int64_t offset = 0;

  bool isAliveWith(const Buffer &other) const {
    return first <= other.last && other.first <= last;
  }
};

class Placer {
public:
  Placer(FunctionOpInterface function, SymbolTable &symbols)
      : function(function), symbols(symbols),
        block(function.getFunctionBody().front()) {}

  /// Returns the number of buffers that have a place.
  int64_t run();

private:
  std::optional<Buffer> analyze(memref::AllocOp allocation);
  int64_t chooseOffsets();
  memref::GlobalOp addGlobal(StringRef suffix, MemRefType type,
                             Attribute initial);
  void build(int64_t size);

  FunctionOpInterface function;
  SymbolTable &symbols;
  Block &block;
  llvm::DenseMap<Operation *, int64_t> order;
  SmallVector<Buffer> buffers;
};
} // namespace

/// Fails where the size is not known, or where it is not known when the buffer
/// is used last.
std::optional<Buffer> Placer::analyze(memref::AllocOp allocation) {
  MemRefType type = allocation.getType();
  if (!type.hasStaticShape() || !type.getLayout().isIdentity() ||
      type.getMemorySpace())
    return std::nullopt;
  Buffer buffer{allocation, {}, 0, 0, 0};
  buffer.bytes = type.getNumElements() *
                 llvm::divideCeil(DataLayout::closest(allocation)
                                      .getTypeSizeInBits(type.getElementType()),
                                  8);
  bool isUsed = false;
  SmallVector<Value> names = {allocation};
  while (!names.empty()) {
    Value name = names.pop_back_val();
    for (Operation *user : name.getUsers()) {
      if (auto deallocation = dyn_cast<memref::DeallocOp>(user)) {
        if (buffer.deallocation || user->getBlock() != &block ||
            name != allocation)
          return std::nullopt;
        buffer.deallocation = deallocation;
        continue;
      }
      auto isBuffer = [](Type type) { return isa<BaseMemRefType>(type); };
      if (isa<ViewLikeOpInterface, arith::SelectOp>(user))
        llvm::append_range(names, user->getResults());
      else if (llvm::any_of(user->getResultTypes(), isBuffer) ||
               user->hasTrait<OpTrait::IsTerminator>())
        return std::nullopt;
      int64_t place = order.lookup(block.findAncestorOpInBlock(*user));
      buffer.first = isUsed ? std::min(buffer.first, place) : place;
      buffer.last = isUsed ? std::max(buffer.last, place) : place;
      isUsed = true;
    }
  }
  if (!isUsed || !buffer.deallocation)
    return std::nullopt;
  return buffer;
}

/// The largest first, each at the first place that is free while it is used.
/// Returns the size of the whole.
int64_t Placer::chooseOffsets() {
  llvm::sort(buffers, [&](const Buffer &a, const Buffer &b) {
    return std::pair(b.bytes, order.lookup(a.allocation)) <
           std::pair(a.bytes, order.lookup(b.allocation));
  });
  int64_t size = 0;
  SmallVector<Buffer *> placed;
  for (Buffer &buffer : buffers) {
    for (Buffer *other : placed) {
      if (other->offset >= buffer.offset + buffer.bytes)
        break;
      if (buffer.isAliveWith(*other))
        buffer.offset = std::max(
            buffer.offset,
            int64_t(llvm::alignTo(other->offset + other->bytes, cacheLine)));
    }
    size = std::max(size, buffer.offset + buffer.bytes);
    placed.insert(llvm::upper_bound(placed, &buffer,
                                    [](const Buffer *a, const Buffer *b) {
                                      return a->offset < b->offset;
                                    }),
                  &buffer);
  }
  return size;
}

memref::GlobalOp Placer::addGlobal(StringRef suffix, MemRefType type,
                                   Attribute initial) {
  OpBuilder builder(function.getContext());
  auto global = memref::GlobalOp::create(
      builder, function.getLoc(), (function.getName() + suffix).str(),
      /*sym_visibility=*/builder.getStringAttr("private"), type, initial,
      /*constant=*/false, builder.getI64IntegerAttr(cacheLine));
  symbols.insert(global, symbols.getOp()->getRegion(0).front().begin());
  return global;
}

/// The workspace is kept. A call that finds it taken allocates its own.
void Placer::build(int64_t size) {
  ImplicitLocOpBuilder b(function.getLoc(), &block, block.begin());
  auto type = MemRefType::get({size}, b.getI8Type());
  auto alignment = b.getI64IntegerAttr(cacheLine);
  Value isFree, flag, workspace;
  if (size <= maxKeptBytes) {
    auto flagType = MemRefType::get({}, b.getI32Type());
    memref::GlobalOp kept =
        addGlobal("_workspace", type, /*initial=*/b.getUnitAttr());
    memref::GlobalOp taken = addGlobal(
        "_workspace_taken", flagType,
        DenseElementsAttr::get(RankedTensorType::get({}, b.getI32Type()), 0));
    flag = memref::GetGlobalOp::create(b, flagType, taken.getSymName());
    Value before = memref::AtomicRMWOp::create(
        b, arith::AtomicRMWKind::assign,
        arith::ConstantIntOp::create(b, 1, /*width=*/32), flag, ValueRange());
    isFree =
        arith::CmpIOp::create(b, arith::CmpIPredicate::eq, before,
                              arith::ConstantIntOp::create(b, 0, /*width=*/32));
    workspace =
        scf::IfOp::create(
            b, isFree,
            [&](OpBuilder &nested, Location loc) {
              Value global = memref::GetGlobalOp::create(nested, loc, type,
                                                         kept.getSymName());
              scf::YieldOp::create(nested, loc, global);
            },
            [&](OpBuilder &nested, Location loc) {
              Value own = memref::AllocOp::create(nested, loc, type, alignment);
              scf::YieldOp::create(nested, loc, own);
            })
            .getResult(0);
  } else {
    workspace = memref::AllocOp::create(b, type, alignment);
  }
  for (Buffer &buffer : buffers) {
    Value place = memref::ViewOp::create(
        b, buffer.allocation.getType(), workspace,
        arith::ConstantIndexOp::create(b, buffer.offset), ValueRange());
    buffer.allocation.replaceAllUsesWith(place);
    buffer.deallocation.erase();
    buffer.allocation.erase();
  }
  b.setInsertionPoint(block.getTerminator());
  if (!isFree) {
    memref::DeallocOp::create(b, workspace);
    return;
  }
  scf::IfOp::create(
      b, isFree,
      [&](OpBuilder &nested, Location loc) {
        Value zero = arith::ConstantIntOp::create(nested, loc, 0, 32);
        memref::AtomicRMWOp::create(nested, loc, arith::AtomicRMWKind::assign,
                                    zero, flag, ValueRange());
        scf::YieldOp::create(nested, loc);
      },
      [&](OpBuilder &nested, Location loc) {
        memref::DeallocOp::create(nested, loc, workspace);
        scf::YieldOp::create(nested, loc);
      });
}

int64_t Placer::run() {
  for (auto [place, op] : llvm::enumerate(block))
    order[&op] = place;
  for (auto allocation : block.getOps<memref::AllocOp>())
    if (std::optional<Buffer> buffer = analyze(allocation))
      buffers.push_back(*buffer);
  if (!buffers.empty())
    build(chooseOffsets());
  return buffers.size();
}

namespace {
struct PlaceBuffers : fisher::impl::FisherPlaceBuffersBase<PlaceBuffers> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    for (auto function :
         llvm::to_vector(getOperation().getOps<FunctionOpInterface>()))
      if (function.getFunctionBody().hasOneBlock())
        numPlaced += Placer(function, symbols).run();
  }
};
} // namespace
