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
#include <map>
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

/// A device in a context, which code is loaded for.
struct Place {
  std::string name, chip;
  /// As the driver knows them; where one is a number, it is a pointer here.
  void *context = nullptr, *device = nullptr;
  /// What memory in the order of queues comes from, if that is something.
  void *pool = nullptr;
};

/// The driver of one kind of devices. What is to be done goes into the queue
/// that was entered last, in order.
class Driver {
public:
  virtual ~Driver() = default;

  /// Opens the device `index` for this library, with a queue. Returns what is
  /// wrong, or nothing.
  virtual std::string openOwn(int index) = 0;
  const Place *getOwn() const { return own; }

  /// Enters the queue of this library, and makes its device that of the
  /// thread.
  void enterOwn() {
    enter(*own, ownQueue);
    selectOwn();
  }
  /// Enters a queue of a caller, which is of the place.
  void enter(Place &place, void *queue) {
    this->place = &place;
    this->queue = queue;
  }
  /// Where a queue of a caller works, whose context is that of the thread. Null
  /// if it stands for the queue of this library.
  virtual Place *findPlace(void *queue) = 0;

  /// Of the queue that was entered.
  const Place &getPlace() const { return *place; }
  const std::string &getName() const { return place->name; }
  const std::string &getChip() const { return place->chip; }

  /// `size` is 0 for text, which ends with a zero.
  virtual void *loadModule(const void *code, size_t size) = 0;
  virtual void unloadModule(void *module) = 0;
  virtual void *getFunction(void *module, const char *name) = 0;

  virtual void launch(void *function, const Launch &launch) = 0;
  virtual void synchronize() = 0;

  /// Null if there is no room, with the reason in `error`.
  virtual void *allocate(size_t bytes, std::string &error) = 0;
  virtual void free(void *memory) = 0;
  /// Memory for what follows in the queue, and what follows gives it back.
  virtual void *allocateInOrder(size_t bytes, std::string &error) = 0;
  virtual void freeInOrder(void *memory) = 0;

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
  /// Makes the device of this library that of the thread.
  virtual void selectOwn() {}

  /// The place of a device in a context; without a name, if it is new.
  Place &addPlace(void *context, void *device) {
    Place &place = places[{context, device}];
    place.context = context;
    place.device = device;
    return place;
  }

  Place *own = nullptr;
  void *ownQueue = nullptr;
  Place *place = nullptr;
  void *queue = nullptr;

private:
  std::map<std::pair<void *, void *>, Place> places;
};

/// A driver of a class whose `open` returns what is wrong, or nothing; null if
/// it cannot be opened.
template <typename DriverT>
std::unique_ptr<Driver> makeDriver(std::string &error) {
  auto driver = std::make_unique<DriverT>();
  error = driver->open();
  if (!error.empty())
    return nullptr;
  return driver;
}

/// The drivers. Null if there is none, with what is wrong in `error`.
std::unique_ptr<Driver> openCuda(std::string &error);
std::unique_ptr<Driver> openHip(std::string &error);
std::unique_ptr<Driver> openOpenCL(std::string &error);

} // namespace fisher::runtime

#endif // FISHER_LIB_RUNTIME_DRIVER_H
