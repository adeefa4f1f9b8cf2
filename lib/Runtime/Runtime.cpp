//===- Runtime.cpp - What compiled code calls for a GPU -------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Runtime/Runtime.h"
#include "Driver.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <unordered_map>
#include <vector>

using namespace fisher::runtime;

#define EXPORT extern "C" __attribute__((visibility("default")))

void fisher::runtime::fail(const std::string &message) {
  std::fflush(stdout);
  std::fprintf(stderr, "error: %s\n", message.c_str());
  // Not exit(): destructors would go on with what failed.
  std::_Exit(1);
}

//===----------------------------------------------------------------------===//
// The device
//===----------------------------------------------------------------------===//

namespace {
struct Api {
  const char *name;
  std::unique_ptr<Driver> (*open)(std::string &error);
};

/// Kernels in code, and where they were loaded: where they are needed first.
struct Module {
  const void *code;
  size_t size;
  const char *api;
  std::unordered_map<const Place *, void *> loaded;
};

/// A queue of a caller, if `place` is not null.
struct CallerQueue {
  Place *place = nullptr;
  void *queue = nullptr;
};

/// A kernel between two events.
struct Timing {
  void *begin, *end;
};

/// The driver, and what is kept of the memory of this library's own device.
///
/// Memory that is given back is given again to the next who asks for as much:
/// asking the driver may take longer than a kernel. Whoever had it before had
/// it in the same queue, so what is still to be done there comes first.
class Device {
public:
  /// Opens the driver and this library's own device. Returns what is wrong, or
  /// nothing.
  std::string open(const char *api);

  /// The driver, in the queue for this thread. Without one, ends the process.
  Driver &get(const char *api = nullptr);

  /// What this thread does goes into a queue of the caller, or no longer.
  void enter(const char *api, void *queue);
  void leave() { caller = {}; }

  void setIndex(int number);

  /// Loads what was not yet loaded for the queue.
  void *getFunction(Module &module, const char *name);
  /// Nothing after the end of the process began: the driver may have ended.
  /// What a caller's work may still be using ends with the caller's context.
  void unload(Module *module);

  void *allocate(size_t bytes);
  void free(void *memory);
  [[noreturn]] void failForRoom(size_t bytes, const std::string &error) {
    fail(driver->getName() + " has no room for " + std::to_string(bytes) +
         " bytes: " + error);
  }
  void launch(void *function, const Launch &launch);

  void timeKernels(bool enabled) { isTiming = enabled; }
  double takeSeconds(size_t *count);

  std::mutex mutex;

private:
  std::string openDriver(const char *api);

  static thread_local CallerQueue caller;
  std::unique_ptr<Driver> driver;
  std::string openApi;
  int index = 0;
  /// The size of each allocation, and those that are free by their size.
  std::unordered_map<void *, size_t> sizes;
  std::unordered_map<size_t, std::vector<void *>> unused;
  bool isTiming = false;
  std::vector<Timing> timings;
  static bool isEnding;
};
} // namespace

thread_local CallerQueue Device::caller;
bool Device::isEnding = false;

static constexpr Api apis[] = {
    {"cuda", openCuda}, {"hip", openHip}, {"opencl", openOpenCL}};

std::string Device::openDriver(const char *name) {
  if (!name)
    name = std::getenv("FISHER_DEVICE");
  if (!name)
    return "no device was chosen; FISHER_DEVICE can be cuda, hip or opencl";
  if (driver)
    return openApi == name
               ? ""
               : "a device of " + openApi + " is in use, not of " + name;
  for (const Api &api : apis) {
    if (std::strcmp(api.name, name) != 0)
      continue;
    std::string error;
    driver = api.open(error);
    openApi = name;
    // What the driver registered is called after this.
    std::atexit([] { isEnding = true; });
    return error;
  }
  return std::string("there is no device '") + name +
         "'; there are cuda, hip and opencl";
}

std::string Device::open(const char *name) {
  bool isFirst = !driver;
  std::string error = openDriver(name);
  if (!error.empty() || driver->getOwn())
    return error;
  error = driver->openOwn(index);
  if (error.empty())
    // What the driver registered for its own device, too.
    std::atexit([] { isEnding = true; });
  else if (isFirst)
    driver.reset();
  return error;
}

Driver &Device::get(const char *api) {
  if (caller.place) {
    driver->enter(*caller.place, caller.queue);
    return *driver;
  }
  if (!driver || !driver->getOwn())
    if (std::string error = open(driver ? openApi.c_str() : api);
        !error.empty())
      fail(error);
  driver->enterOwn();
  return *driver;
}

void Device::enter(const char *api, void *queue) {
  if (std::string error = openDriver(api); !error.empty())
    fail(error);
  caller = {driver->findPlace(queue), queue};
}

void Device::setIndex(int number) {
  if (driver && driver->getOwn() && number != index)
    fail("another device cannot be chosen after the first was used");
  index = number;
}

void *Device::getFunction(Module &module, const char *name) {
  // What was chosen comes first.
  Driver &driver = get(std::getenv("FISHER_DEVICE") ? nullptr : module.api);
  if (openApi != module.api)
    fail(std::string("the kernels are for ") + module.api +
         ", but the device is of " + openApi);
  void *&loaded = module.loaded[&driver.getPlace()];
  if (!loaded)
    loaded = driver.loadModule(module.code, module.size);
  return driver.getFunction(loaded, name);
}

void Device::unload(Module *module) {
  if (!isEnding && driver && driver->getOwn()) {
    auto found = module->loaded.find(driver->getOwn());
    if (found != module->loaded.end()) {
      driver->enterOwn();
      driver->unloadModule(found->second);
    }
  }
  delete module;
}

void *Device::allocate(size_t bytes) {
  Driver &driver = get();
  // Sizes of odd tails are the same, too.
  constexpr size_t unit = 256;
  size_t size = bytes == 0 ? unit : (bytes + unit - 1) / unit * unit;
  std::string error;
  if (caller.place) {
    void *memory = size < bytes ? nullptr : driver.allocateInOrder(size, error);
    if (!memory)
      failForRoom(bytes, error);
    return memory;
  }
  std::vector<void *> &free = unused[size];
  if (!free.empty()) {
    void *memory = free.back();
    free.pop_back();
    return memory;
  }
  void *memory = size < bytes ? nullptr : driver.allocate(size, error);
  if (!memory) {
    driver.synchronize();
    for (auto &[_, others] : unused) {
      for (void *other : others) {
        driver.free(other);
        sizes.erase(other);
      }
      others.clear();
    }
    memory = size < bytes ? nullptr : driver.allocate(size, error);
  }
  if (!memory)
    failForRoom(bytes, error);
  sizes[memory] = size;
  return memory;
}

void Device::free(void *memory) {
  if (!memory)
    return;
  if (caller.place)
    return get().freeInOrder(memory);
  auto found = sizes.find(memory);
  if (found == sizes.end())
    fail("memory is given back that was not had");
  unused[found->second].push_back(memory);
}

void Device::launch(void *function, const Launch &launch) {
  Driver &driver = get();
  if (!isTiming || caller.place)
    return driver.launch(function, launch);
  Timing timing = {driver.createEvent(), driver.createEvent()};
  driver.recordEvent(timing.begin);
  driver.launch(function, launch);
  driver.recordEvent(timing.end);
  timings.push_back(timing);
}

double Device::takeSeconds(size_t *count) {
  Driver &driver = get();
  driver.synchronize();
  double seconds = 0;
  for (Timing timing : timings) {
    seconds += driver.getSeconds(timing.begin, timing.end);
    driver.destroyEvent(timing.begin);
    driver.destroyEvent(timing.end);
  }
  if (count)
    *count = timings.size();
  timings.clear();
  return seconds;
}

/// Never destroyed: compiled code unloads its kernels when the process ends.
static Device &getDevice() {
  static auto *device = new Device;
  return *device;
}

namespace {
/// The device, for this thread alone.
class Locked {
public:
  Device *operator->() const { return &device; }
  Driver &get(const char *api = nullptr) const { return device.get(api); }

private:
  Device &device = getDevice();
  std::lock_guard<std::mutex> lock{device.mutex};
};
} // namespace

//===----------------------------------------------------------------------===//
// The interface of programs
//===----------------------------------------------------------------------===//

EXPORT const char *fisherDeviceOpen(const char *api) {
  static thread_local std::string error;
  error = Locked()->open(api);
  return error.empty() ? nullptr : error.c_str();
}

EXPORT const char *fisherDeviceName() {
  return Locked().get().getName().c_str();
}

EXPORT const char *fisherDeviceChip() {
  return Locked().get().getChip().c_str();
}

EXPORT void *fisherDeviceAllocate(size_t bytes) {
  return Locked()->allocate(bytes);
}

EXPORT void fisherDeviceFree(void *memory) { Locked()->free(memory); }

/// A loop that returns what it is given copies that onto itself, to which
/// OpenCL objects.
static void copy(Driver &driver, void *to, const void *from, size_t bytes) {
  if (bytes != 0 && to != from)
    driver.copy(to, from, bytes);
}

EXPORT void fisherDeviceCopy(void *to, const void *from, size_t bytes) {
  Locked device;
  Driver &driver = device.get();
  copy(driver, to, from, bytes);
  driver.synchronize();
}

EXPORT void fisherDeviceEnterStream(const char *api, void *stream) {
  Locked()->enter(api, stream);
}

EXPORT void fisherDeviceLeaveStream() { Locked()->leave(); }

EXPORT void fisherDeviceTimeKernels(int enabled) {
  Locked()->timeKernels(enabled != 0);
}

EXPORT double fisherDeviceTakeSeconds(size_t *count) {
  return Locked()->takeSeconds(count);
}

//===----------------------------------------------------------------------===//
// The interface of compiled code, as MLIR's runtime wrappers have it
//===----------------------------------------------------------------------===//

/// What the code of kernels is for, by how it begins.
static const char *findApi(const void *code, size_t size) {
  // Of ELF's headers: the machines in the half word at 18.
  constexpr uint16_t cudaMachine = 190, amdgpuMachine = 224;
  constexpr uint32_t spirv = 0x07230203;
  if (size == 0)
    return "cuda"; // PTX
  uint32_t first = 0;
  uint16_t machine = 0;
  if (size >= 20) {
    std::memcpy(&first, code, sizeof(first));
    std::memcpy(&machine, static_cast<const char *>(code) + 18,
                sizeof(machine));
  }
  if (first == spirv)
    return "opencl";
  if (std::memcmp(&first, "\177ELF", 4) == 0) {
    if (machine == amdgpuMachine)
      return "hip";
    if (machine == cudaMachine)
      return "cuda";
  }
  fail("kernels are in code of no kind that is known");
}

EXPORT void *mgpuModuleLoad(void *code, size_t size) {
  return new Module{code, size, findApi(code, size), {}};
}

EXPORT void *mgpuModuleLoadJIT(void *code, int) {
  return mgpuModuleLoad(code, 0);
}

EXPORT void mgpuModuleUnload(void *module) {
  Locked()->unload(static_cast<Module *>(module));
}

EXPORT void *mgpuModuleGetFunction(void *module, const char *name) {
  return Locked()->getFunction(*static_cast<Module *>(module), name);
}

EXPORT void mgpuLaunchKernel(void *function, intptr_t gridX, intptr_t gridY,
                             intptr_t gridZ, intptr_t blockX, intptr_t blockY,
                             intptr_t blockZ, int32_t sharedBytes, void *,
                             void **arguments, void **, size_t) {
  auto size = [](intptr_t number) { return static_cast<size_t>(number); };
  Locked()->launch(function, {{size(gridX), size(gridY), size(gridZ)},
                              {size(blockX), size(blockY), size(blockZ)},
                              static_cast<unsigned>(sharedBytes),
                              arguments});
}

// A thread has one queue, so all streams are the same.
EXPORT void *mgpuStreamCreate() { return &getDevice(); }
EXPORT void mgpuStreamDestroy(void *) {}
EXPORT void mgpuStreamSynchronize(void *) { Locked().get().synchronize(); }
EXPORT void mgpuStreamWaitEvent(void *, void *) {}

EXPORT void *mgpuEventCreate() { return Locked().get().createEvent(); }
EXPORT void mgpuEventDestroy(void *event) {
  Locked().get().destroyEvent(event);
}
EXPORT void mgpuEventRecord(void *event, void *) {
  Locked().get().recordEvent(event);
}
EXPORT void mgpuEventSynchronize(void *event) {
  Locked().get().waitForEvent(event);
}

EXPORT void *mgpuMemAlloc(uint64_t bytes, void *, bool) {
  return Locked()->allocate(bytes);
}
EXPORT void mgpuMemFree(void *memory, void *) { Locked()->free(memory); }

EXPORT void mgpuMemcpy(void *to, void *from, size_t bytes, void *) {
  copy(Locked().get(), to, from, bytes);
}
EXPORT void mgpuMemset32(void *memory, unsigned number, size_t count, void *) {
  if (count != 0)
    Locked().get().fill(memory, number, 4, count);
}
EXPORT void mgpuMemset16(void *memory, unsigned short number, size_t count,
                         void *) {
  if (count != 0)
    Locked().get().fill(memory, number, 2, count);
}

EXPORT void mgpuSetDefaultDevice(int32_t index) { Locked()->setIndex(index); }
