//===- Driver.h - What every driver of a GPU can do -------------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_RUNTIME_DRIVER_H
#define FISHER_LIB_RUNTIME_DRIVER_H

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace fisher::runtime {

/// Reports `message` and ends the process: compiled code, which calls this
/// library, cannot be unwound.
[[noreturn]] void fail(const std::string &message);

/// What a kernel is launched with.
struct Launch {
  std::array<size_t, 3> grid, block;
  unsigned sharedBytes;
  /// The address of each argument.
  void **arguments;
};

/// A device that was opened, with one queue of what it has to do, in order.
class Driver {
public:
  virtual ~Driver() = default;

  const std::string &getName() const { return name; }
  const std::string &getChip() const { return chip; }

  /// Makes the device that of the thread.
  virtual void enter() {}

  /// `size` is 0 for text, which ends with a zero.
  virtual void *loadModule(const void *code, size_t size) = 0;
  virtual void unloadModule(void *module) = 0;
  virtual void *getFunction(void *module, const char *name) = 0;

  virtual void launch(void *function, const Launch &launch) = 0;
  virtual void synchronize() = 0;

  /// Null if there is no room, with the reason in `error`.
  virtual void *allocate(size_t bytes, std::string &error) = 0;
  virtual void free(void *memory) = 0;

  /// Between the host and the device in any direction. What the host reads or
  /// writes is safe after synchronize().
  virtual void copy(void *to, const void *from, size_t bytes) = 0;
  /// Fills with `count` numbers of `size` bytes, 2 or 4.
  virtual void fill(void *memory, uint32_t number, size_t size,
                    size_t count) = 0;

  virtual void *createEvent() = 0;
  virtual void destroyEvent(void *event) = 0;
  virtual void recordEvent(void *event) = 0;
  virtual void waitForEvent(void *event) = 0;
  /// Seconds between two events that have happened.
  virtual double getSeconds(void *begin, void *end) = 0;

protected:
  std::string name, chip;
};

/// A driver of a class whose `open` returns what is wrong, or nothing; null if
/// it cannot be opened.
template <typename DriverT>
std::unique_ptr<Driver> makeDriver(int index, std::string &error) {
  auto driver = std::make_unique<DriverT>();
  error = driver->open(index);
  if (!error.empty())
    return nullptr;
  return driver;
}

/// The drivers. Null if there is none, or no device `index` of it, with what is
/// wrong in `error`.
std::unique_ptr<Driver> openCuda(int index, std::string &error);
std::unique_ptr<Driver> openHip(int index, std::string &error);
std::unique_ptr<Driver> openOpenCL(int index, std::string &error);

} // namespace fisher::runtime

#endif // FISHER_LIB_RUNTIME_DRIVER_H
