//===- Removal.cpp - Take regularizers out of a training step -------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Recognition/Removal.h"
#include "fisher/Math/DecimalText.h"

#include "Remover.h"

#include "fisher/Recognition/Calls.h"

#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/CallInterfaces.h"

using namespace mlir;
using namespace mlir::fisher;
using namespace mlir::fisher::recognition;

bool mlir::fisher::recognition::isRemovable(FindingKind kind) {
  return kind == FindingKind::l2_gradient || kind == FindingKind::l2_loss ||
         kind == FindingKind::weight_decay || kind == FindingKind::kl_to_prior;
}

/// What must stay as it is: other findings, without their locations.
static SmallVector<std::string> describe(Recognition &recognition,
                                         FindingKind except) {
  SmallVector<std::string> lines;
  for (const Finding &finding : recognition.getFindings()) {
    if (finding.kind == except)
      continue;
    FindingKind kind =
        finding.kind == FindingKind::adamw ? FindingKind::adam : finding.kind;
    std::string line;
    llvm::raw_string_ostream os(line);
    os << stringifyFindingKind(kind);
    for (unsigned argument : finding.arguments)
      os << ' ' << argument;
    for (const Coefficient &coefficient : finding.coefficients) {
      os << ' ' << coefficient.name;
      if (coefficient.number)
        os << ' ' << toDecimal(*coefficient.number, 4);
    }
    lines.push_back(std::move(line));
  }
  llvm::sort(lines);
  return lines;
}

static LogicalResult removeKind(FunctionOpInterface function,
                                FindingKind kind) {
  auto hasKind = [&](Recognition &recognition) {
    return llvm::find_if(
        recognition.getFindings(),
        [&](const Finding &finding) { return finding.kind == kind; });
  };
  while (true) {
    Recognition recognition(function);
    auto found = hasKind(recognition);
    if (found == recognition.getFindings().end())
      return success();
    std::vector<std::string> names = getArgumentNames(function);
    SmallVector<std::string> others = describe(recognition, kind);
    // The walk may have changed something before it comes to a call.
    Operation *backup = function->clone();
    Remover remover(recognition, kind);
    if (remover.remove()) {
      backup->destroy();
      Recognition after(function);
      auto left = hasKind(after);
      if (left == after.getFindings().end() && describe(after, kind) == others)
        return success();
      return function.emitError()
             << "cannot take " << stringifyFindingKind(kind) << " on "
             << names[found->arguments.front()] << " out of the step: "
             << (left != after.getFindings().end()
                     ? "something is left of it"
                     : "something else would change with it");
    }
    Operation *stop = remover.getStop();
    Location loc = stop ? stop->getLoc() : function.getLoc();
    std::string name =
        stop ? stop->getName().getStringRef().str() : "its results";
    std::optional<unsigned> call;
    auto getCalls = [&]() {
      return llvm::to_vector(
          function.getFunctionBody().front().getOps<CallOpInterface>());
    };
    for (auto [number, op] : llvm::enumerate(getCalls()))
      if (op == remover.getCall())
        call = number;
    function.getFunctionBody().takeBody(
        cast<FunctionOpInterface>(backup).getFunctionBody());
    backup->destroy();
    if (call && inlineCall(getCalls()[*call]))
      continue;
    InFlightDiagnostic error =
        emitError(loc) << "cannot take " << stringifyFindingKind(kind) << " on "
                       << names[remover.getParameter()] << " out of " << name;
    if (remover.isMixed())
      error << ": other terms of the loss depend on the same parameters alone";
    error.attachNote(function.getLoc())
        << "the step stays as it was; write the regularizer as a sum of its "
           "own that is added to the loss, the gradient or the new value";
    return error;
  }
}

/// The private functions of the same module that nothing calls.
static SmallVector<FunctionOpInterface>
getUnusedFunctions(FunctionOpInterface function) {
  SmallVector<FunctionOpInterface> unused;
  Operation *module = function->getParentOp();
  for (auto other : module->getRegion(0).front().getOps<FunctionOpInterface>())
    if (cast<SymbolOpInterface>(other.getOperation()).isPrivate() &&
        SymbolTable::symbolKnownUseEmpty(other, module))
      unused.push_back(other);
  return unused;
}

LogicalResult
mlir::fisher::recognition::removeFindings(FunctionOpInterface function) {
  SmallVector<FunctionOpInterface> unusedBefore = getUnusedFunctions(function);
  Operation *backup = function->clone();
  for (FindingKind kind : {FindingKind::kl_to_prior, FindingKind::l2_loss,
                           FindingKind::l2_gradient, FindingKind::weight_decay})
    if (failed(removeKind(function, kind))) {
      function.getFunctionBody().takeBody(
          cast<FunctionOpInterface>(backup).getFunctionBody());
      backup->destroy();
      return failure();
    }
  backup->destroy();
  // Functions may call each other.
  bool isAny = true;
  while (isAny) {
    isAny = false;
    for (FunctionOpInterface unused : getUnusedFunctions(function))
      if (!llvm::is_contained(unusedBefore, unused)) {
        unused->erase();
        isAny = true;
      }
  }
  return success();
}
