//===- NpyHeader.cpp - Headers of .npy files ------------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Execution/NpyHeader.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/raw_ostream.h"

#include <limits>

using namespace mlir;
using namespace mlir::fisher;

static constexpr llvm::StringLiteral magic("\x93NUMPY");

namespace {
/// Parses the dictionary of a header: a Python literal with the keys `descr`,
/// `fortran_order` and `shape` in any order.
class DictionaryParser {
public:
  DictionaryParser(StringRef bytes, size_t begin, size_t end)
      : text(bytes.take_front(end)), position(begin) {}

  llvm::Error parse(NpyHeader &header);

private:
  llvm::Error error(size_t offset, const llvm::Twine &message,
                    StringRef hint = "") {
    return llvm::createStringError(message + " at offset " +
                                   llvm::Twine(offset) + hint);
  }

  /// The next character after white space, or 0 at the end.
  char peek() {
    while (position < text.size() && llvm::isSpace(text[position]))
      ++position;
    return position < text.size() ? text[position] : '\0';
  }
  bool consume(char c) {
    if (peek() != c)
      return false;
    ++position;
    return true;
  }
  llvm::Error expect(char c) {
    if (consume(c))
      return llvm::Error::success();
    return error(position, "expected '" + llvm::Twine(c) + "' in the header");
  }

  llvm::Error parseString(StringRef &value);
  llvm::Error parseBool(bool &value);
  llvm::Error parseShape(llvm::SmallVectorImpl<int64_t> &shape);
  llvm::Error parseDescription(NpyHeader &header);

  StringRef text;
  size_t position;
};
} // namespace

llvm::Error DictionaryParser::parseString(StringRef &value) {
  char quote = peek();
  if (quote != '\'' && quote != '"')
    return error(position, "expected a string in the header");
  size_t end = text.find(quote, position + 1);
  if (end == StringRef::npos)
    return error(position, "unterminated string in the header");
  value = text.slice(position + 1, end);
  position = end + 1;
  return llvm::Error::success();
}

llvm::Error DictionaryParser::parseBool(bool &value) {
  peek();
  StringRef rest = text.substr(position);
  if (!rest.starts_with("True") && !rest.starts_with("False"))
    return error(position, "expected True or False in the header");
  value = rest.starts_with("True");
  position += value ? 4 : 5;
  return llvm::Error::success();
}

llvm::Error
DictionaryParser::parseShape(llvm::SmallVectorImpl<int64_t> &shape) {
  peek();
  size_t begin = position;
  if (llvm::Error err = expect('('))
    return err;
  while (!consume(')')) {
    peek();
    StringRef rest = text.substr(position);
    int64_t size;
    if (rest.consumeInteger(10, size) || size < 0)
      return error(position, "expected a size in the shape");
    position = text.size() - rest.size();
    // Python 2 wrote long integers with an L.
    consume('L');
    shape.push_back(size);
    if (!consume(',') && peek() != ')')
      return error(position, "expected ',' or ')' in the shape");
  }
  if (!getNumElements(shape))
    return error(begin, "shape with too many elements");
  return llvm::Error::success();
}

static std::optional<ElementKind> parseKind(StringRef letters) {
  return llvm::StringSwitch<std::optional<ElementKind>>(letters)
      .Case("b1", ElementKind::Bool)
      .Case("i1", ElementKind::Int8)
      .Case("i2", ElementKind::Int16)
      .Case("i4", ElementKind::Int32)
      .Case("i8", ElementKind::Int64)
      .Case("u1", ElementKind::UInt8)
      .Case("u2", ElementKind::UInt16)
      .Case("u4", ElementKind::UInt32)
      .Case("u8", ElementKind::UInt64)
      .Case("f2", ElementKind::Float16)
      .Case("f4", ElementKind::Float32)
      .Case("f8", ElementKind::Float64)
      .Case("V2", ElementKind::BFloat16)
      .Default(std::nullopt);
}

llvm::Error DictionaryParser::parseDescription(NpyHeader &header) {
  constexpr llvm::StringLiteral accepted(
      "; bool, int8 to int64, uint8 to uint64, bfloat16, float16, float32 and "
      "float64 are read");
  if (peek() == '[')
    return error(position, "structured element type", accepted);
  size_t begin = position;
  StringRef description;
  if (llvm::Error err = parseString(description))
    return err;
  header.littleEndian = llvm::sys::IsLittleEndianHost;
  std::optional<ElementKind> kind;
  if (description == "bfloat16") {
    kind = ElementKind::BFloat16;
  } else if (!description.empty() &&
             StringRef("<>=|").contains(description.front())) {
    if (description.front() == '<' || description.front() == '>')
      header.littleEndian = description.front() == '<';
    kind = parseKind(description.drop_front());
  }
  if (!kind)
    return error(begin, "element type '" + description + "'", accepted);
  header.kind = *kind;
  return llvm::Error::success();
}

llvm::Error DictionaryParser::parse(NpyHeader &header) {
  size_t begin = position;
  bool hasDescription = false, hasOrder = false, hasShape = false;
  if (llvm::Error err = expect('{'))
    return err;
  while (!consume('}')) {
    peek();
    size_t keyOffset = position;
    StringRef key;
    if (llvm::Error err = parseString(key))
      return err;
    if (llvm::Error err = expect(':'))
      return err;
    auto parseValue = [&](StringRef name, bool &seen) {
      return key == name && !std::exchange(seen, true);
    };
    llvm::Error err = llvm::Error::success();
    if (parseValue("descr", hasDescription))
      err = llvm::joinErrors(std::move(err), parseDescription(header));
    else if (parseValue("fortran_order", hasOrder))
      err = llvm::joinErrors(std::move(err), parseBool(header.fortranOrder));
    else if (parseValue("shape", hasShape))
      err = llvm::joinErrors(std::move(err), parseShape(header.shape));
    else
      err = llvm::joinErrors(
          std::move(err),
          error(keyOffset, "unexpected key '" + key + "' in the header"));
    if (err)
      return err;
    if (!consume(',') && peek() != '}')
      return error(position, "expected ',' or '}' in the header");
  }
  if (!hasDescription || !hasOrder || !hasShape)
    return error(begin, "header without descr, fortran_order or shape in the "
                        "dictionary");
  if (peek() != '\0')
    return error(position, "unexpected text after the header's dictionary");
  return llvm::Error::success();
}

llvm::Expected<NpyHeader> fisher::parseNpyHeader(StringRef bytes) {
  if (!bytes.starts_with(magic))
    return llvm::createStringError("no .npy header (\\x93NUMPY) at offset 0");
  if (bytes.size() < magic.size() + 2)
    return llvm::createStringError("header cut off at offset " +
                                   llvm::Twine(bytes.size()));
  unsigned version = static_cast<unsigned char>(bytes[magic.size()]);
  if (version < 1 || version > 3)
    return llvm::createStringError(
        "version " + llvm::Twine(version) + " of the .npy format at offset " +
        llvm::Twine(magic.size()) + "; versions 1 to 3 are read");
  // Version 1 has a length of two bytes, later ones of four.
  size_t begin = magic.size() + (version == 1 ? 4 : 6);
  if (bytes.size() < begin)
    return llvm::createStringError("header cut off at offset " +
                                   llvm::Twine(bytes.size()));
  const char *lengthBytes = bytes.data() + magic.size() + 2;
  uint64_t length = version == 1 ? llvm::support::endian::read16le(lengthBytes)
                                 : llvm::support::endian::read32le(lengthBytes);
  if (bytes.size() - begin < length)
    return llvm::createStringError("header cut off at offset " +
                                   llvm::Twine(bytes.size()));
  NpyHeader header;
  header.dataOffset = begin + length;
  DictionaryParser parser(bytes, begin, header.dataOffset);
  if (llvm::Error err = parser.parse(header))
    return err;
  return header;
}

static std::string describeKind(ElementKind kind) {
  if (kind == ElementKind::Bool)
    return "|b1";
  char order = llvm::sys::IsLittleEndianHost ? '<' : '>';
  std::string size = std::to_string(getByteSize(kind));
  if (kind == ElementKind::BFloat16)
    return order + ("V" + size);
  if (isFloat(kind))
    return order + ("f" + size);
  bool isUnsigned = getName(kind).starts_with("u");
  return (getByteSize(kind) == 1 ? '|' : order) +
         ((isUnsigned ? "u" : "i") + size);
}

std::string fisher::formatNpyHeader(const Array &array) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "{'descr': '" << describeKind(array.getKind())
     << "', 'fortran_order': False, 'shape': (";
  llvm::interleaveComma(array.getShape(), os);
  os << (array.getRank() == 1 ? ",), }" : "), }");
  // numpy aligns the elements to 64 bytes and ends the header with a newline.
  constexpr size_t prefix = 10, alignment = 64;
  size_t total = llvm::alignTo(prefix + text.size() + 1, alignment);
  text.append(total - prefix - text.size() - 1, ' ');
  text += '\n';

  std::string header(magic);
  header += '\1';
  header += '\0';
  char length[2];
  llvm::support::endian::write16le(length, text.size());
  header.append(length, sizeof(length));
  return header + text;
}
