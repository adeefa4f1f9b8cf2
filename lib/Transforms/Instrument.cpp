//===- Instrument.cpp - How efficiently a training step learns ------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Transforms/Passes.h"

#include "BeliefMeasurer.h"
#include "PolicyFile.h"

#include "fisher/IR/JaxMarks.h"
#include "fisher/IR/Marks.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
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
static constexpr StringLiteral totalsName("fisher.totals");

namespace {
/// Measures the beliefs of a plan in their function.
class Instrumenter {
public:
  Instrumenter(FunctionOpInterface function, InsertionPlan &plan, bool sampled,
               bool totalsOnly, unsigned traceSize)
      : function(function), plan(plan), beliefs(plan.beliefs),
        totalsOnly(totalsOnly), traceSize(totalsOnly ? 0 : traceSize),
        hasUpdates(!sampled) {}

  /// 1. adds the arguments that keep what beliefs were and what is added up,
  /// 2. the results, and 3. fills in every return.
  void instrument();

private:
  void addArguments();
  void addResults();
  void addMeasurements(SmallVectorImpl<Type> &types,
                       SmallVectorImpl<DictionaryAttr> &attrs);
  RankedTensorType getTableType(unsigned numColumns) {
    // One row for each belief, and one for all of them.
    return RankedTensorType::get(
        {static_cast<int64_t>(beliefs.size()) + 1, numColumns},
        Float64Type::get(function.getContext()));
  }

  FunctionOpInterface function;
  InsertionPlan &plan;
  ArrayRef<Belief> beliefs;
  /// Whether the sums over steps are all that is returned.
  bool totalsOnly;
  /// How many elements of each belief are returned.
  unsigned traceSize;
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
      BeliefMeasurer(function, &block.back(), plan, hasUpdates, totalsOnly,
                     starts, previous, function.getArgument(totals))
          .measure(renewed, traceSize);
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
  if (!totalsOnly)
    addMeasurements(types, attrs);
  LogicalResult inserted = function.insertResults(
      SmallVector<unsigned>(types.size(), function.getNumResults()), types,
      attrs);
  assert(succeeded(inserted) && "functions return any result");
  (void)inserted;
}

void Instrumenter::addMeasurements(SmallVectorImpl<Type> &types,
                                   SmallVectorImpl<DictionaryAttr> &attrs) {
  Builder builder(function.getContext());
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
  for (auto [belief, name] : llvm::zip_equal(beliefs, names)) {
    FamilyInterface family = getTracedFamily(belief);
    if (traceSize == 0 || !family)
      continue;
    SmallVector<StringRef> coordinates = {"element"};
    llvm::append_range(coordinates, family.getStandardNames());
    types.push_back(getTraceType(belief, traceSize));
    attrs.push_back(builder.getDictionaryAttr(
        {builder.getNamedAttr(marks::role, builder.getStringAttr("trace")),
         builder.getNamedAttr(marks::traceOf, builder.getStringAttr(name)),
         builder.getNamedAttr(marks::family, family),
         builder.getNamedAttr(marks::columns,
                              builder.getStrArrayAttr(coordinates))}));
  }
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
    Instrumenter(function, *plan, sampled, totalsOnly, trace).instrument();
    if (!file)
      chosen.erase();
  }

private:
  PolicyFile file;
};
} // namespace
