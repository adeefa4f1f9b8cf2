//===- JitFixture.h - Functions compiled and called -------------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_UNITTESTS_EXECUTION_JITFIXTURE_H
#define FISHER_UNITTESTS_EXECUTION_JITFIXTURE_H

#include "fisher/Execution/Jit.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"
#include "gtest/gtest.h"

namespace mlir::fisher {

/// Compiles functions of one module after another in one context.
class JitTest : public ::testing::Test {
protected:
  static void SetUpTestSuite() {
    DialectRegistry registry;
    mlir::registerAllDialects(registry);
    registerAllExtensions(registry);
    registerAllToLLVMIRTranslations(registry);
    context = std::make_unique<MLIRContext>(registry,
                                            MLIRContext::Threading::DISABLED);
  }
  static void TearDownTestSuite() { context.reset(); }

  struct OutOfPlace : CPUPipelineOptions {
    OutOfPlace() { donate = false; }
  };

  static FailureOr<CompiledFunction>
  compile(StringRef text, const CPUPipelineOptions &options = {}) {
    auto module = parseSourceString<ModuleOp>(text, context.get());
    if (!module)
      return failure();
    auto entry = module->lookupSymbol<func::FuncOp>("main");
    return CompiledFunction::compile({std::move(module), entry}, options);
  }

  /// Calls @main of the module, which must compile.
  static SmallVector<Array> run(StringRef text, ArrayRef<Array> arguments) {
    FailureOr<CompiledFunction> function = compile(text);
    if (failed(function)) {
      ADD_FAILURE() << "does not compile";
      return {};
    }
    return (*function)(arguments);
  }

  static inline std::unique_ptr<MLIRContext> context;
};

inline Array makeArray(ElementKind kind, ArrayRef<int64_t> shape,
                       ArrayRef<double> numbers) {
  Array array(kind, shape);
  for (auto [index, number] : llvm::enumerate(numbers))
    array.set(index, number);
  return array;
}

inline std::vector<double> getNumbers(const Array &array) {
  std::vector<double> numbers;
  numbers.reserve(array.getNumElements());
  for (int64_t i = 0; i < array.getNumElements(); ++i)
    numbers.push_back(array.get(i));
  return numbers;
}

using Numbers = std::vector<double>;

} // namespace mlir::fisher

#endif // FISHER_UNITTESTS_EXECUTION_JITFIXTURE_H
