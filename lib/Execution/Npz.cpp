//===- Npz.cpp - Reading and writing numpy archives -----------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Execution/Npz.h"
#include "fisher/Execution/Files.h"
#include "fisher/Execution/NpyHeader.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"

#include <algorithm>
#include <cstring>
#include <zip.h>

using namespace mlir;
using namespace mlir::fisher;

static llvm::Error fileError(StringRef path, const llvm::Twine &message) {
  return llvm::createStringError(path + ": " + message);
}

static llvm::Error arrayError(StringRef path, StringRef name,
                              const llvm::Twine &message) {
  return fileError(path, "array '" + name + "': " + message);
}

static std::string describeZipError(int code) {
  zip_error_t error;
  zip_error_init_with_code(&error, code);
  std::string text = zip_error_strerror(&error);
  zip_error_fini(&error);
  return text;
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

void NpzReader::Close::operator()(zip *archive) const { zip_discard(archive); }

llvm::Expected<NpzReader> NpzReader::open(StringRef path) {
  int code = 0;
  zip_t *archive = zip_open(path.str().c_str(), ZIP_RDONLY, &code);
  if (archive)
    return NpzReader(path, archive);
  std::string reason = describeZipError(code);
  if (code == ZIP_ER_NOZIP || code == ZIP_ER_INCONS)
    reason += " (not an .npz file, or cut off; numpy.savez writes one)";
  return fileError(path, reason);
}

bool NpzReader::contains(StringRef name) const {
  return zip_name_locate(archive.get(), (name + ".npy").str().c_str(), 0) >= 0;
}

std::vector<std::string> NpzReader::getNames() const {
  std::vector<std::string> names;
  zip_int64_t count = zip_get_num_entries(archive.get(), 0);
  for (zip_int64_t i = 0; i < count; ++i) {
    const char *entry = zip_get_name(archive.get(), i, 0);
    StringRef name = entry ? entry : "";
    if (name.consume_back(".npy"))
      names.push_back(name.str());
  }
  return names;
}

/// Copies elements from column-major `source` to row-major `target`.
static void transposeFortran(const char *source, Array &target) {
  ArrayRef<int64_t> shape = target.getShape();
  size_t size = getByteSize(target.getKind());
  SmallVector<int64_t> strides(shape.size(), 1);
  for (size_t dim = 1; dim < shape.size(); ++dim)
    strides[dim] = strides[dim - 1] * shape[dim - 1];
  SmallVector<int64_t> index(shape.size(), 0);
  int64_t from = 0;
  for (int64_t to = 0, e = target.getNumElements(); to < e; ++to) {
    std::memcpy(target.getData() + to * size, source + from * size, size);
    for (size_t dim = shape.size(); dim-- > 0;) {
      from += strides[dim];
      if (++index[dim] < shape[dim])
        break;
      from -= strides[dim] * shape[dim];
      index[dim] = 0;
    }
  }
}

static void swapBytes(Array &array) {
  size_t size = getByteSize(array.getKind());
  char *data = array.getData();
  for (size_t offset = 0; offset < array.getByteSize(); offset += size)
    std::reverse(data + offset, data + offset + size);
}

/// Any other byte than 0 and 1 is not a valid i1.
static void normalizeBools(Array &array) {
  for (char *it = array.getData(), *e = it + array.getByteSize(); it != e; ++it)
    *it = *it != 0;
}

/// Reads a member to its end, where its checksum is verified.
static llvm::Error readMember(zip_file_t *file, std::vector<char> &bytes) {
  // The size in the directory is only a hint: it may be wrong.
  constexpr size_t chunk = 1 << 20;
  size_t size = 0;
  while (true) {
    if (bytes.size() == size)
      bytes.resize(size + std::max(chunk, size / 2));
    zip_int64_t count =
        zip_fread(file, bytes.data() + size, bytes.size() - size);
    if (count < 0)
      return llvm::createStringError(
          llvm::Twine(zip_error_strerror(zip_file_get_error(file))) +
          " at offset " + llvm::Twine(size));
    if (count == 0)
      break;
    size += count;
  }
  bytes.resize(size);
  return llvm::Error::success();
}

static llvm::Expected<Array> decode(StringRef bytes) {
  llvm::Expected<NpyHeader> header = parseNpyHeader(bytes);
  if (!header)
    return header.takeError();
  int64_t count = *getNumElements(header->shape);
  size_t available = bytes.size() - header->dataOffset;
  size_t size = getByteSize(header->kind);
  if (available / size < static_cast<uint64_t>(count) ||
      available != count * size)
    return llvm::createStringError(
        (available / size < static_cast<uint64_t>(count) ? "cut off"
                                                         : "too long") +
        llvm::Twine(": ") + llvm::Twine(count) + " elements of " +
        getName(header->kind) + " expected, but the data ends at offset " +
        llvm::Twine(bytes.size()));

  Array array(header->kind, header->shape);
  const char *source = bytes.data() + header->dataOffset;
  if (header->fortranOrder && array.getRank() > 1)
    transposeFortran(source, array);
  else
    std::memcpy(array.getData(), source, array.getByteSize());
  if (header->littleEndian != llvm::sys::IsLittleEndianHost && size > 1)
    swapBytes(array);
  if (header->kind == ElementKind::Bool)
    normalizeBools(array);
  return array;
}

llvm::Expected<Array> NpzReader::read(StringRef name) const {
  std::string member = (name + ".npy").str();
  zip_int64_t index = zip_name_locate(archive.get(), member.c_str(), 0);
  if (index < 0)
    return arrayError(path, name,
                      "not in the file, which has " +
                          llvm::join(getNames(), ", "));
  zip_stat_t stat;
  zip_stat_init(&stat);
  if (zip_stat_index(archive.get(), index, 0, &stat) < 0)
    return arrayError(path, name, zip_strerror(archive.get()));
  if ((stat.valid & ZIP_STAT_ENCRYPTION_METHOD) &&
      stat.encryption_method != ZIP_EM_NONE)
    return arrayError(path, name, "encrypted at offset 0");
  if ((stat.valid & ZIP_STAT_COMP_METHOD) && stat.comp_method != ZIP_CM_STORE &&
      stat.comp_method != ZIP_CM_DEFLATE)
    return arrayError(path, name,
                      "compressed by method " + llvm::Twine(stat.comp_method) +
                          " at offset 0; stored and deflated arrays are read");

  zip_file_t *file = zip_fopen_index(archive.get(), index, 0);
  if (!file)
    return arrayError(path, name, zip_strerror(archive.get()));
  llvm::scope_exit close([&] { zip_fclose(file); });
  std::vector<char> bytes;
  if (llvm::Error err = readMember(file, bytes))
    return arrayError(path, name, llvm::toString(std::move(err)));
  llvm::Expected<Array> array = decode(StringRef(bytes.data(), bytes.size()));
  if (!array)
    return arrayError(path, name, llvm::toString(array.takeError()));
  return array;
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

/// The members refer to `header` and to the array's elements.
static llvm::Error addMember(zip_t *archive, StringRef name, StringRef header,
                             const Array &array) {
  auto failure = [&] { return llvm::createStringError(zip_strerror(archive)); };
  auto makeFragment = [](const char *data, size_t size) {
    // libzip changes only what it is to free.
    return zip_buffer_fragment_t{
        reinterpret_cast<zip_uint8_t *>(const_cast<char *>(data)), size};
  };
  zip_buffer_fragment_t fragments[] = {
      makeFragment(header.data(), header.size()),
      makeFragment(array.getData(), array.getByteSize())};
  zip_source_t *source = zip_source_buffer_fragment(
      archive, fragments, std::size(fragments), /*freep=*/0);
  if (!source)
    return failure();
  zip_int64_t index = zip_file_add(archive, (name + ".npy").str().c_str(),
                                   source, ZIP_FL_ENC_UTF_8);
  if (index < 0) {
    zip_source_free(source);
    return failure();
  }
  // The first day that the format knows, as numpy writes it: the time of
  // writing would make equal archives differ.
  constexpr zip_uint16_t midnight = 0, firstOf1980 = (1 << 5) | 1;
  if (zip_set_file_compression(archive, index, ZIP_CM_STORE, 0) < 0 ||
      zip_file_set_dostime(archive, index, midnight, firstOf1980, 0) < 0)
    return failure();
  return llvm::Error::success();
}

static llvm::Error writeArchive(StringRef path, const NamedArrays &arrays) {
  int code = 0;
  zip_t *archive = zip_open(path.str().c_str(), ZIP_CREATE | ZIP_EXCL, &code);
  if (!archive)
    return llvm::createStringError(describeZipError(code));
  std::vector<std::string> headers;
  headers.reserve(arrays.size());
  for (const auto &[name, array] : arrays) {
    headers.push_back(formatNpyHeader(array));
    if (llvm::Error err = addMember(archive, name, headers.back(), array)) {
      zip_discard(archive);
      return llvm::createStringError("array '" + name +
                                     "': " + llvm::toString(std::move(err)));
    }
  }
  if (zip_close(archive) < 0) {
    std::string reason = zip_strerror(archive);
    zip_discard(archive);
    return llvm::createStringError(reason);
  }
  return llvm::Error::success();
}

llvm::Error fisher::writeNpz(StringRef path, const NamedArrays &arrays) {
  return replaceFile(path, [&](StringRef temporary) {
    return writeArchive(temporary, arrays);
  });
}
