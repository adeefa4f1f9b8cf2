//===- Library.cpp - Shared libraries opened at run time ------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Library.h"

#include <dlfcn.h>

using namespace fisher::runtime;

bool Library::open(std::initializer_list<const char *> names) {
  for (const char *name : names) {
    handle = dlopen(name, RTLD_NOW | RTLD_GLOBAL);
    if (handle)
      return true;
    if (error.empty())
      error = dlerror();
  }
  return false;
}

void *Library::lookup(const char *name) const { return dlsym(handle, name); }

void *Library::find(const char *name) {
  void *function = lookup(name);
  if (!function && missing.empty())
    missing = name;
  return function;
}
