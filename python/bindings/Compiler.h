//===- Compiler.h - The compiler as Python calls it -----------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The C API with objects that free themselves and errors that are thrown. A
// module is text; each call has a context of its own, so threads may call at
// the same time.
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_PYTHON_COMPILER_H
#define FISHER_PYTHON_COMPILER_H

#include "fisher-c/Kernel.h"

#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace fisher::python {

/// What the compiler reported: `location: severity: message` lines.
struct CompilerError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The module after a pass pipeline such as "fisher-insert,canonicalize".
/// Operations of unknown dialects are kept. `generic` prints every operation
/// in its generic form, which parsers of other versions read.
struct Rewritten {
  std::string module;
  /// The remarks that passes made.
  std::vector<std::string> remarks;
};
Rewritten rewrite(const std::string &module, const std::string &pipeline,
                  bool generic);

/// An argument or a result of a function: its type, its marks without their
/// prefix `fisher.`, and whether the function uses it.
struct Port {
  std::string type;
  std::map<std::string, std::string> marks;
  bool isUsed = true;
};
/// The function `main` of a module, and the beliefs that are regularized in it,
/// each the names of its components.
struct Signature {
  std::vector<Port> arguments, results;
  std::vector<std::vector<std::string>> beliefs;
};
Signature readSignature(const std::string &module);

/// What a family in one of its charts, such as #fisher.gaussian<softplus>,
/// tells of itself.
struct Family {
  std::vector<std::string> components, standardCoordinates;
  size_t eventRank;
};
Family describeFamily(const std::string &attribute);

/// A compiled function `main` of a module.
class Kernel {
public:
  /// For the CPU if `device` is empty, else for the first device of that API.
  /// Who asks for the same text twice is given the same kernel as long as there
  /// is one.
  static std::shared_ptr<const Kernel> get(std::string_view module,
                                           const std::string &device);

  Kernel(const std::string &module, const std::string &device);
  Kernel(const Kernel &) = delete;
  Kernel &operator=(const Kernel &) = delete;
  ~Kernel() { fisherKernelDestroy(kernel); }

  size_t getNumArguments() const {
    return static_cast<size_t>(fisherKernelGetNumArguments(kernel));
  }
  size_t getNumAddresses() const {
    return static_cast<size_t>(fisherKernelGetNumAddresses(kernel));
  }
  void call(void **addresses, void *stream) const {
    fisherKernelCall(kernel, addresses, stream);
  }
  void call(void **addresses, FisherWorkers workers) const {
    fisherKernelCallWithWorkers(kernel, addresses, workers);
  }

private:
  FisherKernel kernel;
};

} // namespace fisher::python

#endif // FISHER_PYTHON_COMPILER_H
