//===- CInterface.h - Functions as C sees them ------------------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_EXECUTION_CINTERFACE_H
#define FISHER_EXECUTION_CINTERFACE_H

#include "fisher/Execution/StepFunction.h"
#include "fisher/Transforms/Destinations.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/ADT/StringSet.h"

namespace mlir::fisher {

/// A dimension of an argument.
struct ArgumentSize {
  size_t argument;
  int64_t dim;
};

/// For each result, where the sizes of its dynamic dimensions are found, in
/// order.
using ResultSizes = SmallVector<SmallVector<ArgumentSize>>;

/// A C function of pointers and numbers that calls a lowered function.
///
/// Its parameters are, for each argument in order, a scalar or the address of
/// the elements, and the sizes that the type leaves open; then, for each result
/// that updates no argument, the address that it is written to. For a device,
/// addresses are of its memory, and the last parameter is a stream.
class CInterface {
public:
  /// The interface of a function whose results go to `destinations`; those that
  /// stay results must be scalars. `api` is that of the device, or empty for
  /// the CPU.
  CInterface(Signature signature, SmallVector<Destination> destinations,
             ResultSizes sizes, std::string symbol, std::string api = "");

  CInterface(const CInterface &) = delete;
  CInterface &operator=(const CInterface &) = delete;

  /// Adds the C function to the module of `entry`, which is lowered.
  void addFunction(LLVM::LLVMFuncOp entry) const;

  /// Writes a C header. `origin` and `needs` are told in its comments: what it
  /// was made from, and what to link; and whether a function for a device
  /// waits.
  void writeHeader(raw_ostream &os, StringRef origin,
                   ArrayRef<std::string> needs, bool waits = false) const;

  StringRef getSymbol() const { return symbol; }

  /// Whether C accepts `name` for a function.
  static bool isIdentifier(StringRef name);
  /// A name that C accepts; other characters become underscores.
  static std::string makeIdentifier(StringRef name);

private:
  enum class Use : uint8_t { Value, Read, Update, Write, Size, Stream };

  struct Parameter {
    Use use;
    /// The argument or result; null for a stream.
    const Port *port;
    /// Its name in C, and what a comment says of it.
    std::string name, comment;
  };

  bool isForDevice() const { return !api.empty(); }
  std::string makeName(StringRef wanted);
  std::string describeShape(const Port &port,
                            ArrayRef<std::string> sizes) const;
  void addArguments();
  void addResults();
  void writeNotes(raw_ostream &os, bool waits) const;

  Signature signature;
  SmallVector<Destination> destinations;
  ResultSizes sizes;
  std::string symbol, api;
  llvm::StringSet<> names;
  SmallVector<Parameter> parameters;
  /// For each argument, the numbers of the parameters with its open sizes.
  SmallVector<SmallVector<unsigned>> sizeParameters;
};

} // namespace mlir::fisher

#endif // FISHER_EXECUTION_CINTERFACE_H
