//===- mutant.h - Which mutation is active ----------------------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// utils/mutate.py plants this in the sources of its copy of the tree. The
// environment variable FISHER_MUTANT has the number of the active mutation, and
// FISHER_MUTANT_TRACE names a file whose byte of that number is set where a
// mutation is reached.
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_UTILS_MUTANTS_MUTANT_H
#define FISHER_UTILS_MUTANTS_MUTANT_H

#include <cstdlib>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

// A choice between two numbers is no constant, and both of them fit.
#pragma clang diagnostic ignored "-Wc++11-narrowing"
#pragma clang diagnostic ignored "-Wimplicit-fallthrough"

namespace fisher_mutant {

struct Settings {
  long active = 0;
  unsigned char *trace = nullptr;
  long size = 0;

  Settings() {
    if (const char *number = getenv("FISHER_MUTANT"))
      active = atol(number);
    const char *path = getenv("FISHER_MUTANT_TRACE");
    int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (file < 0)
      return;
    struct stat status;
    if (fstat(file, &status) == 0) {
      void *bytes = mmap(nullptr, status.st_size, PROT_READ | PROT_WRITE,
                         MAP_SHARED, file, 0);
      if (bytes != MAP_FAILED) {
        trace = static_cast<unsigned char *>(bytes);
        size = status.st_size;
      }
    }
    close(file);
  }
};

inline bool active(long number) {
  static const Settings settings;
  if (number < settings.size)
    settings.trace[number] = 1;
  return number == settings.active;
}

} // namespace fisher_mutant

#endif // FISHER_UTILS_MUTANTS_MUTANT_H
