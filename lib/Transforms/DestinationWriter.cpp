//===- DestinationWriter.cpp - Write results into arguments ---------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DestinationWriter.h"

#include "fisher/IR/JaxMarks.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace mlir::fisher;

/// The operand in whose memory `result` is computed, if there is one.
static OpOperand *getTiedInit(OpResult result) {
  Operation *op = result.getOwner();
  if (auto destinationStyle = dyn_cast<DestinationStyleOpInterface>(op))
    return destinationStyle.getTiedOpOperand(result);
  if (auto loop = dyn_cast<LoopLikeOpInterface>(op))
    return loop.getTiedLoopInit(result);
  return nullptr;
}

static bool hasStaticShape(Value value) {
  return cast<RankedTensorType>(value.getType()).hasStaticShape();
}

static bool isConstant(Value value) {
  return value.getDefiningOp<arith::ConstantOp>() != nullptr;
}

/// A number of the constant's element type, or null where they differ.
static TypedAttr getSplatValue(Value value) {
  auto constant = value.getDefiningOp<arith::ConstantOp>();
  if (!constant)
    return nullptr;
  auto elements = dyn_cast<SplatElementsAttr>(constant.getValue());
  return elements ? elements.getSplatValue<TypedAttr>() : nullptr;
}

/// Makes what computes the operand write into a tensor.empty, where it makes
/// memory of its own but need not.
static void makeDestinationStyle(RewriterBase &rewriter, OpOperand &use) {
  Value value = use.get();
  Operation *op = value.getDefiningOp();
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPoint(op);
  auto fill = [&](Value number) {
    Value empty = tensor::EmptyOp::create(
        rewriter, op->getLoc(),
        tensor::getMixedSizes(rewriter, op->getLoc(), value), number.getType());
    use.set(linalg::FillOp::create(rewriter, op->getLoc(), number, empty)
                .getResult(0));
  };
  if (TypedAttr number = getSplatValue(value)) {
    fill(arith::ConstantOp::create(rewriter, op->getLoc(), number));
  } else if (auto splat = dyn_cast<tensor::SplatOp>(op)) {
    fill(splat.getInput());
  } else if (auto fromElements = dyn_cast<tensor::FromElementsOp>(op)) {
    (void)linalg::rewriteInDestinationPassingStyle(rewriter, fromElements);
  } else if (auto generate = dyn_cast<tensor::GenerateOp>(op)) {
    (void)linalg::rewriteInDestinationPassingStyle(rewriter, generate);
  } else if (auto pad = dyn_cast<tensor::PadOp>(op)) {
    (void)linalg::rewriteInDestinationPassingStyle(rewriter, pad);
  }
}

/// What reshapes `buffer` to `type`, the type before `reshape`: an operation of
/// the function where there is one, so that what reads it is seen to read the
/// same elements.
template <typename OpTy, typename InverseTy>
static Value undoReshape(RewriterBase &rewriter, Value buffer, OpTy reshape) {
  for (Operation *user : buffer.getUsers()) {
    auto inverse = dyn_cast<InverseTy>(user);
    if (!inverse || inverse.getType() != reshape.getSrcType() ||
        inverse.getReassociationAttr() != reshape.getReassociationAttr())
      continue;
    if (user != &*rewriter.getInsertionPoint())
      rewriter.moveOpBefore(user, rewriter.getInsertionBlock(),
                            rewriter.getInsertionPoint());
    return inverse;
  }
  return InverseTy::create(rewriter, reshape.getLoc(), reshape.getSrcType(),
                           buffer, reshape.getReassociationIndices());
}

static Value undoReshape(RewriterBase &rewriter, Value buffer,
                         Operation *reshape) {
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(reshape))
    return undoReshape<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(
        rewriter, buffer, expand);
  return undoReshape<tensor::CollapseShapeOp, tensor::ExpandShapeOp>(
      rewriter, buffer, cast<tensor::CollapseShapeOp>(reshape));
}

void DestinationWriter::addArguments() {
  StringRef writable = bufferization::BufferizationDialect::kWritableAttrName;
  unsigned numArguments = function.getNumArguments();
  SmallVector<DictionaryAttr> attributes;
  for (unsigned i = 0; i < numArguments; ++i)
    attributes.push_back(function.getArgAttrDict(i));
  SmallVector<Type> types;
  llvm::SmallDenseSet<unsigned> updated;
  for (auto [destination, type] :
       llvm::zip_equal(destinations, function.getResultTypes())) {
    if (destination.kind == Destination::Kind::Updated)
      updated.insert(destination.argument);
    else if (destination.kind == Destination::Kind::Added)
      types.push_back(type);
  }
  (void)function.insertArguments(
      SmallVector<unsigned>(types.size(), numArguments), types,
      SmallVector<DictionaryAttr>(types.size()),
      SmallVector<Location>(types.size(), function.getLoc()));
  for (unsigned i = 0; i < numArguments; ++i) {
    NamedAttrList list(attributes[i]);
    list.erase(aliasingOutput);
    if (updated.contains(i))
      list.erase(writable);
    else if (isa<TensorType>(function.getArgumentTypes()[i]) &&
             !list.get(writable))
      list.set(writable, rewriter.getBoolAttr(false));
    attributes[i] = list.getDictionary(function.getContext());
  }
  // All at once: to set one copies the list.
  attributes.append(types.size(), rewriter.getDictionaryAttr({}));
  function.setAllArgAttrs(attributes);
}

void DestinationWriter::addStores() {
  rewriter.setInsertionPoint(terminator);
  auto add = [&](Destination::Kind kind) {
    for (auto [index, destination] : llvm::enumerate(destinations)) {
      if (destination.kind != kind)
        continue;
      BlockArgument buffer = body->getArgument(destination.argument);
      Value value = terminator->getOperand(index);
      if (value == buffer)
        continue;
      auto store = bufferization::MaterializeInDestinationOp::create(
          rewriter, function.getLoc(), buffer.getType(), value, buffer);
      terminator->setOperand(index, store.getResult());
      targets.emplace_back(index, buffer, kind == Destination::Kind::Updated,
                           store);
    }
  };
  // A value that goes to two places is computed where that saves the reading
  // of an argument.
  add(Destination::Kind::Updated);
  add(Destination::Kind::Added);
}

/// Gives each operation that starts from a filled tensor a fill of its own: one
/// that others use as well would be copied.
void DestinationWriter::separateFills() {
  for (Operation &op : *body) {
    auto user = dyn_cast<DestinationStyleOpInterface>(op);
    if (!user)
      continue;
    for (OpOperand &init : user.getDpsInitsMutable()) {
      auto fill = init.get().getDefiningOp<linalg::FillOp>();
      if (!fill || init.get().hasOneUse())
        continue;
      rewriter.setInsertionPoint(&op);
      init.set(rewriter.clone(*fill)->getResult(0));
    }
  }
}

/// Goes from the store of a result backwards along the operations that compute
/// it in place, to the one that writes into a tensor of no, constant or an
/// argument's contents.
void DestinationWriter::findFirstWriter(DestinationTarget &target) {
  rewriter.setInsertionPointToStart(body);
  target.view = target.buffer;
  OpOperand *use = &target.store.getSourceMutable();
  while (Operation *op = use->get().getDefiningOp()) {
    if (!isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op) ||
        !hasStaticShape(op->getOperand(0)) || !hasStaticShape(op->getResult(0)))
      break;
    target.view = undoReshape(rewriter, target.view, op);
    rewriter.setInsertionPointAfterValue(target.view);
    use = &op->getOpOperand(0);
  }
  if (use->get().getDefiningOp())
    makeDestinationStyle(rewriter, *use);
  // A value may be wanted at two places; the second is a copy of the first.
  if (!computed.insert(use->get()).second)
    return;
  while (use->get().getDefiningOp()) {
    auto result = cast<OpResult>(use->get());
    OpOperand *init = getTiedInit(result);
    if (!init)
      return;
    target.chain.push_back(result.getOwner());
    if (init->get().getDefiningOp() && analysis.bufferizesToMemoryRead(*init))
      makeDestinationStyle(rewriter, *init);
    Value start = init->get();
    // Another argument is copied, which an update could have had done to it.
    if (start == target.view || start.getDefiningOp<tensor::EmptyOp>() ||
        isConstant(start) || (isa<BlockArgument>(start) && !target.isUpdate)) {
      target.first = result.getOwner();
      target.firstResult = result.getResultNumber();
      writers[target.first].push_back(&target);
      return;
    }
    if (!start.hasOneUse())
      return;
    use = init;
  }
}

/// All uses of the memory that `root` is in, but for `init` and what is made of
/// it.
SmallVector<OpOperand *> DestinationWriter::getUses(Value root,
                                                    OpOperand *init) {
  SmallVector<OpOperand *> uses;
  llvm::SetVector<Value> values;
  values.insert(root);
  for (unsigned i = 0; i < values.size(); ++i) {
    for (OpOperand &use : values[i].getUses()) {
      if (&use == init)
        continue;
      uses.push_back(&use);
      Operation *user = use.getOwner();
      Operation *ancestor = getAncestor(user);
      if (user != ancestor && user->hasTrait<OpTrait::IsTerminator>())
        values.insert_range(ancestor->getResults());
      for (bufferization::AliasingValue alias : analysis.getAliasingValues(use))
        values.insert(alias.value);
    }
  }
  return uses;
}

/// Whether the first writer reads, by `use`, each element of the argument only
/// where it writes it.
bool DestinationWriter::readsOnlyWhatItWrites(DestinationTarget &target,
                                              OpOperand &use) {
  auto op = dyn_cast<linalg::LinalgOp>(target.first);
  if (!op || target.chain.size() != 1 || use.getOwner() != op ||
      use.get() != target.view || !op.isDpsInput(&use))
    return false;
  AffineMap map = op.getMatchingIndexingMap(&use);
  return map.isPermutation() && map == op.getIndexingMapMatchingResult(
                                           op->getResult(target.firstResult));
}

void DestinationWriter::orderReadersBeforeWriters() {
  DestinationSchedule schedule(body, rewriter);
  for (DestinationTarget &target : targets) {
    if (!target.isUpdate)
      continue;
    OpOperand *init =
        target.first ? getTiedInit(target.first->getResult(target.firstResult))
                     : nullptr;
    bool startsThere = init && init->get() == target.view;
    SmallVector<OpOperand *> uses =
        getUses(target.buffer, startsThere ? init : nullptr);
    llvm::SmallPtrSet<Operation *, 4> chain(llvm::from_range, target.chain);
    bool isOverwritten =
        target.first && llvm::any_of(uses, [&](OpOperand *use) {
          return chain.contains(getAncestor(use->getOwner())) &&
                 !readsOnlyWhatItWrites(target, *use);
        });
    // What the function itself puts into its argument stays as it is.
    if (isOverwritten && !startsThere)
      target.first = nullptr;
    for (OpOperand *use : uses) {
      Operation *reader = getAncestor(use->getOwner());
      if (reader == terminator) {
        if (destinations[use->getOperandNumber()].kind !=
            Destination::Kind::Result)
          continue;
        use->set(createCopy(rewriter, terminator, use->get()));
        reader = use->get().getDefiningOp();
      }
      if (reader != target.store && !chain.contains(reader))
        schedule.addReader(reader, target);
    }
  }
  schedule.run(targets);
}

/// Asserts that a result of dynamic shape fits into the argument.
void DestinationWriter::checkSizes(DestinationTarget &target, Value source) {
  Operation *user = target.first ? target.first : target.store;
  rewriter.setInsertionPoint(user);
  Location loc = user->getLoc();
  auto empty = source.getDefiningOp<tensor::EmptyOp>();
  auto type = cast<RankedTensorType>(source.getType());
  for (int64_t dim = 0; dim < type.getRank(); ++dim) {
    if (!type.isDynamicDim(dim))
      continue;
    Value size = empty ? empty.getDynamicSize(dim)
                       : tensor::DimOp::create(rewriter, loc, source, dim);
    auto sizeOp = size.getDefiningOp<tensor::DimOp>();
    if (sizeOp && sizeOp.getSource() == target.buffer &&
        sizeOp.getConstantIndex() == dim)
      continue;
    Value expected = tensor::DimOp::create(rewriter, loc, target.buffer, dim);
    Value isEqual = arith::CmpIOp::create(
        rewriter, loc, arith::CmpIPredicate::eq, size, expected);
    cf::AssertOp::create(rewriter, loc, isEqual,
                         "result " + std::to_string(target.result) +
                             " and the argument that it goes to differ in "
                             "dimension " +
                             std::to_string(dim));
  }
}

void DestinationWriter::writeInPlace(DestinationTarget &target) {
  setInit(target);
  readThroughInit(target);
}

/// Lets the first writer start from the argument.
void DestinationWriter::setInit(DestinationTarget &target) {
  OpOperand *init = getTiedInit(target.first->getResult(target.firstResult));
  Value start = init->get();
  if (start == target.view)
    return;
  if (start.getDefiningOp<tensor::EmptyOp>())
    checkSizes(target, start);
  bool isRead = analysis.bufferizesToMemoryRead(*init) &&
                !start.getDefiningOp<tensor::EmptyOp>();
  rewriter.setInsertionPoint(target.first);
  Location loc = target.first->getLoc();
  Value value = target.view;
  if (isRead)
    value = bufferization::MaterializeInDestinationOp::create(
                rewriter, loc, value.getType(), start, value)
                .getResult();
  init->set(value);
}

/// What the first writer reads of the argument it reads through what it writes
/// to, so that bufferization sees that each element is read before it is
/// written.
void DestinationWriter::readThroughInit(DestinationTarget &target) {
  auto op = dyn_cast<linalg::LinalgOp>(target.first);
  if (!op || !target.isUpdate)
    return;
  auto isRead = [&](OpOperand *input) {
    return readsOnlyWhatItWrites(target, *input);
  };
  if (llvm::none_of(op.getDpsInputOperands(), isRead))
    return;
  rewriter.setInsertionPoint(op);
  auto generic = dyn_cast<linalg::GenericOp>(*op);
  if (!generic) {
    FailureOr<linalg::GenericOp> made = linalg::generalizeNamedOp(rewriter, op);
    if (failed(made))
      return;
    replaceWriter(op, *made);
    generic = *made;
  }

  OpOperand *init = getTiedInit(generic->getResult(target.firstResult));
  Block *block = generic.getBody();
  BitVector removed(block->getNumArguments());
  SmallVector<Value> inputs;
  SmallVector<Attribute> maps;
  for (OpOperand &operand : generic->getOpOperands()) {
    unsigned number = operand.getOperandNumber();
    if (generic.isDpsInput(&operand)) {
      if (isRead(&operand)) {
        block->getArgument(number).replaceAllUsesWith(
            block->getArgument(init->getOperandNumber()));
        removed.set(number);
        continue;
      }
      inputs.push_back(operand.get());
    }
    maps.push_back(generic.getIndexingMaps()[number]);
  }
  auto replacement = linalg::GenericOp::create(
      rewriter, generic.getLoc(), generic.getResultTypes(), inputs,
      generic.getOutputs(), rewriter.getArrayAttr(maps),
      generic.getIteratorTypes(), generic.getDocAttr(),
      generic.getLibraryCallAttr());
  replacement->setDiscardableAttrs(generic->getDiscardableAttrDictionary());
  replacement.getRegion().takeBody(generic.getRegion());
  replacement.getBody()->eraseArguments(removed);
  replaceWriter(generic, replacement);
  rewriter.replaceOp(generic, replacement.getResults());
}

void DestinationWriter::replaceWriter(Operation *op, Operation *replacement) {
  SmallVector<DestinationTarget *> own = writers.lookup(op);
  writers.erase(op);
  for (DestinationTarget *target : own)
    if (target->first)
      target->first = replacement;
  writers[replacement] = std::move(own);
}

/// Makes the arguments that results are written into buffers, and the stores
/// the last thing that is known of these results. Bufferization does not see
/// then that a store writes what is read elsewhere; the order takes care of it.
void DestinationWriter::dropResults() {
  rewriter.setInsertionPointToStart(body);
  for (Destination destination : destinations) {
    if (destination.kind == Destination::Kind::Result)
      continue;
    BlockArgument argument = body->getArgument(destination.argument);
    auto type = cast<RankedTensorType>(argument.getType());
    argument.setType(MemRefType::get(type.getShape(), type.getElementType()));
    auto tensor = bufferization::ToTensorOp::create(
        rewriter, function.getLoc(), type, argument, /*restrict=*/true,
        /*writable=*/true);
    rewriter.replaceAllUsesExcept(argument, tensor, tensor);
  }
  BitVector dropped(destinations.size());
  for (auto [index, destination] : llvm::enumerate(destinations))
    if (destination.kind != Destination::Kind::Result)
      dropped.set(index);
  terminator->eraseOperands(dropped);
  for (DestinationTarget &target : targets) {
    rewriter.setInsertionPoint(target.store);
    bufferization::MaterializeInDestinationOp::create(
        rewriter, target.store.getLoc(), /*result=*/Type(),
        target.store.getSource(), target.buffer, /*restrict=*/false,
        /*writable=*/true);
    rewriter.eraseOp(target.store);
  }
  function.setFunctionType(rewriter.getFunctionType(body->getArgumentTypes(),
                                                    function.getResultTypes()));
  (void)function.eraseResults(dropped);
}
