//===- Instrument.cpp - How efficiently a training step learns ------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Transforms/Passes.h"

#include "BeliefBuilder.h"
#include "Broadcast.h"
#include "PolicyFile.h"

#include "fisher/IR/JaxMarks.h"
#include "fisher/IR/Marks.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SmallVectorExtras.h"

#include <limits>

namespace mlir::fisher {
#define GEN_PASS_DEF_FISHERINSTRUMENT
#include "fisher/Transforms/Passes.h.inc"
} // namespace mlir::fisher

using namespace mlir;
using namespace mlir::fisher;

/// What is measured of each belief, in the order of the columns.
static constexpr StringRef columns[] = {
    "moved",  "reference", "kl",           "penalty",     "gradient_norm",
    "length", "action",    "displacement", "information", "efficiency"};
/// What is kept of each belief between steps.
enum Total { Steps, Length, Action, Information, NumTotals };

static constexpr StringLiteral totalsName("fisher.totals");

namespace {
/// What is added up over the elements of a belief, in f64.
struct Sums {
  /// Squares of the distances moved, to the reference and from the start.
  Value moved, reference, displacement;
  Value divergence, penalty, gradientSquare;
};

/// Measures the beliefs of a plan in their function.
class Instrumenter {
public:
  Instrumenter(FunctionOpInterface function, InsertionPlan &plan, bool sampled)
      : function(function), plan(plan), beliefs(plan.beliefs),
        hasUpdates(!sampled) {}

  /// 1. adds the arguments that keep what beliefs were and what is added up,
  /// 2. the results, and 3. fills in every return.
  void instrument();

private:
  void addArguments();
  void addResults();
  RankedTensorType getTableType(unsigned numColumns) {
    // One row for each belief, and one for all of them.
    return RankedTensorType::get(
        {static_cast<int64_t>(beliefs.size()) + 1, numColumns},
        Float64Type::get(function.getContext()));
  }

  FunctionOpInterface function;
  InsertionPlan &plan;
  ArrayRef<Belief> beliefs;
  /// Whether every belief's new value is a result of the step, and is what
  /// counts. Else what moved is told one step later.
  bool hasUpdates;
  /// The arguments that keep what components were at first and in the step
  /// before, by the components' arguments.
  llvm::MapVector<unsigned, unsigned> starts, previous;
  unsigned totals = 0;
  /// The components that new results return, to be kept.
  SmallVector<unsigned> renewed;
};

/// Fills in what one return gives back.
class Measurer {
public:
  Measurer(FunctionOpInterface function, Operation *returnOp,
           const InsertionPlan &plan, bool hasUpdates,
           const llvm::MapVector<unsigned, unsigned> &starts,
           const llvm::MapVector<unsigned, unsigned> &previous, Value totals)
      : function(function), returnOp(returnOp), plan(plan),
        hasUpdates(hasUpdates), starts(starts), previous(previous),
        totals(totals), builder(returnOp), packed(function, builder) {}

  /// Returns the components `renewed`, too.
  void measure(ArrayRef<unsigned> renewed);

private:
  Sums measure(const Belief &belief);
  // Sums over all elements.
  Value sumSquaredDistances(const Belief &belief, Value a, Value b);
  Value sumDivergences(const Belief &belief, Value a, Value b);
  /// Of the gradient's square in the inverse metric.
  Value sumGradientSquares(const Belief &belief, Value at);
  Value sumAll(const Belief &belief, Value tensor);
  Sums add(const Sums &a, const Sums &b);
  /// Appends a row to both tables.
  void addRow(const Sums &sums);

  Value getTotal(Total total) {
    Value row = arith::ConstantIndexOp::create(builder, loc,
                                               newTotals.size() / NumTotals);
    Value column = arith::ConstantIndexOp::create(builder, loc, total);
    return tensor::ExtractOp::create(builder, loc, totals,
                                     ValueRange{row, column});
  }
  Value getNumber(double number) {
    return arith::ConstantOp::create(builder, loc,
                                     builder.getF64FloatAttr(number));
  }
  Value getNothing() {
    return getNumber(std::numeric_limits<double>::quiet_NaN());
  }
  /// A tensor of rank zero as a number.
  Value getScalar(Value tensor) {
    Value wide = castElements(builder, loc, tensor, builder.getF64Type());
    return tensor::ExtractOp::create(builder, loc, wide);
  }
  SmallVector<Value> getReturned(ArrayRef<unsigned> results) {
    return llvm::map_to_vector(
        results, [&](unsigned result) { return returnOp->getOperand(result); });
  }
  SmallVector<Value> getKept(const Belief &belief,
                             const llvm::MapVector<unsigned, unsigned> &kept) {
    return llvm::map_to_vector(belief.components, [&](unsigned component) {
      return Value(function.getArgument(kept.lookup(component)));
    });
  }

  FunctionOpInterface function;
  Operation *returnOp;
  const InsertionPlan &plan;
  bool hasUpdates;
  const llvm::MapVector<unsigned, unsigned> &starts, &previous;
  Value totals;
  OpBuilder builder;
  BeliefBuilder packed;
  Location loc = function.getLoc();
  SmallVector<Value> measured, newTotals;
};
} // namespace

//===----------------------------------------------------------------------===//
// Arguments and results
//===----------------------------------------------------------------------===//

void Instrumenter::instrument() {
  hasUpdates &= llvm::all_of(beliefs, [](const Belief &belief) {
    return belief.isIntermediate || !belief.updates.empty();
  });
  addArguments();
  addResults();
  for (Block &block : function.getFunctionBody())
    if (block.back().hasTrait<OpTrait::ReturnLike>())
      Measurer(function, &block.back(), plan, hasUpdates, starts, previous,
               function.getArgument(totals))
          .measure(renewed);
}

void Instrumenter::addArguments() {
  Builder builder(function.getContext());
  unsigned end = function.getNumArguments();
  SmallVector<Type> types;
  SmallVector<DictionaryAttr> attrs;
  SmallVector<Location> locs;
  auto keep = [&](const Belief &belief, StringRef state,
                  llvm::MapVector<unsigned, unsigned> &kept) {
    for (auto [component, type] :
         llvm::zip_equal(belief.components, belief.storedTypes)) {
      if (kept.contains(component))
        continue;
      StringRef name = getArgumentMark(function, component, marks::name);
      std::string keeper = (name + "." + state).str();
      // A reference may keep it already.
      if (std::optional<unsigned> known =
              findArgument(function, marks::name, keeper)) {
        kept[component] = *known;
        continue;
      }
      kept[component] = end + types.size();
      types.push_back(type);
      attrs.push_back(getStateMarks(builder, keeper, name));
      locs.push_back(RegularizeOp(belief.entry).getLoc());
    }
  };
  for (const Belief &belief : beliefs) {
    if (belief.isIntermediate)
      continue;
    keep(belief, FrozenAttr::get(function.getContext()).getStateName(), starts);
    if (!hasUpdates)
      keep(belief, PreviousAttr::get(function.getContext()).getStateName(),
           previous);
  }
  totals = end + types.size();
  types.push_back(getTableType(NumTotals));
  attrs.push_back(builder.getDictionaryAttr(
      {builder.getNamedAttr(marks::name, builder.getStringAttr(totalsName)),
       builder.getNamedAttr(marks::role, builder.getStringAttr("state"))}));
  locs.push_back(function.getLoc());
  LogicalResult inserted = function.insertArguments(
      SmallVector<unsigned>(types.size(), end), types, attrs, locs);
  assert(succeeded(inserted) && "functions take any argument");
  (void)inserted;
}

void Instrumenter::addResults() {
  Builder builder(function.getContext());
  SmallVector<Type> types;
  SmallVector<DictionaryAttr> attrs;
  auto addUpdate = [&](unsigned argument) {
    types.push_back(function.getArgument(argument).getType());
    attrs.push_back(builder.getDictionaryAttr({builder.getNamedAttr(
        marks::updates, builder.getStringAttr(getArgumentMark(
                            function, argument, marks::name)))}));
  };
  // What a reference keeps is updated already.
  for (auto [component, argument] : previous)
    if (!findResult(function, marks::updates,
                    getArgumentMark(function, argument, marks::name))) {
      renewed.push_back(component);
      addUpdate(argument);
    }
  addUpdate(totals);
  SmallVector<std::string> names;
  for (const Belief &belief : beliefs)
    names.push_back(llvm::join(
        llvm::map_range(belief.components,
                        [&](unsigned component) {
                          return getComponentName(function, belief, component);
                        }),
        ", "));
  SmallVector<StringRef> rows(names.begin(), names.end());
  types.push_back(getTableType(std::size(columns)));
  attrs.push_back(builder.getDictionaryAttr(
      {builder.getNamedAttr(marks::role, builder.getStringAttr("measurements")),
       builder.getNamedAttr(marks::beliefs, builder.getStrArrayAttr(rows)),
       builder.getNamedAttr(marks::columns,
                            builder.getStrArrayAttr(columns))}));
  LogicalResult inserted = function.insertResults(
      SmallVector<unsigned>(types.size(), function.getNumResults()), types,
      attrs);
  assert(succeeded(inserted) && "functions return any result");
  (void)inserted;
}

//===----------------------------------------------------------------------===//
// Filling in a return
//===----------------------------------------------------------------------===//

void Measurer::measure(ArrayRef<unsigned> renewed) {
  std::optional<Sums> all;
  for (const Belief &belief : plan.beliefs) {
    Sums sums = measure(belief);
    addRow(sums);
    if (!belief.isIntermediate)
      all = all ? add(*all, sums) : sums;
  }
  Value nothing = getNothing();
  addRow(
      all.value_or(Sums{nothing, nothing, nothing, nothing, nothing, nothing}));

  SmallVector<Value> returned(returnOp->getOperands());
  llvm::append_range(returned, packed.getArguments(renewed));
  ArrayRef<Type> types = function.getResultTypes();
  returned.push_back(tensor::FromElementsOp::create(
      builder, loc, types[types.size() - 2], newTotals));
  returned.push_back(
      tensor::FromElementsOp::create(builder, loc, types.back(), measured));
  returnOp->setOperands(returned);
}

Sums Measurer::measure(const Belief &belief) {
  RegularizeOp entry = belief.entry;
  loc = entry.getLoc();
  bool isIntermediate = belief.isIntermediate;
  Value before = packed.pack(
      belief, isIntermediate ? getReturned(belief.components)
                             : packed.getArguments(belief.components));
  Value nothing = getNothing();
  Sums sums{nothing, nothing, nothing, nothing, nothing, nothing};
  Value after = before, start;
  if (!isIntermediate) {
    Value from = before;
    if (hasUpdates)
      after = packed.pack(belief, getReturned(belief.updates));
    else
      from = packed.pack(belief, getKept(belief, previous));
    start = packed.pack(belief, getKept(belief, starts));
    sums.moved = sumSquaredDistances(belief, after, from);
    sums.divergence = sumDivergences(belief, after, from);
    sums.displacement = sumSquaredDistances(belief, after, start);
    if (!belief.gradients.empty())
      sums.gradientSquare = sumGradientSquares(belief, before);
  }

  // The distance to the reference is that which the mode penalizes.
  bool isFrozen = !entry.getReferenceInterface().getStateName().empty() &&
                  !entry.getReferenceInterface().isStateUpdated() &&
                  belief.stateArguments.empty();
  Value toward = isFrozen ? start : packed.packReference(belief, before);
  sums.reference = sumSquaredDistances(
      belief, belief.isMode(Mode::proximal) ? after : before, toward);
  Value weight = packed.getWeight(belief);
  if (!weight.getType().isF64())
    weight = arith::ExtFOp::create(builder, loc, builder.getF64Type(), weight);
  sums.penalty = arith::MulFOp::create(builder, loc, weight, sums.reference);
  return sums;
}

Value Measurer::sumSquaredDistances(const Belief &belief, Value a, Value b) {
  Value one = arith::ConstantOp::create(
      builder, loc, FloatAttr::get(belief.type.getComputeType(), 1.0));
  return getScalar(
      PenaltyOp::create(builder, loc, belief.type.getTotalType(), a, b, one));
}

Value Measurer::sumDivergences(const Belief &belief, Value a, Value b) {
  return sumAll(belief, KLDivergenceOp::create(
                            builder, loc, belief.type.getBatchType(), a, b));
}

Value Measurer::sumGradientSquares(const Belief &belief, Value at) {
  OptimizerInputs inputs(returnOp);
  RankedTensorType type = belief.type.getComponentType();
  SmallVector<Value> gradients;
  for (auto [number, isHidden] :
       llvm::zip_equal(belief.gradients, belief.isHidden))
    gradients.push_back(castElements(builder, loc,
                                     isHidden
                                         ? inputs.getOld(plan.hidden[number])
                                         : returnOp->getOperand(number),
                                     type.getElementType()));
  // What is made has no gradient.
  while (gradients.size() < belief.type.getComponentTypes().size()) {
    Value zero = arith::ConstantOp::create(
        builder, loc,
        builder.getZeroAttr(RankedTensorType::get({}, type.getElementType())));
    gradients.push_back(
        buildBroadcast(builder, loc, zero, type, gradients.front()));
  }
  auto natural = NaturalGradientOp::create(
      builder, loc, belief.type.getComponentTypes(), at, gradients);
  FloatType compute = belief.type.getComputeType();
  Value squares;
  for (auto [gradient, tangent] :
       llvm::zip_equal(gradients, natural.getTangent())) {
    Value square = arith::MulFOp::create(
        builder, loc, castElements(builder, loc, gradient, compute),
        castElements(builder, loc, tangent, compute));
    squares =
        squares ? arith::AddFOp::create(builder, loc, squares, square) : square;
  }
  return sumAll(belief, squares);
}

Value Measurer::sumAll(const Belief &belief, Value tensor) {
  return getScalar(
      buildSumToShape(builder, loc, tensor, belief.type.getTotalType()));
}

Sums Measurer::add(const Sums &a, const Sums &b) {
  auto sum = [&](Value x, Value y) -> Value {
    return arith::AddFOp::create(builder, loc, x, y);
  };
  return {sum(a.moved, b.moved),
          sum(a.reference, b.reference),
          sum(a.displacement, b.displacement),
          sum(a.divergence, b.divergence),
          sum(a.penalty, b.penalty),
          sum(a.gradientSquare, b.gradientSquare)};
}

void Measurer::addRow(const Sums &sums) {
  auto root = [&](Value square) -> Value {
    return math::SqrtOp::create(builder, loc, square);
  };
  auto more = [&](Total total, Value value) -> Value {
    return arith::AddFOp::create(builder, loc, getTotal(total), value);
  };
  Value moved = root(sums.moved);
  Value steps = more(Steps, getNumber(1.0));
  Value length = more(Length, moved);
  Value action = more(Action, sums.moved);
  Value information = more(Information, sums.divergence);
  // The first step has moved nothing yet if it does not return what it makes.
  Value moves =
      hasUpdates
          ? steps
          : Value(arith::SubFOp::create(builder, loc, steps, getNumber(1.0)));
  Value efficiency =
      arith::DivFOp::create(builder, loc, sums.displacement,
                            arith::MulFOp::create(builder, loc, moves, action));
  llvm::append_values(newTotals, steps, length, action, information);
  llvm::append_values(measured, moved, root(sums.reference), sums.divergence,
                      sums.penalty, root(sums.gradientSquare), length, action,
                      root(sums.displacement), information, efficiency);
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace {
struct InstrumentPass : fisher::impl::FisherInstrumentBase<InstrumentPass> {
  using Base::Base;

  LogicalResult initialize(MLIRContext *context) override {
    return file.read(policyFile, context);
  }

  void runOnOperation() override {
    PolicyOp chosen = findPolicy(file ? file.get() : getOperation(), policy);
    if (!chosen)
      return signalPassFailure();
    FunctionOpInterface function = findStep(getOperation(), entry, "measure");
    if (!function)
      return signalPassFailure();
    adoptJaxMarks(function);
    if (std::optional<unsigned> totals =
            findArgument(function, marks::name, totalsName)) {
      emitError(function.getArgument(*totals).getLoc())
          << "'" << function.getName() << "' has an argument '" << totalsName
          << "', so it is measured already; leave out fisher-instrument";
      return signalPassFailure();
    }
    FailureOr<InsertionPlan> plan = planMeasurement(function, chosen);
    if (failed(plan))
      return signalPassFailure();
    Instrumenter(function, *plan, sampled).instrument();
    if (!file)
      chosen.erase();
  }

private:
  PolicyFile file;
};
} // namespace
