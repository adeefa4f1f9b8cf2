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

std::string StreamDriver::openDevice(int index, const char *kind) {
  int count = 0;
  const char *what = "initializing";
  int result = api.init(0);
  if (result == 0) {
    what = "counting devices";
    result = api.getDeviceCount(&count);
  }
  if (result == 0 && index >= count)
    return std::string("no ") + kind + " of number " + std::to_string(index) +
           ": the driver knows " + std::to_string(count);
  if (result == 0) {
    what = "opening the device";
    result = selectDevice(index);
  }
  if (result == 0)
    result = api.createStream(&stream, streamNonBlocking);
  if (result == 0)
    return "";
  return std::string("no ") + kind + ": " + what +
         " failed: " + describe(result);
}

void StreamDriver::check(int result, const std::string &what) const {
  if (result != 0)
    fail(what + " failed on " + name + ": " + describe(result));
}

void *StreamDriver::loadModule(const void *code, size_t) {
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
  std::string message = "the kernels cannot be loaded on " + name + ", " +
                        chip + ": " + describe(result);
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
                         block[1], block[2], launch.sharedBytes, stream,
                         launch.arguments, nullptr),
        "launching a kernel");
}

void StreamDriver::synchronize() {
  check(api.synchronizeStream(stream), "waiting for kernels");
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

void StreamDriver::fill(void *memory, uint32_t number, size_t size,
                        size_t count) {
  check(size == 2 ? api.fill16(memory, number, count, stream)
                  : api.fill32(memory, number, count, stream),
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
  check(api.recordEvent(event, stream), "recording an event");
}

void StreamDriver::waitForEvent(void *event) {
  check(api.synchronizeEvent(event), "waiting for an event");
}

double StreamDriver::getSeconds(void *begin, void *end) {
  float milliseconds;
  check(api.getElapsedTime(&milliseconds, begin, end), "timing events");
  return milliseconds * 1e-3;
}
