//===- Kernel.cpp - A kernel that is being built --------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Kernel.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/Utils/MemRefUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Interfaces/CallInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace mlir::fisher;

MemRefType mlir::fisher::inSpace(MemRefType type, int64_t space) {
  return MemRefType::Builder(type).setMemorySpace(
      IntegerAttr::get(IntegerType::get(type.getContext(), 64), space));
}

TypedAttr mlir::fisher::getCopiedNumber(memref::CopyOp copy) {
  auto constant = copy.getSource().getDefiningOp<memref::GetGlobalOp>();
  if (!constant)
    return {};
  auto global =
      copy->getParentOfType<ModuleOp>().lookupSymbol<memref::GlobalOp>(
          constant.getName());
  auto splat =
      dyn_cast_or_null<SplatElementsAttr>(global.getInitialValueAttr());
  return splat ? cast<TypedAttr>(splat.getSplatValue<Attribute>()) : nullptr;
}

//===----------------------------------------------------------------------===//
// The host's code
//===----------------------------------------------------------------------===//

HostCode::HostCode(Operation *function, int64_t constantSpace,
                   int64_t subgroupSize, bool hasShuffles)
    : function(function), constantSpace(constantSpace),
      subgroupSize(subgroupSize), hasShuffles(hasShuffles) {}

HostCode::~HostCode() = default;

bool HostCode::isFromDevice(Value value) const {
  Operation *op = value.getDefiningOp();
  if (!op || isa<BaseMemRefType>(value.getType()))
    return false;
  if (auto load = dyn_cast<memref::LoadOp>(op))
    return !load.getMemRef().getDefiningOp<memref::AllocaOp>();
  return op->getNumRegions() == 0 && isMemoryEffectFree(op) &&
         llvm::any_of(op->getOperands(),
                      [&](Value operand) { return isFromDevice(operand); });
}

/// Arguments share no memory if one of them is written; what is allocated
/// shares none with anything else.
bool HostCode::mayAlias(Value a, Value b) const {
  a = memref::skipViewLikeOps(cast<MemrefValue>(a));
  b = memref::skipViewLikeOps(cast<MemrefValue>(b));
  if (a == b)
    return true;
  auto isDistinct = [&](Value value) {
    if (auto argument = dyn_cast<BlockArgument>(value))
      return argument.getOwner()->getParentOp() == function;
    return isa<memref::AllocOp, memref::AllocaOp, gpu::AllocOp,
               memref::GetGlobalOp>(value.getDefiningOp());
  };
  return !isDistinct(a) || !isDistinct(b);
}

/// Whether an operation writes another element of the buffer that is read.
static bool writesElsewhere(Operation *op, memref::LoadOp load) {
  auto store = dyn_cast<memref::StoreOp>(op);
  if (!store ||
      store.getMemRefType().getShape() != load.getMemRefType().getShape())
    return false;
  return llvm::any_of(llvm::zip_equal(store.getIndices(), load.getIndices()),
                      [](auto indices) {
                        auto [a, b] = indices;
                        std::optional<int64_t> there = getConstantIntValue(a),
                                               here = getConstantIntValue(b);
                        return there && here && *there != *here;
                      });
}

bool HostCode::isUnchanged(memref::LoadOp load, Operation *user) const {
  bool isInOneBlock = load->getBlock() == user->getBlock();
  bool isUnchanged = true;
  function->walk<WalkOrder::PreOrder>([&](Operation *op) {
    SmallVector<MemoryEffects::EffectInstance> instances;
    if (auto effects = dyn_cast<MemoryEffectOpInterface>(op))
      effects.getEffects(instances);
    else if (isa<CallOpInterface>(op))
      instances.emplace_back(MemoryEffects::Write::get());
    for (const MemoryEffects::EffectInstance &effect : instances) {
      if (!isa<MemoryEffects::Write, MemoryEffects::Free>(effect.getEffect()))
        continue;
      // What writes no buffer in particular, writes none, but for calls.
      Value written = effect.getValue();
      if (written ? !mayAlias(written, load.getMemRef()) ||
                        writesElsewhere(op, load)
                  : !isa<CallOpInterface>(op))
        continue;
      Operation *ancestor = load->getBlock()->findAncestorOpInBlock(*op);
      bool isBetween = !isInOneBlock || !ancestor ||
                       (load->isBeforeInBlock(ancestor) &&
                        !user->isBeforeInBlock(ancestor) &&
                        !(ancestor == user && isa<memref::StoreOp>(user)));
      if (isBetween)
        isUnchanged = false;
    }
  });
  return isUnchanged;
}

void HostCode::fetchChanged(Operation *user, const Kernel *kernel) {
  llvm::SetVector<Value> values(user->operand_begin(), user->operand_end());
  for (Region &region : user->getRegions())
    getUsedValuesDefinedAbove(region, values);
  llvm::SetVector<Operation *> loads;
  for (unsigned i = 0; i != values.size(); ++i) {
    if (!isFromDevice(values[i]) || (kernel && kernel->hasImported(values[i])))
      continue;
    Operation *op = values[i].getDefiningOp();
    if (auto load = dyn_cast<memref::LoadOp>(op);
        load && !isUnchanged(load, user))
      loads.insert(load);
    else
      values.insert(op->operand_begin(), op->operand_end());
  }
  for (Operation *load : loads)
    fetch(cast<memref::LoadOp>(load));
}

void HostCode::fetch(memref::LoadOp load) {
  IndexBuilder b(load.getLoc(), load);
  auto type = MemRefType::get({}, load.getType());
  Value buffer = load.getMemRef();
  Value single;
  if (cast<MemRefType>(buffer.getType()) != type) {
    single = gpu::AllocOp::create(b, type, /*asyncToken=*/Type(), ValueRange(),
                                  ValueRange(), ValueRange())
                 .getMemref();
    Kernel kernel(*this, load, b.index(1), subgroupSize);
    kernel.onFirstThread([&] {
      SmallVector<Value> indices;
      for (Value index : load.getIndices())
        indices.push_back(kernel.import(index));
      Value value =
          memref::LoadOp::create(kernel.b, kernel.import(buffer), indices);
      memref::StoreOp::create(kernel.b, value, kernel.import(single));
    });
    buffer = single;
  }
  Value local;
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(&function->getRegion(0).front());
    local = memref::AllocaOp::create(b, type);
  }
  gpu::MemcpyOp::create(b, TypeRange(), ValueRange(), local, buffer);
  if (single)
    gpu::DeallocOp::create(b, TypeRange(), ValueRange(), single);
  Value value = memref::LoadOp::create(b, local);
  load.replaceAllUsesWith(value);
  load.erase();
}

//===----------------------------------------------------------------------===//
// The kernel
//===----------------------------------------------------------------------===//

Kernel::Kernel(HostCode &host, Operation *op, Value blocks, int64_t blockSize)
    : b(op->getLoc(), op), host(host), before(op->getLoc(), op),
      blockSize(blockSize), module(op->getParentOfType<ModuleOp>()) {
  Value one = before.index(1);
  launch = gpu::LaunchOp::create(before, blocks, one, one,
                                 before.index(blockSize), one, one);
  before.setInsertionPoint(launch);
  b.setInsertionPointToStart(&launch.getBody().front());
  entry = gpu::TerminatorOp::create(b);
  // Imported values are known to all that is built behind.
  b.setInsertionPoint(entry);
  block = launch.getBlockIds().x;
  thread = launch.getThreadIds().x;
  numBlocks = import(blocks);
  globalThread = b.add(b.multiply(block, b.index(blockSize)), thread);
  numThreads = b.multiply(numBlocks, b.index(blockSize));
  entry = globalThread.getDefiningOp();
}

Value Kernel::import(Value value) {
  if (launch.getBody().isAncestor(value.getParentRegion()))
    return value;
  if (Value known = imported.lookupOrNull(value))
    return known;
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(entry);
  Value inside = value;
  Operation *op = value.getDefiningOp();
  if (isa<MemRefType>(value.getType())) {
    inside = importBuffer(value);
  } else if (op && op->hasTrait<OpTrait::ConstantLike>()) {
    inside = b.clone(*op)->getResult(0);
  } else if (host.isFromDevice(value)) {
    Operation *copy = op->clone();
    for (OpOperand &operand : copy->getOpOperands())
      operand.set(import(operand.get()));
    b.setInsertionPoint(entry);
    b.insert(copy);
    inside = copy->getResult(cast<OpResult>(value).getResultNumber());
  }
  imported.map(value, inside);
  return inside;
}

void Kernel::import(Region &region, IRMapping &mapping) {
  llvm::SetVector<Value> used;
  getUsedValuesDefinedAbove(region, used);
  for (Value value : used)
    if (!mapping.contains(value))
      mapping.map(value, import(value));
}

/// Arguments are the address of the first element that was allocated, and the
/// sizes that are not known.
Value Kernel::importBuffer(Value buffer) {
  if (auto constant = buffer.getDefiningOp<memref::GetGlobalOp>())
    return importConstant(constant);
  auto type = cast<MemRefType>(buffer.getType());
  if (type.getMemorySpace())
    return buffer;
  auto metadata = memref::ExtractStridedMetadataOp::create(before, buffer);
  auto baseType = inSpace(MemRefType::get({}, type.getElementType()),
                          AddressSpaces::global);
  Value base = memref::MemorySpaceCastOp::create(before, baseType,
                                                 metadata.getBaseBuffer());
  if (type.getRank() == 0 && type.getLayout().isIdentity())
    return base;
  SmallVector<OpFoldResult> sizes = metadata.getConstifiedMixedSizes();
  SmallVector<OpFoldResult> strides = metadata.getConstifiedMixedStrides();
  OpFoldResult offset = metadata.getConstifiedMixedOffset();
  bool isIdentity = type.getLayout().isIdentity();
  if (isIdentity) {
    // Fewer arguments.
    Value stride = b.index(1);
    for (int64_t i = type.getRank() - 1; i >= 0; --i) {
      strides[i] = getAsOpFoldResult(stride);
      stride = b.multiply(
          stride, getValueOrCreateConstantIndexOp(b, b.getLoc(), sizes[i]));
    }
    offset = b.getIndexAttr(0);
  }
  auto [typeStrides, typeOffset] = type.getStridesAndOffset();
  SmallVector<int64_t> staticStrides;
  SmallVector<Value> dynamicStrides;
  dispatchIndexOpFoldResults(strides, dynamicStrides, staticStrides);
  auto layout = StridedLayoutAttr::get(
      b.getContext(), isIdentity ? 0 : typeOffset, staticStrides);
  auto viewType =
      MemRefType::get(type.getShape(), type.getElementType(), layout,
                      IntegerAttr::get(b.getI64Type(), AddressSpaces::global));
  if (!isIdentity && ShapedType::isDynamic(typeOffset) &&
      isa<Attribute>(offset))
    offset = arith::ConstantIndexOp::create(
                 b, cast<IntegerAttr>(cast<Attribute>(offset)).getInt())
                 .getResult();
  Value view = memref::ReinterpretCastOp::create(b, viewType, base, offset,
                                                 sizes, strides);
  return b.createOrFold<memref::CastOp>(inSpace(type, AddressSpaces::global),
                                        view);
}

/// Constants of the program are on the host; kernels have their own.
Value Kernel::importConstant(memref::GetGlobalOp constant) {
  auto global = module.lookupSymbol<memref::GlobalOp>(constant.getName());
  std::string name = (global.getName() + "_on_device").str();
  auto type = inSpace(global.getType(), host.constantSpace);
  if (!module.lookupSymbol(name)) {
    OpBuilder top = OpBuilder::atBlockBegin(module.getBody());
    memref::GlobalOp::create(top, global.getLoc(), name,
                             top.getStringAttr("private"), type,
                             global.getInitialValueAttr(),
                             /*constant=*/true, global.getAlignmentAttr());
  }
  return memref::GetGlobalOp::create(b, type, name);
}

void Kernel::onFirstThread(llvm::function_ref<void()> build) {
  auto choice =
      scf::IfOp::create(b,
                        b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::eq,
                                                      thread, b.index(0)),
                        /*withElseRegion=*/false);
  end = choice.thenBlock()->getTerminator();
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(end);
  build();
}

bool Kernel::canAppend(memref::StoreOp op) const {
  if (op->getBlock() != launch->getBlock())
    return false;
  for (Operation *other = launch->getNextNode(); other != op;
       other = other->getNextNode()) {
    if (!other || !(isa<memref::LoadOp, gpu::DeallocOp>(other) ||
                    isMemoryEffectFree(other)))
      return false;
    // What is read before must not be written before.
    auto load = dyn_cast<memref::LoadOp>(other);
    if (load && host.mayAlias(op.getMemRef(), load.getMemRef()) &&
        !writesElsewhere(op, load))
      return false;
  }
  // What is computed of what is read goes into the kernel; the rest is taken
  // from before it.
  std::function<bool(Value)> isKnown = [&](Value value) {
    Operation *definition = value.getDefiningOp();
    if (!definition || definition->getBlock() != launch->getBlock() ||
        definition->isBeforeInBlock(launch) ||
        definition->hasTrait<OpTrait::ConstantLike>())
      return true;
    return host.isFromDevice(value) &&
           llvm::all_of(definition->getOperands(), isKnown);
  };
  return llvm::all_of(op->getOperands(), isKnown);
}

void Kernel::append(llvm::function_ref<void()> build) {
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(end);
  entry = end;
  build();
}

Value Kernel::getWorkgroupBuffer(Type element, int64_t length, int64_t number) {
  std::string name;
  llvm::raw_string_ostream(name)
      << "shared_" << element << "_" << length << "_" << number;
  auto type =
      inSpace(MemRefType::get(length, element), AddressSpaces::workgroup);
  if (!module.lookupSymbol(name)) {
    OpBuilder top = OpBuilder::atBlockBegin(module.getBody());
    memref::GlobalOp::create(top, module.getLoc(), name,
                             top.getStringAttr("private"), type,
                             top.getUnitAttr(), /*constant=*/false,
                             /*alignment=*/top.getI64IntegerAttr(16));
  }
  return memref::GetGlobalOp::create(b, type, name);
}

void Kernel::combineLanes(ArrayRef<Reduction> reductions,
                          SmallVectorImpl<Value> &values, int64_t lanes) {
  Value width =
      arith::ConstantOp::create(b, b.getI32IntegerAttr(host.subgroupSize));
  for (int64_t half = lanes / 2; half != 0; half /= 2) {
    Value distance = arith::ConstantOp::create(b, b.getI32IntegerAttr(half));
    for (auto [value, reduction] : llvm::zip_equal(values, reductions)) {
      Value other = gpu::ShuffleOp::create(b, value, distance, width,
                                           gpu::ShuffleMode::XOR)
                        .getShuffleResult();
      value = vector::makeArithReduction(b, b.getLoc(), reduction.kind, value,
                                         other);
    }
  }
}

/// What each thread holds is combined with what the thread so many numbers
/// further holds, by halves, in the memory that they share.
SmallVector<Value> Kernel::combineInMemory(ArrayRef<Reduction> reductions,
                                           ValueRange values) {
  SmallVector<Value> buffers;
  for (auto [number, reduction] : llvm::enumerate(reductions))
    buffers.push_back(getWorkgroupBuffer(reduction.type, blockSize, number));
  for (auto [buffer, value] : llvm::zip_equal(buffers, values))
    memref::StoreOp::create(b, value, buffer, thread);
  for (int64_t half = blockSize / 2; half != 0; half /= 2) {
    gpu::BarrierOp::create(b);
    auto choice = scf::IfOp::create(b, b.isLess(thread, b.index(half)),
                                    /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(choice.thenBlock());
    Value other = b.add(thread, b.index(half));
    for (auto [buffer, reduction] : llvm::zip_equal(buffers, reductions)) {
      Value mine = memref::LoadOp::create(b, buffer, thread);
      Value its = memref::LoadOp::create(b, buffer, other);
      Value total =
          vector::makeArithReduction(b, b.getLoc(), reduction.kind, mine, its);
      memref::StoreOp::create(b, total, buffer, thread);
    }
  }
  gpu::BarrierOp::create(b);
  SmallVector<Value> totals;
  for (Value buffer : buffers)
    totals.push_back(memref::LoadOp::create(b, buffer, b.index(0)));
  // The buffers may be used again.
  gpu::BarrierOp::create(b);
  return totals;
}

SmallVector<Value> Kernel::combineThreads(ArrayRef<Reduction> reductions,
                                          ValueRange values) {
  if (reductions.empty())
    return {};
  bool canShuffle = host.hasShuffles &&
                    llvm::all_of(reductions, [](const Reduction &reduction) {
                      unsigned width = reduction.type.getIntOrFloatBitWidth();
                      return width == 32 || width == 64;
                    });
  if (!canShuffle)
    return combineInMemory(reductions, values);
  SmallVector<Value> totals(values);
  combineLanes(reductions, totals, host.subgroupSize);
  int64_t numSubgroups = blockSize / host.subgroupSize;
  if (numSubgroups <= 1)
    return totals;
  // Then those of the subgroups, which each subgroup combines for itself.
  SmallVector<Value> buffers;
  for (auto [number, reduction] : llvm::enumerate(reductions))
    buffers.push_back(getWorkgroupBuffer(reduction.type, numSubgroups, number));
  Value lane =
      b.createOrFold<arith::RemUIOp>(thread, b.index(host.subgroupSize));
  auto choice = scf::IfOp::create(
      b,
      b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::eq, lane, b.index(0)),
      /*withElseRegion=*/false);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(choice.thenBlock());
    Value subgroup = b.divide(thread, b.index(host.subgroupSize));
    for (auto [buffer, total] : llvm::zip_equal(buffers, totals))
      memref::StoreOp::create(b, total, buffer, subgroup);
  }
  gpu::BarrierOp::create(b);
  Value position =
      b.createOrFold<arith::RemUIOp>(thread, b.index(numSubgroups));
  for (auto [buffer, total] : llvm::zip_equal(buffers, totals))
    total = memref::LoadOp::create(b, buffer, position);
  combineLanes(reductions, totals, numSubgroups);
  // The buffers may be used again.
  gpu::BarrierOp::create(b);
  return totals;
}

Value Kernel::allocatePrivate(MemRefType type) {
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(entry);
  return memref::AllocaOp::create(
      b, inSpace(type, AddressSpaces::privateToThread));
}
