//===- Metrics.cpp - Numbers of a training run as JSON --------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Execution/Metrics.h"
#include "fisher/Math/DecimalText.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"

#include <cerrno>
#include <cmath>
#include <limits>
#include <unistd.h>
#include <utility>

using namespace mlir;
using namespace mlir::fisher;

static void writeNumber(double number, llvm::json::OStream &json) {
  constexpr int digits = std::numeric_limits<double>::max_digits10;
  if (std::isfinite(number))
    json.rawValue(toDecimal(number, digits));
  else if (std::isnan(number))
    json.value("NaN");
  else
    json.value(number > 0 ? "Infinity" : "-Infinity");
}

static void writeNumber(StringRef name, double number,
                        llvm::json::OStream &json) {
  json.attributeBegin(name);
  writeNumber(number, json);
  json.attributeEnd();
}

std::optional<double> Measurements::getOfAll(StringRef column) const {
  const auto *found = llvm::find(columns, column);
  if (found == columns.end())
    return std::nullopt;
  return values[beliefs.size() * columns.size() + (found - columns.begin())];
}

static void writeRow(const Measurements &measurements, size_t row,
                     llvm::json::OStream &json) {
  size_t numColumns = measurements.columns.size();
  json.object([&] {
    for (auto [column, name] : llvm::enumerate(measurements.columns))
      writeNumber(name, measurements.values[row * numColumns + column], json);
  });
}

static void writeMeasurements(const Measurements &measurements,
                              llvm::json::OStream &json) {
  json.attributeObject("measurements", [&] {
    json.attributeBegin("all");
    writeRow(measurements, measurements.beliefs.size(), json);
    json.attributeEnd();
    json.attributeObject("beliefs", [&] {
      for (auto [row, belief] : llvm::enumerate(measurements.beliefs)) {
        json.attributeBegin(belief);
        writeRow(measurements, row, json);
        json.attributeEnd();
      }
    });
  });
}

static void writeTrace(const Trace &trace, llvm::json::OStream &json) {
  json.attributeObject(trace.belief, [&] {
    json.attribute("family", trace.family);
    json.attributeArray("columns", [&] {
      for (const std::string &column : trace.columns)
        json.value(column);
    });
    json.attributeArray("elements", [&] {
      ArrayRef<double> rest = trace.values;
      for (; !rest.empty(); rest = rest.drop_front(trace.columns.size()))
        json.array([&] {
          for (double value : rest.take_front(trace.columns.size()))
            writeNumber(value, json);
        });
    });
  });
}

void fisher::writeJson(uint64_t step, const NamedNumbers &numbers,
                       const Measurements *measurements, ArrayRef<Trace> traces,
                       raw_ostream &os) {
  llvm::json::OStream json(os);
  json.object([&] {
    json.attribute("step", static_cast<int64_t>(step));
    for (const auto &[name, number] : numbers)
      writeNumber(name, number, json);
    if (measurements)
      writeMeasurements(*measurements, json);
    if (!traces.empty())
      json.attributeObject("trace", [&] {
        for (const Trace &trace : traces)
          writeTrace(trace, json);
      });
  });
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

static llvm::Error fileError(StringRef path, std::error_code code) {
  return llvm::createStringError(path +
                                 ": cannot be written: " + code.message());
}

MetricsFile::MetricsFile(StringRef path, int file, uint64_t size)
    : path(path), file(file), size(size) {}

MetricsFile::MetricsFile(MetricsFile &&other)
    : path(std::move(other.path)), file(std::exchange(other.file, -1)),
      size(other.size) {}

MetricsFile::~MetricsFile() {
  if (file > STDERR_FILENO)
    close(file);
}

llvm::Expected<MetricsFile> MetricsFile::create(StringRef path) {
  if (path == "-")
    return MetricsFile(path, STDOUT_FILENO, 0);
  int file = -1;
  if (std::error_code code = llvm::sys::fs::openFileForWrite(path, file))
    return fileError(path, code);
  return MetricsFile(path, file, 0);
}

llvm::Expected<MetricsFile> MetricsFile::resume(StringRef path, uint64_t size) {
  llvm::sys::fs::file_status status;
  std::error_code code = llvm::sys::fs::status(path, status);
  bool isRegular = status.type() == llvm::sys::fs::file_type::regular_file;
  // What went to a pipe or a terminal is not there to be cut.
  if (path == "-" || (!code && !isRegular))
    return create(path);
  uint64_t present = code ? 0 : status.getSize();
  if (present < size)
    return llvm::createStringError(
        path + ": has " + Twine(present) + " bytes, but had " + Twine(size) +
        " when the checkpoint was written; give the metrics of that run, or "
        "leave out --metrics");
  int file = -1;
  code =
      llvm::sys::fs::openFileForWrite(path, file, llvm::sys::fs::CD_OpenAlways);
  if (!code)
    code = llvm::sys::fs::resize_file(file, size);
  if (code)
    return fileError(path, code);
  MetricsFile metrics(path, file, size);
  lseek(file, static_cast<off_t>(size), SEEK_SET);
  return metrics;
}

llvm::Error MetricsFile::write(StringRef lines) {
  for (StringRef rest = lines; !rest.empty();) {
    ssize_t count = ::write(file, rest.data(), rest.size());
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0) {
      std::error_code code(errno, std::generic_category());
      // Half a line is no JSON. A pipe keeps it.
      (void)llvm::sys::fs::resize_file(file, size);
      return fileError(path, code);
    }
    rest = rest.drop_front(count);
  }
  size += lines.size();
  return llvm::Error::success();
}

llvm::Error MetricsFile::sync() {
  // Pipes and terminals cannot be waited for.
  if (fsync(file) == 0 || errno == EINVAL || errno == EROFS)
    return llvm::Error::success();
  return fileError(path, std::error_code(errno, std::generic_category()));
}
