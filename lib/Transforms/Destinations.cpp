//===- Destinations.cpp - Where results go --------------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DestinationWriter.h"
#include "fisher/IR/Fisher.h"
#include "fisher/IR/JaxMarks.h"
#include "fisher/IR/Marks.h"
#include "fisher/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/StringMap.h"

namespace mlir::fisher {
#define GEN_PASS_DEF_FISHERASSIGNDESTINATIONS
#include "fisher/Transforms/Passes.h.inc"
} // namespace mlir::fisher

using namespace mlir;
using namespace mlir::fisher;

//===----------------------------------------------------------------------===//
// Where results go
//===----------------------------------------------------------------------===//

/// A function that this pass can rewrite: what it returns is known at one
/// place.
static bool hasOneBlock(func::FuncOp function) {
  return !function.isExternal() && function.getBody().hasOneBlock();
}

FailureOr<SmallVector<Destination>>
fisher::findDestinations(func::FuncOp function, bool dynamicResults) {
  llvm::StringMap<unsigned> named;
  for (unsigned argument = 0; argument < function.getNumArguments(); ++argument)
    if (auto name =
            function.getArgAttrOfType<StringAttr>(argument, marks::name))
      named.try_emplace(name.getValue(), argument);

  ArrayRef<Type> types = function.getResultTypes();
  SmallVector<Destination> destinations(types.size(),
                                        {Destination::Kind::Result});
  llvm::SmallDenseSet<unsigned> updated;
  for (unsigned result = 0; result < types.size(); ++result) {
    auto mark =
        function.getResultAttrOfType<StringAttr>(result, marks::updates);
    auto argument = mark ? named.find(mark.getValue()) : named.end();
    if (argument == named.end())
      continue;
    Type expected = function.getArgumentTypes()[argument->second];
    if (expected != types[result])
      return function.emitError()
             << "result " << result << " with " << marks::updates << " = "
             << mark << " has type " << types[result]
             << ", but the argument has type " << expected;
    if (isa<RankedTensorType>(expected) &&
        updated.insert(argument->second).second)
      destinations[result] = {Destination::Kind::Updated, argument->second};
  }
  if (!hasOneBlock(function))
    return SmallVector<Destination>(destinations.size(),
                                    {Destination::Kind::Result});

  // What JAX says is a permission, not a demand.
  for (auto [argument, type] : llvm::enumerate(function.getArgumentTypes())) {
    auto mark =
        function.getArgAttrOfType<IntegerAttr>(argument, aliasingOutput);
    if (!mark || mark.getValue().uge(destinations.size()) ||
        !isa<RankedTensorType>(type))
      continue;
    unsigned result = mark.getValue().getZExtValue();
    if (destinations[result].kind == Destination::Kind::Result &&
        types[result] == type && updated.insert(argument).second)
      destinations[result] = {Destination::Kind::Updated,
                              static_cast<unsigned>(argument)};
  }
  unsigned added = function.getNumArguments();
  for (auto [destination, type] : llvm::zip_equal(destinations, types)) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (destination.kind == Destination::Kind::Result && tensor &&
        (tensor.hasStaticShape() || dynamicResults))
      destination = {Destination::Kind::Added, added++};
  }
  return destinations;
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace {
struct AssignDestinations
    : fisher::impl::FisherAssignDestinationsBase<AssignDestinations> {
  using FisherAssignDestinationsBase::FisherAssignDestinationsBase;

  void runOnOperation() override {
    SymbolTableCollection tables;
    SymbolUserMap users(tables, getOperation());
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      // Whoever calls it here passes what it takes now.
      if (function.isExternal() || !users.useEmpty(function))
        continue;
      FailureOr<SmallVector<Destination>> destinations =
          findDestinations(function, dynamicResults);
      if (failed(destinations))
        return signalPassFailure();
      if (hasOneBlock(function))
        DestinationWriter(function, *destinations).run();
    }
  }
};
} // namespace
