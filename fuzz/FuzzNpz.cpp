//===- FuzzNpz.cpp - Fuzzes archives of arrays ----------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Counts.h"

#include "fisher/Execution/Dataset.h"
#include "fisher/Execution/NpyHeader.h"
#include "fisher/Execution/Npz.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdlib>
#include <cstring>
#include <string>
#include <sys/mman.h>
#include <unistd.h>

using namespace mlir::fisher;
using namespace mlir::fisher::fuzz;
using llvm::StringRef;

[[noreturn]] static void report(const llvm::Twine &what) {
  llvm::errs() << "FINDING: " << what << "\n";
  std::abort();
}

/// A file in memory, whose name libzip can open.
static std::string writeFile(llvm::ArrayRef<uint8_t> bytes) {
  static int file = memfd_create("fuzz", 0);
  if (file < 0 || ftruncate(file, 0) < 0 ||
      pwrite(file, bytes.data(), bytes.size(), 0) !=
          static_cast<ssize_t>(bytes.size()))
    report("no file in memory");
  return "/proc/self/fd/" + std::to_string(file);
}

/// An error says something.
static void checkError(llvm::Error error, StringRef stage) {
  std::string text = llvm::toString(std::move(error));
  if (text.empty())
    report("an error without a message");
  countError(stage, text);
}

/// A header that is read must be written so that the same comes back.
static void checkHeader(StringRef bytes) {
  llvm::Expected<NpyHeader> header = parseNpyHeader(bytes);
  if (!header)
    return checkError(header.takeError(), "header");
  if (header->dataOffset > bytes.size())
    report("a header ends beyond the file");
  countStage("header");
  Array array(header->kind, header->shape, nullptr, nullptr);
  llvm::Expected<NpyHeader> again = parseNpyHeader(formatNpyHeader(array));
  if (!again)
    report("a header does not come back: " + llvm::toString(again.takeError()));
  if (again->kind != header->kind || again->shape != header->shape)
    report("a header changes when it is written");
}

/// Reads all arrays of the archive, once by name and once as rows of data.
static void checkArchive(const std::string &path) {
  llvm::Expected<NpzReader> reader = NpzReader::open(path);
  if (!reader)
    return checkError(reader.takeError(), "archive");
  countStage("archive");
  uint64_t sum = 0;
  for (const std::string &name : reader->getNames()) {
    if (!reader->contains(name))
      report("an array is listed, but not there: " + name);
    llvm::Expected<Array> array = reader->read(name);
    if (!array) {
      checkError(array.takeError(), "array");
      continue;
    }
    countStage("array");
    // Elements that are not there are found by the sanitizer.
    for (size_t i = 0; i < array->getByteSize(); ++i)
      sum += static_cast<uint8_t>(array->getData()[i]);
    (void)array->describe();
  }
  llvm::Expected<Dataset> data = Dataset::open(path);
  if (!data)
    report("an archive cannot be opened twice: " +
           llvm::toString(data.takeError()));
  for (const std::string &name : reader->getNames()) {
    llvm::Expected<const Array *> array = data->load(name);
    if (!array) {
      checkError(array.takeError(), "dataset");
      continue;
    }
    countStage("dataset");
    if (*data->getNumRows() == 0)
      continue;
    llvm::SmallVector<int64_t> shape((*array)->getShape());
    shape.front() = 2;
    if (!getNumElements(shape))
      continue;
    Array batch((*array)->getKind(), shape);
    data->gather(name, {0, *data->getNumRows() - 1}, batch);
  }
  volatile uint64_t used = sum;
  (void)used;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  llvm::ArrayRef<uint8_t> bytes(data, size);
  StringRef text(reinterpret_cast<const char *>(data), size);
  if (text.starts_with("\x93NUMPY"))
    checkHeader(text);
  else if (text.starts_with("rows:")) {
    llvm::Expected<RowRange> rows = RowRange::parse(text.drop_front(5));
    if (!rows) {
      checkError(rows.takeError(), "rows");
      return 0;
    }
    for (int64_t count : {0, 1, 7, 100})
      for (int64_t row : rows->resolve(count))
        if (row < 0 || row >= count)
          report("a row that is not there");
    countStage("rows");
  } else
    checkArchive(writeFile(bytes));
  return 0;
}
