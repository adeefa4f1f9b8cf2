//===- Library.h - Shared libraries opened at run time ----------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_RUNTIME_LIBRARY_H
#define FISHER_LIB_RUNTIME_LIBRARY_H

#include <initializer_list>
#include <string>

namespace fisher::runtime {

/// The library of a driver, which stays open.
class Library {
public:
  /// Opens the first of `names` that is there; false if none is.
  bool open(std::initializer_list<const char *> names);

  /// Finds a function; `missing` keeps the first name that is not there.
  template <typename Function>
  void find(Function *&function, const char *name) {
    function = reinterpret_cast<Function *>(find(name));
  }
  template <typename Function>
  bool findOptional(Function *&function, const char *name) {
    function = reinterpret_cast<Function *>(lookup(name));
    return function != nullptr;
  }

  /// Why nothing was opened, as the loader says it.
  const std::string &getError() const { return error; }
  const std::string &getMissing() const { return missing; }

private:
  void *find(const char *name);
  void *lookup(const char *name) const;

  void *handle = nullptr;
  std::string error, missing;
};

} // namespace fisher::runtime

#endif // FISHER_LIB_RUNTIME_LIBRARY_H
