//===- FisherAttributes.cpp - References and charts -----------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/IR/Fisher.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/SmallVectorExtras.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::fisher;

#include "fisher/IR/FamilyInterface.cpp.inc"
#include "fisher/IR/FisherEnums.cpp.inc"
#include "fisher/IR/ReferenceInterface.cpp.inc"
#include "fisher/IR/SourceInterface.cpp.inc"

/// A number without its type, which is f64.
static ParseResult parseNumber(AsmParser &parser, FloatAttr &number) {
  double value;
  if (parser.parseFloat(value))
    return failure();
  number = parser.getBuilder().getF64FloatAttr(value);
  return success();
}

static void printNumber(AsmPrinter &printer, FloatAttr number) {
  printer.printFloat(number.getValue());
}

#define GET_ATTRDEF_CLASSES
#include "fisher/IR/FisherAttributes.cpp.inc"

/// What is written of each of some attributes.
template <typename... Attributes>
static SmallVector<StringRef> getMnemonics() {
  return {Attributes::getMnemonic()...};
}

void FisherDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "fisher/IR/FisherAttributes.cpp.inc"
      >();
}

Attribute FisherDialect::parseAttribute(DialectAsmParser &parser,
                                        Type type) const {
  SMLoc loc = parser.getCurrentLocation();
  StringRef name;
  Attribute attribute;
  if (generatedAttributeParser(parser, &name, type, attribute).has_value())
    return attribute;
  InFlightDiagnostic diag = parser.emitError(loc)
                            << "unknown attribute `" << name
                            << "` in dialect `fisher`; ";
  constexpr unsigned maxEdits = 2;
  auto known = getMnemonics<
#define GET_ATTRDEF_LIST
#include "fisher/IR/FisherAttributes.cpp.inc"
      >();
  auto distance = [&](StringRef other) {
    return name.edit_distance(other, /*AllowReplacements=*/true, maxEdits);
  };
  StringRef nearest = *llvm::min_element(known, [&](StringRef a, StringRef b) {
    return distance(a) < distance(b);
  });
  if (distance(nearest) <= maxEdits) {
    diag << "did you mean `" << nearest << "`?";
    return {};
  }
  diag << "it has ";
  llvm::interleaveComma(known, diag);
  return {};
}

void FisherDialect::printAttribute(Attribute attribute,
                                   DialectAsmPrinter &printer) const {
  (void)generatedAttributePrinter(attribute, printer);
}

//===----------------------------------------------------------------------===//
// Prior
//===----------------------------------------------------------------------===//

/// The number that an element of a prior's list stands for, if it is one.
static std::optional<double> getNumber(Attribute attr) {
  if (auto number = dyn_cast<FloatAttr>(attr))
    return number.getValueAsDouble();
  if (auto number = dyn_cast<IntegerAttr>(attr);
      number && !number.getType().isInteger(1))
    return number.getValue().roundToDouble(
        /*isSigned=*/!number.getType().isUnsignedInteger());
  return std::nullopt;
}

LogicalResult PriorAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                ArrayAttr standard) {
  for (Attribute element : standard)
    if (!getNumber(element))
      return emitError() << "a prior's coordinates must be numbers, got "
                         << element;
  return success();
}

SmallVector<double> PriorAttr::getStandardCoordinates() const {
  return llvm::map_to_vector(getStandard(), [](Attribute element) {
    return getNumber(element).value();
  });
}

/// The prior with a number for a coordinate that is made, which is one that
/// families have: what is checked and built with it does not depend on it.
static PriorAttr completePrior(PriorAttr prior, bool isMade) {
  if (!isMade)
    return prior;
  SmallVector<Attribute> numbers(prior.getStandard().getValue());
  numbers.push_back(Builder(prior.getContext()).getF64FloatAttr(1.0));
  return PriorAttr::get(prior.getContext(),
                        ArrayAttr::get(prior.getContext(), numbers));
}

LogicalResult
PriorAttr::verifyForFamily(FamilyInterface family, SourceInterface source,
                           function_ref<InFlightDiagnostic()> emitError) const {
  // How many numbers a distribution with event dimensions has is not known
  // before its type.
  if (family.getEventRank() != 0)
    return success();
  ArrayRef<StringRef> names =
      family.getStandardNames().drop_back(source ? 1 : 0);
  if (getStandard().size() != names.size()) {
    InFlightDiagnostic diag = emitError()
                              << "a prior of family '" << family.getFamilyName()
                              << "' needs " << names.size() << " number"
                              << (names.size() == 1 ? " (" : "s (");
    llvm::interleaveComma(names, diag);
    diag << "), got " << getStandard().size();
    if (source)
      diag << "; the " << family.getStandardNames().back() << " is made";
    return diag;
  }
  PriorAttr complete = completePrior(*this, static_cast<bool>(source));
  return family.getStoredEvents(complete.getStandardCoordinates(), {},
                                emitError);
}

/// The stored components of the prior for beliefs of this type.
static FailureOr<StoredComponents>
getStored(PriorAttr prior, BeliefType type,
          function_ref<InFlightDiagnostic()> emitError) {
  return type.getFamily().getStoredEvents(prior.getStandardCoordinates(),
                                          type.getEventShape(), emitError);
}

LogicalResult
PriorAttr::verifyForType(BeliefType type, bool isMade,
                         function_ref<InFlightDiagnostic()> emitError) const {
  FamilyInterface family = type.getFamily();
  FailureOr<StoredComponents> stored =
      getStored(completePrior(*this, isMade), type, emitError);
  if (failed(stored))
    return failure();
  auto element = cast<FloatType>(type.getComponentType().getElementType());
  auto round = [&](double number) {
    return FloatAttr::get(element, number).getValueAsDouble();
  };
  for (auto [index, numbers] : llvm::enumerate(*stored))
    if (!family.isEventInDomain(index, llvm::map_to_vector(numbers, round)))
      return emitError() << "the prior's " << family.getComponentNames()[index]
                         << " is stored as " << numbers.front() << ", which is "
                         << round(numbers.front()) << " in " << element
                         << "; needs " << family.getDomainDescription(index);
  return success();
}

/// A tensor of type `type`, with the dynamic sizes of `like`, whose trailing
/// dimensions `event` hold these numbers, everywhere the same.
static Value createConstant(OpBuilder &builder, Location loc,
                            RankedTensorType type, ArrayRef<int64_t> event,
                            ArrayRef<double> numbers, Value like) {
  auto element = cast<FloatType>(type.getElementType());
  SmallVector<Value> sizes;
  for (int64_t i = 0, e = type.getRank(); i != e; ++i)
    if (type.isDynamicDim(i))
      sizes.push_back(tensor::DimOp::create(builder, loc, like, i));
  if (numbers.size() == 1) {
    FloatAttr attr = builder.getFloatAttr(element, numbers.front());
    if (sizes.empty())
      return arith::ConstantOp::create(
          builder, loc, SplatElementsAttr::get(type, Attribute(attr)));
    Value scalar = arith::ConstantOp::create(builder, loc, attr);
    return tensor::SplatOp::create(builder, loc, type, scalar, sizes);
  }
  auto attrs = llvm::map_to_vector(numbers, [&](double number) -> Attribute {
    return builder.getFloatAttr(element, number);
  });
  Value one = arith::ConstantOp::create(
      builder, loc,
      DenseElementsAttr::get(RankedTensorType::get(event, element), attrs));
  Value all = tensor::EmptyOp::create(builder, loc, type, sizes);
  auto batch = llvm::to_vector(llvm::seq<int64_t>(
      0, type.getRank() - static_cast<int64_t>(event.size())));
  return linalg::BroadcastOp::create(builder, loc, one, all, batch)
      .getResult()
      .front();
}

Value PriorAttr::buildConstant(OpBuilder &builder, Location loc,
                               ValueRange components, BeliefType type,
                               bool isMade) const {
  FailureOr<StoredComponents> stored = getStored(
      completePrior(*this, isMade), type, [&] { return emitError(loc); });
  if (failed(stored))
    return nullptr;
  SmallVector<Value> constants;
  for (ArrayRef<double> numbers : ArrayRef(*stored).drop_back(isMade ? 1 : 0))
    constants.push_back(createConstant(builder, loc, type.getComponentType(),
                                       type.getEventShape(), numbers,
                                       components.front()));
  if (isMade)
    constants.push_back(components.back());
  return BeliefOp::create(builder, loc, type, constants);
}

//===----------------------------------------------------------------------===//
// References with state
//===----------------------------------------------------------------------===//

LogicalResult
FrozenAttr::verifyForFamily(FamilyInterface, SourceInterface,
                            function_ref<InFlightDiagnostic()>) const {
  return success();
}

StringRef FrozenAttr::getStateName() const { return "frozen"; }

LogicalResult
PreviousAttr::verifyForFamily(FamilyInterface, SourceInterface,
                              function_ref<InFlightDiagnostic()>) const {
  return success();
}

StringRef PreviousAttr::getStateName() const { return "previous"; }

bool PreviousAttr::isBeliefBeforeUpdate() const { return true; }

bool PreviousAttr::isStateUpdated() const { return true; }

Value PreviousAttr::buildNextState(OpBuilder &, Location, Value, Value before,
                                   Value) const {
  return before;
}

LogicalResult
MovingAverageAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                          FloatAttr decay) {
  double value = decay.getValueAsDouble();
  if (value >= 0.0 && value < 1.0)
    return success();
  return emitError() << "a moving average's decay must be in [0, 1), got "
                     << value;
}

LogicalResult
MovingAverageAttr::verifyForFamily(FamilyInterface, SourceInterface,
                                   function_ref<InFlightDiagnostic()>) const {
  return success();
}

StringRef MovingAverageAttr::getStateName() const { return "average"; }

bool MovingAverageAttr::isStateUpdated() const { return true; }

Value MovingAverageAttr::buildNextState(OpBuilder &builder, Location loc,
                                        Value state, Value, Value after) const {
  auto type = cast<BeliefType>(state.getType());
  Value t = arith::ConstantOp::create(
      builder, loc,
      builder.getFloatAttr(type.getComputeType(),
                           1.0 - getDecay().getValueAsDouble()));
  return GeodesicOp::create(builder, loc, type, state, after, t);
}

//===----------------------------------------------------------------------===//
// Argument
//===----------------------------------------------------------------------===//

LogicalResult ArgumentAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                   ArrayRef<StringAttr> names) {
  for (StringAttr name : names)
    if (name.empty())
      return emitError() << "an argument's name must not be empty";
  return success();
}

LogicalResult ArgumentAttr::verifyForFamily(
    FamilyInterface family, SourceInterface source,
    function_ref<InFlightDiagnostic()> emitError) const {
  size_t components = family.getComponentNames().size();
  if (source && source.getArgumentPattern().empty())
    --components;
  if (getNames().size() == components)
    return success();
  return emitError() << "a reference in arguments needs one name for each of "
                        "the "
                     << components
                     << (components == 1 ? " component" : " components")
                     << " of family '" << family.getFamilyName() << "', got "
                     << getNames().size();
}

SmallVector<StringRef> ArgumentAttr::getArgumentPatterns() const {
  return llvm::map_to_vector(getNames(),
                             [](StringAttr name) { return name.getValue(); });
}

//===----------------------------------------------------------------------===//
// Sources
//===----------------------------------------------------------------------===//

LogicalResult
AdamAttr::verifyForFamily(FamilyInterface family,
                          function_ref<InFlightDiagnostic()> emitError) const {
  if (getMoment().empty())
    return emitError() << "needs a name of Adam's second moment that is not "
                          "empty";
  if (getCount() <= 0)
    return emitError() << "needs a count of examples that is positive, got "
                       << getCount();
  double epsilon = getEpsilon().getValueAsDouble();
  if (!(epsilon >= 0.0) || !std::isfinite(epsilon))
    return emitError() << "needs an epsilon that is finite and not negative, "
                          "got "
                       << epsilon;
  if (family.getChartName() == "sigma")
    return success();
  return emitError() << "makes a sigma of Adam's second moment, but the last "
                        "component of family '"
                     << family.getFamilyName() << "' is a "
                     << family.getChartName();
}

StringRef AdamAttr::getArgumentPattern() const {
  return getMoment().getValue();
}

// 1/sqrt(n (v + epsilon)), in the type that distances are computed in.
Value AdamAttr::buildComponent(OpBuilder &builder, Location loc, Value argument,
                               Value like, RankedTensorType type) const {
  auto from = cast<RankedTensorType>(argument.getType());
  bool isWide = from.getElementType().isF64() || type.getElementType().isF64();
  FloatType compute = isWide ? builder.getF64Type() : builder.getF32Type();
  SmallVector<Value> sizes;
  for (int64_t i = 0, e = type.getRank(); i != e; ++i)
    if (type.isDynamicDim(i))
      sizes.push_back(tensor::DimOp::create(builder, loc, like, i));
  Value empty = tensor::EmptyOp::create(builder, loc, type, sizes);
  AffineMap map = builder.getMultiDimIdentityMap(type.getRank());
  SmallVector<utils::IteratorType> loops(type.getRank(),
                                         utils::IteratorType::parallel);
  auto buildBody = [&](OpBuilder &builder, Location loc, ValueRange elements) {
    auto constant = [&](double number) -> Value {
      return arith::ConstantOp::create(builder, loc,
                                       FloatAttr::get(compute, number));
    };
    Value v = convertScalarToDtype(builder, loc, elements[0], compute,
                                   /*isUnsignedCast=*/false);
    Value sum = arith::AddFOp::create(
        builder, loc, v, constant(getEpsilon().getValueAsDouble()));
    Value precision = arith::MulFOp::create(
        builder, loc, sum, constant(static_cast<double>(getCount())));
    Value sigma =
        arith::DivFOp::create(builder, loc, constant(1.0),
                              math::SqrtOp::create(builder, loc, precision));
    sigma = convertScalarToDtype(builder, loc, sigma, type.getElementType(),
                                 /*isUnsignedCast=*/false);
    linalg::YieldOp::create(builder, loc, sigma);
  };
  return linalg::GenericOp::create(builder, loc, type, argument, empty,
                                   {map, map}, loops, buildBody)
      .getResult(0);
}

LogicalResult
FixedAttr::verifyForFamily(FamilyInterface family,
                           function_ref<InFlightDiagnostic()> emitError) const {
  if (getChart() != family.getChartName())
    return emitError() << "fixes a '" << getChart().getValue()
                       << "', but the last component of family '"
                       << family.getFamilyName() << "' is a '"
                       << family.getChartName() << "'";
  double number = getNumber().getValueAsDouble();
  unsigned last = family.getComponentNames().size() - 1;
  if (family.isEventInDomain(last, number))
    return success();
  return emitError() << "fixes " << getChart().getValue() << " at " << number
                     << "; needs " << family.getDomainDescription(last);
}

LogicalResult
FixedAttr::verifyForType(BeliefType type,
                         function_ref<InFlightDiagnostic()> emitError) const {
  FamilyInterface family = type.getFamily();
  Type element = type.getComponentType().getElementType();
  double number = FloatAttr::get(element, getNumber().getValueAsDouble())
                      .getValueAsDouble();
  unsigned last = family.getComponentNames().size() - 1;
  if (family.isEventInDomain(last, number))
    return success();
  return emitError() << "the fixed " << getChart().getValue() << " "
                     << getNumber().getValueAsDouble() << " is " << number
                     << " in " << element << "; needs "
                     << family.getDomainDescription(last);
}

Value FixedAttr::buildComponent(OpBuilder &builder, Location loc, Value,
                                Value like, RankedTensorType type) const {
  return createConstant(builder, loc, type, /*event=*/{},
                        getNumber().getValueAsDouble(), like);
}

//===----------------------------------------------------------------------===//
// Findings
//===----------------------------------------------------------------------===//

LogicalResult FindingAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                  FindingKind, ArrayAttr names, DictionaryAttr,
                                  ArrayAttr locations) {
  if (!llvm::all_of(names, llvm::IsaPred<StringAttr>))
    return emitError() << "a finding's names must be texts, got " << names;
  if (!llvm::all_of(locations, llvm::IsaPred<LocationAttr>))
    return emitError() << "a finding's locations must be locations, got "
                       << locations;
  return success();
}
