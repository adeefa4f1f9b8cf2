//===- Beliefs.cpp - Beliefs become their components ----------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Conversion/Beliefs.h"

#include "fisher/IR/Fisher.h"
#include "fisher/IR/Marks.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Func/Transforms/FuncConversions.h"
#include "mlir/Transforms/DialectConversion.h"

using namespace mlir;
using namespace mlir::fisher;

namespace {
struct LowerBelief : OpConversionPattern<BeliefOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(BeliefOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    rewriter.replaceOpWithMultiple(op, {adaptor.getComponents()});
    return success();
  }
};
struct LowerComponents : OpConversionPattern<ComponentsOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(ComponentsOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    rewriter.replaceOp(op, adaptor.getBelief());
    return success();
  }
};

/// A choice between beliefs, which other canonicalizations make of scf.if, is
/// one between their components.
struct LowerSelect : OpConversionPattern<arith::SelectOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(arith::SelectOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (!isa<BeliefType>(op.getType()))
      return rewriter.notifyMatchFailure(op, "chooses between no beliefs");
    Value condition = adaptor.getCondition().front();
    SmallVector<Value> components;
    for (auto [ifTrue, ifFalse] :
         llvm::zip_equal(adaptor.getTrueValue(), adaptor.getFalseValue()))
      components.push_back(arith::SelectOp::create(rewriter, op.getLoc(),
                                                   condition, ifTrue, ifFalse));
    rewriter.replaceOpWithMultiple(op, {components});
    return success();
  }
};
} // namespace

void mlir::fisher::populateBeliefTypeConversion(TypeConverter &converter) {
  converter.addConversion([](Type type) { return type; });
  converter.addConversion(
      [](BeliefType type, SmallVectorImpl<Type> &components) {
        llvm::append_range(components, type.getComponentTypes());
        return success();
      });
  // Where an operation that nobody converts carries a belief, it is packed
  // again, which is then reported.
  converter.addSourceMaterialization([](OpBuilder &builder, BeliefType type,
                                        ValueRange components,
                                        Location loc) -> Value {
    return BeliefOp::create(builder, loc, type, components);
  });
}

void mlir::fisher::populateBeliefPatterns(const TypeConverter &converter,
                                          RewritePatternSet &patterns) {
  patterns.add<LowerBelief, LowerComponents, LowerSelect>(
      converter, patterns.getContext());
}

void mlir::fisher::populateBeliefFunctionPatterns(
    const TypeConverter &converter, RewritePatternSet &patterns,
    ConversionTarget &target) {
  // What branches, converts the blocks that it leads to.
  target.addDynamicallyLegalOp<func::FuncOp>([&](func::FuncOp op) {
    return converter.isSignatureLegal(op.getFunctionType());
  });
  populateFunctionOpInterfaceTypeConversionPattern<func::FuncOp>(patterns,
                                                                 converter);
  populateCallOpTypeConversionPattern(patterns, converter);
  populateReturnOpTypeConversionPattern(patterns, converter);
}

void mlir::fisher::dropPolicies(ModuleOp module) {
  module.walk(
      [](PolicyOp policy) {
        policy.emitWarning()
            << "is dropped without effect; run fisher-insert before";
        policy.erase();
      });
}

//===----------------------------------------------------------------------===//
// Attributes of arguments and results
//===----------------------------------------------------------------------===//

BeliefAttributes::BeliefAttributes(ModuleOp module,
                                   const TypeConverter &converter) {
  module.walk([&](func::FuncOp function) {
    if (converter.isSignatureLegal(function.getFunctionType()))
      return;
    Signature &signature = signatures.emplace_back();
    signature.function = function;
    for (auto [i, type] : llvm::enumerate(function.getArgumentTypes()))
      append(signature.arguments, type, function.getArgAttrDict(i));
    for (auto [i, type] : llvm::enumerate(function.getResultTypes()))
      append(signature.results, type, function.getResultAttrDict(i));
  });
}

void BeliefAttributes::apply() {
  for (Signature &signature : signatures) {
    signature.function.setAllArgAttrs(signature.arguments);
    signature.function.setAllResultAttrs(signature.results);
  }
}

void BeliefAttributes::append(SmallVector<DictionaryAttr> &list, Type type,
                              DictionaryAttr attrs) {
  auto belief = dyn_cast<BeliefType>(type);
  if (!attrs)
    attrs = DictionaryAttr::get(type.getContext());
  if (!belief)
    return list.push_back(attrs);
  for (StringRef component : belief.getFamily().getComponentNames()) {
    NamedAttrList renamed(attrs);
    for (StringRef mark :
         {marks::name, marks::updates, marks::gradientOf, marks::initialize})
      if (auto name = attrs.getAs<StringAttr>(mark))
        renamed.set(mark, StringAttr::get(type.getContext(),
                                          name.getValue() + "." + component));
    list.push_back(renamed.getDictionary(type.getContext()));
  }
}
