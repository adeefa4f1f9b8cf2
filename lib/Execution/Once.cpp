//===- Once.cpp - Running a function once ---------------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Execution/Once.h"
#include "fisher/Execution/Compare.h"
#include "fisher/Execution/Files.h"
#include "fisher/Execution/Inputs.h"
#include "fisher/Math/DecimalText.h"

#include "mlir/IR/Diagnostics.h"

using namespace mlir;
using namespace mlir::fisher;

static LogicalResult reportFileError(Location loc, llvm::Error err) {
  return emitError(loc) << llvm::toString(std::move(err));
}

static FailureOr<SmallVector<Array>>
collectArguments(const Signature &signature, const OnceOptions &options) {
  auto arrays = makeSetArguments(signature, options.settings);
  if (failed(arrays))
    return failure();
  std::optional<NpzReader> inputs;
  if (!options.inputs.empty()) {
    llvm::Expected<NpzReader> reader = NpzReader::open(options.inputs);
    if (!reader)
      return reportFileError(signature.loc, reader.takeError());
    inputs = std::move(*reader);
  }
  SmallVector<Array> arguments;
  for (auto [index, argument] : llvm::enumerate(signature.arguments)) {
    if (auto it = arrays->find(index); it != arrays->end()) {
      arguments.push_back(it->second);
      continue;
    }
    if (!inputs)
      return emitError(argument.loc)
             << argument.describe() << " of type " << argument.type
             << " has no value; give --inputs=FILE.npz with an array '"
             << argument.name << "'";
    FailureOr<Array> array = readArgument(argument, *inputs);
    if (failed(array))
      return failure();
    arguments.push_back(*array);
  }
  return arguments;
}

/// Reads what is expected before anything is run or written.
static FailureOr<SmallVector<Array>>
readExpected(ArrayRef<Port> results, Location loc, StringRef path) {
  SmallVector<Array> expected;
  llvm::Expected<NpzReader> reader = NpzReader::open(path);
  if (!reader)
    return reportFileError(loc, reader.takeError());
  for (const Port &result : results) {
    llvm::Expected<Array> array = reader->read(result.position);
    if (!array)
      return reportFileError(result.loc, array.takeError());
    bool isFloatResult = isFloat(result.getKind());
    if (isFloat(array->getKind()) != isFloatResult ||
        failed(verifyCompatibleShape(result.getShape(), array->getShape())))
      return emitError(result.loc)
             << result.describe() << " of type " << result.type
             << " cannot be compared with array '" << result.position << "' in "
             << path << ", which is " << array->describe();
    expected.push_back(*array);
  }
  return expected;
}

/// Dynamic sizes are known only after the run.
static LogicalResult checkShapes(ArrayRef<Port> results, ArrayRef<Array> actual,
                                 ArrayRef<Array> expected) {
  for (auto [result, a, b] : llvm::zip_equal(results, actual, expected))
    if (a.getShape() != b.getShape())
      return emitError(result.loc)
             << result.describe() << " is " << a.describe() << ", but "
             << b.describe() << " is expected";
  return success();
}

static LogicalResult compareAll(ArrayRef<Port> results, ArrayRef<Array> actual,
                                ArrayRef<Array> expected, double tolerance,
                                raw_ostream &os) {
  bool passes = true;
  for (auto [result, a, b] : llvm::zip_equal(results, actual, expected)) {
    Difference difference = compare(a, b);
    bool isClose = difference.get() <= tolerance;
    os << result.position << ": "
       << (difference.scale == 0 ? "max|difference| = "
                                 : "max|difference|/max|expected| = ")
       << toDecimal(difference.get(), 3, std::chars_format::scientific)
       << (isClose ? "" : " exceeds the tolerance")
       << (result.name == result.position ? "" : " (" + result.name + ")")
       << "\n";
    passes &= isClose;
  }
  return success(passes);
}

LogicalResult fisher::runOnce(const CompiledFunction &function,
                              const OnceOptions &options, raw_ostream &os) {
  const Signature &signature = function.getSignature();
  ArrayRef<Port> results = signature.results;
  FailureOr<SmallVector<Array>> arguments =
      collectArguments(signature, options);
  if (failed(arguments))
    return failure();
  FailureOr<SmallVector<Array>> expected = SmallVector<Array>();
  bool compares = !options.compare.empty();
  if (compares)
    expected = readExpected(results, signature.loc, options.compare);
  if (failed(expected))
    return failure();
  if (!options.outputs.empty())
    if (llvm::Error err = checkReplaceable(options.outputs))
      return reportFileError(signature.loc, std::move(err));

  SmallVector<Array> actual = function(*arguments);
  if (compares && failed(checkShapes(results, actual, *expected)))
    return failure();
  if (!options.outputs.empty()) {
    NamedArrays outputs;
    for (auto [result, array] : llvm::zip_equal(results, actual))
      outputs.emplace_back(result.position, array);
    if (llvm::Error err = writeNpz(options.outputs, outputs))
      return reportFileError(signature.loc, std::move(err));
  }
  if (!compares)
    return success();
  return compareAll(results, actual, *expected, options.tolerance, os);
}
