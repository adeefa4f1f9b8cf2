//===- Checkpoint.cpp - What a training run goes on from ------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Execution/Checkpoint.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
using namespace mlir::fisher;

// To be raised when a file of the old layout can no longer be gone on from.
static constexpr uint64_t currentVersion = 1;

static std::string getMember(const Twine &name) {
  return ("checkpoint/" + name).str();
}

static std::string getFingerprintMember(StringRef name) {
  return ("same " + name).str();
}

uint64_t fisher::hashNumbers(ArrayRef<uint64_t> numbers) {
  return llvm::xxh3_64bits(
      ArrayRef(reinterpret_cast<const uint8_t *>(numbers.data()),
               numbers.size() * sizeof(uint64_t)));
}

uint64_t fisher::hashArray(const Array &array) {
  SmallVector<uint64_t> numbers = {static_cast<uint64_t>(array.getKind())};
  llvm::append_range(numbers, array.getShape());
  numbers.push_back(llvm::xxh3_64bits(
      ArrayRef(array.getDataAs<uint8_t>(), array.getByteSize())));
  return hashNumbers(numbers);
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

CheckpointWriter::CheckpointWriter(const Fingerprint &fingerprint) {
  add("version", currentVersion);
  for (const auto &[name, number] : fingerprint)
    add(getFingerprintMember(name), number);
}

void CheckpointWriter::add(StringRef name, const Array &value) {
  arrays.emplace_back(getMember(name), value);
}

void CheckpointWriter::add(StringRef name, uint64_t number) {
  Array array(ElementKind::UInt64, {});
  *array.getDataAs<uint64_t>() = number;
  add(name, array);
}

void CheckpointWriter::add(StringRef name, double number) {
  Array array(ElementKind::Float64, {});
  *array.getDataAs<double>() = number;
  add(name, array);
}

void CheckpointWriter::add(StringRef name, StringRef text) {
  Array array(ElementKind::UInt8, {static_cast<int64_t>(text.size())});
  llvm::copy(text, array.getData());
  add(name, array);
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

llvm::Expected<CheckpointReader>
CheckpointReader::open(StringRef path, const Fingerprint &fingerprint) {
  llvm::Expected<NpzReader> reader = NpzReader::open(path);
  if (!reader)
    return reader.takeError();
  CheckpointReader checkpoint(std::move(*reader));
  if (!checkpoint.reader.contains(getMember("version")))
    return llvm::createStringError(path + ": not a checkpoint, which "
                                          "--checkpoint writes");
  llvm::Expected<uint64_t> version = checkpoint.getNumber("version");
  if (!version)
    return version.takeError();
  if (*version > currentVersion)
    return llvm::createStringError(
        path + ": a checkpoint of version " + Twine(*version) +
        ", made by a newer Fisher; this one reads version " +
        Twine(currentVersion));
  if (llvm::Error err = checkpoint.compare(fingerprint))
    return err;
  return checkpoint;
}

llvm::Error CheckpointReader::compare(const Fingerprint &fingerprint) const {
  SmallVector<StringRef> different;
  for (const auto &[name, number] : fingerprint) {
    std::string member = getFingerprintMember(name);
    if (!reader.contains(getMember(member))) {
      different.push_back(name);
      continue;
    }
    llvm::Expected<uint64_t> other = getNumber(member);
    if (!other)
      return other.takeError();
    if (*other != number)
      different.push_back(name);
  }
  if (different.empty())
    return llvm::Error::success();
  return llvm::createStringError(
      reader.getPath() + ": cannot go on from it: that run had another " +
      llvm::join(different, ", another "));
}

llvm::Expected<Array>
CheckpointReader::getArray(StringRef name, ElementKind kind,
                           ArrayRef<int64_t> shape) const {
  llvm::Expected<Array> array = reader.read(getMember(name));
  if (!array)
    return array.takeError();
  if (array->getKind() != kind || array->getShape() != shape)
    return llvm::createStringError(reader.getPath() + ": array '" +
                                   getMember(name) + "' is " +
                                   array->describe() + ", which does not fit");
  return array;
}

llvm::Expected<uint64_t> CheckpointReader::getNumber(StringRef name) const {
  llvm::Expected<Array> array = getArray(name, ElementKind::UInt64, {});
  if (!array)
    return array.takeError();
  return *array->getDataAs<uint64_t>();
}

llvm::Expected<double> CheckpointReader::getDouble(StringRef name) const {
  llvm::Expected<Array> array = getArray(name, ElementKind::Float64, {});
  if (!array)
    return array.takeError();
  return *array->getDataAs<double>();
}

llvm::Expected<std::string> CheckpointReader::getText(StringRef name) const {
  llvm::Expected<Array> array = reader.read(getMember(name));
  if (!array)
    return array.takeError();
  if (array->getKind() != ElementKind::UInt8 || array->getRank() != 1)
    return llvm::createStringError(reader.getPath() + ": array '" +
                                   getMember(name) + "' is " +
                                   array->describe() + ", which is no text");
  return std::string(array->getData(), array->getByteSize());
}
