//===- MetricsTest.cpp - Metrics and progress -----------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Execution/Metrics.h"
#include "fisher/Execution/Progress.h"

#include "llvm/Support/JSON.h"
#include "gtest/gtest.h"

#include <limits>

using namespace mlir;
using namespace mlir::fisher;

static std::string format(uint64_t step, const NamedNumbers &numbers,
                          const Measurements *measurements = nullptr,
                          ArrayRef<Trace> traces = {}) {
  std::string text;
  llvm::raw_string_ostream os(text);
  writeJson(step, numbers, measurements, traces, os);
  return text;
}

TEST(MetricsTest, WritesOneObject) {
  EXPECT_EQ(format(3, {{"loss", 0.5}, {"a \"b\"", -2}}),
            R"({"step":3,"loss":0.5,"a \"b\"":-2})");
}

TEST(MetricsTest, KeepsEveryBit) {
  double number = 0.1 + 0.2;
  auto value = llvm::json::parse(format(1, {{"loss", number}}));
  ASSERT_TRUE(static_cast<bool>(value));
  EXPECT_EQ(value->getAsObject()->getNumber("loss"), number);
}

TEST(MetricsTest, WritesStringsForWhatJsonLacks) {
  constexpr double inf = std::numeric_limits<double>::infinity();
  EXPECT_EQ(format(1, {{"a", std::numeric_limits<double>::quiet_NaN()},
                       {"b", inf},
                       {"c", -inf}}),
            R"({"step":1,"a":"NaN","b":"Infinity","c":"-Infinity"})");
}

TEST(MetricsTest, WritesMeasurementsByBelief) {
  std::vector<std::string> beliefs = {"a \"b\""}, columns = {"moved", "kl"};
  double nan = std::numeric_limits<double>::quiet_NaN();
  Measurements measurements{beliefs, columns, {1, 2, 3, nan}};
  EXPECT_EQ(format(1, {{"loss", 0.5}}, &measurements),
            R"({"step":1,"loss":0.5,"measurements":{"all":{"moved":3,)"
            R"("kl":"NaN"},"beliefs":{"a \"b\"":{"moved":1,"kl":2}}}})");
  EXPECT_EQ(measurements.getOfAll("moved"), 3);
  EXPECT_EQ(measurements.getOfAll("length"), std::nullopt);
}

TEST(MetricsTest, WritesTracesByBelief) {
  std::vector<std::string> columns = {"element", "rate"};
  double nan = std::numeric_limits<double>::quiet_NaN();
  Trace trace{"a \"b\"", "#f<c>", columns, {0, 0.5, 7, nan}};
  Trace none{"c", "#f<c>", columns, {}};
  EXPECT_EQ(format(1, {}, nullptr, {trace, none}),
            R"({"step":1,"trace":{"a \"b\"":{"family":"#f<c>","columns":)"
            R"(["element","rate"],"elements":[[0,0.5],[7,"NaN"]]},)"
            R"("c":{"family":"#f<c>","columns":["element","rate"],)"
            R"("elements":[]}}})");
}

TEST(ProgressTest, ShowsHowFarARunIs) {
  EXPECT_EQ(formatProgress(500, 2000, 1234.4, {{"loss", 0.25}}),
            "[======                  ] 500/2000  loss 0.25  1234 steps/s");
  EXPECT_EQ(formatProgress(0, 0, 0, {}),
            "[========================] 0/0  0 steps/s");
}
