//===- PolicyOps.cpp - Policies and their entries -----------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/IR/Fisher.h"
#include "fisher/IR/Glob.h"

#include "mlir/IR/OpImplementation.h"

using namespace mlir;
using namespace mlir::fisher;

//===----------------------------------------------------------------------===//
// Custom syntax, called by the generated parsers and printers
//===----------------------------------------------------------------------===//

namespace mlir::fisher {

ParseResult parseGlobs(OpAsmParser &parser, ArrayAttr &globs) {
  SmallVector<Attribute> patterns;
  auto parsePattern = [&]() -> ParseResult {
    StringAttr pattern;
    if (parser.parseAttribute(pattern))
      return failure();
    patterns.push_back(pattern);
    return success();
  };
  if (parser.parseCommaSeparatedList(parsePattern))
    return failure();
  globs = parser.getBuilder().getArrayAttr(patterns);
  return success();
}

void printGlobs(OpAsmPrinter &printer, Operation *, ArrayAttr globs) {
  llvm::interleaveComma(globs, printer);
}

ParseResult parseNumberOrName(OpAsmParser &parser, Attribute &result) {
  StringAttr name;
  OptionalParseResult parsed = parser.parseOptionalAttribute(name);
  if (parsed.has_value()) {
    result = name;
    return *parsed;
  }
  double number;
  if (parser.parseFloat(number))
    return failure();
  result = parser.getBuilder().getF64FloatAttr(number);
  return success();
}

void printNumberOrName(OpAsmPrinter &printer, Operation *, Attribute value) {
  if (auto number = dyn_cast<FloatAttr>(value))
    printer.printFloat(number.getValue());
  else
    printer << value;
}

ParseResult parseModeKeyword(OpAsmParser &parser, ModeAttr &mode) {
  SMLoc loc = parser.getCurrentLocation();
  StringRef keyword;
  if (parser.parseKeyword(&keyword))
    return failure();
  std::optional<Mode> value = symbolizeMode(keyword);
  if (!value)
    return parser.emitError(loc)
           << "expected a mode ('coupled', 'loss_only', 'proximal' or "
              "'natural'), got '"
           << keyword << "'";
  mode = ModeAttr::get(parser.getContext(), *value);
  return success();
}

void printModeKeyword(OpAsmPrinter &printer, Operation *, ModeAttr mode) {
  printer << stringifyMode(mode.getValue());
}

} // namespace mlir::fisher

//===----------------------------------------------------------------------===//
// PolicyOp
//===----------------------------------------------------------------------===//

LogicalResult PolicyOp::verifyRegions() {
  for (Operation &op : getBody().getOps())
    if (!isa<RegularizeOp>(op))
      return op.emitOpError()
             << "is not an entry of a policy; only 'fisher.regularize' is";
  return success();
}

//===----------------------------------------------------------------------===//
// RegularizeOp
//===----------------------------------------------------------------------===//

FamilyInterface RegularizeOp::getFamilyInterface() {
  return cast<FamilyInterface>(getFamily());
}

ReferenceInterface RegularizeOp::getReferenceInterface() {
  return cast<ReferenceInterface>(getReference());
}

SmallVector<StringRef> RegularizeOp::getGlobs() {
  return llvm::to_vector(getNames().getAsValueRange<StringAttr>());
}

/// A weight or a step size is a number that is not negative, or a name.
static LogicalResult verifyNumberOrName(RegularizeOp op, Attribute value,
                                        StringRef what) {
  if (auto name = dyn_cast<StringAttr>(value)) {
    if (name.empty())
      return op.emitOpError() << "has an empty name as " << what;
    return success();
  }
  APFloat number = cast<FloatAttr>(value).getValue();
  if (!number.isFinite() || (number.isNegative() && !number.isZero()))
    return op.emitOpError()
           << "needs a " << what << " that is finite and not negative, got "
           << number.convertToDouble();
  return success();
}

LogicalResult RegularizeOp::verify() {
  auto error = [this] { return emitOpError(); };
  auto family = dyn_cast<FamilyInterface>(getFamily());
  if (!family)
    return emitOpError() << "expects a family after 'as', such as "
                            "#fisher.gaussian<softplus>, got "
                         << getFamily();
  auto reference = dyn_cast<ReferenceInterface>(getReference());
  if (!reference)
    return emitOpError() << "expects a reference after 'toward', such as "
                            "#fisher.frozen, got "
                         << getReference();

  ArrayRef<StringRef> components = family.getComponentNames();
  if (getNames().size() != components.size()) {
    InFlightDiagnostic diag = emitOpError()
                              << "needs one glob for each component of family '"
                              << family.getFamilyName() << "' (";
    llvm::interleaveComma(components, diag);
    return diag << "), got " << getNames().size();
  }
  for (StringRef glob : getGlobs())
    if (failed(Glob::parse(glob, error)))
      return failure();

  if (failed(verifyNumberOrName(*this, getWeight(), "weight")))
    return failure();
  if (getStepSize() &&
      failed(verifyNumberOrName(*this, *getStepSize(), "step_size")))
    return failure();
  return reference.verifyForFamily(family, error);
}
