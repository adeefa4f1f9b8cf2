//===- FunctionsHarness.h - Accuracy of compiled functions ---- -*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each function is compiled to the host, for scalars and for vectors, and
// compared with the 80-bit one of the C library over random points. A test file
// lists functions and instantiates FunctionsTest with them.
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_UNITTESTS_MATH_FUNCTIONSHARNESS_H
#define FISHER_UNITTESTS_MATH_FUNCTIONSHARNESS_H

#include "fisher/Math/Scalar.h"

#include "mlir/ExecutionEngine/ExecutionEngine.h"
#include "mlir/IR/MLIRContext.h"

#include "llvm/Support/Compiler.h"

#include "gtest/gtest.h"

#include <limits>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

namespace mlir::fisher::test {

/// How many points a compiled function takes at once.
constexpr int64_t blockSize = 4096;
constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double notANumber = std::numeric_limits<double>::quiet_NaN();

using Formula = Scalar (*)(Scalar);
using Reference = long double (*)(long double);

struct Interval {
  double low, high;
};

/// The numbers next to multiples of a unit, where a function may have zeros.
struct Multiples {
  long double unit;
  /// The largest size.
  double limitF32, limitF64;
};

struct SpecialValue {
  double argument, result;
};

/// A function under test. The bounds are those that its header states.
struct Function {
  const char *name;
  Formula formula;
  Reference reference;
  double boundF32, boundF64;
  /// Where to compare, sampled evenly and evenly in the exponent.
  std::vector<Interval> rangesF32, rangesF64;
  std::vector<SpecialValue> specialValues;
  /// Where to compare besides.
  std::optional<Multiples> multiples = std::nullopt;
};

void PrintTo(const Function &function, std::ostream *stream);

/// A function as code of the host, four times: for both types, for scalars and
/// for vectors.
class Compiled {
public:
  explicit Compiled(Formula formula);

  /// Evaluates a block with the scalar or the vector form. Compiled code lacks
  /// the description of its type that the sanitizer looks for in front of it.
  template <typename T>
  LLVM_NO_SANITIZE("function")
  void evaluate(bool vectors, T *in, T *out) {
    auto address = engine->lookup(symbol(sizeof(T) == 8, vectors));
    if (!address)
      llvm::report_fatal_error(address.takeError());
    reinterpret_cast<void (*)(T *, T *)>(*address)(in, out);
  }

private:
  static std::string symbol(bool isDouble, bool vectors) {
    return std::string(isDouble ? "f64" : "f32") +
           (vectors ? "_vector" : "_scalar");
  }

  void build(FormulaBuilder &b, Formula formula, bool isDouble, bool vectors);

  MLIRContext context;
  std::unique_ptr<ExecutionEngine> engine;
};

class FunctionsTest : public ::testing::TestWithParam<Function> {
protected:
  /// Compares both forms with the reference over all ranges.
  template <typename T>
  void measure(const std::vector<Interval> &ranges,
               const std::optional<Multiples> &multiples, double bound);

  template <typename T>
  void checkSpecialValues();

private:
  /// Fills the results, which have to agree to the bit.
  template <typename T>
  void evaluateBoth(std::vector<T> &in, std::vector<T> &scalar,
                    std::vector<T> &vector);

  Compiled compiled{GetParam().formula};
};

/// Names an instance after its function.
std::string nameOf(const ::testing::TestParamInfo<Function> &info);

} // namespace mlir::fisher::test

#endif // FISHER_UNITTESTS_MATH_FUNCTIONSHARNESS_H
