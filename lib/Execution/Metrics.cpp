//===- Metrics.cpp - Numbers of a training run as JSON --------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Execution/Metrics.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/JSON.h"

#include <cmath>

using namespace mlir;
using namespace mlir::fisher;

static llvm::json::Value toJson(double number) {
  if (std::isfinite(number))
    return number;
  if (std::isnan(number))
    return "NaN";
  return number > 0 ? "Infinity" : "-Infinity";
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
      json.attribute(name,
                     toJson(measurements.values[row * numColumns + column]));
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
            json.value(toJson(value));
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
      json.attribute(name, toJson(number));
    if (measurements)
      writeMeasurements(*measurements, json);
    if (!traces.empty())
      json.attributeObject("trace", [&] {
        for (const Trace &trace : traces)
          writeTrace(trace, json);
      });
  });
}

llvm::Expected<MetricsFile> MetricsFile::create(StringRef path) {
  std::error_code code;
  auto os = std::make_unique<llvm::raw_fd_ostream>(path, code);
  if (code)
    return llvm::createStringError(path + ": " + code.message());
  return MetricsFile(path, std::move(os));
}

llvm::Error MetricsFile::write(uint64_t step, const NamedNumbers &numbers,
                               const Measurements *measurements,
                               ArrayRef<Trace> traces) {
  writeJson(step, numbers, measurements, traces, *os);
  *os << '\n';
  os->flush();
  if (!os->has_error())
    return llvm::Error::success();
  std::error_code code = os->error();
  os->clear_error();
  return llvm::createStringError(path + ": " + code.message());
}
