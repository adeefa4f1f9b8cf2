//===- PolicyOps.cpp - Policies and their entries -------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PolicySyntax.h"

#include "fisher/IR/Fisher.h"
#include "fisher/IR/Glob.h"

#include "mlir/IR/OpImplementation.h"

using namespace mlir;
using namespace mlir::fisher;

/// What `from adam` adds to the second moment if no epsilon is written.
static constexpr double defaultAdamEpsilon = 1.0e-8;

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

/// A source, if there is one: `from adam(NAME) count N [epsilon E]`,
/// `from ATTRIBUTE`, or `fixed COORDINATE NUMBER`.
OptionalParseResult parseSource(OpAsmParser &parser, Attribute &source) {
  Builder &builder = parser.getBuilder();
  if (succeeded(parser.parseOptionalKeyword("fixed"))) {
    StringRef chart;
    double number;
    if (parser.parseKeyword(&chart) || parser.parseFloat(number))
      return failure();
    source = FixedAttr::get(builder.getContext(), builder.getStringAttr(chart),
                            builder.getF64FloatAttr(number));
    return success();
  }
  if (failed(parser.parseOptionalKeyword("from")))
    return std::nullopt;
  if (failed(parser.parseOptionalKeyword("adam")))
    return parser.parseAttribute(source);
  StringAttr moment;
  int64_t count;
  double epsilon = defaultAdamEpsilon;
  if (parser.parseLParen() || parser.parseAttribute(moment) ||
      parser.parseRParen() || parser.parseKeyword("count") ||
      parser.parseInteger(count))
    return failure();
  if (succeeded(parser.parseOptionalKeyword("epsilon")) &&
      parser.parseFloat(epsilon))
    return failure();
  source = AdamAttr::get(builder.getContext(), moment, count,
                         builder.getF64FloatAttr(epsilon));
  return success();
}

void printSource(OpAsmPrinter &printer, Operation *, Attribute source) {
  if (auto fixed = dyn_cast<FixedAttr>(source)) {
    printer << "fixed " << fixed.getChart().getValue() << " ";
    printer.printFloat(fixed.getNumber().getValue());
  } else if (auto adam = dyn_cast<AdamAttr>(source)) {
    printer << "from adam(" << adam.getMoment() << ") count "
            << adam.getCount();
    if (adam.getEpsilon().getValueAsDouble() != defaultAdamEpsilon) {
      printer << " epsilon ";
      printer.printFloat(adam.getEpsilon().getValue());
    }
  } else {
    printer << "from " << source;
  }
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

SourceInterface RegularizeOp::getSourceInterface() {
  return cast_if_present<SourceInterface>(getSource().value_or(Attribute()));
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

/// What makes the last component makes it as the standard coordinate, beside
/// another that a parameter holds.
static LogicalResult verifySource(RegularizeOp op, FamilyInterface family) {
  auto source = dyn_cast<SourceInterface>(*op.getSource());
  if (!source)
    return op.emitOpError() << "expects after 'from' what makes a component, "
                               "such as adam(\"adam.v.{0}\") count 60000, got "
                            << *op.getSource();
  FamilyInterface standard = family.getInStandardChart();
  if (!standard || family.getComponentNames().size() < 2)
    return op.emitOpError()
           << "cannot make a component of family '" << family.getFamilyName()
           << "'; 'from' and 'fixed' are for families such as "
              "#fisher.gaussian_mean<sigma>";
  if (standard != family)
    return op.emitOpError() << "makes the " << family.getComponentNames().back()
                            << " itself, which is stored in the chart '"
                            << standard.getChartName() << "'; write "
                            << standard << " after 'as', got " << family;
  return source.verifyForFamily(family, [&] { return op.emitOpError(); });
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
  if (getSource()) {
    if (failed(verifySource(*this, family)))
      return failure();
    components = components.drop_back();
  }
  if (getNames().size() != components.size()) {
    InFlightDiagnostic diag = emitOpError()
                              << "needs one glob for each component of family '"
                              << family.getFamilyName() << "' "
                              << (getSource() ? "that is not made (" : "(");
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
  return reference.verifyForFamily(family, getSourceInterface(), error);
}
