//===- StreamDriver.cpp - What CUDA and HIP have in common ----------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "StreamDriver.h"

#include <cstring>
#include <vector>

using namespace fisher::runtime;

// Numbers that both APIs have.
enum : unsigned { streamNonBlocking = 1, eventDefault = 0 };
enum : int { jitErrorLog = 5, jitErrorLogSize = 6 };
enum : int { pinned = 1, onDevice = 1, releaseThreshold = 4 };

std::string StreamDriver::explain(const char *what, int error) const {
  return std::string("no ") + getKind() + ": " + what +
         " failed: " + describe(error);
}

std::string StreamDriver::initialize() {
  int result = api.init(0);
  return result == 0 ? "" : explain("initializing", result);
}

int StreamDriver::findCurrent(Place *&current) {
  void *context;
  int device;
  if (int error = getCurrent(context, device))
    return error;
  if (!context) {
    // What the APIs of programs do, too.
    if (int error = selectDevice(0))
      return error;
    if (int error = getCurrent(context, device))
      return error;
  }
  // The key of a device is a pointer, as that of a context is.
  // NOLINTNEXTLINE(performance-no-int-to-ptr)
  current = &addPlace(context, reinterpret_cast<void *>(intptr_t(device)));
  return current->name.empty() ? describeDevice(device, *current) : 0;
}

std::string StreamDriver::openOwn(int index) {
  int count = 0;
  if (int error = api.getDeviceCount(&count))
    return explain("counting devices", error);
  if (index >= count)
    return std::string("no ") + getKind() + " of number " +
           std::to_string(index) + ": the driver knows " +
           std::to_string(count);
  Place *selected = nullptr;
  int result = selectDevice(index);
  if (result == 0)
    result = findCurrent(selected);
  if (result == 0)
    result = api.createStream(&ownQueue, streamNonBlocking);
  if (result != 0)
    return explain("opening the device", result);
  own = selected;
  return "";
}

Place *StreamDriver::findPlace(void *) {
  Place *current = nullptr;
  if (int error = findCurrent(current))
    fail(explain("entering the context of the thread", error));
  return current;
}

void StreamDriver::check(int result, const std::string &what) const {
  if (result != 0)
    fail(what + " failed on " + getName() + ": " + describe(result));
}

/// What the kernels are compiled for; PTX, which has no size, says it.
static std::string findChip(const void *code, size_t size) {
  constexpr char directive[] = ".target ";
  const char *found =
      size == 0 ? std::strstr(static_cast<const char *>(code), directive)
                : nullptr;
  if (!found)
    return "";
  found += std::strlen(directive);
  return std::string(found, std::strcspn(found, ", \n"));
}

void *StreamDriver::loadModule(const void *code, size_t codeSize) {
  std::vector<char> log(1 << 14);
  int options[] = {jitErrorLog, jitErrorLogSize};
  // A number takes the place of a pointer.
  void *values[] = {log.data(), nullptr};
  size_t size = log.size() - 1;
  std::memcpy(static_cast<void *>(&values[1]), &size, sizeof(size));
  void *module;
  int result = api.loadModule(&module, code, 2, options, values);
  if (result == 0)
    return module;
  std::string wanted = findChip(code, codeSize);
  std::string message =
      "the kernels" + (wanted.empty() ? "" : " for " + wanted) +
      " cannot be loaded on " + getName() + ", " + getChip() + ": " +
      describe(result) +
      (wanted == getChip() ? "; a newer driver may know them"
                           : "; they have to be compiled for " + getChip());
  if (log.front())
    message += std::string("\n") + log.data();
  fail(message);
}

void StreamDriver::unloadModule(void *module) {
  check(api.unloadModule(module), "unloading kernels");
}

void *StreamDriver::getFunction(void *module, const char *kernel) {
  void *function;
  check(api.getFunction(&function, module, kernel),
        std::string("finding the kernel ") + kernel);
  return function;
}

void StreamDriver::launch(void *function, const Launch &launch) {
  const auto &grid = launch.grid, &block = launch.block;
  check(api.launchKernel(function, grid[0], grid[1], grid[2], block[0],
                         block[1], block[2], launch.sharedBytes, queue,
                         launch.arguments, nullptr),
        "launching a kernel");
}

void StreamDriver::synchronize() {
  check(api.synchronizeStream(queue), "waiting for kernels");
}

void *StreamDriver::allocate(size_t bytes, std::string &error) {
  void *memory = nullptr;
  int result = api.allocate(&memory, bytes);
  if (result == 0)
    return memory;
  error = describe(result);
  size_t free = 0, total = 0;
  if (api.getMemory(&free, &total) == 0)
    error += "; " + std::to_string(free) + " of " + std::to_string(total) +
             " bytes are free";
  return nullptr;
}

void StreamDriver::free(void *memory) {
  check(api.free(memory), "freeing memory");
}

void *StreamDriver::allocateInOrder(size_t bytes, std::string &error) {
  void *memory = nullptr;
  int result = 0;
  if (!place->pool) {
    PoolProperties properties = {};
    properties.kind = pinned;
    properties.placeKind = onDevice;
    properties.device =
        static_cast<int>(reinterpret_cast<intptr_t>(place->device));
    result = api.createPool(&place->pool, &properties);
    // What is freed is kept, however often the program waits.
    uint64_t all = UINT64_MAX;
    if (result == 0)
      result = api.setPoolAttribute(place->pool, releaseThreshold, &all);
  }
  if (result == 0)
    result = api.allocateFromPool(&memory, bytes, place->pool, queue);
  if (result != 0)
    error = describe(result);
  return memory;
}

void StreamDriver::freeInOrder(void *memory) {
  check(api.freeInOrder(memory, queue), "freeing memory");
}

void StreamDriver::fill(void *memory, uint32_t number, size_t size,
                        size_t count) {
  check(size == 2 ? api.fill16(memory, number, count, queue)
                  : api.fill32(memory, number, count, queue),
        "filling memory");
}

void *StreamDriver::createEvent() {
  void *event;
  check(api.createEvent(&event, eventDefault), "making an event");
  return event;
}

void StreamDriver::destroyEvent(void *event) {
  check(api.destroyEvent(event), "removing an event");
}

void StreamDriver::recordEvent(void *event) {
  check(api.recordEvent(event, queue), "recording an event");
}

void StreamDriver::waitForEvent(void *event) {
  check(api.synchronizeEvent(event), "waiting for an event");
}

double StreamDriver::getSeconds(void *begin, void *end) {
  float milliseconds;
  check(api.getElapsedTime(&milliseconds, begin, end), "timing events");
  return milliseconds * 1e-3;
}
