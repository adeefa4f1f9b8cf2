//===- StepFunction.cpp - What a function takes and returns ---------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Execution/StepFunction.h"
#include "fisher/IR/Marks.h"

#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace mlir::fisher;

ElementKind Port::getKind() const {
  return *getElementKind(getElementTypeOrSelf(type));
}

ArrayRef<int64_t> Port::getShape() const {
  if (auto shaped = dyn_cast<ShapedType>(type))
    return shaped.getShape();
  return {};
}

std::string Port::describe() const {
  bool isArgument = StringRef(position).starts_with("arg");
  std::string text = isArgument ? "argument" : "result";
  text += " '" + name + "'";
  if (name != position)
    text += " (" + position + ")";
  return text;
}

std::optional<size_t> Signature::findArgument(StringRef name) const {
  for (auto [index, argument] : llvm::enumerate(arguments))
    if (argument.name == name)
      return index;
  for (auto [index, argument] : llvm::enumerate(arguments))
    if (argument.position == name)
      return index;
  return std::nullopt;
}

static std::string getMark(DictionaryAttr attributes, StringRef name) {
  if (!attributes)
    return "";
  auto mark = attributes.getAs<StringAttr>(name);
  return mark ? mark.str() : "";
}

/// The family of a trace as it prints.
static std::string getFamily(DictionaryAttr attributes) {
  Attribute mark = attributes ? attributes.get(marks::family) : nullptr;
  std::string text;
  if (mark)
    llvm::raw_string_ostream(text) << mark;
  return text;
}

static std::vector<std::string> getLabels(DictionaryAttr attributes,
                                          StringRef name) {
  std::vector<std::string> labels;
  if (auto mark = attributes ? attributes.getAs<ArrayAttr>(name) : nullptr)
    for (auto label : mark.getAsRange<StringAttr>())
      labels.push_back(label.str());
  return labels;
}

static LogicalResult checkType(const Port &port) {
  auto shaped = dyn_cast<ShapedType>(port.type);
  auto tensor = dyn_cast<RankedTensorType>(port.type);
  if (shaped && (!tensor || tensor.getEncoding()))
    return emitError(port.loc)
           << port.describe() << " has type " << port.type
           << "; only ranked tensors without encoding and scalars can be "
              "exchanged with arrays";
  Type element = getElementTypeOrSelf(port.type);
  if (!getElementKind(element))
    return emitError(port.loc)
           << port.describe() << " has element type " << element
           << "; use i1, i8, i16, i32, i64, index, bf16, f16, f32 or f64";
  if (port.hasStaticShape() && !isAddressable(port.getShape()))
    return emitError(port.loc) << port.describe() << " has type " << port.type
                               << ", which is more than can be addressed";
  return success();
}

static Port makePort(const Twine &position, Type type, Location loc,
                     DictionaryAttr attributes) {
  Port port{/*name=*/getMark(attributes, marks::name),
            /*position=*/position.str(),
            /*role=*/getMark(attributes, marks::role),
            type,
            loc,
            /*initialize=*/getMark(attributes, marks::initialize),
            /*distribution=*/getMark(attributes, marks::distribution),
            /*updates=*/getMark(attributes, marks::updates),
            /*gradientOf=*/getMark(attributes, marks::gradientOf),
            /*beliefs=*/getLabels(attributes, marks::beliefs),
            /*columns=*/getLabels(attributes, marks::columns),
            /*traceOf=*/getMark(attributes, marks::traceOf),
            /*family=*/getFamily(attributes)};
  if (port.name.empty())
    port.name = port.position;
  return port;
}

FailureOr<Signature> fisher::readSignature(func::FuncOp function) {
  Signature signature{{}, {}, function.getLoc()};
  llvm::StringSet<> names;
  for (BlockArgument argument : function.getArguments()) {
    unsigned index = argument.getArgNumber();
    Port port = makePort("arg" + Twine(index), argument.getType(),
                         argument.getLoc(), function.getArgAttrDict(index));
    if (failed(checkType(port)))
      return failure();
    if (!names.insert(port.name).second)
      return emitError(port.loc) << "two arguments are named '" << port.name
                                 << "'; give each its own fisher.name";
    signature.arguments.push_back(std::move(port));
  }
  for (auto [index, type] : llvm::enumerate(function.getResultTypes())) {
    Port port = makePort("out" + Twine(index), type, function.getLoc(),
                         function.getResultAttrDict(index));
    if (failed(checkType(port)))
      return failure();
    signature.results.push_back(std::move(port));
  }
  return signature;
}

LogicalResult fisher::checkArgument(const Port &argument, const Array &array,
                                    const Twine &origin) {
  ArrayRef<int64_t> expected = argument.getShape(), found = array.getShape();
  bool fits =
      isCompatible(array.getKind(), getElementTypeOrSelf(argument.type)) &&
      succeeded(verifyCompatibleShape(expected, found));
  if (fits)
    return success();
  return emitError(argument.loc)
         << argument.describe() << " expects " << argument.type << ", but "
         << origin << " is " << array.describe();
}
