//===- CInterface.cpp - Functions as C sees them --------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Execution/CInterface.h"

#include "mlir/Dialect/LLVMIR/FunctionCallUtils.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace mlir::fisher;

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

/// Words that are no names in C or C++.
static bool isKeyword(StringRef name) {
  static const llvm::StringSet<> keywords = {
      "alignas",   "alignof",   "and",       "and_eq",    "asm",
      "auto",      "bitand",    "bitor",     "bool",      "break",
      "case",      "catch",     "char",      "class",     "compl",
      "concept",   "const",     "constexpr", "continue",  "default",
      "delete",    "do",        "double",    "else",      "enum",
      "explicit",  "export",    "extern",    "false",     "float",
      "for",       "friend",    "goto",      "if",        "inline",
      "int",       "long",      "mutable",   "namespace", "new",
      "noexcept",  "not",       "not_eq",    "nullptr",   "operator",
      "or",        "or_eq",     "private",   "protected", "public",
      "register",  "requires",  "restrict",  "return",    "short",
      "signed",    "sizeof",    "static",    "struct",    "switch",
      "template",  "this",      "throw",     "true",      "try",
      "typedef",   "typeid",    "typename",  "typeof",    "union",
      "unsigned",  "using",     "virtual",   "void",      "volatile",
      "wchar_t",   "while",     "xor",       "xor_eq",    "co_await",
      "co_return", "co_yield",  "char8_t",   "char16_t",  "char32_t",
      "consteval", "constinit", "decltype",  "const_cast"};
  return keywords.contains(name);
}

bool CInterface::isIdentifier(StringRef name) {
  return !name.empty() && !llvm::isDigit(name.front()) && !isKeyword(name) &&
         llvm::all_of(name,
                      [](char c) { return llvm::isAlnum(c) || c == '_'; });
}

std::string CInterface::makeIdentifier(StringRef name) {
  std::string identifier;
  // What starts with an underscore is the compiler's.
  if (name.empty() || !llvm::isAlpha(name.front()))
    identifier = "v";
  for (char c : name)
    identifier += llvm::isAlnum(c) ? c : '_';
  if (isKeyword(identifier))
    identifier += '_';
  return identifier;
}

std::string CInterface::makeName(StringRef wanted) {
  std::string name = makeIdentifier(wanted);
  for (unsigned i = 2; !names.insert(name).second; ++i)
    name = makeIdentifier(wanted) + "_" + std::to_string(i);
  return name;
}

//===----------------------------------------------------------------------===//
// Parameters
//===----------------------------------------------------------------------===//

static StringRef getCType(ElementKind kind) {
  switch (kind) {
  case ElementKind::Bool:
  case ElementKind::UInt8:
    return "uint8_t";
  case ElementKind::Int8:
    return "int8_t";
  case ElementKind::Int16:
    return "int16_t";
  case ElementKind::UInt16:
  case ElementKind::BFloat16:
  case ElementKind::Float16:
    return "uint16_t";
  case ElementKind::Int32:
    return "int32_t";
  case ElementKind::UInt32:
    return "uint32_t";
  case ElementKind::Int64:
    return "int64_t";
  case ElementKind::UInt64:
    return "uint64_t";
  case ElementKind::Float32:
    return "float";
  case ElementKind::Float64:
    return "double";
  }
  llvm_unreachable("unknown kind");
}

CInterface::CInterface(Signature signature,
                       SmallVector<Destination> destinations, ResultSizes sizes,
                       std::string symbol, std::string api)
    : signature(std::move(signature)), destinations(std::move(destinations)),
      sizes(std::move(sizes)), symbol(std::move(symbol)), api(std::move(api)) {
  addArguments();
  addResults();
  if (isForDevice())
    parameters.push_back({Use::Stream, nullptr, makeName("stream"), ""});
}

/// The element type and the shape, with the names of the sizes that are open.
std::string CInterface::describeShape(const Port &port,
                                      ArrayRef<std::string> sizes) const {
  std::string text = getName(port.getKind()).str();
  if (isFloat(port.getKind()) && getByteSize(port.getKind()) == 2)
    text += " as its 16 bits";
  else if (port.getKind() == ElementKind::Bool)
    text += ", 0 or 1,";
  if (!isa<TensorType>(port.type))
    return text;
  text += " [";
  for (auto [dim, size] : llvm::enumerate(port.getShape())) {
    text += dim == 0 ? "" : ", ";
    if (!ShapedType::isDynamic(size)) {
      text += std::to_string(size);
      continue;
    }
    text += sizes.front();
    sizes = sizes.drop_front();
  }
  return text + "]";
}

void CInterface::addArguments() {
  llvm::SmallDenseMap<unsigned, size_t> updates;
  for (auto [result, destination] : llvm::enumerate(destinations))
    if (destination.kind == Destination::Kind::Updated)
      updates[destination.argument] = result;
  for (auto [index, port] : llvm::enumerate(signature.arguments)) {
    std::string name = makeName(port.name);
    SmallVector<std::string> sizeNames;
    for (auto [dim, size] : llvm::enumerate(port.getShape()))
      if (ShapedType::isDynamic(size))
        sizeNames.push_back(makeName(name + "_size" + std::to_string(dim)));
    std::string comment =
        port.describe() + ": " + describeShape(port, sizeNames);
    Use use = Use::Read;
    if (auto it = updates.find(index); it != updates.end()) {
      use = Use::Update;
      comment += ", replaced by result " + std::to_string(it->second);
    }
    if (!isa<TensorType>(port.type))
      use = Use::Value;
    parameters.push_back({use, &port, name, comment});
    sizeParameters.emplace_back();
    for (const std::string &sizeName : sizeNames) {
      sizeParameters.back().push_back(parameters.size());
      parameters.push_back({Use::Size, &port, sizeName, ""});
    }
  }
}

void CInterface::addResults() {
  for (auto [index, port] : llvm::enumerate(signature.results)) {
    if (destinations[index].kind == Destination::Kind::Updated)
      continue;
    std::string wanted = port.name;
    if (port.name == port.position && port.role == "loss")
      wanted = port.role;
    else if (port.name == port.position && !port.gradientOf.empty())
      wanted = "grad_" + port.gradientOf;
    SmallVector<std::string> sizeNames;
    for (ArgumentSize size : sizes[index]) {
      ArrayRef<int64_t> shape = signature.arguments[size.argument].getShape();
      unsigned place =
          llvm::count_if(shape.take_front(size.dim), ShapedType::isDynamic);
      sizeNames.push_back(
          ShapedType::isDynamic(shape[size.dim])
              ? parameters[sizeParameters[size.argument][place]].name
              : std::to_string(shape[size.dim]));
    }
    std::string comment =
        port.describe() + ": " + describeShape(port, sizeNames);
    if (!port.gradientOf.empty())
      comment += ", gradient of '" + port.gradientOf + "'";
    parameters.push_back({Use::Write, &port, makeName(wanted), comment});
  }
}

//===----------------------------------------------------------------------===//
// The header
//===----------------------------------------------------------------------===//

/// Writes text of others into a comment, which it cannot end.
static void writeComment(raw_ostream &os, StringRef text) {
  for (size_t i = 0; i < text.size(); ++i) {
    bool isMark = text[i] == '/' && (text.substr(i + 1).starts_with("*") ||
                                     text.take_front(i).ends_with("*"));
    os << (llvm::isPrint(text[i]) && !isMark ? text[i] : '?');
  }
}

/// What a stream is in C.
static StringRef describeStream(StringRef api) {
  if (api == "cuda")
    return "a CUstream or cudaStream_t";
  if (api == "hip")
    return "a hipStream_t";
  return "a cl_command_queue that runs in order";
}

/// What the device and the stream are.
void CInterface::writeNotes(raw_ostream &os, bool waits) const {
  StringRef stream = parameters.back().name;
  os << " * Addresses are of memory of the device, aligned for one element.\n";
  if (api == "opencl")
    os << " * That is shared virtual memory of the queue's context, or where "
       << stream << "\n * is null what fisherDeviceAllocate gave.\n";
  os << " *\n * The work goes to " << stream << ", " << describeStream(api)
     << (api == "opencl"
             ? ";\n * null is the queue of the run-time library.\n"
             : "\n * of the context that is current in the thread; null is the "
               "default stream.\n")
     << (waits ? " * The function waits for it where the host needs a number "
                 "of the device,\n * but not for the results.\n"
               : " * The function waits for nothing.\n")
     << " *\n";
}

void CInterface::writeHeader(raw_ostream &os, StringRef origin,
                             ArrayRef<std::string> needs, bool waits) const {
  std::string guard = StringRef(symbol).upper() + "_H";
  os << "/* " << symbol << ": made by fisher-run from ";
  writeComment(os, origin);
  os << "\n *\n"
     << " * Elements are in row-major order, without gaps. What is not const "
        "is\n"
     << " * written and must share no memory with the rest. All memory is the\n"
     << " * caller's. Sizes that must be equal and are not, and other "
        "assertions\n"
     << " * that fail, print a message and abort.\n *\n";
  if (isForDevice())
    writeNotes(os, waits);
  for (const std::string &need : needs)
    os << " * " << need << "\n";
  os << " */\n"
     << "#ifndef " << guard << "\n#define " << guard << "\n\n"
     << "#include <stdint.h>\n\n"
     << "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n"
     << "void " << symbol << "(";
  if (parameters.empty())
    os << "void";
  for (auto [index, parameter] : llvm::enumerate(parameters)) {
    os << (index == 0 ? "\n" : ",\n");
    if (!parameter.comment.empty()) {
      os << "    /* ";
      writeComment(os, parameter.comment);
      os << " */\n";
    }
    StringRef type =
        parameter.port ? getCType(parameter.port->getKind()) : "void";
    switch (parameter.use) {
    case Use::Value:
      os << "    " << type << " ";
      break;
    case Use::Read:
      os << "    const " << type << " *";
      break;
    case Use::Update:
    case Use::Write:
    case Use::Stream:
      os << "    " << type << " *";
      break;
    case Use::Size:
      os << "    int64_t ";
      break;
    }
    os << parameter.name;
  }
  os << ");\n\n"
     << "#ifdef __cplusplus\n}\n#endif\n\n"
     << "#endif /* " << guard << " */\n";
}

//===----------------------------------------------------------------------===//
// The function
//===----------------------------------------------------------------------===//

/// How C passes a scalar of `type`.
static Type getPassedType(Type type) {
  Builder builder(type.getContext());
  if (type.isInteger(1))
    return builder.getI8Type();
  if (type.isF16() || type.isBF16())
    return builder.getI16Type();
  if (type.isIndex())
    return builder.getI64Type();
  return type;
}

/// What calls the run-time library so that the work goes to a stream.
static void enterStream(OpBuilder &builder, Location loc, ModuleOp module,
                        StringRef api, Value stream) {
  Value name = LLVM::createGlobalString(loc, builder, "fisher_api",
                                        (api + StringRef("\0", 1)).str(),
                                        LLVM::Linkage::Private);
  auto function =
      LLVM::lookupOrCreateFn(builder, module, "fisherDeviceEnterStream",
                             {name.getType(), stream.getType()},
                             LLVM::LLVMVoidType::get(builder.getContext()));
  LLVM::CallOp::create(builder, loc, *function, ValueRange({name, stream}));
}

static void leaveStream(OpBuilder &builder, Location loc, ModuleOp module) {
  auto function =
      LLVM::lookupOrCreateFn(builder, module, "fisherDeviceLeaveStream", {},
                             LLVM::LLVMVoidType::get(builder.getContext()));
  LLVM::CallOp::create(builder, loc, *function, ValueRange());
}

void CInterface::addFunction(LLVM::LLVMFuncOp entry) const {
  OpBuilder builder(entry);
  Location loc = entry.getLoc();
  Type pointer = LLVM::LLVMPointerType::get(builder.getContext());
  Type word = builder.getI64Type();
  SmallVector<Type> types;
  for (const Parameter &parameter : parameters)
    types.push_back(parameter.use == Use::Value
                        ? getPassedType(parameter.port->type)
                    : parameter.use == Use::Size ? word
                                                 : pointer);
  entry.setSymName(symbol + "_body");
  auto function = LLVM::LLVMFuncOp::create(
      builder, loc, symbol,
      LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(builder.getContext()),
                                  types));
  Block *block = function.addEntryBlock(builder);
  builder.setInsertionPointToStart(block);

  auto makeWord = [&](int64_t value) -> Value {
    return LLVM::ConstantOp::create(builder, loc, word, value);
  };
  SmallVector<Value> operands;
  // A buffer is two pointers, to free and to use, an offset, sizes and strides.
  auto addBuffer = [&](Value address, ArrayRef<Value> shape) {
    llvm::append_values(operands, address, address, makeWord(0));
    llvm::append_range(operands, shape);
    SmallVector<Value> strides(shape.size());
    for (size_t dim = shape.size(); dim-- > 0;)
      strides[dim] = dim + 1 == shape.size()
                         ? makeWord(1)
                         : LLVM::MulOp::create(builder, loc, strides[dim + 1],
                                               shape[dim + 1]);
    llvm::append_range(operands, strides);
  };
  SmallVector<SmallVector<Value>> shapes;
  unsigned next = 0;
  for (const Port &port : signature.arguments) {
    Value value = block->getArgument(next++);
    shapes.emplace_back();
    if (isa<TensorType>(port.type)) {
      for (int64_t size : port.getShape())
        shapes.back().push_back(ShapedType::isDynamic(size)
                                    ? Value(block->getArgument(next++))
                                    : makeWord(size));
      addBuffer(value, shapes.back());
    } else if (port.type.isInteger(1)) {
      operands.push_back(LLVM::TruncOp::create(builder, loc, port.type, value));
    } else if (port.type.isF16() || port.type.isBF16()) {
      operands.push_back(
          LLVM::BitcastOp::create(builder, loc, port.type, value));
    } else {
      operands.push_back(value);
    }
  }
  SmallVector<Value> scalars;
  for (auto [index, port] : llvm::enumerate(signature.results)) {
    if (destinations[index].kind == Destination::Kind::Updated)
      continue;
    Value address = block->getArgument(next++);
    if (destinations[index].kind == Destination::Kind::Result) {
      scalars.push_back(address);
      continue;
    }
    SmallVector<Value> shape;
    ArrayRef<ArgumentSize> open = sizes[index];
    for (int64_t size : port.getShape()) {
      if (!ShapedType::isDynamic(size)) {
        shape.push_back(makeWord(size));
        continue;
      }
      shape.push_back(shapes[open.front().argument][open.front().dim]);
      open = open.drop_front();
    }
    addBuffer(address, shape);
  }

  auto module = entry->getParentOfType<ModuleOp>();
  if (isForDevice())
    enterStream(builder, loc, module, api, block->getArguments().back());
  auto call = LLVM::CallOp::create(builder, loc, entry, operands);
  if (isForDevice())
    leaveStream(builder, loc, module);
  for (auto [index, address] : llvm::enumerate(scalars)) {
    Value value = call.getResult();
    if (scalars.size() > 1)
      value = LLVM::ExtractValueOp::create(builder, loc, value, index);
    if (value.getType().isInteger(1))
      value = LLVM::ZExtOp::create(builder, loc, builder.getI8Type(), value);
    LLVM::StoreOp::create(builder, loc, value, address);
  }
  LLVM::ReturnOp::create(builder, loc, ValueRange());
}
