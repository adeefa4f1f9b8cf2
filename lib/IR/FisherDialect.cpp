//===- FisherDialect.cpp - Registration and marks -------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/IR/Fisher.h"
#include "fisher/IR/Marks.h"
#include "fisher/IR/Version.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace mlir::fisher;

#include "fisher/IR/FisherDialect.cpp.inc"

void FisherDialect::initialize() {
  registerAttributes();
  registerTypes();
  addOperations<
#define GET_OP_LIST
#include "fisher/IR/FisherOps.cpp.inc"
      >();
  addBytecodeInterface(*this);
}

Operation *FisherDialect::materializeConstant(OpBuilder &builder,
                                              Attribute value, Type type,
                                              Location loc) {
  return arith::ConstantOp::materialize(builder, value, type, loc);
}

//===----------------------------------------------------------------------===//
// Marks
//===----------------------------------------------------------------------===//

/// A mark's text, or null after an error if it is no text.
static StringAttr getText(Operation *op, NamedAttribute mark) {
  auto text = dyn_cast<StringAttr>(mark.getValue());
  if (text && !text.empty())
    return text;
  op->emitOpError() << "expects '" << mark.getName().getValue()
                    << "' to be a text that is not empty, got "
                    << mark.getValue();
  return nullptr;
}

/// Emits an error unless `text` is one of `words`.
static LogicalResult verifyOneOf(Operation *op, NamedAttribute mark,
                                 StringRef text, ArrayRef<StringRef> words) {
  if (llvm::is_contained(words, text))
    return success();
  InFlightDiagnostic diag = op->emitOpError()
                            << "expects '" << mark.getName().getValue()
                            << "' to be one of ";
  llvm::interleaveComma(words, diag,
                        [&](StringRef word) { diag << "'" << word << "'"; });
  return diag << ", got '" << text << "'";
}

static LogicalResult unknownMark(Operation *op, NamedAttribute mark,
                                 StringRef place, ArrayRef<StringRef> known) {
  InFlightDiagnostic diag =
      op->emitOpError() << "has an unknown mark '" << mark.getName().getValue()
                        << "' on " << place << "; known are ";
  llvm::interleaveComma(known, diag,
                        [&](StringRef name) { diag << "'" << name << "'"; });
  return diag;
}

/// Emits an error unless `text` names an argument of the function.
static LogicalResult verifyNamesArgument(Operation *op, NamedAttribute mark,
                                         StringAttr text) {
  auto function = dyn_cast<FunctionOpInterface>(op);
  if (!function || findArgument(function, marks::name, text.getValue()))
    return success();
  return op->emitOpError() << "has no argument with " << marks::name << " = "
                           << text << ", which '" << mark.getName().getValue()
                           << "' refers to";
}

LogicalResult FisherDialect::verifyRegionArgAttribute(Operation *op, unsigned,
                                                      unsigned argIndex,
                                                      NamedAttribute mark) {
  StringAttr text = getText(op, mark);
  if (!text)
    return failure();
  StringRef name = mark.getName().getValue();
  if (name == marks::name) {
    auto function = dyn_cast<FunctionOpInterface>(op);
    if (function &&
        findArgument(function, marks::name, text.getValue()) != argIndex)
      return op->emitOpError() << "has two arguments with " << marks::name
                               << " = " << text << "; names must be unique";
    return success();
  }
  if (name == marks::role)
    return verifyOneOf(op, mark, text, {"param", "state", "batch", "eps"});
  if (name == marks::distribution)
    return verifyOneOf(op, mark, text, {"normal", "uniform"});
  if (name == marks::initialize)
    return verifyNamesArgument(op, mark, text);
  return unknownMark(
      op, mark, "an argument",
      {marks::name, marks::role, marks::initialize, marks::distribution});
}

/// Emits an error if an earlier result has the same mark.
static LogicalResult verifyFirst(Operation *op, NamedAttribute mark,
                                 StringAttr text, unsigned resultIndex) {
  auto function = dyn_cast<FunctionOpInterface>(op);
  if (!function ||
      findResult(function, mark.getName(), text.getValue()) == resultIndex)
    return success();
  return op->emitOpError() << "has two results with "
                           << mark.getName().getValue() << " = " << text
                           << "; only one can be meant";
}

/// Emits an error unless a mark is a list of texts, as many as the result has
/// rows, but for the last one, or columns.
static LogicalResult verifyLabels(Operation *op, unsigned resultIndex,
                                  NamedAttribute mark) {
  auto labels = dyn_cast<ArrayAttr>(mark.getValue());
  if (!labels || !llvm::all_of(labels, llvm::IsaPred<StringAttr>))
    return op->emitOpError()
           << "expects '" << mark.getName().getValue()
           << "' to be a list of texts, got " << mark.getValue();
  auto function = dyn_cast<FunctionOpInterface>(op);
  if (!function)
    return success();
  bool areRows = mark.getName() == marks::beliefs;
  int64_t count = labels.size() + (areRows ? 1 : 0);
  // A tensor becomes a buffer.
  auto table = dyn_cast<ShapedType>(function.getResultTypes()[resultIndex]);
  if (table && table.hasRank() && table.getRank() == 2 &&
      table.getDimSize(areRows ? 0 : 1) == count)
    return success();
  return op->emitOpError() << "has " << labels.size() << " texts in '"
                           << mark.getName().getValue()
                           << "', which is for a matrix with " << count
                           << (areRows ? " rows" : " columns") << ", got "
                           << function.getResultTypes()[resultIndex];
}

LogicalResult FisherDialect::verifyRegionResultAttribute(Operation *op,
                                                         unsigned,
                                                         unsigned resultIndex,
                                                         NamedAttribute mark) {
  StringRef name = mark.getName().getValue();
  if (name == marks::beliefs || name == marks::columns)
    return verifyLabels(op, resultIndex, mark);
  if (name == marks::family) {
    if (isa<FamilyInterface>(mark.getValue()))
      return success();
    return op->emitOpError()
           << "expects '" << name << "' to be a family of distributions, got "
           << mark.getValue();
  }
  StringAttr text = getText(op, mark);
  if (!text)
    return failure();
  if (name == marks::name || name == marks::traceOf)
    return success();
  if (name == marks::role)
    return failure(failed(verifyOneOf(
                       op, mark, text,
                       {"loss", "grad", "penalty", "measurements", "trace"})) ||
                   (text.getValue() == "loss" &&
                    failed(verifyFirst(op, mark, text, resultIndex))));
  if (name == marks::updates || name == marks::gradientOf)
    return failure(failed(verifyNamesArgument(op, mark, text)) ||
                   failed(verifyFirst(op, mark, text, resultIndex)));
  return unknownMark(op, mark, "a result",
                     {marks::name, marks::role, marks::updates,
                      marks::gradientOf, marks::beliefs, marks::columns,
                      marks::traceOf, marks::family});
}

LogicalResult FisherDialect::verifyOperationAttribute(Operation *op,
                                                      NamedAttribute attr) {
  if (attr.getName() == marks::regularized && isa<FunctionOpInterface>(op)) {
    auto isListOfNames = [](Attribute belief) {
      auto names = dyn_cast<ArrayAttr>(belief);
      return names && llvm::all_of(names, llvm::IsaPred<StringAttr>);
    };
    auto beliefs = dyn_cast<ArrayAttr>(attr.getValue());
    if (beliefs && llvm::all_of(beliefs, isListOfNames))
      return success();
    return op->emitOpError()
           << "expects '" << marks::regularized
           << "' to be a list of beliefs, each the list of its components' "
              "names, got "
           << attr.getValue();
  }
  if (attr.getName() == marks::findings && isa<FunctionOpInterface>(op)) {
    auto findings = dyn_cast<ArrayAttr>(attr.getValue());
    if (findings && llvm::all_of(findings, llvm::IsaPred<FindingAttr>))
      return success();
    return op->emitOpError()
           << "expects '" << marks::findings
           << "' to be a list of #fisher.finding, got " << attr.getValue();
  }
  if (attr.getName() == marks::work && isa<LoopLikeOpInterface>(op)) {
    auto work = dyn_cast<IntegerAttr>(attr.getValue());
    if (work && work.getType().isInteger(64) && work.getInt() > 0)
      return success();
    return op->emitOpError()
           << "expects '" << marks::work << "' to be a positive i64, got "
           << attr.getValue();
  }
  if (attr.getName() == marks::version && isa<ModuleOp>(op)) {
    if (isa<VersionAttr>(attr.getValue()))
      return success();
    return op->emitOpError()
           << "expects '" << marks::version << "' to be a #fisher.version, got "
           << attr.getValue();
  }
  return op->emitOpError()
         << "has an attribute '" << attr.getName().getValue()
         << "' that the dialect does not know; marks belong on a function's "
            "arguments and results";
}
